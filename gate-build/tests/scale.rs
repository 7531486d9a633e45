//! Thousands of kernels are built in bounds: what a build takes of memory, threads and compilers grows with the number of its
//! kernels and no faster. Counted, not timed; the stand-in for nvcc compiles.

#![expect(unsafe_code, reason = "counting allocations means being the allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use gate_build::{Context, Disk, Env, Kernels, Os};
use serde_json::Value;

/// Bytes that were ever asked for, those in use, and the most that were in use at once; of all threads.
static ASKED: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicU64 = AtomicU64::new(0);
static PEAK: AtomicU64 = AtomicU64::new(0);

struct Counting;

// SAFETY: every call is handed to the system's allocator as it is; counting touches numbers alone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size() as u64;
        ASKED.fetch_add(size, Relaxed);
        PEAK.fetch_max(LIVE.fetch_add(size, Relaxed) + size, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size() as u64, Relaxed);
        // SAFETY: the pointer came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What one build took.
#[derive(Debug)]
struct Taken {
    /// Bytes that were asked for in all.
    asked: u64,
    /// Bytes in use at once, beyond what was in use before.
    peak: u64,
    compiled: usize,
    reused: usize,
    most_at_once: u64,
}

struct Place(tempfile::TempDir);

impl Place {
    /// A crate of so many kernels, each with a header of its own beside one for all.
    fn of(kernels: usize) -> Self {
        let this = Self(tempfile::tempdir().expect("a folder can be made"));
        let folder = this.path("crate").join("kernels");
        fs::create_dir_all(&folder).expect("a folder can be made");
        let write = |name: String, text: String| fs::write(folder.join(name), text).expect("a file can be written");
        write("all.cuh".to_owned(), "#define ALL 1\n".to_owned());
        for at in 0..kernels {
            write(format!("k{at}.cuh"), format!("#define K{at} 1\n"));
            let text = format!("#include \"all.cuh\"\n#include \"k{at}.cuh\"\nentry k{at}\n");
            write(format!("k{at}.cu"), text);
        }
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn build(&self) -> Taken {
        let nvcc = nvcc();
        let mut variables = vec![
            ("NVCC".to_owned(), nvcc.display().to_string()),
            ("GATE_CACHE_DIR".to_owned(), self.path("store").display().to_string()),
            ("NUM_JOBS".to_owned(), "2".to_owned()),
        ];
        // Windows programs do not start without it.
        variables.extend(std::env::var("SystemRoot").map(|root| ("SystemRoot".to_owned(), root)));
        let context = Context::new(
            self.path("crate"),
            self.path("out"),
            Env::new(Os::host(), variables, Disk),
        );
        let (asked, live) = (ASKED.load(Relaxed), LIVE.load(Relaxed));
        PEAK.store(live, Relaxed);
        let kernels = Kernels::new().cuda("kernels/*.cu").arch(["sm_80"]);
        let (built, _) = kernels.compile_in(&context).expect("the kernels compile");
        let (asked, peak) = (ASKED.load(Relaxed) - asked, PEAK.load(Relaxed) - live);
        for image in built.units.iter().flat_map(|unit| &unit.images) {
            let name = image.ptx.file_name().expect("a file has a name").to_string_lossy();
            let name = name
                .split('.')
                .next()
                .expect("it has a stem")
                .trim_start_matches("kernels__");
            let text = fs::read_to_string(&image.ptx).expect("the PTX is there");
            assert!(text.contains(&format!(".entry {name}(")), "{name}: {text}");
        }
        let report = fs::read_to_string(&built.report).expect("a build writes a report");
        let report: Value = serde_json::from_str(&report).expect("the report is JSON");
        let length = |list: &str| report[list].as_array().map_or(0, Vec::len);
        Taken {
            asked,
            peak,
            compiled: length("compiled"),
            reused: length("reused"),
            most_at_once: report["trace"]["most_at_once"].as_u64().unwrap_or(0),
        }
    }

    fn clean(&self) {
        fs::remove_dir_all(self.path("out")).expect("outputs can be removed");
    }
}

/// The stand-in, which cargo builds beside the tests.
fn nvcc() -> PathBuf {
    let tests = std::env::current_exe().expect("a test has a path");
    let profile = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/<profile>/deps");
    let name = format!("fake_nvcc{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(name);
    assert!(
        program.is_file(),
        "run `cargo test -p cargo-gate-build`, which builds it"
    );
    program
}

/// Entries of the folder in which the system lists what this process has open, where there is one.
fn handles() -> Option<usize> {
    Some(fs::read_dir("/proc/self/fd").ok()?.count())
}

const FEW: usize = 100;
const MANY: usize = 4 * FEW;

/// Holds what four times the kernels take against four times what they take.
fn assert_linear(what: &str, few: u64, many: u64) {
    assert!(
        many <= 4 * few + few / 4,
        "{what}: {few} for {FEW} kernels, {many} for {MANY}"
    );
}

// One test: the allocator counts for all threads of the process.
#[test]
fn what_a_build_takes_grows_with_the_number_of_its_kernels_and_no_faster() {
    let places = [Place::of(FEW), Place::of(MANY)];
    let before = handles();
    for (round, compiles) in [("cold", true), ("from the store", false), ("unchanged", false)] {
        let [few, many] = places.each_ref().map(Place::build);
        for (taken, kernels) in [(&few, FEW), (&many, MANY)] {
            let expected = if compiles { (kernels, 0) } else { (0, kernels) };
            assert_eq!((taken.compiled, taken.reused), expected, "{round}");
            assert!(taken.most_at_once <= 2, "{round}: {taken:?}");
            // 2,000 kernels in 256 MiB would be 128 KiB for each.
            assert!(
                taken.peak <= (1 << 20) + kernels as u64 * (16 << 10),
                "{round}: {taken:?}"
            );
        }
        assert_linear(&format!("bytes asked for, {round}"), few.asked, many.asked);
        assert_linear(&format!("bytes in use at once, {round}"), few.peak, many.peak);
        // What is done stays when outputs go, and the build after that finds nothing to do.
        if round == "cold" {
            places.iter().for_each(Place::clean);
        }
    }
    assert_eq!(before, handles(), "no file stays open");
}
