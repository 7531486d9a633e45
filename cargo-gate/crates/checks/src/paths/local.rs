//! `paths.local`: no path of one machine stands in the tree.

use std::collections::BTreeMap;

use memchr::memmem::Finder;

use gate_base::stage::Stage;
use gate_policy::PathsPolicy;
use gate_report::{Dimension, Finding, Location};

use gate_contract::{Check, Fixes, Judgement, Rule, input, reads};

reads!(input::AllFiles, input::FileNames, input::MachinePaths, PathsPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "paths.local",
    summary: "Tracked files contain no machine-specific paths",
    docs: include_str!("local.md"),
    dimension: Dimension::Privacy,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    recordable: true,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

/// How many places one finding names.
const NAMED: usize = 5;
/// The home of the administrator, which has no name of its own.
const ADMINISTRATOR: &str = concat!("/ro", "ot/");

fn run(context: &Context<'_>) -> Judgement {
    let mut findings = Vec::new();
    if let Some(policy) = context.section::<PathsPolicy>() {
        findings.extend(declared(context, policy));
    }
    let named: Vec<Location> = findings
        .iter()
        .flat_map(|finding: &Finding| finding.locations.clone())
        .collect();
    let machine: Vec<Location> = context
        .machine_paths()
        .iter()
        .map(|(file, path)| Location::span(file, path.line, path.column, path.length))
        .filter(|place| {
            !named
                .iter()
                .any(|known| (&known.path, known.line) == (&place.path, place.line))
        })
        .collect();
    if let Some(first) = machine.first() {
        let others = match machine.len() - 1 {
            0 => String::new(),
            others => format!(" ({others} more)"),
        };
        let message = format!("`{}` contains a directory of this machine{others}", first.path);
        let finding = Finding::advice(message).help(
            "write the path relative to the workspace, or read it from the \
                 environment",
        );
        findings.push(machine.into_iter().take(NAMED).fold(finding, Finding::at));
    }
    Judgement::Findings(findings)
}

/// Home directories of anybody, and what the policy forbids: one finding per file.
fn declared(context: &Context<'_>, policy: &PathsPolicy) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Vec<Location>> = BTreeMap::new();
    for file in &context.secrets().files {
        for home in &file.scan.homes {
            let name = home.text.rsplit(['/', '\\']).next().unwrap_or_default();
            if !policy
                .placeholders
                .iter()
                .any(|nobody| nobody.eq_ignore_ascii_case(name))
            {
                let length = u32::try_from(home.text.chars().count()).unwrap_or(u32::MAX);
                let place = Location::span(&file.path, home.line, home.column, length);
                places.entry(&file.path).or_default().push(place);
            }
        }
    }
    let forbidden: Vec<Finder<'_>> = policy
        .forbid
        .iter()
        .map(String::as_str)
        .chain([ADMINISTRATOR])
        .map(Finder::new)
        .collect();
    // Outside version control no file is tracked, and every file counts.
    let in_repository = context.files().iter().any(|file| file.tracked);
    for file in context.files().iter().filter(|file| file.tracked || !in_repository) {
        // What cannot be read is reported by secrets.tracked.
        let Some(Ok(bytes)) = file.digest.map(|_| context.read(&file.path)) else {
            continue;
        };
        if memchr::memchr(0, &bytes[..bytes.len().min(8192)]).is_some() {
            continue;
        }
        for path in &forbidden {
            for place in lines_with(&bytes, path) {
                places
                    .entry(&file.path)
                    .or_default()
                    .push(Location::line(&file.path, place));
            }
        }
    }
    places
        .into_iter()
        .map(|(path, mut places)| {
            places.sort();
            let what = if places.len() == 1 { "a path" } else { "paths" };
            let message = format!("`{path}` contains {what} of another machine ({})", places.len());
            let finding = Finding::blocking(CHECK.blocks_at, message)
                .help(
                    "write a relative path, read it from the environment, or use a placeholder such as \
                     `/home/user`",
                )
                .because(Some(policy.location.clone()));
            places.into_iter().take(NAMED).fold(finding, Finding::at)
        })
        .collect()
}

/// Lines in which a path begins.
fn lines_with(bytes: &[u8], path: &Finder<'_>) -> Vec<u32> {
    let mut lines: Vec<u32> = path
        .find_iter(bytes)
        .filter(|at| {
            let before = at.checked_sub(1).map(|before| bytes[before]);
            !before.is_some_and(|byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'}' | b'~')
            })
        })
        .map(|at| u32::try_from(memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1).unwrap_or(u32::MAX))
        .collect();
    lines.dedup();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;

    fn policy() -> PathsPolicy {
        PathsPolicy {
            forbid: vec!["/srv/build".into()],
            placeholders: vec!["Grace".into()],
            location: Location::line("gate.toml", 3),
        }
    }

    #[test]
    fn without_a_policy_only_this_machine_counts() {
        let mut world = World::new();
        world.texts(&[("a.md", "see /home/monika/x\n")]);
        assert_eq!(world.text(&CHECK), "");
        world.home("/home/monika");
        world.texts(&[
            ("a.md", "x\nsee /home/monika/x\n"),
            ("b.md", "/home/monika and /home/monikas\n"),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        a.md:2: `a.md` contains a directory of this machine (1 more) [advice]
          also: b.md:1
          help: write the path relative to the workspace, or read it from the environment
        ");
    }

    #[test]
    fn a_policy_means_everybody() {
        let mut world = World::new();
        world.policy.paths = Some(policy());
        world.texts(&[
            (
                "a.ptx",
                ".file 1 \"/home/monika/add.cu\"\n.file 2 \"/srv/build/x.cu\"\n",
            ),
            ("b.md", "/home/grace/x, /home/user/x, ../srv/build\n"),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        a.ptx:1: `a.ptx` contains paths of another machine (2) [controlled]
          also: a.ptx:2
          help: write a relative path, read it from the environment, or use a placeholder such as `/home/user`
          because: gate.toml:3
        ");
    }
}
