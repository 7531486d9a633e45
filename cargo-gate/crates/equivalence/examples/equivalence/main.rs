//! How often the comparison is wrong, and how fast it is:
//!
//! ```text
//! cargo run --release --locked --package cargo-gate-equivalence --example equivalence -- 2000
//! ```
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program of its own")]

use std::hint::black_box;
use std::time::Instant;

use gate_base::stats::SplitMix64;
use gate_equivalence::compare::compare;
use gate_equivalence::dtype::Dtype;
use gate_equivalence::mutant::{Score, score};
use gate_equivalence::output::{Output, Tensor};
use gate_equivalence::read::read;
use gate_equivalence::rule::{ColumnRule, Kind, Reduction, Rules, Terms};

mod simulation;

fn main() {
    let count: u64 = std::env::args().nth(1).map_or(2000, |count| count.parse().unwrap());
    let (mut wrong, mut faults, mut found, mut mutants) = (0, 0_u64, 0_u64, Score::default());
    for seed in 0..count {
        let pair = simulation::pair(seed);
        let reference = read(&pair.rules, pair.reference.clone()).unwrap();
        let other = read(&pair.rules, pair.other.clone()).unwrap();
        wrong += u64::from(!compare(&pair.rules, &other, &reference).unwrap().is_same());
        mutants.add(score(&pair.rules, &reference).unwrap());
        let random = &mut SplitMix64::new(seed);
        for _ in 0..5 {
            let bytes = simulation::fault(pair.rules.format, &pair.other, random);
            faults += 1;
            let read = read(&pair.rules, bytes);
            found += u64::from(read.is_err() || !compare(&pair.rules, &read.unwrap(), &reference).unwrap().is_same());
        }
    }
    println!("{count} pairs that are the same: {wrong} differ");
    println!(
        "{faults} faults in bytes: {found} found ({:.2} %)",
        100.0 * found as f64 / faults as f64
    );
    println!(
        "{} mutants of the comparison itself: {} found",
        mutants.made, mutants.killed
    );
    speed();
}

/// Bytes of all arrays in a second, and of both sides when they are only read.
fn speed() {
    const COUNT: usize = 32 << 20;
    let tensor = |data: Vec<u8>| {
        Output::Tensors(vec![Tensor {
            name: "data".to_owned(),
            dtype: Dtype::F32,
            shape: vec![COUNT],
            data,
        }])
    };
    let mut random = SplitMix64::new(1);
    let values: Vec<f32> = (0..COUNT).map(|_| random.unit() as f32 + 1.0).collect();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let moved: Vec<u8> = values
        .iter()
        .flat_map(|value| f32::from_bits(value.to_bits() ^ 1).to_le_bytes())
        .collect();
    let (reference, same, near) = (tensor(bytes.clone()), tensor(bytes.clone()), tensor(moved));
    let rules = |change: &dyn Fn(&mut ColumnRule)| {
        let mut rule = ColumnRule {
            name: "data".to_owned(),
            kind: Kind::Float,
            ..ColumnRule::default()
        };
        change(&mut rule);
        Rules {
            columns: vec![rule],
            ..Rules::default()
        }
    };
    let best = |work: &dyn Fn()| {
        let once = |_| {
            let clock = Instant::now();
            work();
            clock.elapsed().as_secs_f64()
        };
        (0..5).map(once).fold(f64::INFINITY, f64::min)
    };
    let sum = |bytes: &[u8]| {
        let (words, _) = bytes.as_chunks::<8>();
        words
            .iter()
            .fold(0_u64, |sum, word| sum.wrapping_add(u64::from_le_bytes(*word)))
    };
    let Output::Tensors(other) = &near else { unreachable!() };
    let memory = best(&|| {
        black_box(sum(black_box(&bytes)).wrapping_add(sum(black_box(&other[0].data))));
    });
    let rate = |arrays: f64, seconds: f64| arrays * bytes.len() as f64 / seconds / 1e9;
    let reading = rate(2.0, memory);
    println!("reading both sides: {reading:.1} GB/s");
    let took = |name: &str, rules: &Rules, found: &Output, reference: &Output| {
        // A reference with magnitudes is two arrays.
        let Output::Tensors(arrays) = reference else {
            unreachable!()
        };
        let seconds = best(&|| assert!(compare(rules, found, reference).unwrap().is_same()));
        let rate = rate(arrays.len() as f64 + 1.0, seconds);
        println!("{name}: {rate:.1} GB/s ({:.0} % of reading)", 100.0 * rate / reading);
    };
    took("the same bits", &rules(&|_| ()), &same, &reference);
    let within = |name: &str, change: &dyn Fn(&mut ColumnRule)| {
        took(
            &format!("each number another, {name}"),
            &rules(change),
            &near,
            &reference,
        );
    };
    within("within 2 ULP", &|rule| rule.ulp = Some(2));
    within("within a millionth", &|rule| rule.relative = Some(1e-6));
    let Output::Tensors(list) = &reference else {
        unreachable!()
    };
    let mut magnitudes = list[0].clone();
    magnitudes.name = "magnitude".to_owned();
    let sums = Output::Tensors(vec![list[0].clone(), magnitudes]);
    let bound = rules(&|rule| {
        rule.reduction = Some(Reduction {
            terms: Terms::Number(64),
            magnitude: "magnitude".to_owned(),
            factor: 1.0,
        });
    });
    took("each number another, within the bound of a sum", &bound, &near, &sums);
}
