//! Libraries of headers, such as CUTLASS: a checkout at a pinned revision, or a crate that brings them. Nothing is fetched.

use std::fs;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::error::Error;
use crate::sorted::List as _;

/// A library of headers, as a build script declares it.
#[derive(Debug)]
pub(crate) enum Headers {
    /// A folder of a git checkout, relative to the crate, and the tag or commit that is checked out.
    Checkout { folder: PathBuf, revision: String },
    /// A crate with this name under `links`, whose build script says `cargo::metadata=include=…`.
    Crate(String),
}

/// Where a library is.
pub(crate) struct Located {
    pub folders: Vec<PathBuf>,
    /// As the lock keeps it: what build.rs says, and the commit or version that it stands for.
    pub shown: String,
    /// Files that say which revision it is.
    pub files: Vec<PathBuf>,
}

impl Headers {
    /// What the lock says of it first, on every machine.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Checkout { folder, revision } => {
                format!("{} {revision}", folder.display().to_string().replace('\\', "/"))
            }
            Self::Crate(name) => name.clone(),
        }
    }

    /// The variables in which cargo hands on what the crate says.
    pub(crate) fn variables(&self) -> Vec<String> {
        match self {
            Self::Checkout { .. } => Vec::new(),
            Self::Crate(name) => {
                let name = name.to_uppercase().replace('-', "_");
                ["INCLUDE", "VERSION"].map(|what| format!("DEP_{name}_{what}")).into()
            }
        }
    }

    /// Finds it on this machine.
    ///
    /// # Errors
    /// It is not there, or at another revision.
    pub(crate) fn locate(&self, root: &Path, env: &Env) -> Result<Located, Error> {
        match self {
            Self::Checkout { folder, revision } => checkout(self, root, folder, revision),
            Self::Crate(name) => {
                let value = |name: &String| env.variable(name).map(ToOwned::to_owned);
                let variables = self.variables();
                let include = value(&variables[0]).ok_or_else(|| {
                    Error::configuration(
                        format!("no crate with `links = \"{name}\"` says where its headers are"),
                        format!(
                            "add it to `[dependencies]`; its build script prints `cargo::metadata=include=PATH`, which cargo \
                             hands on as `{}`",
                            variables[0]
                        ),
                    )
                })?;
                let version = value(&variables[1]).map(|version| format!(" {}", version.to_string_lossy()));
                Ok(Located {
                    folders: std::env::split_paths(&include).list(),
                    shown: format!("{name}{}", version.unwrap_or_default()),
                    files: Vec::new(),
                })
            }
        }
    }
}

fn checkout(headers: &Headers, root: &Path, folder: &Path, revision: &str) -> Result<Located, Error> {
    let path = root.join(folder);
    let shown = folder.display();
    let wrong = |message: String, help: &str| Err(Error::configuration(message, help));
    if !path.is_dir() {
        return wrong(
            format!("the headers in `{shown}` are missing"),
            "check them out, with `git submodule update --init` if they are a submodule; nothing is fetched by a build",
        );
    }
    let Some(git) = repository(&path, root) else {
        return wrong(
            format!("`{shown}` is not in a git checkout of its own, so its revision is not known"),
            "use `.include(…)` for headers that belong to this repository",
        );
    };
    let head = git.commit("HEAD");
    let Some(commit) = head.filter(|commit| {
        let is_prefix = revision.len() >= 7 && commit.starts_with(revision);
        is_prefix || git.commit(&format!("refs/tags/{revision}")).as_deref() == Some(commit)
    }) else {
        return wrong(
            format!("`{shown}` is not at the revision `{revision}`"),
            "check that revision out, or correct `.headers(…)` in build.rs",
        );
    };
    Ok(Located {
        folders: vec![path],
        shown: format!("{} {commit}", headers.name()),
        files: git.files(),
    })
}

/// The files of git about one checkout.
struct Repository {
    /// Of this checkout: has `HEAD`.
    own: PathBuf,
    /// Of all checkouts: has `refs` and `packed-refs`.
    common: PathBuf,
}

/// The repository of a folder, unless the crate is in it too.
fn repository(folder: &Path, root: &Path) -> Option<Repository> {
    let top = folder.ancestors().seek(|folder| folder.join(".git").exists())?;
    if root.starts_with(top) {
        return None;
    }
    let dot = top.join(".git");
    let own = match fs::read_to_string(&dot) {
        Ok(text) => top.join(text.strip_prefix("gitdir: ")?.trim()),
        Err(_) => dot,
    };
    let common = fs::read_to_string(own.join("commondir"));
    let common = common.map_or_else(|_| own.clone(), |text| own.join(text.trim()));
    Some(Repository { own, common })
}

impl Repository {
    /// The commit of a reference, links followed.
    fn commit(&self, name: &str) -> Option<String> {
        const DEEPEST: usize = 4;
        let mut name = name.to_owned();
        for _ in 0..DEEPEST {
            let text =
                fs::read_to_string(self.own.join(&name)).or_else(|_| fs::read_to_string(self.common.join(&name)));
            match text {
                Ok(text) => match text.trim().strip_prefix("ref: ") {
                    Some(other) => other.clone_into(&mut name),
                    None => return Some(text.trim().to_owned()),
                },
                Err(_) => return self.packed(&name),
            }
        }
        None
    }

    /// `COMMIT NAME`, and below an annotated tag `^COMMIT` of what it is about.
    fn packed(&self, name: &str) -> Option<String> {
        let text = fs::read_to_string(self.common.join("packed-refs")).ok()?;
        let mut lines = text.lines();
        let (commit, _) = lines.seek_map(|line| line.split_once(' ').filter(|(_, other)| *other == name))?;
        let peeled = lines.next().and_then(|line| line.strip_prefix('^'));
        Some(peeled.unwrap_or(commit).to_owned())
    }

    /// What changes when something else is checked out.
    fn files(&self) -> Vec<PathBuf> {
        let head = self.own.join("HEAD");
        let text = fs::read_to_string(&head).unwrap_or_default();
        let branch = text.trim().strip_prefix("ref: ").map(|name| self.common.join(name));
        let files = [head, self.common.join("packed-refs")].into_iter().chain(branch);
        files.filter(|file| file.is_file()).list()
    }
}
