//! `docs.sync`: generated blocks of documents are what would be generated now.

use crate::docs::generated::{self, Facts};
use gate_base::stage::Stage;
use gate_report::{Change, Dimension, Finding, Remedy};
use gate_surveys::document;
use gate_text::markdown::place;

use super::documents::{nothing_matches, unreadable};
use gate_contract::{Applies, Check, Fixes, Judgement, Phase, Rule, input, reads};

use gate_report::group::Group;

reads!(
    input::Documents,
    input::WholePolicy,
    input::Cargo,
    input::Catalogue,
    input::Outcomes,
);

/// The check.
pub static CHECK: Check = Check {
    id: "docs.sync",
    summary: "Generated blocks in documents are up to date",
    docs: include_str!("sync.md"),
    dimension: Dimension::Governance,
    group: Some(Group::Ergonomics),
    group_evidence: |_| true,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    phase: Phase::Outcomes,
    fixes: Fixes::Applied("writes generated blocks again"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match &context.whole_policy().docs {
        Some(docs) if !docs.generated.is_empty() => Applies::Yes,
        _ => Applies::No("`generated` under `[docs]` lists no document".to_owned()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let policy = context.whole_policy();
    let Some(docs) = &policy.docs else {
        return Judgement::Findings(Vec::new());
    };
    let documents = match context.documents_matching(&docs.generated) {
        Ok(documents) => documents,
        Err(path) => return unreadable(&path),
    };
    let facts = Facts {
        checks: context.catalogue(),
        policy,
        members: &context.cargo().members,
        outcomes: context.outcomes(),
    };
    let mut findings = Vec::new();
    for document in &documents {
        let at = |span| place(&document.path, &document.text, span);
        for problem in generated::problems(&document.text) {
            findings.push(
                Finding::blocking(CHECK.blocks_at, problem.message)
                    .help(problem.help)
                    .at(at(problem.span)),
            );
        }
        for block in generated::regenerated(&document.text, &facts).1 {
            let remedy = generated::replacement(&document.text, &block, &facts).map(|new| {
                let old = document.text.get(block.inner.clone()).unwrap_or_default();
                let title = format!("write the block `{}` again", block.kind);
                Remedy::new(title, [Change::replace(&at(block.inner.clone()), old, new)])
            });
            let message = format!("the generated block `{}` is out of date", block.kind);
            findings.push(
                Finding::blocking(CHECK.blocks_at, message)
                    .help("`cargo gate source docs`")
                    .remedy(remedy)
                    .at(at(block.marker)),
            );
        }
    }
    let unmatched = docs.generated.iter().filter(|pattern| {
        let glob = document::globs(std::slice::from_ref(pattern));
        !documents.iter().any(|document| glob.is_match(&document.path))
    });
    let because = |finding: Finding| finding.because(Some(docs.location.clone()));
    let mut findings: Vec<Finding> = findings.into_iter().map(because).collect();
    findings.extend(unmatched.map(|pattern| nothing_matches("generated", pattern, docs, CHECK.blocks_at)));
    Judgement::Findings(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_policy::DocsPolicy;
    use gate_report::Location;

    #[test]
    fn a_block_that_is_not_generated_is_a_finding() {
        let mut world = World::new();
        world.catalogue = crate::infos();
        assert!(world.text(&CHECK).starts_with("not applicable"));
        world.policy.docs = Some(DocsPolicy {
            links: Vec::new(),
            commands: Vec::new(),
            status: Vec::new(),
            generated: vec!["docs/*.md".into()],
            location: Location::line("gate.toml", 4),
        });
        let text = "# Support\n\n<!-- gate:generated support-matrix -->\n\nAll of it.\n\n<!-- gate:end -->\n<!-- gate:end -->\n";
        world.documents(&[("docs/support.md", text)], &[]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        docs/support.md:8: no generated block ends here [controlled]
          help: remove the marker, or write `<!-- gate:generated <kind> -->` before the block
          because: gate.toml:4
        docs/support.md:3: the generated block `support-matrix` is out of date [controlled]
          help: `cargo gate source docs`
          because: gate.toml:4
        ");
        let facts = Facts {
            checks: &crate::infos(),
            policy: &world.policy,
            members: &world.workspace.cargo.members,
            outcomes: &[],
        };
        let good = generated::regenerated(text, &facts).0;
        world.documents(
            &[("docs/support.md", good.trim_end_matches("<!-- gate:end -->\n"))],
            &[],
        );
        let cut = world.text(&CHECK);
        assert!(cut.contains("not closed"), "{cut}");
        world.documents(
            &[(
                "docs/support.md",
                &good.replacen("<!-- gate:end -->\n<!-- gate:end -->", "<!-- gate:end -->", 1),
            )],
            &[],
        );
        assert_eq!(world.text(&CHECK), "");
    }
}
