//! `status`: the outcome of every check that depends on the content alone, at each stage.

use std::fmt::Write as _;

use gate_base::stage::Stage;

use super::{Facts, cell};

pub(super) fn generate(facts: &Facts<'_>) -> String {
    let mut text =
        String::from("| check | requirement | pilot | controlled | broad |\n| --- | --- | --- | --- | --- |\n");
    for check in facts.checks.iter().filter(|check| check.lasting) {
        let _ = write!(text, "| `{}` | {} |", check.id, cell(check.summary));
        let report = facts.outcomes.iter().find(|report| report.id == check.id);
        for stage in Stage::ALL {
            let outcome = report.map_or("does not apply", |report| report.outcome_at(stage).words());
            let _ = write!(text, " {outcome} |");
        }
        text.push('\n');
    }
    let momentary: Vec<String> = facts
        .checks
        .iter()
        .filter(|check| !check.lasting)
        .map(|check| format!("`{}`", check.id))
        .collect();
    let _ = write!(
        text,
        "\nJudged in each run because they depend on more than the content: {}",
        momentary.join(", ")
    );
    for suite in &facts.policy.suites {
        let _ = write!(text, ", `{}`", gate_suites::check_id(suite));
    }
    if facts.policy.suites.is_empty() {
        let _ = write!(text, ", `{}`", gate_suites::DEFAULT_ID);
    }
    text.push_str(".\n");
    text
}
