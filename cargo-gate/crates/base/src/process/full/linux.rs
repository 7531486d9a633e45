//! The limit of the size of a file is 0 for them. That needs no privilege: only the soft limit changes, below the hard one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

/// How often a tree is read again because it grew while it was limited.
const READINGS: usize = 100;

/// Starts what can be limited later: a write beyond the limit is an error for it, as on a full disk, and no signal that ends it.
///
/// # Errors
/// The system does not hold the signal back.
pub fn prepared<T>(start: impl FnOnce() -> T) -> io::Result<T> {
    // A process that is started inherits what this thread holds back.
    let mut held = SigSet::empty();
    held.add(Signal::SIGXFSZ);
    let before = held.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
    let started = start();
    before.thread_set_mask()?;
    Ok(started)
}

/// What a process and its descendants had before they were limited.
#[derive(Debug)]
pub struct Full {
    root: u32,
    soft: Option<u64>,
}

impl Full {
    /// Limits a process and all its descendants, whichever groups they are in.
    ///
    /// # Errors
    /// The process is gone, or belongs to someone else.
    pub fn begin(root: u32) -> io::Result<Self> {
        let (soft, _) = limit(root)?;
        set(root, Some(0))?;
        Ok(Self { root, soft })
    }

    /// How many processes can write nothing; an error where one of them can.
    ///
    /// # Errors
    /// The process is gone, or one of its descendants raised its limit.
    pub fn holds(&self) -> io::Result<usize> {
        let tree = tree(self.root)?;
        for id in &tree {
            match limit(*id) {
                Ok((Some(0), _)) => {}
                Ok(_) => return Err(io::Error::other(format!("process {id} can write files"))),
                // It ended in this moment.
                Err(_) if *id != self.root => {}
                Err(error) => return Err(error),
            }
        }
        Ok(tree.len())
    }

    /// Gives the process and its descendants the limit back that it had.
    ///
    /// # Errors
    /// The process is gone.
    pub fn end(self) -> io::Result<()> {
        set(self.root, self.soft)
    }
}

/// Sets the limit of a tree. What a limited process starts inherits its limit, so that few readings meet all.
fn set(root: u32, soft: Option<u64>) -> io::Result<()> {
    let mut done = BTreeSet::new();
    for _ in 0..READINGS {
        let tree = tree(root)?;
        let new: Vec<u32> = tree.into_iter().filter(|id| !done.contains(id)).collect();
        if new.is_empty() {
            return Ok(());
        }
        for id in new {
            let set = set_one(id, soft);
            // A descendant may have ended in this moment.
            if id == root || limit(id).is_ok() {
                set?;
            }
            done.insert(id);
        }
    }
    Err(io::Error::other("it starts processes faster than they can be limited"))
}

fn set_one(id: u32, soft: Option<u64>) -> io::Result<()> {
    let (_, hard) = limit(id)?;
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    let wanted = Rlimit {
        current: soft,
        maximum: hard,
    };
    prlimit(Some(pid.ok_or(io::ErrorKind::NotFound)?), Resource::Fsize, wanted)?;
    Ok(())
}

/// The soft and the hard limit of a process; `None` where there is no limit. Source: `man 5 proc_pid_limits`.
fn limit(id: u32) -> io::Result<(Option<u64>, Option<u64>)> {
    let text = fs::read_to_string(format!("/proc/{id}/limits"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max file size"));
    let mut numbers = line.unwrap_or_default().split_whitespace();
    let mut number = || match numbers.next() {
        Some("unlimited") => Ok(None),
        Some(number) => number.parse().map(Some).map_err(io::Error::other),
        None => Err(io::Error::other("the system shows no limit")),
    };
    Ok((number()?, number()?))
}

/// A process and its descendants that live. Source: `man 5 proc_pid_stat`.
fn tree(root: u32) -> io::Result<Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut lives = false;
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // A process that is gone shows nothing.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name is in parentheses and may hold any character.
        let mut rest = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let (state, parent) = (rest.next(), rest.next().and_then(|parent| parent.parse().ok()));
        if matches!(state, Some("Z" | "X")) {
            continue;
        }
        lives |= id == root;
        children.entry(parent.unwrap_or_default()).or_default().push(id);
    }
    if !lives {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut found = vec![root];
    let mut at = 0;
    while let Some(id) = found.get(at) {
        found.extend(children.get(id).cloned().unwrap_or_default());
        at += 1;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_limit_and_is_its_own_root() {
        let id = std::process::id();
        limit(id).unwrap();
        assert_eq!(tree(id).unwrap()[0], id);
        // No process has this id.
        assert!(Full::begin(u32::MAX).is_err());
    }
}
