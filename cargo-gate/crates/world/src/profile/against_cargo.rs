//! The resolution compared with what cargo itself says it would build (`--unit-graph`), and once with the flags it
//! really passes to rustc.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Profile, Target, resolve};
use crate::config::{CargoConfig, ConfigLayer};
use crate::environment::Environment;
use crate::manifest::Manifest;
use gate_base::digest::Digest;
use gate_base::profile::ProfileValue;

/// A workspace `app` (root) and `member`, which use `dep` outside the workspace; `app` has a build script.
struct Case {
    directory: tempfile::TempDir,
    manifest: String,
    config: String,
    variables: Vec<(&'static str, &'static str)>,
}

impl Case {
    fn new(profiles: &str, config: &str, variables: &[(&'static str, &'static str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let manifest = format!(
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nmember = {{ path = \"member\" }}\ndep = {{ path = \"dep\" }}\n\n\
             [workspace]\nmembers = [\"member\"]\nexclude = [\"dep\"]\n\n{profiles}"
        );
        let this = Self {
            directory,
            manifest: manifest.clone(),
            config: config.to_owned(),
            variables: variables.to_vec(),
        };
        let library = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        this.write("Cargo.toml", &manifest);
        this.write("src/main.rs", "fn main() {}\n");
        this.write("build.rs", "fn main() {}\n");
        this.write("member/Cargo.toml", &library("member"));
        this.write("member/src/lib.rs", "");
        this.write("dep/Cargo.toml", &format!("{}[workspace]\n", library("dep")));
        this.write("dep/src/lib.rs", "");
        if !config.is_empty() {
            this.write(".cargo/config.toml", config);
        }
        this
    }

    fn root(&self) -> &Path {
        self.directory.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }

    fn cargo(&self, arguments: &[&str]) -> Result<String, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO") || text.starts_with("RUSTC") || text.contains("RUSTFLAGS") {
                command.env_remove(&name);
            }
        }
        let output = command
            .current_dir(self.root())
            .env("CARGO_HOME", self.root().join("home"))
            .env("RUSTC_BOOTSTRAP", "1")
            .envs(self.variables.iter().copied())
            .args(arguments)
            .args(["--offline", "--color=never"])
            .output()
            .expect("cargo runs");
        if output.status.success() {
            // `-v` writes the commands to stderr, `--unit-graph` the graph to stdout.
            let streams = [output.stdout, output.stderr].concat();
            Ok(String::from_utf8_lossy(&streams).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    fn resolve(&self, profile: &str) -> Result<Profile, super::ProfileError> {
        let manifest = Manifest::parse("Cargo.toml", self.manifest.as_str()).expect("TOML");
        let mut config = CargoConfig::default();
        if !self.config.is_empty() {
            config.layers.push(ConfigLayer {
                path: PathBuf::from(".cargo/config.toml"),
                found_by: PathBuf::from(".cargo/config.toml"),
                text: self.config.clone(),
                table: self.config.parse().expect("TOML"),
                digest: Digest::of(self.config.as_bytes()),
            });
        }
        let environment = Environment::from_pairs(self.variables.iter().copied());
        resolve(profile, Some(&manifest), &config, &environment)
    }

    /// Compares every unit that is not for the host.
    fn agrees(&self, profile: &str) {
        let ours = self.resolve(profile).expect("a profile that resolves");
        let graph = self
            .cargo(&["build", "--profile", profile, "--unit-graph", "-Zunstable-options"])
            .expect("a unit graph");
        let graph: serde_json::Value = serde_json::from_str(graph.lines().next().expect("a line")).expect("JSON");
        let mut seen = Vec::new();
        for unit in graph["units"].as_array().expect("units") {
            if unit["target"]["kind"][0] == "custom-build" {
                continue;
            }
            let name = unit["target"]["name"].as_str().expect("a name");
            seen.push(name.to_owned());
            let theirs = &unit["profile"];
            for key in super::KEYS {
                let mut value = ours.settings[key].value.clone();
                for one in &ours.overrides {
                    let applies = match &one.target {
                        Target::Dependencies => name == "dep",
                        Target::Package(spec) => spec == name,
                        Target::Build => false,
                    };
                    if applies && let Some(setting) = one.settings.get(key) {
                        value = setting.value.clone();
                    }
                }
                // What only the linker of the final program sees says nothing about a library.
                if key == "strip" && name != "app" {
                    continue;
                }
                assert_eq!(
                    theirs_of(key, theirs),
                    value,
                    "`{key}` of `{name}` in {profile}: {theirs}"
                );
            }
        }
        seen.sort();
        assert_eq!(seen, ["app", "dep", "member"]);
    }
}

/// Cargo's word for a key in our normal form.
fn theirs_of(key: &str, profile: &serde_json::Value) -> ProfileValue {
    let text = |value: &str| ProfileValue::Text(value.into());
    let field = &profile[key
        .replace('-', "_")
        .replace("debug", "debuginfo")
        .replace("debuginfo_assertions", "debug_assertions")];
    match key {
        "codegen-units" => ProfileValue::Integer(match field.as_i64() {
            Some(number) => number,
            // rustc's default.
            None if profile["incremental"] == true => 256,
            None => 16,
        }),
        "debug" => match field.as_i64() {
            Some(0) => text("none"),
            Some(1) => text("limited"),
            Some(2) => text("full"),
            _ if field.is_null() => text("none"),
            _ => text(field.as_str().expect("a word")),
        },
        "lto" => match field.as_str() {
            Some("false") => ProfileValue::Bool(false),
            Some("true") => text("fat"),
            other => text(other.expect("a word")),
        },
        "opt-level" => {
            let word = field.as_str().expect("a word");
            word.parse().map_or_else(|_| text(word), ProfileValue::Integer)
        }
        "strip" => match &field["resolved"] {
            serde_json::Value::Null => match &field["deferred"] {
                serde_json::Value::Object(named) => text(named["Named"].as_str().expect("a word")),
                _ => text("none"),
            },
            serde_json::Value::Object(named) => text(named["Named"].as_str().expect("a word")),
            _ => text("none"),
        },
        "panic" => text(field.as_str().expect("a word")),
        _ => ProfileValue::Bool(field.as_bool().expect("a boolean")),
    }
}

#[test]
fn built_in_profiles() {
    let case = Case::new("", "", &[]);
    for profile in ["dev", "release", "test", "bench"] {
        case.agrees(profile);
    }
}

#[test]
fn every_key_of_a_manifest() {
    Case::new(
        "[profile.release]\nopt-level = \"z\"\ndebug = \"line-tables-only\"\ndebug-assertions = true\n\
         overflow-checks = true\nlto = true\npanic = \"abort\"\nincremental = true\ncodegen-units = 4\nstrip = true\n",
        "",
        &[],
    )
    .agrees("release");
    Case::new(
        "[profile.dev]\nopt-level = 1\ndebug = 0\ndebug-assertions = false\noverflow-checks = false\n\
         lto = \"off\"\nincremental = false\nstrip = \"none\"\n",
        "",
        &[],
    )
    .agrees("dev");
}

#[test]
fn chains_of_inheritance() {
    let case = Case::new(
        "[profile.release]\nlto = \"thin\"\n[profile.dist]\ninherits = \"release\"\ncodegen-units = 1\n\
         [profile.dist-debug]\ninherits = \"dist\"\ndebug = 1\n[profile.bench]\ndebug = true\n\
         [profile.bench-fast]\ninherits = \"bench\"\nopt-level = 2\n",
        "",
        &[],
    );
    for profile in ["dist", "dist-debug", "bench", "bench-fast"] {
        case.agrees(profile);
    }
}

#[test]
fn overrides_of_packages() {
    let case = Case::new(
        "[profile.release]\nstrip = \"symbols\"\noverflow-checks = true\n\
         [profile.release.package.\"*\"]\noverflow-checks = false\nopt-level = \"s\"\n\
         [profile.release.package.member]\ndebug = 2\ncodegen-units = 3\n\
         [profile.release.package.app]\nopt-level = 1\n\
         [profile.release.build-override]\nopt-level = 3\n",
        "",
        &[],
    );
    case.agrees("release");
    let child = Case::new(
        "[profile.release.package.dep]\nopt-level = 0\ndebug-assertions = true\n\
         [profile.dist]\ninherits = \"release\"\n[profile.dist.package.dep]\nopt-level = 2\n",
        "",
        &[],
    );
    child.agrees("dist");
}

#[test]
fn configuration_and_environment_overrule_the_manifest() {
    let profiles = "[profile.release]\nlto = true\noverflow-checks = false\nopt-level = 1\n";
    let config = "[profile.release]\noverflow-checks = true\ncodegen-units = 2\n\
                  [profile.release.package.member]\nopt-level = 2\n[profile.only-config]\ninherits = \"release\"\nlto = false\n";
    Case::new(profiles, config, &[]).agrees("release");
    Case::new(profiles, config, &[]).agrees("only-config");
    let variables = [
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "7"),
        ("CARGO_PROFILE_RELEASE_DEBUG", "1"),
        ("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_DEBUG", "true"),
        ("CARGO_PROFILE_RELEASE_PACKAGE_member_OPT_LEVEL", "3"),
        ("CARGO_PROFILE_RELEASE_PACKAGE_dep_OPT_LEVEL", "1"),
        ("CARGO_PROFILE_ONLY_CONFIG_PANIC", "abort"),
    ];
    Case::new(profiles, config, &variables).agrees("release");
    Case::new(profiles, config, &variables).agrees("only-config");
    Case::new("", "", &[("CARGO_PROFILE_NOWHERE_INHERITS", "dev")]).agrees("nowhere");
}

#[test]
fn incremental_for_all_profiles_at_once() {
    let profiles = "[profile.release]\nincremental = true\n[profile.release.package.member]\nincremental = false\n";
    Case::new(profiles, "", &[]).agrees("release");
    Case::new(profiles, "[build]\nincremental = false\n", &[]).agrees("release");
    Case::new(profiles, "", &[("CARGO_INCREMENTAL", "0")]).agrees("release");
    Case::new("", "[build]\nincremental = false\n", &[("CARGO_INCREMENTAL", "1")]).agrees("release");
    Case::new("", "", &[("CARGO_BUILD_INCREMENTAL", "true")]).agrees("release");
    Case::new("", "", &[("CARGO_INCREMENTAL", "true")]).agrees("dev");
}

#[test]
fn what_cargo_refuses_is_refused() {
    for (profiles, config, profile, message) in [
        (
            "[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"\n",
            "",
            "a",
            "profile inheritance loop: profile `b` inherits `a`",
        ),
        (
            "[profile.a]\ninherits = \"b\"\n",
            "",
            "a",
            "profile `a` inherits from `b`, which is not defined",
        ),
        (
            "[profile.a]\nlto = true\n",
            "",
            "a",
            "profile `a` has no `inherits`, which cargo requires",
        ),
        ("", "", "missing", "profile `missing` is not defined"),
        (
            "[profile.dev]\ninherits = \"release\"\n",
            "",
            "dev",
            "`inherits` must not be specified in root profile `dev`",
        ),
        (
            "",
            "[profile.release]\nlto = \"true\"\n",
            "release",
            "profile `release` sets `lto = \"true\"`, which cargo does not accept",
        ),
        (
            "",
            "[profile.release]\nopt-level = \"fast\"\n",
            "release",
            "profile `release` sets `opt-level = \"fast\"`, which cargo does not accept",
        ),
    ] {
        let case = Case::new(profiles, config, &[]);
        assert_eq!(case.resolve(profile).expect_err(message).message, message);
        case.cargo(&["build", "--profile", profile, "--unit-graph", "-Zunstable-options"])
            .expect_err(message);
    }
}

/// The graph is what cargo plans; this is what it does.
#[test]
fn flags_that_rustc_gets() {
    let case = Case::new(
        "[profile.dist]\ninherits = \"release\"\nlto = \"fat\"\npanic = \"abort\"\noverflow-checks = true\n",
        "[profile.dist]\ncodegen-units = 2\n",
        &[
            ("CARGO_PROFILE_DIST_STRIP", "symbols"),
            ("CARGO_PROFILE_DIST_DEBUG", "1"),
        ],
    );
    let profile = case.resolve("dist").expect("a profile that resolves");
    let said = case.cargo(&["build", "-v", "--profile", "dist"]).expect("a build");
    let line = said
        .lines()
        .find(|line| line.contains("--crate-name app "))
        .expect("the compilation of `app`");
    for (key, flag) in [
        ("opt-level", "-C opt-level=3"),
        ("panic", "-C panic=abort"),
        ("lto", "-C lto=fat"),
        ("codegen-units", "-C codegen-units=2"),
        ("debug", "-C debuginfo=1"),
        ("overflow-checks", "-C overflow-checks=on"),
        ("strip", "-C strip=symbols"),
    ] {
        assert!(
            line.contains(flag),
            "`{key}` is {}: {line}",
            profile.settings[key].value
        );
    }
    let resolved: Vec<String> = profile
        .settings
        .iter()
        .map(|(key, setting)| format!("{key} = {}", setting.value))
        .collect();
    insta::assert_snapshot!(resolved.join("\n"), @r#"
    codegen-units = 2
    debug = "limited"
    debug-assertions = false
    incremental = false
    lto = "fat"
    opt-level = 3
    overflow-checks = true
    panic = "abort"
    strip = "symbols"
    "#);
}
