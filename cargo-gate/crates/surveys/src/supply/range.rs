//! Which versions an advisory leaves alone: the requirements in `patched` and `unaffected`, read as ranges.
//!
//! Cargo never takes a pre-release for `>= 1.0.0`, but an advisory means the code: `1.1.0-rc.1` comes after the repair of
//! `1.0.0`. So versions are compared by precedence alone, as RustSec's own tools do.

use std::ops::{Bound, RangeBounds as _};

use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};

/// A range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range(Bound<Version>, Bound<Version>);

impl Range {
    /// The range of a requirement.
    ///
    /// # Errors
    /// Why it is none: it has two bounds on one side, or ends before it begins.
    fn of(requirement: &VersionReq) -> Result<Self, String> {
        let mut range = Self(Bound::Unbounded, Bound::Unbounded);
        for comparator in &requirement.comparators {
            let Self(from, to) = limits(comparator).ok_or_else(|| format!("invalid version range `{requirement}`"))?;
            for (side, bound) in [(&mut range.0, from), (&mut range.1, to)] {
                match (&side, &bound) {
                    (_, Bound::Unbounded) => {}
                    (Bound::Unbounded, _) => *side = bound,
                    _ => return Err(format!("`{requirement}` has two bounds on the same side")),
                }
            }
        }
        if range.begins_before_end_of(&range) {
            Ok(range)
        } else {
            Err(format!("`{requirement}` ends before it starts"))
        }
    }

    fn begins_before_end_of(&self, other: &Self) -> bool {
        match (&self.0, &other.1) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
            (Bound::Included(from), Bound::Included(to)) => from <= to,
            (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from < to,
        }
    }

    fn contains(&self, version: &Version) -> bool {
        (self.0.as_ref(), self.1.as_ref()).contains(version)
    }
}

/// The ranges of all requirements.
///
/// # Errors
/// Why they cannot be believed: one is no range, or two overlap.
pub(super) fn ranges<'r>(requirements: impl IntoIterator<Item = &'r VersionReq>) -> Result<Vec<Range>, String> {
    let mut ranges: Vec<(Range, &VersionReq)> = Vec::new();
    for requirement in requirements {
        let range = Range::of(requirement)?;
        let overlaps = |(other, _): &&(Range, &VersionReq)| {
            range.begins_before_end_of(other) && other.begins_before_end_of(&range)
        };
        if let Some((_, other)) = ranges.iter().find(overlaps) {
            return Err(format!("`{other}` and `{requirement}` overlap"));
        }
        ranges.push((range, requirement));
    }
    Ok(ranges.into_iter().map(|(range, _)| range).collect())
}

/// Whether a version is in one of the ranges.
pub(super) fn within(ranges: &[Range], version: &Version) -> bool {
    // Build metadata has no precedence, but an order.
    let plain = Version {
        build: BuildMetadata::EMPTY,
        ..version.clone()
    };
    ranges.iter().any(|range| range.contains(&plain))
}

