//! `api.deprecations`: what goes away is announced, and goes away when it was announced.

use std::collections::BTreeSet;

use semver::Version;

use gate_base::stage::Stage;
use gate_policy::Deprecation;
use gate_report::{Dimension, Finding, Location};
use gate_rust::facts::Deprecated;
use gate_rust::library::{FileSurvey, PackageSurvey, Survey};

use crate::failure::panics::unreadable_source;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

use gate_report::group::Group;

reads!(input::Cargo, input::RustSources, input::FileNames, Deprecation);

/// The check.
pub static CHECK: Check = Check {
    id: "api.deprecations",
    summary: "Public items are removed when announced, and not before",
    docs: include_str!("deprecations.md"),
    dimension: Dimension::Contract,
    group: Some(Group::Ergonomics),
    group_evidence: |_| true,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    recordable: true,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context.section::<Deprecation>().is_empty() {
        return Applies::No("no deprecation is declared".into());
    }
    Applies::Yes
}

fn run(context: &Context<'_>) -> Judgement {
    let survey = context.library();
    if let Some((path, error)) = survey.unreadable.first() {
        return Judgement::Inconclusive(unreadable_source(path, error));
    }
    Judgement::Findings(judge(survey, context.section::<Deprecation>()))
}

/// A deprecated item with its whole path.
struct Item<'s> {
    path: String,
    package: &'s PackageSurvey,
    file: &'s FileSurvey,
    found: &'s Deprecated,
}

impl Item<'_> {
    fn location(&self) -> Location {
        Location::line(&self.file.path, self.found.line)
    }
}

fn items(survey: &Survey) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    for package in &survey.packages {
        for file in &package.files {
            items.extend(file.scan.deprecated.iter().map(|found| Item {
                path: format!("{}::{}", file.module, found.item),
                package,
                file,
                found,
            }));
        }
    }
    items
}

/// Whether a declared path means the item: the same library and the same name, with nothing that the item's path lacks.
fn means(declared: &str, path: &str) -> bool {
    let declared: Vec<&str> = declared.split("::").collect();
    let path: Vec<&str> = path.split("::").collect();
    if declared.first() != path.first() || declared.last() != path.last() {
        return false;
    }
    let mut rest = path.iter();
    declared.iter().all(|name| rest.any(|found| found == name))
}

fn blocking(message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
}

