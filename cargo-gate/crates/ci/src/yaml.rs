//! YAML with positions: a tree over the events of the parser, with aliases and merge keys resolved.
//!
//! CI files come from whoever opens a pull request. Size, depth and the number of nodes that aliases and merge keys
//! stand for are limited, and what is over a limit is a problem with a line, not a slow run.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

/// Largest file that is read, in bytes. Hosted services refuse far smaller ones.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting.
const MAX_DEPTH: usize = 100;
/// Most nodes of a file, each alias counted as what it stands for.
const MAX_NODES: u64 = 200_000;

/// Why a text is no YAML that is read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// 1-based line.
    pub line: u32,
    /// What is wrong, as the end of a sentence that begins with the file.
    pub message: String,
}

/// A node of the tree; cheap to clone.
#[derive(Debug, Clone)]
pub struct Node(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: usize,
    line: u32,
    tag: Option<String>,
    size: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

/// Text of a scalar, which knows the lines it was written on.
#[derive(Debug)]
pub struct Scalar {
    /// The value.
    pub text: String,
    plain: bool,
    first: u32,
    /// Where the text of a further line begins: offset in the value, line in the file.
    lines: Vec<(usize, u32)>,
}

impl Scalar {
    /// 1-based line of the file on which this byte of the value stands.
    pub fn line_at(&self, offset: usize) -> u32 {
        let behind = self.lines.partition_point(|(start, _)| *start <= offset);
        behind.checked_sub(1).map_or(self.first, |at| self.lines[at].1)
    }
}

impl Node {
    /// The number of the file that was given to [`parse`].
    pub fn origin(&self) -> usize {
        self.0.origin
    }

    /// 1-based line.
    pub fn line(&self) -> u32 {
        self.0.line
    }

    /// A local tag such as `!reference`, without the mark.
    pub fn tag(&self) -> Option<&str> {
        self.0.tag.as_deref()
    }

    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.0.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        let scalar = self.scalar()?;
        let null = scalar.plain && matches!(scalar.text.as_str(), "" | "~" | "null" | "Null" | "NULL");
        (!null).then_some(scalar.text.as_str())
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.0.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping, merge keys resolved; none for anything else. Where a key stands twice, both are there.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.0.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Whether it is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.0.kind, Kind::Mapping(_))
    }

    /// Whether it is a sequence.
    pub fn is_sequence(&self) -> bool {
        matches!(self.0.kind, Kind::Sequence(_))
    }

    /// The value under a key; the last one where there are several.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entries = self.entries().iter().rev();
        let found = entries.filter(|(name, _)| name.scalar().is_some_and(|name| name.text == key));
        found.map(|(_, value)| value).next()
    }

    /// The value behind several keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The scalars of a scalar or of a list, nested lists flattened.
    pub fn scalars(&self) -> Vec<&Node> {
        match &self.0.kind {
            Kind::Scalar(_) => vec![self],
            Kind::Sequence(items) => items.iter().flat_map(Node::scalars).collect(),
            Kind::Mapping(_) => Vec::new(),
        }
    }

    /// Entries of a mapping whose key and value are texts.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries()
            .iter()
            .filter_map(|(key, value)| Some((key.text()?, value.scalar()?.text.as_str())))
    }
}

/// Reads every document of a text. `origin` is a number for the file, which every node repeats.
///
/// # Errors
/// The text is no YAML, or over a limit.
pub fn parse(text: &str, origin: usize) -> Result<Vec<Node>, YamlError> {
    if text.len() > MAX_BYTES {
        return Err(YamlError {
            line: 1,
            message: format!("is larger than {} KiB", MAX_BYTES >> 10),
        });
    }
    events(text, origin).or_else(|error| {
        // YAML wants a bracket further in than the key it belongs to. The parsers of the services do not, and many
        // close a list at the indentation of its key.
        match indented_brackets(text) {
            Some(indented) => events(&indented, origin).map_err(|_| error),
            None => Err(error),
        }
    })
}

/// The text with lines that begin with a closing bracket moved to the right; `None` when there is none.
fn indented_brackets(text: &str) -> Option<String> {
    let closes = |line: &&str| line.trim_start_matches(' ').starts_with([']', '}']);
    text.lines().find(closes)?;
    let mut indented = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        if closes(&line) {
            indented.push_str("                ");
        }
        indented.push_str(line);
    }
    Some(indented)
}

