//! The jobs that a matrix makes of one.

use std::collections::{BTreeMap, BTreeSet};

use super::yaml::Node;

/// Most jobs of a matrix; hosted services allow no more.
const MAX_ROWS: usize = 256;

/// One job of a matrix: its values by name (`os`, or `os.name` for a mapping).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Known values; those of GitLab, which are variables, with a `$` in front of the name.
    pub(super) values: BTreeMap<String, String>,
    /// Names whose value is only known in the run.
    pub(super) unknown: BTreeSet<String>,
}

/// The rows of `strategy.matrix`; one empty row where there is none. `None` when the whole matrix comes from the run.
pub(super) fn github(matrix: Option<&Node>) -> Option<Vec<Row>> {
    let Some(matrix) = matrix else {
        return Some(vec![Row::default()]);
    };
    if !matrix.is_mapping() {
        return None;
    }
    let mut rows = vec![Row::default()];
    let mut names = Vec::new();
    for (name, values) in matrix.entries() {
        let Some(name) = name.text() else { continue };
        if matches!(name, "include" | "exclude") {
            continue;
        }
        names.push(name);
        if values.is_sequence() {
            rows = product(&rows, name, values.items());
        } else {
            for row in &mut rows {
                row.unknown.insert(name.to_owned());
            }
        }
    }
    for excluded in matrix.get("exclude").map(Node::items).unwrap_or_default() {
        let mut given = Row::default();
        add(&mut given, "", excluded);
        rows.retain(|row| {
            given
                .values
                .iter()
                .any(|(name, value)| row.values.get(name) != Some(value))
        });
    }
    let Some(include) = matrix.get("include") else {
        return Some(rows);
    };
    if !include.is_sequence() {
        return None;
    }
    if names.is_empty() {
        rows.clear();
    }
    let mut own = Vec::new();
    for entry in include.items() {
        let mut fits = false;
        for row in &mut rows {
            let keys = names.iter().filter_map(|name| Some((*name, entry.get(name)?)));
            let agrees = keys.into_iter().all(|(name, value)| {
                let mut given = Row::default();
                add(&mut given, name, value);
                given
                    .values
                    .iter()
                    .all(|(name, value)| row.values.get(name) == Some(value))
            });
            if agrees {
                add(row, "", entry);
                fits = true;
            }
        }
        if !fits {
            let mut row = Row::default();
            add(&mut row, "", entry);
            own.push(row);
        }
    }
    rows.extend(own);
    rows.truncate(MAX_ROWS);
    Some(rows)
}

/// The rows of GitLab's `parallel: matrix`: variables, each with one value or a list of them.
pub(super) fn gitlab(parallel: Option<&Node>) -> Vec<Row> {
    let Some(matrix) = parallel.and_then(|parallel| parallel.get("matrix")) else {
        return vec![Row::default()];
    };
    let mut all = Vec::new();
    for entry in matrix.items() {
        let mut rows = vec![Row::default()];
        for (name, values) in entry.entries() {
            let Some(name) = name.text() else { continue };
            rows = product(
                &rows,
                &format!("${name}"),
                &values.scalars().into_iter().cloned().collect::<Vec<_>>(),
            );
        }
        all.extend(rows);
        all.truncate(MAX_ROWS);
    }
    if all.is_empty() { vec![Row::default()] } else { all }
}

fn product(rows: &[Row], name: &str, values: &[Node]) -> Vec<Row> {
    let mut all = Vec::new();
    for row in rows {
        for value in values {
            let mut row = row.clone();
            add(&mut row, name, value);
            all.push(row);
            if all.len() >= MAX_ROWS {
                return all;
            }
        }
    }
    all
}

fn add(row: &mut Row, name: &str, value: &Node) {
    if let Some(scalar) = value.scalar() {
        if scalar.text.contains("${{") {
            row.unknown.insert(name.to_owned());
        } else {
            row.values
                .insert(name.to_owned(), value.text().unwrap_or_default().to_owned());
            row.unknown.remove(name);
        }
        return;
    }
    if value.is_sequence() {
        // Used as a list (`runs-on`), or with a function whose value is unknown anyway.
        let words: Vec<&str> = value.items().iter().filter_map(Node::text).collect();
        row.values.insert(name.to_owned(), words.join(" "));
        return;
    }
    for (key, value) in value.entries() {
        let Some(key) = key.text() else { continue };
        let name = if name.is_empty() {
            key.to_owned()
        } else {
            format!("{name}.{key}")
        };
        add(row, &name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn shown(rows: &[Row]) -> String {
        let row = |row: &Row| {
            let known = row.values.iter().map(|(name, value)| format!("{name}={value}"));
            known
                .chain(row.unknown.iter().map(|name| format!("{name}=?")))
                .collect::<Vec<_>>()
                .join(" ")
        };
        rows.iter().map(row).collect::<Vec<_>>().join("\n")
    }

    fn of(text: &str) -> String {
        let node = yaml::parse(text, 0).expect("YAML").remove(0);
        github(Some(&node)).map_or("?".into(), |rows| shown(&rows))
    }

    #[test]
    fn products_exclusions_and_inclusions() {
        insta::assert_snapshot!(of("os: [a, b]\nrust: [1, 2]\nexclude:\n  - {os: b, rust: 2}\ninclude:\n  - {os: a, flags: x}\n  - {os: c}\n"), @"
        flags=x os=a rust=1
        flags=x os=a rust=2
        os=b rust=1
        os=c
        ");
        insta::assert_snapshot!(of("include:\n  - {os: {name: a, arch: x}, t: '${{ y }}'}\n  - {os: b}\n"), @"
        os.arch=x os.name=a t=?
        os=b
        ");
        insta::assert_snapshot!(of("os: '${{ fromJson(x) }}'\nrust: [1]\n"), @"rust=1 os=?");
        insta::assert_snapshot!(of("'${{ fromJson(x) }}'"), @"?");
        assert_eq!(
            of(&format!("a: [{0}]\nb: [{0}]\n", vec!["x"; 100].join(",")))
                .lines()
                .count(),
            MAX_ROWS
        );
        let parallel = yaml::parse("matrix:\n  - A: [x, y]\n    B: z\n  - A: w\n", 0)
            .expect("YAML")
            .remove(0);
        insta::assert_snapshot!(shown(&gitlab(Some(&parallel))), @"
        $A=x $B=z
        $A=y $B=z
        $A=w
        ");
    }
}
