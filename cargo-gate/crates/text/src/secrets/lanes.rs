//! All keywords in a text, looked for in several places of it at once: each step of an automaton waits for the one
//! before, and steps in different places wait together.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::{Anchored, Match, MatchKind};

/// Places at once. More find nothing to wait for.
const LANES: usize = 4;

/// A shorter text is looked through from its beginning to its end.
const SHORT: usize = 2048;

/// An automaton and the state in which a search begins.
pub(super) struct Search<A> {
    automaton: A,
    start: StateID,
}

impl<A: Automaton> Search<A> {
    /// `None` for an automaton that finds what starts at the beginning of a text alone, or not all that overlaps.
    pub(super) fn new(automaton: A) -> Option<Self> {
        let start = automaton.start_state(Anchored::No).ok()?;
        let all = automaton.match_kind() == MatchKind::Standard;
        all.then_some(Self { automaton, start })
    }

    /// Every occurrence of every pattern, those that overlap too, in the order of their ends.
    pub(super) fn find(&self, bytes: &[u8]) -> Vec<Match> {
        let automaton = &self.automaton;
        let length = if bytes.len() < SHORT { 0 } else { bytes.len() / LANES };
        let mut found: [Vec<Match>; LANES] = Default::default();
        // In variables of their own, which the compiler keeps in registers.
        let [mut of_a, mut of_b, mut of_c, mut of_d] = std::array::from_fn(|lane| self.state_at(bytes, lane * length));
        let (a, rest) = bytes.split_at(length);
        let (b, rest) = rest.split_at(length);
        let (c, rest) = rest.split_at(length);
        let (d, rest) = rest.split_at(length);
        let mut end = 0;
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            of_a = automaton.next_state(Anchored::No, of_a, *a);
            of_b = automaton.next_state(Anchored::No, of_b, *b);
            of_c = automaton.next_state(Anchored::No, of_c, *c);
            of_d = automaton.next_state(Anchored::No, of_d, *d);
            end += 1;
            // One branch for all of them: hardly any byte ends a keyword.
            let special = automaton.is_special(of_a)
                | automaton.is_special(of_b)
                | automaton.is_special(of_c)
                | automaton.is_special(of_d);
            if special {
                let states = [of_a, of_b, of_c, of_d].into_iter().enumerate();
                for ((lane, state), found) in states.zip(&mut found) {
                    if automaton.is_special(state) {
                        keep(automaton, state, lane * length + end, found);
                    }
                }
            }
        }
        let [mut found, of_b, of_c, mut last] = found;
        // What does not divide by the number of lanes, or everything where one is enough.
        for (at, byte) in rest.iter().enumerate() {
            of_d = automaton.next_state(Anchored::No, of_d, *byte);
            if automaton.is_special(of_d) {
                keep(automaton, of_d, length * LANES + at + 1, &mut last);
            }
        }
        found.extend(of_b);
        found.extend(of_c);
        found.extend(last);
        found
    }

    /// The state at an offset, which knows what a keyword that ends behind it may have begun with.
    fn state_at(&self, bytes: &[u8], at: usize) -> StateID {
        let before = at.saturating_sub(self.automaton.max_pattern_len().saturating_sub(1));
        let step = |state, byte: &u8| self.automaton.next_state(Anchored::No, state, *byte);
        bytes.get(before..at).unwrap_or_default().iter().fold(self.start, step)
    }
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
            prop_assert_eq!(ends(&Search::new(dfa).unwrap().find(text.as_bytes())), ends(&expected));
            prop_assert_eq!(ends(&Search::new(nfa).unwrap().find(text.as_bytes())), ends(&expected));
        }
    }
}
