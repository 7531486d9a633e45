//! The book as a static site: `docs/src` to HTML pages that need no script, no network and no program but a browser.
//!
//! mdBook makes a richer one from the same sources. This one is for a build that has nothing but the workspace: it costs the HTML half of the Markdown parser
//! that the gate reads documents with, and every link is followed before a page is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use gate_text::markdown::links::Outline;
use gate_text::markdown::target::{Target, join};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::Result;

/// Where the site is written, below the root of the project.
pub const DIRECTORY: &str = "target/site";

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { margin: 0; display: flex; font: 1rem/1.5 system-ui, sans-serif; }
nav { flex: 0 0 17rem; height: 100vh; overflow: auto; position: sticky; top: 0; box-sizing: border-box; padding: 1rem; border-right: 1px solid #8884; }
nav ul { list-style: none; padding-left: 0.8rem; margin: 0; }
nav h2 { font-size: 0.9rem; margin: 1rem 0 0.3rem; }
nav a[aria-current] { font-weight: bold; }
main { flex: 1; min-width: 0; max-width: 52rem; padding: 1rem 2rem 4rem; }
pre { overflow: auto; padding: 0.8rem; background: #8881; }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
table { border-collapse: collapse; display: block; overflow: auto; }
th, td { border: 1px solid #8886; padding: 0.25rem 0.6rem; text-align: left; vertical-align: top; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } }
";

/// A page: its path below `docs/src`, and its text.
type Pages = BTreeMap<String, String>;

/// Builds the site into `out`, which is emptied first. Returns how many pages it has.
///
/// # Errors
/// A page cannot be read or written, or a link leads nowhere: all such links, each with its page.
pub fn build(root: &Path, out: &Path) -> Result<usize> {
    let sources = root.join("docs").join("src");
    let mut pages = Pages::new();
    collect(&sources, "", &mut pages)?;
    let summary = pages.remove("SUMMARY.md").ok_or("docs/src/SUMMARY.md is missing")?;
    let outlines: BTreeMap<&str, Outline> = pages
        .iter()
        .map(|(path, text)| (path.as_str(), Outline::new(text)))
        .collect();
    let mut broken = dead_links(root, &outlines);
    let listed = Outline::new(&summary);
    for link in &listed.links {
        if !pages.contains_key(&link.destination) {
            broken.push(format!("SUMMARY.md: there is no `{}`", link.destination));
        }
    }
    if !broken.is_empty() {
        return Err(format!("links that lead nowhere:\n  {}", broken.join("\n  ")).into());
    }
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    write(out, "style.css", STYLE)?;
    for (path, text) in &pages {
        let outline = outlines.get(path.as_str()).ok_or("every page has an outline")?;
        write(out, &html_path(path), &page(path, text, outline, &summary))?;
    }
    let first = listed
        .links
        .first()
        .map_or("introduction.html".to_owned(), |link| html_path(&link.destination));
    let index = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta http-equiv=\"refresh\" content=\"0; url={first}\">\n\
         <title>cargo gate</title>\n<a href=\"{first}\">cargo gate</a>\n</html>\n"
    );
    write(out, "index.html", &index)?;
    let schemas = root.join("docs").join("schema");
    for file in fs::read_dir(&schemas)?.flatten() {
        let name = file.file_name();
        let name = name.to_string_lossy();
        write(out, &format!("schema/{name}"), &fs::read_to_string(file.path())?)?;
    }
    Ok(pages.len())
}

fn collect(directory: &Path, below: &str, pages: &mut Pages) -> Result {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{below}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), pages)?;
        } else if name.ends_with(".md") {
            pages.insert(path, fs::read_to_string(entry.path())?);
        }
    }
    Ok(())
}

/// Every relative link that leads to no page, anchor or file.
fn dead_links(root: &Path, outlines: &BTreeMap<&str, Outline>) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, outline) in outlines {
        for link in &outline.links {
            let Target::Relative { path: to, fragment } = Target::new(&link.destination) else {
                continue;
            };
            let target = if to.is_empty() {
                Some((*path).to_owned())
            } else {
                join(path, &to)
            };
            let known = target.as_deref().and_then(|target| outlines.get(target));
            let fine = match (known, &fragment) {
                (Some(page), Some(fragment)) => page.anchors.contains(fragment),
                (Some(_), None) => true,
                (None, _) => file_of(root, path, &to).is_some(),
            };
            if !fine {
                broken.push(format!("{path}: {}", link.destination));
            }
        }
    }
    broken
}

/// The file of the project that a link of a page leads to, where it is no page: its path below the root.
fn file_of(root: &Path, page: &str, to: &str) -> Option<String> {
    let path = join(&format!("docs/src/{page}"), to)?;
    root.join(&path).exists().then_some(path)
}

fn html_path(page: &str) -> String {
    format!("{}.html", page.strip_suffix(".md").unwrap_or(page))
}

/// A destination as the site has it: pages have another ending, schemas are part of the site, and other files of the project are where it is published.
fn destination<'a>(page: &str, written: CowStr<'a>) -> CowStr<'a> {
    const PROJECT: &str = "https://github.com/cargo-gate/cargo-gate/blob/main/";
    let Target::Relative { path, fragment } = Target::new(&written) else {
        return written;
    };
    let fragment = fragment.map_or_else(String::new, |fragment| format!("#{fragment}"));
    if path.is_empty() {
        return fragment.into();
    }
    if join(page, &path).is_some() {
        return format!("{}{fragment}", html_path(&path)).into();
    }
    match join(&format!("docs/src/{page}"), &path) {
        Some(file) => match file.strip_prefix("docs/schema/") {
            Some(schema) => format!("{}schema/{schema}", up(page)).into(),
            None => format!("{PROJECT}{file}{fragment}").into(),
        },
        None => written,
    }
}

