//! No bytes make the protocol of remote stores, the entries of a store, an address or a report of a cache panic, and what is
//! read of the protocol is written and read back the same.
#![no_main]

use gate_gpu::kernels::stored::Asked;
use gate_policy::address::Address;
use gate_build::Digest;
use gate_build::store::{Space, protocol};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = protocol::greeting(&mut { bytes });
    let mut stream = bytes;
    while let Ok(Some((number, asked))) = protocol::question(&mut stream) {
        let again = protocol::question_bytes(number, &asked);
        assert_eq!(protocol::question(&mut again.as_slice()).ok().flatten(), Some((number, asked)));
    }
    let mut stream = bytes;
    while let Ok(Some((number, given))) = protocol::answered(&mut stream) {
        // A reason is one line of text once it is written.
        if matches!(given, protocol::Answer::Failed(_)) {
            continue;
        }
        let mut again = Vec::new();
        protocol::answer(&mut again, number, &given).expect("memory can be written");
        assert_eq!(protocol::answered(&mut again.as_slice()).ok().flatten(), Some((number, given)));
    }
    let key = Digest::of(bytes);
    for space in Space::ALL {
        let admitted = space.admits(&key, bytes);
        assert!(admitted || space != Space::Blob);
    }
    let _ = Asked::parse(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Address::parse(text);
    }
});
