//! `cargo xtask new-check area.name`: a file for the check, its lines in the catalogue, two fixture workspaces.
//!
//! What is scaffolded compiles, and fails the project's tests until the capitalised words are replaced.

use std::fs;
use std::path::Path;

use crate::Result;

const TEMPLATE: &str = include_str!("templates/check.rs.in");
const CATALOGUE: &str = "cargo-gate/src/checks/mod.rs";

/// Writes the files of a new check and returns their paths. Nothing is written when one of them exists already.
///
/// # Errors
/// The id is malformed or taken, the catalogue does not have the expected shape, a file cannot be written.
pub fn scaffold(root: &Path, id: &str) -> Result<Vec<String>> {
    let module = module_name(id)?;
    let catalogue =
        fs::read_to_string(root.join(CATALOGUE)).map_err(|error| format!("cannot read `{CATALOGUE}`: {error}"))?;
    let registered = register(&catalogue, &module)?;
    let since = env!("CARGO_PKG_VERSION");
    let check = TEMPLATE.replace("{id}", id).replace("{since}", since);

    let mut files = vec![(format!("cargo-gate/src/checks/{module}.rs"), check)];
    for twin in ["fail", "clean"] {
        let directory = format!("tests/fixtures/{id}/{twin}");
        files.push((format!("{directory}/Cargo.toml"), manifest(&module)));
        files.push((format!("{directory}/Cargo.lock"), lockfile(&module)));
        files.push((format!("{directory}/rust-toolchain.toml"), toolchain(root)?));
        files.push((format!("{directory}/src/lib.rs"), LIBRARY.to_owned()));
    }
    if let Some((taken, _)) = files.iter().find(|(path, _)| root.join(path).exists()) {
        return Err(format!("`{taken}` exists already").into());
    }
    files.push((CATALOGUE.to_owned(), registered));
    for (path, text) in &files {
        write(root, path, text)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn write(root: &Path, path: &str, text: &str) -> Result {
    let file = root.join(path);
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(&file, text).map_err(|error| format!("cannot write `{path}`: {error}").into())
}

/// `area_some_name` of `area.some-name`.
fn module_name(id: &str) -> Result<String> {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let words = |words: &str| words.split('-').all(word);
    match id.split_once('.') {
        Some((area, name)) if word(area) && words(name) => Ok(format!("{area}_{}", name.replace('-', "_"))),
        _ => Err(format!("`{id}` is not the id of a check, write `area.name` in lower case").into()),
    }
}

/// The catalogue with the module declared in alphabetical order and the check listed after the last one of its area,
/// or at the end when the area is new.
fn register(catalogue: &str, module: &str) -> Result<String> {
    let declaration = format!("pub mod {module};");
    let entry = format!("    &{module}::CHECK,");
    let mut lines: Vec<String> = catalogue.lines().map(str::to_owned).collect();
    if lines.contains(&declaration) {
        return Err(format!("`{CATALOGUE}` declares `{module}` already").into());
    }
    let is_declaration = |line: &String| line.starts_with("pub mod ") && line.ends_with(';');
    let at = lines
        .iter()
        .rposition(|line| is_declaration(line) && *line < declaration)
        .map(|before| before + 1)
        .or_else(|| lines.iter().position(is_declaration))
        .ok_or_else(|| format!("`{CATALOGUE}` declares no module"))?;
    lines.insert(at, declaration);

    let (start, first) = lines
        .iter()
        .enumerate()
        .find(|(_, line)| line.starts_with("pub const ALL"))
        .ok_or_else(|| format!("`{CATALOGUE}` has no `pub const ALL`"))?;
    if let Some(open) = first.strip_suffix("];").filter(|open| open.ends_with("&[")) {
        let open = open.to_owned();
        lines.splice(start..=start, [open, entry, "];".to_owned()]);
    } else {
        let of_list = || lines.iter().enumerate().skip(start);
        let (end, _) = of_list()
            .find(|(_, line)| *line == "];")
            .ok_or_else(|| format!("`pub const ALL` in `{CATALOGUE}` does not end in a line `];`"))?;
        let (area, _) = module.split_once('_').unwrap_or((module, ""));
        let of_area = format!("    &{area}_");
        let last = of_list()
            .take_while(|(at, _)| *at < end)
            .filter(|(_, line)| line.starts_with(&of_area))
            .last();
        let at = last.map_or(end, |(at, _)| at + 1);
        lines.insert(at, entry);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    Ok(text)
}

const LIBRARY: &str = "//! Fixture.\n\n#[test]\nfn passes() {}\n";

/// The toolchain file of the project: fixtures are judged with the compiler that is there.
fn toolchain(root: &Path) -> Result<String> {
    const FILE: &str = "rust-toolchain.toml";
    let text = fs::read_to_string(root.join(FILE)).map_err(|error| format!("cannot read `{FILE}`: {error}"))?;
    let channel = text
        .lines()
        .find(|line| line.starts_with("channel = "))
        .ok_or_else(|| format!("`{FILE}` pins no channel"))?;
    Ok(format!("[toolchain]\n{channel}\n"))
}

fn package(module: &str) -> String {
    module.replace('_', "-")
}

fn manifest(module: &str) -> String {
    format!(
        "[package]\nname = \"{}\"\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.95\"\n\
         license = \"MIT OR Apache-2.0\"\npublish = false\n\n[workspace]\n",
        package(module)
    )
}

fn lockfile(module: &str) -> String {
    format!(
        "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n\n\
         [[package]]\nname = \"{}\"\nversion = \"0.1.0\"\n",
        package(module)
    )
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, module_name, register, scaffold};

    const EMPTY: &str =
        "mod context;\n\npub mod config_sanity;\n\n#[cfg(test)]\nmod catalogue;\n\npub const ALL: &[&Check] = &[];\n";

    #[test]
    fn ids_are_two_words() {
        assert_eq!(module_name("git.clean").expect("an id"), "git_clean");
        assert_eq!(module_name("git.clean-tree").expect("an id"), "git_clean_tree");
        for id in [
            "",
            "git",
            "git.",
            ".clean",
            "Git.clean",
            "git.clean.now",
            "git clean",
            "git.2",
            "git.clean--tree",
            "git.-tree",
            "../x.y",
        ] {
            assert!(module_name(id).is_err(), "{id}");
        }
    }

    #[test]
    fn a_check_stands_behind_its_area() {
        let mut text = EMPTY.to_owned();
        for module in ["lockfile_tracked", "git_clean", "lockfile_fresh"] {
            text = register(&text, module).expect("a catalogue");
        }
        insta::assert_snapshot!(text, @"
        mod context;

        pub mod config_sanity;
        pub mod git_clean;
        pub mod lockfile_fresh;
        pub mod lockfile_tracked;

        #[cfg(test)]
        mod catalogue;

        pub const ALL: &[&Check] = &[
            &lockfile_tracked::CHECK,
            &lockfile_fresh::CHECK,
            &git_clean::CHECK,
        ];
        ");
        assert!(register(&text, "git_clean").is_err(), "it is there already");
        assert!(register("", "git_clean").is_err(), "no catalogue");
    }

    #[test]
    fn nothing_is_overwritten() {
        let root = tempfile::tempdir().expect("a temporary directory");
        let catalogue = root.path().join(CATALOGUE);
        std::fs::create_dir_all(catalogue.parent().expect("a parent")).expect("a directory");
        std::fs::write(&catalogue, EMPTY).expect("a file");
        std::fs::write(
            root.path().join("rust-toolchain.toml"),
            "[toolchain]\nchannel = \"1.95.0\"\n",
        )
        .expect("a file");
        let written = scaffold(root.path(), "area.name").expect("a new check");
        insta::assert_snapshot!(written.join("\n"), @"
        cargo-gate/src/checks/area_name.rs
        tests/fixtures/area.name/fail/Cargo.toml
        tests/fixtures/area.name/fail/Cargo.lock
        tests/fixtures/area.name/fail/rust-toolchain.toml
        tests/fixtures/area.name/fail/src/lib.rs
        tests/fixtures/area.name/clean/Cargo.toml
        tests/fixtures/area.name/clean/Cargo.lock
        tests/fixtures/area.name/clean/rust-toolchain.toml
        tests/fixtures/area.name/clean/src/lib.rs
        cargo-gate/src/checks/mod.rs
        ");
        for path in &written {
            assert!(root.path().join(path).is_file(), "{path}");
        }
        std::fs::write(&catalogue, EMPTY).expect("a file");
        let error = scaffold(root.path(), "area.name")
            .expect_err("the files are there")
            .to_string();
        assert_eq!(error, "`cargo-gate/src/checks/area_name.rs` exists already");
        assert_eq!(std::fs::read_to_string(&catalogue).expect("a file"), EMPTY);
    }
}
