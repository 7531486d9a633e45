//! `secrets.tracked`: no file that is tracked holds a key, a token or a password.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::{SecretAllow, SecretsPolicy};
use gate_report::{Dimension, Finding, Location};
use gate_text::secrets::personal::{scan_entropy, scan_personal};
use gate_text::secrets::survey::SecretSurvey;
use gate_text::secrets::{Hit, Kind, place};

use gate_contract::{Check, Judgement, Rule, input, reads};

use super::unread;

reads!(input::AllFiles, input::FileNames, SecretsPolicy, input::Today);

/// The check.
pub static CHECK: Check = Check {
    id: "secrets.tracked",
    summary: "Tracked files contain no keys, tokens or passwords",
    docs: include_str!("tracked.md"),
    dimension: Dimension::Privacy,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    version: 5,
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

/// How many places one finding names.
const NAMED: usize = 5;

fn run(context: &Context<'_>) -> Judgement {
    let survey = context.secrets();
    let policy = context.section::<SecretsPolicy>().as_ref();
    let mut judge = Judge {
        allow: policy.map_or(&[], |policy| policy.allow.as_slice()),
        used: vec![false; policy.map_or(0, |policy| policy.allow.len())],
        today: context.today(),
        blocking: Vec::new(),
        in_tests: Vec::new(),
    };
    judge.files(survey, policy.is_some_and(|policy| policy.test_code));
    let mut findings = judge.blocking();
    findings.extend(survey.unreadable.iter().map(|(path, reason)| {
        let message = format!("cannot read `{path}` to search it for secrets: {reason}");
        Finding::blocking(CHECK.blocks_at, message)
            .help("make the file readable, or stop tracking it: `git rm --cached <file>`")
            .at(Location::file(path))
    }));
    findings.extend(judge.in_tests());
    if let Some(policy) = policy {
        findings.extend(judge.declared(context, policy));
    }
    findings.extend(judge.entries());
    findings.extend(unread::findings(survey));
    Judgement::Findings(findings)
}

struct Judge<'a> {
    allow: &'a [SecretAllow],
    used: Vec<bool>,
    today: Date,
    blocking: Vec<(String, Hit)>,
    in_tests: Vec<(String, Hit)>,
}

