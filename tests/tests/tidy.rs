//! What the compiler and clippy do not say about the tree, as ordinary tests. Each looks at the files that git tracks
//! or would track, and names file and line.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Longest file of Rust code; past it, a room has become two.
const MAX_LINES: usize = 600;

/// A text file of the project.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .split_terminator('\n')
            .enumerate()
            .map(|(at, line)| (at + 1, line))
    }
}

/// Every file of the project that is UTF-8, fixtures left out: those are broken on purpose.
fn sources() -> Vec<Source> {
    let root = xtask::project_root();
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .expect("git can be started");
    let names = if output.status.success() {
        String::from_utf8(output.stdout).expect("file names here are UTF-8")
    } else {
        // An unpacked source archive has no git; its files are all there is.
        let mut names = Vec::new();
        walk(&root, "", &mut names);
        names.join("\0")
    };
    let paths: BTreeSet<&str> = names.split_terminator('\0').collect();
    let sources: Vec<Source> = paths
        .into_iter()
        .filter(|path| !path.starts_with("tests/fixtures/"))
        .filter_map(|path| {
            let text = fs::read_to_string(root.join(path)).ok()?;
            Some(Source {
                path: path.to_owned(),
                text,
            })
        })
        .collect();
    assert!(
        sources.iter().any(|source| source.path == "xtask/src/lib.rs"),
        "these are the project's files"
    );
    sources
}

fn walk(root: &Path, below: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below))
        .expect("a directory can be listed")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !matches!(name.as_str(), "target" | ".git" | "book") {
                walk(root, &path, names);
            }
        } else {
            names.push(path);
        }
    }
}

fn rust_sources() -> Vec<Source> {
    let mut sources = sources();
    sources.retain(|source| source.path.ends_with(".rs"));
    sources
}

/// Fails with the list of complaints, if there are any.
fn report(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}

/// `path:line: text` of every line that `bad` objects to.
fn lines_where(sources: &[Source], bad: impl Fn(&str) -> bool) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources {
        for (number, line) in source.lines().filter(|(_, line)| bad(line)) {
            complaints.push(format!("{}:{number}: {}", source.path, line.trim()));
        }
    }
    complaints
}

/// The words of this list would otherwise be found in this file.
fn spelled(parts: [&str; 2]) -> String {
    parts.concat()
}

