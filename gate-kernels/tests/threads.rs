//! Results do not depend on threads, and not on how data lies in memory.

use gate_kernels::{
    Bf16, F16, bootstrap_means, compare, exclusive_sum, extremes, histogram_u8, matmul, minhash, rms_norm, softmax, sum,
};
use gate_runtime::Tolerance;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Numbers of very different size, so that any other order of summation shows.
fn data(count: usize) -> Vec<f32> {
    (0..count as u64)
        .map(|index| {
            let hash = index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let scale = ((hash >> 8) % 24) as i32 - 12;
            ((hash >> 40) as f32 / 8_388_608.0 - 1.0) * 2.0_f32.powi(scale)
        })
        .collect()
}

/// Everything that has an order, as bits.
fn everything() -> Vec<u32> {
    let x = data(300_007);
    let mut all = bits(&[sum(&x)]);
    let (min, max) = extremes(&x).expect("data");
    all.extend(bits(&[min, max]));
    let mut out = vec![0.0; x.len()];
    assert!(exclusive_sum(&x, &mut out).is_ok());
    all.extend(bits(&out));
    let rows = 100 * 2_999;
    assert!(softmax(&x[..rows], 2_999, &mut out[..rows]).is_ok());
    all.extend(bits(&out[..rows]));
    assert!(rms_norm(&x[..rows], &x[7..3_006], 1e-6, &mut out[..rows]).is_ok());
    all.extend(bits(&out[..rows]));
    assert!(matmul([171, 300, 133], &x[..171 * 300], &x[..300 * 133], &mut out[..171 * 133]).is_ok());
    all.extend(bits(&out[..171 * 133]));
    let mut means = [0.0; 64];
    let wide: Vec<f64> = x[..1000].iter().copied().map(f64::from).collect();
    assert!(bootstrap_means(&wide, 3, &mut means).is_ok());
    all.extend(
        means
            .iter()
            .flat_map(|mean| [mean.to_bits() as u32, (mean.to_bits() >> 32) as u32]),
    );
    let small: Vec<F16> = x.iter().map(|x| F16::from_f32(*x)).collect();
    all.push(sum(&small).to_bits());
    let small: Vec<Bf16> = x.iter().map(|x| Bf16::from_f32(*x)).collect();
    all.push(sum(&small).to_bits());
    let found = compare(&out, &x, Tolerance::EXACT).expect("equal lengths");
    all.extend([found.mismatches as u32, found.max_relative.to_bits() as u32]);
    let mut counts = [0; 256];
    let bytes: Vec<u8> = x.iter().map(|x| x.to_bits() as u8).collect();
    assert!(histogram_u8(&bytes, &mut counts).is_ok());
    all.extend(counts);
    let hashes: Vec<u64> = x
        .iter()
        .map(|x| u64::from(x.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    let mut signatures = [0; 3 * 128];
    assert!(minhash(&hashes, &[0, 5, 5, hashes.len() as u64], 128, &mut signatures).is_ok());
    all.extend(signatures);
    all
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads")
    };
    let alone = pool(1).install(everything);
    for threads in [2, 3, 7] {
        assert!(pool(threads).install(everything) == alone, "{threads} threads");
    }
}

#[test]
fn any_place_in_memory_gives_the_same_bits() {
    let x = data(40_000);
    let expected = sum(&x);
    for shift in 1..9 {
        let moved: Vec<f32> = std::iter::repeat_n(0.0, shift).chain(x.iter().copied()).collect();
        assert_eq!(sum(&moved[shift..]).to_bits(), expected.to_bits());
    }
}
