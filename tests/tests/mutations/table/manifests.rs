//! Manifests, the lockfile, profiles and cargo's configuration, at each level.

use super::row::{BROAD, CONTROLLED, PILOT, Row, row, variable};

const LOCK: &str = "Cargo.lock";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = lockfile();
    rows.extend(profiles());
    rows
}

fn lockfile() -> Vec<Row> {
    vec![
        row("delete the lockfile", PILOT, "lockfile.tracked", |gate| {
            gate.remove(LOCK);
        }),
        row(
            "ignore the lockfile with a pattern",
            PILOT,
            "lockfile.tracked",
            |gate| {
                gate.append(".gitignore", "*.lock\n");
                gate.git(["rm", "--quiet", "--cached", LOCK]);
            },
        ),
        row("stop tracking the lockfile", CONTROLLED, "lockfile.tracked", |gate| {
            gate.append(".git/info/exclude", "Cargo.lock\n");
            gate.git(["rm", "--quiet", "--cached", LOCK]);
        }),
        row("empty the lockfile", PILOT, "lockfile.fresh", |gate| {
            gate.write(LOCK, "");
        }),
        row("leave a conflict in the lockfile", PILOT, "lockfile.fresh", |gate| {
            gate.replace(
                LOCK,
                "name = \"greet\"\n",
                "<<<<<<< ours\nname = \"greet\"\n=======\n>>>>>>> theirs\n",
            );
        }),
        row("cut the lockfile", PILOT, "lockfile.fresh", |gate| {
            let text = gate.read(LOCK);
            gate.write(LOCK, &text[..text.len() / 2]);
        }),
        row("take a package out of the lockfile", PILOT, "lockfile.fresh", |gate| {
            let text = gate.read(LOCK);
            let at = text.find("[[package]]\nname = \"native\"").expect("a package");
            gate.write(LOCK, &text[..at]);
        }),
        row("lock another version than is there", PILOT, "lockfile.fresh", |gate| {
            gate.replace(LOCK, "version = \"1.0.1\"", "version = \"1.0.9\"");
        }),
        row("depend on what is not locked", PILOT, "lockfile.fresh", |gate| {
            gate.append("native/Cargo.toml", "\n[dependencies]\ngreet = \"1\"\n");
        }),
        row(
            "depend for tests on what is not locked",
            PILOT,
            "lockfile.fresh",
            |gate| {
                gate.append("native/Cargo.toml", "\n[dev-dependencies]\ngreet = \"1\"\n");
            },
        ),
        row(
            "depend for builds on what is not locked",
            PILOT,
            "lockfile.fresh",
            |gate| {
                gate.append("native/Cargo.toml", "\n[build-dependencies]\ngreet = \"1\"\n");
            },
        ),
        row(
            "depend for one target on what is not locked",
            PILOT,
            "lockfile.fresh",
            |gate| {
                gate.append(
                    "native/Cargo.toml",
                    "\n[target.'cfg(windows)'.dependencies]\ngreet = \"1\"\n",
                );
            },
        ),
        row(
            "require a newer version than is locked",
            PILOT,
            "lockfile.fresh",
            |gate| {
                gate.replace("logic/Cargo.toml", "greet = \"1\"", "greet = \"1.5\"");
            },
        ),
        row("rename a member", PILOT, "lockfile.fresh", |gate| {
            gate.replace("native/Cargo.toml", "name = \"native\"", "name = \"inborn\"");
        }),
        row("add a member that is not locked", PILOT, "lockfile.fresh", |gate| {
            gate.replace("Cargo.toml", "\"native\"]", "\"native\", \"extra\"]");
            gate.write(
                "extra/Cargo.toml",
                "[package]\nname = \"extra\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
            );
            gate.write("extra/src/lib.rs", "//! More.\n");
        }),
        row(
            "accept any version of a dependency of a member",
            PILOT,
            "lockfile.sources",
            |gate| {
                gate.replace("logic/Cargo.toml", "greet = \"1\"", "greet = \"*\"");
            },
        ),
        row(
            "lock a dependency from git without a commit",
            PILOT,
            "lockfile.fresh",
            |gate| {
                gate.replace(
                    LOCK,
                    "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
                    "source = \"git+https://example.com/greet\"",
                );
            },
        ),
        row(
            "lock a dependency from another registry",
            PILOT,
            "lockfile.fresh",
            |gate| {
                gate.replace(
                    LOCK,
                    "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
                    "source = \"registry+https://example.com/index\"",
                );
            },
        ),
        row(
            "lock another check sum than is vendored",
            PILOT,
            "suite.test.logic",
            |gate| {
                gate.replace(LOCK, &"0".repeat(64), &"1".repeat(64));
            },
        ),
        row("break the manifest of the workspace", PILOT, "", |gate| {
            gate.append("Cargo.toml", "[[[\n");
        })
        .ends(2),
        row("break the manifest of a member", PILOT, "", |gate| {
            gate.append("logic/Cargo.toml", "= 1\n");
        })
        .ends(2),
        row("name a member that is not there", PILOT, "", |gate| {
            gate.replace("Cargo.toml", "\"native\"]", "\"native\", \"nowhere\"]");
        })
        .ends(2),
        row("delete the manifest of a member", PILOT, "", |gate| {
            gate.remove("native/Cargo.toml");
        })
        .ends(2),
        row("break the configuration of cargo", PILOT, "", |gate| {
            gate.append(".cargo/config.toml", "[[[\n");
        })
        .ends(2),
        row(
            "patch a dependency without locking it",
            PILOT,
            "lockfile.fresh",
            |gate| {
                gate.append("Cargo.toml", "\n[patch.crates-io]\ngreet = { path = \"other\" }\n");
                gate.write(
                    "other/Cargo.toml",
                    "[package]\nname = \"greet\"\nversion = \"1.0.2\"\nedition = \"2024\"\n",
                );
                gate.write("other/src/lib.rs", "//! Greets otherwise.\n");
            },
        ),
    ]
}

