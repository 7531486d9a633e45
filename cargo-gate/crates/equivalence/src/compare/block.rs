//! Blocks of elements, compared by loops without branches, which compilers turn into vector instructions.

use crate::dtype::Dtype;
use crate::rule::Tolerance;

/// Elements in a block: both sides stay in the first cache for the second look.
pub(super) const ELEMENTS: usize = 1024;

/// The largest distance in ULP where all elements are finite and within the tolerance. `None` leaves the block to the loop that knows
/// every case. `magnitudes` are those of the sums, in the type of the elements.
pub(super) fn within(tolerance: &Tolerance, found: &[u8], expected: &[u8], magnitudes: Option<&[u8]>) -> Option<u64> {
    match tolerance.dtype {
        Dtype::F16 => near_by_bits_u16::<0x7c00>(tolerance, found, expected),
        Dtype::Bf16 => near_by_bits_u16::<0x7f80>(tolerance, found, expected),
        Dtype::F32 => near_by_bits_u32::<0x7f80_0000>(tolerance, found, expected)
            .or_else(|| near_f32(tolerance, found, expected, magnitudes))
            .or_else(|| either_f32(tolerance, found, expected, magnitudes)),
        Dtype::F64 => near_by_bits_u64::<0x7ff0_0000_0000_0000>(tolerance, found, expected)
            .or_else(|| near_f64(tolerance, found, expected, magnitudes))
            .or_else(|| either_f64(tolerance, found, expected, magnitudes)),
        _ => None,
    }
}

/// Distances of numbers with the same sign are those of their bits. Other signs, what is not finite and what is too far apart
/// need another look.
macro_rules! near_by_bits {
    ($name:ident, $uint:ty, $int:ty) => {
        fn $name<const EXPONENT: $uint>(tolerance: &Tolerance, found: &[u8], expected: &[u8]) -> Option<u64> {
            const SIZE: usize = size_of::<$uint>();
            if tolerance.ulp == 0 {
                return None;
            }
            let ulp = <$int>::try_from(tolerance.ulp).unwrap_or(<$int>::MAX);
            let infinite = |bits: $uint| -<$int>::from(bits & EXPONENT == EXPONENT);
            let (mut other, mut largest) = (0 as $int, 0 as $int);
            for (a, b) in found
                .as_chunks::<SIZE>()
                .0
                .iter()
                .zip(expected.as_chunks::<SIZE>().0)
            {
                let (a, b) = (<$uint>::from_le_bytes(*a), <$uint>::from_le_bytes(*b));
                let apart = (a.wrapping_sub(b) as $int).wrapping_abs();
                // The sign of each term says that the pair needs another look.
                other |= (a ^ b) as $int | ulp.wrapping_sub(apart) | infinite(a) | infinite(b);
                largest = largest.max(apart);
            }
            (other >= 0).then_some(largest as u64)
        }
    };
}

near_by_bits!(near_by_bits_u16, u16, i16);
near_by_bits!(near_by_bits_u32, u32, i32);
near_by_bits!(near_by_bits_u64, u64, i64);

