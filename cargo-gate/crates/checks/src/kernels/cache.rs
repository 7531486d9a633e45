//! `kernels.cache`: builds compile few kernels that somebody has compiled before.

use gate_base::stage::Stage;
use gate_gpu::kernels::stored::{Asked, hit_rate};
use gate_policy::CachePolicy;
use gate_report::{Dimension, Finding, Location, Reason};

use gate_contract::{Applies, Check, Judgement, Phase, Rule, input, reads};

reads!(input::CacheReports, CachePolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.cache",
    summary: "Builds compile few kernels that somebody has compiled before",
    docs: include_str!("cache.md"),
    dimension: Dimension::Performance,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    version: 1,
    phase: Phase::Evidence,
    rule: &Rule::<Declaration> { applies, run },
};

fn applies(context: &Context<'_>) -> Applies {
    let cache = context.section::<CachePolicy>().as_ref();
    if cache.is_some_and(|cache| !cache.reports.is_empty()) {
        return Applies::Yes;
    }
    Applies::No("no reports of a cache are declared".into())
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(cache) = context.section::<CachePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings = Vec::new();
    for path in &cache.reports {
        let asked = match read(context, path) {
            Ok(asked) => asked,
            Err(reason) => return Judgement::NotRun(reason),
        };
        if u128::from(asked.hits) * 100 < u128::from(asked.lookups) * u128::from(cache.min_hit_percent) {
            findings.push(found(path, &asked, cache.min_hit_percent).because(Some(cache.location.clone())));
        }
    }
    Judgement::Findings(findings)
}

fn read(context: &Context<'_>, path: &str) -> Result<Asked, Reason> {
    let again = "let the builds that it is about write it again";
    let bytes = match context.cache_report(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(
                Reason::new("no_cache_report", format!("there is no report of a cache at `{path}`"))
                    .help("build, and write it: `cargo gate evidence cache stats --message-format json > FILE`"),
            );
        }
        Err(error) => {
            return Err(
                Reason::new("unreadable_cache_report", format!("cannot read `{path}`: {error}"))
                    .help("make the file readable"),
            );
        }
    };
    let asked = Asked::parse(&bytes)
        .map_err(|why| Reason::new("invalid_cache_report", format!("the report `{path}` {why}")).help(again))?;
    if asked.lookups == 0 {
        let message = format!("`{path}` is of builds that looked for no kernel");
        return Err(Reason::new("empty_cache_report", message).help(again));
    }
    Ok(asked)
}

fn found(path: &str, asked: &Asked, wanted: u32) -> Finding {
    let percent = hit_rate(asked.lookups, asked.hits).unwrap_or_default() * 100.0;
    let faster = asked.speed_up.map_or_else(String::new, |times| {
        format!("; the store makes these builds {times:.1} times as fast")
    });
    Finding::blocking(
        Stage::Broad,
        format!(
            "`{path}` counts {} of {} kernels that did not have to be compiled ({percent:.1} %), and {wanted} % are asked for{faster}",
            asked.hits, asked.lookups
        ),
    )
    .help("see why kernels were compiled: `compiled` in `build_report.json` has the reasons")
    .at(Location::line(path, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_policy::CachePolicy;

    fn text(report: &str) -> String {
        let mut world = World::new();
        world.texts(&[("cache.json", report)]);
        world.policy.cache = Some(CachePolicy {
            remote: None,
            mode: gate_policy::CacheMode::default(),
            timeout: None,
            reports: vec!["cache.json".to_owned()],
            min_hit_percent: 90,
            location: Location::line("gate.toml", 3),
        });
        world.text(&CHECK)
    }

    #[test]
    fn nine_of_ten_are_enough() {
        assert_eq!(
            World::new().text(&CHECK),
            "not applicable: no reports of a cache are declared"
        );
        assert_eq!(text(r#"{"lookups": 10, "hits": 9}"#), "");
        insta::assert_snapshot!(text(r#"{"schema": 1, "cache": {"lookups": 1000, "hits": 899}}"#), @"
        cache.json:1: `cache.json` counts 899 of 1000 kernels that did not have to be compiled (89.9 %), and 90 % are asked for [broad]
          help: see why kernels were compiled: `compiled` in `build_report.json` has the reasons
          because: gate.toml:3
        ");
        insta::assert_snapshot!(text(r#"{"lookups": 10, "hits": 5, "speed_up": 1.52}"#), @"
        cache.json:1: `cache.json` counts 5 of 10 kernels that did not have to be compiled (50.0 %), and 90 % are asked for; the store makes these builds 1.5 times as fast [broad]
          help: see why kernels were compiled: `compiled` in `build_report.json` has the reasons
          because: gate.toml:3
        ");
    }

    #[test]
    fn what_says_nothing_was_not_checked() {
        for report in [
            "{}",
            "[]",
            "",
            r#"{"lookups": 0, "hits": 0}"#,
            r#"{"cache": null}"#,
            r#"{"lookups": 1, "hits": 2}"#,
        ] {
            let said = text(report);
            assert!(said.starts_with("not run ("), "{report}: {said}");
        }
    }
}
