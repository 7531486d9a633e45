//! The `cargo-gate` binary: parse, call, map to an exit code. The only place that ends the process.

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

/// Whether this process is here to end the children of another one, which it has done then.
#[cfg(unix)]
fn watches() -> bool {
    use gate_base::process::watch;
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|argument| argument == watch::ARGUMENT) && arguments.next().is_none() {
        watch::watch(std::io::stdin().lock());
        return true;
    }
    if let Ok(program) = std::env::current_exe() {
        watch::use_watcher(program);
    }
    false
}

#[expect(clippy::exit, reason = "the one place that ends the process")]
fn end(code: i32) -> ! {
    process::exit(code)
}
