//! Which compiler a suite runs: the one that the gate judges, whatever `PATH` and toolchain files say where it runs.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use gate_report::Reason;
use gate_world::Workspace;
use gate_world::environment::Environment;
use gate_world::toolchain::{Programs, Rustc, parse_cargo, parse_rustc};

/// Changes to the environment of a command.
type Changes = Vec<(OsString, Option<OsString>)>;

/// Makes a command that is started in `directory` find the compiler that was judged, by a change to `PATH` where it takes one.
/// Returns the compiler if the command names another one (`cargo +nightly …`), to be said with the result.
///
/// # Errors
/// The command would run another compiler, and why.
pub(super) fn settle(
    workspace: &Workspace,
    command: &[String],
    directory: &Path,
    environment: &mut Changes,
) -> Result<Option<String>, Reason> {
    let Ok(judged) = &workspace.toolchain().rustc else {
        return Ok(None);
    };
    let named = command.get(1).filter(|word| word.starts_with('+'));
    if let Some(toolchain) = named {
        let rustc = ask(workspace, &[toolchain, "-vV"], directory, environment);
        return Ok(rustc.filter(|rustc| !same(rustc, judged)).map(|rustc| words(&rustc)));
    }
    // Both find the compiler by these, wherever they are started.
    let fixed = ["RUSTC", "CARGO_BUILD_RUSTC"]
        .iter()
        .any(|name| workspace.environment().path(name).is_some());
    if fixed || workspace.config().get("build.rustc").is_some() {
        return Ok(None);
    }
    let Err(found) = judged_one_runs(workspace, judged, directory, environment) else {
        return Ok(None);
    };
    let programs = Programs::find(&workspace.options.cwd, workspace.environment(), workspace.config());
    let beside = programs
        .ok()
        .and_then(|programs| programs.cargo.parent().map(Path::to_owned));
    let path = beside.and_then(|beside| {
        let rest = workspace.environment().get("PATH").unwrap_or_default();
        std::env::join_paths([beside].into_iter().chain(std::env::split_paths(rest))).ok()
    });
    if let Some(path) = path {
        environment.push(("PATH".into(), Some(path)));
        if judged_one_runs(workspace, judged, directory, environment).is_ok() {
            return Ok(None);
        }
        environment.pop();
    }
    let message = format!("the suite would run {found}, and the gate judged {}", words(judged));
    Err(Reason::new("other_toolchain", message)
        .help("remove what chooses another toolchain where the suite runs: `rustup show` in that directory names it"))
}

/// Whether a command would find the cargo and the rustc that were judged; if not, what it finds.
fn judged_one_runs(workspace: &Workspace, judged: &Rustc, directory: &Path, changes: &Changes) -> Result<(), String> {
    if let Some(rustc) = ask(workspace, &["-vV"], directory, changes).filter(|rustc| !same(rustc, judged)) {
        return Err(words(&rustc));
    }
    let judged = &workspace.toolchain().cargo;
    match output(workspace, "cargo", &["-V"], directory, changes) {
        Some(text) if parse_cargo(&text).as_ref() != Some(judged) => {
            Err(format!("`{}`", text.lines().next().unwrap_or_default()))
        }
        _ => Ok(()),
    }
}

fn same(one: &Rustc, other: &Rustc) -> bool {
    (&one.release, &one.commit, &one.host) == (&other.release, &other.commit, &other.host)
}

fn words(rustc: &Rustc) -> String {
    let date = rustc.commit_date.as_deref().map(|date| format!(" of {date}"));
    format!("rustc {}{}", rustc.release, date.unwrap_or_default())
}

/// The version of the `rustc` that a command would find; `None` without one.
fn ask(workspace: &Workspace, arguments: &[&str], directory: &Path, changes: &Changes) -> Option<Rustc> {
    parse_rustc(&output(workspace, "rustc", arguments, directory, changes)?)
}

/// Output of the program that a command would find; `None` if it is missing or fails.
fn output(
    workspace: &Workspace,
    program: &str,
    arguments: &[&str],
    directory: &Path,
    changes: &Changes,
) -> Option<String> {
    let environment = workspace.environment();
    let path = changes
        .iter()
        .rev()
        .find(|(name, _)| name == "PATH")
        .and_then(|(_, path)| path.as_deref());
    let path = path.or_else(|| environment.get("PATH"))?;
    let program = Environment::from_pairs([("PATH", path)]).find_program(OsStr::new(program), directory)?;
    let output = environment
        .command(&program, directory)
        .env("PATH", path)
        .args(arguments)
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
