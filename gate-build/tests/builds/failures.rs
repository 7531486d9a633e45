//! Compilers that misbehave or are not there.

use std::fs;

use crate::support::{Crate, ptx};
use gate_build::{Env, Error, Kernels, Os};

fn one() -> Crate {
    let this = Crate::new();
    this.write("kernels/k.cu", "entry k\n");
    this
}

/// The message without the output of the compiler.
fn message(error: &Error) -> String {
    let text = error.to_string();
    text.lines()
        .filter(|line| !line.starts_with("  |"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_misbehaviour_is_one_clear_message() {
    for (mode, said, help) in [
        ("crash", "crashed (", "another version of the compiler"),
        (
            "garbage",
            "nvcc reported success but wrote something other than PTX",
            "check that this program is the compiler",
        ),
        (
            "silent",
            "nvcc reported success but wrote no PTX",
            "check that this program is the compiler",
        ),
        (
            "mute",
            "nvcc 13.0.88 failed without output (",
            "check that this program",
        ),
        ("died", "crashed (", "another version of the compiler"),
        ("no-headers", "nvcc 13.0.88 cannot find its own headers", "`CUDA_HOME`"),
        ("old", "nvcc 13.0.88 does not support sm_80", "change `.arch(…)`"),
        ("no-version", "did not print an nvcc version", "correct `NVCC`"),
    ] {
        if matches!(mode, "crash" | "died") && cfg!(windows) {
            // An aborted program has an exit code there, and is told by its message.
            continue;
        }
        let mut this = one();
        this.set("FAKE_MODE", mode);
        let error = message(&this.build().unwrap_err());
        assert!(error.starts_with("1 kernel was not built\n\nerror["), "{mode}: {error}");
        assert!(error.contains(said), "{mode}: {error}");
        assert!(error.contains("  help: ") && error.contains(help), "{mode}: {error}");
        this.unset("FAKE_MODE");
        this.build().unwrap();
    }
}

#[test]
fn a_compiler_that_hangs_is_stopped() {
    let mut this = one();
    this.build().unwrap();
    this.write("kernels/k.cu", "entry other\n");
    this.set("FAKE_MODE", "hang");
    this.set("GATE_KERNEL_TIMEOUT", "1");
    let error = message(&this.build().unwrap_err());
    assert!(error.contains("timed out after 1 s"), "{error}");
    assert!(error.contains("GATE_KERNEL_TIMEOUT"), "{error}");
}

#[test]
fn errors_of_the_source_pass_through_with_their_places() {
    let this = one();
    this.write("kernels/k.cu", "entry k\n#error first\n");
    this.write("kernels/l.cu", "\n\n#error second\n");
    let error = this.build().unwrap_err();
    let places: Vec<String> = error
        .diagnostics()
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.place.as_ref().unwrap();
            let file = place.file.display().to_string();
            format!("{}:{}", file.replace(std::path::MAIN_SEPARATOR, "/"), place.line)
        })
        .collect();
    assert_eq!(places, ["kernels/k.cu:2", "kernels/l.cu:3"]);
    assert_eq!(this.report()["failed"].as_array().unwrap().len(), 2);
}

#[test]
fn warnings_reach_cargo_every_time() {
    let this = one();
    this.write("kernels/k.cu", "warn\nentry k\n");
    for _ in 0..3 {
        let kernels = Kernels::new().cuda("kernels/*.cu");
        let (_, lines) = kernels.compile_in(&this.context()).unwrap();
        assert!(
            lines
                .iter()
                .any(|line| line == "cargo::warning=warning[compiler_warning]: kernels/k.cu: #1-D: as asked"),
            "{lines:?}"
        );
    }
}

#[test]
fn without_a_compiler_the_crate_compiles_and_says_why() {
    let mut this = one();
    this.unset("NVCC");
    // Nothing but the crate is there, wherever this test runs.
    let built = this.build_nowhere();
    assert_eq!(built.units, []);
    let why = built.unavailable.unwrap();
    assert!(
        why.contains("no compiler for CUDA sources found") && why.contains("no kernel lock"),
        "{why}"
    );
    let module = fs::read_to_string(built.bindings.unwrap()).unwrap();
    assert!(module.contains("Unavailable(\"no_compiler\")"), "{module}");
    // Without variables there is no folder to look into on Windows.
    let searched = this.report()["searched"].as_array().unwrap().len();
    assert_eq!(searched == 0, cfg!(windows));
}

#[test]
fn without_a_compiler_cargo_warns_unless_none_is_wanted() {
    let mut this = one();
    this.unset("NVCC");
    let warnings = |this: &Crate| {
        let lines = this.lines_nowhere();
        let warnings = lines.into_iter().filter(|line| line.starts_with("cargo::warning="));
        warnings.collect::<Vec<_>>()
    };
    // Each time, as cargo does with warnings of a compiler.
    for _ in 0..2 {
        let said = warnings(&this);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("cargo::warning=warning[compiler_missing]: no compiler for CUDA sources"));
        assert!(said[0].ends_with("there is no kernel lock: building without GPU kernels"));
        assert!(said[1].contains("help: ") && said[1].contains("`GATE_KERNELS=off`"));
    }
    this.set("GATE_KERNELS", "off");
    assert_eq!(warnings(&this), [""; 0]);
}