fn judge(survey: &Survey, declared: &[Deprecation]) -> Vec<Finding> {
    let items = items(survey);
    let mut findings = Vec::new();
    for entry in declared {
        let because = |finding: Finding| finding.because(Some(entry.location.clone()));
        findings.extend(judge_entry(survey, &items, entry).into_iter().map(because));
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for item in items.iter().filter(|item| item.package.publish) {
        let declared = declared.iter().any(|entry| means(&entry.item, &item.path));
        // One item may be written once per platform.
        if !declared && seen.insert(&item.path) {
            findings.push(
                blocking(format!(
                    "`{}` is deprecated, but its removal is not declared",
                    item.path
                ))
                .help(format!(
                    "add `[[deprecation]]` with `item = \"{}\"`, `since`, `remove-in` and `replacement` to gate.toml",
                    item.path
                ))
                .at(item.location())
                .package(&item.package.name),
            );
        }
    }
    findings
}

fn judge_entry(survey: &Survey, items: &[Item<'_>], entry: &Deprecation) -> Vec<Finding> {
    let Deprecation {
        item, since, remove_in, ..
    } = entry;
    let library = item.split("::").next().unwrap_or_default();
    let Some(package) = survey.packages.iter().find(|package| package.library == library) else {
        return vec![
            blocking(format!(
                "`{item}` is declared deprecated, but there is no library `{library}`"
            ))
            .help("start `item` with the name of a library in the workspace")
            .at(entry.location.clone()),
        ];
    };
    let mut findings = Vec::new();
    if remove_in <= since {
        findings.push(
            blocking(format!(
                "`{item}` is deprecated since {since}, but `remove-in = \"{remove_in}\"` is not later"
            ))
            .help("write a later version in `remove-in`")
            .at(entry.location.clone()),
        );
    }
    let version = &package.version;
    let means = |found: &&Item<'_>| means(item, &found.path);
    let found: Vec<&Item<'_>> = items.iter().filter(means).collect();
    if found.is_empty() && version < remove_in {
        findings.push(
            blocking(format!(
                "`{item}` must stay until {remove_in}, but `{}` {version} has no such item marked `#[deprecated]`",
                package.name
            ))
            .help(format!(
                "restore it with `#[deprecated(since = \"{since}\")]`, or release {remove_in}"
            ))
            .at(entry.location.clone()),
        );
    }
    for one in found {
        if version >= remove_in {
            findings.push(
                blocking(format!(
                    "`{item}` was to be removed in {remove_in}, but `{}` is at {version}",
                    package.name
                ))
                .help("remove the item and its entry, or raise `remove-in`")
                .at(one.location()),
            );
        }
        if let Some(written) = &one.found.since
            && written.parse::<Version>().ok().as_ref() != Some(since)
        {
            findings.push(
                blocking(format!(
                    "`{item}` is deprecated since {written} in its attribute, but since {since} in gate.toml"
                ))
                .help(format!(
                    "write `#[deprecated(since = \"{since}\")]`, or correct `since` in gate.toml"
                ))
                .at(one.location()),
            );
        }
    }
    findings
        .into_iter()
        .map(|finding| finding.package(&package.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveys::library;
    use gate_contract::testing::findings_text;

    fn entry(item: &str, since: &str, remove_in: &str) -> Deprecation {
        Deprecation {
            item: item.into(),
            since: since.parse().expect("a version"),
            remove_in: remove_in.parse().expect("a version"),
            replacement: "another".into(),
            location: Location::line("gate.toml", 5),
        }
    }

    /// The library `app` is at 1.0.0.
    fn said(entries: &[Deprecation]) -> String {
        let survey = library(&[
            (
                "src/lib.rs",
                "mod imp;\n#[deprecated(since = \"0.9.0\")]\npub fn old() {}\n",
            ),
            (
                "src/imp.rs",
                "pub struct Client;\nimpl Client {\n    #[deprecated]\n    pub fn fetch() {}\n}\n",
            ),
        ]);
        findings_text(&judge(&survey, entries))
    }

    #[test]
    fn what_is_declared_and_there_is_silent() {
        let entries = [
            entry("app::old", "0.9.0", "2.0.0"),
            entry("app::Client::fetch", "0.9.1", "1.0.1"),
        ];
        assert_eq!(said(&entries), "");
    }

    #[test]
    fn every_way_to_break_the_promise() {
        insta::assert_snapshot!(said(&[
            entry("app::old", "0.8.0", "1.0.0"),
            entry("app::gone", "0.9.0", "1.1.0"),
            entry("app::long_gone", "0.9.0", "1.0.0"),
            entry("other::old", "0.9.0", "2.0.0"),
            entry("app::imp::Client::fetch", "2.0.0", "2.0.0"),
        ]), @r#"
        src/lib.rs:2: `app::old` was to be removed in 1.0.0, but `app` is at 1.0.0 [controlled]
          help: remove the item and its entry, or raise `remove-in`
          because: gate.toml:5
          package: app
        src/lib.rs:2: `app::old` is deprecated since 0.9.0 in its attribute, but since 0.8.0 in gate.toml [controlled]
          help: write `#[deprecated(since = "0.8.0")]`, or correct `since` in gate.toml
          because: gate.toml:5
          package: app
        gate.toml:5: `app::gone` must stay until 1.1.0, but `app` 1.0.0 has no such item marked `#[deprecated]` [controlled]
          help: restore it with `#[deprecated(since = "0.9.0")]`, or release 1.1.0
          because: gate.toml:5
          package: app
        gate.toml:5: `other::old` is declared deprecated, but there is no library `other` [controlled]
          help: start `item` with the name of a library in the workspace
          because: gate.toml:5
        gate.toml:5: `app::imp::Client::fetch` is deprecated since 2.0.0, but `remove-in = "2.0.0"` is not later [controlled]
          help: write a later version in `remove-in`
          because: gate.toml:5
          package: app
        "#);
        insta::assert_snapshot!(said(&[entry("app::long_gone", "0.9.0", "1.0.0")]), @r#"
        src/imp.rs:3: `app::imp::Client::fetch` is deprecated, but its removal is not declared [controlled]
          help: add `[[deprecation]]` with `item = "app::imp::Client::fetch"`, `since`, `remove-in` and `replacement` to gate.toml
          package: app
        src/lib.rs:2: `app::old` is deprecated, but its removal is not declared [controlled]
          help: add `[[deprecation]]` with `item = "app::old"`, `since`, `remove-in` and `replacement` to gate.toml
          package: app
        "#);
    }

    #[test]
    fn paths_may_leave_out_modules() {
        assert!(means("a::b", "a::b") && means("a::b", "a::x::y::b") && means("a::C::d", "a::x::C::d"));
        assert!(
            !means("a::b", "c::b")
                && !means("a::b", "a::c")
                && !means("a::x::b", "a::b")
                && !means("a::b::d", "a::x::d")
        );
    }
}
