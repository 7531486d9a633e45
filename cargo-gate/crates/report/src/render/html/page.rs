//! A page: its head, its frame, and the navigation over its sections.

use std::fmt::Write as _;

use super::markup::{Section, plain};
use super::style;

/// What no page may do: load anything, run anything, send anything. Its own style is all it has.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A whole document. `top` comes first, then the sections that hold something, with a navigation if there are several.
pub(super) fn document(title: &str, top: &str, sections: &[Section], foot: &str) -> String {
    let sections: Vec<&Section> = sections.iter().filter(|section| !section.body.is_empty()).collect();
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n<meta \
         name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<div class=\"frame\">\n<header>\n{top}</header>\n",
        plain(title),
        style::sheet()
    );
    out.push_str("<div class=\"columns\">\n");
    if sections.len() > 1 {
        out.push_str("<nav class=\"toc\" aria-label=\"Sections\">\n<h2 class=\"label\">On this page</h2>\n<ul>\n");
        for section in &sections {
            let _ = writeln!(out, "<li><a href=\"#{}\">{}</a></li>", section.id, section.title);
        }
        out.push_str("</ul>\n</nav>\n");
    }
    out.push_str("<main id=\"main\">\n");
    for section in &sections {
        let _ = write!(
            out,
            "<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n",
            section.id, section.title, section.body
        );
    }
    let _ = write!(
        out,
        "</main>\n</div>\n<footer><p>{foot}</p></footer>\n</div>\n</body>\n</html>\n"
    );
    out
}
