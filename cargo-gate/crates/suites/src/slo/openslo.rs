//! Objectives of OpenSLO files (openslo/v1): what maps to an objective over counters, and everything else refused by name.

use std::collections::BTreeMap;
use std::time::Duration;

use gate_ci::yaml::{self, Node};
use gate_policy::{Objective, Prove, Selector};
use gate_report::Location;

/// Kinds of documents that promise nothing.
const LEFT_OUT: [&str; 5] = [
    "AlertCondition",
    "AlertNotificationTarget",
    "AlertPolicy",
    "DataSource",
    "Service",
];

/// The objectives of the files, each a path and its text, for a suite whose longest look-back is `period`.
///
/// # Errors
/// Everything that does not map, each with its file and line.
pub fn objectives(files: &[(String, String)], period: Duration) -> Result<Vec<Objective>, Vec<String>> {
    let mut reader = Reader {
        files,
        period,
        problems: Vec::new(),
    };
    let mut documents = Vec::new();
    for (origin, (path, text)) in files.iter().enumerate() {
        match yaml::parse(text, origin) {
            Ok(found) => documents.extend(found.into_iter().filter(Node::is_mapping)),
            Err(error) => reader
                .problems
                .push(format!("{path}:{}: {}", error.line, error.message)),
        }
    }
    let kind = |node: &Node| node.get("kind").and_then(Node::text).unwrap_or_default().to_owned();
    let mut indicators = BTreeMap::new();
    for document in documents.iter().filter(|document| kind(document) == "SLI") {
        if let (Some(name), Some(spec)) = (
            document.at(&["metadata", "name"]).and_then(Node::text),
            document.get("spec"),
        ) {
            indicators.insert(name.to_owned(), spec.clone());
        }
    }
    let mut objectives = Vec::new();
    for document in &documents {
        match document.get("apiVersion").and_then(Node::text) {
            Some("openslo/v1") => {}
            Some(other) => reader.refuse(
                document,
                format!("`apiVersion: {other}` is not read, only `openslo/v1` is"),
            ),
            None => reader.refuse(document, "has no `apiVersion`".to_owned()),
        }
        match kind(document).as_str() {
            "SLO" => objectives.extend(reader.slo(document, &indicators).unwrap_or_default()),
            "SLI" => {}
            left_out if LEFT_OUT.contains(&left_out) => {}
            other => reader.refuse(document, format!("`kind: {other}` does not map to an objective")),
        }
    }
    if reader.problems.is_empty() && objectives.is_empty() {
        let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        reader.problems.push(format!("{}: holds no SLO", paths.join(", ")));
    }
    if reader.problems.is_empty() {
        Ok(objectives)
    } else {
        Err(reader.problems)
    }
}

