//! Questions about history. Each runs git when it is first asked and remembers the answer.

use std::collections::{BTreeMap, BTreeSet};

use super::Git;
use super::memory::{Ancestry, CommitState, CommitStates, Parents, remember};
use super::objects::Object;
use super::tags::Tag;

impl Git {
    /// Whether `commit` is the commit that is checked out or one of its ancestors.
    pub fn is_ancestor(&self, commit: &str) -> Ancestry {
        remember(&self.memory.ancestry, commit.to_string(), || self.ask_ancestor(commit))
    }

    fn ask_ancestor(&self, commit: &str) -> Ancestry {
        let Some(head) = &self.head else {
            return Ancestry::No;
        };
        if commit == head {
            return Ancestry::Yes;
        }
        if let Err(message) = check_commit(commit) {
            return Ancestry::Unknown(message);
        }
        let output = self
            .program
            .command()
            .args(["merge-base", "--is-ancestor", commit, head])
            .output();
        match output.map(|output| (output.status.code(), output.stderr)) {
            Ok((Some(0), _)) => Ancestry::Yes,
            Ok((Some(1), _)) => match self.is_shallow() {
                Ok(false) => Ancestry::No,
                Ok(true) => Ancestry::Unknown("the clone is shallow".into()),
                Err(message) => Ancestry::Unknown(message),
            },
            Ok((_, stderr)) if self.is_shallow() == Ok(true) => {
                let _ = stderr;
                Ancestry::Unknown(format!("the clone is shallow and does not contain commit {commit}"))
            }
            Ok((_, stderr)) => Ancestry::Unknown(first_line(&stderr)),
            Err(error) => Ancestry::Unknown(format!("cannot run git: {error}")),
        }
    }

    /// Whether these commits (hashes, full or abbreviated) are in the repository, asked in one process.
    ///
    /// # Errors
    /// git's message.
    pub fn commit_states(&self, commits: &BTreeSet<&str>) -> Result<BTreeMap<String, CommitState>, String> {
        let key = commits.iter().map(|commit| (*commit).to_owned()).collect();
        remember(&self.memory.commits, key, || self.ask_commits(commits))
    }

    fn ask_commits(&self, commits: &BTreeSet<&str>) -> CommitStates {
        let mut questions = String::new();
        for commit in commits {
            check_commit(commit)?;
            questions += &format!("{commit}^{{commit}}\n");
        }
        let answers = self.program.answers(&["cat-file", "--batch-check"], questions)?;
        let answers = String::from_utf8_lossy(&answers);
        let mut answers = answers.lines();
        let shallow = self.is_shallow()?;
        commits
            .iter()
            .map(|commit| {
                let answer = answers.next().ok_or("git printed nothing")?;
                let state = match answer.rsplit(' ').next() {
                    Some("missing") if shallow => CommitState::CutOff,
                    Some("missing") => CommitState::Missing,
                    Some(size) if size.bytes().all(|byte| byte.is_ascii_digit()) => CommitState::There,
                    _ => CommitState::NotOne,
                };
                Ok(((*commit).to_owned(), state))
            })
            .collect()
    }

    /// Whether history was cut off when the repository was cloned.
    ///
    /// # Errors
    /// git's message.
    pub fn is_shallow(&self) -> Result<bool, String> {
        self.memory
            .shallow
            .get_or_init(|| {
                let answer = self.program.output(&["rev-parse", "--is-shallow-repository"])?;
                Ok(answer.trim_ascii() == b"true")
            })
            .clone()
    }

    /// Every tag, sorted by name. One with an annotation is given as what it stands for.
    ///
    /// # Errors
    /// git's message.
    pub fn tags(&self) -> Result<Vec<Tag>, String> {
        let ask = || {
            let format = "--format=%(objectname)%09%(*objectname)%09%(refname:strip=2)";
            let answer = self.program.output(&["for-each-ref", format, "refs/tags"])?;
            let mut tags: Vec<Tag> = String::from_utf8_lossy(&answer).lines().filter_map(tag).collect();
            tags.sort();
            Ok(tags)
        };
        self.memory
            .tags
            .get_or_init(|| super::tags::packed(&self.top).map_or_else(ask, Ok))
            .clone()
    }

