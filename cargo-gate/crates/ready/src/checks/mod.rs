//! The seven checks, in their fixed order.

mod card;
mod config;
mod contamination;
mod contract;
mod croissant;
mod hash_chain;
mod metrics;
mod mlflow;
mod pointers;
mod privacy;
mod regression;
mod reproducibility;
mod search;
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};

use gate_base::error::Result;
use serde_json::{Map, Value};

use crate::report::CheckReport;
use crate::run::Run;
use crate::verdict::Verdict;

pub(crate) use contamination::part;
pub(crate) use search::masked;

/// A check of a run; an error is one of the tool, and no verdict.
type Check = fn(&Run<'_>) -> Result<Verdict>;

const CHECKS: [(&str, Check); 7] = [
    ("contract_integrity", contract::check),
    ("hash_chain", hash_chain::check),
    ("privacy_safety", privacy::check),
    ("contamination_risk", contamination::check),
    ("regression_risk", regression::check),
    ("config_sanity", config::check),
    ("reproducibility", reproducibility::check),
];

/// Carries out all checks. One that cannot be carried out says so, and takes no other with it.
pub(crate) fn all(run: &Run<'_>) -> Vec<CheckReport> {
    CHECKS
        .iter()
        .map(|(name, check)| carry_out(name, || check(run)))
        .collect()
}

fn carry_out(name: &str, check: impl FnOnce() -> Result<Verdict>) -> CheckReport {
    let verdict = match catch_unwind(AssertUnwindSafe(check)) {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(error)) => Verdict::error(error.message),
        Err(panic) => {
            let message = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned());
            Verdict::error(format!("the check panicked: {message}"))
        }
    };
    CheckReport {
        name: name.to_owned(),
        status: verdict.status,
        message: masked(&verdict.message),
        details: without_secrets(verdict.details),
    }
}

/// Details name files, keys and values of the run, any of which may hold a secret.
fn without_secrets(details: Map<String, Value>) -> Map<String, Value> {
    details
        .into_iter()
        .map(|(key, value)| (masked(&key), quiet(value)))
        .collect()
}

fn quiet(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(quiet).collect()),
        Value::Object(object) => Value::Object(without_secrets(object)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use gate_base::error::Error;

    use super::*;
    use crate::report::{Report, Status};

    #[test]
    fn a_check_that_breaks_has_judged_nothing_and_takes_no_other_with_it() {
        let checks = vec![
            carry_out("contract_integrity", || Ok(Verdict::fail("it is wrong"))),
            carry_out("hash_chain", || Err(Error::tool("cannot read `x`"))),
            carry_out("privacy_safety", || panic!("index out of bounds")),
            carry_out("contamination_risk", || Ok(Verdict::pass("fine"))),
        ];
        let told: Vec<_> = checks
            .iter()
            .map(|check| (check.status, check.message.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (Status::Fail, "it is wrong"),
                (Status::Error, "cannot read `x`"),
                (Status::Error, "the check panicked: index out of bounds"),
                (Status::Pass, "fine"),
            ]
        );
        let report = Report::new("r".into(), "hashed-run", checks);
        assert_eq!(report.exit_code(false), gate_base::exit::TOOL_FAILED);
        assert!(report.human(false).contains("Status: ERROR\n   cannot read `x`"));
    }

    #[test]
    fn nothing_that_a_check_says_holds_a_secret() {
        let card = ["4111", "1111", "1111", "1111"].concat();
        let said = Verdict::fail(format!("the decision is {card}"))
            .with("keys", serde_json::json!({card.clone(): [card.clone()]}));
        let report = carry_out("contract_integrity", || Ok(said));
        let text = serde_json::to_string(&report).expect("JSON");
        assert!(!text.contains(&card), "{text}");
    }
}
