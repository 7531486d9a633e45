//! No CI file makes its reader panic or run away: the text is a workflow, a pipeline, an action, a script and
//! a file of recipes at once.
//!
//! `cargo +nightly fuzz run ci`
#![no_main]

use std::collections::BTreeMap;

use gate_ci::shell::{plain_lines, split};
use gate_ci::{of_texts, yaml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let paths = [".github/workflows/x.yml", ".gitlab-ci.yml", "action.yml", "x.sh", "x.ps1", "script"];
    let mut files: BTreeMap<String, Vec<u8>> = paths.iter().map(|path| ((*path).to_owned(), bytes.to_vec())).collect();
    // The same text as recipes, which a workflow of its own calls.
    for path in ["Makefile", "justfile", "Makefile.toml"] {
        files.insert(path.to_owned(), bytes.to_vec());
    }
    let calls = "on: push\njobs:\n  a:\n    steps:\n      - run: make a\n      - run: just a b\n      - run: cargo make a\n";
    files.insert(".github/workflows/recipes.yml".to_owned(), calls.as_bytes().to_vec());
    let ci = of_texts(&files, &["script".to_owned()]);
    assert!(ci.files.iter().all(|file| !file.path.is_empty()));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = yaml::parse(text, 0);
    assert_eq!(plain_lines(text).0.len(), text.len());
    for command in split(text) {
        assert!(text.is_char_boundary(command.offset));
    }
});
