//! The ids of checks as a contract: what a program that reads reports may rely on. `docs/schema/checks.json` is the
//! contract of a commit, so that a change of an id, of a blocking stage or of a summary is a change of that file.

use serde::Serialize;

use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_contract::OtherStage;
use gate_report::Dimension;

use super::Topic;

/// Every check and every kind of suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contract<'a> {
    /// Sorted by id.
    pub checks: Vec<Entry<'a>>,
}

/// One check, or one kind of suite (`suite.test`), whose suites have ids that begin with this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// Its id, which never changes its meaning.
    pub id: &'a str,
    /// The part of the id before the first dot.
    pub family: &'a str,
    /// What it asks.
    pub summary: &'a str,
    /// What kind of property it is about.
    pub dimension: Dimension,
    /// First stage at which it blocks.
    pub blocks_at: Stage,
    /// Findings that block from another stage on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_stages: Vec<Later<'a>>,
    /// Version of the tool that introduced it.
    pub since: &'a str,
    /// `active`; an id that is taken back is not listed, and policies that name it get an error.
    pub status: &'a str,
}

/// Findings of a check that block from another stage on than the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Later<'a> {
    /// First stage at which they block.
    pub from: Stage,
    /// What they are about.
    pub what: &'a str,
}

/// The contract over these topics.
pub fn contract<'a>(topics: &'a [Topic<'_>]) -> Contract<'a> {
    let mut checks: Vec<Entry<'_>> = topics
        .iter()
        .map(|topic| Entry {
            id: topic.id,
            family: topic.id.split('.').next().unwrap_or(topic.id),
            summary: topic.summary,
            dimension: topic.dimension,
            blocks_at: topic.blocks_at,
            other_stages: topic
                .other_stages
                .iter()
                .map(|&OtherStage { from, what }| Later { from, what })
                .collect(),
            since: topic.since,
            status: "active",
        })
        .collect();
    checks.sort_by_key(|entry| entry.id);
    Contract { checks }
}

/// The contract as the text of a file; of one check where an id is given.
///
/// # Errors
/// There is no check with this id (usage).
pub fn text(topics: &[Topic<'_>], id: Option<&str>) -> Result<String> {
    let mut contract = contract(topics);
    if let Some(id) = id {
        contract.checks.retain(|entry| entry.id == id);
        if contract.checks.is_empty() {
            return Err(Error::usage(format!("unknown check `{id}`"))
                .with_help("`cargo gate explain --message-format json` lists all checks"));
        }
    }
    crate::cli::json(&contract)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_for_each_check() {
        let topics = super::super::topics();
        let contract = contract(&topics);
        assert_eq!(contract.checks.len(), topics.len());
        assert!(contract.checks.is_sorted_by(|a, b| a.id < b.id), "ids are unique");
        insta::assert_snapshot!(text(&topics, Some("git.clean")).expect("a check"), @r#"
        {
          "schema_version": 1,
          "checks": [
            {
              "id": "git.clean",
              "family": "git",
              "summary": "The work tree matches the commit",
              "dimension": "integrity",
              "blocks_at": "controlled",
              "since": "0.1.0",
              "status": "active"
            }
          ]
        }
        "#);
        assert!(text(&topics, Some("git.claen")).is_err());
        for topic in &topics {
            let entry = contract
                .checks
                .iter()
                .find(|entry| entry.id == topic.id)
                .expect("an entry");
            let stages: Vec<Stage> = entry.other_stages.iter().map(|later| later.from).collect();
            let declared: Vec<Stage> = topic.other_stages.iter().map(|other| other.from).collect();
            assert_eq!(stages, declared, "{}", topic.id);
        }
        let later = contract
            .checks
            .iter()
            .find(|entry| !entry.other_stages.is_empty())
            .expect("one such check");
        assert!(
            text(&topics, Some(later.id))
                .expect("a check")
                .contains("\"other_stages\": [")
        );
    }
}
