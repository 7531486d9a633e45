//! From a plan to PTX: look what changed, compile that, keep it, say what was done.

mod choice;
mod context;
mod directives;
mod embed;
mod listing;
mod locked;
mod plan;
mod report;
mod state;
mod task;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use self::choice::Choice;
pub use self::context::Context;
use self::context::Mode;
use self::embed::Missing;
use self::listing::{Listings, searched};
use self::locked::{Lock, Locker};
use self::plan::Plan;
use self::report::{Entry, Report};
use self::state::State;
use self::task::{Done, Shop, Task};
use crate::arch::Arch;
use crate::built::{Built, BuiltImage, BuiltUnit, Provenance};
use crate::compiler::{self, Setting, VARIABLES};
use crate::diagnostic::Diagnostic;
use crate::digest::{Digest, Fields};
use crate::disk;
use crate::error::Error;
use crate::index::Index;
use crate::kernels::Kernels;
use crate::resources::Ptxas;
use crate::schedule;
use crate::store::{self, Local, Store};
use crate::toolkit::{INPUT_VARIABLES, Toolkit};
use crate::unit::{Language, Unit, UnitName};

/// What a build gives, and what to tell cargo.
pub(crate) struct Outcome {
    pub built: Built,
    pub directives: Vec<String>,
}

/// Runs a build.
pub(crate) fn run(kernels: &Kernels, context: &Context) -> Result<Outcome, Error> {
    let mode = Mode::of(&context.env)?;
    let timeout = context::timeout(&context.env)?;
    let limit = context::store_limit(&context.env)?;
    let plan = Plan::of(kernels, context)?;
    let toolkit = Toolkit::discover(&context.env);
    let wanted = mode != Mode::Off && mode != Mode::Locked;
    let choice = if wanted {
        Choice::of(&toolkit, &context.env)?
    } else {
        Choice {
            files: Vec::new(),
            because: None,
        }
    };

    let listings = Listings::default();
    let own = context.own();
    let state_file = own.join("state");
    let configuration = configuration(kernels, context, mode, &plan, &choice);
    let lock = Lock::of(&context.env)?;
    let known = match lock {
        Lock::Leave => state::load(&state_file, &configuration, &listings),
        // There is something to do even where nothing changed.
        Lock::Write | Lock::Check => None,
    };
    if let Some(state) = known {
        let report = Report {
            mode: mode.as_str(),
            entries: state.entries,
            unavailable: state.built.unavailable.clone(),
            ..Report::default()
        };
        let mut built = state.built;
        built.report = write_report(context, &report)?;
        return Ok(Outcome {
            built,
            directives: state.directives,
        });
    }

    let build = Build {
        kernels,
        context,
        mode,
        plan: &plan,
        toolkit: &toolkit,
        choice: &choice,
        listings: &listings,
    };
    let store = store::folder(&context.env).map(|folder| Local::new(&folder, limit));
    let index = Index::new(store.as_ref().map_or_else(|| own.join("index"), Local::index_file));
    let host_compiler = compiler::host_compiler(&context.env, &index);
    let shims = compiler::write_shims(&own.join("shims")).map_err(Error::io("cannot write", own.join("shims")))?;
    let setting = Setting {
        crate_root: context.crate_root.clone(),
        env: context.env.clone(),
        timeout,
        shims,
        host_compiler,
    };
    let result = build.run(&setting, store.as_ref(), &index, lock);
    index.save();
    if let Some(store) = &store {
        store.sweep();
    }
    let state = result?;
    state::save(&state_file, &configuration, &state, &listings);
    Ok(Outcome {
        built: state.built,
        directives: state.directives,
    })
}

/// Everything but the contents of files that decides about a build.
fn configuration(kernels: &Kernels, context: &Context, mode: Mode, plan: &Plan, choice: &Choice) -> Digest {
    let mut fields = Fields::new("gate-build configuration 1");
    fields.add("version", env!("CARGO_PKG_VERSION"));
    fields.add("mode", mode.as_str());
    fields.add("builder", format!("{kernels:?}"));
    fields.add("root", context.crate_root.as_os_str().as_encoded_bytes());
    for unit in &plan.units {
        fields.add("unit", unit.name.as_str());
    }
    for arch in &plan.archs {
        fields.add("arch", arch.to_string());
    }
    for (kind, file) in &choice.files {
        fields.add("compiler", kind.as_str());
        fields.add("file", file.as_os_str().as_encoded_bytes());
    }
    let names: BTreeSet<&str> = INPUT_VARIABLES
        .iter()
        .chain(VARIABLES)
        .chain(context::VARIABLES)
        .copied()
        .collect();
    for name in names {
        if let Some(value) = context.env.variable(name) {
            fields.add("variable", name);
            fields.add("value", value.as_encoded_bytes());
        }
    }
    fields.finish()
}

