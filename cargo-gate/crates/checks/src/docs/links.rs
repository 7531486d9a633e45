//! `docs.links`: relative links of documents lead somewhere.

use rayon::prelude::*;

use gate_base::stage::Stage;
use gate_policy::DocsPolicy;
use gate_report::{Change, Dimension, Finding, Remedy};
use gate_surveys::document::{self, Document};
use gate_text::markdown::links::Outline;
use gate_text::markdown::{place, target};

use super::destinations::{Destinations, Found};
use super::sites::Sites;
use gate_contract::{Check, Fixes, Judgement, Rule, input, reads};

use gate_report::group::Group;

reads!(
    input::Documents,
    input::DocumentsOutsideRoot,
    input::FileNames,
    DocsPolicy
);

/// The check.
pub static CHECK: Check = Check {
    id: "docs.links",
    summary: "Relative links in documents resolve",
    docs: include_str!("links.md"),
    dimension: Dimension::Contract,
    group: Some(Group::Ergonomics),
    group_evidence: |policy| policy.docs.is_some(),
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 5,
    recordable: true,
    fixes: Fixes::Applied(
        "writes paths in the case that files have; editors offer the heading or file that is probably meant",
    ),
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

/// How many links a message names.
const NAMED: usize = 3;

fn run(context: &Context<'_>) -> Judgement {
    let policy = context.section::<DocsPolicy>().as_ref();
    let declared = policy.filter(|docs| !docs.links.is_empty());
    let documents = context.documents();
    if let Some(path) = documents.unreadable.first() {
        return super::documents::unreadable(path);
    }
    let sites = Sites::of(context.files());
    let globs = document::globs(declared.map_or(&[], |docs| docs.links.as_slice()));
    let judged = |document: &Document| match declared {
        Some(_) => globs.is_match(&document.path),
        None => is_current(&document.path) && !sites.has(document),
    };
    let documents_in_order: Vec<&Document> = documents.iter().collect();
    let outlines: Vec<(&Document, &Outline)> = documents_in_order
        .into_par_iter()
        .enumerate()
        .filter_map(|(at, document)| Some((document, documents.outline(at)?)))
        .collect();
    let destinations = Destinations {
        files: context.files(),
        documents,
        outside_root: context.outside_root(),
    };
    let includes: Vec<(&str, &str)> = outlines
        .iter()
        .flat_map(|(document, outline)| {
            outline
                .includes
                .iter()
                .map(|part| (document.path.as_str(), part.as_str()))
        })
        .collect();
    // What is put into another document has the links of that one.
    let is_part = |path: &str| includes.iter().any(|(whole, part)| is_included(path, whole, part));
    let mut findings = Vec::new();
    let judged = |document: &Document| judged(document) && !is_part(&document.path);
    for (document, outline) in outlines.iter().filter(|(document, _)| judged(document)) {
        let broken = outline.links.iter().filter_map(|link| {
            let destination = link.destination.as_str();
            let meant = match destinations.find(&document.path, destination) {
                Found::Yes => return None,
                Found::No(meant) => meant,
                Found::AnchorAbove(text, fragment) => {
                    let outline = Outline::new(text);
                    if outline.assembled || is_position(&fragment) || outline.anchors.contains(&fragment) {
                        return None;
                    }
                    similar(&fragment, &outline).map(|anchor| {
                        let path = destination.split('#').next().unwrap_or_default();
                        format!("{path}#{anchor}")
                    })
                }
                Found::Anchor(at, fragment) => {
                    let outline = outlines.get(at)?.1;
                    if outline.assembled || is_position(&fragment) || outline.anchors.contains(&fragment) {
                        return None;
                    }
                    similar(&fragment, outline).map(|anchor| {
                        let path = destination.split('#').next().unwrap_or_default();
                        format!("{path}#{anchor}")
                    })
                }
            };
            Some(Broken {
                destination,
                meant,
                place: place(&document.path, &document.text, link.span.clone()),
            })
        });
        let broken: Vec<Broken<'_>> = broken.collect();
        if !broken.is_empty() {
            findings.push(finding(&broken, declared.map(|docs| &docs.location)));
        }
    }
    if let Some(docs) = declared {
        let missing = docs.links.iter().filter(|pattern| {
            let glob = document::globs(std::slice::from_ref(pattern));
            !documents.iter().any(|document| glob.is_match(&document.path))
        });
        findings
            .extend(missing.map(|pattern| super::documents::nothing_matches("links", pattern, docs, CHECK.blocks_at)));
    }
    Judgement::Findings(findings)
}

struct Broken<'a> {
    destination: &'a str,
    meant: Option<String>,
    place: gate_report::Location,
}

