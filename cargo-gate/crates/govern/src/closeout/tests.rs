use super::*;
use gate_policy::register::parse;
use gate_report::Location;
use gate_report::render::samples;

fn register() -> Register {
    let text = "version = 1\n[[item]]\nid = \"BUG-1\"\ntitle = \"slow start\"\nseverity = \"low\"\nstatus = \"open\"\n\
                opened = 2026-01-02\n[[item]]\nid = \"BUG-2\"\ntitle = \"done\"\nseverity = \"low\"\nstatus = \
                \"closed\"\nopened = 2026-01-02\nclosed = 2026-01-03\n";
    Register {
        path: "register.toml".into(),
        items: parse("register.toml", text).expect("a register"),
        require_acceptance: false,
        location: Location::line("gate.toml", 3),
    }
}

#[test]
fn a_ready_run_is_closed_out() {
    let closeout = Closeout::of(&samples::ready(), None, Next::default());
    assert!(closeout.ready && closeout.next.is_none());
    insta::assert_snapshot!("ready", human(&closeout));
}

#[test]
fn a_refused_run_says_who_goes_on() {
    let (name, report) = samples::all()
        .into_iter()
        .filter(|(_, report)| !report.decision.is_ready())
        .max_by_key(|(_, report)| report.checks.len())
        .expect("a refused sample");
    let closeout = Closeout::of(&report, Some(&register()), Next::default());
    let missing = &closeout.missing;
    for lacking in ["an owner of the issue", "--owner", "--target-date"] {
        assert!(missing.iter().any(|text| text.contains(lacking)), "{name}: {missing:?}");
    }
    let next = Next {
        action: None,
        owner: Some("storage".into()),
        target: Some(jiff::civil::date(2026, 7, 1)),
    };
    let closeout = Closeout::of(&report, Some(&register()), next);
    assert!(!closeout.residual.iter().any(|residual| residual.what.contains("BUG-2")));
    insta::assert_snapshot!("refused", markdown(&closeout));
}
