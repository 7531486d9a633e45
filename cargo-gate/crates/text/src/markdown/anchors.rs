//! Anchors: where a fragment of a link may lead in a document.
//!
//! A heading has the anchor that GitHub gives it: its text in lower case, without what is neither letter, number, `_`,
//! `-` nor a space, and with `-` for each space; the second of that name gets `-1`. Generators of sites differ in
//! details (several `-` become one, or `_1`), so those spellings are anchors as well: a link that works somewhere is
//! not called broken.

use std::collections::{HashMap, HashSet};

use pulldown_cmark::{Event, Tag, TagEnd};

use super::html;

/// The anchors of one document, in one spelling each.
#[derive(Debug, Default)]
pub struct Anchors {
    known: HashSet<String>,
    /// In the order of the document, as GitHub spells them.
    headings: Vec<String>,
    seen: HashMap<String, usize>,
}

impl Anchors {
    /// Whether a fragment, percent-decoded, leads to one of them.
    pub fn contains(&self, fragment: &str) -> bool {
        let wanted = normal(fragment);
        wanted.is_empty() || wanted == "top" || self.known.contains(&wanted)
    }

    /// Anchors of the headings, in the order of the document.
    pub fn headings(&self) -> impl Iterator<Item = &str> {
        self.headings.iter().map(String::as_str)
    }

    fn heading(&mut self, text: &str) {
        let slug = slug(text);
        let count = self.seen.entry(slug.clone()).or_insert(0);
        let number = *count;
        *count += 1;
        let spelled = if number == 0 {
            slug.clone()
        } else {
            self.known.insert(normal(&format!("{slug}_{number}")));
            format!("{slug}-{number}")
        };
        self.known.insert(normal(&spelled));
        self.known.insert(collapsed(&normal(&spelled)));
        self.headings.push(spelled);
    }

    fn id(&mut self, id: &str) {
        self.known.insert(normal(id));
    }
}

/// The anchor that GitHub makes of a heading, apart from the number of a second one.
pub fn slug(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let kept = text.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() || is_mark(c) => Some(c),
        _ => None,
    });
    kept.collect()
}

/// Joiners and selectors of emoji stay in anchors although the emoji do not.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{20d0}'..='\u{20ff}')
}

/// Spellings that mean the same: case, and joiners that nobody sees.
fn normal(text: &str) -> String {
    let text = text.strip_prefix("user-content-").unwrap_or(text);
    text.chars()
        .filter(|c| !is_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Several `-` as one, and none at the ends.
fn collapsed(slug: &str) -> String {
    let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// Collects anchors from the events of a document.
#[derive(Debug, Default)]
pub(super) struct Collector {
    anchors: Anchors,
    heading: Option<String>,
    in_image: bool,
}

impl Collector {
    pub(super) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                if let Some(id) = id {
                    self.anchors.id(id);
                }
                self.heading = Some(String::new());
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some(text) = self.heading.take() {
                    self.anchors.heading(&text);
                }
            }
            // What an image shows is no text of the heading.
            Event::Start(Tag::Image { .. }) => self.in_image = true,
            Event::End(TagEnd::Image) => self.in_image = false,
            Event::Text(text) | Event::Code(text) if !self.in_image => self.text(text),
            Event::SoftBreak | Event::HardBreak => self.text(" "),
            Event::Start(Tag::FootnoteDefinition(label)) => self.anchors.id(label),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(heading) = &mut self.heading {
            heading.push_str(text);
        }
    }

    pub(super) fn html(&mut self, text: &str) {
        for attribute in html::attributes(text) {
            if attribute.name.eq_ignore_ascii_case("id") || attribute.name.eq_ignore_ascii_case("name") {
                self.anchors.id(attribute.value);
            }
        }
        for heading in html::headings(text) {
            self.anchors.heading(&heading);
        }
    }

    /// The anchors; `{#id}` and `{ #id }` anywhere in the text are anchors for the generators that know them.
    pub(super) fn finish(mut self, text: &str) -> Anchors {
        for (at, open) in text.match_indices('{') {
            let inner = text[at + open.len()..].trim_start_matches([':', ' ']);
            if let Some(id) = inner.strip_prefix('#') {
                let end = id.find(|c: char| c.is_whitespace() || c == '}').unwrap_or(id.len());
                self.anchors.id(&id[..end]);
            }
        }
        self.anchors
    }
}

#[cfg(test)]
mod tests {
    use super::super::links::Outline;

    fn headings(text: &str) -> Vec<String> {
        Outline::new(text).anchors.headings().map(str::to_owned).collect()
    }

    #[test]
    fn headings_have_the_anchors_of_github() {
        let text = "# `cargo gate`: the *tool*, v1.2!\n\n## Über größe & co\n\n🚀 Launch it\n---\n\n## A_b c-d\n\n\
                    ## [Link](x.md) ![image](y.png)\n\n# A\n\n# A\n\n## a\n\n```md\n# no heading\n```\n";
        assert_eq!(
            headings(text),
            [
                "cargo-gate-the-tool-v12",
                "über-größe--co",
                "-launch-it",
                "a_b-c-d",
                "link",
                "a",
                "a-1",
                "a-2"
            ]
        );
    }

    #[test]
    fn every_spelling_that_works_somewhere_is_an_anchor() {
        let text = "# A & b\n\n# ⚠\u{fe0f} Warning {#own}\n\n# A & b\n\n<a id=\"html\"></a>\n\n<h2>In HTML</h2>\n";
        let outline = Outline::new(text);
        for fragment in [
            "a--b", "A--B", "a-b", "a--b-1", "a--b_1", "own", "html", "in-html", "-warning", "warning", "", "top",
        ] {
            assert!(outline.anchors.contains(fragment), "{fragment}");
        }
        assert!(!outline.anchors.contains("a--b-2"));
        assert!(!outline.anchors.contains("nothing"));
    }
}
