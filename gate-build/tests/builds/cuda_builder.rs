//! Rust kernels by `cuda_builder`, from the builder to the lock: with the toolchain that runs this test, and with a
//! `cuda_builder` that has the interface of Rust-CUDA's and no code generator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Crate, ptx};
use gate_build::{Built, CompilerKind, Error, Kernels, Provenance};

/// The interface of Rust-CUDA's crate, as far as it is used. A source is lines: `entry NAME` is a kernel, `mod NAME` reads a file
/// beside it, `error`, `panic`, `garbage` and `nothing` are what becomes of it.
const STAND_IN: &str = r#"
use std::path::{Path, PathBuf};
use std::io::Write;
use std::{env, fmt, fs, process, str};

#[derive(Debug, Clone, Copy)]
pub enum NvvmArch { Compute80, Compute90 }

pub enum NvvmOption { Arch(NvvmArch), NoOpts }

impl str::FromStr for NvvmOption {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "-arch=compute_80" => Ok(NvvmOption::Arch(NvvmArch::Compute80)),
            "-arch=compute_90" => Ok(NvvmOption::Arch(NvvmArch::Compute90)),
            "-opt=0" => Ok(NvvmOption::NoOpts),
            _ => Err("unknown arch"),
        }
    }
}

pub enum CudaBuilderError { BuildFailed }

impl fmt::Display for CudaBuilderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str("Build failed") }
}

pub struct CudaBuilder { krate: PathBuf, arch: NvvmArch, optimises: bool }

impl CudaBuilder {
    pub fn new(krate: impl AsRef<Path>) -> Self {
        CudaBuilder { krate: krate.as_ref().to_owned(), arch: NvvmArch::Compute80, optimises: true }
    }
    pub fn arch(mut self, arch: NvvmArch) -> Self { self.arch = arch; self }
    pub fn nvvm_opts(mut self, optimises: bool) -> Self { self.optimises = optimises; self }
    pub fn build(self) -> Result<PathBuf, CudaBuilderError> {
        println!("cargo:rerun-if-changed={}", self.krate.display());
        // As Rust-CUDA's does: by name.
        let version = process::Command::new("cargo").arg("--version").output().expect("cargo is on PATH");
        let mut log = fs::File::options().append(true).create(true).open(env::var("FAKE_LOG").unwrap()).unwrap();
        let line = format!("{:?} optimises={} {}", self.arch, self.optimises, String::from_utf8_lossy(&version.stdout));
        log.write_all(line.as_bytes()).unwrap();
        let root = self.krate.join("src").join("lib.rs");
        let mut files = vec![root.clone()];
        let mut text = fs::read_to_string(&root).unwrap();
        let inner: Vec<PathBuf> = text.lines().filter_map(|line| line.strip_prefix("mod "))
            .map(|name| root.with_file_name(format!("{}.rs", name))).collect();
        for file in inner {
            text.push_str(&fs::read_to_string(&file).unwrap());
            files.push(file);
        }
        if text.contains("error") {
            eprintln!("error[E0425]: cannot find value\n --> src/lib.rs:2:5\n");
            return Err(CudaBuilderError::BuildFailed);
        }
        assert!(!text.contains("panic"), "the code generator panicked");
        let out = PathBuf::from(env::var_os("CARGO_TARGET_DIR").unwrap()).join("nvptx64-nvidia-cuda").join("release");
        fs::create_dir_all(&out).unwrap();
        let entries: String = text.lines().filter_map(|line| line.strip_prefix("entry "))
            .map(|name| format!(".visible .entry {}()\n{{\n\tret;\n}}\n", name)).collect();
        let arch = format!("{:?}", self.arch).replace("Compute", "sm_");
        let mut ptx = format!("//\n.version 7.0\n.target {}\n.address_size 64\n{}", arch, entries);
        if text.contains("garbage") { ptx = "garbage".to_owned(); }
        if text.contains("nothing") { ptx = String::new(); }
        fs::write(out.join("kernels.ptx"), ptx).unwrap();
        let files: Vec<String> = files.iter().map(|file| file.display().to_string().replace(' ', "\\ ")).collect();
        fs::write(out.join("kernels.d"), format!("{}: {}\n", out.join("kernels.ptx").display(), files.join(" "))).unwrap();
        Ok(out.join("kernels.ptx"))
    }
}
"#;

