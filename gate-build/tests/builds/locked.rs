//! The kernel lock in a build.

use std::fs;

use crate::support::{Crate, fake_nvcc, place, ptx};
use gate_build::{Built, Env, Error, Files, Kernels, Os, Provenance};

/// A file system in which no compiler is found.
struct Nothing;

impl Files for Nothing {
    fn is_file(&self, _path: &std::path::Path) -> bool {
        false
    }

    fn entries(&self, _directory: &std::path::Path) -> Vec<std::ffi::OsString> {
        Vec::new()
    }
}

/// A crate with a lock, and its build on a machine that has no compiler.
fn locked() -> Crate {
    let mut this = Crate::new();
    this.write("kernels/k.cu", "#include \"k.h\"\nentry k\n");
    this.write("kernels/k.h", "header\n");
    this.set("GATE_KERNELS_LOCK", "write");
    this.build().expect("it builds");
    this.unset("GATE_KERNELS_LOCK");
    this.log();
    this
}

fn without_compiler(this: &Crate) -> Result<Built, Error> {
    without_compiler_at(this, &this.root())
}

fn without_compiler_at(this: &Crate, root: &std::path::Path) -> Result<Built, Error> {
    let mut variables = this.variables();
    variables.remove("NVCC");
    let context = gate_build::Context::new(root, this.path("other-out"), Env::new(Os::host(), variables, Nothing));
    let kernels = Kernels::new().cuda("kernels/**/*.cu").arch(["sm_80"]);
    kernels.compile_in(&context).map(|(built, _)| built)
}

#[test]
fn a_crate_is_found_through_another_folder() {
    let this = locked();
    let through = this.root().join("kernels").join("..");
    let built = without_compiler_at(&this, &through).expect("a directory source may be named so");
    assert_eq!(built.units[0].name.as_str(), "kernels/k.cu");
}

/// A file system with nothing in it but one folder of this one.
struct Only(std::path::PathBuf);

impl Files for Only {
    fn is_file(&self, path: &std::path::Path) -> bool {
        path.starts_with(&self.0) && path.is_file()
    }

    fn entries(&self, directory: &std::path::Path) -> Vec<std::ffi::OsString> {
        let below = directory.starts_with(&self.0);
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.filter(|_| below).map(|entry| entry.file_name()).collect()
    }
}

fn with_clang(this: &Crate, more: &[(&str, &str)]) -> Result<(Built, Vec<String>), Error> {
    with(this, &["clang"], more)
}

/// The build on a machine with these programs on `PATH` and no other compiler.
fn with(this: &Crate, programs: &[&str], more: &[(&str, &str)]) -> Result<(Built, Vec<String>), Error> {
    let bin = this.path("bin");
    let _ = fs::remove_dir_all(&bin);
    fs::create_dir_all(&bin).expect("a folder can be made");
    for program in programs {
        let program = bin.join(format!("{program}{}", std::env::consts::EXE_SUFFIX));
        place(&fake_nvcc(), &program);
    }
    let mut variables = this.variables();
    variables.remove("NVCC");
    variables.insert("PATH".to_owned(), bin.display().to_string());
    variables.extend(more.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())));
    let env = Env::new(Os::host(), variables, Only(bin));
    let context = gate_build::Context::new(this.root(), this.path("other-out"), env);
    Kernels::new()
        .cuda("kernels/**/*.cu")
        .arch(["sm_80"])
        .compile_in(&context)
}

