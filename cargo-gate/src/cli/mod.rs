//! The command line: one file per subcommand, with its arguments and what it does.

mod advisories;
mod arguments;
mod completions;
mod conversation;
mod doctor;
mod evidence;
pub mod explain;
mod govern;
mod init;
mod job_summary;
mod json;
mod kernels;
#[cfg(feature = "lsp")]
mod lsp;
mod machine_key;
mod open;
mod other_runs;
mod plan;
pub mod printer;
pub mod progress;
mod ready;
mod release;
mod reports;
mod run_named;
mod schema;
mod shared_evidence;
mod similar;
mod source;
mod stage;
mod status;
mod suite;
mod timings;
mod verify;

use std::ffi::OsString;
use std::time::Instant;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use gate_base::error::Result;
use gate_base::exit;
use gate_base::process::cancel::Cancel;
use gate_base::stage::Stage;
use gate_report::render::human::Detail;
use gate_world::environment::Environment;

use self::arguments::{FormatArgs, Global};
use self::json::{Failed, asks_for_json, json, json_with_version, named};
use self::printer::Printer;
use conversation::Conversation;

/// The whole command tree, from which help, completions, manual pages and the reference are made.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Decides, from evidence, whether a Cargo workspace may enter the next rollout stage.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-gate",
    bin_name = "cargo gate",
    version,
    about,
    styles = styles(),
    disable_help_subcommand = true,
    after_help = "Without a gate.toml the defaults apply: `cargo gate pilot` works in any Cargo workspace.\nSee \
         `cargo gate explain exit-code` for the exit codes and `cargo gate help kernels` for the commands of a \
         group.\n`cargo gate advisories update` fetches known vulnerabilities.\n`cargo gate ready` judges a run directory of machine learning.\nFor shells and editors there are `cargo gate completions`, `cargo gate man`, `cargo gate schema` and `cargo gate lsp`."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The look of cargo's own help.
fn styles() -> clap::builder::Styles {
    use anstyle::{AnsiColor, Style};
    let heading = AnsiColor::BrightGreen.on_default().bold();
    let literal = AnsiColor::BrightCyan.on_default().bold();
    clap::builder::Styles::plain()
        .header(heading)
        .usage(heading)
        .literal(literal)
        .placeholder(AnsiColor::Cyan.on_default())
        .error(AnsiColor::BrightRed.on_default().bold())
        .valid(literal)
        .invalid(AnsiColor::BrightYellow.on_default().bold())
        .context(Style::new())
}

/// What the first help page lists: at most 14 commands. What shells and editors call is left out of the list, and so is what judges
/// something other than a workspace.
#[derive(Debug, Subcommand)]
enum Command {
    /// Judge the pilot stage: first use in one service or internal tool
    Pilot(stage::arguments::StageArgs),
    /// Judge the controlled stage: limited production use under guardrails
    Controlled(stage::arguments::StageArgs),
    /// Judge the broad stage: unlimited production use
    Broad(stage::arguments::StageArgs),
    /// Show every check at every stage from existing evidence, without running anything
    Status(FormatArgs),
    /// Explain a check, an exit code, a stage or a run
    Explain(explain::ExplainArgs),
    /// Verify a run and the history, byte by byte
    Verify(verify::VerifyArgs),
    /// Judge a run directory of machine learning from its bytes
    #[command(hide = true)]
    Ready(ready::ReadyArgs),
    /// Run suites by name
    Suite(suite::SuiteArgs),
    /// Write a commented gate.toml and CI workflows
    Init(init::InitArgs),
    /// Show which tools are installed and what each missing tool affects
    Doctor(FormatArgs),
    /// GPU kernels: build, lock, verify, compare, promote, roll back
    #[command(subcommand, disable_help_subcommand = true)]
    Kernels(kernels::KernelsCommand),
    /// Source code and documents: boundaries, panics, generated blocks, checkboxes
    #[command(subcommand, disable_help_subcommand = true)]
    Source(source::SourceCommand),
    /// Runs and their evidence: history, readiness, signatures, bundles, cache
    #[command(subcommand, disable_help_subcommand = true)]
    Evidence(evidence::EvidenceCommand),
    /// Make the next release from what was judged: built twice, attested, signed, published
    #[command(disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
    Release(release::ReleaseArgs),
    /// Sign-off: waivers, register, promotions, closeout
    #[command(subcommand, disable_help_subcommand = true)]
    Govern(govern::GovernCommand),
    /// The advisory database: which one is used, and `update` to fetch a newer one
    #[command(hide = true, disable_help_subcommand = true)]
    Advisories(advisories::AdvisoriesArgs),
    /// Print a completion script for a shell
    #[command(hide = true)]
    Completions(completions::CompletionsArgs),
    /// Write the manual pages
    #[command(hide = true)]
    Man(completions::ManArgs),
    /// Print the JSON Schema of gate.toml, for completion without a network
    #[command(hide = true)]
    Schema,
    /// Run the language server on standard input and output
    #[command(hide = true)]
    Lsp,
    /// Print the help of a command
    #[command(hide = true)]
    Help(HelpArgs),
}

