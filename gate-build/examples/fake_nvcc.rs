//! Answers like nvcc, and like clang where it is called so, for the tests of this crate: machines without CUDA have to run them.
//!
//! Sources are lines. `entry NAME` is a kernel, `#include`, `#ifdef`, `#if __CUDA_ARCH__ >= N`, `#else`, `#endif` and
//! `#error` are what they are in C, `//` starts a comment, `__builtin_LINE()` is the number of its line and `__builtin_FILE()` the name of its
//! file, which `#line` changes, and for clang `__builtin_COLUMN()` that of its column. Raw strings without a delimiter, `R"(…)"`, keep their blanks. `internal NAME` is a variable and a kernel whose
//! names have two hashes (`FAKE_HASH` is the second) and the number of the process in them, as nvcc gives them to what is internal in a source
//! without anything external.
//! `--options-file` names a file with macros, `CPATH` folders with headers. `FAKE_LOG` names a file that gets a line for each compilation,
//! `FAKE_TOP` the installation that a dry run names, `FAKE_EDITS` a file that somebody saves while it compiles,
//! `FAKE_LINGER` that it goes on for two seconds then,
//! `FAKE_ARCHS` the architectures that it lists, `FAKE_GPUS` those that it finds as nvidia-smi, `FAKE_SLEEP` the milliseconds that a compilation takes in benchmarks, `FAKE_MEET` an address at which a compilation says its source
//! and waits for an answer, `FAKE_MODE` a way to fail: `crash`, `hang`,
//! `garbage`, `silent`, `mute`, `died`, `no-headers`, `old` or `no-version`; `later` is a toolkit that clang can read with help, `much-later` one that it cannot read.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "that is what compilers do")]

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Whether it is called so.
fn is_clang() -> bool {
    let program = env::args().next().unwrap_or_default();
    Path::new(&program).file_stem().is_some_and(|name| name == "clang")
}

#[derive(Default)]
struct Asked {
    source: PathBuf,
    output: PathBuf,
    arch: u32,
    includes: Vec<PathBuf>,
    macros: Vec<String>,
    dependency_file: Option<PathBuf>,
    keep: Option<PathBuf>,
    /// What the output begins with, where it is not PTX.
    magic: Option<&'static [u8]>,
    only_preprocess: bool,
}

