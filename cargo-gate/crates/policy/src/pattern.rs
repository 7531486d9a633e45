//! Patterns of the policy. Over names, `*` stands for any characters and `?` for one; over paths, they are globs.

use globset::Glob;

pub use gate_base::pattern::matches;

/// Whether it covers more than the name it spells.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a glob of the policy covers a path. Patterns are validated when the policy is read.
pub fn path_matches(pattern: &str, path: &str) -> bool {
    Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(path))
}
