use proptest::prelude::*;

use super::*;
use crate::output::Value;

fn rules(format: Format) -> Rules {
    Rules {
        format,
        ..Rules::default()
    }
}

fn rows(format: Format, text: &str) -> Result<crate::output::Rows, String> {
    match read(&rules(format), text.as_bytes().to_vec())? {
        Output::Rows(rows) => Ok(rows),
        Output::Tensors(_) => unreachable!(),
    }
}

#[test]
fn lines_of_json_keep_their_numbers() {
    let table = rows(
        Format::Jsonl,
        "{\"a\": 1.50, \"b\": {\"y\": [1, 2], \"x\": \"é\"}}\n\n{\"b\": null, \"c\": true}\n",
    )
    .unwrap();
    assert_eq!(table.columns, ["a", "b", "c"]);
    assert_eq!(table.rows[0][0], Value::Number("1.50".to_owned()));
    assert_eq!(table.rows[0][1], Value::Nested("{\"x\":\"é\",\"y\":[1,2]}".to_owned()));
    assert_eq!(table.rows[1], [Value::Absent, Value::Null, Value::Bool(true)]);
}

#[test]
fn malformed_outputs_are_refused_with_their_place() {
    let said = |format, text: &str| rows(format, text).unwrap_err();
    insta::assert_snapshot!(said(Format::Jsonl, "{}\n{\"a\": 1, \"a\": 2}\n"), @"line 2: the key `a` occurs twice at line 1 column 16");
    insta::assert_snapshot!(said(Format::Jsonl, "{}\n[1]\n"), @"line 2: invalid type: sequence, expected an object at line 1 column 0");
    insta::assert_snapshot!(said(Format::Csv, ""), @"line 1: there is no header");
    insta::assert_snapshot!(said(Format::Csv, "a,a\n"), @"line 1: the column `a` occurs twice");
    insta::assert_snapshot!(said(Format::Csv, "a,b\n1,2\n3\n"), @"line 3: 1 fields, and the header has 2");
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(100), "]".repeat(100));
    insta::assert_snapshot!(said(Format::Jsonl, &deep), @"line 1: nested deeper than 64");
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), data].concat()
}

#[test]
fn arrays_of_numpy() {
    let header = "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }\n";
    let big = [1.0_f32.to_be_bytes(), 2.0_f32.to_be_bytes()].concat();
    let Output::Tensors(found) = read(&rules(Format::Npy), npy(header, &big)).unwrap() else {
        unreachable!()
    };
    assert_eq!(found[0].shape, [2]);
    assert_eq!(found[0].data, [1.0_f32.to_le_bytes(), 2.0_f32.to_le_bytes()].concat());
    let said = |header: &str, data: &[u8]| read(&rules(Format::Npy), npy(header, data)).unwrap_err();
    insta::assert_snapshot!(said(header, &[0; 7]), @"byte 68: 7 bytes follow, and f32 [2] takes 8");
    let columns = header.replace("False", "True").replace("(2,)", "(2, 1)");
    insta::assert_snapshot!(said(&columns, &big), @"byte 10: columns before rows: write the array with `numpy.ascontiguousarray`, in the header `{'descr': '>f4', 'fortran_order': True, 'shape': (2, 1), }`");
    insta::assert_snapshot!(said(&header.replace(">f4", "|O"), &big), @"byte 10: an unknown type in the header `{'descr': '|O', 'fortran_order': False, 'shape': (2,), }`");
    insta::assert_snapshot!(said(&header.replace("(2,)", "(99999999999, 99999999999)"), &big), @"byte 10: too large a `shape` in the header `{'descr': '>f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }`");
}

fn tensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn named_arrays() {
    let header = "{\"__metadata__\":{\"a\":\"b\"},\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}";
    let Output::Tensors(found) = read(&rules(Format::Safetensors), tensors(header, b"ab")).unwrap() else {
        unreachable!()
    };
    assert_eq!(
        (found[0].name.as_str(), found[0].data.as_slice()),
        ("x", b"ab".as_slice())
    );
    let said = |header: &str, data: &[u8]| read(&rules(Format::Safetensors), tensors(header, data)).unwrap_err();
    insta::assert_snapshot!(said(header, b"abc"), @"byte 8: 1 bytes of the data are of no tensor");
    insta::assert_snapshot!(said(header, b"a"), @"byte 8: tensor `x`: bytes 0 to 2 are not in the 1 of the file");
    insta::assert_snapshot!(said(&header.replace("[2]", "[3]"), b"ab"), @"byte 8: tensor `x`: 2 bytes are not u8 [3]");
    insta::assert_snapshot!(read(&rules(Format::Safetensors), vec![255; 9]).unwrap_err(), @"byte 0: the header has 18446744073709551615 bytes, and the file 9");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), json in "[ -~\n]{0,200}") {
        for format in [Format::Jsonl, Format::Csv, Format::Npy, Format::Safetensors, Format::Bytes] {
            for bytes in [bytes.clone(), json.clone().into_bytes(), npy(&json, &bytes), tensors(&json, &bytes)] {
                let _ = read(&rules(format), bytes);
            }
        }
    }
}
