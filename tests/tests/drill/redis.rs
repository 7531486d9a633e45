//! A server that nobody here wrote: redis-server keeps what it acknowledged where its log is written first, and a drill
//! notices where it is not.

use std::process::Command;

use gate_tests::harness::Run;

use super::{fault, workspace};

/// A drill of redis-server that is killed, with its log on (`yes`) or off (`no`).
fn drilled(log: &str) -> Run {
    let client = env!("CARGO_BIN_EXE_drill-redis-under-test");
    let kill = fault("kill", "");
    workspace(&format!(
        r#"
[[suite.drill]]
name = "redis"
requires = ["program:redis-server"]
start = ["redis-server", "--bind", "127.0.0.1", "--port", "{{port}}", "--dir", "{{directory}}", "--save", "", "--appendonly", "{log}", "--appendfsync", "always"]
ready = ["redis-cli", "-p", "{{port}}", "ping"]
load = ["{client}", "load", "{{port}}", "{{until}}"]
read = ["{client}", "dump", "{{port}}"]
repeats = 1
start-within = "20s"
inputs = ["logic/**"]
{kill}"#
    ))
    .run(["suite", "redis"])
}

#[test]
fn redis_keeps_what_it_acknowledged_with_its_log_and_loses_it_without() {
    for program in ["redis-server", "redis-cli"] {
        let there = Command::new(program).arg("--version").output();
        assert!(
            there.is_ok_and(|output| output.status.success()),
            "`{program}` is not installed: `apt-get install redis-server` or `brew install redis`"
        );
    }
    let run = drilled("yes");
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout.contains("kill, not repaired: no recovery, as it must be"),
        "{run}"
    );
    assert!(run.stdout.contains("kill: 1 of 1 clean"), "{run}");
    let run = drilled("no");
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("acknowledged and not there"), "{run}");
}
