//! The commands of a job, in each job of its matrix.

use super::matrix::Row;
use super::model::{CiCommand, NotFollowed};
use super::step::{MAX_COMMANDS, MAX_EXPANDED, Steps};
use super::tree::Reader;

/// Most scripts, actions and `sh -c` that all jobs of a matrix lead to together.
const MAX_FOLLOWED: u32 = 2_000;

/// What a job runs.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) commands: Vec<CiCommand>,
    pub(super) not_followed: Vec<NotFollowed>,
    followed: u32,
}

/// Collects what `read` reads of a job. Jobs of the matrix that run in other directories, or call other scripts, are read
/// apart, so that each of their commands has one directory.
pub(super) fn collect(reader: &Reader<'_>, rows: &[Row], complete: bool, read: &dyn Fn(&mut Steps<'_>)) -> Collected {
    let mut all = Collected::default();
    let mut groups: Vec<Vec<usize>> = vec![(0..rows.len()).collect()];
    while let Some(group) = groups.pop() {
        let own: Vec<Row> = group.iter().filter_map(|row| rows.get(*row).cloned()).collect();
        let mut steps = Steps::new(reader, &own, complete);
        steps.left = MAX_COMMANDS.saturating_sub(all.commands.len());
        read(&mut steps);
        all.followed += steps.followed();
        let can_part = all.followed <= MAX_FOLLOWED && steps.left > 0;
        if let Some(parts) = steps.apart.take().filter(|_| can_part) {
            // The first group is read first.
            let part = |part: Vec<usize>| part.into_iter().filter_map(|at| group.get(at).copied()).collect();
            groups.extend(parts.into_iter().rev().map(part));
            continue;
        }
        for mut command in steps.commands {
            if group.len() < rows.len() {
                command.arguments = in_rows(&command, &group, rows.len(), all.commands.len());
            }
            all.commands.push(command);
        }
        let new = steps.not_followed.into_iter();
        for one in new {
            if !all.not_followed.contains(&one) {
                all.not_followed.push(one);
            }
        }
    }
    all
}

/// The arguments of a command that runs in a part of the matrix, for all of the matrix.
fn in_rows(command: &CiCommand, group: &[usize], rows: usize, before: usize) -> Vec<Vec<super::Argument>> {
    if rows.saturating_mul(before) > MAX_EXPANDED {
        return vec![command.in_row(0).to_vec()];
    }
    let mut arguments = vec![Vec::new(); rows];
    for (at, row) in group.iter().enumerate() {
        if let Some(place) = arguments.get_mut(*row) {
            *place = command.in_row(at).to_vec();
        }
    }
    arguments
}
