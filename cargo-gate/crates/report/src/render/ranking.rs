//! The order in which findings are shown where only some of them can be.

use super::Weight;
use crate::{CheckReport, Finding, Outcome, Report};

/// Something to show: a finding, or that a check has no judgement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked<'a> {
    /// How it counts.
    pub(super) weight: Weight,
    /// Place of the check in the report.
    pub(super) index: usize,
    /// Its check.
    pub(super) check: &'a CheckReport,
    /// The finding; `None` for a check that could not be judged.
    pub(super) finding: Option<&'a Finding>,
}

/// Everything the report has to say, most severe first: what blocks before what warns before what is covered, a check
/// without a judgement before a finding, what blocks an earlier stage before what blocks a later one. Among equals each
/// check has its turn before one speaks again, so that a long list of one check hides no other.
pub(super) fn ranked(report: &Report) -> Vec<Ranked<'_>> {
    let mut keyed = Vec::new();
    for (index, check) in report.checks.iter().enumerate() {
        if is_unjudged(check) {
            let said = Ranked {
                weight: Weight::Blocks,
                index,
                check,
                finding: None,
            };
            keyed.push(((Weight::Blocks, None, 0, index), said));
        }
        let mut turns: Vec<((Weight, Option<u8>), usize)> = Vec::new();
        for finding in &check.findings {
            let weight = report.weight(finding);
            let stage = Some(finding.blocks_at.map_or(u8::MAX, |stage| stage as u8));
            let turn = match turns.iter_mut().find(|(class, _)| *class == (weight, stage)) {
                Some((_, turn)) => {
                    *turn += 1;
                    *turn
                }
                None => {
                    turns.push(((weight, stage), 0));
                    0
                }
            };
            let said = Ranked {
                weight,
                index,
                check,
                finding: Some(finding),
            };
            keyed.push(((weight, stage, turn, index), said));
        }
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, said)| said).collect()
}

/// Whether the check ended without a judgement.
pub(super) fn is_unjudged(check: &CheckReport) -> bool {
    !matches!(check.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn what_blocks_first_comes_first_and_every_check_has_a_turn() {
        let report = samples::failures();
        let order: Vec<String> = ranked(&report)
            .iter()
            .take(9)
            .map(|said| {
                let stage = said.finding.and_then(|finding| finding.blocks_at);
                format!("{:?} {} {stage:?}", said.weight, said.check.id)
            })
            .collect();
        insta::assert_snapshot!(order.join("\n"), @"
        Blocks lockfile.fresh Some(Pilot)
        Blocks secrets.tree Some(Pilot)
        Blocks suite.test.default Some(Pilot)
        Blocks lockfile.sources Some(Controlled)
        Blocks profile.release Some(Controlled)
        Blocks boundary.safety Some(Controlled)
        Blocks boundary.safety Some(Controlled)
        Blocks boundary.safety Some(Controlled)
        Blocks boundary.safety Some(Controlled)
        ");
        assert_eq!(
            ranked(&report).len(),
            report.checks.iter().map(|check| check.findings.len()).sum::<usize>()
        );
    }

    #[test]
    fn what_could_not_be_judged_comes_before_everything() {
        let report = samples::unjudged();
        let order: Vec<&str> = ranked(&report).iter().map(|said| said.check.id.as_str()).collect();
        assert_eq!(
            order,
            [
                "lockfile.fresh",
                "boundary.raw",
                "suite.test.default",
                "toolchain.pinned"
            ]
        );
    }
}
