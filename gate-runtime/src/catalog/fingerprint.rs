//! What a kernel is, in one word.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};

use super::Registered;
use crate::module::Module;
use crate::spec::KernelSpec;

/// First eight bytes of a SHA-256 over the contract and, for each variant, its symbol, score, and the architecture, PTX
/// version and digest of every image. Never 0.
pub(crate) fn of(spec: &KernelSpec, modules: &[Arc<Module>]) -> u64 {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(format!("{:?}", spec.contract).as_bytes());
    for (variant, module) in spec.variants.iter().zip(modules) {
        part(variant.entry.as_bytes());
        part(&variant.score.to_le_bytes());
        let body = module.body();
        part(body.name.as_bytes());
        part(&body.images.len().to_le_bytes());
        for image in &body.images {
            part(&image.arch.to_le_bytes());
            part(&[image.isa.0, image.isa.1]);
            part(&image.sha256);
        }
    }
    let digest = hash.finalize();
    let word = digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    word.max(1)
}

fn generations(registered: &Registered) -> u64 {
    registered
        .modules
        .iter()
        .map(|module| module.generation())
        .fold(0, u64::wrapping_add)
}

/// The fingerprint of what would be launched now. Taken again where a module has changed.
#[inline]
pub(crate) fn current(registered: &Registered) -> u64 {
    let at = generations(registered);
    if registered.fingerprint_at.load(Ordering::Acquire) != at {
        let fingerprint = of(&registered.spec, &registered.modules);
        registered.fingerprint.store(fingerprint, Ordering::Release);
        registered.fingerprint_at.store(at, Ordering::Release);
    }
    registered.fingerprint.load(Ordering::Relaxed)
}

/// A word over the pointers that a launch goes through: functions, contract, symbol. It is taken when a kernel is registered
/// and again before each launch, so that a stray write into the kernel's own words ends in an error and not in a jump.
/// Addresses differ between processes; this word never leaves one.
#[inline]
pub(crate) fn seal(spec: &KernelSpec) -> u64 {
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    let mut mix = |value: usize| word = (word.rotate_left(23) ^ value as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mix(spec.cpu as usize);
    mix(std::ptr::from_ref(spec.contract).addr());
    mix(spec.variants.as_ptr().addr());
    mix(spec.variants.len());
    word
}
