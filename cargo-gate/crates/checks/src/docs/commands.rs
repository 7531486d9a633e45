//! `docs.commands`: commands in documents name what exists.

use gate_base::stage::Stage;
use gate_policy::{DocsPolicy, similar};
use gate_report::{Dimension, Finding};
use gate_surveys::document::{self, Document};
use gate_text::markdown::fences::{Command, Word, commands};
use gate_text::markdown::{place, target};
use gate_world::cargo::Resolution;

use super::documents::{nothing_matches, unreadable};
use super::invocations::{Invocation, Selector};
use super::own::unknown;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

use gate_report::group::Group;

reads!(
    input::Documents,
    input::FileNames,
    input::Manifests,
    input::Cargo,
    DocsPolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "docs.commands",
    summary: "Commands in documents refer to existing packages, targets and flags",
    docs: include_str!("commands.md"),
    dimension: Dimension::Contract,
    group: Some(Group::Ergonomics),
    group_evidence: |_| true,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    recordable: true,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<DocsPolicy>() {
        Some(docs) if !docs.commands.is_empty() => Applies::Yes,
        _ => Applies::No("`commands` under `[docs]` lists no document".to_owned()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(docs) = context.section::<DocsPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let documents = match context.documents_matching(&docs.commands) {
        Ok(documents) => documents,
        Err(path) => return unreadable(&path),
    };
    let mut findings = Vec::new();
    for document in &documents {
        let mut elsewhere = None;
        for command in commands(&document.text) {
            // Behind `cd` the same words mean something else.
            if elsewhere == Some(command.block) {
                continue;
            }
            if command.words.first().and_then(|word| word.text.as_deref()) == Some("cd") {
                elsewhere = Some(command.block);
                continue;
            }
            let complaints = Reader { context, document }.command(&command);
            findings.extend(complaints.into_iter().map(|complaint| {
                let span = complaint.word.span.clone();
                Finding::blocking(CHECK.blocks_at, complaint.message)
                    .help(complaint.help)
                    .because(Some(docs.location.clone()))
                    .at(place(&document.path, &document.text, span))
            }));
        }
    }
    let unmatched = docs.commands.iter().filter(|pattern| {
        let glob = document::globs(std::slice::from_ref(pattern));
        !documents.iter().any(|document| glob.is_match(&document.path))
    });
    findings.extend(unmatched.map(|pattern| nothing_matches("commands", pattern, docs, CHECK.blocks_at)));
    Judgement::Findings(findings)
}

struct Complaint<'a> {
    word: &'a Word,
    message: String,
    help: String,
}

struct Reader<'a> {
    context: &'a Context<'a>,
    document: &'a Document,
}

