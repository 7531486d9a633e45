//! The widest vectors that this machine has.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls functions compiled for instructions that were just detected"
    )
)]

/// Work that can be compiled for vectors of different widths.
pub(crate) trait Task {
    /// Does it. Implementations are `#[inline(always)]`, and so is what they call.
    fn run<const WIDTH: usize>(self);
}

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

/// Where a line is to be when it is read.
#[derive(Clone, Copy)]
pub(crate) enum Cache {
    First,
    Second,
}

/// Asks for the cache line at `place` without waiting for it.
#[inline(always)]
pub(crate) fn prefetch(to: Cache, place: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};

        // SAFETY: every x86-64 has the instruction, and it does nothing where there is no memory.
        unsafe {
            match to {
                Cache::First => _mm_prefetch::<_MM_HINT_T0>(place.cast()),
                Cache::Second => _mm_prefetch::<_MM_HINT_T1>(place.cast()),
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (to, place);
}

/// Runs `task`, compiled for the vectors that this machine was found to have. Results do not depend on it: the compiler never
/// fuses or reorders floating-point operations.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn widest(task: impl Task) {
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
    fn wide_512(task: impl Task) {
        task.run::<512>();
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,fma,f16c")]
    fn wide_256(task: impl Task) {
        task.run::<256>();
    }

    let has_256 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    let has_512 = has_256
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512cd")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl");
    if has_256 {
        // SAFETY: every feature that the function is compiled for was detected on this machine.
        unsafe {
            if has_512 {
                wide_512(task);
            } else {
                wide_256(task);
            }
        }
    } else {
        task.run::<128>();
    }
}

/// Runs `task`. Other architectures have one width that every machine has.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn widest(task: impl Task) {
    task.run::<128>();
}
