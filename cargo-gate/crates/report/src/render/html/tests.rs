use super::super::samples;
use super::*;
use crate::redaction::MaskedReport;
use crate::{Decision, Location, Outcome};
use gate_base::stage::Stage;

/// What a caller knows of other runs.
fn context() -> HtmlContext {
    let run = |day: u32, decision| PastRun {
        run_id: format!("202602{day:02}T120000Z-00000{day}"),
        started: format!("2026-02-{day:02}T12:00:00Z"),
        stage: Stage::Controlled,
        decision,
        commit: Some("8f3c1d2e4b5a69788796a5b4c3d2e1f001122334".into()),
        dirty: day == 3,
        page: (day != 1).then(|| format!("../202602{day:02}T120000Z-00000{day}/report.html")),
    };
    let history = vec![
        run(1, Decision::NotReady),
        run(2, Decision::Ready),
        run(3, Decision::ReadyWithBoundedScope),
    ];
    let mut earlier = samples::failures();
    earlier.run_id.clone_from(&history[2].run_id);
    earlier.started.clone_from(&history[2].started);
    earlier.decision = Decision::ReadyWithBoundedScope;
    earlier.checks[0].outcome = Outcome::Warn;
    earlier.checks[1].findings[0].message = "`Cargo.lock` is old".into();
    earlier.checks.pop();
    HtmlContext {
        history,
        previous: Some(PreviousRun::of(&earlier)),
        workspace: Some("../../../../".into()),
        in_run_directory: true,
    }
}

/// Every sample, alone and next to other runs.
fn pages() -> Vec<(String, String)> {
    let with = context();
    let both = |(name, report): (&str, Report)| {
        [
            (name.to_owned(), render(&report, &HtmlContext::default())),
            (format!("{name}-with-others"), render(&report, &with)),
        ]
    };
    let mut pages: Vec<_> = samples::all().into_iter().flat_map(both).collect();
    pages.push(("many".into(), render(&samples::many(3_000), &with)));
    pages.push(("index".into(), index::render("demo <b>", &with.history)));
    pages.push(("index-empty".into(), index::render("demo", &[])));
    let (one, hostile) = (&pages[2].1, samples::hostile());
    let hostile = render(&hostile, &HtmlContext::default());
    let of = |directory, page, failed| combined::Workspace {
        directory,
        decision: "READY",
        ready: true,
        page,
        failed,
    };
    let workspaces = [
        of(".", one.as_str(), None),
        of("a \"b\" <c>", hostile.as_str(), None),
        of("d", "", Some("cannot parse `gate.toml` <x>")),
    ];
    pages.push((
        "combined".into(),
        combined::render("NOT READY for pilot", false, &workspaces),
    ));
    pages
}

/// The page without its style, which is the same everywhere.
fn body(page: &str) -> String {
    let (head, rest) = page.split_once("<style>").expect("a style");
    let (_, rest) = rest.split_once("</style>").expect("its end");
    format!("{head}<style/>{rest}")
}

#[test]
fn every_sample_looks_as_it_did() {
    for (name, page) in pages() {
        if [
            "failures-with-others",
            "bounded",
            "unjudged",
            "hostile",
            "measured",
            "ready",
            "index",
        ]
        .contains(&name.as_str())
        {
            insta::assert_snapshot!(name, body(&page));
        }
    }
}

