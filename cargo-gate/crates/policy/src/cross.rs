//! Rules between values, each in the file of its section. They read the spanned file, not the typed one, so that they
//! speak even where other values are wrong; what has the wrong type is left to [`super::walk`].

use super::problem::{Oddity, Problem};
use super::rules::Rules;
use super::{
    approvals, bench, checklist, conformance, drill, equivalence, exclusion, import, kinds, migration, notify, profile,
    rails, record, slo, stage, suites, uses, waiver,
};

/// Errors between values, by section.
const PROBLEMS: [fn(&Rules<'_>) -> Vec<Problem>; 18] = [
    approvals::problems,
    suites::problems,
    profile::problems,
    exclusion::problems,
    kinds::problems,
    notify::problems,
    migration::problems,
    stage::problems,
    record::problems,
    checklist::problems,
    bench::problems,
    import::problems,
    slo::problems,
    equivalence::problems,
    drill::problems,
    uses::problems,
    conformance::problems,
    rails::problems,
];

/// All errors.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    PROBLEMS.iter().flat_map(|problems| problems(rules)).collect()
}

/// Values that are possible but rarely meant.
pub(super) fn oddities(rules: &Rules<'_>) -> Vec<Oddity> {
    let found = [stage::oddities(rules), approvals::oddities(rules)];
    found.into_iter().flatten().collect()
}

/// Values that are possible and turn a safeguard off.
pub(super) fn dangers(rules: &Rules<'_>) -> Vec<Oddity> {
    let found = [waiver::dangers(rules), rails::dangers(rules), suites::dangers(rules)];
    found.into_iter().flatten().collect()
}
