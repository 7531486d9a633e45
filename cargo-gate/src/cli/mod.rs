//! The command line: arguments and wording, one file per subcommand, no logic.

mod badge;
mod boundaries;
mod bundle;
mod cache;
mod closeout;
mod completions;
pub mod contract;
mod dispatches;
mod docs;
pub mod doctor;
mod documents;
mod drift;
pub mod explain;
mod history;
mod init;
mod job_summary;
mod kernels;
#[cfg(feature = "lsp")]
mod lsp;
mod migrate;
mod open;
mod panics;
mod plan;
pub mod printer;
pub mod progress;
mod promote;
mod rails;
mod ready;
pub mod reference;
mod register;
mod rollback;
mod run_named;
mod sign;
mod stage;
mod status;
mod suite;
mod timings;
mod verify;
mod waiver;
mod weekly;

use std::ffi::OsString;
use std::time::Instant;

use clap::FromArgMatches;

use crate::base::error::Result;
use crate::base::exit;
use crate::process::cancel::Cancel;
use crate::workspace::environment::Environment;

use self::printer::Printer;
use crate::command_line::{Cli, Command, command};

/// Parses the arguments, carries the command out and returns the exit code of the process.
///
/// `arguments` starts with the name of the program. The `gate` that cargo puts in front of a subcommand's own
/// arguments is accepted and optional.
pub fn run(arguments: Vec<OsString>, environment: Environment, cancel: &Cancel) -> i32 {
    let began = Instant::now();
    let mut arguments = arguments;
    if arguments.get(1).is_some_and(|first| first == "gate") {
        arguments.remove(1);
    }
    let cli = match command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => {
            // clap words help and version as errors; only real ones are a wrong command line. A closed pipe is none.
            let _ = error.print();
            return if error.use_stderr() { exit::USAGE } else { exit::READY };
        }
    };
    let printer = Printer::of_process(cli.global.color, cli.global.detail(), &environment);
    let surroundings = Conversation {
        global: &cli.global,
        printer: &printer,
        environment,
        cancel,
        arguments: &arguments,
        began,
    };
    match dispatch(&cli.command, &surroundings) {
        Ok(code) => code,
        Err(error) => {
            printer.error(&error);
            error.exit_code()
        }
    }
}

/// What every subcommand gets: the global arguments, the printer and the outside world.
struct Conversation<'a> {
    global: &'a crate::command_line::Global,
    printer: &'a Printer,
    environment: Environment,
    cancel: &'a Cancel,
    arguments: &'a [OsString],
    /// When the command started.
    began: Instant,
}

fn dispatch(command: &Command, conversation: &Conversation<'_>) -> Result<i32> {
    use crate::base::stage::Stage;
    match command {
        Command::Pilot(arguments) => stage::run(Stage::Pilot, arguments, conversation),
        Command::Controlled(arguments) => stage::run(Stage::Controlled, arguments, conversation),
        Command::Broad(arguments) => stage::run(Stage::Broad, arguments, conversation),
        Command::Status(arguments) => status::run(arguments, conversation),
        Command::Init(arguments) => init::run(arguments, conversation),
        Command::Explain(arguments) => reference::explain(arguments, conversation),
        Command::Suite(arguments) => suite::run(arguments, conversation),
        Command::Boundaries(arguments) => boundaries::run(arguments, conversation),
        Command::Kernels(command) => kernels::run(command, conversation),
        Command::Docs(arguments) => docs::run(arguments, conversation),
        Command::Drift(arguments) => drift::run(arguments, conversation),
        Command::Panics(arguments) => panics::run(arguments, conversation),
        Command::Verify(arguments) => verify::run(arguments, conversation),
        Command::Ready(arguments) => ready::run(arguments, conversation),
        Command::Sign(arguments) => sign::run(arguments, conversation),
        Command::Bundle(arguments) => bundle::run(arguments, conversation),
        Command::Waiver(arguments) => waiver::run(arguments, conversation),
        Command::Register(command) => register::run(command, conversation),
        Command::Closeout(arguments) => closeout::run(arguments, conversation),
        Command::Promote(arguments) => promote::run(arguments, conversation),
        Command::Rollback(arguments) => rollback::run(arguments, conversation),
        Command::History(arguments) => history::run(arguments, conversation),
        #[cfg(feature = "lsp")]
        Command::Lsp => lsp::run(conversation),
        #[cfg(not(feature = "lsp"))]
        Command::Lsp => Err(crate::base::error::Error::without_feature("lsp")),
        Command::Migrate(command) => migrate::run(command, conversation),
        Command::Badge(arguments) => badge::run(arguments, conversation),
        Command::Cache(arguments) => cache::run(arguments, conversation),
        Command::Doctor(arguments) => reference::doctor(arguments, conversation),
        Command::Completions(arguments) => completions::completions(arguments, conversation),
        Command::Man => completions::man(conversation),
    }
}

/// Data as pretty-printed JSON with a final line feed.
fn json(value: &impl serde::Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| crate::base::error::Error::tool(format!("cannot write JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}

/// The candidate that was probably meant.
fn did_you_mean<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (strsim::jaro_winkler(given, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
