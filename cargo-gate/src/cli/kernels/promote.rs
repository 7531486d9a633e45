//! `cargo gate kernels promote`.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use crate::cli::govern::promote::run::{REGISTRY, anchor, decided, sound_history};
use gate_base::digest::sha256_hex;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::paths::join;
use gate_base::stage::Stage;
use gate_govern::promotion::kernel::{Refusal, correct, faster};
use gate_govern::promotion::registry::{self, Entry, SCHEMA_VERSION, Status};
use gate_govern::promotion::state::State;
use gate_gpu::kernels::locked_crates;
use gate_policy::Policy;
use gate_release::decided::Decided;
use gate_surveys::Surveys;

#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// Entry of a kernel lock
    #[arg(value_name = "KERNEL")]
    pub(crate) kernel: String,
    /// Stage to promote to
    #[arg(long, value_name = "STAGE")]
    pub(crate) to: Stage,
    /// Who promotes: a team or a person
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Reason for the promotion
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// File that records the promotions [default: gate/registry.jsonl next to the root manifest]
    #[arg(long, value_name = "PATH")]
    pub(crate) registry: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// What was decided, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    kernel: &'a str,
    status: Status,
    /// `not_correct` or `not_faster`.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why, in words.
    because: String,
    /// Tests that show what it computes.
    tests: Vec<String>,
}

pub(super) fn run(arguments: &PromoteArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let now = Timestamp::now();
    let workspace = conversation.workspace()?;
    let policy = conversation.policy(&workspace)?;
    let path = match &arguments.registry {
        Some(path) => path.clone(),
        None => workspace.root().join(REGISTRY),
    };
    let images = images(&workspace, &arguments.kernel)?;

    let (_lock, history) = sound_history(&workspace, conversation)?;
    let run = decided(&history, &workspace, &policy, &path, arguments.to)?;
    let judged = judge(arguments, &workspace, &policy, &run);
    let (answer, code) = match judged {
        Ok((tests, because)) => (
            Answer {
                kernel: &arguments.kernel,
                status: Status::Promoted,
                code: None,
                because,
                tests,
            },
            exit::READY,
        ),
        Err(Refusal { code, because }) => (
            Answer {
                kernel: &arguments.kernel,
                status: Status::Rejected,
                code: Some(code),
                because,
                tests: Vec::new(),
            },
            exit::NOT_READY,
        ),
    };
    if code == exit::READY {
        let anchor = anchor(&workspace, &path)?;
        let states = registry::read(&path, &anchor)?.states;
        let to = State::from(arguments.to);
        let mut entries = Vec::new();
        for image in &images {
            let from = states.of(&image.digest, Some(&arguments.kernel));
            if from == to {
                continue;
            }
            let status = from.event(to).map_err(|because| {
                Error::usage(format!("`{}` in `{}` {because}", arguments.kernel, image.path))
                    .with_help("promote it to one state after the other")
            })?;
            entries.push(Entry {
                schema_version: SCHEMA_VERSION,
                artifact: image.path.clone(),
                artifact_digest: image.digest.clone(),
                size: image.size,
                kernel: Some(arguments.kernel.clone()),
                status,
                from,
                to,
                release: None,
                suite: None,
                run_id: run.entry.run_id.clone(),
                chain: run.entry.chain.clone(),
                readiness_sha256: run.readiness_sha256.clone(),
                decision_sha256: run.decision_sha256.clone(),
                commit: run.entry.commit.clone(),
                by: arguments.by.clone(),
                at: now.to_string(),
                reason: format!("{} ({})", arguments.reason, answer.because),
                previous: String::new(),
            });
        }
        registry::append(&path, &anchor, entries)?;
    }
    match arguments.message_format {
        DataFormat::Json => conversation.printer.data(&crate::cli::json(&answer)?)?,
        DataFormat::Human => match answer.code {
            None => {
                let message = format!("`{}` for {}: {}", answer.kernel, arguments.to, answer.because);
                conversation.printer.status("Promoted", &message);
            }
            Some(code) => {
                let message = format!("`{}` is not promoted: {code}: {}", answer.kernel, answer.because);
                let help = match code {
                    gate_govern::promotion::kernel::NOT_FASTER => {
                        "declare a `[[suite.bench]]` that measures `<kernel>/<workload>` next to a reference"
                    }
                    _ => "`cargo gate explain conformance.coverage`",
                };
                conversation.printer.warning(&message, Some(help));
            }
        },
    }
    Ok(code)
}

fn judge(
    arguments: &PromoteArgs,
    workspace: &Surveys,
    policy: &Policy,
    run: &Decided,
) -> std::result::Result<(Vec<String>, String), Refusal> {
    let not_correct = |because: String| Refusal {
        code: gate_govern::promotion::kernel::NOT_CORRECT,
        because,
    };
    if !run.report.decision.is_ready() {
        return Err(not_correct(format!(
            "run {} is not ready for {}",
            run.entry.run_id, arguments.to
        )));
    }
    let mut runs = Vec::new();
    for path in policy.runtime.iter().flat_map(|runtime| &runtime.run_stats) {
        let stats = workspace
            .read(path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| {
                gate_runtime::stats::read::read(&String::from_utf8_lossy(&bytes)).map_err(|error| error.to_string())
            })
            .map_err(|error| not_correct(format!("cannot read the run stats `{path}`: {error}")))?;
        runs.push((path.clone(), stats));
    }
    let kernel = &arguments.kernel;
    let tests = correct(kernel, policy.conformance.as_ref(), &run.report, &runs)?;
    let workloads = policy.kernels.as_ref().map(|kernels| &kernels.workloads);
    let workload = workloads
        .and_then(|workloads| workloads.get(kernel))
        .map(String::as_str);
    let because = faster(kernel, workload, &run.report)?;
    Ok((tests, because))
}

/// Locked PTX with the kernel.
struct Image {
    path: String,
    digest: String,
    size: u64,
}

fn images(workspace: &Surveys, kernel: &str) -> Result<Vec<Image>> {
    let mut found = Vec::new();
    for locked in locked_crates(workspace) {
        if let Some(problem) = locked.problems.first() {
            return Err(Error::usage(format!("`{}`: {}", problem.file, problem.message))
                .with_help("`cargo gate kernels verify` shows what is wrong"));
        }
        let units = locked.lock.iter().flat_map(|lock| lock.units.values());
        let images = units.flat_map(|unit| unit.images.values());
        for image in images.filter(|image| image.entries.contains_key(kernel)) {
            let path = join(&locked.directory, &image.ptx);
            let bytes = workspace
                .read(&path)
                .map_err(|error| Error::io("read", workspace.root().join(&path), &error))?;
            found.push(Image {
                path,
                digest: sha256_hex(&bytes),
                size: bytes.len() as u64,
            });
        }
    }
    if found.is_empty() {
        return Err(Error::usage(format!("no kernel lock has a kernel `{kernel}`"))
            .with_help("`cargo gate kernels inspect` lists the kernels"));
    }
    Ok(found)
}
