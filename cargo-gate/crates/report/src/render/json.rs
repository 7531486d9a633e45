//! The report as one JSON document, the format for programs. Its schema is [`crate::schema`].

use crate::Report;

/// The report as indented JSON with a line end after it. Fields stand in the order of the model, so that equal reports
/// are equal byte by byte.
pub fn render(report: &Report) -> String {
    let mut out = serde_json::to_string_pretty(report).expect("the report has only text keys and no fallible parts");
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn reports_round_trip() {
        for (name, report) in samples::all() {
            let text = render(&report);
            assert_eq!(serde_json::from_str::<Report>(&text).expect(name), report, "{name}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let text = render(&samples::ready()).replacen('{', "{\"added_later\": [1],", 1);
        assert_eq!(
            serde_json::from_str::<Report>(&text).expect("a reader ignores what it does not know"),
            samples::ready()
        );
    }

    #[test]
    fn json_of_a_bounded_report() {
        insta::assert_snapshot!("bounded", render(&samples::bounded()));
    }
}
