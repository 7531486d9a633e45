//! The text of a commented gate.toml.

use std::fmt::Write as _;

use gate_policy::{PRODUCTION_SUITES, SCHEMA_URL};

use gate_report::claim::Kind;

use super::ci::{bench_command, branch};
use super::{InitFacts, ProductionSuite, quoted};

/// The text of a gate.toml for this workspace. What it declares holds in an ordinary workspace or is a decision that
/// only warns; what needs a decision of the owner is a comment.
pub fn policy_text(facts: &InitFacts) -> String {
    let mut text = format!("#:schema {SCHEMA_URL}\n");
    text.push_str(HEAD);
    kinds(&mut text, facts);
    tiers(&mut text, facts);
    text.push_str(PROFILE_AND_BOUNDARY);
    suites(&mut text, facts);
    benchmarks(&mut text, facts);
    text.push_str(GOVERNANCE);
    text
}

const HEAD: &str = r#"#
# What this workspace must prove before it enters a rollout stage.
# `cargo gate pilot` evaluates it; `cargo gate explain <check>` explains a check.
# The schema above describes every key; editors show it on hover.

version = 1

# Where the software runs at each stage. Every decision shows it: adapt it to your project.
[stage.pilot]
scope = "a single service or internal tool"

[stage.controlled]
scope = "limited production use under guardrails"
max-age = "30d" # how old the pilot decision may be

[stage.broad]
scope = "unlimited production use"
max-age = "30d" # how old the controlled decision may be
# min-age = "24h" # how long `controlled` must have lasted; less takes a `reason`

# `broad` requires a streak of READY runs of `controlled`. Fewer take a `reason`.
# [history]
# runs = 3
# days = 2
"#;

const TIERS: &str = r#"
# Authority level of the crates: `portable` (safe code), `idiomatic` (portable and free of lint warnings) or `native` (raw
# authority is the purpose of the crate). An exception from the default needs an owner, a reason and an expiry date.
"#;

const PROFILE_AND_BOUNDARY: &str = r#"
# Requirements on Cargo's release profile after inheritance, package overrides, configuration files and
# `CARGO_PROFILE_*`. Each key takes a value or an array of allowed values.
[profile.release]
debug-assertions = false
incremental = false
# overflow-checks = true
# panic = "abort"
# lto = ["thin", "fat"]
# codegen-units = 1

# Raw authority: `unsafe`, FFI, `asm!`.
[boundary]
safety-comments = true # each unsafe block needs a SAFETY comment
# A tracked inventory makes every new boundary a visible change; `cargo gate source boundaries` shows its contents.
# inventory = "boundary_inventory.json"

# Files in non-native crates where raw authority is allowed:
# [[boundary.allow]]
# path = "src/ffi/**"
# reason = ""
# owner = ""

# Continuous integration: the platforms that must run the tests, and whether actions are pinned to commits.
# [ci]
# platforms = ["linux", "macos", "windows"]
# pinned-actions = true

# Suites run tests and tools. Their commands run without a shell.
"#;

const GOVERNANCE: &str = r#"
# A waiver for a named finding. An expired or unused waiver is itself a finding; `cargo gate govern waiver add` adds one.
# [[waiver]]
# check = "boundary.raw"
# path = "src/ffi/**"
# owner = ""
# reason = ""
# expires = 2030-01-31

# Who owns packages and suites, in addition to CODEOWNERS. `broad` requires it.
# [owners]
# default = ""

# A group of evidence that is not claimed: the decision is then at best READY_WITH_BOUNDED_SCOPE.
# [[exclusion]]
# surface = "performance"
# groups = ["performance"]
# reason = ""
# risk = "medium"

# A surface excluded from the claim.
# [[exclusion]]
# surface = ""
# packages = []
# reason = ""
# risk = "low"
"#;

/// The kinds of packages, as far as they are asked for more than libraries are.
fn kinds(text: &mut String, facts: &InitFacts) {
    text.push_str(
        "\n# What kind of software each package is, as its targets and dependencies suggest: correct it. The kind decides which\n\
         # evidence `controlled` and `broad` require: `service`, `tool`, `model`, `kernels` or `library`.\n[kinds]\n",
    );
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Library) {
        let of_kind = facts.members.iter().filter(|member| member.kind == kind);
        let names: Vec<String> = of_kind.map(|member| quoted(&member.name)).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "{kind} = [{}]", names.join(", "));
        }
    }
    text.push_str("# library = [\"…\"] # and every package that no list names and that has no binary\n");
    text.push_str(TIERS);
}

