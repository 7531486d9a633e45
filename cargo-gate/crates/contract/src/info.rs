//! What checks may know of each other.

use gate_base::stage::Stage;

/// A line of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckInfo {
    /// Its id.
    pub id: &'static str,
    /// What it asks, one line.
    pub summary: &'static str,
    /// First stage at which its findings block.
    pub blocks_at: Stage,
    /// When it is judged.
    pub phase: Phase,
    /// Whether its judgement is evidence for its group in the [stage contract](crate::stage_contract).
    pub group_evidence: bool,
    /// Whether its outcome is the same on every machine and every day with the same content.
    pub lasting: bool,
}

/// When a check is judged: all checks of a phase before those of the next, in the order of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// From its inputs alone. Its evidence is kept and reused.
    Evidence,
    /// From the outcomes of the checks before it, by the verdict, in each run.
    Outcomes,
    /// When every finding so far has met every waiver: it judges the waivers, so none covers it.
    Waivers,
    /// When all others are judged, so that a checklist can name them. No waiver covers it.
    Checklist,
    /// Last: it holds what was judged against the stage contract. No waiver covers it.
    Contract,
}
