//! Drills, as their users see them: a store that is broken on purpose, healthy and with one flaw after the other.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

fn command(words: &[&str]) -> String {
    let helper = env!("CARGO_BIN_EXE_drill-store-under-test").replace('\\', "/");
    let quoted: Vec<String> = std::iter::once(helper.as_str())
        .chain(words.iter().copied())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect();
    format!("[{}]", quoted.join(", "))
}

/// A suite over the store: with this flaw of the system, this one of the load, and these faults.
fn suite(system: &str, load: &str, more: &str) -> String {
    format!(
        "\n[[suite.drill]]\nname = \"store\"\nstart = {}\nload = {}\nread = {}\nready = {}\nrepeats = 1\noperations = 10\n\
         within-ms = 300\nstart-within = \"20s\"\ninputs = [\"logic/**\"]\n{more}",
        command(&["serve", "{port}", "{directory}", system]),
        command(&["load", "{ports}", "{until}", load]),
        command(&["dump", "{ports}"]),
        command(&["ready", "{port}"]),
    )
}

fn fault(kind: &str, more: &str) -> String {
    format!("[[suite.drill.fault]]\nname = \"{kind}\"\nkind = \"{kind}\"\nrecovery = \"2s\"\n{more}\n")
}

fn workspace(suite: &str) -> Gate {
    let gate = gate!().fixture("good");
    gate.append("gate.toml", suite);
    gate.git_init()
}

fn drilled(suite: &str) -> Run {
    workspace(suite).run(["suite", "store"])
}

/// Each flaw fails, for its own reason; a flaw that shows without a fault fails the control.
#[test]
fn every_broken_store_is_caught() {
    let whole = format!(
        "[[suite.drill.invariant]]\nname = \"whole\"\ncommand = {}\n",
        command(&["whole", "{directory}"])
    );
    let kill = fault("kill", "");
    let plain = "";
    let lost = "acknowledged and not there";
    let cases = [
        ("memory", plain, kill.clone(), 1, lost),
        ("every-ninth", plain, kill.clone(), 1, lost),
        ("late", plain, kill.clone(), 1, lost),
        ("forget", plain, kill.clone(), 1, lost),
        ("half", plain, kill.clone(), 1, lost),
        ("twice", plain, kill.clone(), 1, "there more than once"),
        ("replayed", plain, kill.clone(), 1, "there more than once"),
        ("garbage", plain, kill.clone(), 1, "there and written by no operation"),
        (
            "never-again",
            plain,
            kill.clone(),
            1,
            "no steady state within 2 s of the repair",
        ),
        (
            "slow-start",
            plain,
            kill.clone(),
            1,
            "no steady state within 2 s of the repair",
        ),
        (
            "broken",
            plain,
            whole + &kill,
            1,
            "the invariant `whole` does not hold in the end",
        ),
        (
            "no-sum",
            plain,
            fault("corrupt", "every = 9"),
            1,
            "there and written by no operation",
        ),
        (plain, "optimist", fault("cut", ""), 1, lost),
        (
            plain,
            "reads-only",
            kill.clone(),
            3,
            "the history has no acknowledged write",
        ),
        #[cfg(target_os = "linux")]
        ("child", plain, kill, 3, "1 processes of the system outlived it"),
        #[cfg(unix)]
        (
            "watchdog",
            plain,
            fault("pause", ""),
            1,
            "no steady state within 2 s of the repair",
        ),
    ];
    for (system, load, faults, code, why) in cases {
        let run = drilled(&suite(system, load, &faults));
        assert_eq!(run.code, Some(code), "{system} {load}: {run}");
        assert!(run.stdout.contains(why), "{system} {load}: {run}");
    }
}

