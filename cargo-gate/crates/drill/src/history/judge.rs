//! Compares a history with what was kept, in one pass over each.

use std::collections::{HashMap, HashSet};

use super::{Action, Model, Operation, Outcome, Stored};

/// What the system did that it must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViolationKind {
    /// An acknowledged write is not there.
    Lost,
    /// A value is there more than once, or a key has more than one.
    Duplicate,
    /// A write that was refused has an effect.
    Refused,
    /// A value that nobody wrote.
    Foreign,
    /// An older value than the last acknowledged one.
    Old,
}

impl ViolationKind {
    /// In words, after a number: `2 acknowledged writes lost`.
    pub fn words(self) -> &'static str {
        match self {
            ViolationKind::Lost => "acknowledged and not there",
            ViolationKind::Duplicate => "there more than once",
            ViolationKind::Refused => "refused and there",
            ViolationKind::Foreign => "there and written by no operation",
            ViolationKind::Old => "older than the last acknowledged value",
        }
    }
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// What kind.
    pub kind: ViolationKind,
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// What a history shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// Writes that were refused.
    pub refused: u64,
    /// Writes of which nobody knows whether they had an effect.
    pub unknown: u64,
    /// Those of them that had one.
    pub unknown_there: u64,
    /// What must not be, sorted.
    pub violations: Vec<Violation>,
}

type Pair<'a> = (&'a str, &'a str);

/// Judges a history by what was kept in the end. Linear in the number of operations and of stored values.
///
/// # Errors
/// The history does not say what it must: an id or a written pair of key and value occurs twice.
pub fn judge(model: Model, history: &[Operation], stored: &[Stored]) -> Result<Judgement, String> {
    let mut judgement = Judgement::default();
    let mut ids = HashSet::with_capacity(history.len());
    let mut writes: HashMap<Pair<'_>, &Operation> = HashMap::with_capacity(history.len());
    // When the last acknowledged write of each key began.
    let mut latest: HashMap<&str, u64> = HashMap::new();
    for operation in history {
        if !ids.insert(operation.id) {
            return Err(format!("the id {} occurs twice", operation.id));
        }
        let (Action::Write, Some(value)) = (operation.op, operation.value.as_deref()) else {
            continue;
        };
        let key = operation.key.as_str();
        if writes.insert((key, value), operation).is_some() {
            return Err(format!(
                "the value `{value}` is written twice under the key `{key}`, so that its effects cannot be distinguished"
            ));
        }
        match operation.outcome {
            Outcome::Ok => {
                judgement.acknowledged += 1;
                let began = latest.entry(key).or_default();
                *began = operation.start.max(*began);
            }
            Outcome::Fail => judgement.refused += 1,
            Outcome::Unknown => judgement.unknown += 1,
        }
    }
    let mut found: HashSet<Pair<'_>> = HashSet::with_capacity(stored.len());
    let mut keys: HashSet<&str> = HashSet::new();
    let mut violations = Vec::new();
    let mut violated = |kind, key: &str, value: &str| {
        violations.push(Violation {
            kind,
            key: key.to_owned(),
            value: value.to_owned(),
        });
    };
    for Stored { key, value } in stored {
        let (key, value) = (key.as_str(), value.as_str());
        let again = !keys.insert(key) && model == Model::Register;
        if !found.insert((key, value)) || again {
            violated(ViolationKind::Duplicate, key, value);
            continue;
        }
        match writes.get(&(key, value)) {
            None => violated(ViolationKind::Foreign, key, value),
            Some(write) if write.outcome == Outcome::Fail => violated(ViolationKind::Refused, key, value),
            Some(write) => {
                judgement.unknown_there += u64::from(write.outcome == Outcome::Unknown);
                let followed = latest.get(key).is_some_and(|began| *began > write.end);
                // What is unknown may have its effect at any later time.
                if model == Model::Register && write.outcome == Outcome::Ok && followed {
                    violated(ViolationKind::Old, key, value);
                }
            }
        }
    }
    for operation in history {
        let Some(value) = operation.value.as_deref().filter(|_| operation.outcome == Outcome::Ok) else {
            continue;
        };
        let key = operation.key.as_str();
        match operation.op {
            Action::Write => {
                let there = match model {
                    Model::Set => found.contains(&(key, value)),
                    Model::Register => keys.contains(key),
                };
                if !there {
                    violated(ViolationKind::Lost, key, value);
                }
            }
            Action::Read => match writes.get(&(key, value)) {
                Some(write) if write.outcome == Outcome::Fail => violated(ViolationKind::Refused, key, value),
                Some(write) if write.start <= operation.end => {}
                _ => violated(ViolationKind::Foreign, key, value),
            },
        }
    }
    violations.sort();
    judgement.violations = violations;
    Ok(judgement)
}
