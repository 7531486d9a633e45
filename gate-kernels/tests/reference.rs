//! Kernels against naive references in `f64`, within the error that their documentation states.

use gate_kernels::{
    Bf16, Element, F16, axpy, bootstrap_means, compare, exclusive_sum, extremes, inclusive_sum, matmul, minhash,
    rank_counts, resemblance, rms_norm, segmented_sum, softmax, sort_keys, stable_order, sum,
};
use gate_runtime::{Status, Tolerance};
use proptest::prelude::*;

/// Half a unit in the last place of 1.
const U: f64 = 1.0 / (1 << 24) as f64;

fn numbers(most: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-100.0_f32..100.0, 0..most)
}

fn any_f32(most: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(any::<u32>().prop_map(f32::from_bits), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn axpy_rounds_product_and_sum(a in any::<f32>(), pairs in prop::collection::vec(any::<(f32, f32)>(), 0..600)) {
        let (x, mut y): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let expected: Vec<f32> = x.iter().zip(&y).map(|(x, y)| a * x + y).collect();
        prop_assert_eq!(axpy(a, &x, &mut y), Status::Ok);
        for (value, expected) in y.iter().zip(expected) {
            prop_assert!(value.to_bits() == expected.to_bits() || value.is_nan() && expected.is_nan());
        }
    }

    #[test]
    fn sum_stays_within_its_bound(x in numbers(40_000)) {
        let exact: f64 = x.iter().copied().map(f64::from).sum();
        let magnitude: f64 = x.iter().map(|x| f64::from(x.abs())).sum();
        prop_assert!((f64::from(sum(&x)) - exact).abs() <= 144.0 * U * magnitude);
        let whole: Vec<F16> = x.iter().map(|x| F16::from_f32(x.trunc())).collect();
        let exact: f32 = x.iter().map(|x| x.trunc()).sum();
        // Sums of integers below 2²⁴ are exact in any order.
        prop_assert_eq!(sum(&whole), exact);
    }

    #[test]
    fn extremes_are_those_of_a_loop(x in any_f32(600)) {
        let expected = if x.is_empty() {
            None
        } else if x.iter().any(|x| x.is_nan()) {
            Some((true, 0.0, 0.0))
        } else {
            Some((false, x.iter().copied().fold(f32::INFINITY, f32::min), x.iter().copied().fold(f32::NEG_INFINITY, f32::max)))
        };
        let found = extremes(&x).map(|(min, max)| if min.is_nan() && max.is_nan() { (true, 0.0, 0.0) } else { (false, min, max) });
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn segmented_sum_is_that_of_each_segment(x in numbers(2000), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let mut offsets: Vec<u64> = cuts.iter().map(|cut| cut.index(x.len() + 1) as u64).collect();
        offsets.extend([0, x.len() as u64]);
        offsets.sort_unstable();
        let mut out = vec![0.0; offsets.len() - 1];
        prop_assert_eq!(segmented_sum(&x, &offsets, &mut out), Status::Ok);
        for (out, cut) in out.iter().zip(offsets.windows(2)) {
            prop_assert_eq!(out.to_bits(), sum(&x[cut[0] as usize..cut[1] as usize]).to_bits());
        }
    }

    #[test]
    fn inclusive_sum_of_integers_is_that_of_a_loop(x in prop::collection::vec(any::<u32>(), 0..20_000)) {
        let mut running = 0_u32;
        let before: Vec<u32> = x.iter().map(|x| { let now = running; running = running.wrapping_add(*x); now }).collect();
        let after: Vec<u32> = before.iter().zip(&x).map(|(before, x)| before.wrapping_add(*x)).collect();
        let mut out = vec![0; x.len()];
        prop_assert_eq!(exclusive_sum(&x, &mut out), Status::Ok);
        prop_assert_eq!(&out, &before);
        prop_assert_eq!(inclusive_sum(&x, &mut out), Status::Ok);
        prop_assert_eq!(&out, &after);
    }

    #[test]
    fn inclusive_sum_stays_within_its_bound(x in numbers(10_000)) {
        let mut out = vec![0.0; x.len()];
        prop_assert_eq!(inclusive_sum(&x, &mut out), Status::Ok);
        let (mut exact, mut magnitude) = (0.0, 0.0);
        for (out, x) in out.iter().zip(&x) {
            exact += f64::from(*x);
            magnitude += f64::from(x.abs());
            prop_assert!((f64::from(*out) - exact).abs() <= 80.0 * U * magnitude);
        }
    }

    #[test]
    fn softmax_stays_within_its_bound(x in prop::collection::vec(-60.0_f32..60.0, 1..3000)) {
        let mut out = vec![0.0; x.len()];
        prop_assert_eq!(softmax(&x, x.len(), &mut out), Status::Ok);
        let max = f64::from(extremes(&x).unwrap().1);
        let total: f64 = x.iter().map(|x| (f64::from(*x) - max).exp()).sum();
        let bound = |shift: f64| (x.len() as f64 / 256.0 + 32.0 + shift.abs()) * U;
        for (out, x) in out.iter().zip(&x) {
            let shift = f64::from(*x) - max;
            let exact = shift.exp() / total;
            // Below the normal range the unit in the last place does not shrink any more.
            prop_assert!((f64::from(*out) - exact).abs() <= bound(shift) * exact + f64::from(f32::from_bits(1)));
        }
    }

    #[test]
    fn rms_norm_stays_within_its_bound(pairs in prop::collection::vec((-60.0_f32..60.0, -2.0_f32..2.0), 1..3000)) {
        let (x, weight): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let mut out = vec![0.0; x.len()];
        prop_assert_eq!(rms_norm(&x, &weight, 1e-5, &mut out), Status::Ok);
        let mean = x.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / x.len() as f64;
        let scale = 1.0 / (mean + f64::from(1e-5_f32)).sqrt();
        let bound = (x.len() as f64 / 512.0 + 12.0) * U;
        for ((out, x), weight) in out.iter().zip(&x).zip(&weight) {
            let exact = f64::from(*x) * scale * f64::from(*weight);
            prop_assert!((f64::from(*out) - exact).abs() <= bound * exact.abs() + f64::from(f32::from_bits(1)));
        }
    }

    #[test]
    fn matmul_is_one_chain_for_each_element(m in 0_usize..40, k in 0_usize..600, n in 0_usize..70, seed in any::<u64>()) {
        let value = |index: usize| ((index as u64).wrapping_mul(seed | 1) >> 40) as f32 / 16_777_216.0 - 0.5;
        let a: Vec<f32> = (0..m * k).map(value).collect();
        let b: Vec<f32> = (0..k * n).map(|index| value(index + 7)).collect();
        let mut c = vec![f32::NAN; m * n];
        prop_assert_eq!(matmul([m, k, n], &a, &b, &mut c), Status::Ok);
        for i in 0..m {
            for j in 0..n {
                let chain = (0..k).fold(0.0_f32, |sum, step| a[i * k + step].mul_add(b[step * n + j], sum));
                prop_assert_eq!(c[i * n + j].to_bits(), chain.to_bits());
            }
        }
    }

    #[test]
    fn sort_keys_sort_as_the_numbers_do(x in any_f32(600)) {
        let mut keys = vec![0; x.len()];
        prop_assert_eq!(sort_keys(&x, &mut keys), Status::Ok);
        let mut order = vec![0; x.len()];
        prop_assert_eq!(stable_order(&keys, &mut order), Status::Ok);
        let mut expected: Vec<u32> = (0..x.len() as u32).collect();
        expected.sort_by(|&i, &j| x[i as usize].total_cmp(&x[j as usize]));
        prop_assert_eq!(order, expected);
    }

    #[test]
    fn compare_finds_what_a_loop_finds(
        pairs in prop::collection::vec((any::<u32>(), prop_oneof![Just(0_u32), 0_u32..4, any::<u32>()]), 0..1500),
        ulps in 0_u32..4,
        relative in prop_oneof![Just(0.0), Just(1e-6), Just(0.5)],
    ) {
        let actual: Vec<f32> = pairs.iter().map(|(bits, _)| f32::from_bits(*bits)).collect();
        let expected: Vec<f32> = pairs.iter().map(|(bits, flip)| f32::from_bits(bits ^ flip)).collect();
        let tolerance = Tolerance { absolute: 0.0, relative, ulps };
        let found = compare(&actual, &expected, tolerance).unwrap();
        let wrong: Vec<usize> = (0..pairs.len()).filter(|&i| !tolerance.accepts_f32(expected[i], actual[i])).collect();
        prop_assert_eq!(found.mismatches, wrong.len());
        prop_assert_eq!(found.first_mismatch, wrong.first().copied());
        let max = actual.iter().zip(&expected).filter(|(a, b)| a != b && !a.is_nan() && !b.is_nan())
            .map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs()).fold(0.0, f64::max);
        prop_assert_eq!(found.max_absolute, max);
        prop_assert_eq!(found.distances.iter().sum::<u64>(), pairs.len() as u64);
        let equal = actual.iter().zip(&expected).filter(|(a, b)| a == b || a.is_nan() && b.is_nan()).count();
        prop_assert_eq!(found.distances[0], equal as u64);
    }

    #[test]
    fn small_floats_convert_as_their_definition_says(bits in any::<u32>()) {
        let x = f32::from_bits(bits);
        for (narrow, back) in [
            (F16::from_f32(x).to_f32(), f16_by_definition(x)),
            (Bf16::from_f32(x).to_f32(), bf16_by_definition(x)),
        ] {
            prop_assert!(narrow.to_bits() == back.to_bits() || narrow.is_nan() && back.is_nan(), "{x:e}: {narrow:e}, not {back:e}");
        }
    }

    #[test]
    fn rank_counts_are_those_of_every_pair(first in prop::collection::vec(0_u8..20, 0..50), second in prop::collection::vec(0_u8..20, 0..400)) {
        let [first, second] = [first, second].map(|sample| sample.into_iter().map(f64::from).collect::<Vec<_>>());
        let counts = rank_counts(&first, &second).unwrap();
        let pairs = || first.iter().flat_map(|a| second.iter().map(move |b| (a, b)));
        prop_assert_eq!(counts.below, pairs().filter(|(a, b)| b < a).count() as u64);
        prop_assert_eq!(counts.equal, pairs().filter(|(a, b)| a == b).count() as u64);
    }
}

/// Rounds to a multiple of the unit in the last place, in `f64`, where every step is exact.
fn rounded(x: f32, digits: i32, lowest: i32, overflow: f64) -> f32 {
    let wide = f64::from(x);
    if x.is_nan() || x.is_infinite() || x == 0.0 {
        return x;
    }
    let exponent = (wide.abs().to_bits() >> 52) as i32 - 1023;
    let unit = 2.0_f64.powi((exponent - digits + 1).max(lowest));
    let value = (wide / unit).round_ties_even() * unit;
    if value.abs() >= overflow {
        return f32::INFINITY.copysign(x);
    }
    (value as f32).copysign(x)
}

fn f16_by_definition(x: f32) -> f32 {
    rounded(x, 11, -24, 65536.0)
}

fn bf16_by_definition(x: f32) -> f32 {
    rounded(x, 8, -133, 2.0_f64.powi(128))
}

#[test]
fn every_small_float_converts_there_and_back() {
    for bits in 0..=u16::MAX {
        let (f16, bf16) = (F16(bits), Bf16(bits));
        if f16.to_f32().is_nan() {
            assert!(F16::from_f32(f16.to_f32()).to_f32().is_nan());
        } else {
            assert_eq!(F16::from_f32(f16.to_f32()), f16);
        }
        if bf16.to_f32().is_nan() {
            assert!(Bf16::from_f32(bf16.to_f32()).to_f32().is_nan());
        } else {
            assert_eq!(Bf16::from_f32(bf16.to_f32()), bf16);
        }
    }
    assert_eq!(F16(0x3c00).widen(), 1.0);
    assert_eq!(F16(0x0001).widen(), 2.0_f32.powi(-24));
    assert_eq!(F16(0xfbff).widen(), -65504.0);
    assert_eq!(Bf16(0x3f80).widen(), 1.0);
}

#[test]
fn rows_that_are_no_distribution_become_nan() {
    let mut out = [0.0_f32; 3];
    for row in [[f32::NAN, 0.0, 1.0], [f32::INFINITY, 0.0, 1.0], [f32::NEG_INFINITY; 3]] {
        assert_eq!(softmax(&row, 3, &mut out), Status::Ok);
        assert!(out.iter().all(|value| value.is_nan()), "{row:?}: {out:?}");
    }
    assert_eq!(softmax(&[f32::MAX, f32::MIN, f32::MAX], 3, &mut out), Status::Ok);
    assert_eq!(out, [0.5, 0.0, 0.5]);
}

#[test]
fn sums_of_nothing_are_positive_zero() {
    assert_eq!(sum::<f32>(&[]).to_bits(), 0);
    assert_eq!(sum::<f64>(&[]).to_bits(), 0);
    let mut out = [1.0_f32];
    assert_eq!(exclusive_sum(&[-0.0], &mut out), Status::Ok);
    assert_eq!(out[0].to_bits(), 0);
    assert_eq!(extremes::<F16>(&[]), None);
}

#[test]
fn bad_arguments_are_refused_and_change_nothing() {
    let mut out = [7.0_f32; 3];
    let refused = Status::InvalidArgument;
    assert_eq!(axpy(1.0, &[1.0], &mut out), refused);
    assert_eq!(softmax(&[1.0; 3], 2, &mut out), refused);
    assert_eq!(softmax(&[1.0; 3], 0, &mut out), refused);
    assert_eq!(rms_norm(&[1.0; 3], &[1.0; 3], f32::NAN, &mut out), refused);
    assert_eq!(rms_norm(&[1.0; 3], &[1.0; 3], -1.0, &mut out), refused);
    assert_eq!(rms_norm(&[1.0; 3], &[], 1.0, &mut out), refused);
    assert_eq!(matmul([1, 1, 3], &[1.0], &[1.0; 2], &mut out), refused);
    assert_eq!(matmul([usize::MAX, 2, 3], &[1.0], &[1.0; 2], &mut out), refused);
    for offsets in [&[0, 1, 2][..], &[0, 2, 1, 3], &[1, 1, 2, 3], &[0, 1, 2, 4], &[]] {
        assert_eq!(segmented_sum(&[1.0_f32; 3], offsets, &mut out), refused, "{offsets:?}");
    }
    assert_eq!(inclusive_sum(&[1.0], &mut out), refused);
    assert_eq!(out, [7.0; 3]);
    assert_eq!(compare(&[1.0_f32], &out, Tolerance::EXACT), Err(refused));
    assert_eq!(compare(&out, &out, Tolerance::within(f64::NAN, 0.0)), Err(refused));
    let mut signature = [7; 4];
    assert_eq!(minhash(&[1], &[0, 1], 0, &mut signature), refused);
    assert_eq!(minhash(&[1], &[0, 1], 1025, &mut signature), refused);
    assert_eq!(minhash(&[1], &[0, 1], 3, &mut signature), refused);
    assert_eq!(signature, [7; 4]);
    assert_eq!(bootstrap_means(&[], 1, &mut [0.0]), refused);
}

#[test]
fn minhash_signatures_estimate_how_much_sets_share() {
    let hash = |number: u64| {
        let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    // 1000 of 2000 in both: a resemblance of one half. 30 of 60: many places are filled from others.
    for (count, places, tolerance) in [(1500, 1024, 0.05), (45, 256, 0.15)] {
        let shared = count / 3;
        let mut hashes: Vec<u64> = (0..count).map(hash).collect();
        hashes.extend((shared..shared + count).map(hash));
        let mut out = vec![0; 2 * places];
        let offsets = [0, count, 2 * count];
        assert_eq!(minhash(&hashes, &offsets, places, &mut out), Status::Ok);
        let found = resemblance(&out[..places], &out[places..]).unwrap();
        assert!((found - 0.5).abs() < tolerance, "{found} with {places} places");
    }
    let mut out = [0; 8];
    assert_eq!(minhash(&[], &[0, 0], 8, &mut out), Status::Ok);
    assert_eq!(out, [u32::MAX; 8]);
}

#[test]
fn bootstrap_means_vary_as_the_sample_says() {
    let data: Vec<f64> = (0..400).map(|index| f64::from(index % 20)).collect();
    let mut means = vec![0.0; 4000];
    assert_eq!(bootstrap_means(&data, 42, &mut means), Status::Ok);
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    let variance = means.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / means.len() as f64;
    // The variance of 0..20 is 33.25, that of a mean of 400 of them 0.0831.
    assert!((mean - 9.5).abs() < 0.03, "{mean}");
    assert!((variance - 0.0831).abs() < 0.01, "{variance}");
}