/// Differences as numbers, of numbers with the same sign. Limits are a little smaller than declared, so that no rounding of this
/// type accepts what binary64 refuses.
macro_rules! near_as_numbers {
    ($name:ident, $float:ty, $uint:ty, $int:ty) => {
        fn $name(tolerance: &Tolerance, found: &[u8], expected: &[u8], magnitudes: Option<&[u8]>) -> Option<u64> {
            const SIZE: usize = size_of::<$uint>();
            let limit = |limit: f64| {
                (limit * (1.0 - 8.0 * f64::from(<$float>::EPSILON))).min(f64::from(<$float>::MAX)) as $float
            };
            let absolute = limit(tolerance.absolute);
            let (relative, sum) = (limit(tolerance.relative), limit(tolerance.sum));
            let larger = |a: $float, b: $float| if a > b { a } else { b };
            let (mut other, mut largest, mut bad) = (0 as $int, 0 as $int, false);
            let mut look = |a: &[u8; SIZE], b: &[u8; SIZE], sum: Option<$float>| {
                let (a, b) = (<$uint>::from_le_bytes(*a), <$uint>::from_le_bytes(*b));
                other |= (a ^ b) as $int;
                largest = largest.max((a.wrapping_sub(b) as $int).wrapping_abs());
                let same = a == b;
                let (a, b) = (<$float>::from_bits(a), <$float>::from_bits(b));
                let limit = larger(absolute, relative * b.abs());
                let limit = sum.map_or(limit, |sum| larger(sum, limit));
                // Less, never equal: a product that underflows may have been rounded up. Infinity and NaN are not less.
                bad |= !(same | ((a - b).abs() < limit));
            };
            let pairs = found
                .as_chunks::<SIZE>()
                .0
                .iter()
                .zip(expected.as_chunks::<SIZE>().0);
            if sum > 0.0 {
                let magnitudes = magnitudes?.as_chunks::<SIZE>().0;
                for ((a, b), magnitude) in pairs.zip(magnitudes) {
                    look(a, b, Some(sum * <$float>::from_le_bytes(*magnitude).abs()));
                }
            } else {
                for (a, b) in pairs {
                    look(a, b, None);
                }
            }
            (other >= 0 && !bad).then_some(largest as u64)
        }
    };
}

near_as_numbers!(near_f32, f32, u32, i32);
near_as_numbers!(near_f64, f64, u64, i64);

/// Every element by itself: some are near by their bits, others as numbers, and signs may differ.
macro_rules! near_either_way {
    ($name:ident, $float:ty, $uint:ty, $int:ty) => {
        fn $name(tolerance: &Tolerance, found: &[u8], expected: &[u8], magnitudes: Option<&[u8]>) -> Option<u64> {
            const SIZE: usize = size_of::<$uint>();
            let Tolerance {
                absolute,
                relative,
                sum,
                ..
            } = *tolerance;
            if absolute.max(relative).max(sum) == 0.0 {
                return None;
            }
            let (found, expected) = (found.as_chunks::<SIZE>().0, expected.as_chunks::<SIZE>().0);
            let magnitudes = magnitudes.map_or(&[][..], |bytes| bytes.as_chunks::<SIZE>().0);
            let mut same = [0_u8; ELEMENTS];
            let ulp = <$uint>::try_from(tolerance.ulp).unwrap_or(<$uint>::MAX);
            let place = |bits: $uint| {
                let bits = bits as $int;
                if bits < 0 {
                    <$int>::MIN.wrapping_sub(bits)
                } else {
                    bits
                }
            };
            let (mut largest, mut zeros) = (0 as $uint, false);
            for ((a, b), same) in found.iter().zip(expected).zip(&mut same) {
                let (a, b) = (<$uint>::from_le_bytes(*a), <$uint>::from_le_bytes(*b));
                let apart = place(a).abs_diff(place(b));
                largest = largest.max(apart);
                // Zeros of both signs have a rule of their own.
                zeros |= (apart == 0) & (a != b);
                *same = u8::from(apart <= ulp);
            }
            let wide = |bytes: &[u8; SIZE]| f64::from(<$float>::from_le_bytes(*bytes));
            let larger = |a: f64, b: f64| if a > b { a } else { b };
            let mut infinite = false;
            let numbers = found.iter().zip(expected).zip(&mut same);
            let mut look = |a: f64, b: f64, same: &mut u8, limit: f64| {
                infinite |= !((a.abs() < f64::INFINITY) & (b.abs() < f64::INFINITY));
                *same |= u8::from((a - b).abs() <= larger(limit, larger(absolute, relative * b.abs())));
            };
            if sum > 0.0 {
                if magnitudes.len() != expected.len() {
                    return None;
                }
                for (((a, b), same), magnitude) in numbers.zip(magnitudes) {
                    look(wide(a), wide(b), same, sum * wide(magnitude).abs());
                }
            } else {
                for ((a, b), same) in numbers {
                    look(wide(a), wide(b), same, 0.0);
                }
            }
            let all = same[..found.len()].iter().fold(1, |all, same| all & same);
            (all == 1 && !zeros && !infinite).then_some(largest as u64)
        }
    };
}