fn profiles() -> Vec<Row> {
    let setting = |name: &str| format!("CARGO_PROFILE_RELEASE_{name}");
    let configured = |text: &'static str| {
        row(
            format!("configure `{}`", text.replace('\n', " ").trim()),
            PILOT,
            "profile.release",
            move |gate| gate.append(".cargo/config.toml", &format!("\n{text}")),
        )
    };
    vec![
        row("drop the release profile", PILOT, "profile.release", |gate| {
            gate.replace("Cargo.toml", "\n[profile.release]\noverflow-checks = true\n", "\n");
        }),
        row(
            "switch overflow checks off in the manifest",
            PILOT,
            "profile.release",
            |gate| {
                gate.replace("Cargo.toml", "overflow-checks = true", "overflow-checks = false");
            },
        ),
        row(
            "switch overflow checks off for one package",
            PILOT,
            "profile.release",
            |gate| {
                gate.append(
                    "Cargo.toml",
                    "\n[profile.release.package.logic]\noverflow-checks = false\n",
                );
            },
        ),
        row(
            "switch overflow checks off for all packages",
            PILOT,
            "profile.release",
            |gate| {
                gate.append(
                    "Cargo.toml",
                    "\n[profile.release.package.\"*\"]\noverflow-checks = false\n",
                );
            },
        ),
        row(
            "switch overflow checks off for build scripts",
            PILOT,
            "profile.release",
            |gate| {
                gate.append(
                    "Cargo.toml",
                    "\n[profile.release.build-override]\noverflow-checks = false\n",
                );
            },
        ),
        row(
            "declare a setting of the release profile in a member",
            PILOT,
            "profile.release",
            |gate| {
                gate.replace("Cargo.toml", "\n[profile.release]\noverflow-checks = true\n", "\n");
                gate.append("logic/Cargo.toml", "\n[profile.release]\noverflow-checks = true\n");
            },
        ),
        row(
            "require a setting that the profile lacks",
            PILOT,
            "profile.release",
            |gate| {
                gate.replace(
                    "gate.toml",
                    "[profile.release]\noverflow-checks = true",
                    "[profile.release]\noverflow-checks = true\nlto = \"fat\"",
                );
            },
        ),
        configured("[profile.release]\noverflow-checks = false\n"),
        configured("[profile.release.package.native]\noverflow-checks = false\n"),
        row(
            "configure the profile above the workspace",
            PILOT,
            "profile.release",
            |gate| {
                gate.write("../.cargo/config.toml", "[profile.release]\noverflow-checks = false\n");
            },
        )
        .uncommitted(),
        row(
            "configure the profile in the home of cargo",
            PILOT,
            "profile.release",
            |gate| {
                gate.write(
                    "../cargo-home/config.toml",
                    "[profile.release]\noverflow-checks = false\n",
                );
            },
        )
        .uncommitted()
        .variable("CARGO_HOME", "../cargo-home"),
        row(
            "configure the profile in a file without an ending",
            PILOT,
            "profile.release",
            |gate| {
                gate.write("../.cargo/config", "[profile.release]\noverflow-checks = false\n");
            },
        )
        .uncommitted(),
        row(
            "include a configuration with another profile",
            PILOT,
            "profile.release",
            |gate| {
                let text = gate.read(".cargo/config.toml");
                gate.write(".cargo/config.toml", format!("include = [\"more.toml\"]\n{text}"));
                gate.write(".cargo/more.toml", "[profile.release]\noverflow-checks = false\n");
            },
        ),
        variable(&setting("OVERFLOW_CHECKS"), "false", CONTROLLED, "profile.release"),
        variable(
            &setting("BUILD_OVERRIDE_OVERFLOW_CHECKS"),
            "false",
            BROAD,
            "profile.release",
        ),
    ]
}
