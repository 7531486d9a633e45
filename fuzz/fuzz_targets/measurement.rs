//! Measurements of kernels: what is read has a finite ratio and a probability.
#![no_main]

use gate_govern::promotion::measurement::Measurement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(measurement) = Measurement::parse(text) else { return };
    let speed = measurement.speed();
    assert!(speed.ratio >= 0.0 && (0.0..=1.0).contains(&speed.p));
});