#[test]
fn another_kind_of_compiler_than_that_of_the_lock_is_asked_for_by_name() {
    let this = locked();
    let provenance = |built: &Built| built.units[0].images[0].provenance;
    let (built, _) = with_clang(&this, &[]).unwrap();
    assert_eq!(provenance(&built), Provenance::Locked);
    assert_eq!(this.log(), [""; 0]);
    // Not even to write the lock again.
    let error = with_clang(&this, &[("GATE_KERNELS_LOCK", "write")])
        .unwrap_err()
        .to_string();
    assert!(error.contains("used only with `GATE_KERNEL_COMPILER=clang`"), "{error}");
    assert_eq!(this.log(), [""; 0]);
    let (built, lines) = with_clang(&this, &[("GATE_KERNEL_COMPILER", "clang")]).unwrap();
    assert_eq!(provenance(&built), Provenance::Built);
    let warning = "cargo::warning=warning[other_compiler]: CUDA sources are compiled by clang \
                   (GATE_KERNEL_COMPILER=clang), and `kernels.lock` is of nvcc";
    assert!(lines.contains(&warning.to_owned()), "{lines:?}");
    // Said each time, not only when something is compiled.
    let (_, again) = with_clang(&this, &[("GATE_KERNEL_COMPILER", "clang")]).unwrap();
    assert!(again.contains(&warning.to_owned()), "{again:?}");
}

#[test]
fn a_lock_of_clang_is_followed_where_only_nvcc_is() {
    let this = Crate::new();
    this.write("kernels/k.cu", "entry k\n");
    let write = [("GATE_KERNEL_COMPILER", "clang"), ("GATE_KERNELS_LOCK", "write")];
    with_clang(&this, &write).unwrap();
    for (programs, expected) in [
        (&["nvcc"][..], Provenance::Locked),
        (&["nvcc", "clang"], Provenance::Built),
        (&["clang"], Provenance::Built),
    ] {
        let (built, _) = with(&this, programs, &[]).unwrap();
        let image = &built.units[0].images[0];
        assert_eq!(image.provenance, expected, "{programs:?}");
        assert_eq!(image.compiler.as_ref().unwrap().kind.as_str(), "clang", "{programs:?}");
    }
}

#[test]
fn the_lock_stands_in_for_a_compiler() {
    let this = locked();
    for _ in 0..2 {
        let built = without_compiler(&this).unwrap();
        assert_eq!(built.units[0].images[0].provenance, Provenance::Locked);
        assert!(ptx(&built, "kernels/k.cu").contains(".entry k"));
        let module = fs::read_to_string(built.bindings.unwrap()).unwrap();
        assert!(module.contains("Provenance::Locked"));
    }
    assert_eq!(this.log(), [""; 0]);
}

#[test]
fn a_changed_source_is_an_error_until_it_is_locked_again() {
    let mut this = locked();
    without_compiler(&this).unwrap();
    this.write("kernels/k.h", "another header\n");
    let error = without_compiler(&this).unwrap_err().to_string();
    assert!(
        error.contains("changed since the PTX of `kernels/k.cu` for sm_80 was locked"),
        "{error}"
    );
    assert!(
        error.contains("kernels/k.h:1") && error.contains("cargo gate kernels lock"),
        "{error}"
    );
    this.set("GATE_KERNELS_LOCK", "write");
    this.build().unwrap();
    this.unset("GATE_KERNELS_LOCK");
    without_compiler(&this).unwrap();
}

#[test]
fn a_source_that_is_saved_while_it_is_locked_is_not_locked() {
    let mut this = locked();
    let lock = fs::read(this.root().join("kernels.lock")).unwrap();
    this.write("kernels/k.cu", "#include \"k.h\"\nentry k\nentry more\n");
    this.set("GATE_KERNELS_LOCK", "write");
    this.set("FAKE_EDITS", &this.root().join("kernels/k.h").display().to_string());
    let error = this.build().unwrap_err().to_string();
    assert!(
        error.contains("`kernels/k.h` was saved while the PTX for sm_80 was compiled"),
        "{error}"
    );
    assert_eq!(fs::read(this.root().join("kernels.lock")).unwrap(), lock);
    this.unset("FAKE_EDITS");
    this.build().unwrap();
    this.unset("GATE_KERNELS_LOCK");
    assert!(ptx(&without_compiler(&this).unwrap(), "kernels/k.cu").contains("edited meanwhile"));
}

