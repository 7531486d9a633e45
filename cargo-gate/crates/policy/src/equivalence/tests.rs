use gate_equivalence::rule::{Kind, RowOrder};

use super::*;
use crate::{Catalogue, validate};

const SUITE: &str = r#"
[[suite.equivalence]]
name = "sort"
version = 1
command = ["sort", "{size}", "{dtype}"]
[[suite.equivalence.axis]]
name = "size"
values = [0, 1, 1000]
[[suite.equivalence.axis]]
name = "dtype"
values = ["f32", "f64"]
[[suite.equivalence.reference]]
name = "naive"
command = ["naive", "{size}", "{dtype}"]
"#;

fn read(more: &str) -> Result<EquivalencePolicy, Vec<String>> {
    let text = format!("version = 1\n[stage.pilot]\nscope = \"x\"\n{SUITE}{more}");
    match validate("gate.toml", &text, &Catalogue::default()) {
        Ok(policy) => Ok(*policy.suites[0].equivalence.clone().unwrap()),
        Err(errors) => Err(errors
            .problems()
            .iter()
            .map(|problem| problem.message.clone())
            .collect()),
    }
}

#[test]
fn what_is_declared_is_what_is_judged() {
    let policy = read(
        "[[suite.equivalence.column]]\nname = \"x\"\nkind = \"float\"\nulp = 2\n\
         [[suite.equivalence.exclude]]\nid = \"a\"\ncells = { size = [0, 1], dtype = \"f64\" }\nseverity = \"low\"\n\
         status = \"deferred\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2030-01-31\n",
    )
    .unwrap();
    assert_eq!(policy.implementation, "sort");
    assert_eq!(policy.rules.order, RowOrder::Ordered);
    assert_eq!(policy.rules.columns[0].kind, Kind::Float);
    assert_eq!(policy.oracle().unwrap().name, "naive");
    let scope = policy.scope();
    let cover = gate_equivalence::scope::cover(&scope).unwrap();
    assert_eq!((cover.cells.len(), cover.excluded), (4, 2));
    assert_eq!(scope.name(&cover.cells[0]), "size=0,dtype=f32");
}

#[test]
fn what_could_never_differ_is_refused() {
    let same = SUITE.replace("[\"naive\"", "[\"sort\"");
    let text = format!("version = 1\n[stage.pilot]\nscope = \"x\"\n{same}");
    assert!(validate("gate.toml", &text, &Catalogue::default()).is_err());
    let column = |keys: &str| {
        read(&format!(
            "[[suite.equivalence.column]]\nname = \"x\"\nkind = \"float\"\n{keys}\n"
        ))
    };
    assert!(column("relative = 1.0").is_err());
    assert!(column("dtype = \"f32\"\nulp = 8388608").is_err());
    assert!(column("dtype = \"f32\"\nulp = 8388607").is_ok());
    let excluded = "[[suite.equivalence.exclude]]\nid = \"a\"\ncells = { size = [0, 1, 1000] }\nseverity = \"low\"\n\
         status = \"deferred\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2030-01-31\n";
    assert_eq!(
        read(excluded).unwrap_err(),
        ["the exclusions of suite `sort` leave no cell"]
    );
}
