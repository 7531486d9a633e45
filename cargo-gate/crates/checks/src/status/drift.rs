//! `status.drift`: a box is ticked when, and only when, the checks that it names pass.

use crate::status::checkboxes::{self, Drift, Evidence, Judged};
use gate_base::stage::Stage;
use gate_policy::{DocsPolicy, SuitePolicy};
use gate_report::{Change, Dimension, Finding, Remedy};
use gate_surveys::document::{self, Document};
use gate_text::markdown::place;

use crate::docs::documents::{nothing_matches, unreadable};
use gate_contract::{Applies, Check, Fixes, Judgement, Phase, Rule, input, reads};

reads!(
    input::Documents,
    DocsPolicy,
    SuitePolicy,
    input::EvaluatedStage,
    input::Catalogue,
    input::Outcomes,
);

/// The check.
pub static CHECK: Check = Check {
    id: "status.drift",
    summary: "Checkboxes in documents match the results of checks",
    docs: include_str!("drift.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    version: 2,
    phase: Phase::Outcomes,
    fixes: Fixes::Applied("ticks and clears boxes by the evidence"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<DocsPolicy>() {
        Some(docs) if !docs.status.is_empty() => Applies::Yes,
        _ => Applies::No("`status` under `[docs]` lists no document".to_owned()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(docs) = context.section::<DocsPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let documents = match context.documents_matching(&docs.status) {
        Ok(documents) => documents,
        Err(path) => return unreadable(&path),
    };
    let evidence = Evidence {
        outcomes: context.outcomes(),
        stage: context.stage(),
        checks: context.catalogue(),
        suites: context.section::<SuitePolicy>(),
    };
    let mut findings = Vec::new();
    for document in &documents {
        let judged = checkboxes::judge(&document.text, evidence);
        for one in &judged {
            let of_box = one.drift.iter().map(|drift| finding(document, &judged, one, drift));
            findings.extend(of_box.map(|finding| finding.because(Some(docs.location.clone()))));
        }
    }
    let unmatched = docs.status.iter().filter(|pattern| {
        let glob = document::globs(std::slice::from_ref(pattern));
        !documents.iter().any(|document| glob.is_match(&document.path))
    });
    findings.extend(unmatched.map(|pattern| nothing_matches("status", pattern, docs, CHECK.blocks_at)));
    Judgement::Findings(findings)
}

fn finding(document: &Document, all: &[Judged], judged: &Judged, drift: &Drift) -> Finding {
    let boxed = |ticked: bool| {
        let at = judged.task.at;
        let old = document.text.get(at..=at).unwrap_or_default();
        let title = if ticked { "tick the box" } else { "clear the box" };
        let change = Change::replace(
            &place(&document.path, &document.text, at..at + 1),
            old,
            if ticked { "x" } else { " " },
        );
        Remedy::new(title, [change])
    };
    const FIX: &str = "`cargo gate source drift --fix`";
    let title = &judged.task.title;
    let at = |span| place(&document.path, &document.text, span);
    let here = at(judged.task.span.clone());
    let blocking = |message: String| Finding::blocking(CHECK.blocks_at, message);
    match drift {
        Drift::Early(why) => blocking(format!("\"{title}\" is ticked, but {why}"))
            .help(FIX)
            .remedy(boxed(false))
            .at(here),
        Drift::Late(why) => blocking(format!("\"{title}\" is not ticked, but {why}"))
            .help(FIX)
            .remedy(boxed(true))
            .at(here),
        Drift::OpenPart(part) => {
            let part = &all[*part].task;
            blocking(format!("\"{title}\" is ticked, but its part \"{}\" is not", part.title))
                .help(FIX)
                .remedy(boxed(false))
                .at(here)
                .at(at(part.span.clone()))
        }
        Drift::NoEvidence => Finding::advice(format!("\"{title}\" is ticked, but without a check"))
            .help("add `<!-- gate: <check> -->` to the line; `cargo gate status` lists the checks")
            .at(here),
        Drift::Unknown(gate, message, help) => {
            let span = judged.task.gates.get(*gate).map(|gate| gate.span.clone());
            blocking(message.clone()).help(help.clone()).at(span.map_or(here, at))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_policy::DocsPolicy;
    use gate_report::{CheckReport, Location, Outcome};

    fn world(text: &str) -> World {
        let mut world = World::new();
        world.catalogue = crate::infos();
        world.documents(&[("ROADMAP.md", text), ("notes.md", "- [x] not declared\n")], &[]);
        world.policy.docs = Some(DocsPolicy {
            links: Vec::new(),
            commands: Vec::new(),
            status: vec!["ROADMAP.md".into()],
            generated: Vec::new(),
            location: Location::line("gate.toml", 4),
        });
        world.outcomes = [("lockfile.tracked", Outcome::Pass), ("lockfile.fresh", Outcome::NotRun)]
            .map(|(id, outcome)| CheckReport {
                id: id.into(),
                summary: String::new(),
                dimension: Dimension::Integrity,
                group: None,
                outcome,
                reason: None,
                findings: Vec::new(),
                evidence: None,
            })
            .to_vec();
        world
    }

    #[test]
    fn every_kind_of_drift_has_words() {
        let text = "- [x] Track the lockfile <!-- gate: lockfile.tracked -->\n- [ ] Again <!-- gate: lockfile.tracked -->\n\
                    - [x] Fresh <!-- gate: lockfile.fresh -->\n- [x] Whole\n  - [ ] Part <!-- gate: lockfile.fresh -->\n\
                    - [x] Believed\n- [x] Typo <!-- gate: lockfile.fesh -->\n";
        insta::assert_snapshot!(world(text).text(&CHECK), @r#"
        ROADMAP.md:2: "Again" is not ticked, but `lockfile.tracked` passes at controlled [pilot]
          help: `cargo gate source drift --fix`
          because: gate.toml:4
        ROADMAP.md:3: "Fresh" is ticked, but `lockfile.fresh` did not run [pilot]
          help: `cargo gate source drift --fix`
          because: gate.toml:4
        ROADMAP.md:4: "Whole" is ticked, but its part "Part" is not [pilot]
          also: ROADMAP.md:5
          help: `cargo gate source drift --fix`
          because: gate.toml:4
        ROADMAP.md:6: "Believed" is ticked, but without a check [advice]
          help: add `<!-- gate: <check> -->` to the line; `cargo gate status` lists the checks
          because: gate.toml:4
        ROADMAP.md:7: unknown check `lockfile.fesh` [pilot]
          help: write `lockfile.fresh`
          because: gate.toml:4
        "#);
    }

    #[test]
    fn it_applies_where_documents_are_declared() {
        let mut world = world("");
        world.policy.docs.as_mut().expect("declared").status = vec!["PLAN.md".into()];
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:4: no tracked Markdown file matches `PLAN.md` [pilot]
          help: correct it in `status` under `[docs]`, or remove it
          because: gate.toml:4
        ");
        world.policy.docs = None;
        insta::assert_snapshot!(world.text(&CHECK), @"not applicable: `status` under `[docs]` lists no document");
    }
}
