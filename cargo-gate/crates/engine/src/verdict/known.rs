//! Which findings were there when the gate was adopted.

use std::collections::BTreeMap;

use jiff::civil::Date;

use gate_contract::EntryUse;
use gate_policy::{KNOWN_FINDINGS, KnownPolicy, Policy};
use gate_report::render::anchor;
use gate_report::{Finding, KnownUse, masked};

/// The record of known findings, and how often each of its entries met a finding.
pub(super) struct Known<'a> {
    policy: Option<&'a KnownPolicy>,
    /// Positions of the entries by what tells them apart.
    entries: BTreeMap<(&'a str, &'a str, &'a str), usize>,
    found: Vec<u32>,
}

impl<'a> Known<'a> {
    pub(super) fn of(policy: &'a Policy) -> Self {
        let policy = policy.known.as_ref();
        let all = policy
            .map(|known| known.findings.entries.as_slice())
            .unwrap_or_default();
        Self {
            policy,
            entries: all.iter().enumerate().map(|(at, entry)| (entry.key(), at)).collect(),
            found: vec![0; all.len()],
        }
    }

    /// Marks a finding that is recorded, unless a waiver covers it. Where there are more of a kind than were recorded, the
    /// last ones count as new. After the last day a finding meets its entry all the same, so that nobody is told it were fixed.
    pub(super) fn apply(&mut self, check: &str, finding: &mut Finding, today: Date) {
        let Some(policy) = self.policy.filter(|_| finding.waived.is_none()) else {
            return;
        };
        let place = anchor(Some(finding));
        // The file holds what reports show.
        let masked = masked(&finding.message);
        let message = masked.as_ref().unwrap_or(&finding.message).as_str();
        let Some(at) = self.entries.get(&(check, place.path.as_str(), message)).copied() else {
            return;
        };
        let (count, found) = (policy.findings.entries[at].count, &mut self.found[at]);
        *found += 1;
        if *found <= count && policy.findings.until >= today {
            finding.known = Some(KnownUse {
                file: KNOWN_FINDINGS.to_owned(),
                owner: policy.owner.clone(),
                until: policy.findings.until.to_string(),
            });
        } else if *found > count {
            let more = format!("`{KNOWN_FINDINGS}` has only {count} of these in `{}`", place.path);
            finding.help = Some(match finding.help.take() {
                Some(help) => format!("{help}; {more}"),
                None => more,
            });
        }
    }

    /// What became of each entry. `judged` says whether a check was carried out over the whole workspace.
    pub(super) fn uses(&self, judged: impl Fn(&str) -> bool) -> Vec<EntryUse> {
        let all = self
            .policy
            .map(|known| known.findings.entries.as_slice())
            .unwrap_or_default();
        let uses = all.iter().zip(&self.found).map(|(entry, found)| EntryUse {
            found: *found,
            judged: judged(&entry.check),
        });
        uses.collect()
    }
}