#[test]
fn files_stay_short() {
    let complaints: Vec<String> = rust_sources()
        .iter()
        .map(|source| (source.path.as_str(), source.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    report("a file past 600 lines is split by what it owns", &complaints);
}

#[test]
fn nothing_is_left_unfinished() {
    let words = [["to", "do!("], ["unimple", "mented!("], ["db", "g!("], ["FIX", "ME"]].map(spelled);
    let complaints = lines_where(&rust_sources(), |line| {
        words.iter().any(|word| line.contains(word.as_str()))
    });
    report("finished work only", &complaints);
}

#[test]
fn modules_are_named_after_what_they_own() {
    let complaints: Vec<String> = rust_sources()
        .into_iter()
        .map(|source| source.path)
        .filter(|path| {
            path.split('/').any(|part| {
                matches!(
                    part.trim_end_matches(".rs"),
                    "utils" | "util" | "helpers" | "helper" | "common" | "misc"
                )
            })
        })
        .collect();
    report("a module says what it owns", &complaints);
}

/// Whole-program tests compile on every system: what uses an interface of Unix says so, or the declaration of its module does.
#[test]
fn tests_for_unix_are_marked() {
    let mut tests = rust_sources();
    tests.retain(|source| source.path.starts_with("tests/tests/"));
    let mut marked = Vec::new();
    for source in &tests {
        let (folder, _) = source.path.rsplit_once('/').expect("a folder");
        let lines: Vec<&str> = source.text.lines().collect();
        for pair in lines.windows(2).filter(|pair| pair[0].starts_with("#[cfg(")) {
            let path = pair[1]
                .strip_prefix("#[path = \"")
                .and_then(|path| path.strip_suffix("\"]"));
            marked.extend(
                path.map(|path| format!("{folder}/{}", path.trim_end_matches("mod.rs").trim_end_matches(".rs"))),
            );
        }
    }
    assert!(marked.len() >= 5, "{marked:?}");
    tests.retain(|source| source.text.contains(&spelled(["std::os::", "unix"])));
    assert!(tests.len() >= 5);
    tests.retain(|source| {
        !source.text.contains("cfg(unix)")
            && !source.text.contains("cfg(target_os = ")
            && !marked.iter().any(|mark| source.path.starts_with(mark))
    });
    let complaints: Vec<String> = tests.into_iter().map(|source| source.path).collect();
    report("mark the module with `#[cfg(unix)]`", &complaints);
}

#[test]
fn no_path_of_a_machine_is_written_down() {
    // Homes that exist nowhere are fine in tests; those of this machine, and of root on any, are not.
    let mut places = vec![spelled(["/ro", "ot/"])];
    let here = xtask::project_root();
    for place in std::env::home_dir().iter().chain([&here]) {
        let text = place.to_string_lossy();
        if text.len() > 4 {
            // With what separates it from what lies below: `../root` names no home.
            places.extend(['/', '\\'].map(|separator| format!("{text}{separator}")));
        }
    }
    let complaints = lines_where(&sources(), |line| {
        // `../root` is a path of nobody.
        let absolute = |at: usize| !line[..at].ends_with(|before: char| before == '.' || before.is_alphanumeric());
        let named = |place: &String| line.match_indices(place.as_str()).any(|(at, _)| absolute(at));
        places.iter().any(named)
    });
    report("paths of one machine mean nothing on another", &complaints);
}

#[test]
fn lines_end_cleanly() {
    let mut sources = sources();
    // Snapshots, recorded output of other tools and inputs of fuzz targets are kept as they were, to the byte.
    sources.retain(|source| {
        let kept = [".snap", ".ptx"].iter().any(|ending| source.path.ends_with(ending));
        !kept && !source.path.contains("/testdata/") && !source.path.starts_with("fuzz/seeds/")
    });
    let complaints = lines_where(&sources, |line| line.ends_with([' ', '\t', '\r']));
    report("no white space at the end of a line", &complaints);
    let complaints: Vec<&str> = sources
        .iter()
        .filter(|source| !source.text.is_empty() && (!source.text.ends_with('\n') || source.text.ends_with("\n\n")))
        .map(|source| source.path.as_str())
        .collect();
    assert!(complaints.is_empty(), "files end in one line feed: {complaints:?}");
}

#[test]
fn generated_documentation_is_up_to_date() {
    xtask::docs::check(&xtask::project_root()).expect("nothing differs");
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let root = xtask::project_root();
    let summary = fs::read_to_string(root.join("docs/src/SUMMARY.md")).expect("a table of contents");
    let complaints: Vec<String> = sources()
        .iter()
        .filter_map(|source| {
            source
                .path
                .strip_prefix("docs/src/")
                .filter(|page| page.ends_with(".md"))
        })
        .filter(|page| *page != "SUMMARY.md" && !summary.contains(&format!("({page})")))
        .map(str::to_owned)
        .collect();
    report("mdBook shows only what SUMMARY.md lists", &complaints);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut complaints = Vec::new();
    for source in sources().iter().filter(|source| source.path.ends_with("/Cargo.toml")) {
        if !source.path.starts_with("fuzz/") && !source.text.contains("[lints]\nworkspace = true") {
            complaints.push(source.path.clone());
        }
    }
    report(
        "unsafe code is denied by the workspace's lints, in every crate",
        &complaints,
    );
    let root = fs::read_to_string(xtask::project_root().join("Cargo.toml")).expect("the root manifest");
    assert!(root.contains("unsafe_code = \"deny\""));
}

#[test]
fn unsafe_code_is_expected_only_where_the_policy_lists_it() {
    let policy = fs::read_to_string(xtask::project_root().join("gate.toml")).expect("the policy of this repository");
    let mut complaints = Vec::new();
    for source in sources() {
        let expects = source.text.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("#![expect(unsafe_code") || line.starts_with("#![allow(unsafe_code")
        });
        if source.path.ends_with(".rs")
            && expects
            && !source.path.starts_with("fuzz/")
            && !policy.contains(&format!("path = \"{}\"", source.path))
        {
            complaints.push(source.path);
        }
    }
    report(
        "a module with raw authority has a `[[boundary.allow]]` with owner and reason in gate.toml",
        &complaints,
    );
}