#[test]
fn every_page_is_well_formed_and_keeps_to_its_outline() {
    for (name, page) in pages() {
        let options = roxmltree::ParsingOptions {
            allow_dtd: true,
            ..roxmltree::ParsingOptions::default()
        };
        let document = roxmltree::Document::parse_with_options(&page, options)
            .unwrap_or_else(|error| panic!("{name}: {error}\n{page}"));
        let elements: Vec<_> = document.descendants().filter(roxmltree::Node::is_element).collect();
        let count = |tag: &str| elements.iter().filter(|element| element.has_tag_name(tag)).count();
        assert_eq!(document.root_element().attribute("lang"), Some("en"), "{name}");
        for one in ["main", "header", "footer", "title", "h1"] {
            assert_eq!(count(one), 1, "{name}: {one}");
        }
        let policy = elements
            .iter()
            .find(|element| element.attribute("http-equiv") == Some("Content-Security-Policy"))
            .and_then(|element| element.attribute("content"))
            .expect("a policy");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"),
            "{policy}"
        );

        let mut ids = std::collections::BTreeSet::new();
        let mut level = 0;
        for element in &elements {
            let tag = element.tag_name().name();
            let known = [
                "html", "head", "meta", "title", "style", "body", "a", "div", "header", "main", "nav", "section",
                "article", "footer", "p", "h1", "h2", "h3", "h4", "h5", "ul", "ol", "li", "span", "code", "pre",
                "strong", "br", "time", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td", "details",
                "summary", "svg", "rect", "circle", "path",
            ];
            assert!(known.contains(&tag), "{name}: <{tag}>");
            for attribute in element.attributes() {
                assert!(!attribute.name().starts_with("on"), "{name}: {}", attribute.name());
                assert!(
                    attribute.name() != "src" && attribute.name() != "style",
                    "{name}: {}",
                    attribute.name()
                );
            }
            if let Some(id) = element.attribute("id") {
                assert!(ids.insert(id), "{name}: {id} twice");
            }
            if let Some(depth) = tag.strip_prefix('h').and_then(|depth| depth.parse::<u32>().ok()) {
                assert!(depth <= level + 1, "{name}: <{tag}> after <h{level}>");
                level = depth;
            }
        }
        for element in &elements {
            for attribute in ["href", "aria-labelledby"] {
                let Some(target) = element.attribute(attribute) else {
                    continue;
                };
                match (attribute, target.strip_prefix('#')) {
                    ("href", None) => assert!(!target.contains(':') && !target.starts_with('/'), "{name}: {target}"),
                    (_, inside) => assert!(ids.contains(inside.unwrap_or(target)), "{name}: {target} leads nowhere"),
                }
            }
        }
    }
}

#[test]
fn hostile_text_stays_text() {
    let mut report = samples::hostile();
    report.subject.name = "\"><script>alert(1)</script>\u{0}\u{202e}".into();
    report.subject.branch = Some("' onload='x".into());
    report.checks[0].id = "suite.test.\" autofocus onfocus=\"x".into();
    report.checks[0].findings[0].package = Some("</td></table><img src=x>".into());
    report.checks[0].findings[0].detail = Some("</pre><iframe>\u{1b}[2J".into());
    report.checks[0].findings[0].locations = vec![Location::line("javascript:alert(1)//\"><b>", 1)];
    let mut context = context();
    context.history[0].page = Some("javascript:\"><script>".into());
    let page = render(&report, &context);
    let markup = body(&page);
    for live in [
        "<script",
        "<img",
        "<iframe",
        "<b>",
        "onfocus=\"x",
        "onload='x",
        "javascript:alert(1)//\"",
        "\u{1b}",
        "\u{202e}",
        "\u{0}",
    ] {
        assert!(!markup.contains(live), "{live:?}");
    }
    assert!(
        markup.contains("&lt;script&gt;alert(1)&lt;/script&gt;\\u{0}"),
        "it is shown"
    );
    assert!(
        markup.contains("href=\"../../../../javascript%3Aalert"),
        "a path is no scheme"
    );
    assert!(!markup.contains("href=\"javascript"), "nothing links to a scheme");
    assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
}

#[test]
fn no_secret_of_this_or_another_run_is_on_a_page() {
    let secret = gate_text::secrets::planted::value("github_token");
    let mut report = samples::failures();
    report.checks[1].findings[0].message = format!("the token {secret} is in the tree");
    report.checks[1].findings[0].detail = Some(format!("token = {secret}"));
    report.unblock[0].action = format!("revoke {secret}");
    let mut context = context();
    context.previous.as_mut().expect("a previous run").checks[0].findings = vec![format!("found {secret}")];
    let page = MaskedReport::from(report).html(&context).to_string();
    assert!(!page.contains(&secret[6..20]), "{page}");
}

#[test]
fn the_same_input_gives_the_same_bytes_and_a_long_list_ends() {
    assert_eq!(
        render(&samples::measured(), &context()),
        render(&samples::measured(), &context())
    );
    let page = render(&samples::many(30_000), &HtmlContext::default());
    assert!(page.len() < 4 << 20, "{}", page.len());
    assert!(page.contains("which <code>report.json</code> lists"));
}

#[test]
fn a_context_survives_being_written() {
    let text = serde_json::to_string(&context()).expect("it can be written");
    assert_eq!(
        serde_json::from_str::<HtmlContext>(&text).expect("it can be read"),
        context()
    );
}
