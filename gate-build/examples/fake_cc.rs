//! Stands for compilers of C and C++ and for `ar` and `lib`, for the tests of companions: a machine needs only Rust to run them. It writes
//! what it was asked for where it was asked to. `FAKE_LOG` names a file that gets a line for each source, `FAKE_CC` is `refuse` or nothing.
#![expect(clippy::print_stderr, reason = "that is what compilers do")]

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

/// What an archive without members is.
const EMPTY: &[u8] = b"!<arch>\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // The crate `cc` asks what kind of compiler it is by preprocessing; it is none that it knows.
    if arguments.iter().any(|argument| argument == "-E" || argument == "/E") {
        return ExitCode::SUCCESS;
    }
    let is_source = |argument: &&String| {
        let extension = Path::new(argument.as_str()).extension();
        extension.is_some_and(|extension| extension == "c" || extension == "cpp")
    };
    match arguments.iter().find(is_source) {
        Some(source) => compile(source, &arguments),
        None => archive(&arguments),
    }
}

fn compile(source: &str, arguments: &[String]) -> ExitCode {
    if env::var("FAKE_CC").is_ok_and(|mode| mode == "refuse") {
        eprintln!("{source}:1: error: as asked");
        return ExitCode::FAILURE;
    }
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let attached = |name: &str| arguments.iter().find_map(|argument| argument.strip_prefix(name));
    let output = after("-o").or_else(|| attached("-Fo")).or_else(|| attached("/Fo"));
    let Some(output) = output else {
        eprintln!("no output was named");
        return ExitCode::FAILURE;
    };
    let includes = arguments
        .windows(2)
        .filter_map(|pair| match (pair[0].as_str(), pair[1].as_str()) {
            ("-I" | "/I", folder) => Some(folder),
            (joined, _) => joined.strip_prefix("-I").or_else(|| joined.strip_prefix("/I")),
        });
    let includes: Vec<String> = includes.map(|folder| folder.replace('\\', "/")).collect();
    let line = format!("{} {}\n", source.replace('\\', "/"), includes.join(" "));
    if let Ok(log) = env::var("FAKE_LOG") {
        let log = fs::File::options().append(true).create(true).open(log);
        let mut log = log.expect("the log can be opened");
        log.write_all(line.as_bytes()).expect("the log can be written");
    }
    fs::write(output, b"").expect("the output can be written");
    ExitCode::SUCCESS
}

fn archive(arguments: &[String]) -> ExitCode {
    let named = arguments.iter().find_map(|argument| {
        let argument = argument
            .strip_prefix("-out:")
            .or_else(|| argument.strip_prefix("/OUT:"));
        argument.map(str::to_owned)
    });
    let output = named.or_else(|| {
        let archives = |argument: &&String| Path::new(argument.as_str()).extension().is_some_and(|kind| kind == "a");
        arguments.iter().find(archives).cloned()
    });
    match output {
        Some(output) => {
            fs::write(output, EMPTY).expect("the archive can be written");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("neither a source nor an archive was named");
            ExitCode::FAILURE
        }
    }
}
