//! From text to policy: parse, walk, rules between values, and only then types. Every error of the file is collected.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::catalogue::Catalogue;
use super::deserialize::from_file;
use super::extends::{EXTENDS, Files, Place, Reader, gather};
use super::known::Known;
use super::merge::merge;
use super::model::{Policy, PolicySource, SEMVER_CHECKS, SanityWarning, SuitePolicy};
use super::position::{PolicyFile, Positions, behind};
use super::problem::{Oddity, PolicyErrors, Problem, shown};
use super::rules::Rules;
use super::walk::{Findings, walk};
use super::{cross, inherit, rule, schema, waiver};

/// Validates the text of a policy file of which nobody says where it lies: what it extends is left out. `path` is what
/// messages and locations call it.
///
/// # Errors
/// Every error of the file, syntax and content, in the order of the file.
pub fn validate(path: &str, text: &str, catalogue: &Catalogue) -> Result<Policy, PolicyErrors> {
    validate_files(Files::alone(path, text), catalogue)
}

/// Validates the text of a policy file and of the files that it extends, which `reader` reads.
///
/// # Errors
/// Every error of the files, in the order of the files: the policy's own first, each base behind the file that names it.
pub fn validate_at(
    own: PolicyFile,
    place: Place<'_>,
    reader: &mut Reader<'_>,
    catalogue: &Catalogue,
) -> Result<Policy, PolicyErrors> {
    validate_files(gather(own, place, reader), catalogue)
}

/// What is wrong with a base by itself. What another file may add or declare is not missed.
///
/// # Errors
/// Every error of the file, in its order.
pub fn validate_base(path: &str, text: &str, catalogue: &Catalogue) -> Result<(), PolicyErrors> {
    let file = PolicyFile::new(path, text);
    let positions = Positions::new(path, file.body());
    let (table, syntax) = DeTable::parse_recoverable(file.body());
    let known = Known::new(catalogue, table.get_ref());
    let mut problems = walk(schema::shared(), &table, &known).problems;
    // Suites may be declared in the file that extends this one.
    problems.retain(|problem| problem.rule.id != rule::UNKNOWN_CHECK.id);
    problems.extend(version_of_base(table.get_ref(), 0));
    // The paths of a base get their form when it is extended.
    problems.retain(|problem| {
        let path = [rule::MALFORMED_PATH.id, rule::MALFORMED_GLOB.id].contains(&problem.rule.id);
        !path
    });
    let problems = merged(
        &positions,
        syntax_problems(file.body(), &syntax),
        (problems, Vec::new()),
        Vec::new(),
    );
    if problems.is_empty() {
        Ok(())
    } else {
        Err(PolicyErrors::of(vec![file], problems))
    }
}

/// Each file says which version of the format it is in, because each is read by itself.
fn version_of_base(file: &DeTable<'_>, start: usize) -> Option<Problem> {
    let help = "write `version = 1`; a later format needs a later cargo-gate";
    match file.get("version") {
        None => Some(
            Problem::new(start..start, "missing key `version` at the top level")
                .rule(&rule::MISSING_KEY)
                .help("add `version = 1`"),
        ),
        Some(version) => {
            let number = version.get_ref().as_integer().map(toml::de::DeInteger::as_str);
            (number != Some("1")).then(|| {
                Problem::new(version.span(), "`version` of a base must be 1")
                    .rule(&rule::OUT_OF_RANGE)
                    .help(help)
            })
        }
    }
}

/// The texts of a policy as one table with all of their spans, and what does not parse.
struct Parsed<'t> {
    file: Spanned<DeTable<'t>>,
    syntax: Vec<Problem>,
    /// What is wrong with a base before anything is known of the files that extend it.
    of_bases: Vec<Problem>,
}

