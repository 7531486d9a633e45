//! Repositories that are read without a work tree: those that only hold data, such as advisory databases.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use gate_base::error::{Error, ErrorKind, Result};
use gate_base::process::cancel::Cancel;
use gate_base::process::{self, ProcessSpec};

use super::objects::{Object, Objects};
use super::program::{Program, changed_variables};
use crate::environment::Environment;

/// How long a fetch may take.
const LONGEST_FETCH: Duration = Duration::from_secs(600);

/// A repository without a work tree, or one whose work tree is left alone.
#[derive(Debug)]
pub struct Bare {
    program: Program,
    objects: Objects,
    /// Name of its newest commit.
    newest: &'static str,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Full hash.
    pub id: String,
    /// When it was committed, in seconds since 1970.
    pub seconds: i64,
}

/// A regular file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Path from the top of the repository.
    pub path: String,
    /// Hash of its contents.
    pub id: String,
    /// Size in bytes.
    pub size: u64,
}

impl Bare {
    /// The repository in a directory: a checkout, or a repository without one.
    ///
    /// # Errors
    /// There is no git on the `PATH`.
    pub fn at(environment: &Environment, directory: &Path) -> Result<Self> {
        let directory = std::path::absolute(directory).map_err(|error| Error::io("find", directory, &error))?;
        let checkout = directory.join(".git");
        let git_dir = if checkout.exists() { &checkout } else { &directory };
        let program = Program::find(environment, &directory)
            .ok_or_else(|| Error::tool("there is no `git` on the `PATH`").with_help("install git"))?;
        Ok(Self {
            program: Program {
                git_dir: Some(git_dir.into()),
                ..program
            },
            objects: Objects::default(),
            newest: "HEAD^{commit}",
        })
    }

    /// Makes a repository in an empty directory and fetches the newest commit of another one into it, which
    /// [`head`](Self::head) then is. With `offline`, only from a directory of this machine.
    ///
    /// # Errors
    /// What git says (tool); the fetch was interrupted.
    pub fn fetch(
        environment: &Environment,
        directory: &Path,
        (url, offline): (&str, bool),
        cancel: &Cancel,
    ) -> Result<Self> {
        let bare = Self::at(environment, directory)?;
        bare.program
            .output(&["init", "--quiet", "--bare", "--template="])
            .map_err(|message| Error::tool(format!("cannot make a repository: {message}")))?;
        let mut command = vec![OsString::from(&bare.program.path)];
        command.extend(bare.program.first_arguments());
        let allowed = ["protocol.allow=never", "protocol.file.allow=always"];
        for setting in allowed.iter().filter(|_| offline) {
            command.extend(["-c".into(), OsString::from(setting)]);
        }
        command.extend(
            [
                "fetch",
                "--quiet",
                "--depth=1",
                "--no-tags",
                "--no-recurse-submodules",
                "--",
                url,
                "HEAD",
            ]
            .map(OsString::from),
        );
        let spec = ProcessSpec {
            command,
            directory: directory.into(),
            environment: changed_variables()
                .map(|(name, value)| (name.into(), value.map(OsString::from)))
                .collect(),
            timeout: Some(LONGEST_FETCH),
            split_stdout: true,
            input: None,
        };
        let mut said = Vec::new();
        let end = process::run(&spec, &mut said, cancel, &mut |_| {})?;
        if end.cancelled {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted: nothing was changed"));
        }
        if end.exit_code == Some(0) {
            return Ok(Self {
                newest: "FETCH_HEAD^{commit}",
                ..bare
            });
        }
        let said = String::from_utf8_lossy(&said);
        // What follows the first line is advice.
        let why = match said.trim().lines().next() {
            _ if end.timed_out => format!("it took longer than {} s", LONGEST_FETCH.as_secs()),
            None => "git printed nothing".to_owned(),
            Some(said) => said.strip_prefix("fatal: ").unwrap_or(said).to_owned(),
        };
        Err(Error::tool(format!("cannot fetch `{url}`: {why}")).with_help("name a mirror or a clone with `--url`"))
    }

    /// The commit that was fetched, else the one that is checked out.
    ///
    /// # Errors
    /// git's message.
    pub fn head(&self) -> Result<Commit, String> {
        let id = self.program.output(&["rev-parse", "--verify", self.newest])?;
        let id = String::from_utf8_lossy(&id).trim().to_owned();
        let commit = self.object(&id, "commit")?;
        let seconds = committed(&commit).ok_or_else(|| format!("commit {id} has no date"))?;
        Ok(Commit { id, seconds })
    }

    /// The regular files of a commit below some directories.
    ///
    /// # Errors
    /// git's message.
    pub fn files(&self, commit: &Commit, below: &[&str]) -> Result<Vec<StoredFile>, String> {
        let mut arguments = vec!["ls-tree", "-r", "-l", "-z", "--full-tree", &commit.id, "--"];
        arguments.extend(below);
        let output = self.program.output(&arguments)?;
        let file = |record: &[u8]| {
            let tab = memchr::memchr(b'\t', record)?;
            let fields = std::str::from_utf8(&record[..tab]).ok()?;
            let mut fields = fields.split_ascii_whitespace();
            let (mode, kind, id, size) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
            (mode.starts_with("100") && kind == "blob").then_some(())?;
            Some(StoredFile {
                path: String::from_utf8(record[tab + 1..].to_vec()).ok()?,
                id: id.to_owned(),
                size: size.parse().ok()?,
            })
        };
        Ok(output.split(|byte| *byte == 0).filter_map(file).collect())
    }

    /// The contents of files, in this order.
    ///
    /// # Errors
    /// git's message, or that one of them is not there.
    pub fn contents(&self, files: &[StoredFile]) -> Result<Vec<Vec<u8>>, String> {
        let questions: Vec<String> = files.iter().map(|file| file.id.clone()).collect();
        let answers = self.objects.ask(&self.program, &questions)?;
        let contents = |(file, answer): (&StoredFile, Object)| match answer {
            Object::There { kind, contents } if kind == "blob" => Ok(contents),
            _ => Err(format!("the repository does not contain `{}`", file.path)),
        };
        files.iter().zip(answers).map(contents).collect()
    }

    fn object(&self, id: &str, wanted: &str) -> Result<Vec<u8>, String> {
        let answers = self.objects.ask(&self.program, &[id.to_owned()])?;
        match answers.into_iter().next() {
            Some(Object::There { kind, contents }) if kind == wanted => Ok(contents),
            _ => Err(format!("the repository does not contain {wanted} {id}")),
        }
    }
}

/// The time in the line `committer <name> <<address>> <seconds> <zone>` of a commit.
fn committed(commit: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(commit);
    let mut head = text.lines().take_while(|line| !line.is_empty());
    let line = head.find_map(|line| line.strip_prefix("committer "))?;
    line.rsplit(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::committed;

    #[test]
    fn the_date_of_a_commit_is_in_its_head() {
        let commit = "tree 00\nauthor A <a@example.com> 1 +0000\ncommitter B C <b@example.com> 1700000000 +0200\n\n\
            committer X <x@example.com> 5 +0000\n";
        assert_eq!(committed(commit.as_bytes()), Some(1_700_000_000));
        assert_eq!(committed(b"tree 00\n\ncommitter X <x@example.com> 5 +0000\n"), None);
        assert_eq!(committed(b""), None);
    }
}