#[derive(Debug, clap::Args)]
struct HelpArgs {
    /// The command, such as `kernels compile`
    #[arg(value_name = "COMMAND")]
    path: Vec<String>,
}

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
    let (cli, json_wanted) = match command()
        .try_get_matches_from(&arguments)
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, asks_for_json(&matches))))
    {
        Ok(parsed) => parsed,
        Err(error) => {
            let printer = Printer::of_process(None, Detail::Normal, &environment);
            return shown(error, &printer);
        }
    };
    let printer = Printer::of_process(cli.global.color, cli.global.detail(), &environment);
    let surroundings = Conversation {
        global: &cli.global,
        printer: &printer,
        environment,
        cancel,
        arguments: &arguments,
        directory: None,
        began,
    };
    match keyed(&cli.command, &surroundings).and_then(|()| dispatch(&cli.command, &surroundings)) {
        Ok(code) => code,
        Err(error) => {
            if json_wanted {
                // The error itself follows on stderr, whoever reads stdout.
                let _ = json(&Failed::of(&error)).and_then(|text| printer.data(&text));
            }
            printer.error(&error);
            error.exit_code()
        }
    }
}

/// The words of the first command of this name in a group.
fn path_of(command: &clap::Command, name: &str) -> Option<String> {
    command.get_subcommands().find_map(|below| {
        let rest = match below.find_subcommand(name) {
            Some(_) => name.to_owned(),
            None => path_of(below, name)?,
        };
        Some(format!("{} {rest}", below.get_name()))
    })
}

/// Makes what other machines wrote not count, in every command that reads what was kept.
fn keyed(command: &Command, conversation: &Conversation<'_>) -> Result<()> {
    if matches!(
        command,
        Command::Completions(_) | Command::Man(_) | Command::Schema | Command::Help(_)
    ) {
        return Ok(());
    }
    if let Some(problem) = machine_key::load(&conversation.environment)? {
        let help = "set `CARGO_GATE_EVIDENCE_KEY`, or make the directory writable";
        conversation.printer.warning(&problem, Some(help));
    }
    Ok(())
}

fn dispatch(command: &Command, conversation: &Conversation<'_>) -> Result<i32> {
    match command {
        Command::Pilot(arguments) => stage::run(Stage::Pilot, arguments, conversation),
        Command::Controlled(arguments) => stage::run(Stage::Controlled, arguments, conversation),
        Command::Broad(arguments) => stage::run(Stage::Broad, arguments, conversation),
        Command::Status(arguments) => status::run(arguments, conversation),
        Command::Explain(arguments) => explain::run(arguments, conversation),
        Command::Verify(arguments) => verify::run(arguments, conversation),
        Command::Ready(arguments) => ready::run(arguments, conversation),
        Command::Suite(arguments) => suite::run(arguments, conversation),
        Command::Init(arguments) => init::run(arguments, conversation),
        Command::Doctor(arguments) => doctor::run(arguments, conversation),
        Command::Kernels(command) => kernels::run(command, conversation),
        Command::Source(command) => source::run(command, conversation),
        Command::Evidence(command) => evidence::run(command, conversation),
        Command::Release(arguments) => release::run(arguments, conversation),
        Command::Govern(command) => govern::run(command, conversation),
        Command::Advisories(arguments) => advisories::run(arguments, conversation),
        Command::Completions(arguments) => completions::completions(arguments, self::command(), conversation),
        Command::Man(arguments) => completions::man(arguments, self::command(), conversation),
        Command::Schema => schema::run(conversation),
        #[cfg(feature = "lsp")]
        Command::Lsp => lsp::run(conversation),
        #[cfg(not(feature = "lsp"))]
        Command::Lsp => Err(gate_base::error::Error::without_feature("lsp")),
        Command::Help(arguments) => help(arguments, conversation.printer),
    }
}

/// Prints the help of a command as `--help` behind its name would.
fn help(arguments: &HelpArgs, printer: &Printer) -> Result<i32> {
    let words = ["cargo-gate"]
        .into_iter()
        .chain(arguments.path.iter().map(String::as_str));
    match command().try_get_matches_from(words.chain(["--help"])) {
        Ok(_) => Ok(exit::READY),
        Err(error) => Ok(shown(error, printer)),
    }
}

/// Prints what clap words as an error, help and version included, and returns the exit code. A closed pipe is no error. What it
/// says may hold arguments.
fn shown(mut error: clap::Error, printer: &Printer) -> i32 {
    if let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand)
        && let Some(path) = path_of(&command(), name)
    {
        let tip = vec![format!("`cargo gate {path}`").into()];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tip));
    }
    let is_error = error.use_stderr();
    printer.usage(&error.render().ansi().to_string(), is_error);
    if is_error { exit::USAGE } else { exit::READY }
}
