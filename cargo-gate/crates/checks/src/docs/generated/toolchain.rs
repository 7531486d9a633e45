//! `toolchain`: which compilers the workspace is for, and how that changes.

use std::fmt::Write as _;

use super::{Facts, cell};

pub(super) fn generate(facts: &Facts<'_>) -> String {
    let Some(policy) = &facts.policy.toolchain else {
        return "No toolchain is declared.\n".to_owned();
    };
    let mut text = String::from("| toolchain | |\n| --- | --- |\n");
    let _ = writeln!(text, "| releases are built with | Rust {} |", cell(&policy.release));
    let _ = writeln!(text, "| oldest supported Rust | {} |", cell(&policy.minimum));
    if let Some(resolver) = &policy.resolver {
        let _ = writeln!(text, "| dependency resolver | {} |", cell(resolver));
    }
    let _ = writeln!(
        text,
        "| the oldest supported Rust is raised | in a {} release, announced {} days before |",
        policy.floor_raise_release.name(),
        policy.floor_notice
    );
    for floor in &policy.floors {
        let _ = writeln!(
            text,
            "| announced on {} | Rust {} |",
            floor.announced,
            cell(&floor.minimum)
        );
    }
    text
}
