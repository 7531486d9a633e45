//! The share of the suites that one of several machines has. nextest divides its tests itself; any other suite is dealt as a
//! whole, in the order of the ids, so that every machine comes to the same answer without asking the others.

use gate_policy::{SuiteKind, SuitePolicy};
use gate_report::Partition;

use super::suite::check_id;

/// Each suite as it runs in a share, and the share that has it where that is another one.
pub fn deal(suites: Vec<SuitePolicy>, mine: Partition) -> Vec<(SuitePolicy, Option<Partition>)> {
    let mut ids: Vec<String> = suites.iter().map(check_id).collect();
    ids.sort_unstable();
    let dealt = suites.into_iter().map(|suite| {
        if let Some(part) = part(&suite, mine) {
            return (part, None);
        }
        // Every id has its place, divided suites too: a machine without nextest deals the others as the rest does.
        let place = ids.binary_search(&check_id(&suite)).unwrap_or_default();
        let whose = mine.at(place);
        (suite, (whose != mine).then_some(whose))
    });
    dealt.collect()
}

/// The part of a suite of nextest, unless its command divides it already.
fn part(suite: &SuitePolicy, mine: Partition) -> Option<SuitePolicy> {
    let words = &suite.command;
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let at = words.iter().position(|word| word == "nextest")? + 1;
    let runs = words.get(at).is_some_and(|word| word == "run" || word == "r") && at < end;
    let divided = words[..end].iter().any(|word| word.starts_with("--partition"));
    let is_cargo = words
        .first()
        .is_some_and(|program| program == "cargo" || program == "cargo-nextest");
    if suite.kind != SuiteKind::Test || !is_cargo || !runs || divided || !mine.is_partial() {
        return None;
    }
    let mut part = suite.clone();
    let argument = ["--partition".to_owned(), format!("hash:{mine}")];
    part.command.splice(at + 1..at + 1, argument);
    part.partition = Some(mine);
    Some(part)
}

#[cfg(test)]
mod tests {
    use gate_policy::SuitePolicy;

    use super::*;

    fn test(name: &str, command: &str) -> SuitePolicy {
        let words = command.split(' ').map(str::to_owned).collect();
        SuitePolicy::new(SuiteKind::Test, name, words)
    }

    #[test]
    fn each_suite_is_in_one_share_or_in_all() {
        let suites = vec![
            test("b", "cargo test"),
            test("c", "cargo nextest run -- --skip x"),
            test("d", "cargo nextest run --partition count:1/2"),
            test("a", "./check"),
            test("e", "cargo test -- nextest run"),
        ];
        let mut ran = Vec::new();
        for shard in 1..=3 {
            let mine = Partition { shard, of: 3 };
            for (suite, elsewhere) in deal(suites.clone(), mine) {
                if elsewhere.is_none() {
                    ran.push((suite.name.clone(), shard));
                }
                if suite.name == "c" {
                    let expected = format!("cargo nextest run --partition hash:{mine} -- --skip x");
                    assert_eq!(suite.command.join(" "), expected);
                    assert_eq!(suite.partition, Some(mine));
                } else {
                    assert_eq!(suite.partition, None);
                }
            }
        }
        ran.sort();
        let ran: Vec<_> = ran.iter().map(|(name, shard)| (name.as_str(), *shard)).collect();
        assert_eq!(
            ran,
            [("a", 1), ("b", 2), ("c", 1), ("c", 2), ("c", 3), ("d", 1), ("e", 2)]
        );
        // One share is all of them.
        let whole = deal(suites, Partition { shard: 1, of: 1 });
        assert!(
            whole
                .iter()
                .all(|(suite, elsewhere)| elsewhere.is_none() && suite.partition.is_none())
        );
    }
}
