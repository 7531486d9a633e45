//! Completions in the shells themselves, and the pages of the manual.

use std::collections::BTreeSet;
use std::fs;

use gate_tests::gate;

#[test]
fn every_page_that_the_manual_names_is_there() {
    let gate = gate!();
    let run = gate.run(["man", "man"]);
    assert_eq!(run.code, Some(0), "{run}");
    let pages: BTreeSet<String> = fs::read_dir(gate.workspace().join("man"))
        .expect("the directory of the pages")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(pages.len() > 40, "{pages:?}");
    let mut named = BTreeSet::new();
    for page in &pages {
        let text = gate.read(&format!("man/{page}")).replace("\\-", "-");
        for (at, _) in text.match_indices("(1)") {
            let start = text[..at].rfind(|char: char| !char.is_ascii_alphanumeric() && char != '-');
            named.insert(format!("{}.1", &text[start.map_or(0, |start| start + 1)..at]));
        }
    }
    assert!(named.contains("cargo-gate-kernels-compile.1"), "{named:?}");
    assert_eq!(named.difference(&pages).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::process::Command;

    use gate_tests::gate;
    use gate_tests::harness::Gate;

    /// Beginnings that one word alone continues, by the words before and the completed word.
    const UNIQUE: &[(&str, &str)] = &[
        ("cargo-gate contr", "controlled"),
        ("cargo gate contr", "controlled"),
        ("cargo gate pilot --stri", "--strict"),
        ("cargo gate kern", "kernels"),
        ("cargo gate kernels comp", "compile"),
        ("cargo gate evidence cache ver", "verify"),
        ("cargo gate status --message-format hu", "human"),
    ];

    /// A shell, which has to be there: a test of completions that found no shell would show nothing.
    fn shell(gate: &Gate, name: &str) -> Command {
        let found = Command::new(name).arg("-c").arg("exit 0").status();
        assert!(
            found.is_ok_and(|status| status.success()),
            "`{name}` is not installed: `apt-get install {name}` or `brew install {name}`"
        );
        let mut command = Command::new(name);
        command.current_dir(gate.workspace());
        command
    }

    fn script(gate: &Gate, shell: &str, file: &str) {
        let run = gate.run(["completions", shell]);
        assert_eq!(run.code, Some(0), "{run}");
        gate.write(file, run.stdout);
    }

    fn stdout(command: &mut Command) -> String {
        let output = command.output().expect("the shell runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{output:?}");
        text
    }

    /// Where the toolchain keeps the completions of cargo itself.
    fn sysroot() -> String {
        let output = Command::new("rustc").args(["--print", "sysroot"]).output();
        String::from_utf8_lossy(&output.expect("rustc runs").stdout)
            .trim()
            .to_owned()
    }

    #[test]
    fn bash_completes() {
        let gate = gate!();
        script(&gate, "bash", "cargo-gate.bash");
        gate.write(
            "complete.bash",
            "for file in $BEFORE ./cargo-gate.bash; do source \"$file\"; done\n\
             read -ra COMP_WORDS <<< \"$1\"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_LINE=$1; COMP_POINT=${#1}\n\
             function=$(complete -p \"${COMP_WORDS[0]}\"); function=${function#*-F }\n\
             ${function%% *} \"${COMP_WORDS[0]}\" \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"\n\
             printf '%s\\n' \"${COMPREPLY[@]}\"\n",
        );
        let cargo = format!("{}/etc/bash_completion.d/cargo", sysroot());
        for before in ["", cargo.as_str()] {
            let complete = |line: &str| {
                let mut bash = shell(&gate, "bash");
                stdout(bash.env("BEFORE", before).args(["--norc", "complete.bash", line]))
            };
            for (line, word) in UNIQUE {
                assert_eq!(complete(line), format!("{word}\n"), "{line}");
            }
            let all = complete("cargo gate govern re");
            assert_eq!(all, "register\n");
        }
        // What completed `cargo` before still does.
        let mut bash = shell(&gate, "bash");
        let rest = stdout(
            bash.env("BEFORE", &cargo)
                .args(["--norc", "complete.bash", "cargo metad"]),
        );
        assert!(rest.contains("metadata\n"), "{rest}");
    }

    #[test]
    fn fish_completes() {
        let gate = gate!();
        script(&gate, "fish", "cargo-gate.fish");
        for (line, word) in UNIQUE {
            let mut fish = shell(&gate, "fish");
            let said = stdout(
                fish.args(["--no-config", "-c"])
                    .arg(format!("source cargo-gate.fish; complete -C '{line}'")),
            );
            let words: Vec<&str> = said
                .lines()
                .map(|line| line.split('\t').next().unwrap_or(line))
                .collect();
            assert_eq!(words, [*word], "{line}: {said}");
        }
    }

    #[test]
    fn zsh_completes() {
        let gate = gate!();
        fs::create_dir(gate.workspace().join("functions")).expect("a directory");
        script(&gate, "zsh", "functions/_cargo-gate");
        // A key that completes and writes what the line has become. A shell behind a pseudo-terminal is the only one that
        // completes.
        gate.write(
            "setup.zsh",
            "autoload -Uz compinit && compinit -u -D\n\
             show() { zle complete-word; print -r -- \"$BUFFER\" > became.tmp; mv became.tmp became }\n\
             zle -N show; bindkey '^X' show; PROMPT=\n",
        );
        gate.write(
            "complete.zsh",
            "zmodload zsh/zpty\nzpty shell zsh -f -i\n\
             zpty -w shell \"fpath=($1 \\$fpath); source ./setup.zsh; touch listening\"\n\
             for try in {1..600}; do [[ -e listening ]] && break; zpty -rt shell line; sleep 0.1; done\n\
             zpty -w -n shell \"$2\"$'\\C-x'\n\
             for try in {1..600}; do [[ -e became ]] && break; zpty -rt shell line; sleep 0.1; done\n\
             zpty -d shell; cat became; rm became listening\n",
        );
        let cargo = format!("{}/share/zsh/site-functions", sysroot());
        for fpath in [
            "functions".to_owned(),
            format!("functions {cargo}"),
            format!("{cargo} functions"),
        ] {
            let complete = |line: &str| stdout(shell(&gate, "zsh").args(["-f", "complete.zsh", &fpath, line]));
            for (line, word) in UNIQUE {
                let before = line.rsplit_once(' ').map_or("", |(before, _)| before);
                assert_eq!(complete(line).trim_end(), format!("{before} {word}"), "{fpath}: {line}");
            }
            if fpath != "functions" {
                assert_eq!(complete("cargo metad").trim_end(), "cargo metadata", "{fpath}");
            }
        }
    }
}
