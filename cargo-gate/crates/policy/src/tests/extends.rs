//! A policy in several files.

use std::path::Path;

use insta::assert_snapshot;

use super::catalogue;
use crate::{Policy, load};

/// A repository with these files, and the workspace `svc` in it.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join("top").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir_all(directory.path().join("top/.git")).unwrap();
        std::fs::create_dir_all(directory.path().join("top/svc")).unwrap();
        Self(directory)
    }

    fn root(&self) -> std::path::PathBuf {
        std::fs::canonicalize(self.0.path().join("top/svc")).unwrap()
    }

    fn policy(&self) -> Policy {
        load(&self.root(), None, &catalogue())
            .unwrap_or_else(|error| panic!("{}", error.rendered.unwrap_or(error.message)))
    }

    fn errors(&self) -> String {
        load(&self.root(), None, &catalogue()).unwrap_err().rendered.unwrap()
    }
}

const OWN: &str = "version = 1\nextends = \"../gate.base.toml\"\n";
const BASE: &str = "version = 1\nstage.pilot.scope = \"every service\"\n";

fn with_base(base: &str) -> Repository {
    Repository::new(&[("svc/gate.toml", OWN), ("gate.base.toml", &format!("{BASE}{base}"))])
}

#[test]
fn tables_merge_entries_append_or_replace_and_the_rest_is_the_policys_own() {
    let repository = Repository::new(&[
        (
            "svc/gate.toml",
            r#"
version = 1
extends = "../gate.base.toml"
[stage.pilot]
scope = "this service"
[docs]
links = ["**/*.md"]
[[boundary.allow]]
path = "src/own.rs"
reason = "own"
owner = "us"
[[suite.test]]
name = "all"
command = "cargo test -p here"
"#,
        ),
        (
            "gate.base.toml",
            r#"
version = 1
extends = "policy/company.toml"
[stage.controlled]
max-age = "7d"
[boundary]
safety-comments = false
[[suite.test]]
name = "all"
command = "cargo test"
[[suite.test]]
name = "docs"
command = "cargo test --doc"
"#,
        ),
        (
            "policy/company.toml",
            r#"
version = 1
[stage.pilot]
scope = "the company"
strict = true
[stage.controlled]
max-age = "30d"
scope = "guarded"
[docs]
links = ["${workspace}/**/README.md", "${workspace}/**/CHANGELOG.md"]
status = ["${workspace}/ROADMAP.md"]
[[boundary.allow]]
path = "${workspace}/src/ffi/**"
reason = "bindings"
owner = "platform"
"#,
        ),
    ]);
    let policy = repository.policy();
    let pilot = &policy.stages[&gate_base::stage::Stage::Pilot];
    assert_eq!((pilot.scope.as_str(), pilot.strict), ("this service", Some(true)));
    let controlled = &policy.stages[&gate_base::stage::Stage::Controlled];
    assert_eq!(controlled.max_age, Some(std::time::Duration::from_secs(7 * 86_400)));
    assert_eq!(controlled.scope, "guarded");
    let docs = policy.docs.as_ref().unwrap();
    assert_eq!(
        (docs.links.as_slice(), docs.status.as_slice()),
        (&["**/*.md".to_owned()][..], &["ROADMAP.md".to_owned()][..])
    );
    let boundary = policy.boundary.as_ref().unwrap();
    assert!(!boundary.safety_comments);
    let at = |location: &gate_report::Location| format!("{}:{}", location.path, location.line.unwrap());
    let allowed: Vec<_> = boundary
        .allow
        .iter()
        .map(|one| (one.path.as_str(), at(&one.location)))
        .collect();
    assert_eq!(
        allowed,
        [
            ("src/ffi/**", "../policy/company.toml:12".to_owned()),
            ("src/own.rs", "gate.toml:8".to_owned())
        ]
    );
    let suites: Vec<_> = policy
        .suites
        .iter()
        .map(|suite| {
            (
                suite.name.as_str(),
                suite.command.join(" "),
                at(suite.location.as_ref().unwrap()),
            )
        })
        .collect();
    assert_eq!(
        suites,
        [
            ("docs", "cargo test --doc".to_owned(), "../gate.base.toml:11".to_owned()),
            ("all", "cargo test -p here".to_owned(), "gate.toml:12".to_owned()),
        ]
    );
    let source = policy.source.unwrap();
    let paths: Vec<&str> = source.files().map(|(path, _)| path).collect();
    assert_eq!(paths, ["gate.toml", "../gate.base.toml", "../policy/company.toml"]);
}

