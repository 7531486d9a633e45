//! A side of the comparison: what gives an output for a cell, and how.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_equivalence::read::LARGEST;
use gate_equivalence::scope::{Cell, Scope};
use gate_policy::{EquivalencePolicy, Reference, SuitePolicy};
use gate_report::Reason;

use super::super::log::SuiteLog;
use super::super::{Launch, Launched, SuiteContext, requires, workspace_copy};
use super::oracle::{Oracle, Recorded};
use crate::launch::launch_for_bytes;
use crate::reference;

/// Where outputs come from.
#[derive(Debug)]
enum Source {
    /// A command, where it runs, and where it builds.
    Command {
        words: Vec<String>,
        root: Option<PathBuf>,
        target: PathBuf,
        own_target: bool,
    },
    /// Recorded files.
    Files { pattern: String, recorded: Recorded },
}

/// A side of the comparison.
#[derive(Debug)]
pub(super) struct Side {
    pub(super) name: String,
    pub(super) is_oracle: bool,
    /// What it was made from, for the report.
    pub(super) inputs: String,
    environment: BTreeMap<String, String>,
    source: Source,
}

/// What a side gave for a cell.
pub(super) enum Given {
    /// An output.
    Bytes(Vec<u8>),
    /// None: the command failed, or nothing is recorded. Why, to be read after "`name`".
    Nothing(String),
    /// It could not be started, which is so for every cell.
    NotStarted(Reason),
}

impl Side {
    /// The implementation under test.
    pub(super) fn candidate(
        suite: &SuitePolicy,
        policy: &EquivalencePolicy,
        cx: &SuiteContext<'_>,
    ) -> Result<std::result::Result<Self, Reason>> {
        let target = match workspace_copy::target(cx.workspace)? {
            Ok(target) => target,
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(Ok(Self {
            name: policy.implementation.clone(),
            is_oracle: false,
            inputs: format!("command: {}", suite.command.join(" ")),
            environment: policy.environment.clone(),
            source: Source::Command {
                words: suite.command.clone(),
                root: None,
                target,
                own_target: false,
            },
        }))
    }

    /// A reference. The inner reason says why it cannot be one.
    pub(super) fn reference(
        suite: &SuitePolicy,
        policy: &EquivalencePolicy,
        reference: &Reference,
        cx: &SuiteContext<'_>,
    ) -> Result<std::result::Result<Self, Reason>> {
        let needs = SuitePolicy {
            requires: reference.requires.clone(),
            ..suite.clone()
        };
        if let Some(reason) = requires::unmet(&needs, cx.workspace) {
            return Ok(Err(reason));
        }
        let (inputs, source) = if let Some(pattern) = &reference.file {
            let recorded = Oracle {
                workspace: cx.workspace,
                suite,
                policy,
                reference,
            };
            match recorded.read() {
                Ok(recorded) => (
                    format!("recorded: {pattern}, producer {}", recorded.producers()),
                    Source::Files {
                        pattern: pattern.clone(),
                        recorded,
                    },
                ),
                Err(reason) => return Ok(Err(reason)),
            }
        } else if let Some(commit) = &reference.commit {
            let home = format!("{}/{}", suite.name, reference.name);
            let tree = match reference::tree(cx.workspace, &home, commit)? {
                Ok(tree) => tree,
                Err(reason) => return Ok(Err(reason)),
            };
            let source = Source::Command {
                words: suite.command.clone(),
                root: Some(tree.root),
                target: tree.target,
                own_target: true,
            };
            (format!("commit: {commit}"), source)
        } else {
            let words = reference.command.as_ref().unwrap_or(&suite.command).clone();
            let target = match workspace_copy::target(cx.workspace)? {
                Ok(target) => target,
                Err(reason) => return Ok(Err(reason)),
            };
            let source = Source::Command {
                words: words.clone(),
                root: None,
                target,
                own_target: false,
            };
            (format!("command: {}", words.join(" ")), source)
        };
        // Another backend of the same command keeps its other variables.
        let mut environment = if reference.command.is_none() {
            policy.environment.clone()
        } else {
            BTreeMap::new()
        };
        environment.extend(reference.environment.clone());
        Ok(Ok(Self {
            name: reference.name.clone(),
            is_oracle: policy.oracle().is_some_and(|oracle| oracle.name == reference.name),
            inputs: format!("{}: {inputs}", reference.name),
            environment,
            source,
        }))
    }

    /// Whether a cell can be asked for twice.
    pub(super) fn runs(&self) -> bool {
        matches!(self.source, Source::Command { .. })
    }

    /// Builds it: once for the workspace, and once for each commit.
    pub(super) fn build(
        &self,
        suite: &SuitePolicy,
        command: &[String],
        cx: &SuiteContext<'_>,
        log: &mut SuiteLog,
    ) -> Result<Option<Given>> {
        let Source::Command {
            root,
            target,
            own_target,
            ..
        } = &self.source
        else {
            return Ok(None);
        };
        let launch = Launch {
            command,
            split_stdout: true,
            root: root.as_deref(),
            environment: target_variable(*own_target, target),
            usage: None,
        };
        let (launched, _) = launch_for_bytes(suite, cx, &launch, log, 0)?;
        Ok(match launched {
            Launched::NotStarted(reason) => Some(Given::NotStarted(reason)),
            Launched::Ended(end) if end.exit_code == Some(0) && !end.timed_out => None,
            Launched::Ended(end) => Some(Given::Nothing(format!(
                "is not built: `{}` {}",
                command.join(" "),
                ended(&end)
            ))),
        })
    }

    /// Whether it is another tree than the workspace.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(&self.source, Source::Command { root: Some(_), .. })
    }

