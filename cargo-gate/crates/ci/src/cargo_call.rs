//! What a command line asks of cargo.

use super::expand::{Argument, UNKNOWN};

/// A call of cargo, or of a program that takes its arguments such as `cross`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CargoCall<'a> {
    /// The program: `cargo`, `cross`, or a variable that holds it.
    pub program: &'a Argument,
    /// The subcommand; empty where there is none.
    pub subcommand: &'a str,
    /// What follows the subcommand, up to `--`.
    pub arguments: &'a [Argument],
    /// Arguments before the subcommand.
    pub global: &'a [Argument],
}

/// An answer that may depend on the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// So it is.
    Yes,
    /// It is not.
    No,
    /// Only the run knows.
    Unknown,
}

/// Programs that start the program that follows their own arguments.
const WRAPPERS: &str = "arch caffeinate command dbus-run-session docker doas env exec faketime ionice mold nice nix nohup numactl op podman \
    retry rustup setarch stdbuf strace sudo systemd-run taskset time timeout unbuffer valgrind wsl xvfb-run";

/// Options whose next argument is their value.
const WITH_VALUE: &str = "--artifact-dir --archive-file --bench --bin --cargo-profile --color --config --config-file --depth --engine --example \
    --exclude --exclude-features --features --filter-expr --group-features --ignore-filename-regex --jobs --lockfile-path \
    --manifest-path --message-format --out --out-dir --output-dir --output-path --package --partition --path --profile \
    --retries --skip --target --target-dir --test --test-threads --timeout --version-range -C -E -F -Z -j -o -p";

fn is_one_of(names: &str, name: &str) -> bool {
    names.split(' ').any(|one| one == name)
}

/// The arguments of a command from its program on, with what only starts it (`sudo`, `time`, `xvfb-run`) left out.
pub fn program(arguments: &[Argument]) -> &[Argument] {
    let Some(first) = arguments.first() else { return &[] };
    // A program that only the run knows, in front of cargo, is one of them, or nothing.
    let wraps = first.text().is_none_or(|text| is_one_of(WRAPPERS, base_name(text)));
    if !wraps || is_cargo(first) {
        return arguments;
    }
    let inner = arguments.iter().skip(1).position(is_cargo);
    inner.map_or(arguments, |at| &arguments[at + 1..])
}

/// Name of a program without its directory and `.exe`.
pub fn base_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn is_cargo(argument: &Argument) -> bool {
    match argument {
        Argument::Text(text) if base_name(text).contains(UNKNOWN) => false,
        Argument::Text(text) => {
            // One that the repository has built (`target/debug/cargo`) is its product, not its tool.
            let installed = !text.contains(['/', '\\']) || text.contains("bin/") || text.contains("bin\\");
            installed && matches!(base_name(text), "cargo" | "cross")
        }
        // `$CARGO`, `${{ env.CARGO }}`
        Argument::Unknown(text) => text.to_ascii_lowercase().contains("cargo") && !text.contains('('),
    }
}

