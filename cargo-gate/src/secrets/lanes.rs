//! All keywords in a text, looked for in several places of it at once: each step of an automaton waits for the one
//! before, and steps in different places wait together.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::{Anchored, Match, MatchKind};

/// Places at once. More find nothing to wait for.
const LANES: usize = 4;

/// A shorter text is looked through from its beginning to its end.
const SHORT: usize = 2048;

/// Every occurrence of every pattern, those that overlap too, in the order of their ends.
pub(super) fn find<A: Automaton>(automaton: &A, bytes: &[u8]) -> Vec<Match> {
    debug_assert_eq!(automaton.match_kind(), MatchKind::Standard);
    let length = if bytes.len() < SHORT { 0 } else { bytes.len() / LANES };
    let mut found: [Vec<Match>; LANES] = Default::default();
    let mut states: [StateID; LANES] = std::array::from_fn(|lane| state_at(automaton, bytes, lane * length));
    let (a, rest) = bytes.split_at(length);
    let (b, rest) = rest.split_at(length);
    let (c, rest) = rest.split_at(length);
    let (d, rest) = rest.split_at(length);
    if length > 0 {
        // In variables of their own, which the compiler keeps in registers.
        let [mut of_a, mut of_b, mut of_c, mut of_d] = states;
        for at in 0..length {
            of_a = automaton.next_state(Anchored::No, of_a, a[at]);
            of_b = automaton.next_state(Anchored::No, of_b, b[at]);
            of_c = automaton.next_state(Anchored::No, of_c, c[at]);
            of_d = automaton.next_state(Anchored::No, of_d, d[at]);
            // One branch for all of them: hardly any byte ends a keyword.
            let special = automaton.is_special(of_a)
                | automaton.is_special(of_b)
                | automaton.is_special(of_c)
                | automaton.is_special(of_d);
            if special {
                for (lane, state) in [of_a, of_b, of_c, of_d].into_iter().enumerate() {
                    if automaton.is_special(state) {
                        keep(automaton, state, lane * length + at + 1, &mut found[lane]);
                    }
                }
            }
        }
        states = [of_a, of_b, of_c, of_d];
    }
    // What does not divide by the number of lanes, or everything where one is enough.
    let (last, found_last) = (&mut states[LANES - 1], &mut found[LANES - 1]);
    for (at, byte) in rest.iter().enumerate() {
        *last = automaton.next_state(Anchored::No, *last, *byte);
        if automaton.is_special(*last) {
            keep(automaton, *last, length * LANES + at + 1, found_last);
        }
    }
    found.into_iter().reduce(joined).unwrap_or_default()
}

fn joined(mut first: Vec<Match>, second: Vec<Match>) -> Vec<Match> {
    first.extend(second);
    first
}

/// The state at an offset, which knows what a keyword that ends behind it may have begun with.
fn state_at<A: Automaton>(automaton: &A, bytes: &[u8], at: usize) -> StateID {
    let start = automaton
        .start_state(Anchored::No)
        .expect("an automaton for unanchored searches");
    let before = at.min(automaton.max_pattern_len().saturating_sub(1));
    bytes[at - before..at]
        .iter()
        .fold(start, |state, byte| automaton.next_state(Anchored::No, state, *byte))
}

#[cold]
#[inline(never)]
fn keep<A: Automaton>(automaton: &A, state: StateID, end: usize, found: &mut Vec<Match>) {
    if !automaton.is_match(state) {
        return;
    }
    for number in 0..automaton.match_len(state) {
        let pattern = automaton.match_pattern(state, number);
        let start = end - automaton.pattern_len(pattern);
        found.push(Match::new(pattern, start..end));
    }
}

#[cfg(test)]
mod tests {
    use aho_corasick::AhoCorasick;
    use aho_corasick::dfa::DFA;
    use aho_corasick::nfa::contiguous::NFA;
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 6] = ["ab", "abba", "bb", "a-long-keyword", "b", "long"];

    fn ends(found: &[Match]) -> Vec<(usize, usize, usize)> {
        found
            .iter()
            .map(|found| (found.end(), found.start(), found.pattern().as_usize()))
            .collect()
    }

    proptest! {
        #[test]
        fn the_same_is_found_as_from_beginning_to_end(
            parts in prop::collection::vec(prop::sample::select(vec!["ab", "b", "a", "a-long-keyword", "-", "B", "a-long", "é"]), 0..2500),
        ) {
            let text = parts.concat();
            let plain = AhoCorasick::builder().ascii_case_insensitive(true).build(WORDS).unwrap();
            let expected: Vec<Match> = plain.find_overlapping_iter(&text).collect();
            let dfa = DFA::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(true).build(WORDS).unwrap();
            let nfa = NFA::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(true).build(WORDS).unwrap();
            prop_assert_eq!(ends(&find(&dfa, text.as_bytes())), ends(&expected));
            prop_assert_eq!(ends(&find(&nfa, text.as_bytes())), ends(&expected));
        }
    }
}
