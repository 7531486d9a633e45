//! Compiled code without the paths of the machine that compiled it.

use std::ffi::OsString;
use std::path::Path;

use gate_world::Workspace;

/// What cargo is called with besides its own arguments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) arguments: Vec<OsString>,
    pub(crate) variables: Vec<(OsString, Option<OsString>)>,
}

/// Flags that take the directory of the build, and those of cargo and of the user, out of what is compiled for `triple`. They are added
/// where the flags of the workspace are declared: of the places cargo takes flags from, it reads the first only.
pub(crate) fn remap(workspace: &Workspace, base: &Path, triple: &str) -> Extra {
    let environment = workspace.environment();
    let mut flags = Vec::new();
    // The last that matches counts, so the longest comes last.
    if let Some(home) = environment.home() {
        flags.push(mapped(&home, "/home"));
    }
    if let Some(cargo) = environment.cargo_home(workspace.root()) {
        flags.push(mapped(&cargo, "/cargo"));
    }
    flags.push(mapped(base, "/release"));
    let declared = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(encoded) = declared("CARGO_ENCODED_RUSTFLAGS") {
        return variable("CARGO_ENCODED_RUSTFLAGS", &encoded.to_string_lossy(), "\u{1f}", &flags);
    }
    if let Some(plain) = declared("RUSTFLAGS") {
        // Paths may hold spaces, which this variable cannot.
        let words: Vec<&str> = plain.to_str().unwrap_or_default().split_whitespace().collect();
        return variable("CARGO_ENCODED_RUSTFLAGS", &words.join("\u{1f}"), "\u{1f}", &flags);
    }
    let config = workspace.config();
    let of_targets = config.all("target").any(|found| {
        let tables = found.value.as_table().into_iter().flat_map(toml::Table::values);
        let mut tables = tables.filter_map(toml::Value::as_table);
        tables.any(|table| table.contains_key("rustflags"))
    });
    let key = match config.get("build.rustflags") {
        Some(_) if !of_targets => "build.rustflags".to_owned(),
        _ => format!("target.{triple}.rustflags"),
    };
    let list = toml::Value::from(flags);
    Extra {
        arguments: vec!["--config".into(), format!("{key}={list}").into()],
        variables: Vec::new(),
    }
}

fn mapped(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}

fn variable(name: &str, value: &str, between: &str, flags: &[String]) -> Extra {
    let flags = flags.iter().map(String::as_str);
    let words: Vec<&str> = std::iter::once(value).chain(flags).collect();
    Extra {
        arguments: Vec::new(),
        variables: vec![(name.into(), Some(words.join(between).into()))],
    }
}
