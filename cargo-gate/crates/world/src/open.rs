//! Opens a workspace: what is cached is taken from the cache, and everything that waits for something waits together.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::SystemTime;

use gate_base::digest::DigestBuilder;
use gate_base::error::{Error, Result};

use super::cargo::{self, Answer, Cargo, Hint, Inputs, PendingExit};
use super::config::CargoConfig;
use super::index::Index;
use super::linked;
use super::lockfile::Lockfile;
use super::manifest::Manifest;
use super::scan::{self, Outside, Scan};
use super::toolchain::{Probe, Programs, Toolchain, Versions};
use super::{Background, Listed, Options, Workspace};
use gate_base::paths;

/// Whether cargo is being asked.
#[derive(Debug, Default)]
struct Waiting(AtomicU8);

impl Waiting {
    const BEGUN: u8 = 1;
    const OVER: u8 = 2;

    /// From now on there is time.
    fn begin(&self) {
        self.0.store(Self::BEGUN, Ordering::Relaxed);
    }

    /// From now on there is none.
    fn end(&self) {
        self.0.store(Self::OVER, Ordering::Relaxed);
    }

    fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::BEGUN
    }
}

/// What cargo and the toolchain say, and whether it was known before.
struct ToolAnswers {
    answer: Answer,
    pending: Option<PendingExit>,
    inputs: Inputs,
    /// Whether the answer is new and may be kept.
    keep_answer: bool,
    keep_versions: bool,
}

/// What is known of the toolchain so far. Whoever has time asks: `rustc` needs a core as cargo does.
#[derive(Default)]
struct Tools {
    programs: OnceLock<Programs>,
    versions: OnceLock<Result<Versions>>,
}

impl Tools {
    /// Asks for the versions, unless that was done or nobody knows whom to ask; waits where somebody is about it.
    fn ask(&self, options: &Options) {
        if let Some(programs) = self.programs.get() {
            self.versions.get_or_init(|| probe(programs, options).ask());
        }
    }
}

fn probe<'a>(programs: &'a Programs, options: &'a Options) -> Probe<'a> {
    Probe {
        programs,
        cwd: &options.cwd,
        environment: &options.environment,
    }
}

impl Workspace {
    /// As [`open_with`](Self::open_with), with nothing to do meanwhile.
    ///
    /// # Errors
    /// As for [`open_with`](Self::open_with).
    pub fn open(options: Options) -> Result<Self> {
        Self::open_with(options, |_, _| ()).map(|(workspace, _)| workspace)
    }

    /// Reads the workspace, and runs `background` on its files while cargo is asked. What was read before and has
    /// not changed is taken from the cache under [`gate_dir`](Self::gate_dir). Never writes outside that directory and never touches a lockfile.
    ///
    /// # Errors
    /// No `Cargo.toml` (usage), cargo or rustc missing (toolchain missing), manifests that cargo refuses (usage, with
    /// cargo's own message), I/O errors (tool).
    pub fn open_with<T: Send>(options: Options, background: impl Background<T>) -> Result<(Self, Option<T>)> {
        open(options, background)
    }
}

