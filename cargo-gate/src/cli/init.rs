//! `cargo gate init`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::govern::known::{self, KnownArgs};
use crate::init::{
    Ci, FileAction, FileToWrite, InitFacts, KernelCrate, MemberFacts, ProductionSuite, plan_init, with_member,
    workspaces, write_plan,
};
use gate_base::error::{Error, Result};
use gate_base::{exit, paths};
use gate_engine::evaluate::Surroundings;
use gate_evidence::history::History;
use gate_evidence::store::Store;
use gate_policy::{
    Existing, FILE_NAME, KNOWN_FINDINGS, KnownFindings, PRODUCTION_SUITES, RUNTIME_PACKAGE, load_without_register,
    validate, with_known_section, write_atomically,
};
use gate_report::render::text;
use gate_surveys::Surveys;

use super::Conversation;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Overwrite existing files
    #[arg(long)]
    pub(crate) force: bool,
    /// CI systems to write a workflow for
    #[arg(long, value_name = "SYSTEM", value_enum, value_delimiter = ',')]
    pub(crate) ci: Option<Vec<CiSystem>>,
    /// Also write the jobs that publish to the registry, after `broad`, on tags `v…`
    #[arg(long)]
    pub(crate) publish: bool,
    /// Also write a starter crate with a GPU kernel to this directory [default: kernels]
    #[arg(long, value_name = "DIRECTORY", num_args = 0..=1, default_missing_value = "kernels")]
    pub(crate) kernels: Option<String>,
    #[command(flatten)]
    pub(crate) known: KnownArgs,
    /// Print what would be written without writing it
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// CI systems that `init` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiSystem {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// No workflow
    None,
}

pub(super) fn run(arguments: &InitArgs, conversation: &Conversation<'_>) -> Result<i32> {
    if let Some(directory) = &arguments.kernels
        && conversation.global.manifest_path.is_none()
        && let Some(here) = outside_of_packages()?
    {
        return write_alone(directory, &here, arguments, conversation);
    }
    let workspace = conversation.workspace()?;
    // CI services read nothing below the top of the repository.
    let top = workspace.git().map_or(workspace.root(), |git| &git.top);
    let top = if workspace.root().starts_with(top) {
        top
    } else {
        workspace.root()
    };
    let services = services(arguments, top);
    let facts = facts(&workspace, top, arguments)?;
    let others = if services.is_empty() {
        Vec::new()
    } else {
        others(&facts, top, arguments, conversation)
    };
    let kernels = kernel_crate(arguments, &facts, &workspace)?;
    let mut plan = plan_init(
        &facts,
        &others,
        &services,
        kernels.as_ref(),
        &|path| top.join(path).symlink_metadata().is_ok(),
        arguments.force,
    );
    let recorded = record(&mut plan, &workspace, arguments, conversation)?;
    if arguments.dry_run {
        for file in &plan {
            let path = file.path.display().to_string();
            if file.action == FileAction::Keep {
                conversation
                    .printer
                    .status("Would keep", &format!("{path}, which exists (--force replaces it)"));
                continue;
            }
            conversation.printer.status("Would write", &path);
            conversation.printer.data(&file.text)?;
        }
        return Ok(exit::READY);
    }
    write_plan(top, &plan)?;
    let mut kept = 0;
    for file in &plan {
        let path = file.path.display().to_string();
        match file.action {
            FileAction::Create => conversation.printer.status("Created", &path),
            FileAction::Replace => conversation.printer.status("Replaced", &path),
            FileAction::Keep => {
                kept += 1;
                conversation
                    .printer
                    .status("Kept", &format!("{path}, which exists (--force replaces it)"));
            }
        }
    }
    if kept == plan.len() {
        conversation.printer.warning(
            "nothing to write: every file already exists",
            Some("replace them with `cargo gate init --force`"),
        );
        return Ok(exit::USAGE);
    }
    let next = match recorded {
        Recorded::Nothing => "review gate.toml, then run `cargo gate pilot`".to_owned(),
        Recorded::Findings(known) => {
            conversation.printer.status("Recorded", &known::summary(&known));
            format!("review gate.toml and {KNOWN_FINDINGS}, then run `cargo gate pilot`")
        }
        Recorded::Unowned(known) => {
            let count = text::count(known.total(), "finding");
            conversation.printer.warning(
                &format!("not recorded as known, because they have no owner: {count}"),
                Some("run `cargo gate govern known record --owner <team or person>`"),
            );
            "review gate.toml, then run `cargo gate pilot`".to_owned()
        }
    };
    conversation.printer.status("Next", &next);
    if let Some(kernels) = kernels {
        if !is_member(&workspace, &kernels.directory) {
            add_member(&workspace, &kernels, conversation)?;
        }
        let test = format!("run `cargo test --package {}`", kernels.package);
        conversation.printer.status("Next", &test);
    }
    Ok(exit::READY)
}

