//! What a rule may look at: only what its check declared.

mod named;
mod surveys;
mod workspace;

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::base::stage::Stage;
use crate::evidence::history::History;
use crate::policy::Policy;
use crate::report::CheckReport;
use crate::surveys::Surveys;

use super::Input;

pub(crate) use surveys::register_commits;

/// The world as one check may see it. Reading what was not declared is a defect of the check and panics; the engine
/// turns a panic of a rule into the outcome `Error`, and a test runs every check over a workspace that holds nothing
/// but its declared inputs.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub(crate) workspace: &'a Surveys,
    pub(crate) policy: &'a Policy,
    pub(crate) history: &'a History,
    pub(crate) now: Timestamp,
    pub(crate) stage: Stage,
    pub(crate) declared: &'a [Input],
    pub(crate) outcomes: &'a [CheckReport],
    pub(crate) waiver_use: &'a [WaiverUse],
    pub(crate) attachments: Option<&'a Attachments>,
}

/// What became of a waiver once every finding had met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaiverUse {
    /// Whether a finding needed it.
    pub used: bool,
    /// Whether its check was carried out over the whole workspace, so that a finding would have met it.
    pub judged: bool,
}

/// Files that a check leaves beside its findings: they become part of its evidence and lie in the run directory.
#[derive(Debug, Default)]
pub struct Attachments(Mutex<BTreeMap<String, Vec<u8>>>);

impl Attachments {
    /// What was attached, sorted by path.
    pub fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.0.into_inner().unwrap_or_default()
    }
}

impl<'a> Context<'a> {
    /// The world as a check with these declared inputs may see it.
    pub fn new(
        workspace: &'a Surveys,
        policy: &'a Policy,
        history: &'a History,
        now: Timestamp,
        stage: Stage,
        declared: &'a [Input],
    ) -> Self {
        Self {
            workspace,
            policy,
            history,
            now,
            stage,
            declared,
            outcomes: &[],
            waiver_use: &[],
            attachments: None,
        }
    }

    /// The same with these checks judged before.
    #[must_use]
    pub fn with_outcomes(self, outcomes: &'a [CheckReport]) -> Self {
        Self { outcomes, ..self }
    }

    /// One of these inputs is declared.
    fn needs(&self, any_of: &[Input]) {
        assert!(
            any_of.iter().any(|input| self.declared.contains(input)),
            "the check reads {any_of:?} without declaring it"
        );
    }

    /// Each of these inputs is declared.
    fn needs_all(&self, inputs: &[Input]) {
        for input in inputs {
            self.needs(std::slice::from_ref(input));
        }
    }

    /// Leaves a file beside the findings, at `path` of the run directory, which has a directory of its own in front. Outside an evaluation it goes nowhere.
    pub fn attach(&self, path: &str, bytes: &[u8]) {
        if let Some(attachments) = self.attachments
            && let Ok(mut files) = attachments.0.lock()
        {
            files.insert(path.to_owned(), bytes.to_owned());
        }
    }

    /// The policy slice of a declared `Policy…` input.
    pub fn policy(&self) -> &'a Policy {
        self.needs(&[
            Input::PolicyTiers,
            Input::PolicyProfiles,
            Input::PolicyBoundary,
            Input::PolicyConformance,
            Input::PolicyDocs,
            Input::PolicyDeprecations,
            Input::PolicyFailure,
            Input::PolicyGenerated,
            Input::PolicyUses,
            Input::PolicyKernels,
            Input::PolicyCache,
            Input::PolicyRelease,
            Input::PolicyRuntime,
            Input::PolicyStability,
            Input::PolicyClaims,
            Input::PolicyPaths,
            Input::PolicySecrets,
            Input::PolicyStages,
            Input::PolicySuites,
            Input::PolicyCi,
            Input::PolicySupply,
            Input::PolicyToolchain,
            Input::PolicyOwners,
            Input::PolicyRecord,
            Input::PolicyRegister,
            Input::PolicyChecklist,
            Input::PolicyWaivers,
            Input::PolicyFile,
        ]);
        self.policy
    }

    /// The current day in UTC. Needs [`Input::Today`].
    pub fn today(&self) -> Date {
        self.needs(&[Input::Today]);
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The current time. Needs [`Input::History`].
    pub fn now(&self) -> Timestamp {
        self.needs(&[Input::History]);
        self.now
    }

    /// Earlier runs. Needs [`Input::History`].
    pub fn history(&self) -> &'a History {
        self.needs(&[Input::History]);
        self.history
    }

    /// The stage under evaluation. Needs [`Input::Stage`].
    pub fn stage(&self) -> Stage {
        self.needs(&[Input::Stage]);
        self.stage
    }

    /// What became of each waiver, in the order of the policy. Needs [`Input::WaiverUse`].
    pub fn waiver_use(&self) -> &'a [WaiverUse] {
        self.needs(&[Input::WaiverUse]);
        self.waiver_use
    }

    /// The checks that were judged before this one, with waivers applied, in the order of the catalogue and suites
    /// after them; empty while it is decided whether the check applies. Needs [`Input::Outcomes`].
    pub fn outcomes(&self) -> &'a [CheckReport] {
        self.needs(&[Input::Outcomes]);
        self.outcomes
    }
}
