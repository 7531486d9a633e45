//! Exact comparisons of two normalised texts.

use std::collections::HashSet;

/// Words of an excerpt, as in the evaluation of GPT-3 (Brown and others, 2020, appendix C).
pub(crate) const GRAM: usize = 13;
/// Bytes that a text must have to be an excerpt of another by itself, where it has fewer words than [`GRAM`].
const PHRASE: usize = 24;

/// The share of character 3-grams that two texts have in common: `|A ∩ B| / |A ∪ B|`. A text shorter than three characters is
/// one gram.
pub(crate) fn resemblance(left: &str, right: &str) -> f64 {
    let (left, right) = (trigrams(left), trigrams(right));
    let mut both = 0_usize;
    let (mut at, mut to) = (0, 0);
    while let (Some(one), Some(other)) = (left.get(at), right.get(to)) {
        both += usize::from(one == other);
        at += usize::from(one <= other);
        to += usize::from(other <= one);
    }
    let all = left.len() + right.len() - both;
    if all == 0 { 1.0 } else { both as f64 / all as f64 }
}

/// The distinct character 3-grams of a text, sorted, each as 63 bits.
fn trigrams(text: &str) -> Vec<u64> {
    let mut grams = Vec::with_capacity(text.len());
    let mut gram = 0_u64;
    let mut letters = 0;
    for letter in text.chars() {
        gram = (gram << 21 | u64::from(u32::from(letter))) & ((1 << 63) - 1);
        letters += 1;
        if letters >= 3 {
            grams.push(gram);
        }
    }
    if letters > 0 && letters < 3 {
        grams.push(gram);
    }
    grams.sort_unstable();
    grams.dedup();
    grams
}

/// The share of `item`'s runs of [`GRAM`] words that stand in `document`. A shorter item counts as a whole, at the borders of words, where it is
/// long enough to be no phrase of everyday language.
pub(crate) fn containment(item: &str, document: &str) -> f64 {
    let words = starts(item);
    if words.len() < GRAM {
        let long = item.len() >= PHRASE && words.len() > 3;
        return if long && holds(document, item) { 1.0 } else { 0.0 };
    }
    let grams = grams(item, &words);
    let there: HashSet<&str> = grams_of(document);
    grams.iter().filter(|gram| there.contains(*gram)).count() as f64 / grams.len() as f64
}

/// Where words begin.
fn starts(text: &str) -> Vec<usize> {
    let after = memchr::memchr_iter(b' ', text.as_bytes()).map(|at| at + 1);
    if text.is_empty() {
        Vec::new()
    } else {
        std::iter::once(0).chain(after).collect()
    }
}

/// The runs of [`GRAM`] words.
fn grams<'t>(text: &'t str, starts: &[usize]) -> Vec<&'t str> {
    let end = |at: usize| starts.get(at + GRAM).map_or(text.len(), |next| next - 1);
    let count = (starts.len() + 1).saturating_sub(GRAM);
    (0..count).map(|at| &text[starts[at]..end(at)]).collect()
}

fn grams_of(text: &str) -> HashSet<&str> {
    grams(text, &starts(text)).into_iter().collect()
}

/// Whether a text holds a phrase at the borders of words.
fn holds(text: &str, phrase: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), phrase.as_bytes()).any(|at| {
        let before = at.checked_sub(1).map(|at| text.as_bytes()[at]);
        let after = text.as_bytes().get(at + phrase.len());
        before.is_none_or(|byte| byte == b' ') && after.is_none_or(|byte| *byte == b' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn resemblance_is_a_share_of_trigrams() {
        assert_eq!(resemblance("abcd", "abcd"), 1.0);
        // abc, bcd against abc, bce
        assert_eq!(resemblance("abcd", "abce"), 1.0 / 3.0);
        assert_eq!(resemblance("abc", "xyz"), 0.0);
        assert_eq!(resemblance("ab", "ab"), 1.0);
        assert_eq!(resemblance("", ""), 1.0);
    }

    #[test]
    fn containment_is_a_share_of_runs_of_words() {
        let words: Vec<String> = (0..26).map(|at| format!("w{at}")).collect();
        let item = words[..14].join(" ");
        assert_eq!(containment(&item, &words.join(" ")), 1.0);
        assert_eq!(containment(&item, &words[1..].join(" ")), 0.5);
        assert_eq!(containment(&item, &words[2..].join(" ")), 0.0);
    }

    #[test]
    fn short_items_count_as_a_whole() {
        let item = "the capital of atlantis is poseidonis";
        assert_eq!(
            containment(item, "they say the capital of atlantis is poseidonis today"),
            1.0
        );
        assert_eq!(containment(item, "the capital of atlantis is poseidonisland"), 0.0);
        assert_eq!(
            containment("yes it is", "yes it is so"),
            0.0,
            "too short to mean anything"
        );
    }

    proptest! {
        #[test]
        fn resemblance_is_what_sets_say(left in "[ab ]{0,20}", right in "[ab ]{0,20}") {
            let set = |text: &str| -> HashSet<String> {
                let letters: Vec<char> = text.chars().collect();
                if letters.len() < 3 {
                    return (!letters.is_empty()).then(|| text.to_owned()).into_iter().collect();
                }
                letters.windows(3).map(|gram| gram.iter().collect()).collect()
            };
            let (one, other) = (set(&left), set(&right));
            let all = one.union(&other).count();
            let want = if all == 0 { 1.0 } else { one.intersection(&other).count() as f64 / all as f64 };
            prop_assert_eq!(resemblance(&left, &right), want);
        }
    }
}
