//! What the events of a registry add up to.

use std::collections::BTreeMap;

use super::entry::Entry;
use super::state::{State, Status};

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
