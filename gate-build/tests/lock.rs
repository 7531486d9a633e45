//! The kernel lock on disk: written, read, verified, damaged in every way a checkout can be.

use std::fs;
use std::path::Path;

use gate_build::lock::{Compilation, KernelLock, LockedCompiler, LockedImage, ProblemKind, digest_sources, stored};
use gate_build::ptx::{Isa, Module, Roots};
use gate_build::resources::{Budget, Facts, Usage};
use gate_build::{Map, UnitName};

const PTX: &str = include_str!("ptx/nvcc.ptx");

/// A crate with one locked unit for one architecture.
struct Crate {
    directory: tempfile::TempDir,
    lock: KernelLock,
    texts: Map<String, String>,
}

impl Crate {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("no surprise in a test");
        let root = directory.path();
        fs::create_dir_all(root.join("kernels/inc")).expect("no surprise in a test");
        fs::write(root.join("kernels/kinds.cu"), "#include \"inc/k.cuh\"\nkernel\n").expect("no surprise in a test");
        fs::write(root.join("kernels/inc/k.cuh"), "header\n").expect("no surprise in a test");
        let dependencies = [
            root.join("kernels/kinds.cu"),
            root.join("kernels/inc/k.cuh"),
            "/usr/local/cuda/include/cuda.h".into(),
        ];
        let sources = digest_sources(root, &dependencies, &["/usr/local/cuda".into()]).expect("no surprise in a test");
        let module = Module::parse(PTX).expect("no surprise in a test");
        // About one of them ptxas says nothing.
        let reported = module.entries.iter().filter(|entry| entry.name != "nothing");
        let usages = reported.map(|entry| {
            (
                entry.name.clone(),
                Usage {
                    registers: 24,
                    shared: 1024,
                    ..Usage::default()
                },
            )
        });
        let facts = Facts {
            isa_floor: Isa { major: 7, minor: 0 },
            usages: usages.collect(),
        };
        let unit = UnitName::from("kernels/kinds.cu");
        let arch = "sm_80".parse().expect("no surprise in a test");
        let (image, text) = LockedImage::of(&Compilation {
            unit: &unit,
            arch,
            text: PTX,
            sources: &sources,
            compiler: &LockedCompiler {
                kind: "nvcc".to_string(),
                version: "13.5.37".to_string(),
            },
            flags: &["-O3".to_string(), "-DNAME=\"a \\ b\"".to_string()],
            roots: &Roots::new(["/home/dev"]),
            facts: Some((&facts, "13.5.37")),
        })
        .expect("no surprise in a test");
        let mut lock = KernelLock::default();
        lock.budgets
            .insert("scale_rows".to_string(), Budget::new().registers(32).spills(0));
        let texts = Map::from([(image.ptx.clone(), text)]);
        lock.units.or_default(unit).images.insert(arch, image);
        let written = lock.write(root, &texts).expect("no surprise in a test");
        assert_eq!(written, ["kernels.lock", "ptx/kernels/kinds.cu.sm_80.ptx"]);
        Self { directory, lock, texts }
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn read(&self) -> String {
        fs::read_to_string(self.root().join("kernels.lock")).expect("no surprise in a test")
    }

    /// What is wrong after `path` was edited.
    fn edited(&self, path: &str, edit: impl FnOnce(String) -> String) -> Vec<(ProblemKind, String)> {
        let path = self.root().join(path);
        let text = edit(fs::read_to_string(&path).expect("no surprise in a test"));
        fs::write(path, text).expect("no surprise in a test");
        self.problems()
    }

    fn problems(&self) -> Vec<(ProblemKind, String)> {
        match KernelLock::read(self.root()) {
            Ok(lock) => lock
                .expect("no surprise in a test")
                .verify(self.root())
                .into_iter()
                .map(|problem| (problem.kind.clone(), problem.to_string()))
                .collect(),
            Err(problem) => vec![(problem.kind.clone(), problem.to_string())],
        }
    }
}