fn main() -> ExitCode {
    let mode = env::var("FAKE_MODE").unwrap_or_default();
    let arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--version") {
        let version = env::var("FAKE_VERSION").unwrap_or_else(|_| "13.0.88".to_owned());
        if is_clang() {
            println!("clang version 19.1.7");
        } else if mode == "no-version" {
            println!("hello");
        } else {
            println!("Cuda compilation tools, release 13.0, V{version}");
        }
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument.starts_with("--query-gpu")) {
        let gpus = env::var("FAKE_GPUS").unwrap_or_default();
        gpus.split_whitespace().for_each(|gpu| println!("{gpu}"));
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list-gpu-arch") {
        let archs = env::var("FAKE_ARCHS").unwrap_or_default();
        archs.split_whitespace().for_each(|arch| println!("compute_{arch}"));
        return ExitCode::SUCCESS;
    }
    if arguments
        .iter()
        .any(|argument| argument == "-lib" || argument == "-dlink")
    {
        return link(&arguments);
    }
    if arguments.iter().any(|argument| argument == "--dryrun") {
        if let Ok(top) = env::var("FAKE_TOP") {
            eprintln!("#$ TOP={top}");
        }
        return ExitCode::SUCCESS;
    }
    // clang, asked whether it can read a toolkit: a later one only with what is missing there.
    if arguments.iter().any(|argument| argument == "-fsyntax-only") {
        let is_later = mode == "later" && !arguments.iter().any(|argument| argument == "-idirafter");
        if is_later || mode == "much-later" {
            eprintln!("fatal error: 'texture_fetch_functions.h' file not found");
            return ExitCode::FAILURE;
        }
        return ExitCode::SUCCESS;
    }
    let asked = read(&arguments);
    if let Ok(log) = env::var("FAKE_LOG") {
        let verb = if asked.only_preprocess { "preprocess" } else { "compile" };
        let line = format!("{verb} {} sm_{}\n", asked.source.display(), asked.arch).replace('\\', "/");
        let mut log = fs::File::options()
            .append(true)
            .create(true)
            .open(log)
            .expect("the log can be opened");
        log.write_all(line.as_bytes()).expect("the log can be written");
    }
    if let Some(time) = env::var("FAKE_SLEEP").ok().and_then(|time| time.parse().ok())
        && !asked.only_preprocess
    {
        std::thread::sleep(std::time::Duration::from_millis(time));
    }
    if let Ok(address) = env::var("FAKE_MEET")
        && !asked.only_preprocess
    {
        meet(&address, &asked.source);
    }
    match mode.as_str() {
        "crash" => {
            eprintln!("nvcc: internal error");
            std::process::abort();
        }
        "hang" => loop {
            std::thread::park();
        },
        "garbage" => {
            println!("\u{fffd}garbage\u{1}");
            fs::write(&asked.output, b"\xff\xfe garbage").expect("the output can be written");
            return ExitCode::SUCCESS;
        }
        "silent" => return ExitCode::SUCCESS,
        "mute" => return ExitCode::FAILURE,
        "died" => {
            eprintln!("nvcc error   : 'cicc' died due to signal 11 (Invalid memory reference)");
            return ExitCode::from(139);
        }
        "no-headers" => {
            eprintln!("<command-line>: fatal error: cuda_runtime.h: No such file or directory");
            return ExitCode::FAILURE;
        }
        "old" => {
            eprintln!("nvcc fatal   : Unsupported gpu architecture 'compute_{}'", asked.arch);
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    let compiled = compile(&asked);
    if let Ok(file) = env::var("FAKE_EDITS") {
        let mut file = fs::File::create(file).expect("the file can be written");
        file.write_all(b"edited meanwhile\n").expect("the file can be written");
        drop(file);
        linger();
    }
    match compiled {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Puts objects together: what was asked for, and their bytes.
fn link(arguments: &[String]) -> ExitCode {
    if let Ok(log) = env::var("FAKE_LOG") {
        let mut log = fs::File::options()
            .append(true)
            .create(true)
            .open(log)
            .expect("the log can be opened");
        let flags: Vec<&str> = arguments
            .iter()
            .map(String::as_str)
            .filter(|flag| flag.starts_with('-'))
            .collect();
        writeln!(log, "link {}", flags.join(" ")).expect("the log can be written");
    }
    if env::var("FAKE_MODE").is_ok_and(|mode| mode == "no-link") {
        eprintln!("nvlink error   : Undefined reference to '_Z5otheri' in 'a.o'");
        return ExitCode::FAILURE;
    }
    let mut made = b"!<arch>\n".to_vec();
    let mut rest = arguments.iter();
    let mut output = PathBuf::new();
    while let Some(argument) = rest.next() {
        if argument == "-o" {
            output = rest.next().map(PathBuf::from).unwrap_or_default();
        } else if !argument.starts_with('-') {
            made.extend(fs::read(argument).expect("the object can be read"));
        }
    }
    fs::write(output, made).expect("the library can be written");
    ExitCode::SUCCESS
}

/// Goes on only when what was just saved is no longer so new that builds mistrust its date.
fn linger() {
    if env::var("FAKE_LINGER").is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(2_100));
    }
}

/// Says what is compiled, and goes on when the other end says so.
fn meet(address: &str, source: &Path) {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    writeln!(stream, "{}", source.display()).expect("the test listens");
    let mut answer = [0];
    stream.read_exact(&mut answer).expect("the test answers");
}

fn read(arguments: &[String]) -> Asked {
    let mut asked = Asked::default();
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let split = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut all = split(&variable("NVCC_PREPEND_FLAGS"));
    all.extend_from_slice(arguments);
    all.extend(split(&variable("NVCC_APPEND_FLAGS")));
    let mut rest = all.into_iter();
    while let Some(argument) = rest.next() {
        let mut value = || PathBuf::from(rest.next().unwrap_or_default());
        match argument.as_str() {
            "-MF" => asked.dependency_file = Some(value()),
            "--keep-dir" => asked.keep = Some(value()),
            "-o" => asked.output = value(),
            "-E" => asked.only_preprocess = true,
            "--options-file" => {
                let text = fs::read_to_string(value()).expect("the flags can be read");
                asked.macros.extend(text.split_whitespace().map(str::to_owned));
            }
            "--ptx" | "--keep" => {}
            "-c" | "--cubin" => asked.magic = Some(b"\x7fELF"),
            "--fatbin" => asked.magic = Some(b"\x50\xed\x55\xba"),
            "--ltoir" => asked.magic = Some(b"\xed\x43\x4e\x7f"),
            // In the output, so that a test sees whether it was asked for.
            "-MD" => asked.macros.push(argument),
            _ => {
                let arch = argument.strip_prefix("-arch=sm_");
                if let Some(arch) = arch.or_else(|| argument.strip_prefix("--cuda-gpu-arch=sm_")) {
                    asked.arch = arch
                        .trim_end_matches('a')
                        .parse()
                        .expect("the architecture is a number");
                } else if let Some(folder) = argument
                    .strip_prefix("-isystem=")
                    .or_else(|| argument.strip_prefix("-I"))
                {
                    asked.includes.push(folder.into());
                } else if argument.starts_with('-') {
                    asked.macros.push(argument);
                } else {
                    asked.source = argument.into();
                }
            }
        }
    }
    if let Some(folders) = env::var_os("CPATH") {
        asked.includes.extend(env::split_paths(&folders));
    }
    asked
}

fn compile(asked: &Asked) -> Result<(), String> {
    let mut files = Vec::new();
    let mut text = String::new();
    preprocess(&asked.source, asked, &mut files, &mut text)?;
    let write = |path: &Path, text: &str| fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()));
    if asked.only_preprocess {
        return write(&asked.output, &text);
    }
    if let Some(file) = &asked.dependency_file {
        let names: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string().replace('$', "$$").replace(' ', "\\ "))
            .collect();
        write(
            file,
            &format!("{} : {}\n", asked.output.display(), names.join(" \\\n    ")),
        )?;
    }
    if let Some(folder) = &asked.keep {
        write(&folder.join("unit.cpp1.ii"), &text)?;
    }
    let (mut line, mut place, mut is_raw) = (0, "", false);
    let mut ptx = format!(
        "// {:?}\n.version 8.0\n.target sm_{}\n.address_size 64\n",
        asked.macros, asked.arch
    );
    for text in text.lines() {
        line += 1;
        if let Some(marker) = text.strip_prefix("# ") {
            let (number, name) = marker.split_once(' ').expect("a marker has a name");
            line = number.parse::<usize>().expect("a marker has a number") - 1;
            place = name;
            continue;
        }
        if let Some(name) = text.strip_prefix("internal ") {
            let [table, kernel] = ["tab", name].map(|name| internal(name, &asked.source));
            let _ = writeln!(
                ptx,
                ".global .align 4 .u32 {table};\n.entry {kernel}(\n\t.param .u64 {kernel}_param_0\n)\n{{\n\tret;\n}}"
            );
            continue;
        }
        match text.strip_prefix("entry ") {
            _ if text.is_empty() && !is_raw => {}
            Some(name) => {
                let _ = writeln!(
                    ptx,
                    ".visible .entry {name}(\n\t.param .u64 {name}_param_0\n)\n{{\n\tret;\n}}"
                );
            }
            None => {
                let text = text.replace("__builtin_LINE()", &line.to_string());
                let _ = writeln!(ptx, "// {}", text.replace("__builtin_FILE()", place));
            }
        }
        is_raw = is_open(text, is_raw);
    }
    if text.contains("\nwarn\n") {
        println!("{}(1): warning #1-D: as asked", asked.source.display());
    }
    let Some(magic) = asked.magic else {
        return write(&asked.output, &ptx);
    };
    let bytes = [magic, ptx.as_bytes()].concat();
    fs::write(&asked.output, bytes).map_err(|error| format!("{}: {error}", asked.output.display()))
}

