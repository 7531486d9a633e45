//! Invariants before and after: what a migration newly violates fails it, what it resolves is reported.

use std::collections::BTreeMap;
use std::path::Path;

use crate::JsonSchema;
use gate_text::secrets::mask_text;
use serde::{Deserialize, Serialize};

use super::commands::Commands;
use super::machine::Reason;

/// An invariant that a history violates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Violation {
    /// The invariant.
    pub id: String,
    /// What violates it.
    pub subject: String,
    /// How.
    #[serde(default)]
    pub detail: String,
}

/// What a migration changes about the violated invariants. A violation is known by its id and its subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// Violations of the migrated history that the history does not have.
    pub newly_violated: Vec<Violation>,
    /// Violations of the history that the migrated one does not have.
    pub resolved: Vec<Violation>,
}

impl Drift {
    /// What differs between the baseline and the candidate.
    fn between(baseline: &[Violation], candidate: &[Violation]) -> Self {
        fn known(violations: &[Violation]) -> BTreeMap<(&str, &str), &Violation> {
            violations
                .iter()
                .map(|violation| ((violation.id.as_str(), violation.subject.as_str()), violation))
                .collect()
        }
        let (baseline, candidate) = (known(baseline), known(candidate));
        let without = |these: &BTreeMap<_, &Violation>, those: &BTreeMap<_, &Violation>| {
            let only = these.iter().filter(|(key, _)| !those.contains_key(*key));
            only.map(|(_, violation)| (*violation).clone()).collect()
        };
        Self {
            newly_violated: without(&candidate, &baseline),
            resolved: without(&baseline, &candidate),
        }
    }

    /// Why the migration fails, if it does.
    pub(super) fn problem(&self) -> Option<Reason> {
        let first = self.newly_violated.first()?;
        let more = match self.newly_violated.len() {
            1 => String::new(),
            all => format!(", and {} more", all - 1),
        };
        Some(format!(
            "the migrated history newly violates `{}` for {}: {}{more}",
            first.id, first.subject, first.detail
        ))
    }
}

/// Judges two files by the declared command; `None` without one.
pub(super) fn drift(
    commands: &Commands<'_>,
    baseline: (&Path, u32),
    candidate: (&Path, u32),
) -> Result<Option<Drift>, Reason> {
    let Some(command) = &commands.policy.invariants else {
        return Ok(None);
    };
    let violations = |(path, version): (&Path, u32)| {
        let mut output = Vec::new();
        commands.run("invariants", command, Some(version), Some(path), &mut |bytes| {
            output.extend_from_slice(bytes);
        })?;
        parse(&output)
    };
    Ok(Some(Drift::between(&violations(baseline)?, &violations(candidate)?)))
}

/// Reads what the command printed. Details may quote events, so they are masked.
fn parse(output: &[u8]) -> Result<Vec<Violation>, Reason> {
    let text = std::str::from_utf8(output).map_err(|_| "`invariants` printed something other than UTF-8".to_owned())?;
    let read = |(at, line): (usize, &str)| {
        let violation: Violation = serde_json::from_str(line).map_err(|error| {
            // It may quote the line.
            let error = error.to_string();
            format!(
                "`invariants` printed a line {} without `id` and `subject`: {}",
                at + 1,
                mask_text(&error)
            )
        })?;
        Ok(gate_report::masked(&violation).unwrap_or(violation))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_fails_and_what_is_gone_is_reported() {
        let before =
            parse(b"{\"id\":\"sum\",\"subject\":\"a\",\"detail\":\"1\"}\n\n{\"id\":\"sum\",\"subject\":\"b\"}\n")
                .expect("violations");
        let after = parse(b"{\"id\":\"sum\",\"subject\":\"b\",\"detail\":\"other words\"}\r\n{\"id\":\"key\",\"subject\":\"b\",\"detail\":\"2\"}\n")
            .expect("violations");
        let drift = Drift::between(&before, &after);
        assert_eq!(
            drift.problem().as_deref(),
            Some("the migrated history newly violates `key` for b: 2")
        );
        assert_eq!(drift.resolved, before[..1]);
        assert_eq!(Drift::between(&before, &before), Drift::default());
        assert_eq!(Drift::between(&after, &[]).problem(), None);
    }

    #[test]
    fn what_cannot_be_parsed_is_no_violation_that_is_absent() {
        for output in [b"none\n".as_slice(), b"{\"id\":\"a\"}\n", b"\xff\n"] {
            assert!(parse(output).is_err());
        }
    }
}