fn finding(broken: &[Broken<'_>], declared: Option<&gate_report::Location>) -> Finding {
    let named: Vec<String> = broken
        .iter()
        .take(NAMED)
        .map(|one| format!("`{}`", one.destination))
        .collect();
    let rest = broken.len() - named.len();
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    let message = match broken {
        [_] => format!("broken link {}", named.join("")),
        _ => format!("{} broken links: {}{more}", broken.len(), named.join(", ")),
    };
    let mut finding = match declared {
        Some(policy) => Finding::blocking(CHECK.blocks_at, message).because(Some(policy.clone())),
        None => Finding::advice(message),
    };
    let meant = broken
        .iter()
        .find_map(|one| Some((one.destination, one.meant.as_deref()?)));
    finding.remedy = remedy(broken);
    finding = finding.help(match meant {
        Some((destination, meant)) => format!("write `{meant}` instead of `{destination}`"),
        None => "correct or remove the link; `links` under `[docs]` lists the documents that count".to_owned(),
    });
    broken
        .iter()
        .fold(finding, |finding, one| finding.at(one.place.clone()))
}

/// The links as they are meant, where that is known of all.
fn remedy(broken: &[Broken<'_>]) -> Option<Remedy> {
    let change = |one: &Broken<'_>| {
        let place = gate_report::Location {
            column: None,
            length: None,
            ..one.place.clone()
        };
        let meant = one.meant.as_deref()?;
        Some(Change::replace(
            &place,
            format!("]({}", one.destination),
            format!("]({meant}"),
        ))
    };
    let changes: Option<Vec<Change>> = broken.iter().map(change).collect();
    // The same name in another case is no guess.
    let same = |one: &Broken<'_>| {
        one.meant
            .as_deref()
            .is_some_and(|meant| meant.eq_ignore_ascii_case(one.destination))
    };
    let remedy = Remedy::new("write what the link means", changes?);
    Some(if broken.iter().all(same) {
        remedy
    } else {
        remedy.to_be_reviewed()
    })
}

/// Whether `part`, as the document `whole` names it, is the document at `path`: relative to `whole`, or to a directory
/// that only the generator of the site knows.
fn is_included(path: &str, whole: &str, part: &str) -> bool {
    let below = part.trim_start_matches(['.', '/']);
    target::join(whole, part).is_some_and(|joined| joined == path)
        || (below.contains('/')
            && path
                .strip_suffix(below)
                .is_some_and(|above| above.is_empty() || above.ends_with('/')))
}

/// Whether a document says what holds now, as far as its path tells. What does not is judged where it is declared.
fn is_current(path: &str) -> bool {
    const DATA: &str = "\
        corpus fixture fixtures node_modules snapshots template templates test test-data test_data testdata tests \
        third-party third_party vendor ISSUE_TEMPLATE PULL_REQUEST_TEMPLATE";
    const PAST: &str = "changelog changelogs changes history news pull_request_template release releases";
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split(['.', '-']).next().unwrap_or(name).to_lowercase();
    let is_past = |name: &str| PAST.split_whitespace().any(|past| past == name);
    let is_data = |name: &str| DATA.split_whitespace().any(|data| data == name);
    let mut parts = directory.split('/');
    !is_past(&stem) && parts.all(|part| !is_data(part) && !is_past(&part.to_lowercase()))
}

