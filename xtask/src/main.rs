//! `cargo xtask`: parse, call, say what happened.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this binary talks to the developer who runs it"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own automation.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "`cargo xtask new-check <area.name>` scaffolds a check; xtask/launcher does it without building anything else."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the generated pages and schemas under docs/
    Docs {
        /// Change nothing; fail and name the files that differ
        #[arg(long)]
        check: bool,
    },
    /// Build the book as a static site, every link followed
    Site {
        /// Directory of the site, which is emptied first [default: target/site]
        #[arg(long, value_name = "DIRECTORY")]
        out: Option<std::path::PathBuf>,
    },
    /// Draw the picture of a verdict in the README from what the program prints
    Picture,
    /// Measure what it takes to bring the example projects under the gate, and compare with the measurement before
    Usability {
        /// Store the measurement in gate/authoring.toml
        #[arg(long)]
        write: bool,
    },
    /// Say what the latest run of the gate showed of the safety behind what is easy
    Ergonomics,
    /// Take over the advisory database that is compiled in from a clone of it
    Advisories {
        /// The clone; its checked-out commit is used
        #[arg(long, value_name = "DIRECTORY")]
        from: std::path::PathBuf,
    },
    /// Run what continuous integration runs, timed and grouped
    Ci {
        /// Leave out a step; may be repeated
        #[arg(long, value_name = "STEP", value_parser = xtask::ci::names())]
        skip: Vec<String>,
        /// Let the gate run one share of its suites; the other steps run on the first share
        #[arg(long, value_name = "SHARD/COUNT", default_value = "1/1")]
        partition: String,
    },
    /// Release this project, as `cargo gate release` does with its `[release]` in gate.toml
    Release {
        /// What `cargo gate release` takes, such as `--dry-run`
        #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Print the notes of a release: its section of the changelog, and on what it was tested
    Notes {
        /// The version, such as `1.2.3`
        version: String,
    },
    /// Explore the concurrent parts of gate-runtime with loom, in every order in which threads can take turns
    Models,
    /// Check gate-build and gate-runtime with the oldest Rust that they declare
    Msrv,
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> xtask::Result {
    let root = xtask::project_root();
    match command {
        Command::Docs { check: true } => xtask::docs::check(&root)?,
        Command::Docs { check: false } => {
            for path in xtask::docs::write(&root)? {
                println!("wrote {path}");
            }
        }
        Command::Site { out } => {
            let out = out.clone().unwrap_or_else(|| root.join(xtask::site::DIRECTORY));
            let pages = xtask::site::build(&root, &out)?;
            println!("wrote {pages} pages to {}", out.display());
        }
        Command::Picture => {
            let changed = xtask::picture::write(&root, &xtask::ci::binary()?)?;
            println!(
                "{} {}",
                if changed { "wrote" } else { "unchanged:" },
                xtask::picture::PATH
            );
        }
        Command::Usability { write } => xtask::usability::run(&root, &xtask::ci::binary()?, *write)?,
        Command::Ergonomics => xtask::ergonomics::run(&root, true)?,
        Command::Advisories { from } => println!("{}", xtask::advisories::write(&root, from)?),
        Command::Ci { skip, partition } => xtask::ci::run(&root, skip, partition)?,
        Command::Release { arguments } => xtask::ci::release(&root, arguments)?,
        Command::Notes { version } => print!("{}", xtask::notes::of(&root, version)?),
        Command::Models => xtask::ci::models(&root)?,
        Command::Msrv => xtask::ci::msrv(&root)?,
    }
    Ok(())
}
