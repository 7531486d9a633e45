//! `cargo xtask new-check area.name`: everything that the project's tests ask of a check, for a rule that works: it objects to a
//! file called `SCAFFOLD`. What is left is to write another rule, and to replace the words in capitals.

use std::fs;
use std::path::Path;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const CHECKS: &str = "cargo-gate/crates/checks/src";
const MODEL: &str = "cargo-gate/crates/checks/src/lockfile/tracked.rs";
const MUTATIONS: &str = "tests/tests/mutations/checks.rs";
const SNAPSHOT: &str = "tests/tests/snapshots/catalogue__fixtures.snap";

const RULE: &str = include_str!("check.rs.in");
const PAGE: &str = include_str!("check.md.in");
const FIXTURES: &str = include_str!("fixtures.toml.in");

/// What `check.rs.in` says about the file that it objects to.
const OBJECTION: &str = "  MESSAGE: what is wrong, in sentence case [blocks: pilot]\n    at SCAFFOLD\n    help: HELP: `one command or one edit`\n";

/// Writes and edits the files of a new check and returns their paths. Nothing is written when one of them exists already.
///
/// # Errors
/// The id is malformed or taken, a file does not have the expected shape, a file cannot be written.
pub(crate) fn scaffold(root: &Path, id: &str) -> Result<Vec<String>> {
    let check = Names::of(id)?;
    let area = format!("{CHECKS}/{}/mod.rs", check.area);
    let catalogue = format!("{CHECKS}/lib.rs");
    let rule = format!("{CHECKS}/{}/{}.rs", check.area, check.name);
    let page = format!("{CHECKS}/{}/{}.md", check.area, check.name);
    let fixtures = format!("tests/fixtures/{id}.toml");
    if let Some(taken) = [&rule, &page, &fixtures]
        .into_iter()
        .find(|path| root.join(path).exists())
    {
        return Err(format!("`{taken}` exists already").into());
    }

    let fill = |template: &str| {
        template
            .replace("{id}", id)
            .replace("{name}", &check.name)
            .replace("{since}", env!("CARGO_PKG_VERSION"))
    };
    let model = read(root, MODEL)?;
    let (imports, test_imports) = imports(&model)?;
    let is_new_area = !root.join(&area).exists();
    let files = [
        (
            rule,
            fill(RULE)
                .replace("{imports}", &imports)
                .replace("{test_imports}", &test_imports),
        ),
        (page, fill(PAGE)),
        (fixtures, fill(FIXTURES)),
        (area.clone(), in_area(root, &area, &check)?),
        (
            catalogue.clone(),
            in_catalogue(&read(root, &catalogue)?, &check, is_new_area)?,
        ),
        (MUTATIONS.to_owned(), in_mutations(&read(root, MUTATIONS)?, id)?),
        (SNAPSHOT.to_owned(), in_snapshot(&read(root, SNAPSHOT)?, id)?),
    ];
    for (path, text) in &files {
        let file = root.join(path);
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&file, text).map_err(|error| format!("cannot write `{path}`: {error}"))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn read(root: &Path, path: &str) -> Result<String> {
    let text = fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    Ok(text.replace("\r\n", "\n"))
}

/// What a check is called in Rust.
struct Names {
    area: String,
    name: String,
}

impl Names {
    fn of(id: &str) -> Result<Self> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let words = |words: &str| words.split('-').all(word);
        match id.split_once('.') {
            Some((area, name)) if words(area) && words(name) => Ok(Self {
                area: area.replace('-', "_"),
                name: name.replace('-', "_"),
            }),
            _ => Err(format!("`{id}` is not the id of a check, write `area.name` in lower case").into()),
        }
    }
}

