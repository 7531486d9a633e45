//! Lists every raw boundary below a directory, one per line, to be read by eye:
//! `cargo run -p cargo-gate-rust --example boundary_sites -- DIRECTORY`.
#![expect(clippy::print_stdout, reason = "its output is the list")]

use std::path::Path;

use gate_rust::boundary::scan::{Depth, scan_file};

fn main() {
    for directory in std::env::args().skip(1) {
        list(Path::new(&directory));
    }
}

fn list(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            list(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && let Ok(bytes) = std::fs::read(&path)
        {
            for site in scan_file(&bytes, Depth::Sites).sites {
                println!(
                    "{}:{}:{} {} {:?} macro={} test={} `{}`",
                    path.display(),
                    site.line,
                    site.column,
                    site.kind,
                    site.safety,
                    site.in_macro,
                    site.test,
                    site.item
                );
            }
        }
    }
}
