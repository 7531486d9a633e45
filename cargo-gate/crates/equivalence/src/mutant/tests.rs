use super::*;
use crate::dtype::Dtype;
use crate::output::Tensor;
use crate::read::read;
use crate::rule::{ColumnRule, Format, Kind};

fn tensor(values: &[f32]) -> Output {
    Output::Tensors(vec![Tensor {
        name: "data".to_owned(),
        dtype: Dtype::F32,
        shape: vec![values.len()],
        data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
    }])
}

fn absolute(limit: f64) -> Rules {
    Rules {
        columns: vec![ColumnRule {
            name: "*".to_owned(),
            kind: Kind::Float,
            absolute: Some(limit),
            ..ColumnRule::default()
        }],
        ..Rules::default()
    }
}

#[test]
fn a_tolerance_that_accepts_zeros_leaves_survivors() {
    let values = tensor(&[0.25, -0.5, 0.125]);
    assert!(score(&absolute(0.01), &values).unwrap().is_complete());
    let score = score(&absolute(2.0), &values).unwrap();
    insta::assert_debug_snapshot!(score.survivors, @r#"
    [
        "tensor `data`: the sign flipped at element 1",
        "tensor `data`: all zero",
    ]
    "#);
}

#[test]
fn an_output_without_values_is_still_mutated() {
    assert!(score(&Rules::default(), &tensor(&[])).unwrap().is_complete());
    for (format, text) in [(Format::Csv, "a\n"), (Format::Jsonl, "")] {
        let rules = Rules {
            format,
            ..Rules::default()
        };
        let output = read(&rules, text.as_bytes().to_vec()).unwrap();
        assert!(score(&rules, &output).unwrap().is_complete());
    }
}

#[test]
fn faults_of_rows_are_of_every_kind() {
    let rules = Rules {
        columns: vec![ColumnRule {
            name: "x".to_owned(),
            kind: Kind::Float,
            ulp: Some(1),
            ..ColumnRule::default()
        }],
        ..Rules::default()
    };
    let text = "{\"id\": 1, \"t\": \"Ab\", \"x\": 0.5}\n{\"id\": 2, \"t\": null, \"x\": -1}\n";
    let output = read(&rules, text.as_bytes().to_vec()).unwrap();
    let names: Vec<String> = mutants(&rules, &output).into_iter().map(|mutant| mutant.name).collect();
    insta::assert_snapshot!(names.join("\n"));
    assert!(score(&rules, &output).unwrap().is_complete());
}