#[test]
fn every_fuzz_target_is_listed() {
    let manifest = fs::read_to_string(xtask::project_root().join("fuzz/Cargo.toml")).expect("the manifest of fuzz");
    let mut complaints = Vec::new();
    let mut seen = 0;
    for source in sources() {
        let Some(file) = source.path.strip_prefix("fuzz/fuzz_targets/") else {
            continue;
        };
        seen += 1;
        if !manifest.contains(&format!("path = \"fuzz_targets/{file}\"")) {
            complaints.push(source.path);
        }
    }
    assert_eq!(
        seen,
        manifest.matches("[[bin]]").count(),
        "fuzz targets and their files"
    );
    report("cargo fuzz only knows listed targets", &complaints);
}

/// Where the product opens a way out of the process, and why no secret takes it: the text is [masked by
/// type](../../cargo-gate/crates/text/src/secrets/masked.rs), or it holds none of what others wrote.
const WAYS_OUT: &[(&str, &str)] = &[
    ("cargo-gate/crates/base/src/atomic.rs", "the writer of the others"),
    (
        "cargo-gate/crates/base/src/process/usage/unix.rs",
        "what a command used: numbers, into a file that is removed when they are read",
    ),
    (
        "cargo-gate/crates/base/src/record.rs",
        "records of the gate directory, read by this machine alone: digests, counts, and what git said",
    ),
    ("cargo-gate/crates/engine/src/notify.rs", "a notice of a masked report"),
    (
        "cargo-gate/crates/suites/src/drill/session.rs",
        "an empty file, which tells a load to end",
    ),
    (
        "cargo-gate/crates/evidence/src/bundle/read.rs",
        "files of a bundle, which are those of a masked run",
    ),
    (
        "cargo-gate/crates/evidence/src/history.rs",
        "lines of runs that were made of masked reports",
    ),
    ("cargo-gate/crates/evidence/src/lock.rs", "nothing: the file is locked"),
    (
        "cargo-gate/crates/evidence/src/merge/document.rs",
        "a signature, and what masked runs decided",
    ),
    ("cargo-gate/crates/evidence/src/own.rs", "a digest"),
    (
        "cargo-gate/crates/evidence/src/readiness.rs",
        "the audit of redaction: kinds and places",
    ),
    (
        "cargo-gate/crates/evidence/src/run_dir/write.rs",
        "`Masked` and records of a `MaskedReport`",
    ),
    ("cargo-gate/crates/evidence/src/signature.rs", "a signature"),
    (
        "cargo-gate/crates/evidence/src/store/mod.rs",
        "results that the engine masked, and masked logs",
    ),
    (
        "cargo-gate/crates/gpu/src/kernels/rebuild.rs",
        "a lock of kernels in a scratch directory",
    ),
    (
        "cargo-gate/crates/gpu/src/kernels/sets.rs",
        "locked kernels of the workspace",
    ),
    ("cargo-gate/crates/gpu/src/remote/directory.rs", "blobs of kernels"),
    (
        "cargo-gate/crates/govern/src/migration/protocol/history.rs",
        "the history that a migration moves, to the side",
    ),
    (
        "cargo-gate/crates/govern/src/migration/protocol/home.rs",
        "the history that a migration moves, and its original",
    ),
    (
        "cargo-gate/crates/govern/src/migration/protocol/live.rs",
        "masked documents about a migration",
    ),
    (
        "cargo-gate/crates/govern/src/promotion/registry.rs",
        "the tracked registry of promotions: ids, stages, digests",
    ),
    (
        "cargo-gate/crates/policy/src/write.rs",
        "what a command was told to write into a tracked file",
    ),
    (
        "cargo-gate/crates/release/src/artifacts.rs",
        "packages and archives of a release: files of the commit, and what is compiled of them",
    ),
    (
        "cargo-gate/crates/release/src/attached.rs",
        "files that the user hands out, as they are",
    ),
    (
        "cargo-gate/crates/release/src/cargo.rs",
        "what cargo said in a release, masked before it is written",
    ),
    (
        "cargo-gate/crates/release/src/registry.rs",
        "a manifest that names a package and its version",
    ),
    (
        "cargo-gate/crates/release/src/run.rs",
        "what is derived of a release: lists, digests, statements about a verified run",
    ),
    ("cargo-gate/crates/report/src/redaction.rs", "renders a `MaskedReport`"),
    (
        "cargo-gate/crates/suites/src/build/stale.rs",
        "nothing: the lock of cargo's build directory",
    ),
    (
        "cargo-gate/crates/suites/src/equivalence/shrink.rs",
        "outputs of a cell that fails, and the command that repeats it",
    ),
    (
        "cargo-gate/crates/suites/src/log.rs",
        "a log that masks what is written to it",
    ),
    (
        "cargo-gate/crates/suites/src/reference.rs",
        "the lockfile of the workspace, for a build of another commit",
    ),
    (
        "cargo-gate/crates/suites/src/shared.rs",
        "a log that was masked when it was recorded",
    ),
    (
        "cargo-gate/crates/suites/src/slo/windows.rs",
        "numbers of service levels",
    ),
    (
        "cargo-gate/crates/suites/src/test/doctests.rs",
        "a log that was masked when it was recorded",
    ),
    (
        "cargo-gate/crates/suites/src/workspace_copy.rs",
        "files of the workspace, for a build without a lockfile",
    ),
    ("cargo-gate/crates/world/src/cache.rs", "a constant"),
    (
        "cargo-gate/crates/lsp/src/session/questions.rs",
        "pages of checks, which the program holds",
    ),
    (
        "cargo-gate/src/cli/advisories/update.rs",
        "the database of advisories that was fetched",
    ),
    (
        "cargo-gate/src/cli/evidence/attest.rs",
        "names and digests of files, and a signature",
    ),
    ("cargo-gate/src/cli/evidence/badge.rs", "a stage and a decision"),
    (
        "cargo-gate/src/cli/evidence/bundle.rs",
        "files of a run, which are masked",
    ),
    (
        "cargo-gate/src/cli/evidence/index.rs",
        "`Masked`: the runs of the history",
    ),
    ("cargo-gate/src/cli/evidence/merge.rs", "what masked runs decided"),
    ("cargo-gate/src/cli/job_summary.rs", "`Masked`"),
    (
        "cargo-gate/src/cli/kernels/rollback.rs",
        "files of the workspace, in a copy of it below the gate directory",
    ),
    (
        "cargo-gate/src/cli/kernels/single.rs",
        "PTX that the user asked to compile",
    ),
    (
        "cargo-gate/src/cli/kernels/store.rs",
        "the protocol of builds: digests and blobs",
    ),
    (
        "cargo-gate/src/cli/lsp.rs",
        "the user's own documents, in their editor: a mark in an edit would damage them",
    ),
    ("cargo-gate/src/cli/machine_key.rs", "a random key"),
    ("cargo-gate/src/cli/printer.rs", "`Masked`"),
    (
        "cargo-gate/src/cli/ready.rs",
        "a part of a comparison: numbers, digests, and masked names of files",
    ),
    ("cargo-gate/src/cli/reports.rs", "`Masked`"),
    (
        "cargo-gate/src/cli/source/boundaries.rs",
        "the tracked inventory: names and counts of the user's code",
    ),
    (
        "cargo-gate/src/cli/source/panics.rs",
        "the tracked inventory: names and counts of the user's code",
    ),
    (
        "cargo-gate/src/cli/stage/all_workspaces.rs",
        "`Masked`, of reports that were masked one by one",
    ),
    (
        "cargo-gate/src/main.rs",
        "why a child cannot be started: its own arguments, into the log that masks them",
    ),
];

/// Calls that write to a stream or a file.
const WRITES: [&str; 11] = [
    "stdout()",
    "tempfile_in(",
    "io::stderr()",
    "fs::write(",
    "File::create",
    "File::options()",
    "fs::copy(",
    "OpenOptions::new()",
    "atomic::write",
    "Masked::assembled(",
    "ProgressDrawTarget",
];

#[test]
fn every_way_out_of_the_process_is_listed() {
    let mut found = BTreeSet::new();
    for source in sources() {
        let product = source.path.starts_with("cargo-gate/") && source.path.ends_with(".rs");
        let tests = [
            "/tests/",
            "/examples/",
            "/tests.rs",
            "/testing.rs",
            "/samples.rs",
            "/fixture.rs",
            "/against_cargo.rs",
        ];
        if !product || tests.iter().any(|part| source.path.contains(part)) {
            continue;
        }
        let code = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        if WRITES.iter().any(|call| code.contains(call)) {
            found.insert(source.path.clone());
        }
    }
    let listed: BTreeSet<String> = WAYS_OUT.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, listed);
}
