//! The `cargo-gate` binary: parse, call, map to an exit code. The only place that ends the process.

#[cfg(unix)]
use std::io::Write as _;
use std::{panic, process};

use cargo_gate::cli;
use gate_base::exit;
use gate_base::process::cancel::Cancel;
use gate_world::environment::Environment;

fn main() {
    #[cfg(unix)]
    if watches() {
        return;
    }
    #[cfg(windows)]
    let bound = gate_base::process::bound::BoundChildren::begin();
    let cancel = Cancel::default();
    let on_signal = cancel.clone();
    // Without a handler Ctrl-C ends the process at once, which the store survives too: every write is atomic.
    let _ = ctrlc::set_handler(move || on_signal.request());

    let outcome = panic::catch_unwind(|| cli::run(std::env::args_os().collect(), Environment::of_process(), &cancel));
    // The default hook has printed the panic; what is left is an exit code that never means ready.
    let code = outcome.unwrap_or(exit::TOOL_FAILED);
    #[cfg(windows)]
    if let Ok(bound) = &bound {
        bound.release();
    }
    end(code);
}

/// Whether this process is here to become a child of another one, to end its children or to finish its work, which it has done then.
#[cfg(unix)]
fn watches() -> bool {
    use gate_base::process::{usage, watch};
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next().unwrap_or_default();
    if first == watch::BECOME {
        if let Err(error) = watch::become_child(arguments) {
            // It is the output of the child, which the log of the suite shows.
            let _ = writeln!(std::io::stderr(), "cannot be started: {error}");
            end(126);
        }
        return true;
    }
    if first == usage::ARGUMENT {
        // What asks the group of the command to end is for the command, which starts with the handlers of the system.
        let _ = ctrlc::set_handler(|| {});
        end(usage::measure(arguments).unwrap_or_else(|error| {
            let _ = writeln!(std::io::stderr(), "cannot be measured: {error}");
            126
        }));
    }
    if first == watch::FINISH {
        if watch::finish_for(arguments, std::io::stdin().lock()).is_err() {
            end(exit::TOOL_FAILED);
        }
        return true;
    }
    if first == watch::ARGUMENT && arguments.next().is_none() {
        watch::watch(std::io::stdin().lock());
        return true;
    }
    if let Ok(program) = std::env::current_exe() {
        usage::use_helper(vec![program.clone().into(), usage::ARGUMENT.into()]);
        watch::use_watcher(program);
    }
    false
}

#[expect(clippy::exit, reason = "the one place that ends the process")]
fn end(code: i32) -> ! {
    process::exit(code)
}