    /// The full id of the commit that a branch, a tag or an abbreviation names.
    ///
    /// # Errors
    /// Nothing of that name is a commit here.
    pub fn resolve(&self, revision: &str) -> Result<String, String> {
        let unknown = || format!("the repository does not contain commit {revision}");
        if revision.starts_with('-') || revision.contains(char::is_whitespace) {
            return Err(unknown());
        }
        let answer = self
            .program
            .output(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")]);
        let answer = answer.map_err(|_| unknown())?;
        Ok(String::from_utf8_lossy(answer.trim_ascii()).into_owned())
    }

    /// The file at `path` (relative to the workspace root) as it was in `revision`; `None` when it was not there.
    ///
    /// # Errors
    /// git's message: an unknown revision, a broken repository, a shallow clone without the commit.
    pub fn show(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, String> {
        let key = (revision.to_string(), path.to_string());
        remember(&self.memory.shown, key, || {
            if revision != "HEAD" {
                check_commit(revision)?;
            }
            if path.contains('\n') {
                return Err(format!("cannot ask git for `{}`", path.escape_debug()));
            }
            // A revision without the file and a revision that does not exist fail alike, so ask for the revision first.
            let questions = [format!("{revision}^{{commit}}"), format!("{revision}:./{path}")];
            let answers = self.memory.objects.ask(&self.program, &questions)?;
            let mut answers = answers.into_iter();
            if !matches!(answers.next(), Some(Object::There { kind, .. }) if kind == "commit") {
                return Err(format!("the repository does not contain commit {revision}"));
            }
            match answers.next() {
                Some(Object::There { kind, contents }) if kind == "blob" => Ok(Some(contents)),
                Some(Object::There { kind, .. }) => Err(format!("`{path}` is a {kind} in {revision}")),
                Some(Object::Not) | None => Ok(None),
            }
        })
    }

    /// The newest commits that are checked out and were not in `commit`, at most `most`, newest first: the hash, shortened, and
    /// the first line of the message.
    ///
    /// # Errors
    /// git's message.
    pub fn commits_since(&self, commit: &str, most: u32) -> Result<Vec<String>, String> {
        check_commit(commit)?;
        let output = self.program.output(&[
            "log",
            "--no-show-signature",
            "--format=%h %s",
            "--abbrev=12",
            &format!("--max-count={most}"),
            &format!("{commit}..HEAD"),
        ])?;
        Ok(String::from_utf8_lossy(&output).lines().map(str::to_owned).collect())
    }

    /// The paths that differ from where this history left that of `revision`, relative to the top of the repository: in commits, in
    /// the work tree, and new ones that git does not ignore.
    ///
    /// # Errors
    /// git's message: nothing of that name is a commit here, or the histories have no commit in common.
    pub fn changed_since(&self, revision: &str) -> Result<Vec<String>, String> {
        let commit = self.resolve(revision)?;
        let head = self.head.as_deref().ok_or("nothing is committed yet")?;
        let base = self.program.output(&["merge-base", &commit, head]).map_err(|_| {
            let cut = if self.is_shallow() == Ok(true) {
                ": the clone is shallow"
            } else {
                ""
            };
            format!("{revision} and the commit that is checked out have no commit in common{cut}")
        })?;
        let base = String::from_utf8_lossy(base.trim_ascii()).into_owned();
        let changed = [
            "diff",
            "--name-only",
            "-z",
            "--no-renames",
            "--no-relative",
            "--ignore-submodules=none",
            &base,
            "--",
        ];
        let new = ["ls-files", "--others", "--exclude-standard", "--full-name", "-z", ":/"];
        let mut paths = BTreeSet::new();
        for output in [self.program.output(&changed)?, self.program.output(&new)?] {
            let records = output.split(|byte| *byte == 0).filter(|record| !record.is_empty());
            paths.extend(records.map(gate_base::paths::spell_git));
        }
        Ok(paths.into_iter().collect())
    }

    /// Parents of the newest commit that changed the file at `path` (relative to the workspace root); `None` when no commit
    /// did. The first commit has none, and where history was cut off the oldest ones seem to have none: ask
    /// [`is_shallow`](Self::is_shallow).
    ///
    /// # Errors
    /// git's message.
    pub fn parents_of_last_change(&self, path: &str) -> Result<Option<Vec<String>>, String> {
        remember(&self.memory.changes, path.to_owned(), || self.ask_last_change(path))
    }

    /// Every commit in the history of the one that is checked out that changed this path, newest first.
    ///
    /// # Errors
    /// git's message.
    pub fn changes(&self, path: &str) -> Result<Vec<String>, String> {
        if self.head.is_none() {
            return Ok(Vec::new());
        }
        let output = self.program.output(&[
            "log",
            "--no-show-signature",
            "--format=%H",
            "--full-history",
            "HEAD",
            "--",
            &format!(":(literal){path}"),
        ])?;
        Ok(String::from_utf8_lossy(&output).lines().map(str::to_owned).collect())
    }

    /// Files of this name, wherever in the repository, that a commit removed or moved away: paths relative to the workspace root.
    ///
    /// # Errors
    /// git's message.
    pub fn removed_in(&self, commit: &str, name: &str) -> Result<Vec<String>, String> {
        check_commit(commit)?;
        let output = self.program.output(&[
            "diff-tree",
            "--root",
            "-r",
            "-z",
            "-m",
            "--no-renames",
            "--no-commit-id",
            "--name-only",
            "--diff-filter=D",
            commit,
        ])?;
        let removed = output.split(|byte| *byte == 0).map(gate_base::paths::spell_git);
        let removed = removed.filter(|path| path.rsplit('/').next() == Some(name));
        let place = |path: String| gate_base::paths::relative(&self.program.root, &self.top.join(path));
        Ok(removed.map(place).collect())
    }

    fn ask_last_change(&self, path: &str) -> Parents {
        if self.head.is_none() {
            return Ok(None);
        }
        let pathspec = format!(":(literal){path}");
        let output = self.program.output(&[
            "log",
            "--no-show-signature",
            "--format=%H %P",
            "--max-count=1",
            "HEAD",
            "--",
            &pathspec,
        ])?;
        let output = String::from_utf8_lossy(&output);
        let mut commits = output.split_whitespace().map(str::to_owned);
        Ok(commits.next().map(|_| commits.collect()))
    }
}

/// A line of `git for-each-ref`: the tag, what it stands for, its name.
fn tag(line: &str) -> Option<Tag> {
    let (own, rest) = line.split_once('\t')?;
    let (behind, name) = rest.split_once('\t')?;
    Some(Tag {
        name: name.to_owned(),
        commit: if behind.is_empty() { own } else { behind }.to_owned(),
    })
}

/// A full or abbreviated hash: anything else could be read as an option or a range.
fn check_commit(commit: &str) -> Result<(), String> {
    let hash = (4..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    hash.then_some(()).ok_or_else(|| {
        format!(
            "`{}` is not a commit hash",
            gate_base::paths::spell_git(commit.as_bytes())
        )
    })
}

fn first_line(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("fatal: ").unwrap_or(line).to_string()
}
