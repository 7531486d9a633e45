//! The list of checks inside the book's table of contents; the rest of it is written by hand.

use std::fmt::Write as _;

use cargo_gate::cli::explain::Topic;

use crate::Result;

pub(super) const PATH: &str = "docs/src/SUMMARY.md";

/// The line under which the checks stand.
const HEAD: &str = "- [Checks](checks/index.md)";

/// The table of contents with the lines below [`HEAD`] replaced by the checks of the catalogue.
pub(super) fn page(current: &str, topics: &[Topic<'_>]) -> Result<String> {
    let ids: Vec<&str> = topics.iter().map(|topic| topic.id).collect();
    with_checks(current, &ids)
}

fn with_checks(current: &str, ids: &[&str]) -> Result<String> {
    let mut lines = current.lines().peekable();
    let mut text = String::new();
    let mut found = false;
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        if line != HEAD {
            continue;
        }
        found = true;
        while lines.next_if(|line| line.starts_with("  ")).is_some() {}
        for id in ids {
            let _ = writeln!(text, "  - [{id}](checks/{id}.md)");
        }
    }
    if found {
        Ok(text)
    } else {
        Err(format!("`{PATH}` has no line `{HEAD}`").into())
    }
}

#[cfg(test)]
mod tests {
    use super::{HEAD, with_checks};

    #[test]
    fn only_the_lines_of_the_checks_are_replaced() {
        let before =
            format!("# Summary\n\n{HEAD}\n  - [old](checks/old.md)\n- [Other](other.md)\n  - [kept](kept.md)\n");
        let after = with_checks(&before, &["a.b", "a.c"]).expect("the line is there");
        insta::assert_snapshot!(after, @"
        # Summary

        - [Checks](checks/index.md)
          - [a.b](checks/a.b.md)
          - [a.c](checks/a.c.md)
        - [Other](other.md)
          - [kept](kept.md)
        ");
        assert_eq!(with_checks(&after, &["a.b", "a.c"]).expect("the line is there"), after);
    }

    #[test]
    fn a_table_of_contents_without_the_line_is_refused() {
        assert!(with_checks("# Summary\n", &[]).is_err());
    }
}
