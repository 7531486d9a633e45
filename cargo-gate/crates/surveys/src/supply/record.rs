//! What a run keeps of its advisory database.

use serde_json::{Value, json};

use super::{Hit, Opened};

impl Opened {
    /// What the run directory keeps of the database and of what it said: JSON with a line end after it.
    pub fn record(&self, hits: &[Hit<'_>]) -> Vec<u8> {
        let opened = self;
        let database = &opened.database;
        let baseline = opened.baseline.as_ref();
        let said: Vec<Value> = hits
            .iter()
            .map(|hit| {
                json!({
                    "id": hit.advisory.id,
                    "aliases": hit.advisory.aliases,
                    "package": hit.package.name,
                    "version": hit.package.version.to_string(),
                    "kind": hit.advisory.informational.as_deref().unwrap_or("vulnerability"),
                    "severity": hit.advisory.score.as_ref().map(|score| score.severity.as_str()),
                    "cvss": hit.advisory.score.as_ref().map(|score| f64::from(score.tenths) / 10.0),
                    "date": hit.advisory.date.to_string(),
                    "new": opened.is_new(&hit.advisory.id),
                    "patched": hit.advisory.patched,
                    "url": hit.advisory.url,
                    "license": hit.advisory.license,
                    "way": hit.way.iter().map(|one| format!("{} {}", one.name, one.version)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let record = json!({
            "schema_version": 1,
            "database": {
                "place": opened.place.shown,
                "origin": opened.place.origin.name(),
                "why": opened.why,
                "commit": database.commit,
                "date": database.date().map(|day| day.to_string()),
                "sha256": database.sha256,
                "advisories": database.advisories.len(),
                "newest": database.newest.map(|day| day.to_string()),
                "skipped": database.skipped,
            },
            "considered": opened.considered,
            "last_run": baseline.map(|seen| json!({
                "advisories": seen.ids.len(),
                "newest": seen.newest.map(|day| day.to_string()),
            })),
            "advisories": said,
        });
        let mut bytes = serde_json::to_vec_pretty(&record).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