struct Reader<'f> {
    files: &'f [(String, String)],
    period: Duration,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn refuse(&mut self, node: &Node, message: impl std::fmt::Display) {
        let path = self.files.get(node.origin()).map_or("", |(path, _)| path.as_str());
        self.problems.push(format!("{path}:{}: {message}", node.line()));
    }

    /// Refuses every key that is not named here.
    fn keys(&mut self, node: &Node, place: &str, known: &[&str]) {
        for (key, _) in node.entries() {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                self.refuse(key, format!("`{place}.{name}` does not map to an objective"));
            }
        }
    }

    fn slo(&mut self, document: &Node, indicators: &BTreeMap<String, Node>) -> Option<Vec<Objective>> {
        let Some(name) = document.at(&["metadata", "name"]).and_then(Node::text) else {
            self.refuse(document, "an SLO has no `metadata.name`".to_owned());
            return None;
        };
        let Some(spec) = document.get("spec") else {
            self.refuse(document, "an SLO has no `spec`".to_owned());
            return None;
        };
        let known = [
            "alertPolicies",
            "budgetingMethod",
            "description",
            "indicator",
            "indicatorRef",
            "objectives",
            "service",
            "timeWindow",
        ];
        self.keys(spec, "spec", &known);
        if let Some(method) = spec
            .get("budgetingMethod")
            .filter(|method| method.text() != Some("Occurrences"))
        {
            let found = method.text().unwrap_or_default();
            self.refuse(
                method,
                format!("`budgetingMethod: {found}` does not map: only `Occurrences` counts events"),
            );
        }
        for window in spec.get("timeWindow").map(Node::items).unwrap_or_default() {
            self.window(window);
        }
        let indicator = match (spec.get("indicator"), spec.get("indicatorRef")) {
            (Some(indicator), _) => indicator.get("spec").cloned(),
            (None, Some(reference)) => {
                let found = reference.text().and_then(|name| indicators.get(name)).cloned();
                if found.is_none() {
                    let name = reference.text().unwrap_or_default();
                    self.refuse(
                        reference,
                        format!("`indicatorRef: {name}` is not an SLI of these files"),
                    );
                }
                found
            }
            (None, None) => {
                self.refuse(spec, "`spec.indicator` is missing".to_owned());
                None
            }
        }?;
        let (good, bad, total) = self.indicator(&indicator)?;
        let promised = spec.get("objectives").map(Node::items).unwrap_or_default();
        if promised.is_empty() {
            self.refuse(spec, "`spec.objectives` is missing".to_owned());
        }
        let several = promised.len() > 1;
        let mut objectives = Vec::new();
        for (at, promise) in promised.iter().enumerate() {
            self.keys(promise, "spec.objectives", &["displayName", "target", "targetPercent"]);
            let number = |key: &str| {
                promise
                    .get(key)
                    .and_then(Node::text)
                    .and_then(|text| text.parse::<f64>().ok())
            };
            let percent = number("targetPercent").or_else(|| number("target").map(|part| (part * 1e10).round() / 1e8));
            let Some(target_percent) = percent.filter(|percent| (50.0..=99.999_999).contains(percent)) else {
                self.refuse(promise, "`target` is no share from 0.5 to 0.99999999".to_owned());
                continue;
            };
            let own = promise.get("displayName").and_then(Node::text).map(str::to_owned);
            let own = own.unwrap_or_else(|| (at + 1).to_string());
            let path = self.files.get(promise.origin()).map_or("", |(path, _)| path.as_str());
            objectives.push(Objective {
                name: if several {
                    format!("{name}/{own}")
                } else {
                    name.to_owned()
                },
                measurement: None,
                workload: None,
                tenant: None,
                target_percent,
                at_most: None,
                good: good.clone(),
                bad: bad.clone(),
                total: Some(total.clone()),
                burst: None,
                prove: Prove::Each,
                location: Location::line(path, promise.line()),
            });
        }
        Some(objectives)
    }

    /// The window is the period of the promise.
    fn window(&mut self, window: &Node) {
        self.keys(window, "spec.timeWindow", &["duration", "isRolling"]);
        if window.get("isRolling").and_then(Node::text) != Some("true") {
            self.refuse(
                window,
                "a calendar window does not map: only `isRolling: true` is a look-back".to_owned(),
            );
        }
        let text = window.get("duration").and_then(Node::text).unwrap_or_default();
        if duration(text) != Some(self.period) {
            let period = self.period.as_secs() / 3600;
            let message = format!("the window of {text:?} is not the longest `look-back` of the suite, {period}h");
            self.refuse(window, message);
        }
    }

    fn indicator(&mut self, spec: &Node) -> Option<(Option<Selector>, Option<Selector>, Selector)> {
        self.keys(spec, "indicator.spec", &["description", "ratioMetric"]);
        let Some(ratio) = spec.get("ratioMetric") else {
            self.refuse(spec, "the indicator has no `ratioMetric`".to_owned());
            return None;
        };
        self.keys(ratio, "ratioMetric", &["bad", "counter", "good", "total"]);
        if let Some(counter) = ratio.get("counter").filter(|counter| counter.text() != Some("true")) {
            self.refuse(
                counter,
                "`ratioMetric.counter: false` does not map: only counters count events".to_owned(),
            );
        }
        let mut metric = |name: &str| {
            let metric = ratio.get(name)?;
            self.query(metric, name)
        };
        let (good, bad, total) = (metric("good"), metric("bad"), metric("total"));
        if good.is_some() == bad.is_some() {
            self.refuse(ratio, "`ratioMetric` needs `good` or `bad`, and not both".to_owned());
            return None;
        }
        if ratio.get("total").is_none() {
            self.refuse(ratio, "`ratioMetric.total` is missing".to_owned());
        }
        if good.is_some() && good == total {
            self.refuse(
                ratio,
                "`good` and `total` select the same series: the objective could never be missed".to_owned(),
            );
        }
        Some((good, bad, total?))
    }

    fn query(&mut self, metric: &Node, name: &str) -> Option<Selector> {
        let source = metric.get("metricSource");
        if let Some(kind) = source
            .and_then(|source| source.get("type"))
            .filter(|kind| !kind.text().is_some_and(|kind| kind.eq_ignore_ascii_case("prometheus")))
        {
            let found = kind.text().unwrap_or_default();
            self.refuse(
                kind,
                format!("`metricSource.type: {found}` does not map: only Prometheus has selectors"),
            );
            return None;
        }
        let query = source.and_then(|source| source.at(&["spec", "query"]));
        let Some(text) = query.and_then(Node::text) else {
            self.refuse(metric, format!("`ratioMetric.{name}` has no `metricSource.spec.query`"));
            return None;
        };
        let selector = Selector::parse(inner(text));
        let selector = selector.ok();
        if selector.is_none() {
            let message = format!("the query of `{name}` is more than a selector of counters: `{text}`");
            self.refuse(query.unwrap_or(metric), message);
        }
        selector
    }
}

