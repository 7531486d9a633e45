//! One kernel at several optimisation levels. The PTX in `levels` was written by
//! `cargo gate kernels compile weights.cu -O0 --flag=--fmad=false --compiler nvrtc --out nvrtc.O0.ptx` and its like: NVRTC 13.5 at all four levels,
//! clang 19 and rustc 1.96 (`weights.rs.txt`, a kernel and no part of this crate) at 0 and 3.

use crate::machine;
use crate::memory::Global;
use crate::program::Program;

const COUNT: usize = 1000;

const TEXTS: [(&str, &str); 8] = [
    ("nvrtc.O0", include_str!("levels/nvrtc.O0.ptx")),
    ("nvrtc.O1", include_str!("levels/nvrtc.O1.ptx")),
    ("nvrtc.O2", include_str!("levels/nvrtc.O2.ptx")),
    ("nvrtc.O3", include_str!("levels/nvrtc.O3.ptx")),
    ("clang.O0", include_str!("levels/clang.O0.ptx")),
    ("clang.O3", include_str!("levels/clang.O3.ptx")),
    ("rustc.O0", include_str!("levels/rustc.O0.ptx")),
    ("rustc.O3", include_str!("levels/rustc.O3.ptx")),
];

/// Numbers of many magnitudes, of which no sum is exact.
fn input() -> Vec<f32> {
    let mut state = 0x2545_f491_u32;
    (0..COUNT)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let scale = 2.0_f32.powi((state >> 28) as i32 - 8);
            ((state & 0x00ff_ffff) as f32 / 16_777_216.0 - 0.4) * scale
        })
        .collect()
}

/// What the kernel is to compute.
fn reference(x: &[f32]) -> (Vec<u32>, Vec<u32>) {
    let of = |i: usize| {
        let (mut sum, mut count) = (0.0_f32, 0);
        for j in 0..8_u32 {
            let value = x[(i + j as usize) % x.len()];
            sum += value * (j + 1) as f32;
            if value > 0.0 {
                count += j + 1;
            }
        }
        (sum.to_bits(), count * 3 + (i as u32 & 5))
    };
    (0..x.len()).map(of).unzip()
}

fn run(text: &str, x: &[f32]) -> Result<(Vec<u32>, Vec<u32>), String> {
    let program = Program::parse(text);
    let bytes: Vec<u8> = x.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut global = Global::default();
    let mut words = vec![global.add(&bytes, false)];
    for _ in 0..2 {
        words.push(global.add(&vec![0; bytes.len()], true));
    }
    words.push(x.len() as u64);
    for block in 0..x.len().div_ceil(256) as u32 {
        machine::run(&program.entries["weights"], &words, block, &mut global)?;
    }
    let words = |bytes: &Vec<u8>| {
        let (words, _) = bytes.as_chunks::<4>();
        words.iter().map(|word| u32::from_le_bytes(*word)).collect()
    };
    let after = global.into_bytes();
    Ok((words(&after[1]), words(&after[2])))
}

#[test]
fn every_level_gives_the_same_bits() {
    let x = input();
    let expected = reference(&x);
    let mut texts = std::collections::BTreeSet::new();
    for (name, text) in TEXTS {
        assert_eq!(run(text, &x).as_ref(), Ok(&expected), "{name}");
        texts.insert(text);
    }
    // They are not the same program.
    assert_eq!(texts.len(), TEXTS.len());
}

#[test]
fn another_program_gives_others() {
    let (_, text) = TEXTS[0];
    let other = text.replacen("mul.rn.f32", "add.rn.f32", 1);
    assert_ne!(other, text);
    let x = input();
    assert_ne!(run(&other, &x), Ok(reference(&x)));
}
