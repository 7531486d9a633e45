//! The picture of the architecture page: what imports what, layer by layer, read from manifests and sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Result;
use crate::imports::{Graph, Package, layers};

pub(super) const PATH: &str = "docs/src/architecture.md";

/// Around the picture; the rest of the page is written by hand.
const BEGIN: &str = "<!-- imports: written by `cargo xtask docs` -->\n";
const END: &str = "<!-- imports: end -->\n";

/// The page with the picture replaced.
pub(super) fn page(current: &str, packages: &[Package]) -> Result<String> {
    let current = current.replace("\r\n", "\n");
    let parts = current
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    match parts {
        Some((before, after)) => Ok(format!("{before}{BEGIN}{}{END}{after}", picture(packages))),
        None => Err(format!("`{PATH}` has no `{}` and `{}`", BEGIN.trim(), END.trim()).into()),
    }
}

/// The packages, and for each that has several rooms what those import.
fn picture(packages: &[Package]) -> String {
    let members: Graph = packages
        .iter()
        .map(|package| (package.name.clone(), package.depends.clone()))
        .collect();
    let by_name: BTreeMap<&str, &Package> = packages
        .iter()
        .map(|package| (package.name.as_str(), package))
        .collect();
    let mut picture = format!("\n```text\n{}```\n", drawn(&members));
    for package in layers(&members)
        .iter()
        .rev()
        .flatten()
        .filter_map(|name| by_name.get(name.as_str()))
    {
        if package.rooms.len() > 1 {
            let rooms = drawn(&package.room_graph());
            let _ = write!(
                picture,
                "\nThe modules of `{}` (`{}`):\n\n```text\n{rooms}```\n",
                package.name, package.folder
            );
        }
    }
    picture.push('\n');
    picture
}

/// One line for each name, the highest layer first, with what it imports.
fn drawn(graph: &Graph) -> String {
    let width = graph.keys().map(String::len).max().unwrap_or_default();
    let mut lines = String::new();
    for (at, layer) in layers(graph).iter().enumerate().rev() {
        for name in layer {
            let imports = graph.get(name).into_iter().flatten();
            let imports: Vec<&str> = imports.map(String::as_str).collect();
            let line = format!("{:>2}  {name:width$}  {}", at + 1, imports.join(" "));
            let _ = writeln!(lines, "{}", line.trim_end());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::{Arrow, Place};

    fn package(name: &str, depends: &[&str], arrows: &[(&str, &str)]) -> Package {
        let place = |room: &str| Place {
            room: room.into(),
            file: format!("{room}.rs"),
        };
        Package {
            name: name.into(),
            folder: name.into(),
            depends: depends.iter().map(ToString::to_string).collect(),
            rooms: arrows
                .iter()
                .flat_map(|(from, to)| [(*from).into(), (*to).into()])
                .collect(),
            arrows: arrows
                .iter()
                .map(|(from, to)| Arrow {
                    from: place(from),
                    to: place(to),
                    line: 1,
                    path: format!("crate::{to}"),
                })
                .collect(),
        }
    }

    #[test]
    fn what_is_imported_stands_below() {
        let packages = [
            package("low", &[], &[]),
            package("tool", &["low"], &[("cli", "run"), ("run", "text"), ("cli", "text")]),
        ];
        let text = page(&format!("# Page\n{BEGIN}old\n{END}\nMore\n"), &packages).expect("a page");
        insta::assert_snapshot!(text, @r"
        # Page
        <!-- imports: written by `cargo xtask docs` -->

        ```text
         2  tool  low
         1  low
        ```

        The modules of `tool` (`tool`):

        ```text
         3  cli   run text
         2  run   text
         1  text
        ```

        <!-- imports: end -->

        More
        ");
        assert_eq!(page(&text, &packages).expect("a page"), text);
        assert!(page("# Page\n", &packages).is_err());
    }
}