/// Benchmarks beside those of the branch. How much their times differ without a change is found first.
fn benchmarks(text: &mut String, facts: &InitFacts) {
    if !facts.benches {
        return;
    }
    let words: Vec<String> = bench_command(facts).split(' ').map(quoted).collect();
    let _ = write!(
        text,
        "\n# Benchmarks of this tree, compared with those of the target branch in the same run. Uncomment it, then let\n\
         # `cargo gate suite benchmarks --calibrate` propose how large a difference counts.\n# [[suite.bench]]\n\
         # name = \"benchmarks\"\n# command = [{}]\n# reference-commit = {}\n# stage = \"controlled\"\n",
        words.join(", "),
        quoted(&format!("origin/{}", branch(facts)))
    );
}

fn tiers(text: &mut String, facts: &InitFacts) {
    text.push_str("[tiers]\ndefault = \"portable\"\n");
    let raw: Vec<(&str, u64)> = facts
        .members
        .iter()
        .filter_map(|member| Some((member.name.as_str(), member.raw_boundaries.filter(|count| *count > 0)?)))
        .collect();
    let Some((first, _)) = raw.first() else { return };
    text.push_str("\n# Raw boundaries are in\n");
    for (name, count) in &raw {
        let _ = writeln!(text, "#   {name}: {count}");
    }
    let _ = write!(
        text,
        "# If they are the purpose of a crate, fill in an exception for it and uncomment it:\n# [[tiers.exception]]\n# package = {}\n\
         # tier = \"native\"\n# owner = \"\"\n# reason = \"\"\n# expires = 2030-01-31\n",
        quoted(first)
    );
}

fn suites(text: &mut String, facts: &InitFacts) {
    let locked = if facts.lockfile { ", \"--locked\"" } else { "" };
    if !facts.lockfile {
        text.push_str("# There is no Cargo.lock; once there is one, add `\"--locked\"` to the commands.\n");
    }
    let runner = if facts.nextest {
        "\"cargo\", \"nextest\", \"run\""
    } else {
        "\"cargo\", \"test\""
    };
    let _ = write!(
        text,
        "[[suite.test]]\nname = \"workspace\"\ncommand = [{runner}, \"--workspace\"{locked}]\ntimeout = \"30m\"\n"
    );
    if facts.nextest && facts.libraries {
        let _ = write!(
            text,
            "\n# nextest does not run documentation tests.\n[[suite.test]]\nname = \"doc\"\n\
             command = [\"cargo\", \"test\", \"--workspace\", \"--doc\"{locked}]\ntimeout = \"30m\"\n"
        );
    }
    production(text, facts, locked);
    text.push_str(TOOLS);
}

/// The production suites that are there, and a word about those that are not.
fn production(text: &mut String, facts: &InitFacts, locked: &str) {
    if !facts.runs_kernels {
        return;
    }
    text.push_str("\n# Production suites rehearse kernel failures without a GPU.\n");
    for ProductionSuite { name, package } in &facts.production {
        let _ = write!(
            text,
            "[[suite.test]]\nname = {}\ncommand = [\"cargo\", \"test\", \"--package\", {}, \"--test\", {}{locked}]\n\n",
            quoted(name),
            quoted(package),
            quoted(name)
        );
    }
    let missing: Vec<&str> = PRODUCTION_SUITES
        .into_iter()
        .filter(|name| facts.production.iter().all(|suite| suite.name != *name))
        .collect();
    if missing.is_empty() {
        // The next section begins with a blank line of its own.
        text.pop();
    } else {
        let _ = writeln!(
            text,
            "# Not declared, because no package has a test target of that name: {}.\n# `cargo gate explain \
             runtime.prod` explains what each must show.",
            missing.join(", ")
        );
    }
}

const TOOLS: &str = r#"
# Lints and formatting block at broad, which requires evidence of them; `controlled` makes them block earlier.
[[suite.tool]]
name = "clippy"
tool = "clippy"
stage = "broad"

[[suite.tool]]
name = "rustfmt"
tool = "rustfmt"
stage = "broad"
"#;