impl<'a> CargoCall<'a> {
    /// Reads a command line; `None` when it does not call cargo.
    pub fn read(arguments: &'a [Argument]) -> Option<Self> {
        let (first, rest) = program(arguments).split_first()?;
        if !is_cargo(first) {
            return None;
        }
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            match argument.text() {
                Some(option) if is_one_of(WITH_VALUE, option) => at += 2,
                Some(option) if option.starts_with(['-', '+']) => at += 1,
                // A toolchain, or options: `cargo ${{ matrix.toolchain }} test`.
                None if rest.get(at + 1).is_some_and(|next| next.text().is_some_and(is_plain)) => at += 1,
                _ => break,
            }
        }
        let at = at.min(rest.len());
        let behind = rest.get(at + 1..).unwrap_or_default();
        let end = behind
            .iter()
            .position(|argument| argument.text() == Some("--"))
            .unwrap_or(behind.len());
        Some(Self {
            program: first,
            subcommand: rest.get(at).and_then(Argument::text).unwrap_or_default(),
            arguments: &behind[..end],
            global: &rest[..at],
        })
    }

    /// The first argument that is no option.
    pub fn operand(&self) -> Option<&'a str> {
        let mut is_value = false;
        for argument in self.arguments {
            let text = argument.text()?;
            if std::mem::take(&mut is_value) {
                continue;
            }
            if !text.starts_with('-') {
                return Some(text);
            }
            is_value = is_one_of(WITH_VALUE, text);
        }
        None
    }

    /// Whether an argument is there, alone or with a value behind `=`.
    pub fn has(&self, option: &str) -> bool {
        self.all().any(|argument| {
            let behind = argument.text().and_then(|text| text.strip_prefix(option));
            behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('='))
        })
    }

    /// Value of an option, `--option value` or `--option=value`.
    pub fn value(&self, option: &str) -> Option<&'a Argument> {
        let mut all = self.all();
        all.find(|argument| argument.text() == Some(option))?;
        all.next()
    }

    fn all(&self) -> impl Iterator<Item = &'a Argument> + use<'a> {
        self.global.iter().chain(self.arguments)
    }

    /// Whether one of these flags is given.
    pub fn has_flag(&self, flags: &[&str]) -> Answer {
        let mut answer = Answer::No;
        let mut is_value = false;
        for argument in self.all() {
            let value = std::mem::take(&mut is_value);
            match argument.text() {
                Some(text) if flags.contains(&text) => return Answer::Yes,
                Some(text) => is_value = !value && is_one_of(WITH_VALUE, text),
                None if value => {}
                None => answer = Answer::Unknown,
            }
        }
        answer
    }

    /// Whether it holds to the lockfile.
    pub fn is_locked(&self) -> Answer {
        self.has_flag(&["--locked", "--frozen"])
    }

    /// Whether it resolves dependencies in order to build them or to hand them to a later build. Subcommands that are
    /// not known here do not: they may not even know the flag.
    pub fn builds(&self) -> bool {
        if self.has("--help") || self.has("--version") || self.has("-h") || self.has("-V") {
            return false;
        }
        match self.subcommand {
            "b" | "bench" | "build" | "c" | "check" | "clippy" | "d" | "doc" | "fetch" | "fix" | "package"
            | "publish" | "r" | "run" | "rustc" | "rustdoc" | "t" | "test" | "vendor" | "auditable" | "ndk"
            | "tarpaulin" | "udeps" | "xwin" | "zigbuild" => true,
            "hack" => self.operand().is_none_or(|operand| {
                matches!(
                    operand,
                    "b" | "bench"
                        | "build"
                        | "c"
                        | "check"
                        | "clippy"
                        | "d"
                        | "doc"
                        | "llvm-cov"
                        | "nextest"
                        | "r"
                        | "run"
                        | "t"
                        | "test"
                )
            }),
            // A tool is no part of the workspace; its path is.
            "install" => self.has("--path"),
            "nextest" => {
                let reused = self.has("--archive-file") || self.has("--binaries-metadata");
                let operand = self.operand();
                operand == Some("archive") || matches!(operand, Some("run" | "r" | "list" | "bench")) && !reused
            }
            "llvm-cov" => !matches!(self.operand(), Some("clean" | "report" | "show-env")),
            "careful" | "miri" => !matches!(self.operand(), None | Some("clean" | "setup")),
            _ => false,
        }
    }

    /// Whether it fails where the lockfile does not fit the manifests, so that what follows it builds what the lockfile says.
    pub fn holds_to_lockfile(&self) -> bool {
        let reads = matches!(self.subcommand, "metadata" | "tree");
        self.is_locked() == Answer::Yes && (reads || self.builds())
    }

    /// Whether it is meant to change what the lockfile says, or to build without it.
    pub fn moves_dependencies(&self) -> bool {
        let chosen = ["minimal-versions", "direct-minimal-versions"];
        let unstable = self.all().any(|argument| {
            let text = argument.text().unwrap_or_default();
            chosen.contains(&text.trim_start_matches("-Z"))
        });
        unstable
            || matches!(
                self.subcommand,
                "add"
                    | "generate-lockfile"
                    | "init"
                    | "minimal-versions"
                    | "msrv"
                    | "new"
                    | "remove"
                    | "rm"
                    | "set-version"
                    | "update"
                    | "upgrade"
                    | "version-set"
            )
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && !text.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<Argument> {
        let argument = |word: &str| match word.strip_prefix('$') {
            Some(_) => Argument::Unknown(word.into()),
            None => Argument::Text(word.into()),
        };
        text.split_whitespace().map(argument).collect()
    }

    fn read(text: &str) -> String {
        let arguments = arguments(text);
        let Some(call) = CargoCall::read(&arguments) else {
            return "no cargo".into();
        };
        format!(
            "{} builds={} locked={:?} moves={}",
            call.subcommand,
            call.builds(),
            call.is_locked(),
            call.moves_dependencies()
        )
    }

    #[test]
    fn calls() {
        let table = "\
            cargo +nightly --locked test --all → test builds=true locked=Yes moves=false
            sudo -E env PATH=x xvfb-run -a cargo test -p a -- --locked → test builds=true locked=No moves=false
            $CARGO build --target $TARGET → build builds=true locked=No moves=false
            cargo build $FLAGS → build builds=true locked=Unknown moves=false
            cargo build $FLAGS --frozen → build builds=true locked=Yes moves=false
            cargo $TOOLCHAIN test → test builds=true locked=Unknown moves=false
            /usr/bin/cargo.exe fmt --all → fmt builds=false locked=No moves=false
            cross b --locked → b builds=true locked=Yes moves=false
            cargo install cargo-hack → install builds=false locked=No moves=false
            cargo install --path . --locked → install builds=true locked=Yes moves=false
            cargo nextest run --archive-file x → nextest builds=false locked=No moves=false
            cargo nextest run --profile ci → nextest builds=true locked=No moves=false
            cargo nextest show-config version → nextest builds=false locked=No moves=false
            cargo llvm-cov report → llvm-cov builds=false locked=No moves=false
            cargo llvm-cov --workspace → llvm-cov builds=true locked=No moves=false
            cargo hack check --each-feature → hack builds=true locked=No moves=false
            cargo hack --exclude a check-external-types → hack builds=false locked=No moves=false
            target/debug/cargo build → no cargo
            cargo check -Zminimal-versions → check builds=true locked=No moves=true
            cargo +nightly -Z minimal-versions update → update builds=false locked=No moves=true
            cargo miri setup → miri builds=false locked=No moves=false
            cargo deny check → deny builds=false locked=No moves=false
            cargo --version →  builds=false locked=No moves=false
            cargo test --help → test builds=false locked=No moves=false
            echo cargo build → no cargo
            \u{fffd}/bin/cargo build → build builds=true locked=No moves=false
            \u{fffd}/debug/cargo build → no cargo
            \u{fffd}cargo build → no cargo
            $SUDO cargo test → test builds=true locked=No moves=false
            docker run --rm -v .:/x rust cargo build → build builds=true locked=No moves=false
            cargo →  builds=false locked=No moves=false
             → no cargo";
        for row in table.lines() {
            let (command, wanted) = row.split_once(" → ").expect("a row");
            assert_eq!(read(command), wanted, "{command}");
        }
    }
}