#[test]
fn a_healthy_store_survives_every_fault() {
    let mut faults = vec![
        fault("kill", ""),
        fault("crash-loop", "times = 3"),
        fault("delay", "latency-ms = 350\njitter-ms = 20"),
        fault("cut", ""),
        fault("black-hole", ""),
        fault("corrupt", "every = 9"),
    ];
    if cfg!(unix) {
        faults.push(fault("pause", ""));
    }
    let count = faults.len();
    let promise = "[[suite.drill.guarantee]]\nname = \"durable\"\ntext = \"what was acknowledged survives a crash\"\nfaults = [\"kill\", \"crash-loop\"]\n";
    faults.push(promise.to_owned());
    let gate = workspace(&suite("", "", &faults.concat()));
    let run = gate.run(["suite", "store"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        run.stdout.matches("not repaired: no recovery, as it must be").count(),
        count,
        "{run}"
    );
    assert_eq!(run.stdout.matches("recovered in ").count(), count, "{run}");
    for witness in [
        "killed 3 times, and gone",
        "bytes delayed",
        "connections cut or refused",
        "bytes that went nowhere",
        "bytes corrupted",
    ] {
        assert!(run.stdout.contains(witness), "{witness}: {run}");
    }
    let claim = "claim: what was acknowledged survives a crash, shown by kill, crash-loop";
    assert!(run.stdout.contains(claim), "{run}");
    assert!(!gate.workspace().join("target/gate/drill/store").exists());
}

#[test]
fn one_of_several_instances_breaks_and_the_others_serve() {
    let more = "instances = 3\n".to_owned() + &fault("kill", "instance = 2\nserves = true");
    let run = drilled(&suite("", "", &more));
    assert_eq!(run.code, Some(0), "{run}");
    // An operation that meets the broken instance is unknown, so that steady state waits for it.
    assert!(
        run.stdout.contains("kill, not repaired: no recovery, as it must be"),
        "{run}"
    );

    // A load that knows the broken one alone is not served by the others.
    let more = "instances = 2\n".to_owned() + &fault("kill", "serves = true");
    let alone = suite("", "", &more).replacen("\"{ports}\", \"{until}\"", "\"{port}\", \"{until}\"", 1);
    let run = drilled(&alone);
    assert_eq!(run.code, Some(1), "{run}");
    let why = "no operation was acknowledged while the fault lasted";
    assert!(run.stdout.contains(why), "{run}");
}

#[test]
fn a_fault_that_nobody_notices_is_no_evidence() {
    // This load does not wait for the end of its connections.
    let run = drilled(&suite("", "", &fault("slow-close", "latency-ms = 400")));
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("although nothing was repaired"), "{run}");
}

/// As the processes that carry the mark of the drill of a workspace say it.
#[cfg(target_os = "linux")]
#[test]
fn a_gate_that_is_killed_leaves_nothing_behind() {
    use gate_drill::residue;
    let gate = workspace(&suite("", "", &fault("pause", "for = \"1h\"")));
    let root = gate.workspace().canonicalize().expect("it exists");
    let scratch = root.join("target/gate/drill/store");
    let digest = gate_base::digest::sha256_hex(scratch.to_string_lossy().as_bytes());
    let marked = || residue::marked(&digest[..16]).expect("Linux shows them");
    let mut command = gate.gate_command();
    // What it says would look like a runner of its own in the output of these tests.
    let silent = || std::process::Stdio::null();
    let command = command.args(["suite", "store"]).stdout(silent()).stderr(silent());
    let mut running = command.spawn().expect("the gate starts");
    let paused = || {
        marked().iter().any(|id| {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            stat.rsplit(')')
                .next()
                .is_some_and(|rest| rest.trim_start().starts_with('T'))
        })
    };
    while !paused() {
        assert!(
            running.try_wait().expect("a child").is_none(),
            "the drill ended before its fault"
        );
        std::thread::yield_now();
    }
    running.kill().expect("the gate can be killed");
    running.wait().expect("a child");
    // What watches ends the system within its grace, paused or not.
    let due = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !marked().is_empty() {
        assert!(std::time::Instant::now() < due, "left behind: {:?}", marked());
        std::thread::yield_now();
    }
}
