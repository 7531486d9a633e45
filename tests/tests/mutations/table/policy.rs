//! `gate.toml`: values that cannot be read, values that no result can miss, and thresholds that are missed.

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};

const POLICY: &str = "gate.toml";

/// A policy that is refused when it is read.
fn refused(what: &str, stage: &'static str, from: &'static str, to: &'static str) -> Row {
    row(what, stage, "", move |gate| gate.replace(POLICY, from, to)).ends(2)
}

/// A policy that has this as well.
fn appended(what: &str, stage: &'static str, text: &'static str) -> Row {
    row(what, stage, "", move |gate| gate.append(POLICY, &format!("\n{text}"))).ends(2)
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = refusals();
    rows.extend(objections());
    rows
}

fn refusals() -> Vec<Row> {
    let bench = "max-ratio = 1.1";
    let slo = "target-percent = 99.0";
    vec![
        refused("accept a benchmark of fifty times", PILOT, bench, "max-ratio = 50"),
        refused(
            "tolerate the noise of a benchmark",
            PILOT,
            "rounds = 1",
            "rounds = 1\nmax-mad = 0.1",
        ),
        refused("ask for a negative ratio", CONTROLLED, bench, "max-ratio = -1"),
        refused("ask for a ratio that is no number", BROAD, bench, "max-ratio = nan"),
        refused("ask for an infinite ratio", BROAD, bench, "max-ratio = inf"),
        refused("ask for a ratio in words", PILOT, bench, "max-ratio = \"1.1\""),
        refused("ask for no round", PILOT, "rounds = 1", "rounds = 0"),
        refused("promise ten percent", PILOT, slo, "target-percent = 10"),
        refused("promise more than everything", PILOT, slo, "target-percent = 101"),
        refused("promise nothing", CONTROLLED, slo, ""),
        refused("promise all of it", PILOT, slo, "target-percent = 100"),
        refused("allow any gap", PILOT, "min-history = \"1d\"", "max-gap = \"28d\""),
        refused(
            "allow a service to be down",
            BROAD,
            "min-history = \"1d\"",
            "max-idle = \"28d\"",
        ),
        refused("fail with no probability", PILOT, "min-history = \"1d\"", "alpha = 0"),
        refused(
            "keep a key of an earlier version",
            PILOT,
            "min-history = \"1d\"",
            "min-windows = 2",
        ),
        refused("ask for no test", PILOT, "min-tests = 2", "min-tests = 0"),
        refused("ask for less than no test", PILOT, "min-tests = 2", "min-tests = -1"),
        refused("ask for half a test", PILOT, "min-tests = 2", "min-tests = 1.5"),
        refused("spell a key wrong", PILOT, "min-tests = 2", "min-test = 2"),
        refused("spell a section wrong", BROAD, "[paths]", "[path]"),
        refused("spell a stage wrong", PILOT, "[stage.broad]", "[stage.wide]"),
        refused(
            "name another version of the format",
            PILOT,
            "version = 1",
            "version = 2",
        ),
        refused("name no version of the format", PILOT, "version = 1\n", ""),
        refused(
            "scope a stage to nothing",
            PILOT,
            "scope = \"one internal service\"",
            "scope = \"\"",
        ),
        refused(
            "run no command",
            PILOT,
            "command = [\"sh\", \"runner.sh\"]",
            "command = []",
        ),
        refused(
            "run a command without a name",
            PILOT,
            "command = [\"sh\", \"runner.sh\"]",
            "command = [\"\"]",
        ),
        refused(
            "read an unknown format",
            PILOT,
            "format = \"exit-code\"",
            "format = \"none\"",
        ),
        refused("name a suite twice", PILOT, "name = \"script\"", "name = \"runner\""),
        refused(
            "leave the workspace with the inputs",
            PILOT,
            "inputs = [\"runner.sh\"]",
            "inputs = [\"../**\"]",
        ),
        refused(
            "leave the workspace with a suite",
            PILOT,
            "inputs = [\"runner.sh\"]",
            "directory = \"../..\"",
        ),
        refused(
            "limit a suite to no time",
            PILOT,
            "inputs = [\"runner.sh\"]",
            "timeout = \"0s\"",
        ),
        refused("use an unknown tool", PILOT, "tool = \"rustfmt\"", "tool = \"none\""),
        refused("name an unknown tier", PILOT, "tier = \"native\"", "tier = \"wild\""),
        refused(
            "waive an unknown check",
            PILOT,
            "check = \"boundary.raw\"",
            "check = \"boundary.none\"",
        ),
        appended("declare a section twice", PILOT, "[paths]\n"),
        appended("declare a stage twice", PILOT, "[stage.pilot]\nscope = \"all\"\n"),
        appended("break the policy", PILOT, "[[[\n"),
        appended(
            "waive everything",
            PILOT,
            "[[waiver]]\ncheck = \"*\"\nowner = \"a\"\nreason = \"b\"\nexpires = 2099-01-01\n",
        ),
        appended(
            "waive without an end",
            PILOT,
            "[[waiver]]\ncheck = \"git.clean\"\nowner = \"a\"\nreason = \"b\"\n",
        ),
        appended(
            "waive without an owner",
            CONTROLLED,
            "[[waiver]]\ncheck = \"git.clean\"\nreason = \"b\"\nexpires = 2099-01-01\n",
        ),
        appended(
            "waive without a reason",
            BROAD,
            "[[waiver]]\ncheck = \"git.clean\"\nowner = \"a\"\nexpires = 2099-01-01\n",
        ),
        appended(
            "waive on a day that does not exist",
            PILOT,
            "[[waiver]]\ncheck = \"git.clean\"\nowner = \"a\"\nreason = \"b\"\nexpires = 2026-02-30\n",
        ),
        appended("ask for the past of no run", PILOT, "[[history]]\nruns = 0\n"),
        row("empty the policy", PILOT, "", |gate| gate.write(POLICY, "")).ends(2),
        row("write a policy that is no text", PILOT, "", |gate| {
            gate.write(POLICY, b"version = 1\n\xff\xfe");
        })
        .ends(2),
        row("put a directory in the place of the policy", PILOT, "", |gate| {
            gate.remove(POLICY);
            gate.write("gate.toml/x", "");
        })
        .ends(2),
    ]
}

