//! What `hash_chain` finds of a data set, and what finding it takes: the hash that is recorded of a resource, and patterns of files.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobMatcher};

use crate::croissant::Resource;
use crate::directory::{bare, is_sha256};
use crate::verdict::Problem;

/// What `hash_chain` found of a data set, beyond the hashes that it verifies for every layout.
#[derive(Default)]
pub(in crate::checks) struct Chain<'r> {
    /// What was done to the files.
    pub(in crate::checks) problems: Vec<Problem>,
    /// What is missing of the record.
    pub(in crate::checks) gaps: Vec<Problem>,
    /// Files of which all that is recorded was told, such as an MD5 that was verified.
    pub(in crate::checks) told: BTreeSet<&'r str>,
    /// How many files in archives were verified.
    pub(in crate::checks) verified: usize,
}

/// The SHA-256 that is recorded of a resource, where it is one: some describe a repository and write an address there.
pub(super) fn recorded(resource: &Resource) -> Option<&str> {
    resource.sha256.as_deref().map(bare).filter(|hash| is_sha256(hash))
}

/// Patterns as the reference implementation reads them: `*` goes across directories.
pub(super) fn matcher(includes: &[String], excludes: &[String]) -> impl Fn(&str) -> bool + use<> {
    let all = |patterns: &[String]| -> Vec<GlobMatcher> { patterns.iter().filter_map(|one| pattern(one)).collect() };
    let (includes, excludes) = (all(includes), all(excludes));
    move |path| includes.iter().any(|one| one.is_match(path)) && !excludes.iter().any(|one| one.is_match(path))
}

/// A pattern that can be parsed.
pub(super) fn pattern(text: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(text).literal_separator(false).build().ok()?;
    Some(glob.compile_matcher())
}