near_either_way!(either_f32, f32, u32, i32);
near_either_way!(either_f64, f64, u64, i64);

#[cfg(test)]
mod tests {
    use gate_base::stats::SplitMix64;

    use super::*;
    use crate::rule::{Nan, Zero};

    /// A number near another, or one that has rules of its own.
    fn moved(dtype: Dtype, bits: u64, random: &mut SplitMix64) -> u64 {
        let sign = 1 << (dtype.size() * 8 - 1);
        match random.below(2000) {
            0 => bits ^ sign,
            1 => dtype.infinity(),
            2 => dtype.infinity() | 1,
            3 => sign,
            4 => 0,
            5 => bits ^ dtype.per_binade(),
            _ => bits ^ random.below(4) as u64,
        }
    }

    fn block(dtype: Dtype, of: &[u64]) -> Vec<u8> {
        of.iter()
            .flat_map(|bits| bits.to_le_bytes().into_iter().take(dtype.size()))
            .collect()
    }

    /// What the block says is what each pair says; without pairs that have rules of their own, the block says it.
    #[test]
    fn a_block_is_judged_as_its_pairs_are() {
        let random = &mut SplitMix64::new(7);
        let (mut said, mut left) = (0, 0);
        for round in 0..4000_u64 {
            let dtype = [Dtype::F16, Dtype::Bf16, Dtype::F32, Dtype::F64][(round % 4) as usize];
            let mut pick = |values: [f64; 3]| values[random.below(3)];
            let tolerance = Tolerance {
                dtype,
                ulp: pick([0.0, 3.0, 2e12]) as u64,
                absolute: pick([0.0, 1e-3, 1e-7]),
                relative: pick([0.0, 1e-2, 1e-6]),
                sum: pick([0.0, 1e-2, 1e-6]),
                nan: Nan::Class,
                zero: Zero::Distinct,
            };
            let one = dtype.infinity() >> 1;
            let count = random.below(ELEMENTS + 1);
            let expected: Vec<u64> = (0..count)
                .map(|_| one ^ random.below(dtype.per_binade() as usize) as u64)
                .collect();
            let magnitudes = expected.clone();
            let found: Vec<u64> = expected.iter().map(|bits| moved(dtype, *bits, random)).collect();
            let (here, there) = (block(dtype, &found), block(dtype, &expected));
            let pairs = || found.iter().zip(&expected).zip(&magnitudes);
            let accepted = pairs().map(|((a, b), magnitude)| tolerance.accepts(*a, *b, dtype.float(*magnitude)));
            let all: Vec<(bool, Option<u64>)> = accepted.collect();
            let largest = all.iter().filter_map(|(_, apart)| *apart).max();
            let plain =
                |bits: &u64| *bits & dtype.infinity() != dtype.infinity() && *bits >> (dtype.size() * 8 - 1) == 0;
            match within(&tolerance, &here, &there, Some(&there)) {
                Some(ulp) => {
                    said += 1;
                    assert!(all.iter().all(|(same, _)| *same), "{tolerance:?}");
                    assert_eq!(Some(ulp), largest.or(Some(0)), "{tolerance:?}");
                }
                None => {
                    left += 1;
                    // What is small enough for half precision is compared as numbers elsewhere.
                    let numbers = matches!(dtype, Dtype::F32 | Dtype::F64);
                    let known = all.iter().all(|(same, _)| *same) && found.iter().all(plain) && count > 0;
                    let tolerant = tolerance.ulp > 0 || tolerance.absolute + tolerance.relative + tolerance.sum > 0.0;
                    assert!(!(known && numbers && tolerant), "{tolerance:?} {count}");
                }
            }
        }
        assert!(said > 500 && left > 500, "{said} {left}");
    }
}