fn events(text: &str, origin: usize) -> Result<Vec<Node>, YamlError> {
    // The parser counts a lone carriage return as a line break, as YAML says; line numbers here are those of editors,
    // which agree for `\n` and `\r\n`.
    let mut builder = Builder {
        source: text.lines().collect(),
        origin,
        ..Builder::default()
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                return Err(YamlError {
                    // What is missing at the end is said of the line behind it.
                    line: position(error.marker().line().min(text.lines().count())),
                    message: format!("is not valid YAML: {}", error.info()),
                });
            }
        }
    }
    Ok(builder.documents)
}

fn position(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).max(1)
}

#[derive(Default)]
struct Builder<'a> {
    source: Vec<&'a str>,
    origin: usize,
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: u64,
}

/// A collection that is still open.
struct Open {
    line: u32,
    tag: Option<String>,
    anchor: usize,
    mapping: bool,
    items: Vec<Node>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        let line = position(span.start.line());
        let tag =
            |tag: Option<std::borrow::Cow<'_, Tag>>| tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.clone());
        match event {
            Event::SequenceStart(anchor, given) => self.begin(line, tag(given), anchor, false),
            Event::MappingStart(anchor, given) => self.begin(line, tag(given), anchor, true),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Scalar(text, style, anchor, given) => {
                let lines = self.lines_of(&text, style, span);
                let scalar = Scalar {
                    plain: style == ScalarStyle::Plain,
                    text: text.into_owned(),
                    first: line,
                    lines,
                };
                let node = Node(Arc::new(Inner {
                    origin: self.origin,
                    line,
                    tag: tag(given),
                    size: 1,
                    kind: Kind::Scalar(scalar),
                }));
                self.add(node, anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).cloned() {
                Some(node) => self.count(node.0.size, line).and_then(|()| self.push(node)),
                None => Err(YamlError {
                    line,
                    message: "has an alias that contains itself".into(),
                }),
            },
            _ => Ok(()),
        }
    }

    fn begin(&mut self, line: u32, tag: Option<String>, anchor: usize, mapping: bool) -> Result<(), YamlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(YamlError {
                line,
                message: format!("is nested deeper than {MAX_DEPTH} levels"),
            });
        }
        self.open.push(Open {
            line,
            tag,
            anchor,
            mapping,
            items: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = if open.mapping {
            let mut items = open.items.into_iter();
            let mut entries = Vec::new();
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                entries.push((key, value));
            }
            let added = merge(&mut entries);
            self.count(added, open.line)?;
            Kind::Mapping(entries)
        } else {
            Kind::Sequence(open.items)
        };
        let size = match &kind {
            Kind::Mapping(entries) => entries.iter().map(|(_, value)| value.0.size.saturating_add(1)).sum(),
            Kind::Sequence(items) => items.iter().map(|item| item.0.size).sum::<u64>(),
            Kind::Scalar(_) => 0,
        };
        let node = Node(Arc::new(Inner {
            origin: self.origin,
            line: open.line,
            tag: open.tag,
            size: size.saturating_add(1),
            kind,
        }));
        self.add(node, open.anchor)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), YamlError> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        self.count(1, node.line())?;
        self.push(node)
    }

    fn push(&mut self, node: Node) -> Result<(), YamlError> {
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.documents.push(node),
        }
        Ok(())
    }

    fn count(&mut self, more: u64, line: u32) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MAX_NODES {
            return Err(YamlError {
                line,
                message: format!("has more than {MAX_NODES} nodes after expanding aliases"),
            });
        }
        Ok(())
    }

    /// Where the lines of a scalar of several lines begin. Folding joins lines and quoting changes them, so each line
    /// of the source is looked for in what is left of the value; from the first that is not there on, lines are those
    /// of what was found last.
    fn lines_of(&self, text: &str, style: ScalarStyle, span: Span) -> Vec<(usize, u32)> {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if !block && span.start.line() == span.end.line() {
            return Vec::new();
        }
        let mut lines = Vec::new();
        let mut at = 0;
        for (index, line) in self.source.iter().enumerate().skip(span.start.line() - 1) {
            let mut line = line.trim();
            if index + 1 == span.start.line() {
                let written = self.source[index].char_indices().nth(span.start.col());
                line = written.map_or("", |(at, _)| &self.source[index][at..]).trim();
            }
            if !block {
                line = line.trim_matches(['"', '\'']);
            }
            if line.is_empty() {
                continue;
            }
            at += text[at..].len() - text[at..].trim_start().len();
            if !text[at..].starts_with(line) {
                // In front of the content of a block there may be its indicator and comments.
                if block && lines.is_empty() && index < span.end.line() {
                    continue;
                }
                break;
            }
            lines.push((at, position(index + 1)));
            at += line.len();
        }
        lines
    }
}

