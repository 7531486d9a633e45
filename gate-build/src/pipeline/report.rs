//! `build_report.json`: what was compiled, what was reused, and why.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::task::{Done, Reason};
use crate::arch::Arch;
use crate::built::BuiltImage;
use crate::disk;
use crate::error::Error;
use crate::json::Json;
use crate::schedule::{self, Span};
use crate::sorted::List as _;
use crate::store::{Counts, Fared};
use crate::unit::UnitName;

/// Version of the report; fields are only added within one.
const SCHEMA: u64 = 1;

/// One line of the report.
pub(crate) struct Entry {
    pub unit: String,
    pub arch: String,
    pub compiler: String,
    pub digest: String,
    /// `same-inputs`, `same-text`, `unchanged`, `first`, `changed`, `appeared`, `lost`, `locked`.
    pub reason: &'static str,
    /// What the reason is about, relative to the crate.
    pub files: Vec<String>,
    pub compiled: bool,
    pub milliseconds: u64,
    pub note: Option<String>,
}

impl Entry {
    pub(crate) fn of(root: &Path, unit: &UnitName, arch: Arch, done: &Done) -> Self {
        let (reason, files): (_, &[PathBuf]) = match &done.reason {
            Reason::SameInputs => ("same-inputs", &[]),
            Reason::SameText(files) => ("same-text", files),
            Reason::First => ("first", &[]),
            Reason::Changed(files) => ("changed", files),
            Reason::Appeared(files) => ("appeared", files),
            Reason::Lost => ("lost", &[]),
        };
        Self {
            unit: unit.to_string(),
            arch: arch.to_string(),
            compiler: done.compiler.to_string(),
            digest: done.digest.to_string(),
            reason,
            files: files.iter().map(|file| UnitName::of(root, file).to_string()).list(),
            compiled: done.compiled,
            milliseconds: done.took.0,
            note: done.note.clone(),
        }
    }

    pub(crate) fn locked(unit: &UnitName, image: &BuiltImage) -> Self {
        Self {
            unit: unit.to_string(),
            arch: image.arch.to_string(),
            compiler: image.compiler.as_ref().map(ToString::to_string).unwrap_or_default(),
            digest: image.digest.to_string(),
            reason: "locked",
            files: Vec::new(),
            compiled: false,
            milliseconds: 0,
            note: None,
        }
    }

    fn to_json(&self) -> Json {
        let mut fields = vec![
            ("unit", Json::text(&self.unit)),
            ("arch", Json::text(&self.arch)),
            ("compiler", Json::text(&self.compiler)),
            ("ptx_sha256", Json::text(&self.digest)),
            ("reason", Json::text(self.reason)),
            ("files", Json::texts(self.files.iter().cloned())),
        ];
        // How long it took is known of a reused result as well; it is about the build that compiled it.
        fields.push(("milliseconds", Json::Number(self.milliseconds)));
        if let Some(note) = &self.note {
            fields.push(("instead_of", Json::text(note)));
        }
        Json::Object(fields)
    }
}

/// What a build asked the store.
#[derive(Debug)]
pub(crate) struct Asked {
    pub counts: Counts,
    /// How the remote store fared, where one is set up.
    pub remote: Option<Fared>,
}

impl Asked {
    fn to_json(&self) -> Json {
        let mut fields: Vec<(&'static str, Json)> = self
            .counts
            .named()
            .into_iter()
            .map(|(name, count)| (name, Json::Number(count)))
            .list();
        let remote = self.remote.as_ref().map_or(Json::Null, |fared| {
            let reason = fared.reason.as_ref().map_or(Json::Null, Json::text);
            Json::Object(vec![
                ("mode", Json::text(fared.mode.name())),
                ("state", Json::text(fared.state)),
                ("reason", reason),
            ])
        });
        fields.push(("remote", remote));
        Json::Object(fields)
    }
}

/// What ran when, in one build.
#[derive(Default)]
pub(crate) struct Trace {
    /// By the moment they began: unit, architecture, when and where.
    tasks: Vec<(String, String, Span)>,
}

impl Trace {
    pub(crate) fn of(tasks: impl IntoIterator<Item = (String, String, Span)>) -> Self {
        let mut tasks: Vec<_> = tasks.into_iter().list();
        crate::sorted::sort_by(&mut tasks, |(.., a), (.., b)| {
            (a.begin, a.worker).cmp(&(b.begin, b.worker))
        });
        Self { tasks }
    }

    fn to_json(&self) -> Json {
        let spans: Vec<Span> = self.tasks.iter().map(|(.., span)| *span).list();
        let micros = |time: Duration| Json::Number(time.as_micros().try_into().unwrap_or(u64::MAX));
        let count = |number: usize| Json::Number(number as u64);
        let tasks = self.tasks.iter().map(|(unit, arch, span)| {
            Json::Object(vec![
                ("unit", Json::text(unit)),
                ("arch", Json::text(arch)),
                ("worker", count(span.worker)),
                ("begin_us", micros(span.begin)),
                ("end_us", micros(span.end)),
            ])
        });
        Json::Object(vec![
            ("most_at_once", count(schedule::most_at_once(&spans))),
            ("taken_over", count(schedule::taken_over(&spans))),
            ("tasks", Json::List(tasks.list())),
        ])
    }
}

/// The report of one build.
#[derive(Default)]
pub(crate) struct Report {
    pub mode: &'static str,
    /// Sorted by unit and architecture.
    pub entries: Vec<Entry>,
    /// What could not be built, as text.
    pub failed: Vec<String>,
    pub unavailable: Option<String>,
    /// What the store was asked; nothing when the last build's result stood.
    pub cache: Option<Asked>,
    /// What ran when; nothing when the last build's result stood.
    pub trace: Trace,
    /// Where compilers were looked for, when none was found.
    pub searched: Vec<PathBuf>,
}

impl Report {
    /// Where it is written.
    pub(crate) fn file(out_dir: &Path) -> PathBuf {
        out_dir.join("build_report.json")
    }

    /// The report of a build that gave nothing.
    pub(crate) fn of_failure(mode: &'static str, error: &Error) -> Self {
        let failed = match error.diagnostics() {
            [] => vec![error.to_string()],
            diagnostics => diagnostics.iter().map(ToString::to_string).list(),
        };
        Self {
            mode,
            failed,
            ..Self::default()
        }
    }

    /// Writes it into the folder of outputs.
    ///
    /// # Errors
    /// As the operating system says.
    pub(crate) fn write(&self, out_dir: &Path) -> Result<PathBuf, Error> {
        let file = Self::file(out_dir);
        disk::write_if_changed(&file, self.to_text().as_bytes()).map_err(Error::io("cannot write", &file))?;
        Ok(file)
    }

    pub(crate) fn to_text(&self) -> String {
        let list = |compiled: bool| {
            Json::List(
                self.entries
                    .iter()
                    .filter(|entry| entry.compiled == compiled)
                    .map(Entry::to_json)
                    .list(),
            )
        };
        let optional = |text: &Option<String>| text.as_ref().map_or(Json::Null, Json::text);
        Json::Object(vec![
            ("schema", Json::Number(SCHEMA)),
            ("mode", Json::text(self.mode)),
            ("compiled", list(true)),
            ("reused", list(false)),
            ("failed", Json::texts(self.failed.iter().cloned())),
            ("unavailable", optional(&self.unavailable)),
            ("cache", self.cache.as_ref().map_or(Json::Null, Asked::to_json)),
            ("trace", self.trace.to_json()),
            (
                "searched",
                Json::texts(self.searched.iter().map(|path| path.display().to_string())),
            ),
        ])
        .pretty()
    }
}