/// The selector of a query. The ratio of two sums of rates over the same times is that of what was counted.
fn inner(query: &str) -> &str {
    let query = query.trim();
    let call = |function: &str| {
        let arguments = query.strip_prefix(function)?.trim_start();
        arguments.strip_prefix('(')?.strip_suffix(')')
    };
    if let Some(argument) = call("sum") {
        return inner(argument);
    }
    let ranged = call("rate").or_else(|| call("increase"));
    match ranged.and_then(|argument| argument.trim().strip_suffix(']')?.rsplit_once('[')) {
        Some((selector, _)) => selector.trim(),
        None => query,
    }
}

/// A duration of OpenSLO: a number with `m`, `h`, `d` or `w`.
fn duration(text: &str) -> Option<Duration> {
    let unit = match text.chars().next_back()? {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let number: u64 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAPS: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
spec:
  service: shop
  indicator:
    metadata:
      name: requests
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource:
            type: Prometheus
            spec:
              query: sum(rate(http_requests_total{job=\"shop\",code!~\"5..\"}[5m]))
        total:
          metricSource:
            type: Prometheus
            spec:
              query: http_requests_total{job=\"shop\"}
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: good
      target: 0.999
";

    fn told(text: &str) -> String {
        let files = [("slo.yaml".to_owned(), text.to_owned())];
        match objectives(&files, Duration::from_secs(28 * 86_400)) {
            Ok(found) => found
                .iter()
                .map(|found| {
                    let side = found.good.as_ref().or(found.bad.as_ref());
                    format!(
                        "{} {} {} / {}",
                        found.name,
                        found.target_percent,
                        side.unwrap(),
                        found.total.as_ref().unwrap()
                    )
                })
                .collect::<Vec<_>>()
                .join("\n"),
            Err(problems) => problems.join("\n"),
        }
    }

    #[test]
    fn what_maps_is_an_objective() {
        insta::assert_snapshot!(told(MAPS), @r#"checkout 99.9 http_requests_total{job="shop",code!~"5.."} / http_requests_total{job="shop"}"#);
        let several = MAPS.replace(
            "    - displayName: good\n",
            "    - targetPercent: 99\n    - displayName: good\n",
        );
        insta::assert_snapshot!(told(&several), @r#"
        checkout/1 99 http_requests_total{job="shop",code!~"5.."} / http_requests_total{job="shop"}
        checkout/good 99.9 http_requests_total{job="shop",code!~"5.."} / http_requests_total{job="shop"}
        "#);
        let reference = "apiVersion: openslo/v1\nkind: SLI\nmetadata: {name: r}\nspec:\n  ratioMetric:\n    bad: {metricSource: {spec: {query: 'errors_total'}}}\n    \
             total: {metricSource: {spec: {query: 'all_total'}}}\n---\napiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec:\n  \
             indicatorRef: r\n  objectives: [{target: 0.95}]\n";
        insta::assert_snapshot!(told(reference), @"a 95 errors_total / all_total");
    }

    #[test]
    fn the_rest_is_refused_by_name() {
        let changed = [
            ("openslo/v1\n", "openslo/v1alpha\n"),
            ("kind: SLO", "kind: Budget"),
            ("Occurrences", "Timeslices"),
            ("isRolling: true", "calendar: {startTime: 2026-01-01}"),
            ("4w", "30d"),
            ("target: 0.999", "target: 1.0"),
            ("target: 0.999", "target: 0.999\n      timeSliceTarget: 0.9"),
            ("counter: true", "counter: false"),
            ("ratioMetric:", "thresholdMetric:"),
            ("type: Prometheus", "type: Datadog"),
            ("query: http_requests_total{job=\"shop\"}", "query: a / b"),
            ("  indicator:\n", "  indicatorRef: other\n  indicators:\n"),
        ];
        let all: Vec<String> = changed
            .iter()
            .map(|(from, to)| told(&MAPS.replacen(from, to, 1)))
            .collect();
        insta::assert_snapshot!(all.join("\n--\n"), @r#"
        slo.yaml:1: `apiVersion: openslo/v1alpha` is not read, only `openslo/v1` is
        --
        slo.yaml:1: `kind: Budget` does not map to an objective
        --
        slo.yaml:26: `budgetingMethod: Timeslices` does not map: only `Occurrences` counts events
        --
        slo.yaml:25: `spec.timeWindow.calendar` does not map to an objective
        slo.yaml:24: a calendar window does not map: only `isRolling: true` is a look-back
        --
        slo.yaml:24: the window of "30d" is not the longest `look-back` of the suite, 672h
        --
        slo.yaml:28: `target` is no share from 0.5 to 0.99999999
        --
        slo.yaml:30: `spec.objectives.timeSliceTarget` does not map to an objective
        --
        slo.yaml:12: `ratioMetric.counter: false` does not map: only counters count events
        --
        slo.yaml:11: `indicator.spec.thresholdMetric` does not map to an objective
        slo.yaml:11: the indicator has no `ratioMetric`
        --
        slo.yaml:15: `metricSource.type: Datadog` does not map: only Prometheus has selectors
        slo.yaml:12: `ratioMetric` needs `good` or `bad`, and not both
        --
        slo.yaml:22: the query of `total` is more than a selector of counters: `a / b`
        --
        slo.yaml:8: `spec.indicators` does not map to an objective
        slo.yaml:7: `indicatorRef: other` is not an SLI of these files
        "#);
        insta::assert_snapshot!(told("a: ["), @"slo.yaml:1: is not valid YAML: while parsing a node, did not find expected node content");
        insta::assert_snapshot!(told(""), @"slo.yaml: holds no SLO");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n){0,200}", at in 0_usize..600, cut in 0_usize..600) {
            told(&text);
            let lines: Vec<&str> = MAPS.lines().collect();
            let kept: Vec<&str> = lines.iter().enumerate().filter(|(line, _)| line % 31 != at % 31 && line % 29 != cut % 29).map(|(_, line)| *line).collect();
            told(&kept.join("\n"));
        }
    }
}
