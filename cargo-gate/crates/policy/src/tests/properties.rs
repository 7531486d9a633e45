//! Whatever a policy says, reading it ends in a policy or in errors with places.

use proptest::prelude::*;

use super::*;

/// Lines that are likely to meet a rule, in any order and any number.
fn lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("version = 1".to_owned()),
        Just("stage.pilot.scope = \"x\"".to_owned()),
        Just("[stage.pilot]".to_owned()),
        Just("[[suite.test]]".to_owned()),
        Just("[[waiver]]".to_owned()),
        Just("[[exclusion]]".to_owned()),
        Just("[checks.\"boundary.raw\"]".to_owned()),
        Just("[profile.release]".to_owned()),
        "(name|command|expires|owner|max-age|min-tests|packages|panic|inputs|blocks-at|lto) = (1|-1|1\\.5|true|\"[a-z|/0-9]{0,6}\"|\\[\\]|\\[\"a\", 1\\]|\\{a=1\\}|2030-01-01|\"[0-9]{1,3}[smhd]\")",
        ".{0,12}",
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        if let Err(errors) = validate("gate.toml", &text, &catalogue()) {
            prop_assert!(!errors.problems().is_empty());
            errors.render(true);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(errors) = validate("gate.toml", &text, &catalogue()) {
            errors.render(false);
        }
    }

    /// Everything that the walk accepts has its types: the schema and the types cannot disagree.
    #[test]
    fn what_validates_converts(text in lines()) {
        match validate("gate.toml", &text, &catalogue()) {
            Ok(policy) => prop_assert!(policy.stages.contains_key(&Stage::Pilot)),
            Err(errors) => {
                prop_assert!(!errors.render(false).contains("not understood"), "{}", errors.render(false));
                prop_assert!(!errors.render(false).contains("invalid type"), "{}", errors.render(false));
                prop_assert!(!errors.render(false).contains("did not match any variant"), "{}", errors.render(false));
            }
        }
    }

    /// Values survive being written and read.
    #[test]
    fn waivers_round_trip(owner in "\\PC{0,20}[a-z]", reason in "(?s).{0,40}[a-z]", contains in "[a-z\"'\\\\ ]{0,10}x", day in 1i8..=28) {
        let waiver = NewWaiver {
            check: "boundary.raw".into(),
            path: None,
            package: None,
            contains: Some(contains.clone()),
            owner: owner.clone(),
            reason: reason.clone(),
            expires: jiff::civil::date(2030, 2, day),
        };
        let text = format!("{SMALL}{}", waiver_toml(&waiver));
        let policy = validate("gate.toml", &text, &catalogue());
        prop_assert!(policy.is_ok(), "{}", policy.unwrap_err().render(false));
        let read = policy.unwrap().waivers.remove(0);
        prop_assert_eq!(read.contains, Some(contains));
        prop_assert_eq!(read.owner, owner);
        prop_assert_eq!(read.reason.replace("\r\n", "\n"), reason.replace("\r\n", "\n"));
        prop_assert_eq!(read.expires, waiver.expires);
    }
}
