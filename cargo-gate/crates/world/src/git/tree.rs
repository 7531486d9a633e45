//! Commits as trees of files.

use std::collections::{BTreeMap, BTreeSet};

use super::Git;
use super::objects::Object;
use gate_base::paths;

impl Git {
    /// Which of these tags are of commits that come before the commit that is checked out, itself not counted. Asking about a few
    /// spares git a walk through all of history.
    ///
    /// # Errors
    /// git's message.
    pub fn tags_before_head(&self, names: &[&str]) -> Result<Vec<String>, String> {
        let Some(head) = &self.head else {
            return Ok(Vec::new());
        };
        let (merged, without) = (format!("--merged={head}"), format!("--no-contains={head}"));
        let tags: Vec<String> = names.iter().map(|name| format!("refs/tags/{name}")).collect();
        let mut arguments = vec!["for-each-ref", &merged, &without, "--format=%(refname:strip=2)"];
        arguments.extend(tags.iter().map(String::as_str));
        let output = self.program.output(&arguments)?;
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

    /// Every path that git tracks, from the top of the work tree, with those of submodules.
    ///
    /// # Errors
    /// git's message.
    pub fn tracked(&self) -> Result<BTreeSet<String>, String> {
        let program = self.program.within(&self.top);
        let output = program.output(&["ls-files", "-z", "--cached", "--recurse-submodules"])?;
        let paths = output.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(paths.map(paths::spell_git).collect())
    }

    /// The contents with these ids, in this order.
    ///
    /// # Errors
    /// git's message, or that one of them is not there (a shallow or partial clone).
    pub fn blobs(&self, ids: &[&str]) -> Result<Vec<Vec<u8>>, String> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let questions: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let answers = self.memory.objects.ask(&self.program, &questions)?;
        let blob = |(id, answer): (&String, Object)| match answer {
            Object::There { kind, contents } if kind == "blob" => Ok(contents),
            _ => Err(format!("the repository does not contain object {id}")),
        };
        questions.iter().zip(answers).map(blob).collect()
    }
}
