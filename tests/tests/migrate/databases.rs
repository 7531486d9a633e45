//! Schemas of real databases, SQLite and PostgreSQL, migrated up and down, with failures in each step and kills at random instants.
//!
//! `cargo test --workspace --locked --test migrate -- --ignored --nocapture databases` runs these where the programs `sqlite3`, `psql`, `initdb`
//! and `pg_ctl` are; a program that is missing fails them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use gate_tests::harness::Gate;

use super::history::{declared, migrate, record, with_history};
use super::random::{kills, next, seed};

/// The history of the orders below, in both versions.
const OLD: &str = "{\"amount\":5,\"id\":1}\n{\"amount\":-2,\"id\":2}\n{\"amount\":9,\"id\":3}\n";
const NEW: &str =
    "{\"cents\":500,\"id\":1,\"v\":2}\n{\"cents\":-200,\"id\":2,\"v\":2}\n{\"cents\":900,\"id\":3,\"v\":2}\n";

/// One table, a view that is its history, and whether the service is paused.
const CREATE: &str = "CREATE TABLE service (paused integer NOT NULL); INSERT INTO service VALUES (0); CREATE TABLE orders (id integer PRIMARY KEY, \
                      amount integer NOT NULL); INSERT INTO orders VALUES (1, 5), (2, -2), (3, 9);";
const OLD_VIEW: &str =
    "CREATE VIEW history AS SELECT id, '{\"amount\":' || amount || ',\"id\":' || id || '}' AS line FROM orders;";
const NEW_VIEW: &str =
    "CREATE VIEW history AS SELECT id, '{\"cents\":' || cents || ',\"id\":' || id || ',\"v\":2}' AS line FROM orders;";
const HISTORY: &str = "SELECT line FROM history ORDER BY id;";

/// A transaction that goes to the new schema.
fn up(lock: &str, cents: &str, last: &str) -> String {
    format!(
        "{lock} DROP VIEW history; ALTER TABLE orders ADD COLUMN cents integer; UPDATE orders SET cents = {cents}; ALTER TABLE orders DROP COLUMN \
         amount; {NEW_VIEW} {last} COMMIT;"
    )
}

/// A transaction that goes back, whatever amounts the new schema has.
fn down(lock: &str) -> String {
    format!(
        "{lock} DROP VIEW history; ALTER TABLE orders ADD COLUMN amount integer; UPDATE orders SET amount = cents / 100; ALTER TABLE orders DROP \
         COLUMN cents; {OLD_VIEW} COMMIT;"
    )
}

/// A database, and how to talk to it.
trait Database {
    /// The command that runs SQL.
    fn client(&self, sql: &str) -> Vec<String>;
    /// How a transaction begins that nobody else reads in.
    const LOCK: &'static str;
    const NAME: &'static str;

    fn sql(&self, sql: &str) -> String {
        let words = self.client(sql);
        let output = Command::new(&words[0]).args(&words[1..]).output();
        said(
            &output.unwrap_or_else(|error| panic!("`{}` is needed: {error}", words[0])),
            sql,
        )
    }

    fn history(&self) -> String {
        self.sql(HISTORY).replace("\r\n", "\n")
    }

    fn is_paused(&self) -> bool {
        self.sql("SELECT paused FROM service;").trim() == "1"
    }
}

fn said(output: &Output, what: &str) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

struct Sqlite(PathBuf);

impl Database for Sqlite {
    const LOCK: &'static str = "BEGIN IMMEDIATE;";
    const NAME: &'static str = "SQLite";

    fn client(&self, sql: &str) -> Vec<String> {
        let file = self.0.to_string_lossy().into_owned();
        ["sqlite3", "-batch", "-bail", "-cmd", ".timeout 20000", &file, sql]
            .map(str::to_owned)
            .to_vec()
    }
}

/// A server of its own, which ends with the test.
struct Postgres {
    directory: tempfile::TempDir,
}

impl Postgres {
    fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let server = Self { directory };
        let (data, socket) = (server.data(), server.socket());
        if is_root() {
            // The server refuses to run as root.
            said(&run("chmod", &["755", &socket]), "chmod");
            said(&run("mkdir", &["-p", &data]), "mkdir");
            said(&run("chown", &["-R", "postgres", &socket]), "chown");
        }
        said(
            &server.run_as_owner("initdb", &["-D", &data, "-U", "gate", "-A", "trust", "--no-sync"]),
            "initdb",
        );
        let options = format!("-c listen_addresses= -c fsync=off -k {socket}");
        let log = format!("{socket}/log");
        said(
            &server.run_as_owner("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]),
            "pg_ctl start",
        );
        server
    }

