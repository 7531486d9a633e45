//! `cargo xtask usability`: what it takes to bring the example projects under the gate, measured by doing it.
//!
//! Each example is copied into a repository of its own without its `gate.toml`, and brought to a ready decision with the
//! commands that the guide names. What that took is counted and compared with the measurement before, which `gate/authoring.toml` holds.
//! Without one nothing is claimed.

#![allow(clippy::print_stdout, reason = "the table is what this command is for")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Result;
use crate::authoring::{Authoring, Measured, Measurement, PATH};

/// The examples: a command without kernels, a library with kernels, and a service with claims and a register.
pub const EXAMPLES: [&str; 3] = ["cli", "consumer", "service"];

/// How friction compares with the measurement before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Friction {
    /// An example has no measurement before: nothing is known, and nothing passes.
    NotMeasured,
    /// A number fell and none rose.
    Reduced,
    /// The numbers are the same.
    Unchanged,
    /// A number rose.
    Grown,
}

/// A number that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The example.
    pub example: String,
    /// Which number.
    pub metric: String,
    /// Its value before.
    pub before: u32,
    /// Its value now.
    pub after: u32,
}

/// How a measurement compares with the one before. An example that went away leaves nothing to compare.
pub fn compare(before: Option<&Measured>, now: &Measured) -> (Friction, Vec<Difference>) {
    let Some(before) = before else {
        return (Friction::NotMeasured, Vec::new());
    };
    let mut differences = Vec::new();
    let mut unknown = now.is_empty();
    for (example, measured) in now {
        let Some(old) = before.get(example) else {
            unknown = true;
            continue;
        };
        for ((metric, before), (_, after)) in old.friction().into_iter().zip(measured.friction()) {
            if before != after {
                differences.push(Difference {
                    example: example.clone(),
                    metric: metric.to_owned(),
                    before,
                    after,
                });
            }
        }
    }
    let grown = differences
        .iter()
        .any(|difference| difference.after > difference.before);
    let friction = match (grown, unknown, differences.is_empty()) {
        (true, ..) => Friction::Grown,
        (_, true, _) => Friction::NotMeasured,
        (_, _, true) => Friction::Unchanged,
        _ => Friction::Reduced,
    };
    (friction, differences)
}

/// Measures every example with this binary and compares with the stored measurement. With `write` the result is stored, and what was stored
/// becomes the measurement before.
///
/// # Errors
/// An example does not become ready; without `write`, friction grew or there is nothing to compare with.
pub fn run(root: &Path, binary: &Path, write: bool) -> Result {
    let mut measured = Measured::new();
    for name in EXAMPLES {
        measured.insert(name.to_owned(), measure(root, binary, name)?);
    }
    let stored = Authoring::read(root)?;
    let (friction, differences) = compare(Some(&stored.measured), &measured);
    for (name, one) in &measured {
        let numbers: Vec<String> = one
            .friction()
            .iter()
            .map(|(metric, value)| format!("{metric} {value}"))
            .collect();
        println!(
            "{name}: {}, kernels {}, migrations {}",
            numbers.join(", "),
            one.kernels,
            one.migrations
        );
    }
    for Difference {
        example,
        metric,
        before,
        after,
    } in &differences
    {
        println!("{example}: {metric} was {before} and is {after}");
    }
    if write {
        // A second writing of the same numbers would make the measurement its own predecessor.
        let previous = if stored.measured == measured {
            stored.previous
        } else {
            Some(stored.measured)
        };
        Authoring::write(root, &measured, previous.as_ref())?;
        println!("wrote {PATH}");
        return Ok(());
    }
    match friction {
        Friction::Reduced | Friction::Unchanged => Ok(()),
        Friction::Grown => {
            Err("friction grew; make it less, or store it with `cargo xtask usability --write` and say why".into())
        }
        Friction::NotMeasured => Err(
            "friction is not measured: an example has no measurement to compare with; `cargo xtask usability --write`"
                .into(),
        ),
    }
}

/// A copy of an example in a repository of its own.
struct Trial<'a> {
    binary: &'a Path,
    directory: PathBuf,
    target: PathBuf,
    steps: u32,
    diagnostics: u32,
}

