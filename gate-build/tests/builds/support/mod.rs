//! A crate with kernels in a folder of its own, built with the fake nvcc.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gate_build::{Built, Context, Disk, Env, Error, Kernels, Os};
use serde_json::Value;

/// The fake compiler, which cargo builds beside the tests.
pub(crate) fn fake_nvcc() -> PathBuf {
    program("fake_nvcc")
}

/// Puts a program at `at`. Another process copies it: one that this process starts meanwhile would inherit a file that is open
/// for writing, and Linux starts no program from such a file (`ETXTBSY`).
pub(crate) fn place(program: &Path, at: &Path) {
    if cfg!(unix) {
        let copied = std::process::Command::new("cp").arg(program).arg(at).status();
        assert!(
            copied.is_ok_and(|status| status.success()),
            "{program:?} can be copied to {at:?}"
        );
    } else {
        std::fs::copy(program, at).unwrap_or_else(|error| panic!("{program:?} can be copied: {error}"));
    }
}

/// An example of this crate, which cargo builds beside the tests.
pub(crate) fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a test has a path");
    let profile = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/<profile>/deps");
    let program = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "run `cargo test -p cargo-gate-build`, which builds `{}`",
        program.display()
    );
    program
}

pub(crate) struct Crate {
    folder: tempfile::TempDir,
    name: String,
    variables: BTreeMap<String, String>,
}

impl Crate {
    /// An empty crate with a store of its own and the fake nvcc.
    pub(crate) fn new() -> Self {
        Self::called("crate")
    }

    pub(crate) fn called(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut new = Self {
            folder,
            name: name.to_owned(),
            variables: BTreeMap::new(),
        };
        new.set("GATE_CACHE_DIR", &new.path("store").display().to_string());
        new.set("FAKE_LOG", &new.path("log").display().to_string());
        new.set("NVCC", &fake_nvcc().display().to_string());
        new.set("NUM_JOBS", "2");
        // Windows programs do not start without it.
        if let Ok(root) = std::env::var("SystemRoot") {
            new.set("SystemRoot", &root);
        }
        fs::create_dir_all(new.root()).expect("a folder can be made");
        new
    }

    /// A path beside the crate.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path(&self.name)
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.path("out")
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        self.variables.clone()
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Writes a file of the crate. Its time lies in the past, as that of a file does that was not just edited.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.root().join(name);
        fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(&file, text).expect("a file can be written");
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.root().join(name)).expect("a file can be removed");
    }

    pub(crate) fn context(&self) -> Context {
        self.context_at(&self.root(), &self.out())
    }

    pub(crate) fn context_at(&self, root: &Path, out: &Path) -> Context {
        let env = Env::new(Os::host(), self.variables.clone(), Disk);
        Context::new(root, out, env)
    }

    /// Builds `kernels/**/*.cu` for sm_80, headers from `include` where that is there.
    pub(crate) fn build(&self) -> Result<Built, Error> {
        self.build_with(|kernels| kernels)
    }

    pub(crate) fn build_with(&self, change: impl FnOnce(Kernels) -> Kernels) -> Result<Built, Error> {
        let mut kernels = Kernels::new().cuda("kernels/**/*.cu").arch(["sm_80"]);
        if self.root().join("include").is_dir() {
            kernels = kernels.include("include");
        }
        change(kernels).compile_in(&self.context()).map(|(built, _)| built)
    }

    /// What the compiler was asked for since the last call, sorted.
    pub(crate) fn log(&self) -> Vec<String> {
        let file = self.path("log");
        let mut lines: Vec<String> = fs::read_to_string(&file)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        let _ = fs::remove_file(file);
        lines.sort();
        lines
    }

    pub(crate) fn report(&self) -> Value {
        let text = fs::read_to_string(self.out().join("build_report.json")).expect("a build writes a report");
        serde_json::from_str(&text).expect("the report is JSON")
    }

    /// Units of a list of the report with their reasons: `kernels/a.cu sm_80 changed include/a.h`.
    pub(crate) fn list(&self, list: &str) -> Vec<String> {
        let report = self.report();
        let entries = report[list].as_array().expect("it is a list").clone();
        entries
            .iter()
            .map(|entry| {
                let text = |name: &str| entry[name].as_str().expect("it is text").to_owned();
                let files = entry["files"].as_array().expect("it is a list").clone();
                let files: Vec<&str> = files.iter().filter_map(Value::as_str).collect();
                [text("unit"), text("arch"), text("reason"), files.join(" ")]
                    .join(" ")
                    .trim_end()
                    .to_owned()
            })
            .collect()
    }
}

/// The text of the only image of a unit.
pub(crate) fn ptx(built: &Built, unit: &str) -> String {
    let unit = built
        .units
        .iter()
        .find(|other| other.name.as_str() == unit)
        .expect("the unit was built");
    fs::read_to_string(&unit.images[0].ptx).expect("the PTX is there")
}
