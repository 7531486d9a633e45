//! `checklist.stage`: every item of the exit checklist is met, as computed from checks and files.

use std::io::Read as _;

use sha2::{Digest as _, Sha256};

use gate_base::stage::Stage;
use gate_policy::{ChecklistArtifact, ChecklistItem, Waiver, pattern};
use gate_report::{CheckReport, Dimension, Finding, Outcome};

use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Phase, Rule, input, reads};

reads!(
    input::Outcomes,
    input::Artifacts,
    ChecklistItem,
    Waiver,
    input::EvaluatedStage,
);

/// The check. The verdict judges it after all others, `waiver.valid` included, so that a checklist can name them.
pub static CHECK: Check = Check {
    id: "checklist.stage",
    summary: "Every item of the checklists up to this stage is met",
    docs: include_str!("stage.md"),
    dimension: Dimension::Governance,
    group_evidence: |_| true,
    blocks_at: Stage::Pilot,
    other_stages: &[
        OtherStage {
            from: Stage::Controlled,
            what: "items of the checklist of `controlled`",
        },
        OtherStage {
            from: Stage::Broad,
            what: "items of the checklist of `broad`",
        },
    ],
    since: "0.1.0",
    waivable: false,
    phase: Phase::Checklist,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let stage = context.stage();
    if context
        .section::<ChecklistItem>()
        .iter()
        .any(|item| item.stage <= stage)
    {
        Applies::Yes
    } else if context.section::<ChecklistItem>().is_empty() {
        Applies::No("no checklist is declared".into())
    } else {
        Applies::No(format!("no checklist is declared up to {stage}"))
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let stage = context.stage();
    let items: Vec<&ChecklistItem> = context
        .section::<ChecklistItem>()
        .iter()
        .filter(|item| item.stage <= stage)
        .collect();
    let lacking: Vec<(&ChecklistItem, Vec<Lack>)> = items
        .iter()
        .map(|item| (*item, lacks(item, context)))
        .filter(|(_, lacks)| !lacks.is_empty())
        .collect();
    let (all, met) = (items.len(), items.len() - lacking.len());
    let finding = |(item, lacks): (&ChecklistItem, Vec<Lack>)| {
        let what: Vec<&str> = lacks.iter().map(|lack| lack.what.as_str()).collect();
        let message = format!(
            "`{}` is not met ({met} of {all} items are met): {} ({})",
            item.id,
            item.description,
            what.join(", ")
        );
        Finding::blocking(item.stage, message)
            .help(help(&lacks))
            .at(item.location.clone())
            .because(Some(item.location.clone()))
    };
    Judgement::Findings(lacking.into_iter().map(finding).collect())
}

/// What would meet an item. A check that fails says itself what to do, so its words are repeated, literally, only where
/// there is nothing else to say: equal steps are listed once.
fn help(lacks: &[Lack]) -> String {
    let mut own: Vec<&str> = lacks
        .iter()
        .filter(|lack| !lack.told)
        .map(|lack| lack.remedy.as_str())
        .collect();
    own.dedup();
    match lacks.first() {
        Some(first) if own.is_empty() => first.remedy.clone(),
        _ => own.join("; "),
    }
}

/// One thing that keeps an item from being met.
struct Lack {
    /// What is lacking.
    what: String,
    /// What would change that.
    remedy: String,
    /// Whether a check says so too.
    told: bool,
}

fn lacks(item: &ChecklistItem, context: &Context<'_>) -> Vec<Lack> {
    let checks = item
        .checks
        .iter()
        // Without a waiver there is nothing that could be wrong with one.
        .filter(|wanted| *wanted != crate::waiver::valid::CHECK.id || !context.section::<Waiver>().is_empty())
        .flat_map(|wanted| of_check(wanted, context.outcomes()));
    let artifacts = item
        .artifacts
        .iter()
        .filter_map(|artifact| of_artifact(artifact, context));
    checks.chain(artifacts).collect()
}

fn of_check(wanted: &str, outcomes: &[CheckReport]) -> Vec<Lack> {
    let mut covered = outcomes
        .iter()
        .filter(|check| pattern::matches(wanted, &check.id))
        .peekable();
    if covered.peek().is_none() {
        return vec![Lack {
            what: format!("`{wanted}` is not part of this run"),
            remedy: "`cargo gate status` shows which checks apply here".to_owned(),
            told: false,
        }];
    }
    covered
        .filter_map(|check| {
            let how = match check.outcome {
                Outcome::Pass | Outcome::Warn => return None,
                Outcome::Fail => "fails",
                Outcome::Inconclusive => "is inconclusive",
                Outcome::NotRun => "was not run",
                Outcome::Error => "ended in an error",
            };
            Some(Lack {
                what: format!("`{}` {how}", check.id),
                remedy: remedy(check),
                told: true,
            })
        })
        .collect()
}

fn remedy(check: &CheckReport) -> String {
    let finding = check
        .findings
        .iter()
        .find(|finding| finding.is_open() && finding.blocks_at.is_some());
    let reason = check.reason.as_ref().and_then(|reason| reason.help.clone());
    finding
        .and_then(|finding| finding.help.clone())
        .or(reason)
        .unwrap_or_else(|| format!("`cargo gate explain {}`", check.id))
}

fn of_artifact(artifact: &ChecklistArtifact, context: &Context<'_>) -> Option<Lack> {
    let path = &artifact.path;
    let lack = |what: String, remedy: String| {
        Some(Lack {
            what,
            remedy,
            told: false,
        })
    };
    let mut file = match context.artifact(path) {
        Ok(Some(file)) => file,
        Ok(None) => return lack(format!("`{path}` does not exist"), format!("write `{path}`")),
        Err(error) => {
            return lack(
                format!("cannot read `{path}`: {error}"),
                format!("make `{path}` readable"),
            );
        }
    };
    match file.metadata() {
        Ok(metadata) if !metadata.is_file() => {
            return lack(format!("`{path}` is not a file"), format!("use a file below `{path}`"));
        }
        Ok(metadata) if metadata.len() == 0 => return lack(format!("`{path}` is empty"), format!("write `{path}`")),
        _ => {}
    }
    let wanted = artifact.sha256.as_ref()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) => {
                return lack(
                    format!("cannot read `{path}`: {error}"),
                    format!("make `{path}` readable"),
                );
            }
        }
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == *wanted {
        return None;
    }
    lack(
        format!("the contents of `{path}` differ from the declared digest"),
        format!("restore `{path}`, or set `sha256 = \"{found}\"`"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_report::{Location, Reason};

    fn item(id: &str, stage: Stage, checks: &[&str], artifacts: &[(&str, Option<&str>)]) -> ChecklistItem {
        ChecklistItem {
            stage,
            id: id.into(),
            description: "The release is known to work".into(),
            checks: checks.iter().map(|check| (*check).to_owned()).collect(),
            artifacts: artifacts
                .iter()
                .map(|(path, sha256)| ChecklistArtifact {
                    path: (*path).to_owned(),
                    sha256: sha256.map(str::to_owned),
                })
                .collect(),
            location: Location::line("gate.toml", 7),
        }
    }

    fn outcome(id: &str, outcome: Outcome) -> CheckReport {
        CheckReport {
            id: id.into(),
            summary: String::new(),
            dimension: Dimension::Correctness,
            group: None,
            outcome,
            reason: (outcome == Outcome::NotRun)
                .then(|| Reason::new("tool_missing", "no nvcc").help("install the CUDA toolkit")),
            findings: Vec::new(),
            evidence: None,
        }
    }

    #[test]
    fn items_are_met_by_checks() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "not applicable: no checklist is declared");
        world.policy.checklist = vec![item("later", Stage::Controlled, &["git.clean"], &[])];
        assert_eq!(
            world.text(&CHECK),
            "not applicable: no checklist is declared up to pilot"
        );
        world.stage = Stage::Broad;
        world
            .policy
            .checklist
            .push(item("tests", Stage::Pilot, &["suite.test.*"], &[]));
        world.outcomes = vec![
            outcome("git.clean", Outcome::Warn),
            outcome("suite.test.a", Outcome::Pass),
        ];
        assert_eq!(world.text(&CHECK), "");
        world.policy.checklist[0].checks.push("waiver.valid".into());
        assert_eq!(world.text(&CHECK), "", "there are no waivers");
        world.outcomes.push(outcome("suite.test.gpu", Outcome::NotRun));
        world.outcomes.remove(0);
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:7: `later` is not met (0 of 2 items are met): The release is known to work (`git.clean` is not part of this run) [controlled]
          help: `cargo gate status` shows which checks apply here
          because: gate.toml:7
        gate.toml:7: `tests` is not met (0 of 2 items are met): The release is known to work (`suite.test.gpu` was not run) [pilot]
          help: install the CUDA toolkit
          because: gate.toml:7
        ");
    }

    #[test]
    fn items_are_met_by_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut world = World::new();
        world.workspace.root = directory.path().to_owned();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let runbook = "b633a587c652d02386c4f16f8c6f6aab7352d97f16367c3c40576214372dd628";
        world.policy.checklist = vec![item("runbook", Stage::Pilot, &[], &[("runbook.md", Some(runbook))])];
        std::fs::write(directory.path().join("runbook.md"), "{}\n").expect("a file");
        let found = world.text(&CHECK);
        assert!(found.contains("differ from the declared digest"), "{found}");
        let digest = found.split('"').nth(1).expect("the digest is named").to_owned();
        world.policy.checklist[0].artifacts[0].sha256 = Some(digest);
        assert_eq!(world.text(&CHECK), "");
        std::fs::write(directory.path().join("runbook.md"), "").expect("a file");
        world.policy.checklist[0].artifacts[0].sha256 = Some(empty.to_owned());
        world.policy.checklist[0].artifacts.push(ChecklistArtifact {
            path: "gone.md".into(),
            sha256: None,
        });
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:7: `runbook` is not met (0 of 1 items are met): The release is known to work (`runbook.md` is empty, `gone.md` does not exist) [pilot]
          help: write `runbook.md`; write `gone.md`
          because: gate.toml:7
        ");
    }
}
