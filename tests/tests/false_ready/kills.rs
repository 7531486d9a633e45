//! A gate that is killed: what it started ends with it, and what it had written holds no secret.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gate_tests::gate;
use gate_tests::harness::Gate;
use gate_tests::planted;

use super::assert_ready;

/// How many times the gate is killed; `cargo xtask ci` says 250.
const KILLS: &str = "CARGO_GATE_KILLS";
/// Where the moments begin: a run that failed prints it.
const SEED: &str = "CARGO_GATE_KILL_SEED";
/// A run of this gate takes about as long on a machine that has nothing else to do.
const LONGEST_MICROS: u64 = 200_000;
/// Within this time after its beginning the suite starts its processes and prints most of its secrets.
const SUITE_MICROS: u64 = 50_000;
/// How long what was started may take to end: it is asked first.
const PATIENCE: Duration = Duration::from_secs(30);

/// Prints secrets, starts processes that start processes, and waits for them. All of them hold the named pipe open.
const SUITE: &str = "[ -z \"$DONE\" ] || exit 0\nexec 3> \"$HELD\"\necho started >&3\n: > \"$HELD.begun\"\nsh -c 'sleep 300; :' &\n(sh -c '(sleep 300; :) & wait' &)\nwhile :; do \
                     printf '%s\\n' \"$PLANTED\"; done | head -c 4000000\nwait\n";

/// Waits until the suite has begun; false where the gate ends before.
fn has_begun(begun: &Path, gate: &mut Child) -> bool {
    while !begun.exists() {
        if gate.try_wait().expect("the gate is a child").is_some() {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

/// Every file below a directory.
pub(crate) fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"))
    {
        let path = entry.path();
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            files(&path, found);
        } else if kind.is_file() {
            found.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

/// A package whose suite is a script, so that nothing has to be built.
fn scripted() -> Gate {
    gate!()
        .file("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n")
        .file("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n")
        .file(".gitignore", "/target\n")
        .file("src/lib.rs", "")
        .file("suite.sh", SUITE)
        .file(
            "gate.toml",
            "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = [\"sh\", \
             \"suite.sh\"]\nenv = [\"DONE\"]\nformat = \"exit-code\"\n",
        )
        .git_init()
}

/// Reads a named pipe to its end, which comes when nobody holds it open any more.
struct Held(Child);

impl Held {
    fn of(pipe: &Path) -> Self {
        let reader = Command::new("cat").arg(pipe).stdout(Stdio::piped()).spawn();
        Self(reader.expect("cat can be started"))
    }

    /// Whether the end comes in time, and whether anyone had opened the pipe. This does, so that there is an end.
    fn is_let_go(&mut self, pipe: &Path) -> (bool, bool) {
        let due = Instant::now() + PATIENCE;
        while Instant::now() < due {
            // Open for both, as opening for one waits for the other; again and again, as the reader may not have come that far yet.
            drop(
                fs::File::options()
                    .read(true)
                    .write(true)
                    .open(pipe)
                    .expect("a named pipe"),
            );
            if self.0.try_wait().expect("cat is a child").is_some() {
                let mut said = String::new();
                let output = self.0.stdout.as_mut().expect("it is a pipe");
                output.read_to_string(&mut said).expect("text");
                return (true, !said.is_empty());
            }
            std::thread::yield_now();
        }
        drop(self.0.kill());
        (false, true)
    }
}

#[test]
fn nothing_outlives_a_killed_gate_and_no_secret_stays() {
    let (token, key) = (planted::value("github_token"), planted::private_key("PRIVATE KEY"));
    let body = key.lines().nth(3).expect("a line of the key").to_owned();
    let kills = number(KILLS).unwrap_or(12);
    let seed = number(SEED).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        now.as_micros() as u64 | 1
    });
    println!("{kills} kills, {SEED}={seed}");
    let gate = scripted();
    let scratch = gate.workspace().parent().expect("a parent").to_owned();
    let (pipe, temporary) = (scratch.join("held"), scratch.join("tmp"));
    let begun = scratch.join("held.begun");
    fs::create_dir(&temporary).expect("a directory");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()), "a named pipe can be made");
    let pilot = || {
        let mut command = gate.gate_command();
        command
            .args(["pilot", "--verbose"])
            .env("HELD", &pipe)
            .env("TMPDIR", &temporary);
        command.env("PLANTED", format!("{token}\n{key}"));
        command
    };
    // Cargo has answered and everything else was judged, so that a run soon comes to its suite.
    let began = Instant::now();
    assert_ready(&gate.finish(pilot().env("DONE", "1")), "without a kill");
    // On a busy machine a run takes longer to come there.
    let longest = LONGEST_MICROS.max(began.elapsed().as_micros() as u64);
    let mut random = seed;
    let (mut orphans, mut raw, mut started) = (0, 0, 0);
    for kill in 0..kills {
        let mut held = Held::of(&pipe);
        let mut running = pilot()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the gate can be started");
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // Any moment of the run, and in turns any moment of its suite: each is another one.
        let within = if kill % 2 == 1 && has_begun(&begun, &mut running) {
            SUITE_MICROS
        } else {
            longest
        };
        std::thread::sleep(Duration::from_micros(random % within));
        running.kill().expect("the gate can be killed");
        running.wait().expect("the gate has ended");
        let (gone, opened) = held.is_let_go(&pipe);
        started += u64::from(opened);
        if begun.exists() {
            fs::remove_file(&begun).expect("removed");
        }
        if !gone {
            println!("kill {kill}: something still runs");
            orphans += 1;
        }
        let mut left = Vec::new();
        for directory in [&gate.workspace().join("target"), &temporary] {
            if directory.is_dir() {
                files(directory, &mut left);
            }
        }
        for (path, bytes) in left {
            let text = String::from_utf8_lossy(&bytes);
            if text.contains(&token) || text.contains(&body) {
                println!("kill {kill}: {path} holds a secret");
                raw += 1;
            }
        }
    }
    println!("{kills} kills: {orphans} left processes, {raw} raw files, the suite ran in {started}");
    assert!(
        started >= kills / 2,
        "only {started} runs of {kills} came as far as their suite"
    );
    assert_eq!((orphans, raw), (0, 0), "orphans and raw files, {SEED}={seed}");
    let done = gate.finish(gate.gate_command().arg("pilot").env("DONE", "1"));
    assert_ready(&done, "after all kills");
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
}
