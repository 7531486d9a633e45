//! Signatures that `ssh-keygen` made, and what is made of others.

use proptest::prelude::*;

use super::*;
use crate::{Signatures, Waiver, waiver, waiver_text};
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
        signature: signature.map(|signature| Signatures::One(signature.to_owned())),
        ..waiver.clone()
    };
    waiver::authority(&waiver, &Approvers::new(vec![KEY.to_owned()], 1))
}

/// What signatures of a waiver come to where so many of these keys must sign.
fn of_several(signatures: &[&str], keys: &[&str], approvals: u32) -> Authority {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let waiver = Waiver {
        signature: Some(Signatures::Many(owned(signatures))),
        ..waiver()
    };
    waiver::authority(&waiver, &Approvers::new(owned(keys), approvals))
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
    assert_eq!(waiver::authority(&waiver(), &Approvers::default()), Authority::NotAsked);
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

/// The key of [`BY_ANOTHER`].
const ANOTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA4bbMErir5nK6PdiSBCNaE6p7g7YwSARPsbbRqtUcBZ bob@example.com";

#[test]
fn several_approvals_are_by_several_keys() {
    let both = [KEY, ANOTHER];
    let signed = Authority::Signed("alice@example.com, bob@example.com".into());
    assert_eq!(of_several(&[SIGNED, BY_ANOTHER], &both, 2), signed);
    // Two blocks in one text are two signatures.
    let blocks = format!("{}\n{}", armored(SIGNED).unwrap(), armored(BY_ANOTHER).unwrap());
    assert_eq!(of_several(&[&blocks], &both, 2), signed);

    let one = Authority::TooFew("1 of 2 approvals, by alice@example.com".into());
    assert_eq!(of_several(&[SIGNED], &both, 2), one);
    assert_eq!(of_several(&[SIGNED, SIGNED], &both, 2), one, "the same key twice");
    let twice = format!("{KEY} once more");
    assert_eq!(of_several(&[SIGNED, SIGNED], &[KEY, &twice], 2), one, "under two names");
    assert!(!one.counts());

    // A key that is not declared is named, does not count, and takes nothing away.
    let alone = of_several(&[SIGNED, BY_ANOTHER], &[KEY], 1);
    assert!(
        matches!(&alone, Authority::Signed(by) if by.starts_with("alice@example.com; the key SHA256:")),
        "{alone:?}"
    );
    let foreign = of_several(&[SIGNED, BY_ANOTHER], &[KEY], 2);
    assert!(
        matches!(&foreign, Authority::TooFew(by) if by.ends_with("is not declared and does not count")),
        "{foreign:?}"
    );
    assert_eq!(
        of_several(&[BY_ANOTHER], &[KEY], 1),
        Authority::Refused("was made with a key that `[waivers]` does not list".into())
    );
}

#[test]
fn one_block_that_proves_nothing_is_enough_to_refuse_all() {
    let refused = of_several(&[SIGNED, BY_ANOTHER, FOR_FILES], &[KEY, ANOTHER], 2);
    let reason = "has 3 blocks, of which number 3 was made for `file`, not for `cargo-gate`";
    assert_eq!(refused, Authority::Refused(reason.into()));
    let block = armored(SIGNED).unwrap();
    for between in [
        format!("{block}x{block}"),
        format!("{block}{SIGNED}"),
        format!("{block}{BEGIN}"),
    ] {
        assert_eq!(blocks(&between), Err(MALFORMED.to_owned()), "{between}");
    }
    assert_eq!(blocks(&format!("{block}\r\n{block}")).unwrap().len(), 2);
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
        let approvers = Approvers::new(vec![KEY.to_owned()], 1);
        prop_assert!(approvers.judge("text", "text", [text.as_str()]).is_err());
        let _ = blocks(&text);
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
