//! The lock as TOML.

use std::fmt::Write as _;

use super::{KernelLock, LockedEntry, LockedImage, RELOCK, VERSION};
use crate::resources::Limit;
use crate::sorted::List as _;

impl KernelLock {
    /// The text of `kernels.lock`: the same for the same lock, ending in a line end.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = format!("# Written by `{RELOCK}`: review its changes, edit the kernels.\nversion = {VERSION}\n");
        if !self.cuda.is_empty() {
            let patterns: Vec<String> = self.cuda.iter().map(|pattern| string(pattern)).list();
            let _ = writeln!(out, "cuda = [{}]", patterns.join(", "));
        }
        if !self.headers.is_empty() {
            let headers: Vec<String> = self.headers.iter().map(|headers| string(headers)).list();
            let _ = writeln!(out, "headers = [{}]", headers.join(", "));
        }
        for (kernel, budget) in &self.budgets {
            let limits: Vec<String> = budget
                .limits()
                .map(|(limit, most)| format!("{} = {most}", limit.name()))
                .list();
            let _ = write!(
                out,
                "\n[[budget]]\nkernel = {}\nlimits = {{ {} }}\n",
                string(kernel),
                limits.join(", ")
            );
        }
        for (name, unit) in &self.units {
            for (arch, image) in &unit.images {
                let _ = write!(
                    out,
                    "\n[[image]]\nunit = {}\narch = \"{arch}\"\n",
                    string(name.as_str())
                );
                write_image(&mut out, image);
            }
        }
        out
    }
}

fn write_image(out: &mut String, image: &LockedImage) {
    let _ = writeln!(out, "compiler = {}", string(&image.compiler.to_string()));
    let flags: Vec<String> = image.flags.iter().map(|flag| string(flag)).list();
    let _ = writeln!(out, "flags = [{}]", flags.join(", "));
    let _ = writeln!(out, "isa = \"{}\"", image.isa);
    let _ = writeln!(out, "ptx = {}", string(&image.ptx));
    let _ = writeln!(out, "ptx-digest = \"{}\"", image.ptx_digest);
    let _ = writeln!(out, "normalised-digest = \"{}\"", image.normalised_digest);
    let _ = writeln!(out, "source-fingerprint = \"{}\"", image.source_fingerprint);
    if let Some(ptxas) = &image.ptxas {
        let _ = writeln!(out, "ptxas = {}", string(ptxas));
    }
    let _ = writeln!(out, "facts-fingerprint = \"{}\"", image.facts_fingerprint());
    let _ = writeln!(out, "\n[image.sources]");
    for (path, digest) in &image.sources {
        let _ = writeln!(out, "{} = \"{digest}\"", string(path));
    }
    for (name, entry) in &image.entries {
        let _ = write!(out, "\n[[image.entry]]\nname = {}\n", string(name));
        write_entry(out, entry);
    }
}

fn write_entry(out: &mut String, entry: &LockedEntry) {
    let params: Vec<String> = entry.params.iter().map(|ty| format!("\"{ty}\"")).list();
    let _ = writeln!(out, "params = [{}]", params.join(", "));
    let performance = &entry.performance;
    for (key, extent) in [
        ("max-ntid", performance.max_ntid),
        ("req-ntid", performance.req_ntid),
        ("req-cluster", performance.req_cluster),
    ] {
        if let Some([x, y, z]) = extent {
            let _ = writeln!(out, "{key} = [{x}, {y}, {z}]");
        }
    }
    for (key, number) in [
        ("min-blocks", performance.min_blocks),
        ("max-blocks", performance.max_blocks),
        ("max-registers", performance.max_registers),
        ("max-cluster", performance.max_cluster),
    ] {
        if let Some(number) = number {
            let _ = writeln!(out, "{key} = {number}");
        }
    }
    if let Some(usage) = &entry.usage {
        let mut parts = Vec::new();
        for limit in Limit::ALL {
            match limit {
                Limit::Spills => {
                    parts.push(format!("spill-stores = {}", usage.spill_stores));
                    parts.push(format!("spill-loads = {}", usage.spill_loads));
                }
                _ => parts.push(format!("{} = {}", limit.name(), limit.of(usage))),
            }
        }
        parts.push(format!("local = {}", usage.local));
        let _ = writeln!(out, "usage = {{ {} }}", parts.join(", "));
    }
}

/// A basic string of TOML.
fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
