//! The state of an artifact: none → pilot → controlled → broad → archived, one step at a time. Going back is an event of its own, nothing
//! leaves the archive, and there is no way around it.

use std::fmt;
use std::str::FromStr;

use gate_base::stage::Stage;
use serde::{Deserialize, Serialize};

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
    pub(super) const ALL: [State; 5] = [
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

/// What was decided about an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It went one stage on.
    Promoted,
    /// It was kept where it is.
    Rejected,
    /// It went back to an earlier stage.
    RolledBack,
    /// It is no longer used, for good.
    Archived,
}

#[cfg(test)]
mod tests {
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
}
