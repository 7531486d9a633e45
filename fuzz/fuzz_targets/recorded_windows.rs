//! Recorded windows: what is read is written and read again as the same, and judging it never panics.
#![no_main]

use gate_runtime::rails::{Controller, Rails};
use gate_runtime::window::read_jsonl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(windows) = read_jsonl(text) else { return };
    let mut controller = Controller::new(Rails::default());
    for recorded in windows {
        let line = recorded.window.to_json(recorded.phase);
        let again = read_jsonl(&line).expect("what was written is read");
        assert_eq!((again[0].window, again[0].phase), (recorded.window, recorded.phase));
        let _ = controller.step(&recorded.window);
    }
});