fn measure(root: &Path, binary: &Path, name: &str) -> Result<Measurement> {
    let source = root.join("examples").join(name);
    let own =
        fs::read_to_string(source.join("gate.toml")).map_err(|error| format!("examples/{name}/gate.toml: {error}"))?;
    let base = root.join("target").join("usability");
    let directory = base.join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    copy(&source, &directory)?;
    fs::remove_file(directory.join("gate.toml"))?;
    let mut trial = Trial {
        binary,
        target: base.join("target").join(name),
        directory,
        steps: 0,
        diagnostics: 0,
    };
    // Evidence and history of an earlier measurement are none of this one.
    let old = trial.target.join("gate");
    if old.exists() {
        fs::remove_dir_all(old)?;
    }
    trial.git(&["init", "--quiet", "--initial-branch=main"])?;
    trial.commit()?;

    trial.steps += 1;
    trial.gate(&["init"])?;
    trial.steps += 1;
    trial.commit()?;
    let mut ready = trial.pilot()?;
    let written = fs::read_to_string(trial.directory.join("gate.toml"))?;
    if !ready || written != own {
        // What the example asks of itself: one edit.
        fs::write(trial.directory.join("gate.toml"), &own)?;
        trial.steps += 2;
        trial.commit()?;
        ready = trial.pilot()?;
    }
    if !ready {
        return Err(format!(
            "examples/{name} is not ready for pilot; `{}` has the run",
            trial.target.display()
        )
        .into());
    }
    let lines =
        |text: &str, wanted: &dyn Fn(&str) -> bool| text.lines().filter(|line| wanted(line.trim())).count() as u32;
    let code = |line: &str| !line.is_empty() && !line.starts_with("//") && !line.starts_with('#');
    let mut files = Vec::new();
    list(&source, &source, &mut files)?;
    let mut glue = 0;
    for path in files
        .iter()
        .filter(|path| path.ends_with(".rs") && !path.starts_with("tests/"))
    {
        let text = fs::read_to_string(source.join(path))?;
        glue += if path == "build.rs" {
            lines(&text, &code)
        } else {
            lines(&text, &|line| {
                code(line)
                    && ["gate_build", "gate_runtime", "gate_kernels"]
                        .iter()
                        .any(|name| line.contains(name))
            })
        };
    }
    let policy = policy_of(&own);
    let count = |wanted: &dyn Fn(&str) -> bool| files.iter().filter(|path| wanted(path)).count() as u32;
    Ok(Measurement {
        policy_lines: policy.values().sum(),
        authored_lines: authored(&policy, &policy_of(&written)),
        kernels: count(&|path| path.starts_with("kernels/")),
        glue_lines: glue,
        migrations: count(&|path| path.starts_with("migrations/") && path.ends_with(".toml")),
        diagnostics: trial.diagnostics,
        steps: trial.steps,
    })
}

/// The lines of a policy that are neither blank nor comments, and how often each is there.
fn policy_of(text: &str) -> BTreeMap<String, u32> {
    let mut lines = BTreeMap::new();
    for line in text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim()) {
        if !line.is_empty() && !line.starts_with('#') {
            *lines.entry(line.to_owned()).or_default() += 1;
        }
    }
    lines
}

/// How many lines of a policy are not in the one that was written for it.
fn authored(policy: &BTreeMap<String, u32>, written: &BTreeMap<String, u32>) -> u32 {
    let extra = |(line, count): (&String, &u32)| count.saturating_sub(written.get(line).copied().unwrap_or_default());
    policy.iter().map(extra).sum()
}

impl Trial<'_> {
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never")
            .env_remove("GITHUB_ACTIONS");
        command
    }

    fn git(&self, arguments: &[&str]) -> Result {
        let mut command = self.command(Path::new("git"));
        command.args(["-c", "user.name=Example", "-c", "user.email=example@example.invalid"]);
        command
            .args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false"])
            .args(arguments);
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    fn commit(&self) -> Result {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "A step"])
    }

    fn gate(&self, arguments: &[&str]) -> Result<(Option<i32>, Vec<u8>)> {
        let output = self.command(self.binary).arg("gate").args(arguments).output()?;
        match output.status.code() {
            Some(0 | 1) => Ok((output.status.code(), output.stdout)),
            code => Err(format!(
                "cargo gate {arguments:?} ended with {code:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            )
            .into()),
        }
    }

    /// Whether the stage passes; counts what it says on the way.
    fn pilot(&mut self) -> Result<bool> {
        self.steps += 1;
        let (code, stdout) = self.gate(&["pilot", "--locked", "--message-format", "json"])?;
        let report: Value = serde_json::from_slice(&stdout)?;
        self.diagnostics += diagnostics(&report);
        Ok(code == Some(0))
    }
}

