//! What is installed, and what each missing tool costs.

use std::path::Path;
use std::process::{Command, Stdio};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use gate_report::render::text;

/// A tool the gate may use.
struct Tool {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    required: bool,
    /// Whether only kernels need it.
    kernels: bool,
    /// What cannot be judged without it.
    cost: &'static str,
    install: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "cargo",
        program: "cargo",
        arguments: &["--version"],
        required: true,
        kernels: false,
        cost: "everything: no check can run",
        install: "install rustup from https://rustup.rs",
    },
    Tool {
        name: "rustc",
        program: "rustc",
        arguments: &["--version"],
        required: true,
        kernels: false,
        cost: "everything: no check can run",
        install: "install rustup from https://rustup.rs",
    },
    Tool {
        name: "git",
        program: "git",
        arguments: &["--version"],
        required: false,
        kernels: false,
        cost: "git.clean, lockfile.tracked and the history of decisions by commit",
        install: "install git from https://git-scm.com",
    },
    Tool {
        name: "cargo-nextest",
        program: "cargo",
        arguments: &["nextest", "--version"],
        required: false,
        kernels: false,
        cost: "nothing by default: test suites run with `cargo test` instead",
        install: "cargo install --locked cargo-nextest",
    },
    Tool {
        name: "clippy",
        program: "cargo",
        arguments: &["clippy", "--version"],
        required: false,
        kernels: false,
        cost: "suites with `tool = \"clippy\"`",
        install: "rustup component add clippy",
    },
    Tool {
        name: "rustfmt",
        program: "cargo",
        arguments: &["fmt", "--version"],
        required: false,
        kernels: false,
        cost: "suites with `tool = \"rustfmt\"`",
        install: "rustup component add rustfmt",
    },
    Tool {
        name: "cargo-deny",
        program: "cargo",
        arguments: &["deny", "--version"],
        required: false,
        kernels: false,
        cost: "suites with `tool = \"cargo-deny\"`: licences, bans and sources of dependencies",
        install: "cargo install --locked cargo-deny",
    },
    Tool {
        name: "cargo-semver-checks",
        program: "cargo",
        arguments: &["semver-checks", "--version"],
        required: false,
        kernels: false,
        cost: "suites with `tool = \"cargo-semver-checks\"`: changes of the API that the version does not announce",
        install: "cargo install --locked cargo-semver-checks",
    },
    Tool {
        name: "cargo-vet",
        program: "cargo",
        arguments: &["vet", "--version"],
        required: false,
        kernels: false,
        cost: "suites with `tool = \"cargo-vet\"`: dependencies that somebody has read",
        install: "cargo install --locked cargo-vet",
    },
    Tool {
        name: "nvcc",
        program: "nvcc",
        arguments: &["--version"],
        required: false,
        kernels: true,
        cost: "kernels written in CUDA C++ cannot be compiled",
        install: "install the CUDA toolkit from https://developer.nvidia.com/cuda-downloads",
    },
    Tool {
        name: "ptxas",
        program: "ptxas",
        arguments: &["--version"],
        required: false,
        kernels: true,
        cost: "generated PTX is not assembled for a device",
        install: "install the CUDA toolkit from https://developer.nvidia.com/cuda-downloads",
    },
    Tool {
        name: "clang",
        program: "clang",
        arguments: &["--version"],
        required: false,
        kernels: true,
        cost: "kernels written in C++ cannot be compiled without nvcc",
        install: "install LLVM from https://releases.llvm.org",
    },
];

/// What the workspace asks of the toolchain, where there is a workspace.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Channel that the toolchain file pins.
    pub(super) channel: Option<String>,
    /// Whether to look for what only kernels need.
    pub(super) kernels: bool,
    /// Whether `Cargo.lock` is there; absent outside a workspace.
    pub(super) lockfile: Option<bool>,
}

/// What is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Doctor {
    /// One entry per tool and per wish of the workspace, in a fixed order.
    pub(super) items: Vec<Item>,
}

/// One line of the diagnosis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Item {
    /// Tool or wish.
    pub(super) name: String,
    /// Whether it is as it should be.
    pub(super) state: State,
    /// Version, or what is there instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<String>,
    /// What its absence costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cost: Option<String>,
    /// A command or an edit that changes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<String>,
}

/// State of an [`Item`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// Not there, and the tool can do without.
    Missing,
    /// Not there, and the tool cannot do without.
    Required,
    /// There, but not what the workspace asks for.
    Differs,
}

impl Doctor {
    /// Whether a tool is missing that nothing works without.
    pub(super) fn toolchain_missing(&self) -> bool {
        self.items.iter().any(|item| item.state == State::Required)
    }
}

/// Looks at everything through `run`, which returns what a command printed, or `None` when it could not be carried out.
pub(super) fn probe(wanted: &Wanted, run: &dyn Fn(&str, &[&str]) -> Option<String>) -> Doctor {
    let mut items = Vec::new();
    for tool in TOOLS.iter().filter(|tool| wanted.kernels || !tool.kernels) {
        let found = run(tool.program, tool.arguments).and_then(|output| version(&output));
        let missing = found.is_none();
        items.push(Item {
            name: tool.name.into(),
            state: match (missing, tool.required) {
                (false, _) => State::Ok,
                (true, false) => State::Missing,
                (true, true) => State::Required,
            },
            found,
            cost: missing.then(|| tool.cost.into()),
            help: missing.then(|| tool.install.into()),
        });
    }
    let rustc = items
        .iter()
        .find(|item| item.name == "rustc")
        .and_then(|item| item.found.clone());
    if let (Some(channel), Some(rustc)) = (&wanted.channel, rustc) {
        items.push(pin(channel, &rustc));
    }
    if wanted.lockfile == Some(false) {
        items.push(Item {
            name: "Cargo.lock".into(),
            state: State::Missing,
            found: None,
            cost: Some("lockfile.tracked and lockfile.fresh; suites run without `--locked`".into()),
            help: Some("cargo generate-lockfile".into()),
        });
    }
    Doctor { items }
}

