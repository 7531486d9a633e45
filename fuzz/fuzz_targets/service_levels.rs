//! Measurements of services in every format, and OpenSLO files: nothing panics, and what is counted was written somewhere.
//!
//! The first byte chooses the format. `cargo +nightly fuzz run service_levels`
#![no_main]

use std::time::Duration;

use gate_policy::SloFormat;
use gate_suites::slo::cell::Events;
use gate_suites::slo::{openslo, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, text)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let format = match first % 5 {
        0 => SloFormat::Lines,
        1 => SloFormat::Openmetrics,
        2 => SloFormat::DecisionLog,
        3 => SloFormat::RunStats,
        _ => {
            let files = [("slo.yaml".to_owned(), text.into_owned())];
            let _ = openslo::objectives(&files, Duration::from_secs(28 * 86_400));
            return;
        }
    };
    let reading = read::read(format, &text);
    for cell in &reading.cells {
        match cell.events {
            Events::Counted { good, total } => assert!(good <= total),
            Events::Queue { demand, served, .. } => assert!(served <= demand),
            Events::Samples(_) => {}
        }
    }
});
