//! `cargo gate kernels build`, `lock` and `verify --rebuild`: cargo runs the build scripts that compile kernels.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use clap::Args;
use gate_build::lock::{KernelLock, LOCK_FILE};

use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::process::{self, ProcessSpec};
use gate_gpu::kernels::change::changes;
use gate_gpu::kernels::rebuild::{Rebuild, Rebuilt};
use gate_gpu::kernels::{LockedCrate, locked_crates};
use gate_surveys::Surveys;

use super::diff::{LockRow, View};
use super::progress;

#[derive(Debug, Args)]
pub(crate) struct BuildArgs {
    /// Limit the command to these packages
    #[arg(short, long = "package", value_name = "SPEC", help_heading = "Workspace options")]
    pub(crate) packages: Vec<String>,
}

/// What the build scripts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// PTX for the crates.
    Build,
    /// PTX, written to the lock.
    Lock,
    /// PTX, compared with the lock.
    Check,
}

/// What cargo did.
struct Finished {
    done: bool,
    /// Lines of its output.
    lines: Vec<String>,
    /// Unit and architecture of every image that a build script says it compiled, where that was asked for.
    compiled: BTreeSet<(String, String)>,
}

pub(super) fn build(arguments: &BuildArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let packages = packages(&workspace, &arguments.packages)?;
    let finished = cargo(conversation, &workspace, &packages, Purpose::Build)?;
    conclude(&finished)
}

pub(super) fn lock(arguments: &BuildArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let workspace = conversation.workspace()?;
    let packages = packages(&workspace, &arguments.packages)?;
    let before = locked_crates(&workspace);
    let finished = cargo(conversation, &workspace, &packages, Purpose::Lock)?;
    if !finished.done {
        return conclude(&finished);
    }
    // The files changed on disk: what was read before is no longer how it is.
    let workspace = conversation.workspace()?;
    let rows = locked_crates(&workspace).into_iter().filter_map(|after| {
        let old = before
            .iter()
            .find(|old| old.path == after.path)
            .and_then(|old| old.lock.as_ref());
        let none = KernelLock::default();
        let changes = changes(old.unwrap_or(&none), after.lock.as_ref()?);
        Some(LockRow {
            path: after.path,
            changes,
        })
    });
    let view = View::new("the last lock", rows.collect());
    if view.is_empty() {
        return Err(Error::tool(format!("no build script wrote a `{LOCK_FILE}`"))
            .with_help("call `gate_build::Kernels::new().cuda(\"kernels/*.cu\").compile()` from build.rs"));
    }
    conversation.printer.data(view.to_text())?;
    Ok(exit::READY)
}

/// Compiles the locked kernels again in an empty directory with an empty store, so that nothing is taken from earlier builds.
pub(super) fn rebuild(arguments: &FormatArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let (workspace, crates) = super::locks(conversation)?;
    let packages = packages(&workspace, &[])?;
    let finished = cargo(conversation, &workspace, &packages, Purpose::Check)?;
    let differences: Vec<String> = finished
        .lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| line.contains("does not reproduce the locked PTX") || line.contains("has no PTX for it"))
        .map(str::to_owned)
        .collect();
    let idle = if finished.done {
        not_compiled(&crates, &finished.compiled)
    } else {
        Vec::new()
    };
    let rebuilt = match (finished.done, differences.is_empty()) {
        (true, _) if idle.is_empty() => Rebuilt::Same,
        (true, _) => Rebuilt::Impossible,
        (false, false) => Rebuilt::Different,
        (false, true) => Rebuilt::Impossible,
    };
    let messages = match rebuilt {
        Rebuilt::Same => Vec::new(),
        Rebuilt::Different => differences,
        Rebuilt::Impossible if finished.done => idle,
        Rebuilt::Impossible => finished
            .lines
            .iter()
            .filter(|line| line.contains("error"))
            .take(5)
            .cloned()
            .collect(),
    };
    let record = Rebuild::new(&workspace, rebuilt, messages)
        .ok_or_else(|| Error::tool("cannot read a kernel lock").with_help("`cargo gate kernels verify`"))?;
    workspace.create_gate_dir()?;
    record.write(&workspace)?;
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json_with_version(&record)?,
        DataFormat::Human => match rebuilt {
            Rebuilt::Same => "every locked image was reproduced byte for byte\n".to_owned(),
            Rebuilt::Different => format!("{}\n", record.messages.join("\n")),
            Rebuilt::Impossible => "cannot compile the locked kernels\n".to_owned(),
        },
    };
    conversation.printer.data(&text)?;
    Ok(match rebuilt {
        Rebuilt::Same => exit::READY,
        Rebuilt::Different => exit::NOT_READY,
        Rebuilt::Impossible => exit::TOOL_FAILED,
    })
}

/// Locked images that no build script compiled: a script that does not use gate-build succeeds as well.
fn not_compiled(crates: &[LockedCrate], compiled: &BTreeSet<(String, String)>) -> Vec<String> {
    let units = crates
        .iter()
        .filter_map(|found| found.lock.as_ref())
        .flat_map(|lock| &lock.units);
    let images = units.flat_map(|(unit, locked)| {
        locked
            .images
            .keys()
            .map(move |arch| (unit.to_string(), arch.to_string()))
    });
    images
        .filter(|image| !compiled.contains(image))
        .map(|(unit, arch)| format!("no build script compiled `{unit}` for {arch}"))
        .collect()
}