/// `#L10-L20` is a place in the text as GitHub shows it, `#:~:text=` one that browsers look for.
fn is_position(fragment: &str) -> bool {
    fragment.starts_with(":~:")
        || fragment
            .strip_prefix('L')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The heading that a fragment most probably means.
fn similar<'a>(fragment: &str, outline: &'a Outline) -> Option<&'a str> {
    outline
        .anchors
        .headings()
        .map(|anchor| (strsim::jaro_winkler(fragment, anchor), anchor))
        .filter(|(similarity, _)| *similarity > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, anchor)| anchor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_policy::DocsPolicy;
    use gate_report::Location;
    use gate_surveys::outside_root::{Destination, OutsideRoot};

    fn said(documents: &[(&str, &str)], others: &[&str]) -> String {
        let mut world = World::new();
        world.documents(documents, others);
        world.text(&CHECK)
    }

    #[test]
    fn what_is_there_is_no_finding() {
        let readme = "# A tool\n[l](LICENSE) [d](docs) [d](./docs/) [p](docs/a.md#ab) [s](#a-tool) [l](src/lib.rs#L3)\n\
                      [b](docs/b.html) [r](Router) [o](../elsewhere.md) [k](docs/link/x.md)\n";
        let page = "[up](../README.md) [up](..) [own](#ab)\n<a id=\"ab\"></a>\n";
        assert_eq!(
            said(
                &[("README.md", readme), ("docs/a.md", page)],
                &["LICENSE", "src/lib.rs", "docs/b.md", "docs/link"]
            ),
            ""
        );
    }

    #[test]
    fn what_is_missing_is_one_finding_per_document() {
        let readme = "# A tool\n\n[a](docs/B.md)\n\n[b](docs/a.md#usge)\n\n![c](c.png)\n\n[d](github.com/x)\n";
        insta::assert_snapshot!(
            said(&[("README.md", readme), ("docs/a.md", "## Usage\n[c](b.md)\n\n[gone](gone)\n\n[x](../x/)")], &["docs/b.md"]),
            @"
            README.md:3: 4 broken links: `docs/B.md`, `docs/a.md#usge`, `c.png` and 1 more [advice]
              also: README.md:5
              also: README.md:7
              also: README.md:9
              help: write `docs/b.md` instead of `docs/B.md`
            docs/a.md:6: broken link `../x/` [advice]
              help: correct or remove the link; `links` under `[docs]` lists the documents that count
            "
        );
    }

    #[test]
    fn links_above_the_workspace_stay_in_the_repository() {
        let mut world = World::new();
        let readme = "[a](../README.md#usage) [b](../README.md#usge)\n[c](../gone.md) [d](../../out.md) [e](../rust/LICENSE)\n\
                      [f](../rust/no) [g](../docs)\n";
        world.documents(
            &[("README.md", readme), ("book/SUMMARY.md", "[x](../../gone.md)")],
            &["LICENSE"],
        );
        world.workspace.outside_root = std::sync::OnceLock::from(OutsideRoot::by_hand(
            "rust",
            &[
                ("README.md", Destination::Document("## Usage\n".into())),
                ("gone.md", Destination::Missing),
                ("docs", Destination::There),
            ],
        ));
        insta::assert_snapshot!(world.text(&CHECK), @"
        README.md:1: 3 broken links: `../README.md#usge`, `../gone.md`, `../rust/no` [advice]
          also: README.md:2
          also: README.md:3
          help: write `../README.md#usage` instead of `../README.md#usge`
        ");
    }

    #[test]
    fn a_document_that_cannot_be_read_is_no_pass() {
        let mut world = World::new();
        world.documents(&[("README.md", "")], &[]);
        let documents = world.workspace.documents.get_mut().expect("documents");
        documents.unreadable.push("SECRET.md".into());
        insta::assert_snapshot!(world.text(&CHECK), @"
        not run (unreadable): cannot read `SECRET.md`
          help: make `SECRET.md` readable by the user that runs the gate
        ");
    }

    #[test]
    fn documents_that_say_what_was_are_left_out() {
        let broken = "[x](x.md)";
        assert_eq!(
            said(
                &[
                    ("CHANGELOG.md", broken),
                    ("docs/releases/1.0.md", broken),
                    ("tests/data/a.md", broken),
                    (".github/PULL_REQUEST_TEMPLATE.md", broken),
                ],
                &[]
            ),
            ""
        );
    }

    #[test]
    fn declared_documents_block_and_the_others_are_left_alone() {
        let mut world = World::new();
        world.documents(&[("README.md", "[x](x.md)"), ("notes.md", "[x](x.md)")], &[]);
        world.policy.docs = Some(DocsPolicy {
            links: vec!["README.md".into(), "docs/**/*.md".into()],
            commands: Vec::new(),
            status: Vec::new(),
            generated: Vec::new(),
            location: Location::line("gate.toml", 4),
        });
        insta::assert_snapshot!(world.text(&CHECK), @"
        README.md:1: broken link `x.md` [controlled]
          help: correct or remove the link; `links` under `[docs]` lists the documents that count
          because: gate.toml:4
        gate.toml:4: no tracked Markdown file matches `docs/**/*.md` [controlled]
          help: correct it in `links` under `[docs]`, or remove it
          because: gate.toml:4
        ");
    }
}