/// What the model imports, for its rule and for its tests: a new check needs the same, whatever the crates are called.
fn imports(model: &str) -> Result<(String, String)> {
    let (rule, tests) = model
        .split_once("#[cfg(test)]")
        .ok_or_else(|| format!("`{MODEL}` has no tests"))?;
    let rule: Vec<&str> = rule.lines().filter(|line| line.starts_with("use ")).collect();
    let tests: Vec<&str> = tests
        .lines()
        .filter(|line| line.starts_with("    use ") && line.ends_with("::World;"))
        .collect();
    if rule.is_empty() || tests.is_empty() {
        return Err(format!("`{MODEL}` imports nothing").into());
    }
    Ok((rule.join("\n"), tests.join("\n")))
}

/// The module of the area with the check declared, in alphabetical order.
fn in_area(root: &Path, path: &str, check: &Names) -> Result<String> {
    let declaration = format!("pub mod {};", check.name);
    if !root.join(path).exists() {
        return Ok(format!(
            "//! Checks of the area `{}`.\n\n{declaration}\n",
            check.area.replace('_', "-")
        ));
    }
    insert_sorted(&read(root, path)?, path, "pub mod ", &declaration)
}

/// The catalogue with the area declared, and the check listed behind the last one of its area.
fn in_catalogue(text: &str, check: &Names, is_new_area: bool) -> Result<String> {
    let path = format!("{CHECKS}/lib.rs");
    let text = if is_new_area {
        insert_sorted(text, &path, "pub mod ", &format!("pub mod {};", check.area))?
    } else {
        text.to_owned()
    };
    let mut lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| line.starts_with("pub const ALL"));
    let end = start.and_then(|start| Some(start + lines[start..].iter().position(|line| *line == "];")?));
    let (Some(start), Some(end)) = (start, end) else {
        return Err(format!("`{path}` lists no checks").into());
    };
    let of_area = format!("    &{}::", check.area);
    let last = (start..end).rev().find(|at| lines[*at].starts_with(&of_area));
    let entry = format!("    &{}::{}::CHECK,", check.area, check.name);
    lines.insert(last.map_or(end, |at| at + 1), &entry);
    Ok(lines.join("\n") + "\n")
}

/// A file with one more line of a kind, in alphabetical order among its like.
fn insert_sorted(text: &str, path: &str, prefix: &str, line: &str) -> Result<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let of_kind: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with(prefix)).collect();
    let Some(first) = of_kind.first() else {
        return Err(format!("`{path}` has no line that begins with `{prefix}`").into());
    };
    let before = of_kind.iter().rev().find(|at| lines[**at] < line);
    lines.insert(before.map_or(*first, |at| at + 1), line);
    Ok(lines.join("\n") + "\n")
}

/// The mutations with one that writes what the scaffolded rule objects to.
fn in_mutations(text: &str, id: &str) -> Result<String> {
    let open = "pub(crate) const ALL: &[Mutation] = &[\n";
    let at = text
        .find(open)
        .ok_or_else(|| format!("`{MUTATIONS}` lists no mutations"))?
        + open.len();
    let mutation = format!(
        "    Mutation {{\n        name: \"MUTATION: what goes wrong for {id}\",\n        check: \"{id}\",\n        \
         apply: |gate| gate.write(\"SCAFFOLD\", \"\"),\n        ..COMMITTED\n    }},\n"
    );
    Ok([&text[..at], &mutation, &text[at..]].concat())
}

/// The snapshot of all fixtures with what the scaffolded rule says about its own.
fn in_snapshot(text: &str, id: &str) -> Result<String> {
    let own = format!("# {id}/clean");
    let mut at = None;
    let mut position = 0;
    for line in text.split_inclusive('\n') {
        let fixture = line.starts_with("# ") && line.contains('/');
        if at.is_none() && (fixture && line > own.as_str() || line.contains(" does not apply")) {
            at = Some(position);
        }
        position += line.len();
    }
    let at = at.ok_or_else(|| format!("`{SNAPSHOT}` lists no fixtures"))?;
    let said = format!("{own}\n\n# {id}/fail\n{id}\n{OBJECTION}\n");
    Ok([&text[..at], &said, &text[at..]].concat())
}

#[cfg(test)]
mod tests;
