//! The C interface: a C program links the example library and does what it may and what it may not, and the header says
//! what the Rust side is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use gate_runtime::argument::MAX_RANK;
use gate_runtime::{DType, Status, stats};

const HEADER: &str = include_str!("../include/gate_runtime.h");

fn manifest_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where this test builds; nothing else does, so no lock is waited for.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedding")
}

/// Runs a command to its end and returns what it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?}: {}\n{text}", output.status);
    text
}

/// The static library of the service, and the system libraries that it needs.
fn library() -> (PathBuf, Vec<String>) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["rustc", "--locked", "--package", "gate-embedding"])
        .args(["--color", "never", "--target-dir"])
        .arg(target())
        .args(["--", "--print", "native-static-libs"])
        .current_dir(manifest_dir());
    let said = run(&mut cargo);
    let folder = target().join("debug");
    let library = [folder.join("libgate_embedding.a"), folder.join("gate_embedding.lib")]
        .into_iter()
        .find(|path| path.is_file());
    let library = library.unwrap_or_else(|| panic!("no library in {}:\n{said}", folder.display()));
    // Cargo repeats what the compiler said also when the library was built before.
    let needed = said.lines().find_map(|line| line.split_once("native-static-libs:"));
    let (_, needed) = needed.unwrap_or_else(|| panic!("the compiler names no system libraries:\n{said}"));
    (library, needed.split_whitespace().map(str::to_owned).collect())
}

/// The target that this machine is.
fn host() -> String {
    let said = run(Command::new("rustc").arg("-vV"));
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.unwrap_or_else(|| panic!("the compiler names no host:\n{said}"))
        .to_owned()
}

/// Compiles `source` to a program beside the library.
fn program(source: &Path, library: &Path, needed: &[String]) -> PathBuf {
    let host = host();
    let mut build = cc::Build::new();
    build
        .target(&host)
        .host(&host)
        .opt_level(0)
        .debug(false)
        .warnings(true)
        .cargo_metadata(false)
        .out_dir(target());
    let compiler = build.get_compiler();
    let name = source.file_stem().unwrap_or_default().to_string_lossy();
    let program = target().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let mut command = compiler.to_command();
    command.current_dir(target());
    let include = manifest_dir().join("include");
    if compiler.is_like_msvc() {
        command
            .arg("/I")
            .arg(include)
            .arg(source)
            .arg(format!("/Fe{}", program.display()))
            .arg("/link")
            .arg(library);
    } else {
        command
            .args(["-std=c11", "-Werror", "-I"])
            .arg(include)
            .arg(source)
            .arg(library)
            .arg("-o")
            .arg(&program);
    }
    run(command.args(needed));
    program
}

#[test]
fn a_c_program_launches_kernels_and_is_refused_what_is_wrong() {
    let (library, needed) = library();
    let program = program(&manifest_dir().join("tests/embedding/service.c"), &library, &needed);
    let mut service = Command::new(program);
    // The program says what it expects of a machine without faults.
    for variable in gate_runtime::fault::VARIABLES {
        service.env_remove(variable);
    }
    let said = run(&mut service);
    let stats = stats::read::read(said.trim()).unwrap_or_else(|error| panic!("{error}:\n{said}"));
    assert_eq!((stats.calls.total, stats.calls.fallback), (20, 2));
    assert_eq!(stats.calls.contract_violation, 18);
}

/// What `docs/src/embedding.md` shows, word for word.
#[test]
fn the_program_of_the_book_launches_a_kernel() {
    let (library, needed) = library();
    let program = program(&manifest_dir().join("tests/embedding/first.c"), &library, &needed);
    let mut service = Command::new(program);
    for variable in gate_runtime::fault::VARIABLES {
        service.env_remove(variable);
    }
    assert_eq!(run(&mut service).trim_end(), "OK: 12 24 36 (no_native_variant)");
}

/// A program in C++ sees the same functions, by the same header.
#[test]
fn a_program_in_cpp_includes_the_header() {
    let source = target().join("service.cpp");
    std::fs::create_dir_all(target()).expect("the directory of this test");
    let text = "#include \"gate_runtime.h\"\n\
        static_assert(sizeof(GateReport) == 280 && GATE_STATUS_OK == 0, \"as in C\");\n\
        extern \"C\" GateHandle service_open();\n\
        GateStatus stats(size_t *size) {\n\
        return static_cast<GateStatus>(gate_stats_json(service_open(), nullptr, 0, size));\n\
        }\n";
    std::fs::write(&source, text).expect("the directory of this test");
    let host = host();
    cc::Build::new()
        .cpp(true)
        .cpp_link_stdlib(None)
        .std("c++14")
        .target(&host)
        .host(&host)
        .opt_level(0)
        .debug(false)
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(true)
        .cargo_metadata(false)
        .include(manifest_dir().join("include"))
        .out_dir(target())
        .file(source)
        .try_compile("service_in_cpp")
        .expect("the header is C++ as well");
}

#[test]
fn the_header_declares_what_the_library_exports() {
    let border = include_str!("../src/ffi/border.rs");
    let exported: BTreeSet<&str> = border
        .split("extern \"C\" fn ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next())
        .collect();
    let declared: BTreeSet<&str> = HEADER
        .lines()
        .filter(|line| !line.starts_with([' ', '#']))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("gate_"))
        .collect();
    assert!(exported.len() >= 6, "{exported:?}");
    assert_eq!(declared, exported);
}

#[test]
fn the_numbers_of_the_header_are_those_of_the_crate() {
    let value = |name: &str| {
        let assigned = format!("{name} = ");
        let line = HEADER.lines().find_map(|line| line.trim().strip_prefix(&assigned));
        let line = line.unwrap_or_else(|| panic!("{name} is not in the header"));
        let digits: String = line.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<i32>().unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for status in Status::ALL {
        assert_eq!(value(&format!("GATE_STATUS_{}", status.name())), status.code());
    }
    for (number, dtype) in (0..).zip(DType::ALL) {
        assert_eq!(value(&format!("GATE_TYPE_{}", dtype.name().to_uppercase())), number);
    }
    assert!(HEADER.contains(&format!("#define GATE_MAX_RANK {MAX_RANK}\n")));
}