fn open<T: Send>(mut options: Options, background: impl Background<T>) -> Result<(Workspace, Option<T>)> {
    options.cwd = real(&options.cwd).map_err(|error| Error::io("find", &options.cwd, &error))?;
    let config = CargoConfig::read(&options.cwd, &options.environment)?;
    let hint = cargo::locate(&options, &config)?;
    let hinted_outside = Outside::new(&hint.root, &hint.target_dir);
    let gate_dir = hint.target_dir.join("gate");
    refuse_links(&hint.root, &gate_dir)?;

    let waiting = Waiting::default();
    let tools = Tools::default();
    let (busy, scanned) = mpsc::channel();
    let (scan, tool_answers) = std::thread::scope(|scope| {
        let (tools, waiting, options, hint) = (&tools, &waiting, &options, &hint);
        let (gate_dir, hinted_outside) = (&gate_dir, &hinted_outside);
        let scan = scope.spawn(move || {
            let still_asked = &|| waiting.is_on();
            let scan = scan::scan(&hint.root, hinted_outside, gate_dir, &options.environment, still_asked)?;
            drop::<mpsc::Sender<()>>(busy);
            if waiting.is_on() {
                tools.ask(options);
            }
            // The question is asked once: what is not begun when cargo has answered is not begun at all.
            let found = waiting.is_on().then(|| {
                let listed = Listed {
                    root: &hint.root,
                    files: &scan.files,
                    contents: &scan.contents,
                    git: scan.git.as_ref(),
                    options,
                    gate_dir: gate_dir.clone(),
                };
                background(&listed, still_asked)
            });
            Ok::<_, Error>((scan, found))
        });
        let tool_answers = ask((options, &config), hint, gate_dir, tools, (waiting, scanned));
        waiting.end();
        (scan.join(), tool_answers)
    });
    // A cargo that cannot even tell its version is the cause of whatever else it refused.
    let versions = tools.versions.into_inner().transpose()?;
    let mut tool_answers = tool_answers?;
    if let Some(pending) = tool_answers.pending.take() {
        let ended = pending.end()?;
        ended
            .map_err(|message| Error::tool(format!("`cargo metadata` failed after printing its output: {message}")))?;
    }
    let asked = tools.programs.into_inner().zip(versions);
    let (programs, versions) = asked.ok_or_else(|| Error::tool("the versions of cargo and rustc were not queried"))?;
    let (mut scan, mut found) = scan.map_err(|_| Error::tool("the thread that reads the files ended early"))??;

    let root = tool_answers.answer.model.root.clone();
    let target_dir = if options.target_dir.is_some() {
        hint.target_dir.clone()
    } else {
        tool_answers.answer.model.target_dir.clone()
    };
    let outside = Outside::new(&root, &target_dir);
    let gate_dir = target_dir.join("gate");
    if root != hint.root || target_dir != hint.target_dir {
        // Another place than the one that was guessed: the caches are not those of this workspace.
        refuse_links(&root, &gate_dir)?;
        found = None;
    }
    if root != hint.root {
        scan = scan::scan(&root, &outside, &gate_dir, &options.environment, &|| false)?;
    } else if target_dir != hint.target_dir {
        scan.leave_out(&outside);
    }

    if let Some(path) = scan.tracked_evidence {
        return Err(Error::usage(format!(
            "git tracks `{path}`, where evidence is kept; evidence in a repository proves nothing"
        ))
        .with_help(format!(
            "`git rm -r --cached {}`, and ignore the target directory",
            paths::relative(&root, &gate_dir)
        )));
    }

    let probe = probe(&programs, &options);
    keep((&probe, &versions), &gate_dir, &tool_answers, &mut scan);
    let lockfile = Lockfile::read(&root, &scan.files, scan.git.as_ref());
    let top = scan.git.as_ref().map_or(&root, |git| &git.top);
    let workspace = Workspace {
        toolchain: Toolchain::new(&root, top, versions),
        manifest_texts: tool_answers.inputs.manifests,
        manifests: OnceLock::new(),
        cargo: tool_answers.answer.model,
        resolution: tool_answers.answer.resolution,
        files: scan.files,
        contents: scan.contents,
        git: scan.git,
        git_problem: scan.git_problem,
        options,
        root,
        target_dir,
        lockfile,
        config,
    };
    Ok((workspace, found))
}

/// Evidence behind a link is not the gate's own, whatever it says.
fn refuse_links(root: &Path, gate_dir: &Path) -> Result<()> {
    let Some(path) = linked::first(gate_dir) else {
        return Ok(());
    };
    let shown = paths::relative(root, &path);
    Err(Error::usage(format!(
        "`{shown}` is a link, and evidence behind a link proves nothing"
    ))
    .with_help(format!(
        "remove `{shown}`; to keep evidence elsewhere, link or configure the whole target directory"
    )))
}