/// The way from a page to the top of the site.
fn up(page: &str) -> String {
    "../".repeat(page.matches('/').count())
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

fn page(path: &str, text: &str, outline: &Outline, summary: &str) -> String {
    let mut anchors = outline.anchors.headings();
    let events = Parser::new_ext(text, options()).map(|event| match event {
        Event::Start(Tag::Heading {
            level, classes, attrs, ..
        }) => Event::Start(Tag::Heading {
            level,
            id: anchors.next().map(|anchor| CowStr::from(anchor.to_owned())),
            classes,
            attrs,
        }),
        Event::Start(Tag::Link {
            link_type,
            dest_url,
            title,
            id,
        }) => Event::Start(Tag::Link {
            link_type,
            dest_url: destination(path, dest_url),
            title,
            id,
        }),
        other => other,
    });
    let mut body = String::new();
    html::push_html(&mut body, events);
    let title = text
        .lines()
        .find_map(|line| line.strip_prefix("# "))
        .unwrap_or("cargo gate");
    let up = up(path);
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{} - cargo gate</title>\n<link rel=\"stylesheet\" href=\"{up}style.css\">\n</head>\n<body>\n<nav>\n{}</nav>\n<main>\n{body}</main>\n\
         </body>\n</html>\n",
        escaped(title),
        navigation(path, summary)
    );
    out
}

/// The summary as a list of links, seen from a page.
fn navigation(page: &str, summary: &str) -> String {
    let up = up(page);
    // The first heading of the summary is its own name, in whose place the site has its title.
    let (mut opened, mut closed) = (false, false);
    let level = pulldown_cmark::HeadingLevel::H2;
    let events = Parser::new_ext(summary, options()).map(|event| match event {
        Event::Start(Tag::Heading { .. }) if !opened => {
            opened = true;
            Event::Html(format!("<strong><a href=\"{up}index.html\">cargo gate</a></strong><span hidden>").into())
        }
        Event::End(TagEnd::Heading(_)) if !closed => {
            closed = true;
            Event::Html("</span>".into())
        }
        Event::Start(Tag::Heading { classes, attrs, .. }) => Event::Start(Tag::Heading {
            level,
            id: None,
            classes,
            attrs,
        }),
        Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(level)),
        Event::Start(Tag::Link { dest_url, .. }) => {
            let here = if *dest_url == *page {
                " aria-current=\"page\""
            } else {
                ""
            };
            Event::InlineHtml(format!("<a href=\"{up}{}\"{here}>", html_path(&dest_url)).into())
        }
        Event::End(TagEnd::Link) => Event::InlineHtml("</a>".into()),
        other => other,
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('`', "")
}

fn write(out: &Path, path: &str, text: &str) -> Result {
    let file = out.join(path);
    if let Some(directory) = file.parent() {
        fs::create_dir_all(directory)?;
    }
    Ok(fs::write(file, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_where_the_site_has_them() {
        let to = |page: &str, written: &'static str| destination(page, written.into()).to_string();
        assert_eq!(to("guide/a.md", "b.md#c"), "b.html#c");
        assert_eq!(to("guide/a.md", "../checks/x.y.md"), "../checks/x.y.html");
        assert_eq!(to("guide/a.md", "#here"), "#here");
        assert_eq!(to("guide/a.md", "https://example.org/x.md"), "https://example.org/x.md");
        assert_eq!(
            to("guide/a.md", "../../schema/gate.schema.json"),
            "../schema/gate.schema.json"
        );
        assert!(to("a.md", "../../README.md").ends_with("/blob/main/README.md"));
    }

    #[test]
    fn the_site_of_this_project_is_whole_and_needs_no_script() {
        let out = tempfile::tempdir().unwrap();
        let out = out.path().join("site");
        let pages = build(&crate::project_root(), &out).unwrap();
        assert!(pages > 60, "{pages} pages");
        let mut all = Vec::new();
        files(&out, &mut all);
        for file in &all {
            let text = fs::read_to_string(file).unwrap();
            assert!(!text.contains("<script"), "{}", file.display());
            if file.extension().is_none_or(|extension| extension != "html") {
                continue;
            }
            // Every link inside the site is followed, as a browser would.
            for link in text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                if link.contains("://") || link.starts_with("mailto:") {
                    continue;
                }
                let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
                let target = if path.is_empty() {
                    file.clone()
                } else {
                    file.parent().unwrap().join(path)
                };
                assert!(target.is_file(), "{}: {link}", file.display());
                if !fragment.is_empty() {
                    let there = fs::read_to_string(&target).unwrap();
                    assert!(
                        there.contains(&format!("id=\"{fragment}\"")),
                        "{}: {link}",
                        file.display()
                    );
                }
            }
        }
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named() {
        let root = tempfile::tempdir().unwrap();
        let sources = root.path().join("docs/src");
        fs::create_dir_all(&sources).unwrap();
        fs::create_dir_all(root.path().join("docs/schema")).unwrap();
        fs::write(sources.join("SUMMARY.md"), "# Summary\n\n- [A](a.md)\n- [B](b.md)\n").unwrap();
        fs::write(sources.join("a.md"), "# A\n\n[x](#nowhere) [y](c.md) [z](#a)\n").unwrap();
        let error = build(root.path(), &root.path().join("out")).unwrap_err().to_string();
        assert_eq!(
            error,
            "links that lead nowhere:\n  a.md: #nowhere\n  a.md: c.md\n  SUMMARY.md: there is no `b.md`"
        );
    }

    fn files(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                files(&entry.path(), found);
            } else {
                found.push(entry.path());
            }
        }
    }
}
