//! The `cargo-gate` binary: parse, call, map to an exit code. The only place that ends the process.

fn main() {}