/// How many findings of a report ask for something at its stage. What blocks at a later stage is part of the way to that
/// one, and how old the advisory database is depends on the day, not on the example.
fn diagnostics(report: &Value) -> u32 {
    let checks = report.get("checks").and_then(Value::as_array).into_iter().flatten();
    checks
        .filter(|check| check.get("id").and_then(Value::as_str) != Some("supply.advisories"))
        .filter_map(|check| check.get("findings")?.as_array())
        .flatten()
        .filter(|finding| finding.get("blocks_at").is_none())
        .count() as u32
}

/// Copies what an example is made of. Its manifest names crates of this repository, which lie elsewhere from the copy.
fn copy(from: &Path, to: &Path) -> Result {
    let mut files = Vec::new();
    list(from, from, &mut files)?;
    for path in files {
        let target = to.join(&path);
        if let Some(directory) = target.parent() {
            fs::create_dir_all(directory)?;
        }
        let bytes = fs::read(from.join(&path))?;
        if path == "Cargo.toml" {
            // The copy lies one directory deeper.
            let text = String::from_utf8(bytes)?.replace("\"../../", "\"../../../");
            fs::write(target, text)?;
        } else {
            fs::write(target, bytes)?;
        }
    }
    Ok(())
}

/// The files below a directory, relative and with `/`, without what is built.
fn list(base: &Path, directory: &Path, found: &mut Vec<String>) -> Result {
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    entries.sort();
    for path in entries {
        let relative = path.strip_prefix(base)?.to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            if relative != "target" && relative != ".git" {
                list(base, &path, found)?;
            }
        } else {
            found.push(relative);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(steps: u32, glue_lines: u32) -> Measured {
        let one = Measurement {
            policy_lines: 9,
            authored_lines: 4,
            kernels: 0,
            glue_lines,
            migrations: 0,
            diagnostics: 1,
            steps,
        };
        BTreeMap::from([("cli".to_owned(), one)])
    }

    #[test]
    fn without_a_measurement_before_nothing_is_known() {
        assert_eq!(compare(None, &measured(3, 0)).0, Friction::NotMeasured);
        assert_eq!(
            compare(Some(&Measured::new()), &measured(3, 0)).0,
            Friction::NotMeasured
        );
        assert_eq!(
            compare(Some(&measured(3, 0)), &Measured::new()).0,
            Friction::NotMeasured
        );
    }

    #[test]
    fn what_asks_for_nothing_at_the_stage_is_not_counted() {
        let report = serde_json::json!({"checks": [
            {"id": "lockfile.tracked", "findings": [{"message": "not tracked"}, {"message": "later", "blocks_at": "broad"}]},
            {"id": "supply.advisories", "findings": [{"message": "96 days old"}]},
            {"id": "git.clean"},
        ]});
        assert_eq!(diagnostics(&report), 1);
    }

    #[test]
    fn every_example_is_measured_and_friction_did_not_grow() {
        let stored = Authoring::read(&crate::project_root()).expect("a file that can be read");
        let examples: Vec<&str> = stored.measured.keys().map(String::as_str).collect();
        assert_eq!(examples, EXAMPLES);
        let (friction, _) = compare(stored.previous.as_ref(), &stored.measured);
        assert!(
            matches!(friction, Friction::Reduced | Friction::Unchanged),
            "{friction:?}"
        );
    }

    #[test]
    fn lines_that_init_writes_are_not_authored() {
        let written = policy_of("# A comment.\nversion = 1\n[a]\nname = \"x\" # why\n");
        let own = policy_of("version = 1\n[a]\nname = \"x\"\n[b]\n[a]\n");
        assert_eq!(own.values().sum::<u32>(), 5);
        assert_eq!(authored(&own, &written), 2, "[b], and a second [a]");
        assert_eq!(authored(&written, &written), 0);
    }

    #[test]
    fn friction_is_compared_number_by_number() {
        let of = |before: (u32, u32), after: (u32, u32)| {
            compare(Some(&measured(before.0, before.1)), &measured(after.0, after.1))
        };
        assert_eq!(of((3, 1), (3, 1)), (Friction::Unchanged, Vec::new()));
        assert_eq!(of((3, 1), (2, 1)).0, Friction::Reduced);
        // Less of one does not pay for more of another.
        let (friction, differences) = of((3, 1), (2, 2));
        assert_eq!(friction, Friction::Grown);
        assert_eq!(differences.len(), 2);
    }
}