/// Adds what merge keys (`<<`) bring in. Returns the number of nodes that this stands for.
fn merge(entries: &mut Vec<(Node, Node)>) -> u64 {
    let is_merge = |key: &Node| key.scalar().is_some_and(|key| key.plain && key.text == "<<");
    if !entries.iter().any(|(key, _)| is_merge(key)) {
        return 0;
    }
    let (merges, mut own): (Vec<_>, Vec<_>) = std::mem::take(entries).into_iter().partition(|(key, _)| is_merge(key));
    let sources = merges.iter().flat_map(|(_, value)| {
        if value.is_mapping() {
            std::slice::from_ref(value)
        } else {
            value.items()
        }
    });
    let mut known: std::collections::HashSet<String> = own
        .iter()
        .filter_map(|(key, _)| Some(key.scalar()?.text.clone()))
        .collect();
    let mut added = 0_u64;
    for (key, value) in sources.flat_map(Node::entries) {
        let Some(name) = key.scalar() else { continue };
        if known.insert(name.text.clone()) {
            added = added.saturating_add(value.0.size).saturating_add(1);
            own.push((key.clone(), value.clone()));
        }
    }
    *entries = own;
    added
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Node {
        parse(text, 0).expect("YAML").remove(0)
    }

    fn error(text: &str) -> String {
        let error = parse(text, 0).expect_err("no YAML");
        format!("{}: {}", error.line, error.message)
    }

    /// Each line of a scalar with the line of the file that it is on.
    fn located(node: &Node) -> Vec<(String, u32)> {
        let scalar = node.scalar().expect("a scalar");
        let mut at = 0;
        let mut found = Vec::new();
        for line in scalar.text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            found.push((line.trim().to_owned(), scalar.line_at(at + indent)));
            at += line.len();
        }
        found
    }

    #[test]
    fn scalars_know_their_lines() {
        for text in [
            "run: |\n\n  one\n\n  two \\\n    three\n  # four\nnext: x\n",
            "a: 1\nrun: |-\n  one\n  two\n",
        ] {
            let text_of = |line: u32| text.lines().nth(line as usize - 1).expect("a line").trim().to_owned();
            for (said, line) in located(one(text).get("run").expect("run")) {
                assert!(said.is_empty() || text_of(line) == said, "{said} {line}");
            }
            let crlf = text.replace('\n', "\r\n");
            let lines = |text: &str| {
                located(one(text).get("run").expect("run"))
                    .into_iter()
                    .map(|(_, line)| line)
                    .collect::<Vec<_>>()
            };
            assert_eq!(lines(text), lines(&crlf));
        }
        let folded = one("a: 1\nrun: >-\n  cargo test\n  --all\n\n  cargo doc\nb: 2\n");
        let folded = folded.get("run").and_then(Node::scalar).expect("run");
        assert_eq!(folded.text, "cargo test --all\ncargo doc");
        assert_eq!(folded.line_at(0), 3);
        assert_eq!(folded.line_at(folded.text.find("--all").expect("text")), 4);
        assert_eq!(folded.line_at(folded.text.find("cargo doc").expect("text")), 6);
        let plain = one("run: cargo test\n  --all\n");
        let plain = plain.get("run").and_then(Node::scalar).expect("run");
        assert_eq!((plain.line_at(0), plain.line_at(13)), (1, 2));
        let quoted = one("- \"cargo test\n  --all\"\n");
        let quoted = quoted.items()[0].scalar().expect("run");
        assert_eq!((quoted.line_at(0), quoted.line_at(12)), (1, 2));
    }

    #[test]
    fn a_list_may_close_at_the_indentation_of_its_key() {
        let node = one("matrix:\n  crate: [\n    a,\n    b,\n  ]\nnext: x\n");
        let list = node
            .get("matrix")
            .and_then(|matrix| matrix.get("crate"))
            .expect("a list");
        assert_eq!(list.items().len(), 2);
        assert_eq!(node.get("next").expect("a key").line(), 6);
        assert!(error("a: ]\n]\n").contains("is not valid YAML"));
    }

    #[test]
    fn anchors_and_merge_keys() {
        let node = one("a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc:\n  <<: [*a, *b]\n  x: 0\nd: *b\n");
        let texts = |key: &str| {
            node.get(key)
                .expect("a key")
                .texts()
                .map(|(k, v)| format!("{k}={v}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(texts("c"), ["x=0", "y=2", "z=4"]);
        assert_eq!(texts("d"), ["y=3", "z=4"]);
        assert_eq!(
            one("a: !reference [.b, script]").get("a").and_then(Node::tag),
            Some("reference")
        );
        assert_eq!(one("a: ~").get("a").and_then(Node::text), None);
        assert_eq!(one("a: 1\na: 2").get("a").and_then(Node::text), Some("2"));
        assert_eq!(parse("a: 1\n---\nb: 2\n", 0).expect("YAML").len(), 2);
    }

    #[test]
    fn what_is_no_yaml_has_a_line() {
        insta::assert_snapshot!(error("a: [1\nb: 2\n"), @"2: is not valid YAML: illegal placement of ':' indicator");
        insta::assert_snapshot!(error("a: 'x\n"), @"1: is not valid YAML: while scanning a quoted scalar, found unexpected end of stream");
        insta::assert_snapshot!(error("a: &a [*a]"), @"1: has an alias that contains itself");
        insta::assert_snapshot!(error("a: *nowhere"), @"1: is not valid YAML: while parsing node, found unknown anchor");
        insta::assert_snapshot!(error(&"- ".repeat(200)), @"1: is nested deeper than 100 levels");
        insta::assert_snapshot!(error(&"x".repeat(MAX_BYTES + 1)), @"1: is larger than 1024 KiB");
        assert!(parse("", 0).expect("YAML").is_empty());
        assert!(
            error(&"[".repeat(10_000)).starts_with("1: is nested") || error(&"[".repeat(10_000)).contains("recursion")
        );
    }

    #[test]
    fn a_bomb_is_over_a_limit() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..30 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        insta::assert_snapshot!(error(&bomb), @"6: has more than 200000 nodes after expanding aliases");
        let mut merges = "a0: &a0 {x: 1}\n".to_owned();
        for level in 1..400 {
            merges += &format!(
                "a{level}: &a{level}\n  <<: *a{}\n  k{level}: *a{}\n",
                level - 1,
                level - 1
            );
        }
        assert!(error(&merges).contains("nodes"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = parse(&text, 0);
        }

        #[test]
        fn nothing_like_yaml_panics(parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "a", "b", ": ", "\n", "\r\n", "  ", "- ", "|", ">", "\"", "'", "&a ", "*a", "<<: ", "!x ", "[", "]", "{",
                "}", ",", "#", "---\n", "...\n", "? ", "\t", "%TAG ! x\n", "é", "\u{feff}", "\\", "\u{85}",
            ]), 0..60)) {
            let text = parts.concat();
            if let Ok(documents) = parse(&text, 0) {
                let lines = u32::try_from(text.split(['\n', '\r']).count()).expect("small") + 1;
                let mut nodes: Vec<Node> = documents;
                while let Some(node) = nodes.pop() {
                    prop_assert!(node.line() <= lines);
                    nodes.extend(node.items().iter().cloned());
                    nodes.extend(node.entries().iter().flat_map(|(key, value)| [key.clone(), value.clone()]));
                    if let Some(scalar) = node.scalar() {
                        prop_assert!(scalar.line_at(scalar.text.len()) <= lines);
                    }
                }
            }
        }

        #[test]
        fn lines_of_a_literal_are_exact(lines in proptest::collection::vec("[a-z #&|\\\\]{0,12}", 1..8), before in 0_usize..3) {
            let head = "x:\n- y\n".repeat(before);
            let body: String = lines.iter().map(|line| format!("    {line}\n")).collect();
            let text = format!("{head}run: |\n    first\n{body}");
            // A key that stands twice is both; the last document has what was asked for.
            if let Ok(documents) = parse(&text, 0) {
                let node = documents[0].get("run").expect("run").clone();
                for (said, line) in located(&node) {
                    let written = text.lines().nth(line as usize - 1).expect("a line").trim();
                    prop_assert!(said.is_empty() || said == written, "{} {}", said, line);
                }
            }
        }
    }
}
