//! A migration whose gate is killed: what survives it resumes the system, and the history is one or the other.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::history::{EVENTS, MIGRATED, file, is_paused, migrate, record, with_history};
use super::random::{kills, next, seed};

/// How long finishing may take: what was started is asked first.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
fn eventually(is_so: impl Fn() -> bool) -> bool {
    let due = Instant::now() + PATIENCE;
    while Instant::now() < due {
        if is_so() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

#[test]
fn a_gate_that_is_killed_in_any_step_is_survived_by_what_finishes_it() {
    for (home, fault, history) in [
        ("file", "pause 1 before kill", EVENTS),
        ("file", "pause 1 after kill", EVENTS),
        ("file", "up 3 before kill", EVENTS),
        ("file", "replay 6 after kill", EVENTS),
        ("file", "resume 1 before kill", MIGRATED),
        ("file", "resume 1 after kill", MIGRATED),
        ("database", "export 3 before kill", EVENTS),
        ("database", "switch 1 before kill", EVENTS),
        ("database", "switch 1 after kill", MIGRATED),
        ("database", "export 4 before kill", MIGRATED),
    ] {
        let gate = with_history(home, &[]);
        gate.write("fault", fault);
        let run = migrate(&gate, "cutover");
        assert_eq!(run.code, None, "{fault}: {run}");
        // No other command is needed.
        let finished = eventually(|| record(&gate)["recovered"] == true);
        assert!(finished, "{home}: {fault}: {}", gate.read("calls"));
        assert!(!is_paused(&gate), "{fault}");
        assert_eq!(gate.read(file(home)), history, "{fault}");
        let made = record(&gate);
        assert!(made["resumed_at"].is_string(), "{fault}: {made:#}");
        assert_eq!(migrate(&gate, "status").code, Some(0), "{fault}");
    }
    // Before anything is paused there is nothing to finish.
    let gate = with_history("file", &[]);
    gate.write("fault", "up 1 before kill");
    assert_eq!(migrate(&gate, "cutover").code, None);
    assert_eq!(migrate(&gate, "status").code, Some(0));
    assert_eq!(gate.read("events.ndjson"), EVENTS);
    assert!(!gate.workspace().join("resumed").exists());
}

#[test]
fn an_interruption_ends_what_runs_but_not_the_resume() {
    for (home, fault, history) in [
        ("file", "pause 1 after interrupt", EVENTS),
        ("file", "up 3 before interrupt", EVENTS),
        ("database", "export 3 before interrupt", EVENTS),
    ] {
        let gate = with_history(home, &[]);
        gate.write("fault", fault);
        let run = migrate(&gate, "cutover");
        assert_eq!(run.code, Some(130), "{fault}: {run}");
        assert_eq!(
            (gate.read(file(home)).as_str(), is_paused(&gate)),
            (history, false),
            "{fault}: {run}"
        );
        assert_eq!(migrate(&gate, "status").code, Some(0), "{fault}");
    }
}

#[test]
fn without_a_key_that_others_can_read_nothing_is_paused() {
    let gate = with_history("file", &[]);
    // A file is not a home.
    let home = gate.workspace().join("Cargo.toml");
    let mut command = gate.gate_command();
    command
        .args(["release", "migrate", "cutover", "orders"])
        .env("HOME", home);
    let run = gate.finish(&mut command);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("no key that another process can read"), "{run}");
    assert_eq!(gate.read("events.ndjson"), EVENTS);
}

#[test]
fn a_killed_rollback_is_finished_too() {
    for (fault, history) in [
        ("pause 2 before kill", MIGRATED),
        ("switch-back 1 before kill", MIGRATED),
        ("switch-back 1 after kill", EVENTS),
    ] {
        let gate = with_history("database", &[]);
        assert_eq!(migrate(&gate, "cutover").code, Some(0));
        gate.remove("target/gate/migrations/orders/cutover.json");
        gate.write("fault", fault);
        assert_eq!(migrate(&gate, "rollback").code, None, "{fault}");
        assert!(eventually(|| record(&gate)["recovered"] == true), "{fault}");
        assert_eq!(
            (gate.read("db.ndjson").as_str(), is_paused(&gate)),
            (history, false),
            "{fault}"
        );
        // What did not happen can happen now.
        gate.remove("fault");
        let again = migrate(&gate, "rollback");
        assert_eq!(again.code, Some(i32::from(history == EVENTS)), "{fault}: {again}");
        assert_eq!(gate.read("db.ndjson"), EVENTS);
    }
}

#[test]
fn whenever_the_gate_is_killed_nothing_stays_paused_or_half_migrated() {
    let kills = kills(12);
    let mut random = seed(kills);
    for home in ["file", "database"] {
        let gate = with_history(home, &[]);
        let began = Instant::now();
        assert_eq!(migrate(&gate, "cutover").code, Some(0));
        let whole = began.elapsed().as_micros() as u64;
        let (mut moved, mut recovered) = (0, 0);
        for kill in 0..kills {
            let migrated = gate.read(file(home)) == MIGRATED;
            let what = if migrated { "rollback" } else { "cutover" };
            let mut running = gate
                .gate_command()
                .args(["release", "migrate", what, "orders"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the gate can be started");
            std::thread::sleep(Duration::from_micros(next(&mut random) % whole));
            running.kill().expect("the gate can be killed");
            running.wait().expect("the gate has ended");
            let journal = gate.workspace().join("target/gate/migrations/orders");
            assert!(journal.is_dir());
            // It waits for what still ends, and finishes what nothing else has finished.
            let status = migrate(&gate, "status");
            assert_eq!(status.code, Some(0), "kill {kill}: {status}");
            assert!(!is_paused(&gate), "kill {kill} of {what}: left paused");
            let now = gate.read(file(home));
            assert!(now == EVENTS || now == MIGRATED, "kill {kill} of {what}: {now}");
            moved += u64::from((now == MIGRATED) != migrated);
            recovered += u64::from(record(&gate)["recovered"] == true);
        }
        println!("{home}: {kills} kills, {moved} moved the history, {recovered} were recovered");
    }
}