fn pin(channel: &str, rustc: &str) -> Item {
    let exact = channel.starts_with(|c: char| c.is_ascii_digit());
    // `1.95` pins a minor version, `1.95.0-x86_64-…` names a host as well; words such as `stable` pin nothing exact.
    let wanted = channel.split('-').next().unwrap_or(channel);
    let matches = !exact || rustc == wanted || rustc.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
    Item {
        name: "toolchain pin".into(),
        state: if matches { State::Ok } else { State::Differs },
        found: Some(if matches {
            channel.to_owned()
        } else {
            format!("{channel} is pinned, {rustc} would be used")
        }),
        cost: (!matches).then(|| "toolchain.matches; evidence is not what the pinned compiler would give".into()),
        help: (!matches).then(|| format!("rustup toolchain install {channel}, and unset RUSTUP_TOOLCHAIN")),
    }
}

/// The first word of the output that looks like a version.
fn version(output: &str) -> Option<String> {
    output
        .split_whitespace()
        .map(|word| word.trim_start_matches(['v', 'V']).trim_end_matches(','))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'))
        .map(str::to_owned)
}

/// Runs a command and returns what it printed; the one place outside the engine that starts processes, because doctor
/// looks at tools that no check has declared.
pub(super) fn run_command(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .env("GIT_OPTIONAL_LOCKS", "0")
        // A missing toolchain is a finding here, not something to download.
        .env("RUSTUP_AUTO_INSTALL", "0")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

const GOOD: Style = AnsiColor::Green.on_default();
const POOR: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// The diagnosis for people, styled.
pub(super) fn render(doctor: &Doctor) -> String {
    let width = doctor
        .items
        .iter()
        .map(|item| text::width(&item.name))
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for item in &doctor.items {
        let (style, word) = match item.state {
            State::Ok => (GOOD, "ok"),
            State::Missing => (POOR, "missing"),
            State::Required => (BAD, "missing"),
            State::Differs => (POOR, "differs"),
        };
        let found = item
            .found
            .as_deref()
            .map(|found| format!("  {}", text::line(found)))
            .unwrap_or_default();
        let word = if found.is_empty() {
            word.to_owned()
        } else {
            text::pad(word, 7)
        };
        out.push_str(&format!(
            "{}  {style}{word}{style:#}{found}\n",
            text::pad(&item.name, width)
        ));
        let indent = " ".repeat(width + 2);
        if let Some(cost) = &item.cost {
            out.push_str(&format!("{indent}cost: {cost}\n"));
        }
        if let Some(help) = &item.help {
            out.push_str(&format!("{indent}help: {}\n", text::line(help)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(program: &str, arguments: &[&str]) -> Option<String> {
        let output = match (program, arguments.first().copied()) {
            ("cargo", Some("--version")) => "cargo 1.95.0 (f2d3ce0bd 2026-03-21)\n",
            ("rustc", _) => "rustc 1.95.0 (59807616e 2026-04-14)\n",
            ("git", _) => "git version 2.47.3\n",
            ("cargo", Some("clippy")) => "clippy 0.1.95 (59807616e1 2026-04-14)\n",
            ("cargo", Some("fmt")) => "rustfmt 1.9.0-stable (59807616e1 2026-04-14)\n",
            ("nvcc", _) => "Cuda compilation tools, release 13.0, V13.0.88\n",
            _ => return None,
        };
        Some(output.to_owned())
    }

    fn plain(doctor: &Doctor) -> String {
        anstream::adapter::strip_str(&render(doctor)).to_string()
    }

    #[test]
    fn what_is_missing_has_a_price_and_a_remedy() {
        let wanted = Wanted {
            channel: Some("1.94.1".into()),
            kernels: true,
            lockfile: Some(false),
        };
        let doctor = probe(&wanted, &machine);
        assert!(!doctor.toolchain_missing());
        insta::assert_snapshot!(plain(&doctor));
        insta::assert_snapshot!("doctor_json", crate::cli::json(&doctor).expect("JSON"));
    }

    #[test]
    fn a_workspace_without_kernels_hears_of_no_compiler_of_kernels() {
        let doctor = plain(&probe(&Wanted::default(), &machine));
        for tool in ["nvcc", "ptxas", "clang", "kernels"] {
            assert!(!doctor.contains(tool), "{doctor}");
        }
    }

    #[test]
    fn an_empty_machine_lacks_the_toolchain() {
        let doctor = probe(&Wanted::default(), &|_, _| None);
        assert!(doctor.toolchain_missing());
        let first = plain(&doctor).lines().next().map(str::to_owned).unwrap_or_default();
        assert_eq!(first.split_whitespace().collect::<Vec<_>>(), ["cargo", "missing"]);
    }

    #[test]
    fn pins_are_compared_as_rustup_reads_them() {
        for (channel, state) in [
            ("1.95.0", State::Ok),
            ("1.95", State::Ok),
            ("1.95.0-x86_64-unknown-linux-gnu", State::Ok),
            ("stable", State::Ok),
            ("1.9", State::Differs),
            ("1.94.1", State::Differs),
        ] {
            assert_eq!(pin(channel, "1.95.0").state, state, "{channel}");
        }
    }
}
