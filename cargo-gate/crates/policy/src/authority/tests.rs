//! Signatures that `ssh-keygen` made, and what is made of others.

use proptest::prelude::*;

use super::*;
use crate::{Waiver, waiver, waiver_text};
use gate_report::Location;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+cpltgNZ0hNdu5kaVvkl7gbE1+Mm+4huEjsqKpY9Kc alice@example.com";
/// By [`KEY`], over the text of [`waiver`].
const SIGNED: &str = "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg75ymW2A1nSE127mRpW+SXuBsTX4yb7iG4SOyoqlj0pwAAAAKY2FyZ28t\
    Z2F0ZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAtkrs1hPry52bcD2WMDl2g9ViYyAisBUdChdjIsRISEc9Y\
    GFIHNkBuE/8FIArPoNR3kwdP6Z913pK3xkHRJgMJ";
/// The same for the namespace `file`.
const FOR_FILES: &str = "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg75ymW2A1nSE127mRpW+SXuBsTX4yb7iG4SOyoqlj0pwAAAAEZmlsZQAA\
    AAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEDVEBlAC7MfMqUIzoVaQwTNjX2267DT+uoOdRuAAk6NLuZgVCJL2pRP\
    ndiQIeaGZycimuKhDNHTJoyZ91+tBpcA";
/// The same by another key.
const BY_ANOTHER: &str = "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgDhtswSuKvmcro92JIEI1oTqnuDtjBIBE+xttGq1RwFkAAAAKY2FyZ28t\
    Z2F0ZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBIXu4qYeR/inbMaFi1dEaI3K0CEDJMyPoEbIxYdAfvDXF5\
    gznNtnOJDASsQm48GKgbAqwiEIMhe2Pf6a3fN38F";

fn waiver() -> Waiver {
    Waiver {
        check: "boundary.raw".into(),
        path: Some("src/ffi/**".into()),
        package: None,
        contains: None,
        owner: "platform-team".into(),
        reason: "a \"quoted\" reason".into(),
        expires: jiff::civil::date(2030, 1, 31),
        signature: None,
        authority: Authority::NotAsked,
        can_cover: true,
        location: Location::line("gate.toml", 1),
    }
}

fn authority(waiver: &Waiver, signature: Option<&str>) -> Authority {
    let waiver = Waiver {
        signature: signature.map(str::to_owned),
        ..waiver.clone()
    };
    waiver::authority(&waiver, &[KEY.to_owned()])
}

#[test]
fn the_text_is_everything_that_a_waiver_says() {
    insta::assert_snapshot!(waiver_text(&waiver()), @r#"
    cargo-gate waiver 1
    check = "boundary.raw"
    path = "src/ffi/**"
    owner = "platform-team"
    reason = "a \"quoted\" reason"
    expires = 2030-01-31
    "#);
}

#[test]
fn a_signature_by_a_named_key_counts() {
    let signed = Authority::Signed("alice@example.com".into());
    assert_eq!(authority(&waiver(), Some(SIGNED)), signed);
    let wrapped: Vec<String> = SIGNED
        .as_bytes()
        .chunks(70)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let armored = format!("{BEGIN}\r\n{}\r\n{END}\r\n", wrapped.join("\r\n"));
    assert_eq!(authority(&waiver(), Some(&armored)), signed);
    assert_eq!(one_line(&armored).unwrap(), SIGNED);
    assert_eq!(waiver::authority(&waiver(), &[]), Authority::NotAsked);
}

#[test]
fn nothing_else_does() {
    assert_eq!(authority(&waiver(), None), Authority::Unsigned);
    let refused = |waiver: &Waiver, signature: &str| match authority(waiver, Some(signature)) {
        Authority::Refused(reason) => reason,
        other => panic!("{other:?}"),
    };
    let longer = Waiver {
        expires: jiff::civil::date(2031, 1, 31),
        ..waiver()
    };
    assert_eq!(
        refused(&longer, SIGNED),
        "does not match the waiver, which was changed after it was signed"
    );
    assert_eq!(
        refused(&waiver(), FOR_FILES),
        "was made for `file`, not for `cargo-gate`"
    );
    assert_eq!(
        refused(&waiver(), BY_ANOTHER),
        "was made with a key that `[waivers]` does not list"
    );
    for malformed in [
        "",
        "AAAA",
        "!",
        BEGIN,
        "U1NIU0lH",
        &SIGNED[..200],
        &format!("{SIGNED}AAAA"),
    ] {
        assert_eq!(
            refused(&waiver(), malformed),
            "is not in the format of `ssh-keygen -Y sign`",
            "{malformed}"
        );
    }
}

#[test]
fn keys_are_lines_of_a_public_key_file() {
    assert!(public_key(KEY).is_ok());
    assert_eq!(name("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO"), "…I1NTE5AAAAIO");
    for wrong in [
        "",
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "ssh-rsa AAAA",
        "AAAAC3NzaC1lZDI1NTE5",
    ] {
        assert!(public_key(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_taken_apart(text in "(?s).{0,300}") {
        prop_assert!(verified("text", &text, &[KEY.to_owned()]).is_err());
        let _ = public_key(&text);
    }

    #[test]
    fn no_changed_byte_counts(at in 0..SIGNED.len(), with in "[A-Za-z0-9+/]") {
        let mut text = SIGNED.to_owned();
        text.replace_range(at..=at, &with);
        if text != SIGNED {
            prop_assert!(!authority(&waiver(), Some(&text)).counts());
        }
    }
}
