//! Rules between values. They read the spanned file, not the typed one, so that they speak even where other values are
//! wrong; what has the wrong type is left to [`super::walk`].

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::stage::Stage;

use super::known::{KINDS, elements, table};
use super::parts;
use super::problem::{Oddity, Problem, shown};
use super::rules::{Rules, text};
use super::{bench, checklist, conformance, format, rails, rule, slo, uses};

type Found<'t, 'i> = &'t Spanned<DeValue<'i>>;

impl Rules<'_> {
    /// All errors.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.unique_suites(&mut problems);
        self.unique_tier_exceptions(&mut problems);
        self.tests_run(&mut problems);
        self.exclusions_name_something(&mut problems);
        self.notifications_go_one_way(&mut problems);
        self.overrides_are_earlier(&mut problems);
        self.checklists_ask_for_something(&mut problems);
        problems.extend(bench::problems(self));
        problems.extend(slo::problems(self));
        problems.extend(uses::problems(self));
        problems.extend(conformance::problems(self));
        problems.extend(rails::problems(self.file));
        problems
    }

    /// Names of suites are unique across kinds: they name logs and are what `cargo gate suite` takes.
    fn unique_suites(&self, problems: &mut Vec<Problem>) {
        let names = KINDS
            .into_iter()
            .flat_map(|kind| elements(self.file, &["suite", kind]))
            .flat_map(|suite| {
                let span = text(suite, "name").map(|(_, span)| span).unwrap_or_default();
                parts::names(suite).into_iter().map(move |name| (name, span.clone()))
            });
        self.duplicates(names, "the suite", "give each suite a name of its own", problems);
    }

    fn unique_tier_exceptions(&self, problems: &mut Vec<Problem>) {
        let packages = elements(self.file, &["tiers", "exception"])
            .into_iter()
            .filter_map(|exception| text(exception, "package"));
        self.duplicates(
            packages,
            "the exception for",
            "keep one exception per package",
            problems,
        );
    }

    fn tests_run(&self, problems: &mut Vec<Problem>) {
        for suite in elements(self.file, &["suite", "test"]) {
            let required = suite.get("required").and_then(|value| value.get_ref().as_bool());
            let Some(least) = suite.get("min-tests") else {
                continue;
            };
            let zero = least
                .get_ref()
                .as_integer()
                .is_some_and(|least| i64::from_str_radix(least.as_str(), least.radix()) == Ok(0));
            if zero && required != Some(false) {
                let message = "a required suite that may run no test proves nothing";
                problems.push(
                    Problem::new(least.span(), message)
                        .rule(&rule::SUITE_WITHOUT_TESTS)
                        .help("write `min-tests = 1` or more, or `required = false`"),
                );
            }
        }
    }

    /// Every item of a checklist has a name of its own and something that meets it.
    fn checklists_ask_for_something(&self, problems: &mut Vec<Problem>) {
        let stages = table(self.file, &["checklist"]);
        let lists = Stage::ALL
            .iter()
            .filter_map(|stage| stages?.get(stage.name())?.get_ref().as_array());
        let mut names = Vec::new();
        for element in lists.flat_map(|list| list.iter()) {
            let Some(item) = element.get_ref().as_table() else {
                continue;
            };
            names.extend(text(item, "id"));
            let asks = |key: &str| match item.get(key).map(Spanned::get_ref) {
                None => false,
                Some(DeValue::Array(items)) => !items.is_empty(),
                Some(_) => true,
            };
            if !asks("checks") && !asks("artifacts") {
                let message = "the item names neither a check nor an artifact, so nothing can meet it";
                let help = "add `checks = [\"…\"]` or `artifacts = [\"…\"]`";
                let problem = Problem::new(element.span(), message).rule(&rule::CHECKLIST_ITEM_WITHOUT_CHECK);
                problems.push(problem.help(help));
            }
            let checks = item.get("checks").and_then(|checks| checks.get_ref().as_array());
            for check in checks.into_iter().flat_map(|checks| checks.iter()) {
                if check.get_ref().as_str() == Some(checklist::CHECK_ID) {
                    let problem = Problem::new(check.span(), "a checklist cannot be met by itself")
                        .rule(&rule::CHECKLIST_OF_ITSELF);
                    problems.push(problem.help("name the checks that the checklist is about"));
                }
            }
        }
        let what = "the checklist item";
        self.duplicates(names.into_iter(), what, "give each item a name of its own", problems);
    }

    fn exclusions_name_something(&self, problems: &mut Vec<Problem>) {
        let Some(array) = self.file.get("exclusion").and_then(|value| value.get_ref().as_array()) else {
            return;
        };
        for element in array.iter() {
            let Some(exclusion) = element.get_ref().as_table() else {
                continue;
            };
            let names = |key: &str| match exclusion.get(key).map(Spanned::get_ref) {
                None => false,
                Some(DeValue::Array(items)) => !items.is_empty(),
                Some(_) => true,
            };
            if !names("packages") && !names("paths") {
                let message = "the exclusion names neither a package nor a path, so it excludes nothing";
                let help = "add `packages = [\"…\"]` or `paths = [\"…\"]`";
                let problem = Problem::new(element.span(), message).rule(&rule::EXCLUSION_OF_NOTHING);
                problems.push(problem.help(help));
            }
        }
    }

    fn notifications_go_one_way(&self, problems: &mut Vec<Problem>) {
        let Some(array) = self.file.get("notify").and_then(|value| value.get_ref().as_array()) else {
            return;
        };
        for element in array.iter() {
            let Some(notify) = element.get_ref().as_table() else {
                continue;
            };
            let message = match (notify.contains_key("command"), notify.contains_key("file")) {
                (false, false) => "the notification names neither a command nor a file, so nobody is told",
                (true, true) => "the notification names a command and a file",
                _ => continue,
            };
            let help = "write one of `command = [\"…\"]` and `file = \"alerts.jsonl\"` in each `[[notify]]`";
            let problem = Problem::new(element.span(), message).rule(&rule::NOTIFICATION_WITHOUT_SINK);
            problems.push(problem.help(help));
        }
    }

    fn overrides_are_earlier(&self, problems: &mut Vec<Problem>) {
        for (id, value) in table(self.file, &["checks"]).into_iter().flat_map(DeTable::iter) {
            let id: &str = id.get_ref();
            let declared = value.get_ref().as_table().and_then(|check| text(check, "blocks-at"));
            let (Some((stage, span)), Some(default)) = (declared, self.known.blocks_at(id)) else {
                continue;
            };
            if stage.parse::<Stage>().is_ok_and(|stage| stage > default) {
                let message = format!(
                    "`{}` blocks at {default} by default; it cannot be moved to {stage}",
                    shown(id)
                );
                let help = "remove the override; a single finding is permitted with `cargo gate waiver add`";
                let problem = Problem::new(span, message).rule(&rule::OVERRIDE_TO_LATER_STAGE);
                problems.push(problem.help(help));
            }
        }
    }

    /// Values that are possible and turn a safeguard off.
    pub(super) fn dangers(&self) -> Vec<Oddity> {
        let mut dangers = Vec::new();
        for waiver in elements(self.file, &["waiver"]) {
            let Some((path, span)) = text(waiver, "path") else {
                continue;
            };
            if path.chars().all(|char| matches!(char, '*' | '/')) {
                dangers.push(Oddity {
                    message: format!("the waiver is for every path: `{}`", shown(path)),
                    help: "name the files whose finding is permitted, such as `src/ffi/**`".into(),
                    span,
                });
            }
        }
        dangers.extend(rails::dangers(self.file));
        for kind in KINDS {
            for suite in elements(self.file, &["suite", kind]) {
                let Some(required) = suite.get("required") else {
                    continue;
                };
                let production = text(suite, "name").filter(|(name, _)| name.starts_with("prod"));
                if let (Some(false), Some((name, _))) = (required.get_ref().as_bool(), production) {
                    dangers.push(Oddity {
                        message: format!("the suite `{}` is about production and need not pass", shown(name)),
                        help: "remove `required = false`".into(),
                        span: required.span(),
                    });
                }
            }
        }
        dangers
    }

    /// Values that are possible but rarely meant.
    pub(super) fn oddities(&self) -> Vec<Oddity> {
        let mut odd = Vec::new();
        let age = |stage: Stage| {
            let value: Found<'_, '_> = table(self.file, &["stage", stage.name()])?.get("max-age")?;
            Some((format::duration(value.get_ref().as_str()?)?, value.span()))
        };
        if let Some((_, span)) = age(Stage::Pilot) {
            odd.push(Oddity {
                message: "`max-age` has no effect at pilot, which has no stage before it".into(),
                help: "remove the line, or move it to `[stage.controlled]`".into(),
                span,
            });
        }
        if let (Some((controlled, _)), Some((broad, span))) = (age(Stage::Controlled), age(Stage::Broad))
            && broad > controlled
        {
            odd.push(Oddity {
                message: "broad accepts an older decision than controlled does".into(),
                help: "write a `max-age` that is not longer than that of `[stage.controlled]`".into(),
                span,
            });
        }
        odd
    }
}
