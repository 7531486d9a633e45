//! Drills, as their users see them: a store that is broken on purpose, healthy and with one flaw after the other.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

#[cfg(target_os = "linux")]
#[path = "drill/kills.rs"]
mod kills;

#[cfg(unix)]
#[path = "drill/redis.rs"]
mod redis;

/// How many repaired drills of a healthy system are run, each of them clean. Without it, one of each fault.
const DRILLS: &str = "CARGO_GATE_DRILLS";

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

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
            "impatient",
            plain,
            fault("back-pressure", "bytes-per-second = 12"),
            1,
            "no steady state within 2 s of the repair",
        ),
        #[cfg(target_os = "linux")]
        ("careless", plain, fault("disk-full", ""), 1, lost),
        #[cfg(target_os = "linux")]
        (
            "stuck",
            plain,
            fault("disk-full", ""),
            1,
            "no steady state within 2 s of the repair",
        ),
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

/// The faults of which there is one of each kind, but for those that this system cannot do.
fn every_fault() -> Vec<String> {
    let mut faults = vec![
        fault("kill", ""),
        fault("crash-loop", "times = 3"),
        fault("delay", "latency-ms = 350\njitter-ms = 20"),
        fault("cut", ""),
        fault("black-hole", ""),
        fault("corrupt", "every = 9"),
        fault("back-pressure", "bytes-per-second = 12"),
    ];
    if cfg!(unix) {
        faults.extend([fault("pause", ""), fault("verification-delay", "")]);
    }
    if cfg!(target_os = "linux") {
        faults.push(fault("disk-full", ""));
    }
    faults
}

/// A suite over the store and its verifier: with this flaw of the system, and this one of the verifier.
fn verified(system: &str, verifier: &str, faults: &str) -> String {
    let more = format!(
        "verify = {}\nverified = {}\n{faults}",
        command(&["verify", "{port}", verifier]),
        command(&["verified", "{port}"]),
    );
    suite(system, "", &more)
}

#[test]
fn a_healthy_store_survives_every_fault() {
    let faults = every_fault();
    let count = faults.len();
    let promise = "[[suite.drill.guarantee]]\nname = \"durable\"\ntext = \"what was acknowledged survives a crash\"\nfaults = [\"kill\", \"crash-loop\"]\n";
    let repeats = number(DRILLS).map_or(1, |drills| drills.div_ceil(count as u64));
    let text = verified("", "", &(faults.concat() + promise));
    let gate = workspace(&text.replacen("repeats = 1\n", &format!("repeats = {repeats}\n"), 1));
    let run = gate.run(["suite", "store"]);
    let (clean, failed) = (
        run.stdout.matches("recovered in ").count(),
        run.stdout.matches("FAILED").count(),
    );
    println!("{count} faults, {clean} clean drills, {failed} failed");
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        run.stdout.matches("not repaired: no recovery, as it must be").count(),
        count,
        "{run}"
    );
    assert_eq!(clean as u64, count as u64 * repeats, "{run}");
    for witness in [
        "killed 3 times, and gone",
        "bytes delayed",
        "connections cut or refused",
        "bytes that went nowhere",
        "bytes corrupted",
        "bytes held back",
        #[cfg(unix)]
        "the verifier was stopped by a signal while ",
        #[cfg(target_os = "linux")]
        "1 process that can write no byte",
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

#[cfg(unix)]
#[test]
fn nothing_counts_as_verified_while_the_verifier_is_late() {
    for (system, verifier, why) in [
        (
            "hasty",
            "",
            "count as verified although the verifier was stopped before they began",
        ),
        ("", "gives-up", "are not verified within 2 s: the verifier has ended"),
    ] {
        let run = drilled(&verified(system, verifier, &fault("verification-delay", "")));
        assert_eq!(run.code, Some(1), "{system} {verifier}: {run}");
        assert!(run.stdout.contains(why), "{system} {verifier}: {run}");
    }
}
