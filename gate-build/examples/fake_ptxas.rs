//! Stands in for ptxas in tests: no toolkit is part of the Rust toolchain.
//!
//! It accepts PTX from version 7.2 on, makes machine code that depends on everything but the version, and reports 24 registers for each entry.
//! Comments in the text make it misbehave: `// refuse`, `// silent` (no report), `// nothing` (no machine code). Each call adds a line to `calls` beside the
//! directory of its output.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout();
    if arguments == ["--version"] {
        let _ = writeln!(
            out,
            "ptxas: NVIDIA (R) Ptx optimizing assembler\nCuda compilation tools, release 13.0, V13.0.88"
        );
        return ExitCode::SUCCESS;
    }
    let ["--verbose", arch, "-o", output, input] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        return ExitCode::from(2);
    };
    let text = fs::read_to_string(input).expect("the input is there");
    let calls = Path::new(output)
        .parent()
        .and_then(Path::parent)
        .expect("two directories")
        .join("calls");
    let mut calls = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(calls)
        .expect("a log");
    let version = text
        .split_once(".version ")
        .and_then(|(_, rest)| rest.lines().next())
        .unwrap_or_default()
        .to_owned();
    let _ = writeln!(calls, "{arch} {version}");
    let mut err = std::io::stderr();
    if text.contains("// refuse") || version.as_str() < "7.2" {
        let _ = writeln!(
            err,
            "ptxas {input}, line 3; error   : Feature 'x' requires PTX ISA .version 7.2 or later"
        );
        return ExitCode::from(255);
    }
    if !text.contains("// silent") {
        for entry in text.split(".entry ").skip(1) {
            let name = entry.split('(').next().unwrap_or_default();
            let arch = arch.trim_start_matches("-arch=");
            let _ = writeln!(err, "ptxas info    : Compiling entry function '{name}' for '{arch}'");
            let _ = writeln!(
                err,
                "ptxas info    : Used 24 registers, used 0 barriers, 360 bytes cmem[0]"
            );
        }
    }
    if !text.contains("// nothing") {
        fs::write(output, text.replace(&version, "")).expect("the output can be written");
    }
    ExitCode::SUCCESS
}
