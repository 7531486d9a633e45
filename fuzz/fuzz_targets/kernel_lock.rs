//! No text makes the reader of `kernels.lock` panic, and what it reads is written and read back the same.
#![no_main]

use gate_build::lock::KernelLock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(lock) = KernelLock::parse(text) {
        assert_eq!(KernelLock::parse(&lock.to_toml()).as_ref(), Ok(&lock));
        let _ = lock.verify_with(&mut |_| Ok(text.as_bytes().to_vec()), text.lines());
    }
});