/// Parses texts, each of which has blanks in front as long as the texts before it, so that the spans of all of them differ.
fn parsed<'t>(texts: &'t [String], gathered: &Files) -> Parsed<'t> {
    let (mut syntax, mut of_bases) = (Vec::new(), Vec::new());
    let mut inherited: Option<DeTable<'t>> = None;
    for (number, text) in texts.iter().enumerate().rev() {
        let (mut file, errors) = DeTable::parse_recoverable(text);
        syntax.extend(syntax_problems(text, &errors));
        if number > 0 {
            let start = text.len() - gathered.files[number].body().len();
            of_bases.extend(version_of_base(file.get_ref(), start));
            if let Some(directory) = gathered.paths.get(number).and_then(|path| path.parent()) {
                of_bases.extend(inherit::resolve(file.get_mut(), directory, &gathered.root));
            }
        }
        if let Some(base) = inherited.take() {
            merge(file.get_mut(), base);
        }
        if number == 0 {
            return Parsed { file, syntax, of_bases };
        }
        inherited = Some(file.into_inner());
    }
    Parsed {
        file: Spanned::new(0..0, DeTable::default()),
        syntax,
        of_bases,
    }
}

fn validate_files(mut gathered: Files, catalogue: &Catalogue) -> Result<Policy, PolicyErrors> {
    let unread = std::mem::take(&mut gathered.problems);
    let mut texts: Vec<String> = Vec::new();
    let mut start = 0;
    for file in &gathered.files {
        texts.push(" ".repeat(start) + file.body());
        start = behind(start, file.body());
    }
    let Parsed { file, syntax, of_bases } = parsed(&texts, &gathered);
    let positions = Positions::of(&gathered.files);
    if !unread.is_empty() {
        // Whatever else is missing may stand in the file that could not be read.
        let problems = merged(&positions, syntax, (unread, Vec::new()), of_bases);
        return Err(PolicyErrors::of(gathered.files, problems));
    }
    let known = Known::new(catalogue, file.get_ref());

    let rules = Rules {
        file: file.get_ref(),
        known: &known,
        positions: &positions,
    };
    let Findings {
        mut problems,
        mut missing,
        mut oddities,
    } = walk(schema::shared(), &file, &known);
    if gathered.paths.len() == 1 && file.get_ref().contains_key(EXTENDS) {
        // It names no file, which is told; what is missing may stand in the one that was meant.
        missing.clear();
    }
    problems.extend(of_bases);
    oddities.extend(cross::oddities(&rules));
    let problems = merged(&positions, syntax, (problems, missing), cross::problems(&rules));
    if !problems.is_empty() {
        return Err(PolicyErrors::of(gathered.files, problems));
    }

    // The schema is made from the types, so what passed the walk has the types; a test holds this for any text.
    let mut policy: Policy = from_file(&file, &positions)
        .map_err(|error| PolicyErrors::of(gathered.files.clone(), vec![self::unread(&error)]))?;
    let keys = policy
        .waiver_rules
        .as_ref()
        .map(|rules| rules.keys.as_slice())
        .unwrap_or_default();
    for waiver in &mut policy.waivers {
        waiver.authority = waiver::authority(waiver, keys);
        waiver.can_cover = catalogue.is_waivable(&waiver.check);
    }
    // What others build on comes first, as in a list.
    let place = |suite: &SuitePolicy| {
        let path = suite.location.as_ref().map(|place| place.path.as_str());
        gathered.files.iter().position(|file| Some(file.path.as_str()) == path)
    };
    policy.suites.sort_by_key(|suite| std::cmp::Reverse(place(suite)));
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
    let mut files = gathered.files.into_iter();
    policy.source = files.next().map(|own| PolicySource {
        path: own.path,
        text: own.text,
        bases: files.collect(),
    });
    Ok(policy)
}

/// All errors of a file: what the walk found (`missing` apart), what the parser could not read, and broken rules between
/// values.
pub(super) fn merged(
    positions: &Positions<'_>,
    syntax: Vec<Problem>,
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
        let broken: Vec<usize> = syntax
            .iter()
            .map(|problem| positions.line_index(problem.span.start))
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

/// What does not parse.
pub(super) fn syntax_problems(text: &str, errors: &[toml::de::Error]) -> Vec<Problem> {
    errors.iter().map(|error| syntax_problem(text, error)).collect()
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
