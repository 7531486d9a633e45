//! What differs, where, and by how much.

/// Differences that are kept with their place.
const KEPT: usize = 5;

/// One thing in which outputs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where: ``row 3, column `total` `` or ``tensor `data` at [1, 0]``.
    pub place: String,
    /// What the reference has there.
    pub expected: String,
    /// What the other has there.
    pub found: String,
}

impl Difference {
    pub(crate) fn new(place: impl Into<String>, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// What a comparison showed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// Number of differences that were counted. 0 means that the outputs are the same under the rules.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Difference>,
    /// The largest distance of two finite floating-point numbers in units in the last place, within a tolerance or not.
    pub max_ulp: Option<u64>,
}

impl Compared {
    /// Whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn differ(&mut self, difference: impl FnOnce() -> Difference) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(difference());
        }
    }

    pub(crate) fn apart(&mut self, ulp: Option<u64>) {
        self.max_ulp = self.max_ulp.max(ulp);
    }
}
