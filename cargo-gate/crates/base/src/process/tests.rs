//! The children are this test binary itself, started again for the one ignored test below.

use super::*;

const ROLE: &str = "CARGO_GATE_TEST_ROLE";
const LOCK: &str = "CARGO_GATE_TEST_LOCK";

/// Not a test: what the children do.
#[test]
#[ignore = "started by the other tests"]
#[expect(
    clippy::exit,
    clippy::zombie_processes,
    reason = "it plays a foreign program, which may leave children behind"
)]
fn child() {
    println!();
    match std::env::var(ROLE).as_deref() {
        Ok("exit-23") => std::process::exit(23),
        Ok("abort") => std::process::abort(),
        Ok("both") => {
            for number in 0..100 {
                println!("out {number}");
                eprintln!("err {number}");
            }
        }
        Ok("long") => println!("{}\nafter", "x".repeat(MAX_LINE + 10)),
        Ok("stdin") => {
            println!("read {:?}", io::stdin().read_line(&mut String::new()).unwrap());
        }
        Ok("park") => park(),
        Ok("family") => {
            again("grandchild").spawn().unwrap();
            park();
        }
        // Ends with the process that reads what it prints.
        #[cfg(target_os = "linux")]
        Ok("writer") => loop {
            let written = std::fs::write("written", "x");
            println!("{:?}", written.map_err(|error| error.kind()));
            std::thread::yield_now();
        },
        #[cfg(target_os = "linux")]
        Ok("writers") => {
            again("writer").spawn().unwrap();
            park();
        }
        #[cfg(windows)]
        Ok("bound") => {
            let _bound = super::bound::BoundChildren::begin().unwrap();
            again("grandchild").spawn().unwrap();
            park();
        }
        Ok("orphan") => {
            again("grandchild").spawn().unwrap();
            std::process::exit(5);
        }
        Ok("grandchild") => {
            let lock = File::create(std::env::var_os(LOCK).unwrap()).unwrap();
            lock.lock().unwrap();
            println!("\nready");
            park();
        }
        _ => {}
    }
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}

fn again(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments()).env(ROLE, role);
    command
}

fn arguments() -> [&'static str; 4] {
    /// Its name as the harness knows it: without the crate.
    const CHILD: &str = concat!(module_path!(), "::child");
    let child = CHILD.split_once("::").map_or(CHILD, |(_, name)| name);
    [child, "--exact", "--ignored", "--nocapture"]
}

struct Playground {
    directory: tempfile::TempDir,
    cancel: Cancel,
}

impl Playground {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            cancel: Cancel::default(),
        }
    }

    fn spec(&self, role: &str) -> ProcessSpec {
        let mut command = vec![std::env::current_exe().unwrap().into_os_string()];
        command.extend(arguments().map(OsString::from));
        ProcessSpec {
            command,
            directory: self.directory.path().to_owned(),
            environment: vec![
                (ROLE.into(), Some(role.into())),
                (LOCK.into(), Some(self.lock().into())),
            ],
            timeout: None,
            split_stdout: false,
            input: None,
        }
    }

    fn lock(&self) -> PathBuf {
        self.directory.path().join("lock")
    }

    fn run(&self, spec: &ProcessSpec, mut on_line: impl FnMut(&str)) -> (ProcessEnd, Vec<String>) {
        let mut lines = Vec::new();
        let mut log = File::create(self.directory.path().join("log")).unwrap();
        let end = run(spec, &mut log, &self.cancel, &mut |line| {
            on_line(line);
            lines.push(line.to_owned());
        });
        (end.unwrap(), lines)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }
}

#[test]
fn the_exit_code_is_kept() {
    let playground = Playground::new();
    let (end, _) = playground.run(&playground.spec("exit-23"), |_| {});
    assert_eq!((end.exit_code, end.signal), (Some(23), None));
    assert!(!end.timed_out && !end.cancelled);
}

