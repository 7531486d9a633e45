//! What the policy allows: which tier a package has, and which declaration covers a file.

use globset::{GlobBuilder, GlobMatcher};

use gate_policy::{BoundaryAllow, BoundaryPolicy, Tier, TierException, TierPolicy};

/// Who allows raw authority in a file.
#[derive(Debug, Clone, Copy)]
pub enum Cover<'p> {
    /// The crate is `native`; the exception says so, or else the default tier does.
    Tier(Option<&'p TierException>),
    /// An entry of `[[boundary.allow]]`.
    Allow(&'p BoundaryAllow),
}

/// The declared authorities.
#[derive(Debug)]
pub struct Authorities<'p> {
    tiers: &'p Option<TierPolicy>,
    boundary: &'p Option<BoundaryPolicy>,
    allow: Vec<(GlobMatcher, &'p BoundaryAllow)>,
}

impl<'p> Authorities<'p> {
    /// The authorities of `[tiers]` and `[boundary]`. A glob that cannot be read allows nothing; validation of the policy reports it.
    pub fn new(tiers: &'p Option<TierPolicy>, boundary: &'p Option<BoundaryPolicy>) -> Self {
        let allow = boundary
            .iter()
            .flat_map(|boundary| &boundary.allow)
            .filter_map(|entry| {
                let glob = GlobBuilder::new(&entry.path).literal_separator(true).build().ok()?;
                Some((glob.compile_matcher(), entry))
            })
            .collect();
        Self { tiers, boundary, allow }
    }

    /// Whether anything about tiers or boundaries is declared.
    pub fn declared(&self) -> bool {
        self.tiers.is_some() || self.boundary.is_some()
    }

    /// Tier of a package; `portable` where nothing is declared.
    pub fn tier(&self, package: &str) -> Tier {
        match (self.exception(package), self.tiers) {
            (Some(exception), _) => exception.tier,
            (None, Some(tiers)) => tiers.default,
            (None, None) => Tier::Portable,
        }
    }

    /// The declaration that covers a file of a package, if one does.
    pub fn cover(&self, package: &str, path: &str) -> Option<Cover<'p>> {
        if self.tier(package) == Tier::Native {
            return Some(Cover::Tier(self.exception(package)));
        }
        self.allow
            .iter()
            .find(|(glob, _)| glob.is_match(path))
            .map(|(_, entry)| Cover::Allow(entry))
    }

    /// Entries of `[[boundary.allow]]` that match none of these files.
    pub fn unused(&self, files: &[&str]) -> Vec<&'p BoundaryAllow> {
        let unused = self
            .allow
            .iter()
            .filter(|(glob, _)| !files.iter().any(|path| glob.is_match(path)));
        unused.map(|(_, entry)| *entry).collect()
    }

    fn exception(&self, package: &str) -> Option<&'p TierException> {
        let tiers = self.tiers.as_ref()?;
        tiers.exceptions.iter().find(|exception| exception.package == package)
    }
}