/// Adds the crate to the members of the workspace, or says how to.
fn add_member(workspace: &Surveys, kernels: &KernelCrate, conversation: &Conversation<'_>) -> Result<()> {
    let directory = &kernels.directory;
    let path = workspace.root().join("Cargo.toml");
    let manifest = std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, &error))?;
    match with_member(&manifest, directory) {
        Some(text) => {
            write_atomically(&path, &text, Existing::Replace)?;
            let added = format!("\"{directory}\" to `members` under `[workspace]` in Cargo.toml");
            conversation.printer.status("Added", &added);
        }
        None => conversation.printer.status(
            "Next",
            &format!("add \"{directory}\" to `members` under `[workspace]` in Cargo.toml"),
        ),
    }
    Ok(())
}

/// The current directory, where no package is in it or above it.
fn outside_of_packages() -> Result<Option<PathBuf>> {
    let here = std::env::current_dir().map_err(|error| Error::io("read the current directory", ".", &error))?;
    let inside = here.ancestors().any(|directory| directory.join("Cargo.toml").is_file());
    Ok((!inside).then_some(here))
}

/// Writes the crate of kernels alone: it is a workspace of its own, in which `cargo gate init` then works.
fn write_alone(directory: &str, here: &Path, arguments: &InitArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let kernels = KernelCrate::new(directory, &[])?;
    let printer = &conversation.printer;
    if here.join(&kernels.directory).join("Cargo.toml").is_file() && !arguments.force {
        return Err(
            Error::usage(format!("`{}` already contains a crate", kernels.directory))
                .with_help("choose another directory: `cargo gate init --kernels <directory>`"),
        );
    }
    for (path, text) in kernels.files() {
        if arguments.dry_run {
            printer.status("Would write", &path.display().to_string());
            printer.data(&text)?;
            continue;
        }
        let existing = if arguments.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        write_atomically(&here.join(&path), &text, existing)?;
        printer.status("Created", &path.display().to_string());
    }
    if !arguments.dry_run {
        let next = format!(
            "run `cargo test` in `{0}`, then `cargo gate init` there",
            kernels.directory
        );
        printer.status("Next", &next);
    }
    Ok(exit::READY)
}

/// What became of the findings that are there.
enum Recorded {
    /// There is none, or the policy is not written.
    Nothing,
    /// They are part of the plan.
    Findings(KnownFindings),
    /// Nobody answers for them.
    Unowned(KnownFindings),
}

/// Adds to the plan what the policy that it writes would find, so that from then on only what is new blocks.
fn record(
    plan: &mut Vec<FileToWrite>,
    workspace: &Surveys,
    arguments: &InitArgs,
    conversation: &Conversation<'_>,
) -> Result<Recorded> {
    let Some(at) = plan.iter().position(|file| file.path.ends_with(FILE_NAME)) else {
        return Ok(Recorded::Nothing);
    };
    if plan[at].action == FileAction::Keep {
        return Ok(Recorded::Nothing);
    }
    let policy = validate(FILE_NAME, &plan[at].text, &gate_checks::catalogue())?;
    let history = History::load(&workspace.gate_dir());
    let surroundings = Surroundings {
        workspace,
        policy: &policy,
        history: &history,
        store: &Store::new(&workspace.gate_dir()),
        checks: gate_checks::ALL,
    };
    let known = known::there(surroundings, &arguments.known, conversation)?;
    if known.entries.is_empty() {
        return Ok(Recorded::Nothing);
    }
    let Some(owner) = known::owner(workspace, &arguments.known) else {
        return Ok(Recorded::Unowned(known));
    };
    let exists = workspace.root().join(KNOWN_FINDINGS).symlink_metadata().is_ok();
    let file = FileToWrite {
        path: plan[at].path.with_file_name(KNOWN_FINDINGS),
        text: known.to_text(),
        action: match (exists, arguments.force) {
            (false, _) => FileAction::Create,
            (true, true) => FileAction::Replace,
            (true, false) => FileAction::Keep,
        },
    };
    plan[at].text = with_known_section(&plan[at].text, &owner);
    plan.insert(at + 1, file);
    Ok(Recorded::Findings(known))
}

/// The crate of kernels that is asked for.
fn kernel_crate(arguments: &InitArgs, facts: &InitFacts, workspace: &Surveys) -> Result<Option<KernelCrate>> {
    let Some(directory) = &arguments.kernels else {
        return Ok(None);
    };
    let places = workspace.cargo().members.iter().map(|member| member.directory.clone());
    let members: Vec<(MemberFacts, String)> = facts.members.iter().cloned().zip(places).collect();
    let kernels = KernelCrate::new(directory, &members)?;
    // A crate of something else would be mixed with the template, and `--force` would replace it.
    let place = workspace.root().join(&kernels.directory);
    if place.join("Cargo.toml").is_file() && !place.join("kernels").join("scale.cu").is_file() {
        let message = format!("`{}` already contains another crate", kernels.directory);
        return Err(Error::usage(message).with_help(
            "choose another directory: `cargo gate init --kernels \
             <directory>`",
        ));
    }
    Ok(Some(kernels))
}

