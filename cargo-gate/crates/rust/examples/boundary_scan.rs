//! How long the boundary scan and the scan of library code take beside a bare pass of rustc's lexer over the same files, in one process:
//! `cargo run --release -p cargo-gate-rust --example boundary_scan -- DIRECTORY [ROUNDS]`.
//!
//! Both read the files from disk (from the page cache after the first round) on all cores with the same scheduler and
//! take turns, so that the ratio holds on a busy machine too. Printed are medians.
#![expect(clippy::print_stdout, reason = "its output is the measurement")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gate_base::parallel;
use gate_rust::boundary::scan::{Depth, scan_file};
use gate_rust::code;
use ra_ap_rustc_lexer::{FrontmatterAllowed, tokenize};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(directory) = arguments.next() else {
        println!("usage: boundary_scan DIRECTORY [ROUNDS]");
        return ExitCode::from(2);
    };
    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or(15);
    let mut files = Vec::new();
    collect(Path::new(&directory), &mut files);
    files.sort();

    let mut reading = Vec::new();
    let mut lexing = Vec::new();
    let mut scanning = Vec::new();
    let mut library = Vec::new();
    let (mut lines, mut sites, mut tokens, mut panics) = (0, 0, 0, 0);
    for _ in 0..rounds {
        let start = Instant::now();
        lines = sum(&files, &|bytes| bytes.iter().filter(|byte| **byte == b'\n').count());
        reading.push(start.elapsed());
        let start = Instant::now();
        tokens = sum(&files, &|bytes| {
            tokenize(&String::from_utf8_lossy(bytes), FrontmatterAllowed::Yes)
                .map(black_box)
                .count()
        });
        lexing.push(start.elapsed());
        let start = Instant::now();
        sites = sum(&files, &|bytes| black_box(scan_file(bytes, Depth::Sites)).sites.len());
        scanning.push(start.elapsed());
        let start = Instant::now();
        panics = sum(&files, &|bytes| black_box(code::scan::scan_file(bytes)).panics.len());
        library.push(start.elapsed());
    }
    let (reading, lexing) = (median(reading), median(lexing));
    let (scanning, library) = (median(scanning), median(library));
    println!(
        "{} files, {lines} lines, {tokens} tokens, {sites} sites, {panics} places that panic, {rounds} rounds",
        files.len()
    );
    println!("read and count lines  {:>9.2} ms", millis(reading));
    println!("bare lexer pass       {:>9.2} ms", millis(lexing));
    println!("boundary scan         {:>9.2} ms", millis(scanning));
    println!("library scan          {:>9.2} ms", millis(library));
    println!(
        "scan / lexer          {:>9.2}",
        scanning.as_secs_f64() / lexing.as_secs_f64()
    );
    println!(
        "library scan / lexer  {:>9.2}",
        library.as_secs_f64() / lexing.as_secs_f64()
    );
    ExitCode::SUCCESS
}

fn sum(files: &[PathBuf], work: &(dyn Fn(&[u8]) -> usize + Sync)) -> usize {
    parallel::map(files, &|file| std::fs::read(file).map_or(0, |bytes| work(&bytes)))
        .into_iter()
        .sum()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != "target" => collect(&path, files),
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") => {
                files.push(path);
            }
            _ => {}
        }
    }
}
