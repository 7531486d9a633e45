//! Registers as people write them, wrong and right.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::item::Severity;

fn errors(text: &str) -> String {
    match parse("register.toml", text) {
        Ok(items) => panic!("accepted: {items:?}"),
        Err(errors) => errors.render(false),
    }
}

const GOOD: &str = r#"
version = 1

[[item]]
id = "BUG-1"
title = "loses writes"
severity = "critical"
status = "deferred"
owner = "storage"
opened = 2026-01-02
until = "2026-09-01"
reason = "needs the new storage"
closure = "move to it"

[[item]]
id = "RISK-1"
title = "the driver changes"
kind = "risk"
impact = "high"
probability = "low"
mitigation = "pin it"
fallback = "run on the CPU"
review = 2026-12-01
status = "open"
owner = "gpu"
opened = 2026-01-02
tracked-by = "BUG-1"
"#;

#[test]
fn a_register_is_read() {
    let items = parse("register.toml", GOOD).unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0].until, Some(jiff::civil::date(2026, 9, 1)));
    assert_eq!(items[1].severity, Severity::High);
    assert_eq!(items[1].location.line, Some(15));
}

#[test]
fn impossible_days_are_errors_with_their_place() {
    assert_snapshot!(errors(
        &GOOD
            .replace("2026-09-01", "2026-02-30")
            .replace("2026-12-01", "2025-02-29")
    ));
    assert_snapshot!(errors(&GOOD.replace("2026-09-01", "2025-12-31")));
    assert_snapshot!(errors(
        &GOOD.replace("status = \"open\"", "status = \"open\"\nclosed = 2026-03-04")
    ));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        let _ = parse("register.toml", &text);
    }

    #[test]
    fn any_edit_of_a_good_one_is_read_or_refused(at in 0..GOOD.len(), with in "\\PC{0,6}") {
        let mut text = GOOD.to_owned();
        if text.is_char_boundary(at) {
            text.insert_str(at, &with);
            if let Err(errors) = parse("register.toml", &text) {
                prop_assert!(!errors.render(false).is_empty());
            }
        }
    }
}