#[cfg(unix)]
#[test]
fn the_signal_is_kept() {
    let playground = Playground::new();
    let (end, _) = playground.run(&playground.spec("abort"), |_| {});
    assert_eq!((end.exit_code, end.signal), (None, Some(6)));
}

#[test]
fn the_order_of_stdout_and_stderr_is_kept() {
    let playground = Playground::new();
    let (_, lines) = playground.run(&playground.spec("both"), |_| {});
    let seen: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("out ") || line.starts_with("err "))
        .collect();
    let expected: Vec<_> = (0..100)
        .flat_map(|number| [format!("out {number}"), format!("err {number}")])
        .collect();
    assert_eq!(seen, expected.iter().collect::<Vec<_>>());
    assert_eq!(playground.log().lines().collect::<Vec<_>>(), lines);
}

#[test]
fn stdout_can_be_kept_apart() {
    let playground = Playground::new();
    let spec = ProcessSpec {
        split_stdout: true,
        ..playground.spec("both")
    };
    let (_, lines) = playground.run(&spec, |_| {});
    assert!(lines.iter().any(|line| line == "out 99"));
    assert!(!lines.iter().any(|line| line.starts_with("err")));
    let log = playground.log();
    assert!(log.contains("err 99") && !log.contains("out"), "{log}");
}

#[test]
fn a_long_line_is_cut_for_the_reader_and_whole_in_the_log() {
    let playground = Playground::new();
    let (_, lines) = playground.run(&playground.spec("long"), |_| {});
    let at = lines.iter().position(|line| line.len() == MAX_LINE).unwrap();
    assert_eq!(lines[at + 1], "after");
    assert!(playground.log().contains(&"x".repeat(MAX_LINE + 10)));
}

#[test]
fn stdin_is_empty() {
    let playground = Playground::new();
    let (_, lines) = playground.run(&playground.spec("stdin"), |_| {});
    assert!(lines.iter().any(|line| line == "read 0"), "{lines:?}");
}

#[test]
fn the_time_limit_ends_it() {
    let playground = Playground::new();
    let spec = ProcessSpec {
        timeout: Some(Duration::from_millis(1)),
        ..playground.spec("park")
    };
    let (end, _) = playground.run(&spec, |_| {});
    assert!(end.timed_out && !end.cancelled);
    assert_ne!(end.exit_code, Some(0));
}

#[test]
fn a_request_made_before_the_start_ends_it() {
    let playground = Playground::new();
    playground.cancel.request();
    let (end, _) = playground.run(&playground.spec("park"), |_| {});
    assert!(end.cancelled && !end.timed_out);
}

#[test]
fn cancellation_ends_grandchildren_too() {
    let playground = Playground::new();
    let (end, _) = playground.run(&playground.spec("family"), |line| {
        if line == "ready" {
            playground.cancel.request();
        }
    });
    assert!(end.cancelled);
    // Granted when the grandchild is gone, never before.
    File::open(playground.lock()).unwrap().lock().unwrap();
}

#[test]
fn a_request_from_another_thread_wakes_the_waiter() {
    let playground = Playground::new();
    let (ready, waiting) = std::sync::mpsc::channel();
    let cancel = playground.cancel.clone();
    let requester = std::thread::spawn(move || {
        waiting.recv().unwrap();
        cancel.request();
    });
    let (end, _) = playground.run(&playground.spec("family"), |line| {
        if line == "ready" {
            ready.send(()).unwrap();
        }
    });
    requester.join().unwrap();
    assert!(end.cancelled);
}

#[test]
fn a_descendant_that_keeps_the_output_open_is_ended() {
    let playground = Playground::new();
    let (end, _) = playground.run(&playground.spec("orphan"), |_| {});
    assert_eq!(end.exit_code, Some(5));
    assert!(!end.timed_out && !end.cancelled);
}