#[test]
fn a_base_that_cannot_be_read_is_one_error_with_its_place() {
    let own = |extends: &str| format!("version = 1\nextends = \"{extends}\"\n");
    let errors = |files: &[(&str, &str)]| Repository::new(files).errors();
    assert_snapshot!(errors(&[("svc/gate.toml", &own("../gone.toml"))]), @r#"
    error[policy::base-not-read]: there is no `../gone.toml`
     --> gate.toml:2:11
      |
    2 | extends = "../gone.toml"
      |           ^^^^^^^^^^^^^^
      |
      = help: create the file, or remove `extends`

    gate.toml: 1 error
    "#);
    assert_snapshot!(errors(&[("svc/gate.toml", &own("../../gate.base.toml"))]), @r#"
    error[policy::base-not-read]: `../../gate.base.toml` is outside the repository
     --> gate.toml:2:11
      |
    2 | extends = "../../gate.base.toml"
      |           ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: move it into the repository, so that each commit has the policy that judges it

    gate.toml: 1 error
    "#);
    assert_snapshot!(errors(&[("svc/gate.toml", &own("/etc/gate.toml"))]), @r#"
    error[policy::malformed-path]: `extends` is not relative to the file that contains it: `/etc/gate.toml`
     --> gate.toml:2:11
      |
    2 | extends = "/etc/gate.toml"
      |           ^^^^^^^^^^^^^^^^
      |
      = help: write it relative to the directory of gate.toml, without a leading `/` or drive letter

    gate.toml: 1 error
    "#);
    assert_snapshot!(errors(&[("svc/gate.toml", &own(".."))]), @r#"
    error[policy::base-not-read]: `..` is a directory
     --> gate.toml:2:11
      |
    2 | extends = ".."
      |           ^^^^
      |
      = help: extend a file, such as `../gate.base.toml`

    gate.toml: 1 error
    "#);
    assert_snapshot!(errors(&[("svc/gate.toml", "version = 1\nextends = [\"a.toml\"]\nstage.pilot.scope = \"x\"\n")]), @r#"
    error[policy::wrong-type]: `extends` takes a string, not an array
     --> gate.toml:2:11
      |
    2 | extends = ["a.toml"]
      |           ^^^^^^^^^^ this is an array
      |
      = help: write `extends = "../gate.base.toml"`

    gate.toml: 1 error
    "#);
    assert_snapshot!(errors(&[("svc/gate.toml", &own("../a.toml")), ("a.toml", &own("b.toml")), ("b.toml", &own("svc/gate.toml"))]), @r#"
    error[policy::base-not-read]: the policy extends itself: `gate.toml` → `../a.toml` → `../b.toml` → `gate.toml`
     --> ../b.toml:2:11
      |
    2 | extends = "svc/gate.toml"
      |           ^^^^^^^^^^^^^^^
      |
      = help: remove one `extends` of the circle

    ../b.toml: 1 error
    "#);
}

#[cfg(unix)]
#[test]
fn a_link_is_no_base() {
    let repository = Repository::new(&[("svc/gate.toml", OWN)]);
    std::os::unix::fs::symlink("/etc/hostname", repository.root().join("../gate.base.toml")).unwrap();
    assert_snapshot!(repository.errors(), @r#"
    error[policy::base-not-read]: `../gate.base.toml` is a symbolic link
     --> gate.toml:2:11
      |
    2 | extends = "../gate.base.toml"
      |           ^^^^^^^^^^^^^^^^^^^
      |
      = help: extend the file that the link points to

    gate.toml: 1 error
    "#);
}

#[test]
fn errors_stand_in_the_file_that_has_them() {
    let repository = Repository::new(&[
        (
            "svc/gate.toml",
            "version = 1\nextends = \"../gate.base.toml\"\n[stage.pilot]\nscope = 1\n[[suite.tool]]\nname = \"unit\"\ntool = \"clippy\"\n[tiers]\ndefault = \"é\" x\n",
        ),
        (
            "gate.base.toml",
            "stage.pilot.strikt = true\n[[suite.test]]\nname = \"unit\"\ncommand = \"cargo test | tee\"\n[docs]\nlinks = [\"README.md\"]\n",
        ),
    ]);
    assert_snapshot!(repository.errors(), @r#"
    error[policy::wrong-type]: `scope` takes a string, not a whole number
     --> gate.toml:4:9
      |
    4 | scope = 1
      |         ^ this is a whole number
      |
      = help: write `scope = "one internal service"`

    error[policy::syntax]: unexpected key or value, expected newline, `#`
     --> gate.toml:9:15
      |
    9 | default = "é" x
      |               ^

    error[policy::missing-key]: missing key `version` at the top level
     --> ../gate.base.toml:1:1
      |
    1 | stage.pilot.strikt = true
      | ^
      |
      = help: add `version = 1`

    error[policy::unknown-key]: unknown key `strikt` in `[stage.pilot]`
     --> ../gate.base.toml:1:13
      |
    1 | stage.pilot.strikt = true
      |             ^^^^^^ did you mean `strict`?

    error[policy::duplicate-name]: the suite `unit` is declared twice
     --> ../gate.base.toml:3:8
      |
    3 | name = "unit"
      |        ^^^^^^ first declared on line 6 of gate.toml
      |
      = help: give each suite its own name

    error[policy::malformed-command]: `command` contains `|`, which needs a shell
     --> ../gate.base.toml:4:11
      |
    4 | command = "cargo test | tee"
      |           ^^^^^^^^^^^^^^^^^^
      |
      = help: write the command as an array, `["program", "argument"]`; it runs without a shell

    error[policy::path-of-a-base]: `links` points outside the workspace: it is `../README.md` from there
     --> ../gate.base.toml:6:10
      |
    6 | links = ["README.md"]
      |          ^^^^^^^^^^^
      |
      = help: write `${workspace}/README.md` for the path in each workspace that extends this file, or move the value to the workspace's gate.toml

    gate.toml: 2 errors, ../gate.base.toml: 5 errors
    "#);
}

#[test]
fn paths_of_a_base_start_at_its_own_directory() {
    let path = |base: &str, value: &str| {
        let text = format!(
            "{BASE}[boundary]\ninventory = \"{value}\"\n[[waiver]]\ncheck = \"boundary.raw\"\nowner = \"x\"\nreason = \"x\"\nexpires = 2030-01-01\npath = \"{value}\"\n"
        );
        let own = format!("version = 1\nextends = \"{base}\"\n");
        let place = Path::new("svc").join(base);
        let place = gate_base::paths::spell(&gate_base::paths::normalize(&place));
        let repository = Repository::new(&[("svc/gate.toml", &own), (&place, &text)]);
        match load(&repository.root(), None, &catalogue()) {
            Ok(policy) => {
                let inventory = policy.boundary.unwrap().inventory.unwrap();
                format!("{inventory} {}", policy.waivers[0].path.as_deref().unwrap())
            }
            Err(error) => error.message,
        }
    };
    assert_eq!(path("../base.toml", "svc/a.json"), "a.json a.json");
    assert_eq!(path("../base.toml", "${workspace}/a.json"), "a.json a.json");
    assert_eq!(path("../deep/base.toml", "../svc/a.json"), "a.json a.json");
    assert_eq!(path("policy/base.toml", "a.json"), "policy/a.json policy/a.json");
    assert_eq!(path("../base.toml", "a.json"), "../base.toml: 2 errors");
    // A glob that starts anywhere, or with a pattern for directories, means the same from below.
    let glob = |value: &str| {
        let text = format!("{BASE}[docs]\nlinks = [\"{value}\"]\n");
        let repository = Repository::new(&[("svc/gate.toml", OWN), ("gate.base.toml", &text)]);
        load(&repository.root(), None, &catalogue())
            .map_or_else(|error| error.message, |policy| policy.docs.unwrap().links.join(" "))
    };
    assert_eq!(glob("**/*.md"), "**/*.md");
    assert_eq!(glob("s*/docs/*.md"), "docs/*.md");
    assert_eq!(glob("{svc,web}/docs/*.md"), "docs/*.md");
    assert_eq!(glob("web/*.md"), "../gate.base.toml: 1 error");
    assert_eq!(glob("svc"), "../gate.base.toml: 1 error");
    // Names of actions are no paths.
    assert_eq!(
        with_base("[ci]\ntrusted-actions = [\"actions/*\"]\n")
            .policy()
            .ci
            .unwrap()
            .trusted_actions,
        ["actions/*"]
    );
}

/// Sections of a policy in any order, each in the policy or in its base: together they say what one file says.
mod split {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::*;
    use crate::extends::{Place, Reader};
    use crate::{PolicyFile, validate_at};

    const SECTIONS: &[&str] = &[
        "[stage.controlled]\nmax-age = \"30d\"\n",
        "[stage.controlled]\nscope = \"guarded\"\n",
        "[tiers]\ndefault = \"portable\"\n",
        "[boundary]\nsafety-comments = false\n",
        "[[boundary.allow]]\npath = \"**/ffi.rs\"\nreason = \"r\"\nowner = \"o\"\n",
        "[[suite.test]]\nname = \"one\"\ncommand = \"cargo test\"\n",
        "[[suite.tool]]\nname = \"two\"\ntool = \"clippy\"\n",
        "[[waiver]]\ncheck = \"suite.test.one\"\nowner = \"o\"\nreason = \"r\"\nexpires = 2030-01-01\n",
        "[checks.\"boundary.raw\"]\nblocks-at = \"pilot\"\n",
        "[profile.release]\nlto = \"fat\"\n",
        "[profile.release]\nstrip = true\n",
        "[docs]\nlinks = [\"**/*.md\"]\n",
        "[docs]\nlinks = 1\n",
        "[nothing]\n",
    ];

    /// What a policy says, or how many errors it has, wherever it says it.
    fn said(result: Result<Policy, PolicyErrors>) -> String {
        match result {
            Ok(policy) => {
                let text = format!(
                    "{:?}",
                    Policy {
                        source: None,
                        extends: None,
                        ..policy
                    }
                );
                let mut kept = String::new();
                let mut rest = text.as_str();
                while let Some(at) = rest.find("Location {") {
                    kept.push_str(&rest[..at]);
                    rest = &rest[at..];
                    rest = &rest[rest.find('}').unwrap() + 1..];
                }
                kept + rest
            }
            Err(errors) => {
                let mut messages: Vec<&str> = errors
                    .problems()
                    .iter()
                    .map(|problem| problem.message.as_str())
                    .collect();
                messages.sort_unstable();
                messages.join("\n")
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn says_what_the_whole_says(chosen in proptest::collection::btree_map(0..SECTIONS.len(), 0u8..3, 0..8)) {
            // TOML takes a header once, and so does each of the files.
            let mut headers = std::collections::BTreeSet::new();
            let chosen: Vec<(usize, u8)> = chosen
                .into_iter()
                .filter(|(at, _)| SECTIONS[*at].starts_with("[[") || headers.insert(SECTIONS[*at].lines().next()))
                .collect();
            // A list keeps the order of its entries, bases first; kinds of suites are in the order of the files.
            let mut sorted = chosen.clone();
            sorted.sort_by_key(|(at, file)| (std::cmp::Reverse(*file), *at));
            let whole: String = sorted.iter().map(|(at, _)| SECTIONS[*at]).collect();
            let part = |wanted: u8| -> String {
                chosen.iter().filter(|(_, file)| *file == wanted).map(|(at, _)| SECTIONS[*at]).collect()
            };
            let small = "version = 1\nstage.pilot.scope = \"x\"\n";
            let own = format!("version = 1\nextends = \"z.toml\"\n{}", part(0));
            let middle = format!("version = 1\nextends = \"a.toml\"\n{}", part(1));
            let last = format!("{small}{}", part(2));
            let reader: &mut Reader<'_> = &mut |path, _| {
                Ok(Some(if path.ends_with("z.toml") { middle.clone() } else { last.clone() }))
            };
            let place = Place { root: Path::new("/w"), file: Path::new("/w/gate.toml") };
            let split = validate_at(PolicyFile::new("gate.toml", own.as_str()), place, reader, &catalogue());
            let unsplit = validate("gate.toml", &format!("{small}{whole}"), &catalogue());
            prop_assert_eq!(said(split), said(unsplit));
        }
    }
}
