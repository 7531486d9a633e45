//! Signatures of waivers: no text panics, and none that was not made with the key counts.
//!
//! `cargo +nightly fuzz run waiver_signature`
#![no_main]

use gate_policy::authority::Approvers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+cpltgNZ0hNdu5kaVvkl7gbE1+Mm+4huEjsqKpY9Kc a".to_owned();
    let judged = Approvers::new(vec![key], 1).judge("text", text, [text]);
    assert!(judged.is_err() || judged.is_ok_and(|approvals| !approvals.are_enough()));
});
