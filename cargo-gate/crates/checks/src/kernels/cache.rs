//! `kernels.cache`: builds compile few kernels that somebody has compiled before.

use gate_base::stage::Stage;
use gate_gpu::kernels::stored::{Asked, hit_rate};
use gate_policy::CachePolicy;
use gate_report::{Dimension, Finding, Location, Reason};

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::CacheReports, CachePolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.cache",
    summary: "Builds find most kernels in the store instead of compiling them again",
    docs: include_str!("cache.md"),
    dimension: Dimension::Performance,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    let cache = context.section::<CachePolicy>().as_ref();
    if cache.is_some_and(|cache| !cache.reports.is_empty()) {
        return Applies::Yes;
    }
    Applies::No("no cache reports are declared".into())
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
    let again = "regenerate the report with the builds it covers";
    let bytes = match context.cache_report(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Err(
                Reason::new("no_cache_report", format!("there is no cache report at `{path}`"))
                    .help("build, then run `cargo gate evidence cache stats --message-format json > FILE`"),
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
        let message = format!("the builds of `{path}` looked for no kernel");
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
        CHECK.blocks_at,
        format!(
            "`{path}` has {} hits in {} kernel lookups ({percent:.1} %), less than the required {wanted} %{faster}",
            asked.hits, asked.lookups
        ),
    )
    .help("see `compiled` in `build_report.json` for the reasons why kernels were compiled")
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
            "not applicable: no cache reports are declared"
        );
        assert_eq!(text(r#"{"lookups": 10, "hits": 9}"#), "");
        insta::assert_snapshot!(text(r#"{"schema": 1, "cache": {"lookups": 1000, "hits": 899}}"#), @"
        cache.json:1: `cache.json` has 899 hits in 1000 kernel lookups (89.9 %), less than the required 90 % [broad]
          help: see `compiled` in `build_report.json` for the reasons why kernels were compiled
          because: gate.toml:3
        ");
        insta::assert_snapshot!(text(r#"{"lookups": 10, "hits": 5, "speed_up": 1.52}"#), @"
        cache.json:1: `cache.json` has 5 hits in 10 kernel lookups (50.0 %), less than the required 90 %; the store makes these builds 1.5 times as fast [broad]
          help: see `compiled` in `build_report.json` for the reasons why kernels were compiled
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
