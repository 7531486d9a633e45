//! The commands of a migration, for tests: a history of amounts becomes one of cents.
//!
//! `up`, `down`, `invariants` and `replay` read a history. `pause` and `resume` make and remove the file `paused`. `export`, `switch` and
//! `switch-back` are of a database, which is the file `db.ndjson`. The file `fault` asks for trouble: the name of a command, which of its calls
//! it is about, `before` or `after` the command did what it does, and `fail`, `hang`, `garbage`, `append` (someone writes to the history),
//! `kill` (the gate is killed) or `interrupt` (as by Ctrl-C). Each call adds the name of the command to the file `calls`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "that is what such commands do")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

/// What is appended.
const LATE: &str = "{\"amount\":7,\"id\":99}\n";

/// An event, its keys in order.
type Event = BTreeMap<String, Value>;

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let calls = called(&command);
    let fault = fs::read_to_string("fault").unwrap_or_default();
    let words: Vec<&str> = fault.split_whitespace().collect();
    let asked = match words.as_slice() {
        [name, call, when, what] if *name == command && *call == calls.to_string() => Some((*when, *what)),
        _ => None,
    };
    if let Some(("before", what)) = asked
        && let Some(code) = trouble(what)
    {
        return code;
    }
    act(&command);
    if let Some(("after", what)) = asked
        && let Some(code) = trouble(what)
    {
        return code;
    }
    ExitCode::SUCCESS
}

/// Counts the calls of a command.
fn called(command: &str) -> usize {
    append("calls", &format!("{command}\n"));
    let calls = fs::read_to_string("calls").expect("the calls");
    calls.lines().filter(|line| *line == command).count()
}

fn append(path: &str, line: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a file to append to");
    file.write_all(line.as_bytes()).expect("a line is written");
}

fn trouble(what: &str) -> Option<ExitCode> {
    match what {
        "fail" => {
            eprintln!("asked to fail");
            return Some(ExitCode::from(9));
        }
        "garbage" => println!("no event"),
        "append" => {
            let file = ["events.ndjson", "db.ndjson"]
                .into_iter()
                .find(|file| Path::new(file).exists());
            append(file.expect("a history"), LATE);
        }
        "hang" => std::thread::sleep(Duration::from_secs(300)),
        "kill" | "interrupt" => {
            signal_to_the_gate(if what == "kill" { "-KILL" } else { "-INT" });
            std::thread::sleep(Duration::from_secs(300));
        }
        other => panic!("no such trouble: {other}"),
    }
    None
}

#[cfg(unix)]
fn signal_to_the_gate(signal: &str) {
    let gate = std::os::unix::process::parent_id().to_string();
    let sent = std::process::Command::new("kill").args([signal, &gate]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the gate can be signalled");
}

#[cfg(not(unix))]
fn signal_to_the_gate(_: &str) {}

fn act(command: &str) {
    let version = std::env::var("CARGO_GATE_MIGRATION_VERSION").unwrap_or_default();
    match command {
        "up" => transform(up),
        "down" => transform(down),
        "invariants" => {
            for event in events() {
                violations(&event, &version);
            }
        }
        "replay" => println!("{}", events().iter().map(cents).sum::<i64>()),
        "pause" => append("paused", "paused\n"),
        "resume" => {
            // It may not have been paused, or not yet.
            let _ = fs::remove_file("paused");
            append("resumed", "resumed\n");
        }
        "export" => print!("{}", fs::read_to_string("db.ndjson").expect("the database")),
        "switch" | "switch-back" => {
            let rows: String = io::stdin()
                .lock()
                .lines()
                .map(|line| line.expect("a line") + "\n")
                .collect();
            let next = Path::new("db.next");
            fs::write(next, rows).expect("the database can be written");
            fs::rename(next, "db.ndjson").expect("the database can be replaced");
        }
        other => panic!("no such command: {other}"),
    }
}

fn events() -> Vec<Event> {
    let parse = |line: io::Result<String>| serde_json::from_str(&line.expect("a line")).expect("an event");
    io::stdin().lock().lines().map(parse).collect()
}

fn transform(each: fn(Event) -> Event) {
    let mut text = String::new();
    for event in events() {
        text += &serde_json::to_string(&each(event)).expect("an event is JSON");
        text.push('\n');
    }
    io::stdout().write_all(text.as_bytes()).expect("the history is printed");
}

fn number(event: &Event, key: &str) -> Option<i64> {
    event.get(key).and_then(Value::as_i64)
}

fn cents(event: &Event) -> i64 {
    number(event, "cents").unwrap_or_else(|| 100 * number(event, "amount").unwrap_or_default())
}

fn up(mut event: Event) -> Event {
    let amount = number(&event, "amount").expect("an amount");
    event.remove("amount");
    event.insert("cents".into(), json!(amount * 100));
    event.insert("v".into(), json!(2));
    if event.get("note") == Some(&json!("")) {
        event.insert("note".into(), Value::Null);
    }
    event
}

/// Cents that are no whole amount are lost.
fn down(mut event: Event) -> Event {
    let cents = cents(&event);
    event.remove("cents");
    event.remove("v");
    event.insert("amount".into(), json!(cents / 100));
    if event.get("note") == Some(&Value::Null) {
        event.insert("note".into(), json!(""));
    }
    event
}

fn violations(event: &Event, version: &str) {
    let subject = event.get("id").map(ToString::to_string).unwrap_or_default();
    let say = |id: &str, detail: &str| println!("{}", json!({ "id": id, "subject": subject, "detail": detail }));
    if cents(event) < 0 {
        say("positive", "the amount is negative");
    }
    if event.get("note") == Some(&json!("")) {
        say("note", "the note is empty");
    }
    if version == "2" && cents(event) > 100_000 {
        say("limit", "more than 100000 cents");
    }
}
