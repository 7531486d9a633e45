//! Did-you-mean.

/// The candidate closest to `word`, if it is close enough to be what was meant: at most one edit in three characters.
pub fn similar<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Words longer than any key only cost time.
    if word.chars().count() > 100 {
        return None;
    }
    let folded = word.to_lowercase().replace('_', "-");
    candidates
        .into_iter()
        .map(|candidate| {
            let target = candidate.to_lowercase().replace('_', "-");
            (strsim::damerau_levenshtein(&folded, &target), candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count().max(3)) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::similar;

    #[test]
    fn close_words_are_suggested_and_far_ones_are_not() {
        let keys = ["expires", "reason", "owner", "min-tests", "lto"];
        assert_eq!(similar("exipres", keys), Some("expires"));
        assert_eq!(similar("min_tests", keys), Some("min-tests"));
        assert_eq!(similar("Owner", keys), Some("owner"));
        assert_eq!(similar("lta", keys), Some("lto"));
        assert_eq!(similar("severity", keys), None);
        assert_eq!(similar("", keys), None);
    }
}
