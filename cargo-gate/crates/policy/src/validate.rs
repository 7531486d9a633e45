//! From text to policy: parse, walk, rules between values, and only then types. Every error of the file is collected.

use std::ops::Range;

use toml::de::DeTable;

use super::catalogue::Catalogue;
use super::deserialize::from_file;
use super::known::Known;
use super::model::{Policy, PolicySource, SEMVER_CHECKS, SanityWarning, SuitePolicy};
use super::position::Positions;
use super::problem::{Oddity, PolicyErrors, Problem, shown};
use super::rules::Rules;
use super::walk::{Findings, walk};
use super::{cross, rule, schema, waiver};

/// Validates the text of a policy file. `path` is what messages and locations call it.
///
/// # Errors
/// Every error of the file, syntax and content, in the order of the file.
pub fn validate(path: &str, text: &str, catalogue: &Catalogue) -> Result<Policy, PolicyErrors> {
    // Columns do not count a byte order mark, and no editor shows it.
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let positions = Positions::new(path, body);
    let (file, syntax) = DeTable::parse_recoverable(body);
    let known = Known::new(catalogue, file.get_ref());

    let rules = Rules {
        file: file.get_ref(),
        known: &known,
        positions: &positions,
    };
    let Findings {
        problems,
        missing,
        mut oddities,
    } = walk(schema::shared(), &file, &known);
    oddities.extend(cross::oddities(&rules));
    let problems = merged(body, &positions, &syntax, (problems, missing), cross::problems(&rules));
    if !problems.is_empty() {
        return Err(PolicyErrors::new(path, body, problems));
    }

    // The schema is made from the types, so what passed the walk has the types; a test holds this for any text.
    let mut policy: Policy =
        from_file(&file, &positions).map_err(|error| PolicyErrors::new(path, body, vec![unread(&error)]))?;
    let keys = policy
        .waiver_rules
        .as_ref()
        .map(|rules| rules.keys.as_slice())
        .unwrap_or_default();
    for waiver in &mut policy.waivers {
        waiver.authority = waiver::authority(waiver, keys);
        waiver.can_cover = catalogue.is_waivable(&waiver.check);
    }
    let stability = policy.stability.as_ref();
    let compare = |suite: &&mut SuitePolicy| suite.tool.as_deref() == Some(SEMVER_CHECKS);
    for suite in policy.suites.iter_mut().filter(compare) {
        suite.stability = stability.cloned().map(Box::new);
    }
    let warnings = |mut oddities: Vec<Oddity>| -> Vec<SanityWarning> {
        oddities.sort_by_key(|oddity| oddity.span.start);
        oddities
            .into_iter()
            .map(|oddity| SanityWarning {
                message: oddity.message,
                help: oddity.help,
                location: positions.location(&oddity.span),
            })
            .collect()
    };
    policy.sanity = warnings(oddities);
    policy.dangers = warnings(cross::dangers(&rules));
    policy.source = Some(PolicySource {
        path: path.into(),
        text: text.into(),
    });
    Ok(policy)
}

/// All errors of a file: what the walk found (`missing` apart), what the parser could not read, and broken rules between
/// values.
pub(super) fn merged(
    text: &str,
    positions: &Positions<'_>,
    syntax: &[toml::de::Error],
    (mut problems, missing): (Vec<Problem>, Vec<Problem>),
    rules: Vec<Problem>,
) -> Vec<Problem> {
    // A rule of a section may say again what the schema says of the same value.
    let told: Vec<_> = problems.iter().map(|problem| problem.span.clone()).collect();
    problems.extend(
        rules
            .into_iter()
            .filter(|problem| problem.rule.id != rule::OUT_OF_RANGE.id || !told.contains(&problem.span)),
    );
    if syntax.is_empty() {
        problems.extend(missing);
    } else {
        // What the parser recovered around a syntax error is a guess: a line that does not parse has one error, and
        // keys that seem to be missing may stand on it.
        let syntax: Vec<Problem> = syntax.iter().map(|error| syntax_problem(text, error)).collect();
        let broken: Vec<usize> = syntax
            .iter()
            .map(|error| positions.line_index(error.span.start))
            .collect();
        problems.retain(|problem| !broken.contains(&positions.line_index(problem.span.start)));
        problems.extend(syntax);
    }
    problems
}

/// A value that passed the walk and has no type all the same.
pub(super) fn unread(error: &serde::de::value::Error) -> Problem {
    Problem::new(0..0, shown(&error.to_string())).rule(&rule::WRONG_TYPE)
}

fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let span: Range<usize> = error.span().unwrap_or(0..0);
    let message = error.message();
    let problem = Problem::new(span.clone(), shown(message)).rule(&rule::SYNTAX);
    if message == "duplicate key" {
        let key = text.get(span).unwrap_or_default();
        return Problem {
            message: format!("`{}` is declared twice", shown(key)),
            ..problem.rule(&rule::DUPLICATE_KEY)
        }
        .help("keep one of the two");
    }
    problem
}
