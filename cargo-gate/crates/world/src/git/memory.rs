//! Answers of git that a run remembers.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::objects::Objects;
use super::tags::Tag;

/// Whether one commit comes before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ancestry {
    /// It does, or it is the same commit.
    Yes,
    /// It does not.
    No,
    /// The repository does not say, and why: the commit is not there, or the clone is shallow.
    Unknown(String),
}

/// Whether a commit is in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitState {
    /// It is.
    There,
    /// It is not, and the repository is whole.
    Missing,
    /// It is not in this clone, whose history was cut off, so it may be in the repository.
    CutOff,
    /// Several objects begin with these digits, or it is something other than a commit.
    NotOne,
}

impl CommitState {
    /// A word for each.
    pub fn name(self) -> &'static str {
        match self {
            CommitState::There => "there",
            CommitState::Missing => "missing",
            CommitState::CutOff => "cut off",
            CommitState::NotOne => "not one",
        }
    }
}

/// Answers that were already given.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) ancestry: Mutex<BTreeMap<String, Ancestry>>,
    pub(super) shown: Mutex<BTreeMap<(String, String), Shown>>,
    pub(super) shallow: OnceLock<Result<bool, String>>,
    pub(super) commits: Mutex<BTreeMap<Vec<String>, CommitStates>>,
    pub(super) tags: OnceLock<Result<Vec<Tag>, String>>,
    pub(super) changes: Mutex<BTreeMap<String, Parents>>,
    pub(super) objects: Objects,
}

pub(super) type Shown = Result<Option<Vec<u8>>, String>;

pub(super) type Parents = Result<Option<Vec<String>>, String>;

pub(super) type CommitStates = Result<BTreeMap<String, CommitState>, String>;

pub(super) fn remember<K: Ord + Clone, V: Clone>(memory: &Mutex<BTreeMap<K, V>>, key: K, ask: impl FnOnce() -> V) -> V {
    let mut known = memory.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(key).or_insert_with(ask).clone()
}
