//! The short form of the experiment of `examples/equivalence`: the same seeds, fewer pairs.

use gate_base::stats::SplitMix64;
use gate_equivalence::compare::compare;
use gate_equivalence::mutant::score;
use gate_equivalence::read::read;

#[path = "../examples/equivalence/simulation.rs"]
mod simulation;

#[test]
fn right_pairs_do_not_differ() {
    for seed in 0..simulation::SHAPES * 20 {
        let pair = simulation::pair(seed);
        let reference = read(&pair.rules, pair.reference).unwrap();
        let other = read(&pair.rules, pair.other).unwrap();
        let compared = compare(&pair.rules, &other, &reference).unwrap();
        assert!(compared.is_same(), "seed {seed}: {compared:?}");
    }
}

#[test]
fn every_mutant_is_found() {
    for seed in 0..simulation::SHAPES * 10 {
        let pair = simulation::pair(seed);
        let reference = read(&pair.rules, pair.reference).unwrap();
        let score = score(&pair.rules, &reference).unwrap();
        assert!(score.is_complete(), "seed {seed}: {score:?}");
        assert!(score.made >= 5, "seed {seed}: {score:?}");
    }
}

#[test]
fn faults_in_bytes_are_found() {
    let (mut faults, mut found) = (0, 0);
    for seed in 0..simulation::SHAPES * 10 {
        let pair = simulation::pair(seed);
        let reference = read(&pair.rules, pair.reference).unwrap();
        let bytes = simulation::fault(pair.rules.format, &pair.other, &mut SplitMix64::new(seed));
        faults += 1;
        found += match read(&pair.rules, bytes) {
            Ok(output) => usize::from(!compare(&pair.rules, &output, &reference).unwrap().is_same()),
            Err(_) => 1,
        };
    }
    assert!(found * 100 >= faults * 95, "{found} of {faults}");
}
