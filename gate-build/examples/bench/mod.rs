//! A crate of kernels that a benchmark builds again and again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gate_build::{Context, Disk, Env, Kernels, Os};

/// What of a build a benchmark looks at.
pub(crate) struct Build {
    pub time: Duration,
    /// Pairs of unit and architecture.
    pub units: usize,
    /// Those that were compiled.
    pub compiled: usize,
}

/// How builds are done.
pub(crate) struct Machine {
    pub store: PathBuf,
    /// Milliseconds that a compilation of the fake compiler takes; a real compiler when absent.
    pub simulated: Option<u64>,
    pub jobs: usize,
    pub flags: Vec<String>,
}

/// The compiler of this crate's tests, which lies beside this program.
fn fake_nvcc() -> PathBuf {
    let program = std::env::current_exe().expect("a program has a path");
    let name = format!("fake_nvcc{}", std::env::consts::EXE_SUFFIX);
    let fake = program.with_file_name(name);
    assert!(
        fake.is_file(),
        "run `cargo build --release --package cargo-gate-build --examples` first"
    );
    fake
}

impl Machine {
    fn env(&self) -> Env {
        let mut variables: Vec<(String, String)> = match self.simulated {
            None => std::env::vars()
                .filter(|(name, _)| !name.starts_with("GATE_CACHE"))
                .collect(),
            Some(time) => vec![
                ("NVCC".to_owned(), fake_nvcc().display().to_string()),
                ("FAKE_SLEEP".to_owned(), time.to_string()),
            ],
        };
        variables.retain(|(name, _)| name != "NUM_JOBS" && !name.ends_with("MAKEFLAGS"));
        variables.push(("NUM_JOBS".to_owned(), self.jobs.to_string()));
        variables.push(("GATE_CACHE_DIR".to_owned(), self.store.display().to_string()));
        Env::new(Os::host(), variables, Disk)
    }

    /// Builds `kernels/*.cu` of a crate for sm_80.
    pub(crate) fn build(&self, root: &Path, out: &Path) -> Build {
        let mut kernels = Kernels::new().cuda("kernels/*.cu").arch(["sm_80"]);
        for flag in &self.flags {
            kernels = kernels.flag(flag);
        }
        let context = Context::new(root, out, self.env());
        let began = Instant::now();
        let (built, _) = kernels.compile_in(&context).expect("the kernels compile");
        let time = began.elapsed();
        let report = fs::read_to_string(&built.report).expect("a build writes a report");
        let report: serde_json::Value = serde_json::from_str(&report).expect("the report is JSON");
        Build {
            time,
            units: built.units.len(),
            compiled: report["compiled"].as_array().map_or(0, Vec::len),
        }
    }
}

/// Writes a file and its folder.
pub(crate) fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder can be made");
    fs::write(file, text).expect("a file can be written");
}
