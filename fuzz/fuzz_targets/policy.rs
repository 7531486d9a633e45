//! gate.toml: no text panics, every error renders, and what validates has the types of the policy.
//!
//! `cargo +nightly fuzz run policy`
#![no_main]

use std::path::Path;

use gate_policy::{Place, Policy, PolicyErrors, PolicyFile, validate, validate_at};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    judged(validate("gate.toml", text, &gate_checks::catalogue()));
    // The same in two files: what stands behind the first NUL is a base, which the rest extends.
    if let Some((own, base)) = text.split_once('\0') {
        let place = Place {
            root: Path::new("/w/svc"),
            file: Path::new("/w/svc/gate.toml"),
        };
        let own = PolicyFile::new("gate.toml", format!("extends = \"../b\"\n{own}"));
        let mut reader = |_: &Path, _: &str| Ok(Some(base.to_owned()));
        judged(validate_at(own, place, &mut reader, &gate_checks::catalogue()));
    }
});

fn judged(result: Result<Policy, PolicyErrors>) {
    match result {
        Ok(policy) => assert!(policy.source.is_some()),
        Err(errors) => {
            assert!(!errors.problems().is_empty());
            assert_eq!(errors.locations().len(), errors.problems().len());
            let rendered = errors.render(false);
            // The typed file is read only after the walk found nothing, so its errors would be a contradiction.
            assert!(!rendered.contains("did not match any variant"), "{rendered}");
        }
    }
}