fn write_report(context: &Context, report: &Report) -> Result<PathBuf, Error> {
    let file = context.out_dir.join("build_report.json");
    disk::write_if_changed(&file, report.to_text().as_bytes()).map_err(Error::io("cannot write", &file))?;
    Ok(file)
}

/// One build in which something may have changed.
struct Build<'a> {
    kernels: &'a Kernels,
    context: &'a Context,
    mode: Mode,
    plan: &'a Plan,
    toolkit: &'a Toolkit,
    choice: &'a Choice,
    listings: &'a Listings,
}

impl Build<'_> {
    fn run(&self, setting: &Setting, store: Option<&Local>, index: &Index, lock: Lock) -> Result<State, Error> {
        let (compilers, problems) = choice::open(self.choice, setting, index);
        if compilers.is_empty() && self.plan.units.iter().any(|unit| unit.language == Language::Cuda) {
            if lock != Lock::Leave && problems.is_empty() {
                return Err(Error::configuration(
                    "`GATE_KERNELS_LOCK` is set, and no compiler is there",
                    "install a CUDA toolkit, or set `CUDA_HOME` to where one is",
                ));
            }
            return self.without_compiler(problems, store);
        }

        let scratch = self.context.own().join(format!("scratch-{}", std::process::id()));
        let shop = Shop {
            store: store.map(|store| store as &dyn Store),
            index,
            listings: self.listings,
            scratch: scratch.clone(),
        };
        let mut pairs: Vec<(&Unit, Arch)> = self
            .plan
            .units
            .iter()
            .flat_map(|unit| self.plan.archs.iter().map(move |&arch| (unit, arch)))
            .collect();
        let times = Times::new(self.context);
        // Longest first; what was never timed is judged by its size and goes before what is known to be quick.
        pairs.sort_by_cached_key(|(unit, arch)| {
            (std::cmp::Reverse(times.expected(unit, *arch)), unit.name.clone(), *arch)
        });
        let results = schedule::run(&self.context.env, pairs, |(unit, arch)| {
            let task = Task {
                unit,
                arch,
                flags: &self.plan.flags,
                compilers: &compilers,
            };
            let result = task.run(&shop).and_then(|done| self.place(unit, arch, done));
            (unit, arch, result)
        });
        let _ = fs::remove_dir_all(&scratch);
        self.finish(results, problems, &times, store, lock)
    }

    /// Writes the PTX of a unit where the crate finds it.
    fn place(&self, unit: &Unit, arch: Arch, done: Done) -> Result<(BuiltImage, Done), Diagnostic> {
        let file = self
            .context
            .out_dir
            .join("kernels")
            .join(format!("{}.{arch}.ptx", unit.name.file_stem()));
        disk::write_if_changed(&file, &done.ptx).map_err(|error| {
            Diagnostic::error(format!("cannot write `{}`: {error}", file.display())).unit(unit.name.as_str())
        })?;
        let image = BuiltImage {
            arch,
            ptx: file,
            digest: done.digest,
            provenance: Provenance::Built,
            compiler: Some(done.compiler.clone()),
            flags: self.plan.flags.clone(),
            dependencies: done.files.clone(),
        };
        Ok((image, done))
    }

    fn finish(
        &self,
        results: Vec<(&Unit, Arch, Result<(BuiltImage, Done), Diagnostic>)>,
        problems: Vec<Diagnostic>,
        times: &Times,
        store: Option<&Local>,
        lock: Lock,
    ) -> Result<State, Error> {
        let mut state = State::default();
        let mut report = Report {
            mode: self.mode.as_str(),
            ..Report::default()
        };
        let mut failed = Vec::new();
        let mut warnings = problems;
        let mut files: BTreeSet<PathBuf> = BTreeSet::new();
        let mut sorted = results;
        sorted.sort_by(|(a, x, _), (b, y, _)| (&a.name, x).cmp(&(&b.name, y)));
        let mut measured = Vec::new();
        for (unit, arch, result) in sorted {
            match result {
                Ok((image, done)) => {
                    report
                        .entries
                        .push(Entry::of(self.context.crate_root(), &unit.name, arch, &done));
                    warnings.extend(
                        done.warnings
                            .into_iter()
                            .map(|warning| warning.unit(unit.name.as_str())),
                    );
                    measured.push((unit.name.to_string(), arch, done.took));
                    files.extend(image.dependencies.iter().cloned());
                    match state.built.units.last_mut() {
                        Some(last) if last.name == unit.name => last.images.push(image),
                        _ => state.built.units.push(BuiltUnit {
                            name: unit.name.clone(),
                            language: unit.language,
                            images: vec![image],
                        }),
                    }
                }
                Err(diagnostic) => failed.push(diagnostic),
            }
        }
        times.save(&measured);
        report.failed = failed.iter().map(ToString::to_string).collect();
        state.built.report = write_report(self.context, &report)?;
        if !failed.is_empty() {
            return Err(Error::Kernels(failed));
        }
        warnings.extend(self.judge(&state.built.units, store, lock)?);
        state.built.bindings = Some(self.bindings(&state.built.units, None, store)?);
        files.extend(self.choice.files.iter().map(|(_, file)| file.clone()));
        let watched: Vec<PathBuf> = self
            .plan
            .folders
            .iter()
            .filter(|folder| folder.is_dir())
            .cloned()
            .collect();
        state.directives = directives::lines(&files, &watched);
        state.directives.extend(warning_lines(&warnings));
        state.folders = self.searched_folders();
        files.extend(
            state
                .built
                .units
                .iter()
                .flat_map(|unit| &unit.images)
                .map(|image| image.ptx.clone()),
        );
        files.extend(state.built.bindings.clone());
        state.files = files.into_iter().collect();
        state.entries = report.entries;
        Ok(state)
    }

    /// Budgets and the lock.
    fn judge(&self, units: &[BuiltUnit], store: Option<&Local>, lock: Lock) -> Result<Vec<Diagnostic>, Error> {
        if self.kernels.budgets.is_empty() && lock == Lock::Leave {
            return Ok(Vec::new());
        }
        let scratch = self.context.own().join("ptxas");
        let ptxas = match &self.toolkit.ptxas {
            Some(program) => Some(Ptxas::new(program.clone(), scratch.clone()).map_err(|error| {
                Error::Kernels(vec![
                    Diagnostic::error(error.to_string()).help("correct `PATH`, or reinstall the CUDA toolkit"),
                ])
            })?),
            None => None,
        };
        let cache = store.map_or_else(|| scratch.clone(), |store| store.folder("ptxas"));
        let ptxas = ptxas.map(|ptxas| (ptxas, cache));
        let warnings = embed::budgets(self.kernels, units, ptxas.as_ref())?;
        let locker = Locker {
            kernels: self.kernels,
            plan: self.plan,
            root: self.context.crate_root(),
            env: &self.context.env,
            ptxas,
        };
        match lock {
            Lock::Leave => {}
            Lock::Write => locker.write(units)?,
            Lock::Check => locker.check(units)?,
        }
        Ok(warnings)
    }

    fn bindings(
        &self,
        units: &[BuiltUnit],
        missing: Option<(Missing, &[UnitName])>,
        store: Option<&Local>,
    ) -> Result<PathBuf, Error> {
        let store = store.map(|store| store as &dyn Store);
        embed::bindings(self.kernels, self.context, units, missing, store)
    }

    /// Folders in which a new file may be read instead of another.
    fn searched_folders(&self) -> Vec<PathBuf> {
        let root = self.context.crate_root();
        let folders: BTreeSet<PathBuf> = self
            .plan
            .units
            .iter()
            .filter(|unit| unit.language == Language::Cuda)
            .flat_map(|unit| searched(&unit.path, root, &self.plan.flags))
            .filter(|folder| folder.is_dir())
            .collect();
        folders.into_iter().collect()
    }

    /// No compiler of CUDA sources answers, or none is wanted: the lock, else nothing.
    fn without_compiler(&self, problems: Vec<Diagnostic>, store: Option<&Local>) -> Result<State, Error> {
        let searched = self.toolkit.searched.len();
        if self.mode == Mode::Build || !problems.is_empty() {
            let mut all = problems;
            if all.is_empty() {
                let why = format!("no compiler of CUDA sources was found in {searched} places");
                all.push(Diagnostic::error(why).help(
                    "install a CUDA toolkit, set `CUDA_HOME` to where one is, or unset `GATE_KERNELS` to build without",
                ));
            }
            return Err(Error::Kernels(all));
        }
        let root = self.context.crate_root();
        let mut state = State::default();
        let mut report = Report {
            mode: self.mode.as_str(),
            ..Report::default()
        };
        let mut files: Vec<PathBuf> = Vec::new();
        let explicit_off = self.mode == Mode::Off && self.context.env.variable("GATE_KERNELS").is_some();
        let taken = if explicit_off {
            None
        } else {
            locked::take(self.plan, root, &self.context.out_dir.join("kernels"))?
        };
        let mut outputs: Vec<PathBuf> = Vec::new();
        match taken {
            Some((units, read)) => {
                files.extend(read);
                for unit in &units {
                    report
                        .entries
                        .extend(unit.images.iter().map(|image| Entry::locked(&unit.name, image)));
                    outputs.extend(unit.images.iter().map(|image| image.ptx.clone()));
                }
                state.built.bindings = Some(self.bindings(&units, None, store)?);
                state.built.units = units;
            }
            None if self.mode == Mode::Locked => {
                return Err(Error::configuration(
                    format!(
                        "`GATE_KERNELS` is `locked`, and there is no `{}`",
                        crate::lock::LOCK_FILE
                    ),
                    format!("on a machine with a compiler, run `{}`", crate::lock::RELOCK),
                ));
            }
            None => {
                let (missing, why) = if explicit_off {
                    (Missing::Off, "GATE_KERNELS=off".to_owned())
                } else if self.mode == Mode::Off {
                    (
                        Missing::Off,
                        "docs.rs has no compiler, and there is no kernel lock".to_owned(),
                    )
                } else {
                    let why = format!(
                        "no compiler of CUDA sources was found in {searched} places, and there is no kernel lock"
                    );
                    report.searched.clone_from(&self.toolkit.searched);
                    (Missing::NoCompiler, why)
                };
                let names: Vec<UnitName> = self.plan.units.iter().map(|unit| unit.name.clone()).collect();
                state.built.bindings = Some(self.bindings(&[], Some((missing, &names)), store)?);
                report.unavailable = Some(why.clone());
                state.built.unavailable = Some(why);
            }
        }
        state.built.report = write_report(self.context, &report)?;
        let mut watched: Vec<PathBuf> = self
            .plan
            .folders
            .iter()
            .filter(|folder| folder.is_dir())
            .cloned()
            .collect();
        if self.mode == Mode::Auto {
            watched.extend(directives::places(&self.context.env, &self.toolkit.searched));
        }
        // A lock that appears is noticed by the folder it appears in only where cargo may watch that.
        files.extend(self.plan.units.iter().map(|unit| unit.path.clone()));
        files.retain(|path| path.is_file());
        files.sort();
        files.dedup();
        state.directives = directives::lines(&files, &watched);
        files.extend(outputs);
        files.extend(state.built.bindings.clone());
        state.files = files;
        state.entries = report.entries;
        Ok(state)
    }
}

