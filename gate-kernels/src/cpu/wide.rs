//! The widest vectors that this machine has.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls functions compiled for instructions that were just detected"
    )
)]

/// Width of the vector registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 128 bits, or unknown.
    Narrow,
    /// 256 bits, with fused multiply-add.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "an x86-64 width"))]
    W256,
    /// 512 bits, with fused multiply-add.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "an x86-64 width"))]
    W512,
}

/// Runs `f`, compiled for the instructions that this machine was found to have. `f` and what it calls must be inlined for
/// that. Results do not depend on it: the compiler never fuses or reorders floating-point operations.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn widest<R>(f: impl FnOnce() -> R) -> R {
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
    fn w512<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
    fn w256<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    match width() {
        // SAFETY: `width` says so only when every feature that the function is compiled for was detected.
        Width::W512 => unsafe { w512(f) },
        // SAFETY: `width` says so only when every feature that the function is compiled for was detected.
        Width::W256 => unsafe { w256(f) },
        Width::Narrow => f(),
    }
}

/// Runs `f`. Other architectures have one width that every machine has.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn widest<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// What [`widest`] compiles for on this machine.
#[cfg(target_arch = "x86_64")]
pub(crate) fn width() -> Width {
    let has_w256 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    let has_w512 = has_w256
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    if has_w512 {
        Width::W512
    } else if has_w256 {
        Width::W256
    } else {
        Width::Narrow
    }
}

/// What [`widest`] compiles for on this machine.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn width() -> Width {
    Width::Narrow
}
