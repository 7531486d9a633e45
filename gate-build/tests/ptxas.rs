//! What ptxas says about PTX, from a stand-in that cargo builds beside the tests.

use std::fs;
use std::path::{Path, PathBuf};

use gate_build::ptx::Isa;
use gate_build::resources::{Facts, Ptxas, Usage};

const TEXT: &str =
    ".version 8.7\n.target sm_80\n.address_size 64\n.entry a(.param .u32 n)\n{\n\tret;\n}\n.entry b()\n{\n\tret;\n}\n";

fn fake() -> PathBuf {
    let tests = std::env::current_exe().expect("a test has a path");
    let profile = tests
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/<profile>/deps");
    let program = profile
        .join("examples")
        .join(format!("fake_ptxas{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "run `cargo test -p cargo-gate-build`, which builds `{}`",
        program.display()
    );
    program
}

struct Machine {
    directory: tempfile::TempDir,
    ptxas: Ptxas,
}

impl Machine {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let ptxas = Ptxas::new(fake(), directory.path().join("scratch")).expect("the stand-in has a version");
        assert_eq!(ptxas.version(), "13.0.88");
        Self { directory, ptxas }
    }

    fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    fn examine(&self, text: &str) -> Result<Facts, String> {
        self.ptxas
            .examine(text, Some(&self.cache()))
            .map_err(|error| error.message)
    }

    /// What it was asked since the last time.
    fn calls(&self) -> Vec<String> {
        let log = self.directory.path().join("calls");
        let text = fs::read_to_string(&log).unwrap_or_default();
        let _ = fs::remove_file(log);
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn usage_and_floor_are_asked_for_once() {
    let it = Machine::new();
    let facts = it.examine(TEXT).unwrap();
    assert_eq!(facts.isa_floor, Isa { major: 7, minor: 2 });
    let usage = Usage {
        registers: 24,
        constant: 360,
        ..Usage::default()
    };
    assert_eq!(
        facts.usages.into_iter().collect::<Vec<_>>(),
        [("a".to_owned(), usage), ("b".to_owned(), usage)]
    );
    assert_eq!(
        it.calls(),
        [
            "-arch=sm_80 8.7",
            "-arch=sm_80 7.0",
            "-arch=sm_80 7.1",
            "-arch=sm_80 7.2"
        ]
    );
    it.examine(TEXT).unwrap();
    assert_eq!(it.calls(), Vec::<String>::new());
    it.examine(&TEXT.replace("entry b", "entry c")).unwrap();
    assert_eq!(it.calls().len(), 4, "another text is another question");
    assert_eq!(
        fs::read_dir(it.directory.path().join("scratch")).unwrap().count(),
        0,
        "nothing stays behind"
    );
}

#[test]
fn a_damaged_answer_is_asked_for_again() {
    let it = Machine::new();
    let facts = it.examine(TEXT).unwrap();
    let entry = fs::read_dir(it.cache()).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&entry).unwrap();
    for damaged in [
        text.replace("24", "16"),
        text[..text.len() / 2].to_owned(),
        String::new(),
    ] {
        it.calls();
        fs::write(&entry, damaged).unwrap();
        assert_eq!(it.examine(TEXT).as_ref(), Ok(&facts));
        assert_eq!(it.calls().len(), 4);
    }
}

#[test]
fn what_goes_wrong_is_said() {
    let it = Machine::new();
    for (text, message) in [
        (
            format!("// refuse\n{TEXT}"),
            "ptxas 13.0.88 rejected the PTX: line 3; error   : Feature 'x' requires PTX ISA .version 7.2 or later",
        ),
        (
            format!("// silent\n{TEXT}"),
            "ptxas 13.0.88 reported nothing about entry `a`",
        ),
        ("no PTX".to_owned(), "line 1: expected a directive, found `no`"),
    ] {
        assert_eq!(it.examine(&text), Err(message.to_owned()));
    }
    let message = it.examine(&format!("// nothing\n{TEXT}")).unwrap_err();
    assert!(message.starts_with("cannot read `"), "{message}");
    assert!(!it.cache().exists(), "no failure is remembered");
    assert!(Ptxas::new("no-such-ptxas".into(), it.cache()).is_err());
}