fn objections() -> Vec<Row> {
    let policy = |what: &str, stage, check, from: &'static str, to: &'static str| {
        row(what, stage, check, move |gate| gate.replace(POLICY, from, to))
    };
    vec![
        policy(
            "name the exception of a package that is not there",
            BROAD,
            "profile.tier",
            "package = \"native\"\ntier",
            "package = \"none\"\ntier",
        ),
        policy(
            "ask for more tests than there are",
            PILOT,
            "suite.test.logic",
            "min-tests = 2",
            "min-tests = 3",
        ),
        policy(
            "allow a test no time",
            PILOT,
            "suite.test.script",
            "format = \"exit-code\"",
            "format = \"exit-code\"\ntimeout = \"1s\"",
        )
        .then(|gate| gate.write("script.sh", "exec sleep 30\n")),
        policy(
            "need a program that is not there",
            PILOT,
            "suite.test.runner",
            "inputs = [\"runner.sh\"]",
            "requires = [\"program:no-such\"]",
        ),
        policy(
            "need a variable that is not set",
            PILOT,
            "suite.test.runner",
            "inputs = [\"runner.sh\"]",
            "requires = [\"env:NO_SUCH\"]",
        ),
        policy(
            "need another system",
            PILOT,
            "suite.test.runner",
            "inputs = [\"runner.sh\"]",
            "requires = [\"os:windows\"]",
        ),
        policy(
            "run a program that is not there",
            PILOT,
            "suite.test.runner",
            "[\"sh\", \"runner.sh\"]",
            "[\"no-such-program\"]",
        ),
        policy(
            "run in a directory that is not there",
            PILOT,
            "suite.test.runner",
            "inputs = [\"runner.sh\"]",
            "directory = \"nowhere\"",
        ),
        policy(
            "read libtest where a program prints none",
            PILOT,
            "suite.test.script",
            "format = \"exit-code\"",
            "format = \"libtest\"",
        ),
        policy(
            "read nextest where libtest prints",
            PILOT,
            "suite.test.runner",
            "inputs = [\"runner.sh\"]",
            "inputs = [\"runner.sh\"]\nformat = \"nextest\"",
        ),
        policy(
            "ask for a longer history than there is",
            PILOT,
            "suite.slo.service",
            "min-history = \"1d\"",
            "min-history = \"10d\"",
        ),
        policy(
            "declare a tenant that is not measured",
            PILOT,
            "suite.slo.service",
            "min-history = \"1d\"",
            "min-history = \"1d\"\ntenants = [\"acme\"]",
        ),
        policy(
            "promise it of another workload",
            PILOT,
            "suite.slo.service",
            "target-percent = 99.0",
            "target-percent = 99.0\nworkload = \"api\"",
        ),
        policy(
            "promise more than was kept",
            PILOT,
            "suite.slo.service",
            "target-percent = 99.0",
            "target-percent = 99.99",
        ),
        policy(
            "promise what is not measured",
            PILOT,
            "suite.slo.service",
            "name = \"availability\"",
            "name = \"latency\"",
        ),
        policy(
            "compare with what is not measured",
            PILOT,
            "suite.bench.steps",
            "reference = \"old\"",
            "reference = \"older\"",
        ),
        policy(
            "measure what is not there",
            PILOT,
            "suite.bench.steps",
            "name = \"new\"",
            "name = \"newer\"",
        ),
        policy(
            "ask for more speed than there is",
            PILOT,
            "suite.bench.steps",
            "max-ratio = 1.1",
            "max-ratio = 0.5",
        ),
        policy(
            "turn a safeguard off for every path",
            CONTROLLED,
            "config.sanity",
            "path = \"logic/src/fast.rs\"",
            "path = \"**\"",
        ),
        policy(
            "waive another check than the one that objects",
            PILOT,
            "waiver.valid",
            "check = \"boundary.raw\"",
            "check = \"boundary.safety\"",
        ),
        policy(
            "waive another file than the one with the finding",
            PILOT,
            "boundary.raw",
            "path = \"logic/src/fast.rs\"",
            "path = \"logic/src/lib.rs\"",
        ),
        policy(
            "drop the exception of a tier",
            PILOT,
            "boundary.raw",
            "package = \"native\"\ntier = \"native\"",
            "package = \"logic\"\ntier = \"native\"",
        ),
        policy(
            "require an inventory that is not there",
            PILOT,
            "boundary.inventory",
            "boundary_inventory.json",
            "inventory.json",
        ),
        policy(
            "claim a platform that is not tested",
            PILOT,
            "ci.matrix",
            "[\"linux\", \"macos\"]",
            "[\"linux\", \"macos\", \"windows\"]",
        ),
        policy(
            "allow waivers of a day",
            PILOT,
            "waiver.authority",
            "max-days = 90",
            "max-days = 1",
        ),
        policy(
            "claim a test that is not there",
            PILOT,
            "claims.evidence",
            "tests::counts_up",
            "tests::counts_down",
        ),
        policy(
            "claim more than one suite shows",
            PILOT,
            "claims.evidence",
            "class = \"targeted\"",
            "class = \"full\"",
        )
        .ends(2),
        policy(
            "approve another runbook",
            PILOT,
            "checklist.stage",
            "sha256 = \"",
            "sha256 = \"0",
        )
        .ends(2),
        policy(
            "check a box for a suite that is not there",
            CONTROLLED,
            "checklist.stage",
            "\"lockfile.*\"",
            "\"suite.test.none\"",
        )
        .ends(2),
        policy(
            "own one package",
            PILOT,
            "owners.declared",
            "packages = { \"*\"",
            "packages = { \"logic\"",
        ),
        policy(
            "own no suite",
            PILOT,
            "owners.declared",
            "suites = { \"*\"",
            "suites = { \"none\"",
        ),
        policy(
            "promise a version in a file that is not there",
            PILOT,
            "release.manifest",
            "path = \"VERSION\"",
            "path = \"RELEASE\"",
        ),
        policy(
            "promise a changelog that is not there",
            PILOT,
            "changelog.current",
            "[\"CHANGELOG.md\"]",
            "[\"NEWS.md\"]",
        ),
        policy(
            "count panics in a file that is not there",
            PILOT,
            "failure.panics",
            "panic_inventory.json",
            "panics.json",
        ),
        policy(
            "check documents that are not there",
            PILOT,
            "docs.commands",
            "commands = [\"README.md\"]",
            "commands = [\"NONE.md\"]",
        ),
        policy(
            "generate documents that are not there",
            PILOT,
            "docs.sync",
            "[\"CLAIMS.md\"]",
            "[\"NONE.md\"]",
        ),
        policy(
            "widen the scope of a stage that claims show",
            PILOT,
            "docs.sync",
            "a tenth of production traffic",
            "all production traffic",
        ),
        policy(
            "let an exception expire",
            PILOT,
            "profile.tier",
            "reason = \"reads memory of the device\"\nexpires = ",
            "reason = \"reads memory of the device\"\nexpires = 2025-01-01 # ",
        ),
        row(
            "weaken the policy after the stage before",
            CONTROLLED,
            "stage.predecessor",
            |gate| {
                gate.replace(POLICY, "min-tests = 2", "min-tests = 1");
            },
        ),
        row(
            "delete the policy after the stage before",
            BROAD,
            "stage.predecessor",
            |gate| gate.remove(POLICY),
        ),
        row(
            "let evidence be an hour old after two days",
            BROAD,
            "evidence.age",
            |gate| {
                gate.append(
                    POLICY,
                    "\n[[evidence.age]]\ncheck = \"suite.test.logic\"\nmax-age = \"1s\"\n",
                );
            },
        )
        .ends(2),
        row(
            "ask for more READY runs than there were",
            BROAD,
            "history.consistent",
            |gate| {
                gate.replace(POLICY, "runs = 1", "runs = 50");
            },
        ),
        row("review no warning", PILOT, "warnings.reviewed", |gate| {
            let scope = "scope = \"one internal service\"";
            gate.replace(POLICY, scope, &format!("{scope}\nmax-age = \"30d\""));
            gate.append(POLICY, "\n[warnings]\nreview-before = \"pilot\"\n");
        }),
    ]
}
