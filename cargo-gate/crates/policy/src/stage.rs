//! `[stage.<name>]` and `[checks."<id>"]`: what each rollout stage declares, and checks that block earlier.

use std::time::Duration;

use crate::JsonSchema;
#[cfg(feature = "schema")]
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use gate_base::stage::Stage;
use gate_report::Location;

use super::problem::{Oddity, Problem, shown};
use super::rules::Rules;
use super::tables::{is_filled, table, text};
use super::value::{Period, Text, optional_period};
use super::{format, rule};

/// Declaration of a rollout stage.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StagePolicy {
    /// Where the software runs at this stage, in words.
    #[serde(default)]
    #[schemars(with = "Option<Text<500>>", extend("examples" = ["one internal service", "10% of production traffic"]))]
    pub scope: String,
    /// Largest age of the decision of the previous stage: a number with `s`, `m`, `h` or `d`. Has no effect at pilot,
    /// the first stage.
    #[serde(default, with = "optional_period")]
    #[schemars(with = "Option<Period>", extend(
        "x-min" = "1h", "x-max" = "365d", "x-sane-min" = "1d", "x-sane-max" = "90d",
        "x-why" = "dependencies and toolchains move on meanwhile", "examples" = ["30d"]
    ))]
    pub max_age: Option<Duration>,
    /// Number of commits that may follow the content that the previous stage judged. Each of them is listed among the bounds
    /// of the decision. Default: 0, so the previous stage must have judged this very content.
    #[serde(default)]
    #[schemars(range(min = 0, max = 50), extend("x-sane-max" = 20, "x-why" = "many commits are another program", "examples" = [5]))]
    pub predecessor_commits: u32,
    /// Least age of the decision of the previous stage, during which it ran: a number with `s`, `m`, `h` or `d`. Default: 24
    /// hours at broad, none before. Less takes a `reason`.
    #[serde(default, with = "optional_period")]
    #[schemars(with = "Option<Period>", extend(
        "x-max" = "365d", "x-sane-max" = "30d", "x-why" = "what was decided so long ago runs with old dependencies",
        "examples" = ["3d"]
    ))]
    pub min_age: Option<Duration>,
    /// Whether warnings block, except those about a later stage. Default: true at controlled and broad, where `false` takes
    /// a `reason`.
    pub strict: Option<bool>,
    /// Why the stage requires less than by default. Every decision of the stage shows it.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["internal tool without users outside the team"]))]
    pub reason: Option<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl StagePolicy {
    /// How long the previous stage must have lasted where the policy does not say.
    pub fn usual_min_age(stage: Stage) -> Duration {
        Duration::from_secs(if stage == Stage::Broad { 24 * 60 * 60 } else { 0 })
    }
}

/// The rollout stages, earliest first. Pilot is required, and so is its scope.
#[cfg(feature = "schema")]
pub(super) fn stages(generator: &mut SchemaGenerator) -> Schema {
    let stage = generator.subschema_for::<StagePolicy>();
    json_schema!({
        "type": "object",
        "additionalProperties": false,
        "x-required": ["pilot"],
        "properties": {
            "pilot": {
                "description": "First use in one service or internal tool.",
                "x-missing": "add `[stage.pilot]` with `scope = \"one internal service\"`",
                "x-required": ["scope"],
                "allOf": [stage]
            },
            "controlled": { "description": "Limited production use under guardrails.", "allOf": [stage] },
            "broad": { "description": "Unlimited production use.", "allOf": [stage] }
        }
    })
}

/// Override for one check.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckPolicy {
    /// First stage at which findings of the check block; must be earlier than its default.
    #[schemars(extend("examples" = ["pilot"]))]
    pub blocks_at: Stage,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A check is moved to an earlier stage, never to a later one; a stage that asks for less says why.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for stage in [Stage::Controlled, Stage::Broad] {
        let Some(declared) = table(rules.file, &["stage", stage.name()]) else {
            continue;
        };
        let value = |key: &str| declared.get(key).map(|value| (value.get_ref(), value.span()));
        let lenient = value("strict").filter(|(strict, _)| strict.as_bool() == Some(false));
        let hasty = value("min-age").filter(|(age, _)| {
            let age = age.as_str().and_then(format::duration);
            age.is_some_and(|age| age < StagePolicy::usual_min_age(stage))
        });
        for (found, key) in [(lenient, "strict = false"), (hasty, "a shorter `min-age`")] {
            if let Some((_, span)) = found.filter(|_| !is_filled(declared, "reason")) {
                let message = format!("{key} at {stage} has no reason").replace("strict = false", "`strict = false`");
                let help = format!(
                    "add `reason = \"…\"` to `[stage.{stage}]`, which every decision shows, or remove the line"
                );
                problems.push(
                    Problem::new(span, message)
                        .rule(&rule::WEAKER_WITHOUT_REASON)
                        .help(help),
                );
            }
        }
    }
    for (id, value) in table(rules.file, &["checks"]).into_iter().flat_map(DeTable::iter) {
        let id: &str = id.get_ref();
        let declared = value.get_ref().as_table().and_then(|check| text(check, "blocks-at"));
        let (Some((stage, span)), Some(default)) = (declared, rules.known.blocks_at(id)) else {
            continue;
        };
        if stage.parse::<Stage>().is_ok_and(|stage| stage > default) {
            let message = format!(
                "`{}` blocks at {default} by default and cannot be moved to {stage}",
                shown(id)
            );
            let help = "remove the override; to permit a single finding, use `cargo gate govern waiver add`";
            let problem = Problem::new(span, message).rule(&rule::OVERRIDE_TO_LATER_STAGE);
            problems.push(problem.help(help));
        }
    }
    problems
}

/// Ages that have no effect, or the opposite of what was meant.
pub(super) fn oddities(rules: &Rules<'_>) -> Vec<Oddity> {
    let mut odd = Vec::new();
    let pilot = table(rules.file, &["stage", Stage::Pilot.name()]);
    for key in ["predecessor-commits", "max-age", "min-age"] {
        if let Some(value) = pilot.and_then(|pilot| pilot.get(key)) {
            odd.push(Oddity {
                message: format!("`{key}` has no effect at pilot, which has no stage before it"),
                help: "remove the line, or move it to `[stage.controlled]`".into(),
                span: value.span(),
            });
        }
    }
    let age = |stage: Stage| {
        let value = table(rules.file, &["stage", stage.name()])?.get("max-age")?;
        Some((format::duration(value.get_ref().as_str()?)?, value.span()))
    };
    if let (Some((controlled, _)), Some((broad, span))) = (age(Stage::Controlled), age(Stage::Broad))
        && broad > controlled
    {
        odd.push(Oddity {
            message: "broad accepts an older decision than controlled".into(),
            help: "write a `max-age` no longer than that of `[stage.controlled]`".into(),
            span,
        });
    }
    odd
}
