//! The state of an artifact: none → pilot → controlled → broad → archived, one step at a time. Going back is an event of its own, nothing
//! leaves the archive, and there is no way around it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use gate_base::stage::Stage;
use serde::{Deserialize, Serialize};

use super::registry::{Entry, Status};

/// Where an artifact is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nowhere yet.
    #[default]
    None,
    /// In one service.
    Pilot,
    /// In limited production.
    Controlled,
    /// Everywhere.
    Broad,
    /// No longer used.
    Archived,
}

impl State {
    const ALL: [State; 5] = [
        State::None,
        State::Pilot,
        State::Controlled,
        State::Broad,
        State::Archived,
    ];

    /// The only state that follows.
    pub fn next(self) -> Option<State> {
        State::ALL.into_iter().find(|state| *state > self)
    }

    /// The stage that the state stands for.
    pub fn stage(self) -> Option<Stage> {
        match self {
            State::Pilot => Some(Stage::Pilot),
            State::Controlled => Some(Stage::Controlled),
            State::Broad => Some(Stage::Broad),
            State::None | State::Archived => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            State::None => "none",
            State::Archived => "archived",
            State::Pilot => Stage::Pilot.name(),
            State::Controlled => Stage::Controlled.name(),
            State::Broad => Stage::Broad.name(),
        }
    }

    /// Which event brings an artifact from here to there.
    ///
    /// # Errors
    /// There is none, continuing "it ".
    pub fn event(self, to: State) -> Result<Status, String> {
        if self == State::Archived {
            return Err("is archived, for good".to_owned());
        }
        match (self.next(), to) {
            (_, State::Archived) if self == State::Broad => Ok(Status::Archived),
            (Some(next), _) if next == to => Ok(Status::Promoted),
            (Some(next), _) if to > self => Err(format!("goes from {self} to {to}, which skips {next}")),
            _ if to == self => Err(format!("is in {self} already")),
            _ => Ok(Status::RolledBack),
        }
    }
}

impl From<Stage> for State {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Pilot => State::Pilot,
            Stage::Controlled => State::Controlled,
            Stage::Broad => State::Broad,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for State {
    type Err = String;

    /// A state that an artifact can be brought to.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = State::ALL.into_iter().filter(|state| *state != State::None);
        all.find(|state| state.name() == text)
            .ok_or_else(|| format!("unknown state `{text}`; the states are pilot, controlled, broad and archived"))
    }
}

/// The states of all artifacts, by digest and kernel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct States(BTreeMap<(String, Option<String>), State>);

impl States {
    /// The state of an artifact.
    pub fn of(&self, digest: &str, kernel: Option<&str>) -> State {
        let key = (digest.to_owned(), kernel.map(str::to_owned));
        self.0.get(&key).copied().unwrap_or_default()
    }

    /// Takes an event into account.
    ///
    /// # Errors
    /// The event does not follow from those before it, continuing "it ".
    pub fn apply(&mut self, entry: &Entry) -> Result<(), String> {
        let now = self.of(&entry.artifact_digest, entry.kernel.as_deref());
        if entry.from != now {
            return Err(format!("starts from {}, but the artifact is in {now}", entry.from));
        }
        if entry.status == Status::Rejected {
            return Ok(());
        }
        let event = now.event(entry.to)?;
        if event != entry.status {
            return Err(format!("calls the way from {now} to {} by another name", entry.to));
        }
        self.0
            .insert((entry.artifact_digest.clone(), entry.kernel.clone()), entry.to);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::registry::tests::entry;
    use super::*;

    #[test]
    fn an_artifact_goes_one_step_at_a_time() {
        use State::{Archived, Broad, Controlled, None, Pilot};
        use Status::{Promoted, RolledBack};
        for (from, to, expected) in [
            (None, Pilot, Ok(Promoted)),
            (Pilot, Controlled, Ok(Promoted)),
            (Controlled, Broad, Ok(Promoted)),
            (Broad, Archived, Ok(Status::Archived)),
            (Broad, Pilot, Ok(RolledBack)),
            (Controlled, None, Ok(RolledBack)),
            (None, Controlled, Err("goes from none to controlled, which skips pilot")),
            (None, Broad, Err("goes from none to broad, which skips pilot")),
            (
                Pilot,
                Archived,
                Err("goes from pilot to archived, which skips controlled"),
            ),
            (Pilot, Pilot, Err("is in pilot already")),
            (Archived, Broad, Err("is archived, for good")),
            (Archived, Pilot, Err("is archived, for good")),
        ] {
            assert_eq!(from.event(to), expected.map_err(str::to_owned), "{from} to {to}");
        }
        assert_eq!("archived".parse(), Ok(Archived));
        assert!("none".parse::<State>().is_err());
    }

    #[test]
    fn a_rejection_changes_nothing() {
        let mut states = States::default();
        states
            .apply(&entry("a", Status::Rejected, State::None, State::Broad))
            .expect("an event");
        assert_eq!(states.of("digest of a", None), State::None);
        assert!(
            states
                .apply(&entry("a", Status::Promoted, State::Pilot, State::Controlled))
                .is_err()
        );
        assert!(
            states
                .apply(&entry("a", Status::Archived, State::None, State::Pilot))
                .is_err()
        );
    }

    proptest! {
        /// Whatever is tried, nothing reaches broad without having been in pilot and controlled.
        #[test]
        fn no_state_is_skipped(tries in proptest::collection::vec((0usize..4, 0usize..5, 0usize..5), 0..60)) {
            let all = [Status::Promoted, Status::Rejected, Status::RolledBack, Status::Archived];
            let mut states = States::default();
            let mut seen = vec![State::None];
            for (status, from, to) in tries {
                let event = entry("a", all[status], State::ALL[from], State::ALL[to]);
                if states.apply(&event).is_ok() {
                    let now = states.of("digest of a", None);
                    let before = State::ALL.into_iter().rev().find(|state| *state < now);
                    prop_assert!(before.is_none_or(|before| seen.contains(&before)), "{now} without what comes before it");
                    seen.push(now);
                }
            }
        }
    }
}
