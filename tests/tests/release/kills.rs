//! A release that is killed at any moment, and resumed until it is complete: nothing is published twice, and nothing is lost.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gate_base::digest::sha256_hex;

use super::fixture::{key, output};
use super::publishing::for_registry;
use super::registry::Registry;

/// How many times releases are killed; `cargo xtask ci` says 30.
const KILLS: &str = "CARGO_GATE_RELEASE_KILLS";
/// Where the moments begin: a run that failed prints it.
const SEED: &str = "CARGO_GATE_KILL_SEED";

/// The code with which a killed process ends: none where signals kill, and that of `Child::kill` on Windows.
const KILLED: Option<i32> = if cfg!(windows) { Some(1) } else { None };

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn a_release_killed_at_any_moment_publishes_once_and_loses_nothing() {
    let kills = number(KILLS).unwrap_or(6);
    let mut random = number(SEED).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        now.as_micros() as u64 | 1
    });
    println!("{kills} kills, {SEED}={random}");
    let (mut killed, mut complete, mut retried) = (0, 0, 0);
    // What a whole release takes here; the first one is not killed and says so.
    let mut longest = Duration::ZERO;
    while killed < kills || complete < 2 {
        let registry = Registry::serve();
        let gate = for_registry(&registry);
        let key = key(&gate);
        assert_eq!(gate.run(["pilot"]).code, Some(0));
        let begun = Instant::now();
        let mut left = 40;
        loop {
            let mut command = gate.gate_command();
            command.args(["release", "--key", &key]);
            if gate.workspace().join("target/gate/releases").exists() {
                command.arg("--resume");
            }
            let mut child = command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("started");
            let mut stopped = false;
            if !longest.is_zero() && killed < kills {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                // Any moment will do, and each is another one.
                std::thread::sleep(Duration::from_micros(random % longest.as_micros() as u64));
                stopped = child.try_wait().expect("its state").is_none();
                child.kill().expect("it can be killed");
            }
            let ended = child.wait_with_output().expect("it has ended");
            match ended.status.code() {
                code if stopped && code == KILLED => killed += 1,
                None => panic!("it ended with {}", ended.status),
                Some(0) => break,
                // An upload that was under way may end after the registry was asked: it is found the next time. A journal is
                // there as soon as a release began, and a directory a moment before.
                Some(code) => {
                    retried += 1;
                    left -= 1;
                    let said = String::from_utf8_lossy(&ended.stderr);
                    assert!(left > 0, "code {code}: {said}");
                    if said.contains("no interrupted release of this commit") {
                        fs::remove_dir_all(gate.workspace().join("target/gate/releases")).expect("removed");
                    }
                }
            }
        }
        longest = longest.max(if complete == 0 { begun.elapsed() } else { longest });
        complete += 1;
        let dist = output(&gate);
        let verified = gate.run(["verify", dist.to_str().expect("a path")]);
        assert_eq!(verified.code, Some(0), "{verified}");
        assert_eq!(
            registry.stored(),
            ["shipped-part", "shipped-app"],
            "each once, in order"
        );
        for name in ["shipped-part", "shipped-app"] {
            let archive = fs::read(dist.join(format!("{name}-1.0.0.crate"))).expect("an archive");
            let published = registry.checksum(name);
            assert_eq!(published.as_deref(), Some(sha256_hex(&archive).as_str()), "{name}");
        }
    }
    println!("{killed} kills, {complete} complete releases, {retried} further attempts; a release takes {longest:?}");
}