impl Reader<'_> {
    fn command<'w>(&self, command: &'w Command) -> Vec<Complaint<'w>> {
        let Some(invocation) = Invocation::new(&command.words) else {
            return Vec::new();
        };
        if invocation.subcommand == "gate" {
            let wrong = unknown(invocation.arguments);
            return wrong
                .into_iter()
                .map(|(word, message, help)| Complaint { word, message, help })
                .collect();
        }
        let mut complaints = Vec::new();
        let selectors = invocation.selectors();
        let path = |word: &str| self.is_there(word);
        for (selector, word, value) in &selectors {
            if matches!(selector, Selector::Path | Selector::Manifest) && !path(value) {
                complaints.push(Complaint {
                    word,
                    message: format!("`{value}` does not exist"),
                    help: "correct the path; it is relative to the workspace or to the document".to_owned(),
                });
            }
        }
        // With a manifest of its own the command is about another workspace, perhaps.
        let other = selectors
            .iter()
            .any(|(selector, ..)| matches!(selector, Selector::Path | Selector::Manifest));
        if other || !invocation.selects_targets() || self.beside_the_workspace() {
            return complaints;
        }
        let packages: Vec<&str> = selectors
            .iter()
            .filter(|(selector, ..)| *selector == Selector::Package)
            .map(|(_, _, value)| value.as_str())
            .collect();
        for (selector, word, value) in &selectors {
            if let Some((what, candidates)) = self.missing(*selector, value, &packages) {
                let help = match similar(value, candidates.iter().map(String::as_str)) {
                    Some(meant) => format!("write `{meant}`"),
                    None => "`cargo metadata --no-deps` lists the packages, targets and features".to_owned(),
                };
                complaints.push(Complaint {
                    word,
                    message: format!("the workspace has no {what} `{value}`"),
                    help,
                });
            }
        }
        complaints
    }

    /// Whether the document belongs to a package that is no member: its commands are about that one.
    fn beside_the_workspace(&self) -> bool {
        let above = self.document.path.match_indices('/').rev();
        let mut manifests = above.map(|(at, _)| format!("{}/Cargo.toml", &self.document.path[..at]));
        let nearest = manifests.find(|manifest| self.context.files().get(manifest).is_some());
        nearest.is_some_and(|nearest| {
            !self
                .context
                .cargo()
                .members
                .iter()
                .any(|member| member.manifest == nearest)
        })
    }

    /// What is missing, and what there is instead; `None` when it is there or cannot be told.
    fn missing(&self, selector: Selector, value: &str, packages: &[&str]) -> Option<(&'static str, Vec<String>)> {
        let cargo = self.context.cargo();
        let selected = |name: &str| packages.is_empty() || packages.contains(&name);
        let members = || cargo.members.iter().filter(|member| selected(&member.name));
        let (what, candidates): (_, Vec<String>) = match selector {
            Selector::Package => {
                if *self.context.resolution() != Resolution::Locked {
                    return None;
                }
                let names = cargo.members.iter().map(|member| &member.name);
                let others = cargo.dependencies.iter().map(|dependency| &dependency.name);
                ("package", names.chain(others).cloned().collect())
            }
            Selector::Target(kind) => {
                // A package that is no member has targets that are not known.
                if packages
                    .iter()
                    .any(|name| !cargo.members.iter().any(|member| member.name == *name))
                {
                    return None;
                }
                let targets = members().flat_map(|member| &member.targets);
                let of_kind = targets.filter(|target| target.kind.iter().any(|own| own == kind));
                (kind, of_kind.map(|target| target.name.clone()).collect())
            }
            Selector::Feature => {
                if packages
                    .iter()
                    .any(|name| !cargo.members.iter().any(|member| member.name == *name))
                {
                    return None;
                }
                let manifests: Vec<&str> = members().map(|member| member.manifest.as_str()).collect();
                ("feature", self.features(&manifests))
            }
            Selector::Path | Selector::Manifest => return None,
        };
        (!candidates.iter().any(|candidate| candidate == value)).then_some((what, candidates))
    }

    /// Features of these manifests, those that optional dependencies are included.
    fn features(&self, manifests: &[&str]) -> Vec<String> {
        let mut names = vec!["default".to_owned()];
        let tables = self.context.manifests().iter();
        for manifest in tables.filter(|manifest| manifests.contains(&manifest.path.as_str())) {
            let table = |key: &str| manifest.table.get(key).and_then(toml::Value::as_table);
            names.extend(
                table("features")
                    .into_iter()
                    .flat_map(|features| features.keys().cloned()),
            );
            for key in ["dependencies", "build-dependencies"] {
                names.extend(table(key).into_iter().flat_map(|all| all.keys().cloned()));
            }
            let targets = table("target").into_iter().flat_map(|targets| targets.values());
            for target in targets.filter_map(|target| target.get("dependencies")?.as_table()) {
                names.extend(target.keys().cloned());
            }
        }
        names
    }

    /// Whether a path is there, seen from the workspace or from the document.
    fn is_there(&self, path: &str) -> bool {
        let files = self.context.files();
        let known = |path: Option<String>| {
            // What leads out of the workspace is not known here.
            path.is_none_or(|path| {
                path.is_empty()
                    || files.get(&path).is_some()
                    || files.starting_with(&format!("{path}/")).next().is_some()
            })
        };
        path.starts_with('/') || known(target::join("", path)) || known(target::join(&self.document.path, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, member};
    use gate_policy::DocsPolicy;
    use gate_report::Location;
    use gate_world::cargo::Target;

    fn said(commands: &str) -> String {
        let mut world = World::new();
        world.policy.docs = Some(DocsPolicy {
            links: Vec::new(),
            commands: vec!["**/*.md".into()],
            status: Vec::new(),
            generated: Vec::new(),
            location: Location::line("gate.toml", 4),
        });
        let mut app = member("app", "", None);
        for (kind, name) in [("bin", "app"), ("example", "hello"), ("test", "whole")] {
            app.targets.push(Target {
                name: name.into(),
                kind: vec![kind.into()],
                source: "x.rs".into(),
                test: true,
            });
        }
        world.workspace.cargo.members = vec![app, member("logic", "logic", None)];
        world.manifests(&[
            (
                "Cargo.toml",
                "[features]\ncuda = []\n[dependencies]\nserde = { version = \"1\", optional = true }\n",
            ),
            ("logic/Cargo.toml", "[features]\nextra = []\n"),
        ]);
        world.documents(
            &[("docs/a.md", &format!("```console\n{commands}\n```\n"))],
            &["logic/Cargo.toml"],
        );
        world.text(&CHECK)
    }

    #[test]
    fn commands_that_name_what_is_there_are_fine() {
        for command in [
            "cargo test --workspace --locked",
            "cargo +nightly run -q --release --example hello -- --no-such-flag",
            "RUST_LOG=x cargo test -p app --test whole --features cuda,serde,logic/extra",
            "cargo run --bin $NAME",
            "cargo bench --bench \\*",
            "cargo install --path logic --locked",
            "cargo build --manifest-path ../logic/Cargo.toml --bin other",
            "cargo install ripgrep --features simd",
            "cargo gate pilot --message-format=json -p app",
            "cargo gate govern waiver add --check a.b --owner o",
            "cargo gate explain no.check",
            "cd other\ncargo run --bin other",
            "make all; npm run x",
        ] {
            assert_eq!(said(command), "", "{command}");
        }
    }

    #[test]
    fn what_is_not_there_is_a_finding() {
        insta::assert_snapshot!(
            said("cargo run --example helo\ncargo test -p ap --features cuda\ncargo build -p logic --features cuda,extra\ncargo install --path tool\n\
                  cargo bench --bench=speed"),
            @"
            docs/a.md:2: the workspace has no example `helo` [controlled]
              help: write `hello`
              because: gate.toml:4
            docs/a.md:3: the workspace has no package `ap` [controlled]
              help: write `app`
              because: gate.toml:4
            docs/a.md:4: the workspace has no feature `cuda` [controlled]
              help: `cargo metadata --no-deps` lists the packages, targets and features
              because: gate.toml:4
            docs/a.md:5: `tool` does not exist [controlled]
              help: correct the path; it is relative to the workspace or to the document
              because: gate.toml:4
            docs/a.md:6: the workspace has no bench `speed` [controlled]
              help: `cargo metadata --no-deps` lists the packages, targets and features
              because: gate.toml:4
            "
        );
        insta::assert_snapshot!(
            said("cargo gate piloot\ncargo gate pilot --jsno\ncargo gate status --plan # comment\ncargo gate govern waiver ad\ncargo gate -x pilot"),
            @"
            docs/a.md:2: `cargo gate` has no subcommand `piloot` [controlled]
              help: write `pilot`
              because: gate.toml:4
            docs/a.md:3: `cargo gate pilot` has no flag `--jsno` [controlled]
              help: `cargo gate pilot --help` lists the flags
              because: gate.toml:4
            docs/a.md:4: `cargo gate status` has no flag `--plan` [controlled]
              help: `cargo gate status --help` lists the flags
              because: gate.toml:4
            docs/a.md:5: `cargo gate govern waiver` has no subcommand `ad` [controlled]
              help: write `add`
              because: gate.toml:4
            docs/a.md:6: `cargo gate` has no flag `-x` [controlled]
              help: `cargo gate --help` lists the flags
              because: gate.toml:4
            "
        );
    }
}
