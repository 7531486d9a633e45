//! Coverage in the tracefile format of lcov. Source: the section FILES of `man geninfo`.

use std::collections::BTreeMap;

use gate_policy::{CoverageFloor, SuitePolicy};
use gate_report::Finding;
use globset::GlobBuilder;

use super::said::{Said, Unreadable};
use crate::finding;

/// What ran of one source.
#[derive(Debug, Default, Clone)]
struct Coverage {
    /// How often each line ran.
    lines: BTreeMap<u64, u64>,
    /// How often each function ran.
    functions: BTreeMap<String, u64>,
    /// How often each branch was taken, by line, block and number.
    branches: BTreeMap<(u64, String, String), u64>,
}

/// Reads one file, and holds it against the floors.
pub(super) fn read(suite: &SuitePolicy, floors: &[CoverageFloor], text: &str) -> Result<Said, Unreadable> {
    let sources = parse(text)?;
    if sources.is_empty() {
        return Err("covers no source".to_owned());
    }
    let mut findings = Vec::new();
    for floor in floors {
        findings.extend(hold(suite, floor, &sources)?);
    }
    Ok(Said {
        failed: !findings.is_empty(),
        findings,
        ..Said::default()
    })
}

fn parse(text: &str) -> Result<BTreeMap<String, Coverage>, Unreadable> {
    let mut sources: BTreeMap<String, Coverage> = BTreeMap::new();
    let mut open: Option<(String, Coverage)> = None;
    for (at, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
        let wrong = || {
            format!(
                "is not a tracefile of lcov: line {at} is `{}`",
                line.chars().take(60).collect::<String>()
            )
        };
        if line == "end_of_record" {
            let (path, coverage) = open.take().ok_or_else(wrong)?;
            sources.entry(path).or_default().add(coverage);
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            return Err(wrong());
        };
        match (key, &mut open) {
            ("TN" | "VER", _) => {}
            ("SF", None) => open = Some((value.replace('\\', "/"), Coverage::default())),
            (_, None) | ("SF", Some(_)) => return Err(wrong()),
            (key, Some((_, coverage))) => coverage.line(key, value).ok_or_else(wrong)?,
        }
    }
    match open {
        Some((path, _)) => Err(format!("is cut off: the record of `{path}` has no end")),
        None => Ok(sources),
    }
}

impl Coverage {
    /// Takes one line of a record; `None` when it is malformed. Keys that say nothing about counts are passed over, totals as well:
    /// they are counted here.
    fn line(&mut self, key: &str, value: &str) -> Option<()> {
        let mut fields = value.split(',');
        match key {
            "DA" => {
                let (line, count) = (fields.next()?.parse().ok()?, count(fields.next()?)?);
                *self.lines.entry(line).or_default() += count;
            }
            "FNDA" => {
                let (count, name) = value.split_once(',')?;
                *self.functions.entry(name.to_owned()).or_default() += self::count(count)?;
            }
            "FN" => {
                // `line,name`, or `first,last,name` since lcov 2.
                let name = value.split_once(',')?.1;
                let name = match name.split_once(',') {
                    Some((last, name)) if last.bytes().all(|byte| byte.is_ascii_digit()) => name,
                    _ => name,
                };
                self.functions.entry(name.to_owned()).or_default();
            }
            "BRDA" => {
                let (line, block, branch) = (fields.next()?.parse().ok()?, fields.next()?, fields.next()?);
                let taken = match fields.next()? {
                    "-" => 0,
                    number => count(number)?,
                };
                *self
                    .branches
                    .entry((line, block.to_owned(), branch.to_owned()))
                    .or_default() += taken;
            }
            _ => {}
        }
        Some(())
    }

    fn add(&mut self, other: Coverage) {
        for (line, count) in other.lines {
            *self.lines.entry(line).or_default() += count;
        }
        for (name, count) in other.functions {
            *self.functions.entry(name).or_default() += count;
        }
        for (branch, count) in other.branches {
            *self.branches.entry(branch).or_default() += count;
        }
    }
}

/// A count; some tools write negative ones for what overflowed, which is no count.
fn count(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// What is below a floor. A floor that holds nothing is no evidence.
fn hold(
    suite: &SuitePolicy,
    floor: &CoverageFloor,
    sources: &BTreeMap<String, Coverage>,
) -> Result<Vec<Finding>, Unreadable> {
    let glob = GlobBuilder::new(&floor.path).literal_separator(true).build();
    let glob = glob
        .map_err(|error| format!("has a floor of a malformed glob: {error}"))?
        .compile_matcher();
    // Compilers write absolute paths: any end of a path may be the one in the workspace.
    let matches = |path: &&str| {
        let starts = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
        std::iter::once(*path).chain(starts).any(|end| glob.is_match(end))
    };
    let covered: Vec<&Coverage> = sources
        .iter()
        .filter(|(path, _)| matches(&path.as_str()))
        .map(|(_, coverage)| coverage)
        .collect();
    if covered.is_empty() {
        return Err(format!("covers no source that matches `{}`", floor.path));
    }
    let share = |counts: &dyn Fn(&Coverage) -> (u64, u64)| {
        let (hit, all) = covered
            .iter()
            .map(|coverage| counts(coverage))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        (hit, all)
    };
    fn hits<'c>(counts: impl Iterator<Item = &'c u64>) -> (u64, u64) {
        counts.fold((0, 0), |(hit, all), count| (hit + u64::from(*count > 0), all + 1))
    }
    let kinds: [(&str, Option<f64>, (u64, u64)); 3] = [
        ("lines", floor.lines, share(&|one| hits(one.lines.values()))),
        ("functions", floor.functions, share(&|one| hits(one.functions.values()))),
        ("branches", floor.branches, share(&|one| hits(one.branches.values()))),
    ];
    let mut findings = Vec::new();
    for (kind, least, (hit, all)) in kinds {
        let Some(least) = least else { continue };
        if all == 0 {
            return Err(format!("counts no {kind} of `{}`", floor.path));
        }
        // Far below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "counts of lines are far below 2^53")]
        let percent = 100.0 * hit as f64 / all as f64;
        if percent < least {
            let message = format!(
                "{percent:.1} % of the {kind} of `{}` ran, {hit} of {all}; the floor is {least} %",
                floor.path
            );
            let help = "test what does not run: the file of the suite has the lines";
            findings.push(finding(suite, message).help(help).because(Some(floor.location.clone())));
        }
    }
    Ok(findings)
}
