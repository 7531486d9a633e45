use super::super::faults::FaultKind;
use super::*;
use crate::{Catalogue, validate};

const SUITE: &str = r#"
[[suite.drill]]
name = "store"
start = ["store", "{port}", "{directory}"]
load = ["load", "{port}", "{until}"]
read = ["dump", "{port}"]
"#;

const KILL: &str = "[[suite.drill.fault]]\nname = \"killed\"\nkind = \"kill\"\n";

fn read(suite: &str, more: &str) -> Result<DrillPolicy, Vec<String>> {
    let text = format!("version = 1\n[stage.pilot]\nscope = \"x\"\n{suite}{more}");
    match validate("gate.toml", &text, &Catalogue::default()) {
        Ok(policy) => Ok(*policy.suites[0].drill.clone().unwrap()),
        Err(errors) => Err(errors
            .problems()
            .iter()
            .map(|problem| problem.message.clone())
            .collect()),
    }
}

#[test]
fn what_is_declared_is_what_is_run() {
    let policy = read(SUITE, KILL).unwrap();
    assert_eq!(policy.model, Model::Set);
    assert_eq!((policy.operations, policy.within_ms, policy.repeats), (20, 1000, 3));
    assert_eq!(policy.faults[0].kind, FaultKind::Kill);
    assert_eq!(policy.faults[0].recovery, Duration::from_secs(10));
}

#[test]
fn what_could_never_be_seen_is_refused() {
    let refused = |more: &str| read(SUITE, more).unwrap_err().join("\n");
    let fault = |keys: &str| format!("[[suite.drill.fault]]\nname = \"f\"\n{keys}\n");
    insta::assert_snapshot!(refused(""), @"suite `store` breaks nothing");
    insta::assert_snapshot!(
        refused(&fault("kind = \"delay\"\nlatency-ms = 1000")),
        @"the fault could never be seen: 1000 ms is not longer than an operation of steady state may take, 1000 ms"
    );
    insta::assert_snapshot!(refused(&fault("kind = \"delay\"")), @"the fault `delay` has no `latency-ms`");
    insta::assert_snapshot!(
        refused(&fault("kind = \"kill\"\nevery = 3")),
        @"`every` is about `corrupt`, and the fault is `kill`"
    );
    insta::assert_snapshot!(
        refused(&fault("kind = \"back-pressure\"")),
        @"the fault `back-pressure` has no `bytes-per-second`"
    );
    insta::assert_snapshot!(refused(&fault("kind = \"verification-delay\"")), @r"
    the fault `verification-delay` needs a command that prints what was verified
    the fault `verification-delay` needs a command that verifies
    ");
    let register = "model = \"register\"\nverify = [\"verify\"]\nverified = [\"verified\"]\n";
    insta::assert_snapshot!(
        refused(&format!("{register}{}", fault("kind = \"verification-delay\""))),
        @"the fault `verification-delay` needs the model `set`: of a register, the last value alone can be verified"
    );
    insta::assert_snapshot!(refused(&fault("kind = \"kill\"\nserves = true")), @"the only instance cannot serve while it is broken");
    insta::assert_snapshot!(refused(&fault("kind = \"kill\"\ninstance = 2")), @"there is no instance 2: the suite has 1");
    insta::assert_snapshot!(
        refused(&format!("{KILL}[[suite.drill.guarantee]]\nname = \"g\"\ntext = \"t\"\nfaults = [\"cut\"]\n")),
        @"no fault has the name `cut`"
    );
    let without = SUITE.replace(", \"{until}\"", "");
    insta::assert_snapshot!(read(&without, KILL).unwrap_err().join("\n"), @"the load is not told when to end");
    let unknown = SUITE.replace("\"dump\", \"{port}\"", "\"dump\", \"{host}\"");
    insta::assert_snapshot!(read(&unknown, KILL).unwrap_err().join("\n"), @"`{host}` is not filled in `read`");
    let several = SUITE.replace("name = \"store\"", "name = \"store\"\ninstances = 2");
    insta::assert_snapshot!(
        read(&several, KILL).unwrap_err().join("\n"),
        @"several instances need a command that says whether one of them answers"
    );
}
