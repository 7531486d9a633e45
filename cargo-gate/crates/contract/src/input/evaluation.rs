//! The evaluation itself: its day, its stage, its policy, what was judged before.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{CheckInfo, Context, Declares, EntryUse, Inputs, WaiverUse};
use gate_base::stage::Stage;
use gate_evidence::history;
use gate_evidence::terms::{self, Terms};
use gate_policy::{Policy, PolicySource};
use gate_report::CheckReport;

use crate::declared::{Input, InputState, known};

/// The current day.
pub struct Today;

impl Input for Today {
    const NAME: &'static str = "today's date";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            digest.part(day(inputs).to_string().as_bytes());
        })
    }
}

impl<R: Declares<Today>> Context<'_, R> {
    /// The current day in UTC.
    pub fn today(&self) -> Date {
        day(&self.inputs)
    }
}

/// Time never runs backwards for what expires.
fn day(inputs: &Inputs<'_>) -> Date {
    let now = inputs.history.not_before_last_run(inputs.now);
    now.to_zoned(TimeZone::UTC).date()
}

/// Earlier runs in this workspace, the time, and what one of them must have judged to count for this one.
pub struct History;

impl Input for History {
    const NAME: &'static str = "the run history and the clock";

    fn state(_: &Inputs<'_>) -> InputState {
        InputState::Volatile
    }
}

impl<'a, R: Declares<History>> Context<'a, R> {
    /// Earlier runs.
    pub fn history(&self) -> &'a history::History {
        self.inputs.history
    }

    /// The current time, and never a time before the latest run started: ages do not shrink where a clock is set back.
    pub fn now(&self) -> Timestamp {
        self.inputs.history.not_before_last_run(self.inputs.now)
    }

    /// When the latest run started, where that is after the present time of this machine.
    pub fn ahead_of_clock(&self) -> Option<Timestamp> {
        let latest = self.inputs.history.latest_start();
        latest.filter(|latest| *latest > self.inputs.now)
    }

    /// What this evaluation judges by.
    pub fn terms(&self) -> Terms {
        Terms::of(self.inputs.workspace, self.inputs.policy, self.inputs.packages)
    }

    /// Digest of the policy as a commit has it, as [`Terms::policy`] has it; `None` where the commit is not known, or has no such file.
    pub fn policy_in(&self, commit: &str) -> Option<String> {
        let git = self.inputs.workspace.git()?;
        terms::policy_as(self.inputs.policy, |path| git.show(commit, path).ok().flatten())
    }
}

/// The stage under evaluation.
pub struct EvaluatedStage;

impl Input for EvaluatedStage {
    const NAME: &'static str = "stage";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            digest.part(inputs.stage.name().as_bytes());
        })
    }
}

impl<R: Declares<EvaluatedStage>> Context<'_, R> {
    /// The stage under evaluation.
    pub fn stage(&self) -> Stage {
        self.inputs.stage
    }
}

/// Outcomes of the checks that were judged before. No check of [`Phase::Evidence`](crate::Phase) reads them.
pub struct Outcomes;

impl Input for Outcomes {
    const NAME: &'static str = "outcomes of the other checks";

    fn state(_: &Inputs<'_>) -> InputState {
        InputState::Volatile
    }
}

impl<'a, R: Declares<Outcomes>> Context<'a, R> {
    /// The checks that were judged before this one, with waivers applied, in the order of the catalogue and suites
    /// after them; empty while it is decided whether the check applies.
    pub fn outcomes(&self) -> &'a [CheckReport] {
        self.inputs.outcomes
    }
}

/// What there is to judge. No check of [`Phase::Evidence`](crate::Phase) reads it.
pub struct Catalogue;

impl Input for Catalogue {
    const NAME: &'static str = "the catalogue of checks";

    fn state(_: &Inputs<'_>) -> InputState {
        InputState::Volatile
    }
}

impl<'a, R: Declares<Catalogue>> Context<'a, R> {
    /// Every built-in check, in the order of the catalogue; empty while it is decided whether the check applies.
    pub fn catalogue(&self) -> &'a [CheckInfo] {
        self.inputs.catalogue
    }
}

/// Which findings met which waivers. Only a check of [`Phase::Waivers`](crate::Phase) reads them.
pub struct WaiverUses;

impl Input for WaiverUses {
    const NAME: &'static str = "which findings the waivers matched";

    fn state(_: &Inputs<'_>) -> InputState {
        InputState::Volatile
    }
}

impl<'a, R: Declares<WaiverUses>> Context<'a, R> {
    /// What became of each waiver, in the order of the policy.
    pub fn waiver_use(&self) -> &'a [WaiverUse] {
        self.inputs.waiver_use
    }
}

/// Which findings are recorded as known. Only a check of [`Phase::Waivers`](crate::Phase) reads them.
pub struct KnownUses;

impl Input for KnownUses {
    const NAME: &'static str = "which findings the known ones matched";

    fn state(_: &Inputs<'_>) -> InputState {
        InputState::Volatile
    }
}

impl<'a, R: Declares<KnownUses>> Context<'a, R> {
    /// What became of each entry of the known findings, in the order of their file.
    pub fn known_use(&self) -> &'a [EntryUse] {
        self.inputs.known_use
    }
}

/// Whether there is a policy file.
pub struct HasPolicy;

impl Input for HasPolicy {
    const NAME: &'static str = "whether there is a policy file";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            digest.part(&[u8::from(inputs.policy.source.is_some())]);
        })
    }
}

impl<R: Declares<HasPolicy>> Context<'_, R> {
    /// Whether there is a policy file.
    pub fn has_policy(&self) -> bool {
        self.inputs.policy.source.is_some()
    }
}

/// The whole policy file with what it extends, its sanity warnings included.
pub struct WholePolicy;

impl Input for WholePolicy {
    const NAME: &'static str = "policy file";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let policy = inputs.policy;
        let files = policy.source.iter().flat_map(PolicySource::files);
        let files: Vec<(&str, &str)> = files.collect();
        // Sanity warnings follow from the text and from the tool's own ranges.
        let bytes = serde_json::to_vec(&(files, &policy.sanity, &policy.dangers));
        known::<Self>(|digest| {
            digest.part(&bytes.unwrap_or_default());
        })
    }
}

impl<'a, R: Declares<WholePolicy>> Context<'a, R> {
    /// The policy as the file declares it.
    pub fn whole_policy(&self) -> &'a Policy {
        self.inputs.policy
    }
}