#[test]
fn ptx_of_an_older_architecture_is_taken_for_a_device_that_a_variable_names() {
    let mut this = locked();
    this.set("CUDA_COMPUTE_CAP", "86,80,90");
    let (built, lines) = with(&this, &[], &[]).unwrap();
    let images = &built.units[0].images;
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].arch.to_string(), "sm_80");
    let warnings = lines
        .iter()
        .filter(|line| line.contains("taking that for sm_80, which runs there"));
    assert_eq!(warnings.count(), 2, "{lines:?}");
    this.set("CUDA_COMPUTE_CAP", "75");
    let error = with(&this, &[], &[]).unwrap_err().to_string();
    assert!(error.contains("has no PTX for it on sm_75"), "{error}");
    // What build.rs names is what is shipped.
    this.unset("CUDA_COMPUTE_CAP");
    let env = Env::new(Os::host(), [("GATE_KERNELS", "locked")], Nothing);
    let context = gate_build::Context::new(this.root(), this.path("other-out"), env);
    let kernels = Kernels::new().cuda("kernels/**/*.cu").arch(["sm_86"]);
    assert!(kernels.compile_in(&context).is_err());
}

#[test]
fn other_architectures_of_the_build_script_are_found_without_running_it() {
    let this = locked();
    let verify = |calls: &str| {
        let script = format!("gate_build::Kernels::new().cuda(\"kernels/*.cu\"){calls}.compile()");
        this.write("build.rs", &script);
        let lock = gate_build::lock::KernelLock::read(&this.root()).unwrap().unwrap();
        let problems = lock.verify(&this.root());
        problems
            .iter()
            .map(|problem| problem.message.clone())
            .collect::<Vec<_>>()
    };
    let others = [
        "it does not name sm_80, and `kernels.lock` has PTX for that",
        "it names sm_90, and `kernels.lock` has no PTX for that",
    ];
    assert_eq!(verify(".arch([\"sm_80\"])"), [""; 0]);
    assert_eq!(verify(".arch([\"sm_90\"])"), others);
    // Which of them is for a source counts, and what else is built does not.
    assert_eq!(verify(".arch([\"sm_90\"]).arch_for(\"kernels/k.cu\", [80])"), [""; 0]);
    assert_eq!(verify(".arch([\"sm_80\"]).arch_for(\"kernels/k.cu\", [90])"), others);
    let library = "gate_build::Kernels::static_library(\"moe\").arch([\"sm_75\"]).compile()?;";
    let fatbin = "gate_build::Kernels::new().output(Output::Fatbin).arch([\"sm_75\"])";
    assert_eq!(
        verify(&format!(".arch([\"sm_90\"]).compile()?; {library} {fatbin}")),
        others
    );
    assert_eq!(verify(&format!(".compile()?; {library} {fatbin}")), [""; 0]);
}

#[test]
fn damage_of_the_lock_or_its_ptx_is_an_error() {
    let this = locked();
    let file = this.root().join("ptx/kernels/k.cu.sm_80.ptx");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = without_compiler(&this).unwrap_err().to_string();
    assert!(error.contains("k.cu.sm_80.ptx") && error.contains("help:"), "{error}");
    fs::write(&file, &whole).unwrap();
    without_compiler(&this).unwrap();

    let lock = this.root().join("kernels.lock");
    let text = fs::read_to_string(&lock).unwrap();
    fs::write(&lock, text.replace("[[", "[")).unwrap();
    fs::write(&lock, format!("{text}\n=")).unwrap();
    let error = without_compiler(&this).unwrap_err().to_string();
    assert!(error.contains("kernels.lock:") && error.contains("help:"), "{error}");
}

#[test]
fn a_unit_that_is_not_locked_is_an_error() {
    let this = locked();
    this.write("kernels/new.cu", "entry new\n");
    let error = without_compiler(&this).unwrap_err().to_string();
    assert!(
        error.contains("kernels/new.cu: `kernels.lock` has no PTX for it on sm_80"),
        "{error}"
    );
}

