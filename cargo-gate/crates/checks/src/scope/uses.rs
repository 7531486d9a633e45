//! `scope.uses`: what the code asks of the system is declared and tested.

use gate_base::stage::Stage;
use gate_policy::{SuiteKind, SuitePolicy, UsesPolicy};
use gate_report::{Dimension, Finding};
use gate_rust::facts::UsedPath;

use crate::failure::panics::unreadable_source;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::RustSources,
    input::Cargo,
    input::FileNames,
    UsesPolicy,
    SuitePolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "scope.uses",
    summary: "System interfaces that the code uses are declared and tested",
    docs: include_str!("uses.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    recordable: true,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

/// All paths, in the order of their names.
const PATHS: [UsedPath; 6] = [
    UsedPath::Env,
    UsedPath::Ffi,
    UsedPath::File,
    UsedPath::Net,
    UsedPath::Process,
    UsedPath::Thread,
];

fn applies(context: &Context<'_>) -> Applies {
    if context.section::<UsesPolicy>().is_some() {
        return Applies::Yes;
    }
    Applies::No("`[uses]` is not declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<UsesPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let used = match context.uses() {
        Ok(used) => used,
        Err((path, reason)) => return Judgement::Inconclusive(unreadable_source(&path, &reason)),
    };
    let mut findings = Vec::new();
    for path in PATHS {
        let name = path.name();
        let Some(suites) = policy.paths.get(&path) else {
            if let Some(used) = used.get(&path) {
                let others = match used.places - 1 {
                    0 => String::new(),
                    1 => " and in 1 other place".to_owned(),
                    others => format!(" and in {others} other places"),
                };
                findings.push(
                    Finding::advice(format!(
                        "undeclared path: `{name}` is used by `{}` here{others}",
                        used.what
                    ))
                    .help(format!("add `{name} = [\"<test suite>\"]` to `[uses]` in gate.toml"))
                    .at(used.first.clone())
                    .because(Some(policy.location.clone())),
                );
            }
            continue;
        };
        let covers = |name: &String| {
            let mut tests = context
                .section::<SuitePolicy>()
                .iter()
                .filter(|suite| suite.kind == SuiteKind::Test);
            tests.any(|suite| suite.name == *name && suite.required)
        };
        if !suites.iter().any(covers) {
            let named = match suites.as_slice() {
                [] => "no suite".to_owned(),
                names => format!("`{}` is not a required test suite", names.join("`, `")),
            };
            findings.push(
                Finding::blocking(CHECK.blocks_at, format!("`{name}` is declared but not tested: {named}"))
                    .help(format!(
                        "declare a `[[suite.test]]` that tests it, and add it: `{name} = [\"…\"]`"
                    ))
                    .because(Some(policy.location.clone())),
            );
        }
    }
    Judgement::Findings(findings)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use gate_base::Location;
    use gate_contract::testing::World;
    use gate_policy::{SuitePolicy, UsesPolicy};

    fn said(declared: &[(UsedPath, &[&str])], suites: &[(&str, bool)]) -> String {
        let mut world = World::new();
        world.texts(&[
            ("Cargo.toml", "[package]\nname = \"app\"\n"),
            (
                "src/lib.rs",
                "#[cfg(test)]\nmod mock;\npub fn f() {\n    std::fs::read(\"a\");\n    std::fs::write(\"a\", \"b\");\n}\n",
            ),
            ("src/mock.rs", "use std::net::TcpStream;\n"),
            ("tests/t.rs", "use std::process::Command;\n"),
        ]);
        let paths: BTreeMap<_, _> = declared
            .iter()
            .map(|(path, suites)| (*path, suites.iter().map(|name| (*name).to_owned()).collect()))
            .collect();
        world.policy.uses = Some(UsesPolicy {
            paths,
            location: Location::line("gate.toml", 4),
        });
        for (name, required) in suites {
            world.policy.suites.push(SuitePolicy {
                kind: SuiteKind::Test,
                name: (*name).to_owned(),
                required: *required,
                ..SuitePolicy::tool("x")
            });
        }
        world.text(&CHECK)
    }

    #[test]
    fn what_is_used_is_declared_and_what_is_declared_is_tested() {
        insta::assert_snapshot!(said(&[], &[]), @r#"
        src/lib.rs:4: undeclared path: `file` is used by `fs::read` here and in 1 other place [advice]
          help: add `file = ["<test suite>"]` to `[uses]` in gate.toml
          because: gate.toml:4
        "#);
        insta::assert_snapshot!(said(&[(UsedPath::File, &["io"])], &[("io", true)]), @"");
        insta::assert_snapshot!(said(&[(UsedPath::File, &["io"]), (UsedPath::Net, &[])], &[("io", false)]), @r#"
        `file` is declared but not tested: `io` is not a required test suite [controlled]
          help: declare a `[[suite.test]]` that tests it, and add it: `file = ["…"]`
          because: gate.toml:4
        `net` is declared but not tested: no suite [controlled]
          help: declare a `[[suite.test]]` that tests it, and add it: `net = ["…"]`
          because: gate.toml:4
        "#);
    }
}
