//! What the policy must know about the built-in checks: their ids and default stages.

use gate_base::stage::Stage;

/// Ids of the checks that a policy may name, each with the stage at which it blocks by default.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    checks: Vec<(String, Stage)>,
    unwaivable: Vec<String>,
    recordable: Vec<String>,
}

impl Catalogue {
    /// Marks checks that no waiver can cover.
    #[must_use]
    pub fn unwaivable(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.unwaivable.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Whether a waiver can cover findings of this check.
    pub fn is_waivable(&self, id: &str) -> bool {
        !self.unwaivable.iter().any(|known| known == id)
    }

    /// Marks checks whose findings can be recorded as known.
    #[must_use]
    pub fn recordable(mut self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.recordable.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Whether findings of this check can be recorded as known.
    pub fn is_recordable(&self, id: &str) -> bool {
        self.recordable.iter().any(|known| known == id)
    }

    /// Adds an id that exists without being declared in the file, such as that of the default suite.
    #[must_use]
    pub fn with(mut self, id: impl Into<String>, blocks_at: Stage) -> Self {
        self.checks.push((id.into(), blocks_at));
        self
    }

    /// All ids, in the order of the catalogue.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.checks.iter().map(|(id, _)| id.as_str())
    }

    /// Stage at which this check blocks by default; `None` for an id that is not in the catalogue.
    pub fn blocks_at(&self, id: &str) -> Option<Stage> {
        self.checks
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, stage)| *stage)
    }
}

impl<I: Into<String>> FromIterator<(I, Stage)> for Catalogue {
    fn from_iter<T: IntoIterator<Item = (I, Stage)>>(checks: T) -> Self {
        Self {
            checks: checks.into_iter().map(|(id, stage)| (id.into(), stage)).collect(),
            ..Self::default()
        }
    }
}