    /// The command of a cell, with its variables.
    pub(super) fn command(&self, scope: &Scope, cell: &Cell, output: &Path) -> (Vec<String>, BTreeMap<String, String>) {
        let mut variables = self.environment.clone();
        for (axis, value) in scope.values(cell) {
            let name = axis.to_ascii_uppercase().replace('-', "_");
            variables.insert(format!("CARGO_GATE_CELL_{name}"), value.to_string());
        }
        let words = match &self.source {
            Source::Files { .. } => Vec::new(),
            Source::Command { words, target, .. } => {
                let fill = |word: &String| {
                    let mut filled = fill(word, scope, cell);
                    filled = filled.replace("{output}", &output.to_string_lossy());
                    filled.replace("{target}", &target.to_string_lossy())
                };
                words.iter().map(fill).collect()
            }
        };
        (words, variables)
    }

    /// Asks for the output of a cell.
    pub(super) fn give(
        &self,
        suite: &SuitePolicy,
        scope: &Scope,
        cell: &Cell,
        output: &Path,
        cx: &SuiteContext<'_>,
        log: &mut SuiteLog,
    ) -> Result<Given> {
        let Source::Command {
            words,
            root,
            target,
            own_target,
        } = &self.source
        else {
            return Ok(self.recorded(scope, cell, cx));
        };
        let to_file = words.iter().any(|word| word.contains("{output}"));
        if output.exists() {
            fs::remove_file(output).map_err(|error| Error::io("remove", output, &error))?;
        }
        let (command, variables) = self.command(scope, cell, output);
        let mut environment = target_variable(*own_target, target);
        let set = |(name, value): (String, String)| (OsString::from(name), Some(OsString::from(value)));
        environment.extend(variables.into_iter().map(set));
        let launch = Launch {
            command: &command,
            split_stdout: true,
            root: root.as_deref(),
            environment,
            usage: None,
        };
        let (launched, stdout) = launch_for_bytes(suite, cx, &launch, log, LARGEST)?;
        let end = match launched {
            Launched::NotStarted(reason) => return Ok(Given::NotStarted(reason)),
            Launched::Ended(end) => end,
        };
        if end.exit_code != Some(0) || end.timed_out {
            return Ok(Given::Nothing(ended(&end)));
        }
        if !to_file {
            return Ok(Given::Bytes(stdout));
        }
        Ok(match fs::read(output) {
            Ok(bytes) => Given::Bytes(bytes),
            Err(_) => Given::Nothing("wrote no file `{output}`".to_owned()),
        })
    }

    fn recorded(&self, scope: &Scope, cell: &Cell, cx: &SuiteContext<'_>) -> Given {
        let Source::Files { pattern, recorded } = &self.source else {
            return Given::Nothing("has no files".to_owned());
        };
        match recorded.bytes(cx.workspace.root(), &fill(pattern, scope, cell)) {
            Ok(bytes) => Given::Bytes(bytes),
            Err(why) => Given::Nothing(why),
        }
    }
}

fn target_variable(own: bool, target: &Path) -> Vec<(OsString, Option<OsString>)> {
    if own {
        vec![("CARGO_TARGET_DIR".into(), Some(target.into()))]
    } else {
        Vec::new()
    }
}

/// Fills in the values of a cell.
fn fill(word: &str, scope: &Scope, cell: &Cell) -> String {
    scope.values(cell).fold(word.to_owned(), |word, (axis, value)| {
        word.replace(&format!("{{{axis}}}"), &value.to_string())
    })
}

fn ended(end: &gate_base::process::ProcessEnd) -> String {
    if end.timed_out {
        return "timed out".to_owned();
    }
    end.exit_code.map_or_else(
        || "was killed by a signal".to_owned(),
        |code| format!("exited with code {code}"),
    )
}