/// The bounds that a comparator sets; `None` for one that RustSec does not know, and beyond the largest number.
fn limits(comparator: &Comparator) -> Option<Range> {
    let (major, minor, patch) = (comparator.major, comparator.minor, comparator.patch);
    let version = Version {
        pre: comparator.pre.clone(),
        ..Version::new(major, minor.unwrap_or(0), patch.unwrap_or(0))
    };
    // `0` is the least pre-release: without it `^1.0.0` would hold `2.0.0-alpha`.
    let before = |major, minor, patch| {
        Bound::Excluded(Version {
            pre: Prerelease::new("0").unwrap_or(Prerelease::EMPTY),
            ..Version::new(major, minor, patch)
        })
    };
    Some(match (comparator.op, minor, patch) {
        (Op::Greater, ..) => Range(Bound::Excluded(version), Bound::Unbounded),
        (Op::GreaterEq, ..) => Range(Bound::Included(version), Bound::Unbounded),
        (Op::Less, ..) => Range(Bound::Unbounded, Bound::Excluded(version)),
        (Op::LessEq, ..) => Range(Bound::Unbounded, Bound::Included(version)),
        (Op::Exact, ..) => Range(Bound::Included(version.clone()), Bound::Included(version)),
        (Op::Caret, Some(0), Some(patch)) if major == 0 => {
            Range(Bound::Included(version), before(0, 0, patch.checked_add(1)?))
        }
        (Op::Caret, Some(minor), _) if major == 0 => {
            Range(Bound::Included(version), before(0, minor.checked_add(1)?, 0))
        }
        (Op::Caret, ..) | (Op::Tilde, None, _) => Range(Bound::Included(version), before(major.checked_add(1)?, 0, 0)),
        (Op::Tilde, Some(minor), _) => Range(Bound::Included(version), before(major, minor.checked_add(1)?, 0)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(requirements: &[&str]) -> Result<Vec<Range>, String> {
        let requirements: Vec<VersionReq> = requirements.iter().map(|text| text.parse().unwrap()).collect();
        ranges(&requirements)
    }

    #[test]
    fn versions_are_compared_by_precedence() {
        for (requirements, inside, outside) in [
            (
                &[">= 1.2.3"][..],
                &["1.2.3", "1.2.3+build", "1.3.0-rc.1", "2.0.0"][..],
                &["1.2.3-rc.1", "1.2.2"][..],
            ),
            (
                &["> 1.2.3"],
                &["1.2.4-0", "1.2.4"],
                &["1.2.3", "1.2.3+build", "1.2.3-rc.1"],
            ),
            (&["<= 1.2.3"], &["1.2.3", "1.2.3+build", "0.1.0"], &["1.2.4-0"]),
            (&["= 1.2.3"], &["1.2.3", "1.2.3+build"], &["1.2.3-rc.1", "1.2.4"]),
            (
                &["^1.2.3"],
                &["1.2.3", "1.99.0-rc.1"],
                &["1.2.2", "2.0.0-alpha", "2.0.0"],
            ),
            (&["^0.2.3"], &["0.2.3", "0.2.9"], &["0.3.0-alpha", "0.3.0", "0.2.2"]),
            (&["^0.0.3"], &["0.0.3"], &["0.0.4-alpha", "0.0.4", "0.0.2"]),
            (&["^0.0"], &["0.0.0", "0.0.9"], &["0.1.0"]),
            (&["^0"], &["0.0.0", "0.9.0"], &["1.0.0"]),
            (&["~1.2"], &["1.2.0", "1.2.9"], &["1.3.0-alpha", "1.3.0", "1.1.9"]),
            (&["~1"], &["1.0.0", "1.9.0"], &["2.0.0-alpha"]),
            (
                &[">= 1.0, < 1.4", ">= 2"],
                &["1.0.0", "1.4.0-rc.1", "2.0.0"],
                &["0.9.0", "1.4.0", "2.0.0-rc.1"],
            ),
            (&["*"], &["0.0.0", "1.0.0-rc.1"], &[]),
            (&[], &[], &["1.0.0"]),
        ] {
            let ranges = of(requirements).unwrap();
            for (versions, expected) in [(inside, true), (outside, false)] {
                for version in versions {
                    assert_eq!(
                        within(&ranges, &version.parse().unwrap()),
                        expected,
                        "{version} in {requirements:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_no_range_is_named() {
        let wrong = [
            of(&[">= 1, >= 2"]),
            of(&["^1, < 1.5"]),
            of(&["> 2, < 1"]),
            of(&["> 1.0.0, < 1.0.0"]),
            of(&[">= 1", ">= 2"]),
            of(&["^1.2", "= 1.4.0"]),
            of(&["^18446744073709551615"]),
        ];
        insta::assert_snapshot!(wrong.map(Result::unwrap_err).join("\n"), @"
        `>=1, >=2` has two bounds on the same side
        `^1, <1.5` has two bounds on the same side
        `>2, <1` ends before it starts
        `>1.0.0, <1.0.0` ends before it starts
        `>=1` and `>=2` overlap
        `^1.2` and `=1.4.0` overlap
        invalid version range `^18446744073709551615`
        ");
    }
}
