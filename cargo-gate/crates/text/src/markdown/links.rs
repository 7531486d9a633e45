//! Links and anchors of a document.

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, LinkType, Tag, TagEnd};

use super::anchors::{Anchors, Collector};
use super::{events, html};

/// A link, an image, or an `href` or `src` of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads, as written.
    pub destination: String,
    /// Where it stands in the text.
    pub span: Range<usize>,
}

/// Where a document leads, and where one may be led in it.
#[derive(Debug)]
pub struct Outline {
    /// Its links in their order, those to other sites included; bare addresses are left out.
    pub links: Vec<Link>,
    /// Its anchors.
    pub anchors: Anchors,
    /// Documents that become part of it when it is built, as it names them.
    pub includes: Vec<String>,
    /// Whether parts of it come from elsewhere when it is built, so that it may have other anchors.
    pub assembled: bool,
}

impl Outline {
    /// Reads a document. No text fails.
    pub fn new(text: &str) -> Self {
        let mut links = Vec::new();
        let mut collector = Collector::default();
        let mut block: Option<Range<usize>> = None;
        for (event, span) in events(text) {
            collector.event(&event);
            match event {
                Event::Start(
                    Tag::Link {
                        link_type, dest_url, ..
                    }
                    | Tag::Image {
                        link_type, dest_url, ..
                    },
                ) if is_written(link_type) => links.push(Link {
                    span: within(text, &span, &dest_url),
                    destination: dest_url.into_string(),
                }),
                Event::Start(Tag::HtmlBlock) => block = Some(span),
                Event::End(TagEnd::HtmlBlock) => {
                    if let Some(span) = block.take() {
                        html_links(text, &span, &mut collector, &mut links);
                    }
                }
                Event::InlineHtml(_) => html_links(text, &span, &mut collector, &mut links),
                _ => {}
            }
        }
        links.sort_by_key(|link| link.span.start);
        let has_includes = INCLUDES.iter().any(|mark| text.contains(mark));
        Self {
            links,
            anchors: collector.finish(text),
            includes: if has_includes { includes(text) } else { Vec::new() },
            assembled: has_includes || has_generated_reference(text),
        }
    }
}

/// Whether mkdocstrings writes the reference of something into it, with anchors: `::: package.Type`. Without a point it is how VitePress
/// begins a note.
fn has_generated_reference(text: &str) -> bool {
    let name = |line: &str| Some(line.strip_prefix("::: ")?.contains('.'));
    text.lines().filter_map(name).any(|has_point| has_point)
}

/// How generators of sites are told to put another file in: mdBook, Jekyll, Hugo, MkDocs, comments.
const INCLUDES: &[&str] = &[
    "{{#",
    "{%",
    "{{<",
    "--8<--",
    "<!-- include",
    "<!--include",
    "<!-- embedme",
];

fn includes(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .filter(|line| INCLUDES.iter().any(|mark| line.contains(mark)));
    let words =
        lines.flat_map(|line| line.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '}' | ':' | '=')));
    words.filter(|word| word.ends_with(".md")).map(str::to_owned).collect()
}

fn is_written(kind: LinkType) -> bool {
    !matches!(kind, LinkType::Autolink | LinkType::Email)
}

/// The destination inside its link, so that a finding points at it and not at the words around it.
fn within(text: &str, span: &Range<usize>, destination: &CowStr<'_>) -> Range<usize> {
    let at = text.get(span.clone()).and_then(|link| link.rfind(destination.as_ref()));
    match at {
        Some(at) if !destination.is_empty() => span.start + at..span.start + at + destination.len(),
        _ => span.clone(),
    }
}

fn html_links(text: &str, span: &Range<usize>, collector: &mut Collector, links: &mut Vec<Link>) {
    let inner = text.get(span.clone()).unwrap_or_default();
    collector.html(inner);
    for attribute in html::attributes(inner) {
        let leads = (attribute.tag.eq_ignore_ascii_case("a") && attribute.name.eq_ignore_ascii_case("href"))
            || (attribute.tag.eq_ignore_ascii_case("img") && attribute.name.eq_ignore_ascii_case("src"));
        if leads {
            links.push(Link {
                destination: attribute.value.to_owned(),
                span: span.start + attribute.span.start..span.start + attribute.span.end,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_of_every_kind_are_found() {
        let text = "[a](a.md \"title\") ![b](<b c.png>) [c][ref] [d] <https://x.example> `[no](no.md)`\n\n\
                    <p align=\"center\">\n<img src=\"e.svg\"> <!-- <a href=\"no\"> -->\n</p>\n\nx <a href='f.md'>f</a>\n\n\
                    ```\n[no](no.md)\n```\n\n[ref]: c.md\n[d]: d.md#x\n";
        let outline = Outline::new(text);
        let seen: Vec<&str> = outline.links.iter().map(|link| link.destination.as_str()).collect();
        assert_eq!(seen, ["a.md", "b c.png", "c.md", "d.md#x", "e.svg", "f.md"]);
        assert_eq!(&text[outline.links[0].span.clone()], "a.md");
        assert_eq!(&text[outline.links[2].span.clone()], "[c][ref]");
    }

    #[test]
    fn a_reference_that_is_generated_has_unknown_anchors() {
        assert!(Outline::new("# Table\n\n::: deltalake.Table\n    options: {}\n").assembled);
        assert!(!Outline::new("# Table\n\n::: tip\nRead on.\n:::\n").assembled);
    }

    proptest! {
        #[test]
        fn no_text_fails(text in "(\\[|\\]|\\(|\\)|<|>|a|#|`|!|:| |\n|\r|é|\\{|\\}|-|=|\"|href|img){0,60}") {
            for link in Outline::new(&text).links {
                prop_assert!(text.get(link.span.clone()).is_some());
            }
        }
    }
}