    fn socket(&self) -> String {
        self.directory.path().display().to_string()
    }

    fn data(&self) -> String {
        format!("{}/data", self.socket())
    }

    fn run_as_owner(&self, program: &str, arguments: &[&str]) -> Output {
        if is_root() {
            let words: Vec<&str> = ["-u", "postgres", "--", program]
                .into_iter()
                .chain(arguments.iter().copied())
                .collect();
            return run("runuser", &words);
        }
        run(program, arguments)
    }
}

fn is_root() -> bool {
    String::from_utf8_lossy(&run("id", &["-u"]).stdout).trim() == "0"
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program)
        .args(arguments)
        .current_dir("/")
        .stdin(Stdio::null())
        .output();
    output.unwrap_or_else(|error| panic!("`{program}` is needed: {error}"))
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        drop(self.run_as_owner("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]));
    }
}

impl Database for Postgres {
    const LOCK: &'static str = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;";
    const NAME: &'static str = "PostgreSQL";

    fn client(&self, sql: &str) -> Vec<String> {
        let socket = self.socket();
        [
            "psql",
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            &socket,
            "-U",
            "gate",
            "-d",
            "postgres",
            "-c",
            sql,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

fn words(words: &[String]) -> String {
    serde_json::to_string(words).expect("JSON, which is TOML here")
}

/// The declaration for a database, with other SQL for some keys.
fn policy<D: Database>(database: &D, other: &[(&'static str, String)]) -> String {
    let mut sql = vec![
        ("export", HISTORY.to_owned()),
        ("pause", "UPDATE service SET paused = 1;".to_owned()),
        ("resume", "UPDATE service SET paused = 0;".to_owned()),
        ("switch", up(D::LOCK, "amount * 100", "")),
        ("switch-back", down(D::LOCK)),
    ];
    sql.extend(other.iter().cloned());
    let lines: Vec<(&str, String)> = sql
        .iter()
        .map(|(key, sql)| (*key, words(&database.client(sql))))
        .collect();
    let lines: Vec<(&str, &str)> = lines.iter().map(|(key, value)| (*key, value.as_str())).collect();
    declared("database", &lines)
}

fn workspace<D: Database>(database: &D) -> Gate {
    database.sql(&format!("{CREATE} {OLD_VIEW}"));
    assert_eq!(database.history(), OLD);
    let gate = with_history("database", &[]);
    gate.write("gate.toml", policy(database, &[]));
    gate
}

/// Up, down, what fails in each step, and kills.
fn tried<D: Database>(database: &D) {
    let gate = workspace(database);
    let whole = up_and_down(database, &gate);
    failures(database, &gate);
    killed(database, &gate, whole);
}

fn up_and_down<D: Database>(database: &D, gate: &Gate) -> Duration {
    let run = migrate(gate, "dry-run");
    assert_eq!((run.code, database.history().as_str()), (Some(0), OLD), "{run}");
    let began = Instant::now();
    let run = migrate(gate, "cutover");
    let whole = began.elapsed();
    assert_eq!((run.code, database.history().as_str()), (Some(0), NEW), "{run}");
    // What came since has a way back.
    database.sql("INSERT INTO orders (id, cents) VALUES (4, 100);");
    let run = migrate(gate, "rollback");
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(database.history(), format!("{OLD}{{\"amount\":1,\"id\":4}}\n"));
    // Here it has none.
    assert_eq!(migrate(gate, "cutover").code, Some(0));
    database.sql("INSERT INTO orders (id, cents) VALUES (5, 150);");
    let history = database.history();
    let run = migrate(gate, "rollback");
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(database.history(), history);
    database.sql("DELETE FROM orders WHERE id = 5;");
    assert_eq!(migrate(gate, "rollback").code, Some(0));
    database.sql("DELETE FROM orders WHERE id = 4;");
    assert_eq!(database.history(), OLD);
    println!("{}: up and down, a cutover takes {} ms", D::NAME, whole.as_millis());
    whole
}

fn failures<D: Database>(database: &D, gate: &Gate) {
    let broken = "SELECT * FROM nowhere;".to_owned();
    for (key, sql, outcome) in [
        ("export", broken.clone(), None),
        ("pause", broken.clone(), Some("not_switched")),
        // In the middle of the transaction.
        ("switch", up(D::LOCK, "amount * 100", &broken), Some("not_switched")),
        // A transaction that does something else.
        ("switch", up(D::LOCK, "amount * 10", ""), Some("rolled_back")),
        ("switch", "SELECT 1;".to_owned(), Some("not_switched")),
    ] {
        gate.write("gate.toml", policy(database, &[(key, sql.clone())]));
        // Otherwise going back would give a tenth of it.
        let back = down(D::LOCK).replace("cents / 100", "cents / 10");
        if outcome == Some("rolled_back") {
            gate.write(
                "gate.toml",
                policy(database, &[(key, sql.clone()), ("switch-back", back)]),
            );
        }
        let run = migrate(gate, "cutover");
        assert_eq!(run.code, Some(1), "{key}: {sql}: {run}");
        assert_eq!(database.history(), OLD, "{key}: {sql}: {run}");
        assert!(!database.is_paused(), "{key}: {sql}: {run}");
        if let Some(outcome) = outcome {
            assert_eq!(record(gate)["outcome"], outcome, "{key}: {sql}: {run}");
        }
        assert_eq!(migrate(gate, "status").code, Some(0));
        println!("{}: `{key}` fails: {}", D::NAME, outcome.unwrap_or("nothing begins"));
    }
    gate.write("gate.toml", policy(database, &[("resume", broken)]));
    let run = migrate(gate, "cutover");
    assert_eq!((run.code, database.is_paused()), (Some(1), true), "{run}");
    assert_eq!(migrate(gate, "status").code, Some(1));
    gate.write("gate.toml", policy(database, &[]));
    // The journal has the commands that the attempt began with.
    assert_eq!(migrate(gate, "status").code, Some(1));
    database.sql("CREATE TABLE nowhere (id integer);");
    assert_eq!(migrate(gate, "status").code, Some(0));
    database.sql("DROP TABLE nowhere; UPDATE service SET paused = 0;");
    assert_eq!(database.history(), NEW);
    assert_eq!(migrate(gate, "rollback").code, Some(0));
}

fn killed<D: Database>(database: &D, gate: &Gate, whole: Duration) {
    let kills = kills(12);
    let mut random = seed(kills);
    let (mut moved, mut recovered, mut paused) = (0, 0, 0);
    for kill in 0..kills {
        let migrated = database.history() == NEW;
        let what = if migrated { "rollback" } else { "cutover" };
        drop(std::fs::remove_file(
            gate.workspace().join("target/gate/migrations/orders/cutover.json"),
        ));
        let mut running = gate
            .gate_command()
            .args(["release", "migrate", what, "orders"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the gate can be started");
        std::thread::sleep(Duration::from_micros(next(&mut random) % whole.as_micros() as u64));
        running.kill().expect("the gate can be killed");
        running.wait().expect("the gate has ended");
        paused += u64::from(database.is_paused());
        // It waits for what still ends, and finishes what nothing else has finished.
        let status = migrate(gate, "status");
        assert_eq!(status.code, Some(0), "kill {kill} of {what}: {status}");
        assert!(!database.is_paused(), "kill {kill} of {what}: left paused");
        let now = database.history();
        assert!(now == OLD || now == NEW, "kill {kill} of {what}: {now}");
        moved += u64::from((now == NEW) != migrated);
        recovered += u64::from(record(gate)["recovered"] == true);
    }
    println!(
        "{}: {kills} kills, 0 left paused, 0 half migrated; {paused} were paused when killed, {recovered} recovered, {moved} moved",
        D::NAME
    );
}

#[test]
#[ignore = "needs sqlite3; the head of this file has the command"]
fn databases_sqlite() {
    let directory = tempfile::tempdir().expect("a directory");
    let file: &Path = &directory.path().join("orders.db");
    tried(&Sqlite(file.to_owned()));
}

#[test]
#[ignore = "needs a PostgreSQL installation; the head of this file has the command"]
fn databases_postgresql() {
    tried(&Postgres::start());
}
