//! Outputs of implementations in every format: nothing panics, and what is read is the same as itself.
//!
//! The first byte chooses the format. `cargo +nightly fuzz run equivalence`
#![no_main]

use gate_equivalence::compare::compare;
use gate_equivalence::mutant::score;
use gate_equivalence::read::read;
use gate_equivalence::rule::{Format, Rules};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let format = match first % 5 {
        0 => Format::Jsonl,
        1 => Format::Csv,
        2 => Format::Npy,
        3 => Format::Safetensors,
        _ => Format::Bytes,
    };
    let rules = Rules {
        format,
        ..Rules::default()
    };
    let Ok(output) = read(&rules, bytes.to_vec()) else { return };
    assert!(compare(&rules, &output, &output).is_ok_and(|compared| compared.is_same()));
    if bytes.len() < 1000 {
        let score = score(&rules, &output).expect("the output is the same as itself");
        assert!(score.is_complete(), "{score:?}");
    }
});
