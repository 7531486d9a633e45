//! Which files a suite declares to read.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use gate_policy::SuitePolicy;

/// Which files belong to the fingerprint of a suite.
#[derive(Debug)]
pub struct InputFilter(Option<GlobSet>);

impl InputFilter {
    /// The filter of a suite; a suite without globs reads every file, and so does one whose globs cannot be built
    /// (a validated policy holds none): reading too much is sound.
    pub fn new(suite: &SuitePolicy) -> Self {
        if suite.inputs.is_empty() {
            return Self(None);
        }
        let mut set = GlobSetBuilder::new();
        for pattern in &suite.inputs {
            match GlobBuilder::new(pattern).literal_separator(true).build() {
                Ok(glob) => set.add(glob),
                Err(_) => return Self(None),
            };
        }
        Self(set.build().ok())
    }

    /// Whether the suite reads the file at this path.
    pub fn reads(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(path))
    }
}
