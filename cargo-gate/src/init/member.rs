//! A new crate among the members of its workspace.

use toml::{Table, Value};

/// The manifest with a directory among the members, all else as it was: comments, order, line ends. A package without a `[workspace]` gets one.
/// `None` where the text has a form that this does not know, such as an inline table.
pub fn with_member(manifest: &str, directory: &str) -> Option<String> {
    let before: Table = manifest.parse().ok()?;
    let newline = if manifest.contains("\r\n") { "\r\n" } else { "\n" };
    let text = match before.get("workspace") {
        None => {
            let gap = if manifest.is_empty() || manifest.ends_with('\n') {
                ""
            } else {
                newline
            };
            format!("{manifest}{gap}{newline}[workspace]{newline}members = [\"{directory}\"]{newline}")
        }
        Some(workspace) => {
            let at = line_after(manifest, "[workspace]")?;
            if workspace.get("members").is_some() {
                let section = &manifest[at..];
                let end = section.find("\n[").unwrap_or(section.len());
                let key = section[..end].find("members")?;
                let open = at + key + section[key..end].find('[')? + 1;
                let (head, tail) = manifest.split_at(open);
                if tail.starts_with(['\n', '\r']) {
                    format!("{head}{newline}    \"{directory}\",{tail}")
                } else if tail.trim_start().starts_with(']') {
                    format!("{head}\"{directory}\"{tail}")
                } else {
                    format!("{head}\"{directory}\", {tail}")
                }
            } else {
                let (head, tail) = manifest.split_at(at);
                format!("{head}members = [\"{directory}\"]{newline}{tail}")
            }
        }
    };
    let after: Table = text.parse().ok()?;
    (after == expected(before, directory)).then_some(text)
}

/// Where the line after a header begins.
fn line_after(manifest: &str, header: &str) -> Option<usize> {
    let mut at = 0;
    for line in manifest.split_inclusive('\n') {
        at += line.len();
        let bare = line.split('#').next().unwrap_or_default().trim();
        if bare == header && line.ends_with('\n') {
            return Some(at);
        }
    }
    None
}

fn expected(mut manifest: Table, directory: &str) -> Table {
    let workspace = manifest
        .entry("workspace")
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(workspace) = workspace {
        let members = workspace.entry("members").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(members) = members {
            members.insert(0, Value::from(directory));
        }
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::with_member;

    #[test]
    fn everything_else_stays_as_it_was() {
        for (before, after) in [
            (
                "[workspace] # all\nmembers = [\"a\"]\nresolver = \"3\"\n",
                "[workspace] # all\nmembers = [\"k\", \"a\"]\nresolver = \"3\"\n",
            ),
            (
                "[workspace]\nresolver = \"3\"\nmembers = [\n    \"a\", # one\n]\n",
                "[workspace]\nresolver = \"3\"\nmembers = [\n    \"k\",\n    \"a\", # one\n]\n",
            ),
            ("[workspace]\nmembers = []\n", "[workspace]\nmembers = [\"k\"]\n"),
            (
                "[workspace]\n\n[profile.dev]\n",
                "[workspace]\nmembers = [\"k\"]\n\n[profile.dev]\n",
            ),
            (
                "[package]\nname = \"a\"",
                "[package]\nname = \"a\"\n\n[workspace]\nmembers = [\"k\"]\n",
            ),
            (
                "[package]\r\nname = \"a\"\r\n",
                "[package]\r\nname = \"a\"\r\n\r\n[workspace]\r\nmembers = [\"k\"]\r\n",
            ),
        ] {
            assert_eq!(with_member(before, "k").as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_alone() {
        for text in [
            "workspace = { members = [\"a\"] }\n",
            "workspace.members = [\"a\"]\n",
            "[workspace]\ndefault-members = [\"a\"]\nmembers = [\"a\"]\n",
            "[workspace\n",
        ] {
            assert_eq!(with_member(text, "k"), None, "{text}");
        }
    }
}
