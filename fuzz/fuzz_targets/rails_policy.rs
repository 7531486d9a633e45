//! Rails in a policy file: no text makes the reader panic, and what both readers take is the same.
#![no_main]

use gate_policy::{validate};
use gate_runtime::rails::Rails;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let read = Rails::from_policy(text);
    let Ok(policy) = validate("gate.toml", text, &gate_checks::catalogue()) else { return };
    let declared = policy.runtime.and_then(|runtime| runtime.rails);
    let Ok(rails) = read else { return };
    let settings = declared.map_or_else(Default::default, |declared| declared.settings().expect("it was validated"));
    assert_eq!(*rails.settings(), settings);
});