impl Judge<'_> {
    fn files(&mut self, survey: &SecretSurvey, test_code: bool) {
        for file in &survey.files {
            let place = place(&file.path);
            for hit in file.scan.hits.iter().filter(|hit| !hit.bare || place.is_settings) {
                let in_test =
                    place.is_test || hit.in_test || hit.guessed && place.is_prose || hit.what.contains(" test ");
                let blocks = !in_test || hit.certain || test_code;
                if !blocks && hit.guessed || self.allows(&file.path, hit) {
                    continue;
                }
                let list = if blocks { &mut self.blocking } else { &mut self.in_tests };
                list.push((file.path.clone(), hit.clone()));
            }
        }
    }

    /// Whether an entry names this value. An expired one counts as needed, so that it is reported once.
    fn allows(&mut self, path: &str, hit: &Hit) -> bool {
        let mut allowed = false;
        for (entry, used) in self.allow.iter().zip(&mut self.used) {
            if entry.path == path && entry.kind == hit.kind && entry.digest == hit.digest {
                *used = true;
                allowed |= entry.expires >= self.today;
            }
        }
        allowed
    }

    /// One finding per secret, with all its places.
    fn blocking(&self) -> Vec<Finding> {
        let mut order: Vec<&str> = Vec::new();
        let mut places: BTreeMap<&str, Vec<&(String, Hit)>> = BTreeMap::new();
        for found in &self.blocking {
            let digest = found.1.digest.as_str();
            let known = places.entry(digest).or_default();
            if known.is_empty() {
                order.push(digest);
            }
            known.push(found);
        }
        order.iter().map(|digest| secret(&places[digest])).collect()
    }

    /// What stands in tests, as one piece of advice.
    fn in_tests(&self) -> Option<Finding> {
        let (path, first) = self.in_tests.first()?;
        let message = match self.in_tests.len() {
            1 => format!("`{path}` contains {}, presumably for tests", first.what),
            count => format!(
                "{count} keys and tokens are presumably for tests and examples ({})",
                counted(self.in_tests.iter().map(|(_, hit)| hit.kind))
            ),
        };
        let finding = Finding::advice(message).help(
            "make sure that they are not real; to make them block, set `test-code = true` under `[secrets]` in \
             gate.toml",
        );
        Some(
            self.in_tests
                .iter()
                .take(NAMED)
                .fold(finding, |finding, (path, hit)| finding.at(location(path, hit))),
        )
    }

    /// What is looked for only where the policy says so.
    fn declared(&mut self, context: &Context<'_>, policy: &SecretsPolicy) -> Vec<Finding> {
        let (personal, entropy) = (globs(&policy.personal), globs(&policy.entropy));
        if policy.personal.is_empty() && policy.entropy.is_empty() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for file in context.files().iter().filter(|file| file.digest.is_some()) {
            let (personal, entropy) = (personal.is_match(&file.path), entropy.is_match(&file.path));
            // What cannot be read was reported before.
            let (true, Ok(bytes)) = (personal || entropy, context.read(&file.path)) else {
                continue;
            };
            let mut hits = if personal { scan_personal(&bytes) } else { Vec::new() };
            hits.extend(if entropy { scan_entropy(&bytes) } else { Vec::new() });
            hits.retain(|hit| !self.allows(&file.path, hit));
            if hits.is_empty() {
                continue;
            }
            let message = format!("`{}` contains {}", file.path, counted(hits.iter().map(|hit| hit.kind)));
            let finding = Finding::advice(message)
                .help("remove them, or allow each with its digest under `[[secrets.allow]]`")
                .because(Some(policy.location.clone()));
            let located = hits
                .iter()
                .take(NAMED)
                .fold(finding, |finding, hit| finding.at(location(&file.path, hit)));
            findings.push(located);
        }
        findings
    }

    /// Entries that are expired or that nothing needs.
    fn entries(&self) -> Vec<Finding> {
        let finding = |entry: &SecretAllow, message: String, help: &str| {
            Finding::blocking(CHECK.blocks_at, message)
                .help(help)
                .at(entry.location.clone())
                .because(Some(entry.location.clone()))
        };
        let judged = self.allow.iter().zip(&self.used).filter_map(|(entry, used)| {
            let what = format!("the entry for `{}` ({})", entry.path, entry.kind.name());
            if entry.expires < self.today {
                let message = format!("{what} expired on {}", entry.expires);
                Some(finding(
                    entry,
                    message,
                    "remove the secret and the entry, or set a later `expires`",
                ))
            } else if !used {
                let message = format!("{what} is unused: the file has no such value");
                Some(finding(entry, message, "remove the entry"))
            } else {
                None
            }
        });
        judged.collect()
    }
}

fn secret(places: &[&(String, Hit)]) -> Finding {
    let (path, hit) = places[0];
    let others = match places.len() - 1 {
        0 => String::new(),
        1 => ", and in 1 other place".to_owned(),
        others => format!(", and in {others} other places"),
    };
    let message = format!("`{path}` contains {}: `{}`{others}", hit.what, hit.masked);
    let help = format!(
        "revoke and remove it; if it is not a real secret, add a `[[secrets.allow]]` to gate.toml with `path = \
         \"{path}\"`, `type = \"{}\"`, `digest = \"{}\"`, owner, reason and expires",
        hit.kind.name(),
        hit.digest
    );
    let finding = Finding::blocking(CHECK.blocks_at, message).help(help);
    places
        .iter()
        .take(NAMED)
        .fold(finding, |finding, (path, hit)| finding.at(location(path, hit)))
}

fn location(path: &str, hit: &Hit) -> Location {
    Location::span(path, hit.line, hit.column, hit.length.max(1))
}

/// `3 email, 1 phone`, by kind.
fn counted(kinds: impl Iterator<Item = Kind>) -> String {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|(kind, count)| format!("{count} {}", kind.name()))
        .collect();
    parts.join(", ")
}