#[test]
fn a_missing_program_is_named() {
    let playground = Playground::new();
    let spec = ProcessSpec {
        command: vec!["no-such-program-anywhere".into()],
        ..playground.spec("")
    };
    let error = run(&spec, &mut std::io::sink(), &playground.cancel, &mut |_| {}).unwrap_err();
    assert_eq!(
        error.message,
        "cannot start `no-such-program-anywhere`: no such program"
    );
    assert_eq!(
        error.help.as_deref(),
        Some("install `no-such-program-anywhere`, or put its directory on PATH")
    );
}

#[test]
fn a_missing_directory_is_named() {
    let playground = Playground::new();
    let spec = ProcessSpec {
        directory: playground.directory.path().join("gone"),
        ..playground.spec("")
    };
    let error = run(&spec, &mut std::io::sink(), &playground.cancel, &mut |_| {}).unwrap_err();
    assert!(error.message.contains("gone` does not exist"), "{}", error.message);
}

/// The end of the pipe comes when nobody holds it open any more.
#[cfg(windows)]
#[test]
fn what_a_killed_process_started_ends_with_it() {
    use std::io::{BufRead as _, BufReader};
    let playground = Playground::new();
    let mut killed = again("bound")
        .env(LOCK, playground.lock())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(killed.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap() == "ready"), "the grandchild runs");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(output.map(Result::unwrap).collect::<Vec<_>>(), [""; 0]);
    File::open(playground.lock()).unwrap().try_lock().unwrap();
}

#[test]
fn a_running_process_is_paused_killed_and_ended() {
    let playground = Playground::new();
    let start = |role: &str| {
        let (sender, lines) = std::sync::mpsc::channel();
        let spec = playground.spec(role);
        let running = Running::start(&spec, move |line, out| drop(sender.send((line.to_owned(), out)))).unwrap();
        (running, lines)
    };
    let (mut ended, lines) = start("exit-23");
    assert!(ended.wait(Duration::from_secs(60)).unwrap());
    assert_eq!(ended.ended().unwrap(), Some((Some(23), None)));
    assert!(ended.kill().is_err());
    assert!(lines.iter().all(|(_, out)| out));

    let (mut family, lines) = start("family");
    assert!(lines.iter().any(|(line, _)| line == "ready"));
    #[cfg(unix)]
    {
        assert!(family.pause().unwrap());
        family.resume().unwrap();
        assert_eq!(family.kill().unwrap(), (None, Some(9)));
    }
    #[cfg(not(unix))]
    family.kill().unwrap();
    assert!(family.ended().unwrap().is_some());
    // The grandchild of the group held it; a lock is only there for the next one once it is gone.
    File::open(playground.lock()).unwrap().lock().unwrap();

    let (mut family, lines) = start("family");
    assert!(lines.iter().any(|(line, _)| line == "ready"));
    #[cfg(unix)]
    assert!(family.pause().unwrap());
    let asked = family.stop(Duration::from_secs(60)).unwrap();
    assert_eq!(asked, cfg!(unix));
    File::open(playground.lock()).unwrap().lock().unwrap();
}

/// Of a child and of its own child, which was there before.
#[cfg(target_os = "linux")]
#[test]
fn what_is_full_gets_errors_until_it_ends() {
    let playground = Playground::new();
    let (sender, lines) = std::sync::mpsc::channel();
    let start = || {
        Running::start(&playground.spec("writers"), move |line, _| {
            drop(sender.send(line.to_owned()));
        })
    };
    let mut writers = full::prepared(start).unwrap().unwrap();
    let (can, cannot) = ("Ok(())", "Err(FileTooLarge)");
    let said = |wanted: &str| lines.iter().any(|line| line == wanted);
    assert!(said(can));
    let full = full::Full::begin(writers.id()).unwrap();
    assert!(said(cannot));
    assert_eq!(full.holds().unwrap(), 2);
    full.end().unwrap();
    assert!(said(can));
    let full = full::Full::begin(writers.id()).unwrap();
    writers.kill().unwrap();
    assert!(full.holds().is_err() && full.end().is_err());
}
