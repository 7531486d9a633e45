//! Keeps secrets out of what a suite leaves behind: its log, its findings, the names of its tests.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gate_base::stage::Stage;
use gate_evidence::EvidenceResult;
use gate_report::{Finding, Location};
use gate_text::secrets::{self, Hit};

/// How the message begins that speaks of home directories in a log; `redaction.audit` reads it.
pub const HOMES_IN_LOG: &str = "the log of the suite contained home directories";
/// Secrets that get a finding of their own; the others share one.
const NAMED: usize = 5;

/// What was taken out of a log.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken {
    /// Secrets with their lines in the log as it is kept, by digest: the first place of each.
    secrets: BTreeMap<String, (u32, Hit)>,
    homes: u32,
    lines: u32,
}

impl Taken {
    /// The next part of a log without its secrets.
    pub(super) fn redact<'b>(&mut self, part: &'b [u8]) -> Cow<'b, [u8]> {
        let (masked, found) = secrets::mask(part);
        let mut removed = 0;
        for hit in found.hits {
            let line = self.lines + hit.line - removed;
            let breaks = memchr::memchr_iter(b'\n', &part[hit.span.clone()]).count();
            removed += u32::try_from(breaks).unwrap_or(0);
            self.secrets.entry(hit.digest.clone()).or_insert((line, hit));
        }
        self.homes += u32::try_from(found.homes.len()).unwrap_or(u32::MAX);
        let lines = memchr::memchr_iter(b'\n', &masked).count();
        self.lines += u32::try_from(lines).unwrap_or(0);
        masked
    }

    /// Adds what was taken out of a part of the same log that comes later.
    pub(super) fn add(&mut self, later: Self) {
        for (digest, (line, hit)) in later.secrets {
            self.secrets.entry(digest).or_insert((self.lines + line, hit));
        }
        self.homes += later.homes;
        self.lines += later.lines;
    }

    /// Adds what was found to what the suite says. A token in a known format fails the suite, whatever else it says;
    /// what only looks like a secret is advice.
    pub(super) fn report(self, result: &mut EvidenceResult, policy: Option<&Location>) {
        let EvidenceResult::Findings(findings) = result else {
            return;
        };
        let mut secrets: Vec<(u32, Hit)> = self.secrets.into_values().collect();
        secrets.sort_by_key(|(line, hit)| (hit.guessed, *line));
        let more = secrets.len().saturating_sub(NAMED);
        for (line, hit) in secrets.iter().take(NAMED) {
            let message = format!(
                "the log of the suite contained {}: `{}`, redacted in line {line}",
                hit.what, hit.masked
            );
            let finding = if hit.guessed {
                Finding::advice(message)
            } else {
                Finding::blocking(Stage::Pilot, message)
            };
            findings.push(
                finding
                    .help("change the test that prints it, and revoke the secret if an earlier log was published")
                    .because(policy.cloned()),
            );
        }
        if more > 0 {
            let message = format!("{more} more secrets were redacted in the log of the suite");
            let known = secrets.iter().skip(NAMED).any(|(_, hit)| !hit.guessed);
            let finding = if known {
                Finding::blocking(Stage::Pilot, message)
            } else {
                Finding::advice(message)
            };
            findings.push(finding.because(policy.cloned()));
        }
        if self.homes > 0 {
            let message = format!("{HOMES_IN_LOG} ({}), which were replaced by marks", self.homes);
            findings.push(
                Finding::advice(message)
                    .help("print paths relative to the workspace")
                    .because(policy.cloned()),
            );
        }
    }
}

/// Where a part of a log may end: behind a line, and not inside of a private key.
pub(super) fn cut(part: &[u8]) -> usize {
    /// Longest key that is waited for.
    const LONGEST_KEY: usize = 64 * 1024;
    let begin = memchr::memmem::rfind(part, b"-----BEGIN ");
    match begin {
        Some(begin)
            if part.len() - begin < LONGEST_KEY && memchr::memmem::find(&part[begin..], b"-----END ").is_none() =>
        {
            begin
        }
        _ => part.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_report::testing::findings_text;
    use gate_text::secrets::planted;

    #[test]
    fn a_secret_fails_the_suite_and_leaves_a_mark() {
        let token = planted::value("github_token");
        let key = planted::private_key("PRIVATE KEY");
        let guess = format!("API_TOKEN={}", planted::value("token"));
        let mut taken = Taken::default();
        let first = taken.redact(format!("one\n{key}two {token}\n").as_bytes()).into_owned();
        let second = taken
            .redact(format!("{token}\n{guess}\nat /home/monika/x\n").as_bytes())
            .into_owned();
        let log = String::from_utf8([first, second].concat()).unwrap();
        insta::assert_snapshot!(log, @"
        one
        [redacted private_key]
        two [redacted github_token]
        [redacted github_token]
        API_TOKEN=[redacted token]
        at [redacted home]/x
        ");
        let mut result = EvidenceResult::Findings(Vec::new());
        taken.report(&mut result, None);
        let EvidenceResult::Findings(findings) = result else {
            unreachable!()
        };
        insta::assert_snapshot!(findings_text(&findings), @"
        the log of the suite contained a private key: `-----BEGIN PRIVATE KEY----- ****`, redacted in line 2 [pilot]
          help: change the test that prints it, and revoke the secret if an earlier log was published
        the log of the suite contained a GitHub personal access token: `ghp_****`, redacted in line 3 [pilot]
          help: change the test that prints it, and revoke the secret if an earlier log was published
        the log of the suite contained a token: `API_TOKEN=****`, redacted in line 5 [advice]
          help: change the test that prints it, and revoke the secret if an earlier log was published
        the log of the suite contained home directories (1), which were replaced by marks [advice]
          help: print paths relative to the workspace
        ");
    }

    #[test]
    fn keys_are_not_cut_in_two() {
        assert_eq!(cut(b"a\nb\n"), 4);
        assert_eq!(cut(b"a\n-----BEGIN PRIVATE KEY-----\nMIIE\n"), 2);
        let key = planted::private_key("PRIVATE KEY");
        assert_eq!(cut(key.as_bytes()), key.len());
    }
}