#[test]
fn a_compiler_that_appears_is_used() {
    let mut this = one();
    let nvcc = crate::support::fake_nvcc().display().to_string();
    this.unset("NVCC");
    assert_eq!(this.build_nowhere().units, []);
    this.set("NVCC", &nvcc);
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/k.cu").contains(".entry k"));
}

#[test]
fn cargo_is_never_told_of_a_file_that_is_not_there() {
    let mut this = one();
    let check = |lines: Vec<String>| {
        let paths: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("cargo::rerun-if-changed="))
            .collect();
        assert!(!paths.is_empty());
        for path in paths {
            assert!(std::path::Path::new(path).exists(), "{path}");
        }
        for name in [
            "NVCC",
            "NVCC_APPEND_FLAGS",
            "CUDA_COMPUTE_CAP",
            "GATE_KERNELS",
            "CUDA_HOME",
        ] {
            assert!(lines.contains(&format!("cargo::rerun-if-env-changed={name}")), "{name}");
        }
    };
    check(
        Kernels::new()
            .cuda("kernels/*.cu")
            .compile_in(&this.context())
            .unwrap()
            .1,
    );
    this.unset("NVCC");
    check(this.lines_nowhere());
}

#[test]
fn modes_do_what_they_say() {
    let mut this = one();
    this.set("GATE_KERNELS", "off");
    let built = this.build().unwrap();
    assert_eq!(built.unavailable.as_deref(), Some("GATE_KERNELS=off"));
    assert_eq!(this.log(), [""; 0]);

    this.set("GATE_KERNELS", "locked");
    let error = this.build().unwrap_err().to_string();
    assert!(
        error.contains("there is no `kernels.lock`") && error.contains("help:"),
        "{error}"
    );

    this.set("GATE_KERNELS", "sometimes");
    let error = this.build().unwrap_err().to_string();
    assert!(
        error.contains("invalid value `sometimes` for `GATE_KERNELS`"),
        "{error}"
    );

    this.unset("GATE_KERNELS");
    this.set("DOCS_RS", "1");
    let built = this.build().unwrap();
    assert!(built.unavailable.unwrap().contains("docs.rs"));

    this.set("GATE_KERNELS", "build");
    this.unset("NVCC");
    let kernels = Kernels::new().cuda("kernels/*.cu");
    let error = kernels.compile_in(&this.context_nowhere()).unwrap_err().to_string();
    assert!(error.contains("no compiler for CUDA sources found"), "{error}");
}

#[test]
fn wrong_requests_are_refused_with_a_remedy() {
    let mut this = one();
    for (kernels, said) in [
        (Kernels::new().cuda("none/*.cu"), "no file matches `none/*.cu`"),
        (
            Kernels::new().cuda("kernels/*.cu").arch(["sm_x"]),
            "`sm_x` is not a GPU architecture",
        ),
        (
            Kernels::new().cuda("kernels/*.cu").flag("-arch=sm_80"),
            "selects an architecture",
        ),
        (
            Kernels::new().cuda("kernels/*.cu").include("none"),
            "`none` is not a directory",
        ),
        (Kernels::new().rust("kernels"), "is neither a crate"),
        (
            Kernels::new().cuda("kernels/*.cu").optimize(4),
            "invalid optimization level 4",
        ),
        (Kernels::new().cuda("kernels/*.cu").signature("k", "fn("), "k"),
    ] {
        let error = kernels.compile_in(&this.context()).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("help:"), "{error}");
    }
    for (name, value) in [
        ("GATE_KERNEL_TIMEOUT", "soon"),
        ("CUDA_COMPUTE_CAP", "x"),
        ("GATE_CACHE_SIZE", "0"),
    ] {
        this.set(name, value);
        let error = this.build().unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("help:"), "{error}");
        this.unset(name);
    }
}

#[test]
fn spaces_and_letters_beyond_ascii_are_names() {
    let this = Crate::called("a crate – größer");
    this.write("kernels/söft max.cu", "#include \"hé ad.h\"\nentry k\n");
    this.write("kernels/hé ad.h", "header 1\n");
    this.build().unwrap();
    this.log();
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
    this.write("kernels/hé ad.h", "header 2\n");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/söft max.cu").contains("header 2"));
}

impl Crate {
    /// The context on a machine where nothing else is.
    fn context_nowhere(&self) -> gate_build::Context {
        let variables = self.variables();
        gate_build::Context::new(self.root(), self.out(), Env::new(Os::host(), variables, Nothing))
    }

    fn build_nowhere(&self) -> gate_build::Built {
        let kernels = Kernels::new().cuda("kernels/*.cu").arch(["sm_80"]);
        kernels.compile_in(&self.context_nowhere()).expect("it builds").0
    }

    fn lines_nowhere(&self) -> Vec<String> {
        let kernels = Kernels::new().cuda("kernels/*.cu");
        kernels.compile_in(&self.context_nowhere()).expect("it builds").1
    }
}

/// A file system in which no compiler is found.
struct Nothing;

impl gate_build::Files for Nothing {
    fn is_file(&self, _path: &std::path::Path) -> bool {
        false
    }

    fn entries(&self, _directory: &std::path::Path) -> Vec<std::ffi::OsString> {
        Vec::new()
    }
}
