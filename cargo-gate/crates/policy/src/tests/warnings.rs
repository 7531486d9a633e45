//! Values that are possible: rarely meant, or the end of a safeguard.

use insta::assert_snapshot;

use super::{SMALL, parse};

#[test]
fn odd_values_warn_with_their_place() {
    let policy = parse(&format!(
        "{SMALL}stage.pilot.max-age = \"1d\"\nstage.controlled.max-age = \"2h\"\nstage.broad.max-age = \"200d\"\n\
         profile.release.codegen-units = 1000\n\
         suite.test = [{{ name = \"a\", command = \"a\", timeout = \"3s\", min-tests = 0, required = false }}]\n"
    ));
    let shown: Vec<String> = policy
        .sanity
        .iter()
        .map(|odd| format!("{}: {} ({})", odd.location.line.unwrap(), odd.message, odd.help))
        .collect();
    assert_snapshot!("odd_values", shown.join("\n"));
}

#[test]
fn what_turns_a_safeguard_off_is_a_danger() {
    let policy = parse(
        "version = 1\nstage.pilot.scope = \"x\"\n[[suite.test]]\nname = \"prod-smoke\"\ncommand = \"a\"\nrequired = \
         false\n[[waiver]]\ncheck = \"boundary.raw\"\npath = \"**/*\"\nowner = \"a\"\nreason = \"b\"\nexpires = \
         2030-01-31\n",
    );
    let said: Vec<String> = policy
        .dangers
        .iter()
        .map(|danger| format!("{}: {}", danger.location.line.unwrap_or(0), danger.message))
        .collect();
    assert_eq!(
        said,
        [
            "6: suite `prod-smoke` covers production but is not required",
            "9: the waiver covers every path: `**/*`"
        ]
    );
}