fn is_member(workspace: &Surveys, directory: &str) -> bool {
    let mut members = workspace.cargo().members.iter();
    members.any(|member| member.directory == directory)
}

/// The CI systems asked for, or else those whose traces are in the tree, or else GitHub.
fn services(arguments: &InitArgs, top: &Path) -> Vec<Ci> {
    if let Some(asked) = &arguments.ci {
        return asked
            .iter()
            .filter_map(|system| match system {
                CiSystem::Github => Some(Ci::Github),
                CiSystem::Gitlab => Some(Ci::Gitlab),
                CiSystem::None => None,
            })
            .collect();
    }
    let mut found = Vec::new();
    if top.join(".github").is_dir() {
        found.push(Ci::Github);
    }
    if top.join(".gitlab-ci.yml").is_file() {
        found.push(Ci::Gitlab);
    }
    if found.is_empty() { vec![Ci::Github] } else { found }
}

/// Whether kernels run here.
fn depends_on_the_runtime(workspace: &Surveys) -> bool {
    let cargo = workspace.cargo();
    let members = cargo.members.iter().map(|member| &member.name);
    let dependencies = cargo.dependencies.iter().map(|dependency| &dependency.name);
    members.chain(dependencies).any(|name| name == RUNTIME_PACKAGE)
}

/// Test targets that are production suites by name. Where two packages have one, the first has the name of the suite.
fn production(workspace: &Surveys) -> Vec<ProductionSuite> {
    let mut found: Vec<ProductionSuite> = Vec::new();
    for member in &workspace.cargo().members {
        for target in &member.targets {
            let is_test = target.kind.iter().any(|kind| kind == "test");
            let is_new = found.iter().all(|suite| suite.name != target.name);
            if is_test && is_new && PRODUCTION_SUITES.contains(&target.name.as_str()) {
                found.push(ProductionSuite {
                    name: target.name.clone(),
                    package: member.name.clone(),
                });
            }
        }
    }
    found.sort();
    found
}

/// The other workspaces of the repository. One that cannot be read gets no workflow, and a warning says so.
fn others(own: &InitFacts, top: &Path, arguments: &InitArgs, conversation: &Conversation<'_>) -> Vec<InitFacts> {
    let mut others = Vec::new();
    for directory in workspaces(top)
        .into_iter()
        .filter(|directory| *directory != own.directory)
    {
        let workspace = conversation.workspace_in(&top.join(&directory));
        match workspace.and_then(|workspace| facts(&workspace, top, arguments)) {
            Ok(facts) => others.push(facts),
            Err(error) => conversation.printer.warning(
                &format!("cannot write a workflow for the workspace in `{directory}`: {error}"),
                Some("fix the workspace, then run `cargo gate init` again"),
            ),
        }
    }
    others
}

/// Whether a member has a target of one of these kinds.
fn has_target(workspace: &Surveys, kinds: &[&str]) -> bool {
    let mut targets = workspace.cargo().members.iter().flat_map(|member| &member.targets);
    targets.any(|target| target.kind.iter().any(|kind| kinds.contains(&kind.as_str())))
}

/// Names of the suites of benchmarks that the policy declares which is there, and which stays.
fn compared(workspace: &Surveys, arguments: &InitArgs) -> Result<Vec<String>> {
    if arguments.force || !workspace.root().join(FILE_NAME).is_file() {
        return Ok(Vec::new());
    }
    let policy = load_without_register(workspace.root(), None, &gate_checks::catalogue())?;
    let suites = policy.suites.iter().filter(|suite| suite.bench.is_some());
    Ok(suites.map(|suite| suite.name.clone()).collect())
}

fn facts(workspace: &Surveys, top: &Path, arguments: &InitArgs) -> Result<InitFacts> {
    let survey = workspace.boundaries();
    let kinds = gate_surveys::kinds::of(workspace, None);
    let members = kinds.iter().map(|member| MemberFacts {
        name: member.package.clone(),
        kind: member.kind,
        raw_boundaries: survey
            .packages
            .iter()
            .find(|package| package.name == member.package)
            .map(|package| u64::from(package.tally().total())),
    });
    Ok(InitFacts {
        directory: paths::relative(top, workspace.root()),
        members: members.collect(),
        nextest: workspace.files().get(".config/nextest.toml").is_some(),
        libraries: has_target(workspace, &["lib", "rlib", "proc-macro"]),
        lockfile: workspace.lockfile().exists,
        toolchain: workspace
            .toolchain()
            .file
            .as_ref()
            .and_then(|file| file.channel.clone()),
        default_branch: workspace.git().and_then(|git| git.branch.clone()),
        runs_kernels: depends_on_the_runtime(workspace),
        production: production(workspace),
        benches: has_target(workspace, &["bench"]),
        compared: compared(workspace, arguments)?,
        publishes: arguments.publish && workspace.cargo().members.iter().any(|member| member.publish),
    })
}
