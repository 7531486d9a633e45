//! A gate that is killed in the middle of a drill, as the processes that carry the mark of the drill show it.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gate_drill::residue;
use gate_tests::harness::Gate;

use super::{every_fault, fault, number, verified, workspace};

/// How many times the gate is killed.
const KILLS: &str = "CARGO_GATE_DRILL_KILLS";
/// Where the moments begin: a run that failed prints it.
const SEED: &str = "CARGO_GATE_KILL_SEED";
/// Kills in a pause that only an end by force ends.
const PAUSED: u64 = 1;
/// A drill of this suite takes longer.
const LONGEST_MICROS: u64 = 8_000_000;
/// What watches ends the system within its grace, paused or not.
const PATIENCE: Duration = Duration::from_secs(60);

/// A workspace, and the ids of the processes of its drill.
struct Drilled {
    gate: Gate,
    mark: String,
}

impl Drilled {
    fn of(faults: &str) -> Self {
        let gate = workspace(&verified("", "", faults));
        let root = gate.workspace().canonicalize().expect("it exists");
        let scratch = root.join("target/gate/drill/store");
        let digest = gate_base::digest::sha256_hex(scratch.to_string_lossy().as_bytes());
        Self {
            gate,
            mark: digest[..16].to_owned(),
        }
    }

    fn marked(&self) -> Vec<u32> {
        residue::marked(&self.mark).expect("Linux shows them")
    }

    fn start(&self) -> Child {
        let mut command = self.gate.gate_command();
        // What it says would look like a runner of its own in the output of these tests.
        let command = command
            .args(["suite", "store"])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().expect("the gate starts")
    }

    fn paused(&self) -> bool {
        self.marked().iter().any(|id| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            stat.rsplit(')')
                .next()
                .is_some_and(|rest| rest.trim_start().starts_with('T'))
        })
    }

    /// Kills the gate, and names the processes of its drill that do not end with it. Ends them.
    fn killed(&self, mut running: Child) -> Vec<u32> {
        running.kill().expect("the gate can be killed");
        running.wait().expect("a child");
        let due = Instant::now() + PATIENCE;
        while !self.marked().is_empty() {
            if Instant::now() >= due {
                let left = self.marked();
                left.iter().for_each(|id| assert!(gate_base::process::end(*id)));
                return left;
            }
            std::thread::yield_now();
        }
        Vec::new()
    }
}

#[test]
fn a_gate_that_is_killed_leaves_nothing_behind() {
    let kills = number(KILLS).unwrap_or(4);
    let mut random = number(SEED).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        now.as_micros() as u64 | 1
    });
    println!("{kills} kills, {SEED}={random}");
    let (mut left, mut ran) = (Vec::new(), 0);
    let stuck = Drilled::of(&fault("pause", "for = \"1h\""));
    for _ in 0..PAUSED {
        let mut running = stuck.start();
        while !stuck.paused() {
            let ended = running.try_wait().expect("a child");
            assert!(ended.is_none(), "the drill ended before its fault");
            std::thread::yield_now();
        }
        left.extend(stuck.killed(running));
        ran += 1;
    }
    let drilled = Drilled::of(&every_fault().concat());
    for kill in PAUSED..kills {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut running = drilled.start();
        // Any moment of the gate, and alternating with it any moment since the drill began.
        while kill % 2 == 1 && drilled.marked().is_empty() {
            let ended = running.try_wait().expect("a child");
            assert!(ended.is_none(), "the drill did not begin");
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_micros(random % LONGEST_MICROS));
        ran += u64::from(!drilled.marked().is_empty());
        left.extend(drilled.killed(running));
    }
    println!(
        "{kills} kills, {ran} of them with processes of the drill, {} processes left behind",
        left.len()
    );
    assert_eq!(left, [0; 0], "processes left behind");
    assert!(ran >= kills / 2, "only {ran} drills of {kills} had begun");
}
