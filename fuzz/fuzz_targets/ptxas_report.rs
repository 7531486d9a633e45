//! No output of ptxas makes its reader panic.
#![no_main]

use gate_build::resources::ptxas_report;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(usages) = ptxas_report(text) {
        assert!(usages.keys().all(|name| text.contains(name.as_str())));
    }
});
