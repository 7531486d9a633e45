//! A badge for a README, in the endpoint format of Shields: <https://shields.io/badges/endpoint-badge>.

use serde::Serialize;

use crate::Decision;
use gate_base::stage::Stage;

/// What stands on the left of the badge.
const LABEL: &str = "cargo gate";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Badge {
    schema_version: u32,
    label: &'static str,
    message: String,
    color: &'static str,
}

/// The badge of a decision as indented JSON with a line end after it. `None` stands for a decision that does not
/// verify.
pub fn render(decided: Option<(Stage, Decision)>) -> String {
    let (message, color) = match decided {
        Some((stage, Decision::Ready)) => (format!("{stage} ready"), "brightgreen"),
        Some((stage, Decision::ReadyWithBoundedScope)) => (format!("{stage} ready, bounded scope"), "yellowgreen"),
        Some((stage, Decision::NotReady)) => (format!("{stage} not ready"), "red"),
        None => ("not verified".to_owned(), "lightgrey"),
    };
    let badge = Badge {
        schema_version: 1,
        label: LABEL,
        message,
        color,
    };
    let mut out = serde_json::to_string_pretty(&badge).expect("a badge is plain JSON");
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decision_has_a_badge() {
        let all = [
            Some((Stage::Pilot, Decision::Ready)),
            Some((Stage::Controlled, Decision::ReadyWithBoundedScope)),
            Some((Stage::Broad, Decision::NotReady)),
            None,
        ];
        insta::assert_snapshot!(all.map(render).concat(), @r#"
        {
          "schemaVersion": 1,
          "label": "cargo gate",
          "message": "pilot ready",
          "color": "brightgreen"
        }
        {
          "schemaVersion": 1,
          "label": "cargo gate",
          "message": "controlled ready, bounded scope",
          "color": "yellowgreen"
        }
        {
          "schemaVersion": 1,
          "label": "cargo gate",
          "message": "broad not ready",
          "color": "red"
        }
        {
          "schemaVersion": 1,
          "label": "cargo gate",
          "message": "not verified",
          "color": "lightgrey"
        }
        "#);
    }
}
