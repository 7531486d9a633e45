//! Calls of cargo for a release.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use gate_base::error::{Error, ErrorKind};
use gate_base::process::cancel::Cancel;
use gate_base::process::{self, ProcessSpec};
use gate_text::secrets::mask_text;
use gate_world::Workspace;
use serde::Deserialize;

use crate::checkout::Checkout;
use crate::stop::{Result, Stop};

/// Lines of a command's output that a message shows.
const SHOWN: usize = 12;

/// Calls cargo in a checkout.
pub(crate) struct Cargo<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) checkout: &'a Checkout,
    pub(crate) cancel: &'a Cancel,
    /// Seconds since 1970 that everything made gets as its time.
    pub(crate) epoch: i64,
    /// Variables for this checkout alone.
    pub(crate) variables: Vec<(OsString, Option<OsString>)>,
}

/// How a command ended that could be started.
pub(crate) struct Ended {
    pub(crate) success: bool,
    /// What it wrote to stdout.
    pub(crate) output: String,
    /// What it wrote to stderr.
    pub(crate) messages: Vec<String>,
}

impl Cargo<'_> {
    /// Runs cargo and refuses the release where cargo refuses.
    pub(crate) fn run(&self, what: &str, arguments: &[OsString]) -> Result<String> {
        let ended = self.ask(arguments, &self.checkout.root.clone())?;
        if ended.success {
            return Ok(ended.output);
        }
        let from = ended.messages.len().saturating_sub(SHOWN);
        Err(Stop::refused(
            format!("{what} failed:\n{}", ended.messages[from..].join("\n")),
            format!("the whole output is in {}", self.checkout.log.display()),
        ))
    }

    /// Runs cargo in a directory.
    pub(crate) fn ask(&self, arguments: &[OsString], directory: &std::path::Path) -> Result<Ended> {
        let program: PathBuf = self
            .workspace
            .environment()
            .path("CARGO")
            .unwrap_or_else(|| "cargo".into());
        let mut command: Vec<OsString> = vec![program.into()];
        command.extend(arguments.iter().cloned());
        if self.workspace.offline() {
            command.push("--offline".into());
        }
        let mut environment = vec![
            ("CARGO_INCREMENTAL".into(), Some("0".into())),
            ("CARGO_TERM_COLOR".into(), Some("never".into())),
            ("CARGO_TERM_PROGRESS_WHEN".into(), Some("never".into())),
            ("SOURCE_DATE_EPOCH".into(), Some(self.epoch.to_string().into())),
        ];
        environment.extend(self.variables.iter().cloned());
        let mut output = String::new();
        let log = &self.checkout.log;
        let failed = |error: &std::io::Error| Error::io("write", log, error);
        let mut written = Vec::new();
        let spec = ProcessSpec {
            command,
            directory: directory.to_owned(),
            environment,
            timeout: None,
            split_stdout: true,
            input: None,
        };
        let end = process::run(&spec, &mut written, self.cancel, &mut |line| {
            output.push_str(line);
            output.push('\n');
        })?;
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| failed(&error))?;
        let said = mask_text(&String::from_utf8_lossy(&written)).into_owned();
        file.write_all(said.as_bytes()).map_err(|error| failed(&error))?;
        if end.cancelled {
            return Err(Error::new(ErrorKind::Interrupted, "interrupted").into());
        }
        Ok(Ended {
            success: end.exit_code == Some(0),
            output,
            messages: said.lines().map(str::to_owned).collect(),
        })
    }

    /// What cargo says of every package that the lockfile resolves to.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        let arguments = ["metadata", "--format-version", "1", "--locked", "--all-features"].map(OsString::from);
        let text = self.run("`cargo metadata`", &arguments)?;
        serde_json::from_str(&text)
            .map_err(|error| Error::tool(format!("cannot parse the answer of `cargo metadata`: {error}")).into())
    }
}

/// The part of `cargo metadata` that a release reads.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) resolve: Resolve,
}

/// A package.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: semver::Version,
    pub(crate) source: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) license_file: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) publish: Option<Vec<String>>,
    pub(crate) dependencies: Vec<Declared>,
}

/// A declared dependency.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) req: String,
    pub(crate) kind: Option<String>,
    pub(crate) path: Option<PathBuf>,
}

/// What depends on what.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// A package and what it depends on, by ids.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) dependencies: Vec<String>,
}