/// What the reports of build scripts below a target directory say was compiled.
fn reported(target: &Path) -> BTreeSet<(String, String)> {
    #[derive(serde::Deserialize)]
    struct Report {
        compiled: Vec<Image>,
    }
    #[derive(serde::Deserialize)]
    struct Image {
        unit: String,
        arch: String,
    }
    let entries = |directory: &Path| {
        std::fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    let scripts = entries(target).flat_map(|profile| entries(&profile.join("build")).collect::<Vec<_>>());
    let texts = scripts.filter_map(|script| std::fs::read(script.join("out").join("build_report.json")).ok());
    let reports = texts.filter_map(|text| serde_json::from_slice::<Report>(&text).ok());
    reports
        .flat_map(|report| report.compiled)
        .map(|image| (image.unit, image.arch))
        .collect()
}

fn conclude(finished: &Finished) -> Result<i32> {
    if finished.done {
        return Ok(exit::READY);
    }
    Err(Error::tool("cargo failed to build the kernels").with_help("see the messages of cargo above"))
}

/// The named packages, or those whose build script uses gate-build.
fn packages(workspace: &Surveys, named: &[String]) -> Result<Vec<String>> {
    let members = &workspace.cargo().members;
    for name in named {
        if !members.iter().any(|member| member.name == *name) {
            return Err(
                Error::usage(format!("package `{name}` is not a member of the workspace"))
                    .with_help("`cargo metadata --no-deps` lists the members"),
            );
        }
    }
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let uses = |source: &str| {
        workspace
            .read(source)
            .is_ok_and(|text| String::from_utf8_lossy(&text).contains("gate_build"))
    };
    let builds = |kinds: &[String]| kinds.iter().any(|kind| kind == "custom-build");
    let found: Vec<String> = members
        .iter()
        .filter(|member| {
            member
                .targets
                .iter()
                .any(|target| builds(&target.kind) && uses(&target.source))
        })
        .map(|member| member.name.clone())
        .collect();
    if found.is_empty() {
        return Err(Error::usage("no build script of the workspace uses gate-build")
            .with_help("`cargo add --build cargo-gate-build --rename gate-build`, and call `gate_build::Kernels` from build.rs"));
    }
    Ok(found)
}

fn cargo(
    conversation: &Conversation<'_>,
    workspace: &Surveys,
    packages: &[String],
    purpose: Purpose,
) -> Result<Finished> {
    workspace.create_gate_dir()?;
    let directory = workspace.gate_dir().join("kernels");
    let create = |path: &Path| std::fs::create_dir_all(path).map_err(|error| Error::io("create", path, &error));
    create(&directory)?;
    // Build scripts are run; nothing of the crates themselves has to be compiled to machine code for that.
    let mut command: Vec<OsString> = ["cargo", "check"].map(OsString::from).to_vec();
    for package in packages {
        command.extend(["--package".into(), package.into()]);
    }
    let global = conversation.global;
    let flags = [
        ("--locked", global.locked),
        ("--offline", global.offline),
        ("--frozen", global.frozen),
    ];
    command.extend(
        flags
            .into_iter()
            .filter(|(_, given)| *given)
            .map(|(flag, _)| flag.into()),
    );
    let mut environment: Vec<(OsString, Option<OsString>)> = vec![("GATE_KERNELS".into(), Some("build".into()))];
    let lock = match purpose {
        Purpose::Build => None,
        Purpose::Lock => Some("write".into()),
        Purpose::Check => Some("check".into()),
    };
    environment.push(("GATE_KERNELS_LOCK".into(), lock));
    let progress = directory.join("progress");
    let _ = std::fs::remove_file(&progress);
    environment.push(("GATE_KERNELS_PROGRESS".into(), Some(progress.clone().into())));
    let target = directory.join("rebuild");
    if purpose == Purpose::Check {
        match std::fs::remove_dir_all(&target) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove", &target, &error));
            }
            _ => create(&target)?,
        }
        environment.push(("GATE_CACHE_DIR".into(), Some(target.join("store").into())));
        command.extend(["--target-dir".into(), target.clone().into()]);
    } else {
        command.extend(["--target-dir".into(), workspace.target_dir().into()]);
    }
    let spec = ProcessSpec {
        command,
        directory: workspace.root().to_path_buf(),
        environment,
        timeout: None,
        split_stdout: false,
        input: None,
    };
    let mut lines = Vec::new();
    let say = |line: &str| conversation.printer.status("Kernel", line);
    let end = progress::during(&progress, &say, || {
        process::run(&spec, &mut std::io::sink(), conversation.cancel, &mut |line| {
            conversation.printer.say(&format!("{line}\n"));
            lines.push(line.to_owned());
        })
    })?;
    let mut compiled = BTreeSet::new();
    if purpose == Purpose::Check {
        compiled = reported(&target);
        // It is as large as a build; what it showed is in the record.
        let _ = std::fs::remove_dir_all(&target);
    }
    if end.cancelled {
        return Err(Error::new(gate_base::error::ErrorKind::Interrupted, "interrupted"));
    }
    Ok(Finished {
        done: end.exit_code == Some(0),
        lines,
        compiled,
    })
}