/// The folder of the toolchain that runs this test.
fn sysroot() -> PathBuf {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .expect("rustc is there, it has compiled this");
    PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim_end())
}

/// A crate of kernels, and a checkout of what stands for Rust-CUDA.
fn crate_with_checkout() -> Crate {
    let mut this = Crate::called("a crate – größer");
    this.unset("NVCC");
    // What a compiler and a linker need of the system, and nothing of the build that this test is a part of.
    let known = this.variables();
    let foreign = ["CARGO", "RUST", "GATE_", "CUDA", "NVCC", "LLVM_", "MAKEFLAGS", "MFLAGS"];
    for (name, value) in std::env::vars() {
        if !known.contains_key(&name) && !foreign.iter().any(|prefix| name.starts_with(prefix)) {
            this.set(&name, &value);
        }
    }
    this.set("CARGO_HOME", &this.path("cargo").display().to_string());
    let checkout = this.path("Rust CUDA");
    let builder = checkout.join("crates").join("cuda_builder");
    fs::create_dir_all(builder.join("src")).expect("a folder can be made");
    let write = |file: PathBuf, text: &str| fs::write(file, text).expect("a file can be written");
    write(
        builder.join("Cargo.toml"),
        "[package]\nname = \"cuda_builder\"\nversion = \"0.3.0\"\nedition = \"2021\"\n",
    );
    write(builder.join("src").join("lib.rs"), STAND_IN);
    // A literal string of TOML takes the paths of Windows.
    let pin = format!("[toolchain]\npath = '{}'\n", sysroot().display());
    write(checkout.join("rust-toolchain.toml"), &pin);
    this.write(
        "device/Cargo.toml",
        "[package]\nname = \"device\"\nversion = \"0.1.0\"\n",
    );
    this.write("device/src/lib.rs", "entry k\n");
    this
}

fn kernels() -> Kernels {
    Kernels::new()
        .rust("device")
        .cuda_builder("../Rust CUDA")
        .arch(["sm_80"])
}

fn build(this: &Crate) -> Result<Built, Error> {
    kernels().compile_in(&this.context()).map(|(built, _)| built)
}

fn builder_source(this: &Crate) -> PathBuf {
    this.path("Rust CUDA").join("crates/cuda_builder/src/lib.rs")
}

#[test]
fn kernels_are_compiled_by_the_pinned_toolchain_when_what_they_read_has_changed() {
    let this = crate_with_checkout();
    this.write("device/src/lib.rs", "mod inner\nentry k\n");
    this.write("device/src/inner.rs", "entry inner\n");
    let archs = || kernels().arch(["sm_90"]);
    let built = archs().compile_in(&this.context()).expect("it builds").0;
    let images = &built.units[0].images;
    assert_eq!(images.len(), 2);
    assert!(ptx(&built, "device").contains(".target sm_80"));
    assert!(ptx(&built, "device").contains(".entry inner()"));
    let compiler = images[1].compiler.as_ref().expect("it was compiled");
    assert_eq!(
        (compiler.kind, compiler.version.as_str()),
        (CompilerKind::CudaBuilder, "0.3.0")
    );
    let read: Vec<&Path> = images[0]
        .dependencies
        .iter()
        .map(|file| file.strip_prefix(this.root()).expect("in the crate"))
        .collect();
    let expected = ["device/Cargo.toml", "device/src/inner.rs", "device/src/lib.rs"].map(Path::new);
    assert_eq!(read, expected);

    let cargo = sysroot()
        .join("bin")
        .join(format!("cargo{}", std::env::consts::EXE_SUFFIX));
    let version = Command::new(cargo).arg("--version").output().expect("it starts").stdout;
    let version = String::from_utf8(version).expect("text");
    let called = |arch: &str, optimises: bool| format!("{arch} optimises={optimises} {}", version.trim_end());
    assert_eq!(this.log(), [called("Compute80", true), called("Compute90", true)]);

    fs::remove_dir_all(this.out()).expect("outputs can be removed");
    archs().compile_in(&this.context()).expect("it builds");
    assert_eq!(this.log(), [""; 0]);
    this.write("device/src/inner.rs", "entry other\n");
    let built = build(&this).expect("it builds");
    assert!(ptx(&built, "device").contains(".entry other()"));
    assert_eq!(this.log(), [called("Compute80", true)]);
    kernels().optimize(0).compile_in(&this.context()).expect("it builds");
    assert_eq!(this.log(), [called("Compute80", false)]);
    // Another code generator is another compiler.
    fs::write(builder_source(&this), format!("{STAND_IN}\n// fixed\n")).expect("a file can be written");
    build(&this).expect("it builds");
    assert_eq!(this.log(), [called("Compute80", true)]);
}

