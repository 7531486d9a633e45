//! The toolchain file (<https://rust-lang.github.io/rustup/overrides.html#the-toolchain-file>).

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use gate_base::paths;

/// `rust-toolchain.toml` or `rust-toolchain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolchainFile {
    /// Path relative to the workspace root, `/`-separated (may start with `../`).
    pub path: String,
    /// The channel, if one is given.
    pub channel: Option<String>,
    /// A custom toolchain by path (`path = "…"`).
    pub custom_path: Option<String>,
    /// 1-based line of the channel.
    pub line: u32,
    /// Why the file could not be understood.
    pub error: Option<String>,
    /// Whether it lies outside the repository (without one: above the workspace root). rustup obeys it on this machine,
    /// but a clone elsewhere does not have it.
    pub outside: bool,
}

/// The toolchain file nearest to `directory`, at it or above. Where both spellings exist, rustup reads the one without
/// extension.
pub(super) fn find(directory: &Path) -> Option<PathBuf> {
    directory
        .ancestors()
        .flat_map(|directory| ["rust-toolchain", "rust-toolchain.toml"].map(|name| directory.join(name)))
        .find(|path| path.is_file())
}

/// Reads the toolchain file at or above the root. `top` is the top of the repository, or the root where there is none.
pub(super) fn read(root: &Path, top: &Path) -> Option<ToolchainFile> {
    let path = find(root)?;
    let directory = path.parent().unwrap_or(&path);
    let mut file = ToolchainFile {
        path: paths::relative(root, &path),
        channel: None,
        custom_path: None,
        line: 1,
        error: None,
        outside: !directory.starts_with(top),
    };
    match std::fs::read(&path).map(String::from_utf8) {
        Ok(Ok(text)) => {
            let legacy = path.extension().is_none();
            parse(&text, legacy, &mut file);
        }
        Ok(Err(_)) => file.error = Some("it is not UTF-8".into()),
        Err(error) => file.error = Some(error.to_string()),
    }
    Some(file)
}

/// The file without extension may hold nothing but a channel on one line, or the same TOML as the other.
fn parse(text: &str, legacy: bool, file: &mut ToolchainFile) {
    let mut lines = text.trim().lines();
    if let (true, Some(line), None) = (legacy, lines.next(), lines.next())
        && !line.contains(['=', '['])
    {
        file.line = paths::line_column(text, text.len() - text.trim_start().len()).0;
        file.channel = Some(line.trim().to_string());
        return;
    }
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => {
            file.line = error.span().map_or(1, |span| paths::line_column(text, span.start).0);
            file.error = Some(error.message().to_string());
            return;
        }
    };
    let Some(toolchain) = table.get("toolchain") else {
        file.error = Some("it has no `[toolchain]`".into());
        return;
    };
    let DeValue::Table(toolchain) = toolchain.get_ref() else {
        file.error = Some("`toolchain` is not a table".into());
        return;
    };
    let mut take = |key: &str| {
        let value = toolchain.get(key)?;
        file.line = paths::line_column(text, value.span().start).0;
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => {
                file.error = Some(format!("`{key}` is not a string"));
                None
            }
        }
    };
    let custom = take("path");
    let channel = take("channel");
    file.custom_path = custom;
    file.channel = channel;
    if file.channel.is_some() && file.custom_path.is_some() {
        file.error = Some("it sets both `channel` and `path`".into());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn file() -> ToolchainFile {
        ToolchainFile {
            path: "rust-toolchain.toml".into(),
            channel: None,
            custom_path: None,
            line: 1,
            error: None,
            outside: false,
        }
    }

    fn parsed(text: &str, legacy: bool) -> ToolchainFile {
        let mut file = file();
        parse(text, legacy, &mut file);
        file
    }

    #[test]
    fn both_spellings_are_understood() {
        let toml = parsed("# pinned\n[toolchain]\nchannel = \"1.95.0\"\n", false);
        assert_eq!((toml.channel.as_deref(), toml.line), (Some("1.95.0"), 3));
        assert_eq!(
            parsed("\nnightly-2026-01-01\n", true).channel.as_deref(),
            Some("nightly-2026-01-01")
        );
        assert_eq!(parsed("\nstable\n", true).line, 2);
        assert_eq!(
            parsed("[toolchain]\nchannel = 'stable'", true).channel.as_deref(),
            Some("stable")
        );
        assert_eq!(
            parsed("[toolchain]\npath = '../tc'", false).custom_path.as_deref(),
            Some("../tc")
        );
        assert_eq!(parsed("[toolchain]\ncomponents = ['clippy']", false), file());
    }

    #[test]
    fn what_rustup_would_refuse_has_a_reason() {
        for text in [
            "",
            "stable",
            "[toolchain]\nchannel = 1",
            "toolchain = 'x'",
            "[toolchain]\npath='a'\nchannel='b'",
        ] {
            assert!(parsed(text, false).error.is_some(), "{text}");
        }
    }

    #[test]
    fn the_nearest_file_is_read() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path().join("a/b");
        fs::create_dir_all(&root).expect("create");
        fs::write(
            directory.path().join("a/rust-toolchain.toml"),
            "[toolchain]\nchannel = '1.90'",
        )
        .expect("write");
        let file = read(&root, directory.path()).expect("found");
        assert_eq!((file.path.as_str(), file.outside), ("../rust-toolchain.toml", false));
        assert!(read(&root, &root).expect("found").outside);
        fs::write(root.join("rust-toolchain"), "1.80").expect("write");
        let file = read(&root, &root).expect("found");
        assert_eq!((file.channel.as_deref(), file.outside), (Some("1.80"), false));
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(text in "[\\[\\]a-l.=\"'\\n 1{}#\u{e9}]{0,60}", legacy in any::<bool>()) {
            parsed(&text, legacy);
        }
    }
}