/// The globs of a policy, which were validated when it was read.
fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_text::secrets::planted;

    fn policy(allow: Vec<SecretAllow>) -> SecretsPolicy {
        SecretsPolicy {
            test_code: false,
            personal: Vec::new(),
            entropy: Vec::new(),
            allow,
            location: Location::line("gate.toml", 1),
        }
    }

    fn entry(path: &str, kind: Kind, value: &str, expires: &str) -> SecretAllow {
        SecretAllow {
            path: path.into(),
            kind,
            digest: gate_base::digest::sha256_hex(value.as_bytes()),
            owner: "team-a".into(),
            reason: "not a real secret".into(),
            expires: expires.parse().unwrap(),
            location: Location::line("gate.toml", 7),
        }
    }

    #[test]
    fn a_secret_blocks_and_is_not_shown() {
        let mut world = World::new();
        let value = planted::value("github_token");
        world.texts(&[
            ("deploy/a.sh", &format!("x\nexport GH={value}\n")),
            ("src/main.rs", &format!("const T: &str = \"{value}\";\n")),
        ]);
        let said = world.text(&CHECK);
        assert!(!said.contains(&value[8..]), "{said}");
        insta::assert_snapshot!(said, @r#"
        deploy/a.sh:2: `deploy/a.sh` contains a GitHub personal access token: `ghp_****`, and in 1 other place [pilot]
          also: src/main.rs:1
          help: revoke and remove it; if it is not a real secret, add a `[[secrets.allow]]` to gate.toml with `path = "deploy/a.sh"`, `type = "github_token"`, `digest = "06d31bbd55c1ab0092527ae4b48aa5cc8767bc7602b81ba9a47f93e4aced9f23"`, owner, reason and expires
        "#);
    }

    #[test]
    fn keys_of_tests_are_advice() {
        let mut world = World::new();
        let key = planted::private_key("PRIVATE KEY");
        let guess = format!("token = \"{}\"", planted::value("token"));
        world.texts(&[
            ("tests/ca.key", &key),
            ("tests/end.key", &key),
            ("tests/a.toml", &guess),
        ]);
        insta::assert_snapshot!(world.text(&CHECK), @"
        tests/ca.key:1: 2 keys and tokens are presumably for tests and examples (2 private_key) [advice]
          also: tests/end.key:1
          help: make sure that they are not real; to make them block, set `test-code = true` under `[secrets]` in gate.toml
        ");
        let strict = SecretsPolicy {
            test_code: true,
            ..policy(Vec::new())
        };
        world.policy.secrets = Some(strict);
        assert_eq!(world.text(&CHECK).matches("[pilot]").count(), 2);
        // A check sum that fits is no accident.
        world.policy.secrets = None;
        world.texts(&[("tests/a.txt", &planted::value("npm"))]);
        assert!(world.text(&CHECK).contains("[pilot]"));
    }

    #[test]
    fn entries_are_exact_and_end() {
        let mut world = World::new();
        let value = planted::value("gitlab");
        let text = format!("t = \"{value}\"\n");
        world.texts(&[("a.txt", &text)]);
        world.policy.secrets = Some(policy(vec![entry("a.txt", Kind::Token, &value, "2026-06-15")]));
        assert_eq!(world.text(&CHECK), "");
        for wrong in [
            entry("b.txt", Kind::Token, &value, "2026-06-15"),
            entry("a.txt", Kind::Secret, &value, "2026-06-15"),
            entry("a.txt", Kind::Token, "other", "2026-06-15"),
        ] {
            world.policy.secrets = Some(policy(vec![wrong]));
            let said = world.text(&CHECK);
            assert!(
                said.contains("contains a GitLab") && said.contains("is unused"),
                "{said}"
            );
        }
        world.policy.secrets = Some(policy(vec![entry("a.txt", Kind::Token, &value, "2026-06-14")]));
        let said = world.text(&CHECK);
        assert!(
            said.contains("contains a GitLab") && said.contains("expired on 2026-06-14"),
            "{said}"
        );
    }

    #[test]
    fn values_without_quotes_count_in_settings() {
        let mut world = World::new();
        let text = format!("API_TOKEN={}\n", planted::value("token"));
        world.texts(&[("notes.md", &text)]);
        assert_eq!(world.text(&CHECK), "");
        world.texts(&[(".env", &text)]);
        assert!(world.text(&CHECK).contains("`API_TOKEN=****`"));
    }
}
