//! Commits as trees of files.

use std::collections::BTreeMap;

use super::super::paths;
use super::{Git, Object, object};

impl Git {
    /// Tags of commits that come before the commit that is checked out, itself not counted, in git's order.
    ///
    /// # Errors
    /// git's message.
    pub fn tags_before_head(&self) -> Result<Vec<String>, String> {
        let Some(head) = &self.head else {
            return Ok(Vec::new());
        };
        let output = self.program.output(&[
            "for-each-ref",
            &format!("--merged={head}"),
            &format!("--no-contains={head}"),
            "--format=%(refname:strip=2)",
            "refs/tags/",
        ])?;
        Ok(String::from_utf8_lossy(&output).lines().map(str::to_owned).collect())
    }

    /// The files of a commit below the workspace root, each with the id of its contents, by path.
    ///
    /// # Errors
    /// git's message.
    pub fn tree(&self, commit: &str) -> Result<BTreeMap<String, String>, String> {
        let output = self.program.output(&["ls-tree", "-r", "-z", commit])?;
        let entry = |record: &[u8]| {
            let tab = memchr::memchr(b'\t', record)?;
            let fields = String::from_utf8_lossy(&record[..tab]).into_owned();
            let mut fields = fields.split(' ').skip(1);
            let blob = fields.next() == Some("blob");
            blob.then_some((paths::spell_git(&record[tab + 1..]), fields.next()?.to_owned()))
        };
        Ok(output.split(|byte| *byte == 0).filter_map(entry).collect())
    }

    /// The contents with these ids, in this order: one process for all of them.
    ///
    /// # Errors
    /// git's message, or that one of them is not there (a shallow or partial clone).
    pub fn blobs(&self, ids: &[&str]) -> Result<Vec<Vec<u8>>, String> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let output = self.program.answers(&["cat-file", "--batch"], ids.join("\n") + "\n")?;
        let mut rest = output.as_slice();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(Object::There { kind: "blob", contents }) = object(&mut rest) else {
                return Err(format!("the repository does not hold the object {id}"));
            };
            found.push(contents.to_vec());
        }
        Ok(found)
    }
}