/// Warnings as cargo shows them, a line each.
fn warning_lines(warnings: &[Diagnostic]) -> Vec<String> {
    warnings
        .iter()
        .flat_map(|warning| {
            let text = warning.to_string();
            text.lines()
                .map(|line| format!("cargo::warning={line}"))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// How long units took before, for the order of the next build.
struct Times {
    file: PathBuf,
    known: std::collections::BTreeMap<String, u64>,
}

impl Times {
    fn new(context: &Context) -> Self {
        // With the store, because the folder of outputs does not outlive `cargo clean`.
        let folder = store::folder(&context.env).map(|folder| folder.join("kernels-v1").join("times"));
        let name = Digest::of(context.crate_root.as_os_str().as_encoded_bytes()).to_string();
        let file = folder.unwrap_or_else(|| context.own().join("times")).join(&name[..16]);
        let known = fs::read_to_string(&file)
            .unwrap_or_default()
            .lines()
            .filter_map(|line| {
                let (milliseconds, name) = line.split_once(' ')?;
                Some((name.to_owned(), milliseconds.parse().ok()?))
            })
            .collect();
        Self { file, known }
    }

    fn name(unit: &str, arch: Arch) -> String {
        format!("{arch} {unit}")
    }

    /// Milliseconds; from the size of the source where nothing is known.
    fn expected(&self, unit: &Unit, arch: Arch) -> u64 {
        let size = || fs::metadata(&unit.path).map_or(0, |metadata| metadata.len() / 10);
        let name = Self::name(unit.name.as_str(), arch);
        self.known.get(&name).copied().unwrap_or_else(size)
    }

    fn save(&self, measured: &[(String, Arch, store::Seconds)]) {
        let mut known = self.known.clone();
        for (unit, arch, took) in measured {
            known.insert(Self::name(unit, *arch), took.0);
        }
        if known != self.known {
            let text: String = known.iter().map(|(name, took)| format!("{took} {name}\n")).collect();
            let _ = disk::write_atomically(&self.file, text.as_bytes());
        }
    }
}
