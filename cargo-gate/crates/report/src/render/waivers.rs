//! What is covered for a time: waivers and records of known findings by the days that are left of them.

use jiff::civil::Date;

use crate::{Finding, Report};

/// What covers findings until a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cover<'a> {
    /// Days from the start of the run to the last day; `None` where one of them is not a date.
    pub(super) days: Option<i32>,
    /// Last day, `YYYY-MM-DD`.
    pub(super) until: &'a str,
    /// Owner: a team or a person.
    pub(super) owner: &'a str,
    /// Why it is acceptable, or the file that records it.
    pub(super) why: &'a str,
    /// The checks whose findings it covers, in the order of the report.
    pub(super) checks: Vec<&'a str>,
    /// Number of findings.
    pub(super) findings: u64,
}

/// Every waiver and record that covers findings, the one that ends first in front.
pub(super) fn by_days_left(report: &Report) -> Vec<Cover<'_>> {
    let mut out: Vec<Cover<'_>> = Vec::new();
    for check in &report.checks {
        for (until, owner, why) in check.findings.iter().filter_map(cover) {
            let same = |known: &&mut Cover<'_>| (known.until, known.owner, known.why) == (until, owner, why);
            match out.iter_mut().find(same) {
                Some(known) => {
                    known.findings += 1;
                    if known.checks.last() != Some(&check.id.as_str()) {
                        known.checks.push(&check.id);
                    }
                }
                None => out.push(Cover {
                    days: days(&report.started, until),
                    until,
                    owner,
                    why,
                    checks: vec![&check.id],
                    findings: 1,
                }),
            }
        }
    }
    out.sort_by(|a, b| (a.until, a.owner, a.why).cmp(&(b.until, b.owner, b.why)));
    out
}

fn cover(finding: &Finding) -> Option<(&str, &str, &str)> {
    if let Some(waiver) = &finding.waived {
        return Some((&waiver.expires, &waiver.owner, &waiver.reason));
    }
    let known = finding.known.as_ref()?;
    Some((&known.until, &known.owner, &known.file))
}

fn days(started: &str, until: &str) -> Option<i32> {
    let today: Date = started.get(..10)?.parse().ok()?;
    let last: Date = until.parse().ok()?;
    Some(today.until(last).ok()?.get_days())
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn what_ends_first_is_first() {
        let report = samples::bounded();
        let covers = by_days_left(&report);
        let shown: Vec<_> = covers
            .iter()
            .map(|cover| (cover.days, cover.owner, cover.findings))
            .collect();
        assert_eq!(shown, [(Some(274), "core-team", 2), (Some(305), "core-team", 2)]);
    }

    #[test]
    fn what_is_no_date_has_no_days() {
        assert_eq!(days("0000-00-00T00:00:00Z", "2026-01-01"), None);
        assert_eq!(days("ü", "2026-01-01"), None);
        assert_eq!(days("2026-01-02T00:00:00Z", "soon"), None);
        assert_eq!(days("2026-01-02T00:00:00Z", "2026-01-01"), Some(-1));
    }
}
