//! `--plan`: what would run and why.

use serde::Serialize;

use crate::cli::arguments::Format;
use gate_base::error::Result;
use gate_base::stage::Stage;
use gate_contract::Phase;
use gate_engine::evaluate::Request;
use gate_engine::plan::{Action, Plan};
use gate_report::group::Group;
use gate_report::render::human::Detail;
use gate_report::render::text as words;
use gate_report::{Dimension, NotApplicable};

use super::Conversation;
use super::open::Opened;
use super::stage::arguments::StageArgs;

/// The plan as data.
#[derive(Debug, Serialize)]
struct PlanView {
    stage: Stage,
    /// In the order of their groups.
    items: Vec<PlanLine>,
    not_applicable: Vec<NotApplicable>,
}

#[derive(Debug, Serialize)]
struct PlanLine {
    id: String,
    group: Group,
    dimension: Dimension,
    blocks_at: Stage,
    action: &'static str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
}

/// The plan as text for people, or as JSON.
pub(super) fn text(
    opened: &Opened,
    request: &Request,
    arguments: &StageArgs,
    conversation: &Conversation<'_>,
) -> Result<String> {
    let plan = opened.surroundings().plan(request, |plan, _| plan);
    let view = view(plan, request.stage);
    if arguments.message_format == Format::Json {
        super::json(&view)
    } else {
        Ok(table(&view, conversation.printer.detail()))
    }
}

fn view(plan: Plan, stage: Stage) -> PlanView {
    let line = |item: gate_engine::plan::PlanItem| {
        let (action, reason) = match &item.action {
            Action::Run(reason) => ("run", reason.clone()),
            Action::Reuse(evidence) => (
                "reuse",
                format!(
                    "evidence of {} over the same inputs",
                    words::timestamp(&evidence.recorded)
                ),
            ),
            Action::Elsewhere(whose) => ("skip", format!("shard {whose} has it")),
        };
        PlanLine {
            id: item.unit.id(),
            group: item.unit.group(),
            dimension: item.unit.dimension(),
            blocks_at: item.unit.blocks_at(),
            action,
            reason,
            fingerprint: Some(item.fingerprint.digest.to_hex()),
        }
    };
    let afterwards = plan.afterwards.iter().map(|check| PlanLine {
        id: check.id.to_owned(),
        group: check.group(),
        dimension: check.dimension,
        blocks_at: check.blocks_at,
        action: "run",
        reason: match check.phase {
            Phase::Waivers => "reads which findings the waivers matched",
            Phase::Evidence | Phase::Outcomes | Phase::Checklist | Phase::Contract => {
                "reads the outcomes of the other checks"
            }
        }
        .to_owned(),
        fingerprint: None,
    });
    let mut items: Vec<PlanLine> = plan.items.into_iter().map(line).chain(afterwards).collect();
    items.sort_by_key(|item| item.group);
    PlanView {
        stage,
        items,
        not_applicable: plan.not_applicable,
    }
}

fn table(view: &PlanView, detail: Detail) -> String {
    let skipped: &[NotApplicable] = if detail == Detail::Verbose {
        &view.not_applicable
    } else {
        &[]
    };
    let ids = view
        .items
        .iter()
        .map(|item| item.id.len())
        .chain(skipped.iter().map(|item| item.id.len()));
    let width = ids.max().unwrap_or(0);
    let mut text = String::new();
    for item in &view.items {
        text.push_str(&format!(
            "{:<6} {:<11}  {:<width$}  {}\n",
            item.action, item.group, item.id, item.reason
        ));
    }
    for item in skipped {
        text.push_str(&format!(
            "{:<6} {:<11}  {:<width$}  {}\n",
            "skip", "", item.id, item.reason
        ));
    }
    let count = |action| view.items.iter().filter(|item| item.action == action).count();
    let (run, reused) = (count("run"), count("reuse"));
    text.push_str(&format!(
        "{}: {run} to run, {reused} reused, {} not applicable{}\n",
        view.stage,
        view.not_applicable.len(),
        if skipped.len() < view.not_applicable.len() {
            " (-v lists them)"
        } else {
            ""
        }
    ));
    text
}