#[test]
fn other_flags_of_the_build_script_are_an_error_until_it_is_locked_again() {
    let mut this = locked();
    let without = |this: &Crate, flag: &str| {
        let mut variables = this.variables();
        variables.remove("NVCC");
        let env = Env::new(Os::host(), variables, Nothing);
        let context = gate_build::Context::new(this.root(), this.path("other-out"), env);
        let kernels = Kernels::new().cuda("kernels/**/*.cu").arch(["sm_80"]).flag(flag);
        kernels.compile_in(&context).map(|(built, _)| built)
    };
    let text = without(&this, "-DFAST").unwrap_err().to_string();
    for part in [
        "error[flags_changed]: kernels/k.cu: ",
        "was compiled with no flags, but the build script has `-DFAST`",
        "kernels.lock:9",
        "`cargo gate kernels lock`",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let lock = fs::read_to_string(this.root().join("kernels.lock")).unwrap();
    assert_eq!(lock.lines().nth(8), Some("flags = []"), "{lock}");
    this.set("GATE_KERNELS_LOCK", "write");
    this.build_with(|kernels| kernels.flag("-DFAST")).unwrap();
    this.unset("GATE_KERNELS_LOCK");
    without(&this, "-DFAST").unwrap();
    assert!(without(&this, "-DSLOW").is_err());
}

#[test]
fn a_lock_knows_its_patterns_and_budgets() {
    let mut this = locked();
    let file = this.root().join("kernels.lock");
    let lock = fs::read_to_string(&file).unwrap();
    assert!(lock.contains("cuda = [\"kernels/**/*.cu\"]"), "{lock}");
    this.set("GATE_KERNELS_LOCK", "check");
    this.build().unwrap();
    fs::write(&file, lock.replace("cuda = [\"kernels/**/*.cu\"]\n", "")).unwrap();
    let error = this.build().unwrap_err().to_string();
    assert!(
        error.contains("the source patterns in `kernels.lock` differ"),
        "{error}"
    );
    let budget = "\n[[budget]]\nkernel = \"k\"\nlimits = { registers = 9 }\n";
    fs::write(&file, format!("{lock}{budget}")).unwrap();
    let error = this.build().unwrap_err().to_string();
    assert!(error.contains("the budgets in `kernels.lock` differ"), "{error}");
}

#[test]
fn a_compiler_that_writes_something_else_is_found_out() {
    let mut this = locked();
    this.set("GATE_KERNELS_LOCK", "check");
    this.build().unwrap();
    this.set("NVCC_APPEND_FLAGS", "-Dother");
    // The fake compiler writes its flags into a comment; the code is the same until the source is not.
    this.write("kernels/k.cu", "#include \"k.h\"\nentry k\nentry more\n");
    let error = this.build().unwrap_err().to_string();
    assert!(
        error.contains("nvcc 13.0.88 does not reproduce the locked PTX for sm_80"),
        "{error}"
    );
    this.set("GATE_KERNELS_LOCK", "maybe");
    assert!(this.build().unwrap_err().to_string().contains("GATE_KERNELS_LOCK"));
}

#[test]
fn a_lock_is_reproduced_by_a_compiler_that_puts_its_process_into_names() {
    let mut this = Crate::new();
    this.write("kernels/k.cu", "internal k\n");
    this.set("GATE_KERNELS_LOCK", "write");
    let written = ptx(&this.build().unwrap(), "kernels/k.cu");
    let lock = fs::read_to_string(this.root().join("kernels.lock")).unwrap();
    assert!(lock.contains("_cde4afe41k"), "{lock}");
    this.set("GATE_KERNELS_LOCK", "check");
    let again = |this: &Crate| {
        for folder in [this.path("store"), this.out()] {
            fs::remove_dir_all(folder).unwrap();
        }
        this.build()
    };
    let compiled = ptx(&again(&this).unwrap(), "kernels/k.cu");
    assert_ne!(written, compiled, "it was another process");
    // What a machine without a compiler embeds has the names of the lock.
    this.unset("GATE_KERNELS_LOCK");
    let taken = ptx(&without_compiler(&this).unwrap(), "kernels/k.cu");
    assert!(
        taken.contains(".entry _ZN36_GLOBAL__N__00000000_4_k_cu_cde4afe41kE("),
        "{taken}"
    );
    this.set("GATE_KERNELS_LOCK", "check");
    this.set("FAKE_HASH", "cde4afe5");
    let error = again(&this).unwrap_err().to_string();
    assert!(error.contains("does not reproduce the locked PTX for sm_80"), "{error}");
}

#[test]
fn flags_of_the_lock_that_are_not_those_of_the_build_are_found_out() {
    let mut this = locked();
    let file = this.root().join("kernels.lock");
    let lock = fs::read_to_string(&file).unwrap();
    // By hand, as it would be without the fingerprint.
    let edited: String = lock
        .replacen("flags = [", "flags = [\"-DX=1\", ", 1)
        .lines()
        .filter(|line| !line.starts_with("facts-fingerprint"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(lock, edited);
    fs::write(&file, edited).unwrap();
    this.set("GATE_KERNELS_LOCK", "check");
    let error = this.build().unwrap_err().to_string();
    assert!(error.contains("the lock says `-DX=1"), "{error}");
    fs::write(&file, lock).unwrap();
    this.build().unwrap();
}

/// The report of a build that fails is its own, not that of the build before.
#[test]
fn a_lock_that_is_refused_is_in_the_report() {
    let this = locked();
    let report = without_compiler(&this).unwrap().report;
    this.write("kernels/k.h", "another header\n");
    without_compiler(&this).unwrap_err();
    let report = fs::read_to_string(report).unwrap();
    assert!(report.contains("error[source_changed]: kernels/k.cu: "), "{report}");
    assert!(!report.contains("\"locked\""), "{report}");
}

#[test]
fn a_configuration_that_is_refused_is_in_the_report() {
    let mut this = locked();
    let report = this.build().unwrap().report;
    this.set("GATE_KERNEL_TIMEOUT", "soon");
    this.build().unwrap_err();
    let text = fs::read_to_string(&report).unwrap();
    assert!(
        text.contains("GATE_KERNEL_TIMEOUT") && text.contains("\"mode\": \"auto\""),
        "{text}"
    );
    assert!(!text.contains("ptx_sha256"), "{text}");
    this.unset("GATE_KERNEL_TIMEOUT");
    this.set("GATE_KERNELS", "maybe");
    this.build().unwrap_err();
    let text = fs::read_to_string(&report).unwrap();
    assert!(
        text.contains("`GATE_KERNELS`") && text.contains("\"mode\": \"unknown\""),
        "{text}"
    );
    this.unset("GATE_KERNELS");
    this.build().unwrap();
    assert!(fs::read_to_string(&report).unwrap().contains("ptx_sha256"));
}

#[test]
fn asked_for_the_lock_a_compiler_is_left_alone() {
    let mut this = locked();
    this.set("GATE_KERNELS", "locked");
    let built = this.build().unwrap();
    assert_eq!(built.units[0].images[0].provenance, Provenance::Locked);
    assert_eq!(this.log(), [""; 0]);
}

#[test]
fn a_lock_that_appears_is_taken() {
    let this = locked();
    let (lock, away) = (this.root().join("kernels.lock"), this.path("away"));
    fs::rename(&lock, &away).unwrap();
    assert_eq!(without_compiler(&this).unwrap().units, []);
    fs::rename(&away, &lock).unwrap();
    assert_eq!(without_compiler(&this).unwrap().units.len(), 1);
}
