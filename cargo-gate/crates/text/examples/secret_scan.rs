//! How fast the scan for secrets is, and what it finds: `secret_scan <directory> [rounds]`. One thread; the files that
//! git tracks are read before the clock starts, and the fastest round counts.

#![expect(clippy::print_stdout, reason = "an example speaks to its user")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use gate_text::secrets::{self, Severity, TextScan};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".to_owned());
    let rounds: usize = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let output = Command::new("git")
        .args(["-C", &directory, "ls-files", "-z"])
        .output()?;
    let names = String::from_utf8_lossy(&output.stdout);
    let files: Vec<(&str, Vec<u8>)> = names
        .split_terminator('\0')
        .filter_map(|name| Some((name, std::fs::read(Path::new(&directory).join(name)).ok()?)))
        .collect();
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    let lines: usize = files
        .iter()
        .filter(|(_, bytes)| !bytes.contains(&0))
        .map(|(_, bytes)| bytes.iter().filter(|byte| **byte == b'\n').count())
        .sum();

    let clock = Instant::now();
    drop(secrets::scan(b"the first scan builds the automaton"));
    let start = clock.elapsed();
    let mut times = Vec::new();
    let mut found: Vec<(&str, TextScan)> = Vec::new();
    for _ in 0..rounds.max(1) {
        let clock = Instant::now();
        found = files
            .iter()
            .map(|(name, bytes)| (*name, secrets::scan_all(bytes)))
            .collect();
        times.push(clock.elapsed());
    }
    let best = times.into_iter().min().unwrap_or_default();
    for (name, scan) in &found {
        let place = secrets::place(name);
        let meant = scan.hits.iter().filter(|hit| !hit.bare || place.is_settings);
        for hit in meant.filter(|hit| hit.kind.severity() == Severity::High) {
            let test = if place.is_test || hit.in_test || hit.guessed && place.is_prose {
                "test"
            } else {
                "CODE"
            };
            let guessed = if hit.guessed { "guessed" } else { "known" };
            println!(
                "{test} {guessed} {name}:{}:{}: {} {}",
                hit.line, hit.column, hit.what, hit.masked
            );
        }
        for unread in &scan.unread {
            let test = if place.is_test { "test" } else { "CODE" };
            println!("{test} not searched {name}: {unread}");
        }
        for home in &scan.homes {
            println!("home {name}:{}:{}: {}", home.line, home.column, home.text);
        }
    }
    let speed = bytes as f64 / 1e6 / best.as_secs_f64();
    println!(
        "{} files, {lines} lines, {:.1} MB, {:.1} ms, {speed:.0} MB/s; start {:.1} ms",
        files.len(),
        bytes as f64 / 1e6,
        best.as_secs_f64() * 1e3,
        start.as_secs_f64() * 1e3
    );
    Ok(())
}
