//! What the report says of a suite of equivalence.

use gate_equivalence::scope::{Cell, Cover, Part, Scope};
use gate_policy::EquivalencePolicy;
use gate_report::{
    CellStanding, Equivalence, EquivalenceCell, EquivalenceExclusion, EquivalencePair, EquivalenceReference,
    EquivalenceRisk, Real,
};

use super::judge::Judged;

/// Values of axes in words: `dtype=f16, size=0|1`.
pub(super) fn part(part: &Part) -> String {
    let one = |(axis, values): (&String, &gate_equivalence::scope::OneOrMore)| {
        let values: Vec<String> = values.values().iter().map(ToString::to_string).collect();
        format!("{axis}={}", values.join("|"))
    };
    part.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What there is to say.
pub(super) struct Shown<'a> {
    pub(super) policy: &'a EquivalencePolicy,
    pub(super) scope: &'a Scope,
    pub(super) cover: &'a Cover,
    /// Names of the sides, the implementation first.
    pub(super) sides: Vec<String>,
    pub(super) inputs: Vec<String>,
    pub(super) references: Vec<EquivalenceReference>,
    pub(super) cells: &'a [(Cell, Judged)],
}

impl Shown<'_> {
    pub(super) fn equivalence(&self) -> Equivalence {
        let standing = |judged: &Judged| judged.standing.unwrap_or(CellStanding::Undecided);
        let same: Vec<&Cell> = self
            .cells
            .iter()
            .filter(|(_, judged)| standing(judged) == CellStanding::Same)
            .map(|(cell, _)| cell)
            .collect();
        let cells: Vec<EquivalenceCell> = self
            .cells
            .iter()
            .map(|(cell, judged)| EquivalenceCell {
                name: self.scope.name(cell),
                standing: standing(judged),
                differences: judged.differences,
                max_ulp: judged.max_ulp,
                mutants: judged.score.made,
                mutants_found: judged.score.killed,
                why: judged.why.clone(),
            })
            .collect();
        let ran = cells
            .iter()
            .filter(|cell| cell.standing != CellStanding::Undecided)
            .count();
        Equivalence {
            version: self.scope.version,
            scope: self.scope.digest(),
            implementation: self.policy.implementation.clone(),
            overall: String::new(),
            inputs: self.inputs.clone(),
            references: self.references.clone(),
            pairs: self.pairs(),
            combinations: self.cover.covered as u64,
            combinations_excluded: self.cover.excluded as u64,
            pass_rate: Real(if ran == 0 { 0.0 } else { same.len() as f64 / ran as f64 }),
            max_ulp: cells.iter().filter_map(|cell| cell.max_ulp).max(),
            mutants: cells.iter().map(|cell| cell.mutants).sum(),
            mutants_found: cells.iter().map(|cell| cell.mutants_found).sum(),
            exclusions: self.exclusions(),
            risk_labels: self.risks(),
            claims: self.claims(&same),
            cells,
        }
    }

    fn pairs(&self) -> Vec<EquivalencePair> {
        let mut pairs = Vec::new();
        for first in 0..self.sides.len() {
            for second in first + 1..self.sides.len() {
                let all = self.cells.iter().flat_map(|(_, judged)| &judged.pairs);
                let these = all.filter(|(a, b, _)| (*a, *b) == (first, second));
                let (same, different): (Vec<&_>, Vec<&_>) = these.partition(|(_, _, same)| *same);
                pairs.push(EquivalencePair {
                    first: self.sides[first].clone(),
                    second: self.sides[second].clone(),
                    same: same.len() as u64,
                    different: different.len() as u64,
                });
            }
        }
        pairs
    }

    fn exclusions(&self) -> Vec<EquivalenceExclusion> {
        let one = |excluded: &gate_policy::ExcludedCells| EquivalenceExclusion {
            id: excluded.id.clone(),
            scope: part(&excluded.cells),
            surface: self.policy.implementation.clone(),
            risk: excluded.severity.name().to_owned(),
            note: excluded.reason.clone(),
            owner: excluded.owner.clone(),
            until: excluded.until.to_string(),
        };
        self.policy.excluded.iter().map(one).collect()
    }

    fn risks(&self) -> Vec<EquivalenceRisk> {
        let one = |excluded: &gate_policy::ExcludedCells| EquivalenceRisk {
            id: excluded.id.clone(),
            severity: excluded.severity.name().to_owned(),
            status: excluded.status.name().to_owned(),
            note: excluded.reason.clone(),
            tracked_by: excluded.tracked_by.clone(),
        };
        self.policy.excluded.iter().map(one).collect()
    }

    /// One sentence for each reference that ran, about the values of the cells that were the same.
    fn claims(&self, same: &[&Cell]) -> Vec<String> {
        if same.is_empty() {
            return Vec::new();
        }
        let envelope: Vec<String> = self
            .scope
            .envelope(same.iter().copied())
            .into_iter()
            .map(|(axis, values)| format!("{axis} {}", values.join(", ")))
            .collect();
        let ran = self.references.iter().filter(|reference| reference.not_run.is_none());
        ran.map(|reference| {
            format!(
                "{} gives what {} gives in {} cells of {}, every {} of them combined",
                self.policy.implementation,
                reference.name,
                same.len(),
                envelope.join("; "),
                self.scope.strength.min(self.scope.axes.len())
            )
        })
        .collect()
    }
}
