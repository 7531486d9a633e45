//! Answers like rustc for `nvptx64-nvidia-cuda`, for the tests of this crate: machines without such a toolchain have to run them.
//!
//! Sources are lines. `entry NAME` is a kernel, `mod NAME` reads `NAME.rs` beside the source, `env NAME` is `option_env!`, `intrinsic` is a function that only
//! libdevice has, `error` one that does not exist. `FAKE_LOG` names a file that gets a line for each compilation.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "that is what compilers do")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments == ["-vV"] {
        println!("rustc 1.95.0 (0 2026-01-01)\nhost: fake\nrelease: 1.95.0\nLLVM version: 22.1.2");
        return ExitCode::SUCCESS;
    }
    let after = |prefix: &str| arguments.iter().find_map(|argument| argument.strip_prefix(prefix));
    let source = PathBuf::from(arguments.last().expect("a source"));
    let arch = after("target-cpu=").expect("an architecture");
    if let Ok(log) = env::var("FAKE_LOG") {
        let unstable = env::var("RUSTC_BOOTSTRAP").unwrap_or_default();
        let line = format!("{} {arch} unstable={unstable}\n", source.display());
        let mut log = fs::File::options()
            .append(true)
            .create(true)
            .open(log)
            .expect("the log can be opened");
        log.write_all(line.as_bytes()).expect("the log can be written");
    }
    let mut files = vec![source.clone()];
    let mut entries = String::new();
    let mut variables = String::new();
    let mut at = 0;
    while let Some(file) = files.get(at).cloned() {
        at += 1;
        let text = fs::read_to_string(&file).expect("the source can be read");
        for (line, text) in text.lines().enumerate() {
            match text.split_once(' ').unwrap_or((text, "")) {
                ("mod", name) => files.push(file.parent().unwrap_or(Path::new("")).join(format!("{name}.rs"))),
                ("entry", name) => {
                    let _ = write!(entries, ".visible .entry {name}()\n{{\n\tret;\n}}\n");
                }
                ("env", name) => {
                    let value = env::var(name);
                    let _ = writeln!(entries, "// {value:?}");
                    let _ = match value {
                        Ok(value) => writeln!(variables, "# env-dep:{name}={value}"),
                        Err(_) => writeln!(variables, "# env-dep:{name}"),
                    };
                }
                ("intrinsic", _) => {
                    eprintln!("rustc-LLVM ERROR: no libcall available for fexp");
                    return ExitCode::from(101);
                }
                ("error", _) => {
                    eprintln!(
                        "error[E0425]: cannot find value\n --> {}:{}:5\n",
                        file.display(),
                        line + 1
                    );
                    return ExitCode::FAILURE;
                }
                _ => {}
            }
        }
    }
    if let Some(output) = after("--emit=asm=") {
        let text = format!("//\n.version 7.0\n.target {arch}\n.address_size 64\n{entries}");
        fs::write(output, text).expect("the output can be written");
    }
    if let Some(output) = after("--emit=dep-info=") {
        let names: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string().replace(' ', "\\ "))
            .collect();
        fs::write(output, format!("out.s: {}\n\n{variables}", names.join(" "))).expect("the output can be written");
    }
    ExitCode::SUCCESS
}
