//! Compilations at the same time: that there are some, and no more than cargo allows. The fake compiler asks this test before it goes
//! on, so the test knows what is at work at every moment.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use crate::support::{Crate, program};
use gate_build::{Context, Disk, Env, Kernels, Os};
use serde_json::Value;

/// A crate of so many kernels whose compiler asks at an address.
fn crate_of(kernels: usize) -> (Crate, TcpListener) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a loopback interface");
    let mut this = Crate::new();
    for number in 0..kernels {
        this.write(&format!("kernels/k{number}.cu"), &format!("entry k{number}\n"));
    }
    let address = listener.local_addr().expect("it has an address").to_string();
    this.set("FAKE_MEET", &address);
    // A compilation that nobody answers ends the test as a failure.
    this.set("GATE_KERNEL_TIMEOUT", "60");
    (this, listener)
}

/// Lets a compilation go on.
fn go_on(mut stream: TcpStream) {
    stream.set_nonblocking(false).expect("the stream can be told");
    let mut source = String::new();
    BufReader::new(&stream)
        .read_line(&mut source)
        .expect("a compiler says what it compiles");
    assert!(source.contains(".cu"), "{source}");
    stream.write_all(b"!").expect("a compiler waits");
}

/// Answers compilations as soon as `together` of them wait, until all of them are done. Returns the most that waited at once.
fn answer(listener: &TcpListener, kernels: usize, together: usize) -> usize {
    let mut most = 0;
    let mut waiting: Vec<TcpStream> = Vec::new();
    let mut answered = 0;
    while answered < kernels {
        let (stream, _) = listener.accept().expect("a compiler asks");
        waiting.push(stream);
        // Whoever else is at work already gets the time to say so.
        listener.set_nonblocking(true).expect("the listener can be told");
        let others = (0..100).filter_map(|_| {
            thread::yield_now();
            listener.accept().ok()
        });
        waiting.extend(others.map(|(stream, _)| stream));
        listener.set_nonblocking(false).expect("the listener can be told");
        most = most.max(waiting.len());
        if waiting.len() >= together.min(kernels - answered) {
            answered += waiting.len();
            waiting.drain(..).for_each(go_on);
        }
    }
    most
}

/// Begin and end of each compilation of a report, by worker.
fn tasks(report: &Value) -> Vec<(u64, u64, u64)> {
    let tasks = report["trace"]["tasks"]
        .as_array()
        .expect("the report has a trace")
        .clone();
    let number = |task: &Value, name: &str| task[name].as_u64().expect("it is a number");
    tasks
        .iter()
        .map(|task| (number(task, "worker"), number(task, "begin_us"), number(task, "end_us")))
        .collect()
}

#[test]
fn two_compilations_overlap() {
    let (this, listener) = crate_of(2);
    // Each is answered only when both have asked: one after another, neither would end.
    let most = thread::scope(|scope| {
        let met = scope.spawn(|| answer(&listener, 2, 2));
        this.build().expect("both are compiled");
        met.join().expect("both have asked")
    });
    assert_eq!(most, 2);
    let report = this.report();
    let [(first, begin, end), (second, other_begin, other_end)] = tasks(&report)[..] else {
        panic!("{report}");
    };
    assert_ne!(first, second);
    assert!(begin < other_end && other_begin < end, "{report}");
    assert_eq!(report["trace"]["most_at_once"], 2);
}

#[test]
fn no_more_workers_are_at_work_than_num_jobs() {
    for jobs in [1, 3] {
        let (mut this, listener) = crate_of(9);
        this.set("NUM_JOBS", &jobs.to_string());
        let most = thread::scope(|scope| {
            let met = scope.spawn(|| answer(&listener, 9, jobs));
            this.build().expect("all are compiled");
            met.join().expect("all have asked")
        });
        assert_eq!(most, jobs);
        let report = this.report();
        assert_eq!(report["trace"]["most_at_once"], jobs as u64);
        assert!(tasks(&report).iter().all(|(worker, ..)| *worker < jobs as u64));
    }
}

#[test]
fn no_more_workers_are_at_work_than_the_jobserver_has_tokens() {
    // Beside the token that every build script has; `NUM_JOBS` allows more.
    for tokens in [0, 1, 2] {
        let (mut this, listener) = crate_of(9);
        this.set("NUM_JOBS", "8");
        this.set("CARGO_MANIFEST_DIR", &this.root().display().to_string());
        this.set("OUT_DIR", &this.out().display().to_string());
        let client = jobserver::Client::new(tokens).expect("a jobserver can be made");
        let mut script = Command::new(program("build_script"));
        script.env_clear().envs(this.variables());
        client.configure(&mut script);
        let jobs = tokens + 1;
        let (most, output) = thread::scope(|scope| {
            let met = scope.spawn(|| answer(&listener, 9, jobs));
            let output = script.output().expect("the script can be started");
            (met.join().expect("all have asked"), output)
        });
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(most, jobs);
        assert_eq!(this.report()["trace"]["most_at_once"], jobs as u64);
        // The next process has as many.
        #[cfg(target_os = "linux")]
        assert_eq!(client.available().expect("tokens can be counted"), tokens);
    }
}

#[test]
fn an_idle_worker_takes_what_another_has_no_time_for() {
    let (this, listener) = crate_of(7);
    // The first is answered last: whoever compiles it compiles nothing else.
    thread::scope(|scope| {
        scope.spawn(|| {
            let (held, _) = listener.accept().expect("a compiler asks");
            for _ in 1..7 {
                go_on(listener.accept().expect("a compiler asks").0);
            }
            go_on(held);
        });
        this.build().expect("all are compiled");
    });
    let report = this.report();
    // Dealt beforehand, they would have been four and three.
    assert_eq!(report["trace"]["taken_over"], 2);
    assert_eq!(report["trace"]["most_at_once"], 2);
}

/// Two builds with one store, each with a kernel of its own and one of both.
#[test]
fn two_builds_overlap_and_compile_what_both_need_once() {
    let (this, listener) = crate_of(0);
    for own in ["first", "second"] {
        let kernels = this.path(own).join("kernels");
        fs::create_dir_all(&kernels).expect("a folder can be made");
        // The longest goes first: that is how each begins with its own.
        let long = format!("entry {own}\n{}", "// long\n".repeat(100));
        fs::write(kernels.join(format!("{own}.cu")), long).expect("a file can be written");
        fs::write(kernels.join("shared.cu"), "entry shared\n").expect("a file can be written");
    }
    let mut variables = this.variables();
    variables.insert("NUM_JOBS".to_owned(), "1".to_owned());
    let waited = thread::scope(|scope| {
        let builds: Vec<_> = ["first", "second"]
            .into_iter()
            .map(|own| {
                let env = Env::new(Os::host(), variables.clone(), Disk);
                let context = Context::new(this.path(own), this.path(&format!("{own}-out")), env);
                scope.spawn(move || {
                    let kernels = Kernels::new().cuda("kernels/*.cu").arch(["sm_80"]);
                    kernels.compile_in(&context).map(|(built, _)| built.units.len())
                })
            })
            .collect();
        // Their own kernels are compiled at the same time, and then whatever one of them does for both.
        let waited = answer(&listener, 3, 2);
        for build in builds {
            assert_eq!(build.join().expect("no build panics").expect("it builds"), 2);
        }
        waited
    });
    assert_eq!(waited, 2);
    let log = this.log();
    let count = |name: &str| log.iter().filter(|line| line.contains(name)).count();
    assert_eq!(
        (count("first.cu"), count("second.cu"), count("shared.cu"), log.len()),
        (1, 1, 1, 3),
        "{log:?}"
    );
}
