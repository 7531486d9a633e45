//! Rows of 16-bit floating point as rows of `f32`, with the instructions that machines have for that.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls functions compiled for instructions that were just detected"
    )
)]

use super::group::Cpu;
use crate::body::element::{Element, F16};

/// The longest row that is converted as a whole: a longer one would not stay in the cache.
pub(crate) const LONGEST: usize = 1 << 14;

impl<const WIDTH: usize> Cpu<WIDTH> {
    /// Runs `row` on `x` and `out` as rows of `f32`. What `row` writes is rounded to `T` once.
    #[inline(always)]
    pub(crate) fn widened<T: Element<Wide = f32>>(
        &mut self,
        x: &[T],
        out: &mut [T],
        row: impl FnOnce(&mut Self, &[f32], &mut &mut [f32]),
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.x.resize(x.len(), 0.0);
        scratch.out.resize(out.len(), 0.0);
        match T::as_halves(x) {
            Some(halves) if WIDTH >= 256 => widen_halves(halves, &mut scratch.x),
            _ => widen(x, &mut scratch.x),
        }
        self.next_halves = Some(x.as_ptr_range().end.cast());
        row(self, &scratch.x, &mut scratch.out.as_mut_slice());
        self.next_halves = None;
        if WIDTH >= 256 && T::as_halves(out).is_some() {
            if let Some(halves) = T::as_halves_mut(out) {
                narrow_halves(&scratch.out, halves);
            }
        } else {
            narrow(&scratch.out, out);
        }
        self.scratch = scratch;
    }
}

#[inline(always)]
fn widen<T: Element<Wide = f32>>(x: &[T], wide: &mut [f32]) {
    for (wide, value) in wide.iter_mut().zip(x) {
        *wide = value.widen();
    }
}

#[inline(always)]
fn narrow<T: Element<Wide = f32>>(wide: &[f32], out: &mut [T]) {
    for (out, value) in out.iter_mut().zip(wide) {
        *out = T::narrow(*value);
    }
}

/// Eight numbers at a time.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(dead_code, reason = "other machines never look at them")
)]
enum ByEight<'a> {
    Widen(&'a [[F16; 8]], &'a mut [[f32; 8]]),
    Narrow(&'a [[f32; 8]], &'a mut [[F16; 8]]),
}

impl ByEight<'_> {
    /// Converts them, where the machine can do that. Says whether it did.
    #[inline(always)]
    fn convert(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_FROUND_TO_NEAREST_INT, _mm256_cvtph_ps, _mm256_cvtps_ph};

            #[target_feature(enable = "avx,f16c")]
            #[inline]
            fn with_f16c(numbers: ByEight<'_>) {
                match numbers {
                    ByEight::Widen(x, wide) => {
                        for (x, wide) in x.iter().zip(wide) {
                            *wide = bytemuck::cast(_mm256_cvtph_ps(bytemuck::cast(x.map(|half| half.0))));
                        }
                    }
                    ByEight::Narrow(wide, out) => {
                        for (wide, out) in wide.iter().zip(out) {
                            let quiet = wide.map(|value| {
                                // The payload that `F16::from_f32` gives a NaN.
                                let nan = value.to_bits() & 0x8000_0000 | 0x7fc0_0000;
                                if value.is_nan() { f32::from_bits(nan) } else { value }
                            });
                            let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(bytemuck::cast(quiet));
                            *out = bytemuck::cast::<_, [u16; 8]>(halves).map(F16);
                        }
                    }
                }
            }

            if is_x86_feature_detected!("f16c") {
                // SAFETY: the instructions, which come with those of AVX, were just detected.
                unsafe { with_f16c(self) };
                return true;
            }
        }
        false
    }
}

/// [`widen`], eight at a time where the machine can. Only the payload of a NaN may differ.
#[inline(always)]
fn widen_halves(x: &[F16], wide: &mut [f32]) {
    let (chunks, rest) = x.as_chunks();
    let (wides, wide_rest) = wide.as_chunks_mut();
    if ByEight::Widen(chunks, wides).convert() {
        widen(rest, wide_rest);
    } else {
        widen(x, wide);
    }
}

/// [`narrow`], eight at a time where the machine can.
#[inline(always)]
fn narrow_halves(wide: &[f32], out: &mut [F16]) {
    let (chunks, rest) = wide.as_chunks();
    let (outs, out_rest) = out.as_chunks_mut();
    if ByEight::Narrow(chunks, outs).convert() {
        narrow(rest, out_rest);
    } else {
        narrow(wide, out);
    }
}

#[cfg(test)]
mod tests {
    use super::{Cpu, F16, narrow, narrow_halves, widen, widen_halves};

    #[test]
    fn halves_of_all_bits_become_the_same_numbers() {
        let halves: Vec<F16> = (0..=u16::MAX).map(F16).collect();
        let [mut expected, mut found] = [(); 2].map(|()| vec![0.0_f32; halves.len()]);
        widen(&halves, &mut expected);
        widen_halves(&halves, &mut found);
        for (expected, found) in expected.iter().zip(&found) {
            if expected.is_nan() {
                assert!(found.is_nan() && expected.is_sign_negative() == found.is_sign_negative());
            } else {
                assert_eq!(expected.to_bits(), found.to_bits());
            }
        }
    }

    #[test]
    fn numbers_are_rounded_to_the_same_halves() {
        // Every half, what lies in the middle between two, and the neighbours of that, and NaNs with payloads.
        let mut wide: Vec<f32> = (0..=u16::MAX)
            .flat_map(|bits| {
                let bits = F16(bits).to_f32().to_bits();
                [0, 1, 0xfff, 0x1000, 0x1001, 0x1fff].map(|more| f32::from_bits(bits.wrapping_add(more)))
            })
            .collect();
        wide.extend((0..1 << 16).map(|bits| f32::from_bits(bits * 0x1_0001)));
        wide.push(0.5);
        let [mut expected, mut found] = [(); 2].map(|()| vec![F16(0); wide.len()]);
        narrow(&wide, &mut expected);
        narrow_halves(&wide, &mut found);
        for ((wide, expected), found) in wide.iter().zip(&expected).zip(&found) {
            assert_eq!(expected, found, "{:x}", wide.to_bits());
        }
    }

    #[test]
    fn rows_go_through_f32_and_back() {
        let x: Vec<F16> = (0..1003).map(|i| F16::from_f32(i as f32 / 8.0)).collect();
        let mut out = vec![F16(0); x.len()];
        let twice = |_: &mut Cpu<256>, x: &[f32], out: &mut &mut [f32]| {
            for (out, x) in out.iter_mut().zip(x) {
                *out = x * 2.0;
            }
        };
        Cpu::<256>::new().widened(&x, &mut out, twice);
        assert!(out.iter().zip(&x).all(|(out, x)| out.to_f32() == 2.0 * x.to_f32()));
    }
}