/// The starting directory as cargo will see it when it is started there.
fn real(cwd: &Path) -> std::io::Result<PathBuf> {
    if cfg!(unix) {
        return std::fs::canonicalize(cwd);
    }
    // Canonical paths on Windows have a spelling that cargo does not use.
    std::path::absolute(cwd).map(|cwd| paths::normalize(&cwd))
}

/// Everything that comes from cargo and rustc, from the cache where nothing changed; `scanned` ends when the files have been
/// read.
fn ask(
    (options, config): (&Options, &CargoConfig),
    hint: &Hint,
    gate_dir: &Path,
    tools: &Tools,
    (waiting, scanned): (&Waiting, mpsc::Receiver<()>),
) -> Result<ToolAnswers> {
    let environment = &options.environment;
    let found = Programs::find(&options.cwd, environment, config)?;
    let programs = tools.programs.get_or_init(|| found);
    let known_versions = probe(programs, options).load(gate_dir);
    let keep_versions = known_versions.is_none();
    if let Some(known) = known_versions {
        tools.versions.get_or_init(|| Ok(known));
    }
    let base = base(programs, config);
    if let Some((answer, inputs)) = cargo::load(gate_dir, hint, environment, &base) {
        tools.ask(options);
        return Ok(ToolAnswers {
            answer,
            pending: None,
            inputs,
            keep_answer: false,
            keep_versions,
        });
    }

    let cargo = Cargo {
        program: &programs.cargo,
        cwd: &options.cwd,
        manifest: options.manifest_path.as_deref().map(|_| hint.manifest.as_path()),
        offline: options.offline,
        environment,
    };
    waiting.begin();
    let asked = SystemTime::now();
    let (answer, pending) = std::thread::scope(|scope| {
        scope.spawn(move || {
            // Cargo's answer is what everything waits for: what else needs a core takes turns with it.
            let _ = scanned.recv();
            tools.ask(options);
        });
        cargo::ask(&cargo, hint)
    })?;
    let inputs = Inputs::read(&answer.model.root, &answer.manifests, environment, &base);
    for manifest in &inputs.manifests {
        check_syntax(manifest)?;
    }
    Ok(ToolAnswers {
        keep_answer: answer.is_stable() && !inputs.changed_since(asked),
        answer,
        pending,
        inputs,
        keep_versions,
    })
}

fn base(programs: &Programs, config: &CargoConfig) -> gate_base::digest::Digest {
    DigestBuilder::new("cargo-base")
        .digest(&programs.identity)
        .digest(&config.digest())
        .finish()
}

/// Cargo accepted these manifests, so this only fails where another TOML parser disagrees; then it fails here, with a
/// name, and not in a check.
fn check_syntax(manifest: &cargo::ManifestText) -> Result<()> {
    let Some(text) = &manifest.text else { return Ok(()) };
    Manifest::parse("Cargo.toml", text.as_str())
        .map(|_| ())
        .map_err(|error| {
            let line = error.span().map_or(1, |span| paths::line_column(text, span.start).0);
            let path = manifest.path.display();
            let mut this = Error::usage(format!("`{path}` is malformed at line {line}: {}", error.message()))
                .with_help(format!("edit line {line} of that file"));
            this.path = Some(manifest.path.clone());
            this
        })
}

/// Writes what is new to the cache, as far as that can be written: without it the next run asks again.
fn keep((probe, versions): (&Probe<'_>, &Versions), gate_dir: &Path, tool_answers: &ToolAnswers, scan: &mut Scan) {
    if let Some(entries) = scan.entries.take() {
        let _ = Index::store(gate_dir, entries, scan.began);
    }
    if tool_answers.keep_answer {
        let _ = cargo::store(gate_dir, &tool_answers.answer, &tool_answers.inputs);
    }
    if tool_answers.keep_versions {
        let _ = probe.store(gate_dir, versions);
    }
    if let Some(status) = scan.status.take() {
        let _ = status.store(gate_dir);
    }
}