/// Whether a raw string goes on behind this line.
fn is_open(line: &str, was_open: bool) -> bool {
    (was_open || line.contains("R\"(")) && !line.contains(")\"")
}

/// The mangled name of what is in an unnamed namespace.
fn internal(name: &str, source: &Path) -> String {
    let file = source
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replace('.', "_");
    let hash = env::var("FAKE_HASH").unwrap_or_else(|_| "cde4afe4".to_owned());
    let process = std::process::id();
    let space = format!("_GLOBAL__N__3cc51576_{}_{file}_{hash}_{process}", file.len());
    format!("_ZN{}{space}{}{name}E", space.len(), name.len())
}

fn preprocess(file: &Path, asked: &Asked, files: &mut Vec<PathBuf>, out: &mut String) -> Result<(), String> {
    let shown = file.display().to_string();
    let source = fs::read_to_string(file).map_err(|error| format!("{shown}(1): error: {error}"))?;
    files.push(file.to_path_buf());
    let _ = writeln!(out, "# 1 {shown:?}");
    let mut taken = vec![true];
    let mut is_raw = false;
    for (at, whole) in source.lines().enumerate() {
        let was_raw = is_raw;
        is_raw = is_open(whole, was_raw);
        let line = if was_raw || whole.contains("R\"(") {
            whole
        } else {
            whole.split("//").next().unwrap_or_default().trim()
        };
        // clang compiles the source, not what its preprocessor writes.
        let column = whole.find("__builtin_COLUMN").unwrap_or_default() + 1;
        let placed;
        let line = if is_clang() && !asked.only_preprocess {
            placed = line.replace("__builtin_COLUMN()", &column.to_string());
            &placed
        } else {
            line
        };
        let here = taken.iter().all(|taken| *taken);
        if let Some(name) = line.strip_prefix("#ifdef ") {
            taken.push(asked.macros.iter().any(|given| *given == format!("-D{name}")));
        } else if let Some(least) = line.strip_prefix("#if __CUDA_ARCH__ >= ") {
            taken.push(
                asked.arch * 10
                    >= least
                        .parse()
                        .map_err(|_| format!("{shown}({}): error: number", at + 1))?,
            );
        } else if line == "#else" {
            let last = taken.last_mut().expect("there is an #if");
            *last = !*last;
        } else if line == "#endif" {
            taken.pop();
        } else if !here || line.is_empty() {
            // Lines stay where they are.
            out.push('\n');
        } else if let Some(message) = line.strip_prefix("#error ") {
            return Err(format!("{shown}({}): error: {message}", at + 1));
        } else if let Some(name) = line.strip_prefix("#include ") {
            let bare = name.trim_matches(['"', '<', '>']);
            let beside = file
                .parent()
                .map(|folder| folder.join(bare))
                .filter(|_| name.starts_with('"'));
            let found = beside
                .into_iter()
                .chain(asked.includes.iter().map(|folder| folder.join(bare)))
                .find(|candidate| candidate.is_file())
                .ok_or_else(|| format!("{shown}:{}:10: fatal error: {bare}: No such file or directory", at + 1))?;
            preprocess(&found, asked, files, out)?;
            let _ = writeln!(out, "# {} {shown:?}", at + 2);
        } else if let Some(marker) = line.strip_prefix("#line ") {
            let _ = writeln!(out, "# {marker}");
        } else {
            out.push_str(line);
            out.push('\n');
        }
    }
    Ok(())
}