/// Asserts that there is one problem of this kind whose text has each of these parts.
fn one(problems: &[(ProblemKind, String)], kind: &ProblemKind, parts: &[&str]) {
    let [(found, text)] = problems else {
        panic!("{problems:#?}")
    };
    assert_eq!(found, kind, "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

#[test]
fn a_lock_reads_back_and_verifies() {
    let it = Crate::new();
    assert_eq!(KernelLock::read(it.root()).unwrap().as_ref(), Some(&it.lock));
    assert_eq!(it.lock.verify(it.root()), []);
    assert_eq!(
        it.lock.write(it.root(), &it.texts).unwrap(),
        Vec::<String>::new(),
        "nothing changes"
    );
    let text = it.read();
    for part in [
        "unit = \"kernels/kinds.cu\"",
        "arch = \"sm_80\"",
        "compiler = \"nvcc 13.5.37\"",
        "flags = [\"-O3\", \"-DNAME=\\\"a \\\\ b\\\"\"]",
        "isa = \"7.0\"",
        "params = [\"u64\", \"u64\", \"align 8 b8[24]\", \"u32\"]",
        "kernel = \"scale_rows\"\nlimits = { registers = 32, spills = 0 }",
        "\"kernels/inc/k.cuh\" = \"",
    ] {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
    assert!(!text.contains("/usr/local"), "no path of the machine");
}

#[test]
fn the_stored_text_is_normalised_and_lowered() {
    let it = Crate::new();
    let stored = fs::read_to_string(it.root().join("ptx/kernels/kinds.cu.sm_80.ptx")).unwrap();
    assert_eq!(Module::parse(&stored).unwrap().version, Isa { major: 7, minor: 0 });
    assert!(stored.contains("_INTERNAL_00000000_8_kinds_cu"));
    let unit = it.lock.units.get(&UnitName::from("kernels/kinds.cu")).unwrap();
    let image = unit.images.get(&"sm_80".parse().unwrap()).unwrap();
    let elsewhere = PTX.replace("a9f8d8de", "01234567");
    assert!(image.reproduced_by(&elsewhere, &Roots::default()));
    assert!(!image.reproduced_by(&PTX.replace("add.s64", "sub.s64"), &Roots::default()));
}

#[test]
fn no_lock_is_no_problem() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(KernelLock::read(directory.path()), Ok(None));
    assert_eq!(stored(directory.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn a_changed_or_deleted_source_asks_for_a_new_lock() {
    let it = Crate::new();
    let problems = it.edited("kernels/inc/k.cuh", |text| text + "more\n");
    let parts = [
        "kernels/inc/k.cuh: changed since the PTX of `kernels/kinds.cu` for sm_80 was locked",
        "`cargo gate kernels lock`",
    ];
    one(&problems, &ProblemKind::SourceChanged, &parts);
    fs::remove_file(it.root().join("kernels/inc/k.cuh")).unwrap();
    one(
        &it.problems(),
        &ProblemKind::SourceChanged,
        &["kernels/inc/k.cuh: ", "cannot read"],
    );
}

#[test]
fn line_ends_of_a_checkout_do_not_matter() {
    let it = Crate::new();
    for path in [
        "kernels/kinds.cu",
        "kernels/inc/k.cuh",
        "kernels.lock",
        "ptx/kernels/kinds.cu.sm_80.ptx",
    ] {
        assert_eq!(it.edited(path, |text| text.replace('\n', "\r\n")), []);
    }
    let lock = KernelLock::read(it.root()).unwrap().unwrap();
    let (unit, locked) = lock.units.iter().next().unwrap();
    let (arch, image) = locked.images.iter().next().unwrap();
    let text = image
        .verified_ptx(unit, *arch, &mut |path| fs::read(it.root().join(path)))
        .unwrap();
    assert!(!text.contains(&b'\r'), "what is embedded has one form");
}

#[test]
fn a_truncated_or_edited_or_missing_ptx_file_is_named() {
    let path = "ptx/kernels/kinds.cu.sm_80.ptx";
    let it = Crate::new();
    let problems = it.edited(path, |text| text[..text.len() / 2].to_string());
    one(
        &problems,
        &ProblemKind::PtxChanged,
        &[
            path,
            "its digest is",
            "unexpected end of text inside entry `scale_rows`",
            "the text is truncated",
        ],
    );
    let it = Crate::new();
    let problems = it.edited(path, |text| text.replace("add.s64", "sub.s64"));
    one(
        &problems,
        &ProblemKind::PtxChanged,
        &["differs from the locked PTX", "`cargo gate kernels lock`"],
    );
    fs::remove_file(it.root().join(path)).unwrap();
    one(&it.problems(), &ProblemKind::PtxMissing, &[path, "cannot read"]);
}

#[test]
fn an_edited_lock_is_named_with_its_line() {
    let line = |text: &str, part: &str| 1 + text.lines().position(|line| line.contains(part)).unwrap();
    for (from, to, kind, message) in [
        (
            "version = 1\n",
            "version = 2\n",
            ProblemKind::Lock,
            "unsupported lock version 2",
        ),
        (
            "version = 1\n",
            "version = \n",
            ProblemKind::Lock,
            "invalid TOML: expected a value",
        ),
        (
            "arch = \"sm_80\"",
            "arch = \"gfx90\"",
            ProblemKind::Lock,
            "`arch` must be a GPU",
        ),
        ("isa = \"7.0\"", "", ProblemKind::Lock, "missing key in an image: `isa`"),
        (
            "isa = \"7.0\"",
            "isa = \"7.0\"\nispo = 3",
            ProblemKind::Lock,
            "unknown key in an image: `ispo`",
        ),
        (
            "name = \"nothing\"",
            "name = \"count\"",
            ProblemKind::Lock,
            "duplicate entry `count`",
        ),
        (
            "\"u64\", \"f64\"",
            "\"u64\", \"f65\"",
            ProblemKind::Lock,
            "`f65` is not a PTX parameter type",
        ),
        (
            "registers = 24",
            "registers = -1",
            ProblemKind::Lock,
            "`registers` must be a number",
        ),
        (
            "source-fingerprint = \"",
            "source-fingerprint = \"0",
            ProblemKind::Lock,
            "64",
        ),
    ] {
        let it = Crate::new();
        let edited = it.read().replacen(from, to, 1);
        assert_ne!(edited, it.read(), "{from}");
        let problems = it.edited("kernels.lock", |_| edited.clone());
        let [(found, text)] = problems.as_slice() else {
            panic!("{from}: {problems:?}")
        };
        assert_eq!(*found, kind);
        assert!(text.starts_with("kernels.lock:"), "{text}");
        if !message.is_empty() && message != "64" {
            assert!(text.contains(message), "{from}: {text}");
        }
        if !to.is_empty() && from != "name = \"nothing\"" && !to.contains("ispo") {
            let expected = line(&edited, to.trim());
            assert!(
                text.starts_with(&format!("kernels.lock:{expected}:")),
                "{expected}: {text}"
            );
        }
    }
}

#[test]
fn a_lock_that_contradicts_the_files_is_found_out() {
    for (from, to, kind, message) in [
        (
            "\"u64\", \"f64\", \"u32\"",
            "\"u64\", \"f64\", \"u64\"",
            ProblemKind::Entries,
            "takes (u64, f64, u32), but the lock says (u64, f64, u64)",
        ),
        (
            "isa = \"7.0\"",
            "isa = \"6.0\"",
            ProblemKind::Entries,
            "its `.version` is 7.0, but the lock says 6.0",
        ),
        (
            "arch = \"sm_80\"",
            "arch = \"sm_90\"",
            ProblemKind::Entries,
            "it targets sm_80, but the lock says sm_90",
        ),
        (
            "max-ntid = [256, 1, 1]",
            "max-ntid = [512, 1, 1]",
            ProblemKind::Entries,
            "the performance directives",
        ),
        (
            "name = \"nothing\"",
            "name = \"something\"",
            ProblemKind::Entries,
            "entry `nothing` is not in the lock",
        ),
        (
            "ptx = \"ptx/",
            "ptx = \"../ptx/",
            ProblemKind::PathEscapes,
            "points outside the crate",
        ),
        (
            "ptx = \"ptx/",
            "ptx = \"/ptx/",
            ProblemKind::PathEscapes,
            "points outside the crate",
        ),
        (
            "ptx = \"ptx/",
            "ptx = \"C:\\\\ptx/",
            ProblemKind::PathEscapes,
            "points outside the crate",
        ),
        (
            "ptx-digest = \"",
            "ptx-digest = \"",
            ProblemKind::Lock,
            "the fingerprint does not match the compiler, flags, PTX digest and ptxas report",
        ),
    ] {
        let it = Crate::new();
        let edited = if kind == ProblemKind::Lock {
            let at = it.read().find(from).unwrap() + from.len();
            let digit = if it.read().as_bytes()[at] == b'0' { "1" } else { "0" };
            format!("{}{digit}{}", &it.read()[..at], &it.read()[at + 1..])
        } else {
            it.read().replacen(from, to, 1)
        };
        assert_ne!(edited, it.read(), "{from}");
        // What is to blame stands in the line that was edited, or at the image where something is missing.
        let line = match message {
            "entry `nothing` is not in the lock" => edited.lines().position(|line| line.starts_with("unit = ")),
            "the performance directives" => edited.lines().position(|line| line == "name = \"scale_rows\""),
            _ if from.contains("f64") => edited.lines().position(|line| line == "name = \"_Z4fillIdEvPT_S0_i\""),
            _ if kind == ProblemKind::Lock => edited.lines().position(|line| line.starts_with("facts-fingerprint")),
            _ => edited.lines().position(|line| line.starts_with(to)),
        };
        let place = format!("kernels.lock:{}: ", line.expect("the line is there") + 1);
        one(&it.edited("kernels.lock", |_| edited), &kind, &[message, &place]);
    }
}

#[test]
fn a_source_left_out_of_the_lock_by_hand_is_found_out() {
    let it = Crate::new();
    let problems = it.edited("kernels.lock", |text| {
        text.lines()
            .filter(|line| !line.contains("k.cuh"))
            .map(|line| format!("{line}\n"))
            .collect()
    });
    one(
        &problems,
        &ProblemKind::Lock,
        &["kernels.lock:", "the fingerprint does not match the listed sources"],
    );
}

#[test]
fn what_no_file_shows_is_found_out_when_somebody_edits_it() {
    for (from, to) in [
        ("registers = 24", "registers = 8"),
        ("flags = [\"-O3\"", "flags = [\"-O1\""),
        ("compiler = \"nvcc 13.5.37\"", "compiler = \"nvcc 13.4.0\""),
        ("ptxas = \"13.5.37\"", "ptxas = \"13.4.0\""),
        ("facts-fingerprint", "# facts-fingerprint"),
    ] {
        let it = Crate::new();
        let problems = it.edited("kernels.lock", |text| text.replacen(from, to, 1));
        one(
            &problems,
            &ProblemKind::Lock,
            &["kernels.lock:", "fingerprint", "edited"],
        );
    }
}

#[test]
fn a_source_that_the_lock_lacks_is_found() {
    let mut it = Crate::new();
    it.lock.cuda = ["kernels/**/*.cu".to_owned(), "more/*.cu".to_owned()].into();
    it.lock.write(it.root(), &it.texts).unwrap();
    assert_eq!(KernelLock::read(it.root()).unwrap().as_ref(), Some(&it.lock));
    assert_eq!(it.problems(), []);
    fs::write(it.root().join("kernels/inc/new.cu"), "kernel\n").unwrap();
    fs::write(it.root().join("other.cu"), "kernel\n").unwrap();
    one(
        &it.problems(),
        &ProblemKind::Incomplete,
        &[
            "kernels/inc/new.cu: `kernels.lock` has no PTX for it",
            "`cargo gate kernels lock`",
        ],
    );
}

#[test]
fn files_of_units_that_are_gone_are_removed_and_others_stay() {
    let it = Crate::new();
    fs::write(it.root().join("ptx/notes.txt"), "mine").unwrap();
    let changed = KernelLock::default().write(it.root(), &Map::new()).unwrap();
    assert_eq!(changed, ["kernels.lock", "ptx/kernels/kinds.cu.sm_80.ptx"]);
    assert_eq!(stored(it.root()).unwrap(), Vec::<String>::new());
    assert!(it.root().join("ptx/notes.txt").exists());
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[ -~\\n\u{e9}]{0,200}") {
        let _ = KernelLock::parse(&text);
    }

    #[test]
    fn no_edit_of_a_lock_panics(at in 0_usize..4000, with in "[ -~\\n]{0,3}", cut in 0_usize..6) {
        let it = LOCK.get_or_init(|| Crate::new().read());
        let at = it.floor_char_boundary(at.min(it.len()));
        let end = it.floor_char_boundary((at + cut).min(it.len()));
        let _ = KernelLock::parse(&format!("{}{with}{}", &it[..at], &it[end..]));
    }
}

static LOCK: std::sync::OnceLock<String> = std::sync::OnceLock::new();