#[test]
fn every_failure_is_one_clear_message() {
    let this = crate_with_checkout();
    for (source, id, said) in [
        (
            "entry k\nerror\n",
            "source_refused",
            "cuda_builder 0.3.0 failed to compile it for sm_80",
        ),
        ("panic\n", "source_refused", "the code generator panicked"),
        (
            "garbage\n",
            "compiler_output",
            "cuda_builder reported success but wrote something other than PTX",
        ),
        (
            "nothing\n",
            "compiler_output",
            "cuda_builder reported success but wrote no PTX",
        ),
    ] {
        this.write("device/src/lib.rs", source);
        let error = build(&this).expect_err("it fails");
        let text = error.to_string();
        assert!(text.starts_with("1 kernel was not built\n\nerror["), "{text}");
        assert_eq!(error.id().code(), id, "{text}");
        assert!(text.contains(said), "{text}");
        if source.contains("error") {
            let place = error.diagnostics()[0].place.as_ref().expect("a place");
            assert_eq!((place.file.ends_with("lib.rs"), place.line), (true, 2));
        }
    }
    this.write("device/src/lib.rs", "entry k\n");
    let error = kernels()
        .arch(["sm_123"])
        .compile_in(&this.context())
        .expect_err("nobody knows it");
    let text = error.to_string();
    assert_eq!(error.id().code(), "arch_unsupported", "{text}");
    assert!(
        text.contains("use a later Rust-CUDA, or an `.arch(…)` other than sm_123"),
        "{text}"
    );

    let file = Kernels::new().rust("device/src/lib.rs").cuda_builder("../Rust CUDA");
    let text = file.compile_in(&this.context()).expect_err("it is a file").to_string();
    assert!(
        text.contains("compiles crates, not single files") && text.contains("help:"),
        "{text}"
    );

    // What LLVM 7 is missing for looks so.
    fs::write(builder_source(&this), "compile_error!(\"no LLVM 7\");\n").expect("a file can be written");
    this.write("device/src/lib.rs", "entry other\n");
    let error = build(&this).expect_err("it cannot be built");
    let text = error.to_string();
    assert_eq!(error.id().code(), "compiler_unusable", "{text}");
    assert!(
        text.contains("cannot build cuda_builder 0.3.0 with") && text.contains("no LLVM 7"),
        "{text}"
    );
    assert!(text.contains("GATE_KERNELS=locked"), "{text}");
}

#[test]
fn where_rust_cuda_is_missing_the_lock_is_taken() {
    let mut this = crate_with_checkout();
    this.set("GATE_KERNELS_LOCK", "write");
    build(&this).expect("it builds");
    this.unset("GATE_KERNELS_LOCK");
    let lock = fs::read_to_string(this.root().join("kernels.lock")).expect("a lock was written");
    assert!(lock.contains("cuda-builder"), "{lock}");
    this.log();

    // The checkout is there, and its toolchain is not installed.
    let pin = this.path("Rust CUDA").join("rust-toolchain.toml");
    fs::write(&pin, "[toolchain]\nchannel = \"nightly-1970-01-01\"\n").expect("a file can be written");
    this.set("RUSTUP_HOME", &this.path("rustup").display().to_string());
    let built = build(&this).expect("the lock is there");
    assert_eq!(built.units[0].images[0].provenance, Provenance::Locked);
    // Neither is there.
    this.set("GATE_CUDA_BUILDER", &this.path("elsewhere").display().to_string());
    let built = build(&this).expect("the lock is there");
    assert_eq!(built.units[0].images[0].provenance, Provenance::Locked);
    assert_eq!(this.log(), [""; 0]);
    this.set("GATE_KERNELS", "build");
    let text = build(&this).expect_err("it cannot be built").to_string();
    assert!(text.contains("no compiler for Rust kernels found"), "{text}");
    assert!(
        text.contains("`.cuda_builder(…)`") && text.contains("rust-toolchain.toml"),
        "{text}"
    );
}
