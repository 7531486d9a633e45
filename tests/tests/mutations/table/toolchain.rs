//! What selects the compiler, and what the policy promises about it.

use gate_tests::harness::day;

use super::row::{BROAD, CONTROLLED, PILOT, Row, row, variable};

const PIN: &str = "rust-toolchain.toml";

pub(super) fn rows() -> Vec<Row> {
    let floats =
        |what: &str, text: &'static str| row(what, PILOT, "toolchain.pinned", move |gate| gate.write(PIN, text));
    vec![
        floats("float on stable", "[toolchain]\nchannel = \"stable\"\n"),
        floats("float on nightly", "[toolchain]\nchannel = \"nightly\"\n"),
        floats("float on a minor version", "[toolchain]\nchannel = \"1.95\"\n"),
        floats("empty the file of the toolchain", ""),
        floats("name no channel", "[toolchain]\nprofile = \"minimal\"\n"),
        floats("pin a toolchain by its path", "[toolchain]\npath = \"/opt/rust\"\n"),
        row(
            "move the file of the toolchain into a member",
            PILOT,
            "toolchain.pinned",
            |gate| {
                gate.git(["mv", PIN, "logic/"]);
            },
        ),
        row("break the file of the toolchain", PILOT, "toolchain.pinned", |gate| {
            gate.append(PIN, "[[[\n");
        }),
        row("pin an older compiler", PILOT, "toolchain.matches", |gate| {
            gate.replace(PIN, "1.95.0", "1.94.0");
        }),
        row("pin a newer compiler", CONTROLLED, "toolchain.matches", |gate| {
            gate.replace(PIN, "1.95.0", "1.99.0");
        }),
        row(
            "pin a compiler in a file that comes first",
            PILOT,
            "toolchain.matches",
            |gate| {
                gate.write("rust-toolchain", "1.90.0\n");
            },
        ),
        row("pin a beta", BROAD, "toolchain.matches", |gate| {
            gate.replace(PIN, "1.95.0", "beta-2026-01-02");
        }),
        row(
            "promise a newer Rust than is pinned, in one member",
            PILOT,
            "toolchain.msrv",
            |gate| {
                gate.replace(
                    "logic/Cargo.toml",
                    "rust-version.workspace = true",
                    "rust-version = \"1.97\"",
                );
            },
        ),
        row(
            "declare another release than is pinned",
            PILOT,
            "toolchain.policy",
            |gate| {
                gate.replace("gate.toml", "release = \"1.95.0\"", "release = \"1.96.0\"");
            },
        ),
        row(
            "declare an older minimum than manifests do",
            PILOT,
            "toolchain.policy",
            |gate| {
                gate.replace(
                    "gate.toml",
                    "minimum = \"1.95\"\nresolver",
                    "minimum = \"1.90\"\nresolver",
                );
            },
        ),
        row(
            "declare another resolver than the manifest does",
            PILOT,
            "toolchain.policy",
            |gate| {
                gate.replace("gate.toml", "resolver = \"3\"", "resolver = \"2\"");
            },
        ),
        row(
            "use another resolver than is declared",
            PILOT,
            "toolchain.policy",
            |gate| {
                gate.replace("Cargo.toml", "resolver = \"3\"", "resolver = \"2\"");
            },
        ),
        row(
            "let the review of the toolchain lapse",
            PILOT,
            "toolchain.policy",
            |gate| {
                gate.replace(
                    "gate.toml",
                    &format!("reviewed = {}", day(-10)),
                    &format!("reviewed = {}", day(-100)),
                );
            },
        ),
        row("review the toolchain tomorrow", PILOT, "toolchain.policy", |gate| {
            gate.replace(
                "gate.toml",
                &format!("reviewed = {}", day(-10)),
                &format!("reviewed = {}", day(2)),
            );
        }),
        row("raise the floor without notice", PILOT, "toolchain.floor", |gate| {
            gate.replace(
                "gate.toml",
                &format!("announced = {}", day(-60)),
                &format!("announced = {}", day(-3)),
            );
        }),
        row("announce the floor tomorrow", PILOT, "toolchain.floor", |gate| {
            gate.replace(
                "gate.toml",
                &format!("announced = {}", day(-60)),
                &format!("announced = {}", day(2)),
            );
        }),
        row(
            "lengthen the notice past the announcement",
            PILOT,
            "toolchain.floor",
            |gate| {
                gate.replace("gate.toml", "floor-notice = 30", "floor-notice = 90");
            },
        ),
        variable("RUSTUP_TOOLCHAIN", "1.42.0", PILOT, "toolchain.matches").ends(4),
        row("put another rustc in front", PILOT, "toolchain.matches", |gate| {
            shim(
                gate,
                "rustc",
                "printf 'rustc 1.80.0 (aaaaaaaaa 2024-07-21)\\nbinary: rustc\\ncommit-hash: \
                 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\ncommit-date: 2024-07-21\\nhost: \
                 x86_64-unknown-linux-gnu\\nrelease: 1.80.0\\nLLVM version: 18.1.7\\n'",
            );
        })
        .uncommitted()
        .variable("RUSTC", "../bin/rustc"),
        row("put a rustc in front that fails", PILOT, "toolchain.matches", |gate| {
            shim(gate, "rustc", "exit 1");
        })
        .uncommitted()
        .variable("RUSTC", "../bin/rustc"),
        row("name a cargo that is not there", PILOT, "", |_| {})
            .ends(4)
            .uncommitted()
            .variable("CARGO", "/nowhere/cargo"),
        row("name a cargo that prints nothing", PILOT, "", |gate| {
            shim(gate, "cargo", "exit 0");
        })
        .ends(4)
        .uncommitted()
        .variable("CARGO", "../bin/cargo"),
        row("configure another rustc", PILOT, "toolchain.matches", |gate| {
            gate.append(".cargo/config.toml", "\n[build]\nrustc = \"/nowhere/rustc\"\n");
        }),
    ]
}

/// A program in `bin` beside the workspace.
pub(super) fn shim(gate: &gate_tests::harness::Gate, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = format!("../bin/{name}");
    gate.write(&path, format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(gate.workspace().join(&path), std::fs::Permissions::from_mode(0o755))
        .expect("a script can be made executable");
}
