//! A build in which something may have changed.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use super::choice;
use super::codes::Codes;
use super::context::Mode;
use super::embed::{self, Parsed};
use super::jobs::{self, Job};
use super::listing::{self, searched};
use super::locked::{Lock, Locker};
use super::progress::Progress;
use super::report::{Asked, Entry, Report, Trace};
use super::state::{self, State};
use super::subject::Build;
use super::task::{Done, Shared, Task};
use super::times::Times;
use super::{budgets, constants, directives, library, pin, watch};
use crate::arch::Arch;
use crate::built::{BuiltImage, BuiltUnit, Provenance};
use crate::compiler::{Compiler, Given, Setting};
use crate::diagnostic::{Diagnostic, Id, Severity};
use crate::disk;
use crate::error::Error;
use crate::headers::Located;
use crate::index::Index;
use crate::product::Product;
use crate::resources::Ptxas;
use crate::rust;
use crate::schedule;
use crate::sorted::{Append as _, List as _, Set};
use crate::store::{Counts, Layered, Local, Remote, Store};
use crate::unit::{Language, Unit, UnitName};

/// What a task gave: its PTX in place, or why there is none.
type TaskResult<'a> = (&'a Unit, Arch, Result<(BuiltImage, Done), Diagnostic>);

/// What happened in a build, for its report.
struct Happened {
    asked: Option<Asked>,
    trace: Trace,
}

impl Build<'_> {
    pub(super) fn run(
        &self,
        setting: &Setting,
        store: Option<&Local>,
        remote: Option<&Remote>,
        index: &Index,
        lock: Lock,
    ) -> Result<State, Error> {
        let (compilers, problems) = choice::open(self.choice, setting, index);
        let (rust, cuda): (Vec<_>, Vec<_>) = compilers
            .into_iter()
            .partition(|compiler| compiler.identity().kind.language() == Language::Rust);
        let mut parts: Set<PathBuf> = self.choice.files.iter().map(|(_, file)| file.clone()).collect();
        parts.extend(cuda.iter().chain(&rust).flat_map(|compiler| compiler.files()));
        let lacking = |language, compilers: &[_]| compilers.is_empty() && self.plan.has(language);
        if lacking(Language::Cuda, &cuda) || lacking(Language::Rust, &rust) {
            if lock != Lock::Leave && problems.is_empty() {
                return Err(Error::missing(
                    Id::CompilerMissing,
                    format!("`GATE_KERNELS_LOCK` is set, but {}", self.no_compiler()),
                    self.plan.remedy(),
                ));
            }
            return self.without_compiler(problems, store);
        }

        let declared = self.kernels.headers.iter();
        let headers = declared.map(|headers| headers.locate(self.context.crate_root(), &self.context.env));
        let headers: Vec<Located> = headers.list_ok()?;
        let scratch = self.scratch();
        // Where it cannot be made, each compilation says what it could not write.
        let _ = fs::create_dir_all(&scratch);
        let options = &setting.given.files;
        let foreign = listing::foreign(parts.iter().filter(|file| !options.contains(file)));
        let named = listing::named_by_variables(&self.context.env, self.context.crate_root());
        let layered = Layered::new(store, remote);
        let is_kept = store.is_some() || remote.is_some();
        let shared = Shared {
            store: is_kept.then_some(&layered as &dyn Store),
            local: store,
            timeout: setting.timeout,
            index,
            env: &self.context.env,
            given: &setting.given,
            foreign: &foreign,
            named: &named,
            listings: self.listings,
            codes: &Codes::default(),
            intact: &state::intact(&self.context.state_file()),
            permits: &setting.permits,
            has_threads: schedule::has_threads(&self.context.env),
            began: self.began,
            scratch: scratch.clone(),
        };
        let product = &self.kernels.product;
        let (mut jobs, unknown) = jobs::of(self.plan, product, &cuda, &headers, lock != Lock::Leave);
        let mut problems = problems;
        problems.append_all(unknown);
        let times = Times::new(self.context, product);
        // What has changed first: a compilation is under way while the rest is found unchanged. Then the longest; what was never
        // timed is judged by its size and goes before what is known to be quick.
        let changed: Set<&UnitName> = self
            .plan
            .units
            .iter()
            .filter(|unit| !index.knows(&unit.path))
            .map(|unit| &unit.name)
            .collect();
        jobs.sort_by_cached_key(|job| {
            let last = !changed.contains(&job.unit.name);
            (
                last,
                Reverse(times.expected(job.unit, job.arch)),
                job.unit.name.clone(),
                job.arch,
            )
        });
        let progress = Progress::new(&self.context.env, jobs.len());
        let ran = schedule::run(&self.context.env, &setting.permits, jobs, |job| {
            let (unit, arch) = (job.unit, job.arch);
            let output = self.output(unit, arch);
            let task = Task {
                unit,
                arch,
                flags: &job.all_flags,
                output: &output,
                compilers: match unit.language {
                    Language::Cuda => &cuda,
                    Language::Rust => &rust,
                },
            };
            let result = task.run(&shared);
            progress.ended(unit, arch, &result);
            let result = result.and_then(|done| place(&job, &output, done));
            (unit, arch, result)
        });
        let _ = fs::remove_dir_all(&scratch);
        let trace = Trace::of(ran.iter().map(|ran| {
            let (unit, arch, _) = &ran.result;
            (unit.name.to_string(), arch.to_string(), ran.span)
        }));
        let results: Vec<TaskResult<'_>> = ran.into_iter().map(|ran| ran.result).list();
        if self.choice.is_last_resort() && self.mode == Mode::Auto && lock == Lock::Leave {
            // Without a toolkit, clang knows the language and not the library: what it refuses may well be right.
            let refusal = results.iter().seek_map(|(_, _, result)| result.as_ref().err());
            if let Some(refusal) = refusal {
                let mut warning = refusal.clone();
                warning.severity = Severity::Warning;
                let why = match &warning.unit {
                    Some(unit) => format!("{unit}: {}", warning.message),
                    None => warning.message.clone(),
                };
                return self.fall_back(&why, &[warning], store);
            }
        }
        let asked = is_kept.then(|| account(&results, &layered, store, remote));
        let happened = Happened { asked, trace };
        let maker = cuda.first().map(AsRef::as_ref);
        let state = self.finish(
            results,
            problems,
            (parts, setting, maker, &headers),
            &times,
            (store, happened),
            lock,
        )?;
        if let Some(store) = store.filter(|_| product.is_ptx()) {
            pin::keep(self.context.crate_root(), &state.built.units, store, index);
        }
        Ok(state)
    }

    /// A folder for the files of this build. Those of builds that were killed go: cargo runs one at a time here.
    fn scratch(&self) -> PathBuf {
        const PREFIX: &str = "scratch-";
        let own = self.context.own();
        let entries = fs::read_dir(&own).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())) {
            let _ = fs::remove_dir_all(entry.path());
        }
        own.join(format!("{PREFIX}{}", std::process::id()))
    }

    /// Where the PTX of a unit belongs.
    fn output(&self, unit: &Unit, arch: Arch) -> PathBuf {
        let product = &self.kernels.product;
        let arch = if product.is_merged() {
            "all".to_owned()
        } else {
            arch.to_string()
        };
        let name = format!("{}.{arch}.{}", unit.name.file_stem(), product.extension());
        self.context.out_dir.join("kernels").join(name)
    }

    fn finish(
        &self,
        results: Vec<TaskResult<'_>>,
        problems: Vec<Diagnostic>,
        (parts, setting, maker, headers): (Set<PathBuf>, &Setting, Option<&dyn Compiler>, &[Located]),
        times: &Times,
        (store, happened): (Option<&Local>, Happened),
        lock: Lock,
    ) -> Result<State, Error> {
        let mut state = State::default();
        let mut report = Report {
            mode: self.mode.as_str(),
            cache: happened.asked,
            trace: happened.trace,
            ..Report::default()
        };
        let mut failed = Vec::new();
        let mut warnings = problems;
        let given = &setting.given;
        let foreign = listing::foreign(parts.iter().filter(|file| !given.files.contains(file)));
        let mut files = parts.clone();
        files.extend(headers.iter().flat_map(|located| located.files.iter().cloned()));
        let mut sorted = results;
        crate::sorted::sort_by(&mut sorted, |(a, x, _), (b, y, _)| (&a.name, x).cmp(&(&b.name, y)));
        let mut measured = Vec::new();
        let mut parsed = Parsed::new();
        for (unit, arch, result) in sorted {
            match result {
                Ok((image, done)) => {
                    report
                        .entries
                        .push(Entry::of(self.context.crate_root(), &unit.name, arch, &done));
                    warnings.append_all(
                        done.warnings
                            .into_iter()
                            .map(|warning| warning.unit(unit.name.as_str())),
                    );
                    measured.push((unit.name.to_string(), arch, done.took));
                    files.extend(image.dependencies.iter().cloned());
                    state.variables.extend(done.variables);
                    parsed.extend(done.module.map(|module| (image.ptx.clone(), module)));
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
        report.failed = failed.iter().map(ToString::to_string).list();
        state.built.report = report.write(&self.context.out_dir)?;
        if !failed.is_empty() {
            return Err(Error::Kernels(failed));
        }
        warnings.append_all(self.judge(&state.built.units, store, (lock, headers))?);
        state.built.bindings = Some(self.bindings(&state.built.units, None, &parsed, store)?);
        let mut links = vec![self.is_there()];
        if let (Product::Library(name), Some(maker)) = (&self.kernels.product, maker) {
            let made = library::make(self, name, maker, &state.built.units, setting, store)?;
            links.append_all(made.lines);
            state.built.library = Some(made.file);
        }
        state.folders = self.searched_folders(given);
        state.near = self.near_folders(&state.built.units, &foreign);
        let watched = self.watched(&parts, state.folders.iter().chain(&state.near));
        state.directives = directives::lines(&files, &watched);
        state.directives.append_all(self.declares());
        state.directives.append_all(links);
        let variables = state.variables.iter();
        let variables = variables.map(|name| format!("cargo::rerun-if-env-changed={name}"));
        state.directives.append_all(variables);
        state.absent = self.absent(&state.built.units);
        state.directives.append_all(directives::warnings(&warnings));
        files.extend(
            state
                .built
                .units
                .iter()
                .flat_map(|unit| &unit.images)
                .map(|image| image.ptx.clone()),
        );
        files.extend(state.built.library.clone());
        files.extend(state.built.bindings.clone());
        files.insert(constants::file(&self.kernels.product, &self.context.out_dir));
        files.extend(embed::compressed_files(self.kernels, &state.built.units));
        state.files = files.into_iter().list();
        state.entries = report.entries;
        Ok(state)
    }

    /// Budgets and the lock.
    fn judge(
        &self,
        units: &[BuiltUnit],
        store: Option<&Local>,
        (lock, headers): (Lock, &[Located]),
    ) -> Result<Vec<Diagnostic>, Error> {
        if self.kernels.budgets.is_empty() && lock == Lock::Leave {
            return Ok(Vec::new());
        }
        let scratch = self.context.own().join("ptxas");
        let ptxas = match &self.toolkit.ptxas {
            Some(program) => Some(Ptxas::new(program.clone(), scratch.clone()).map_err(|error| {
                Error::Kernels(vec![
                    Diagnostic::error(Id::PtxasFailed, error.to_string())
                        .help("correct `PATH`, or reinstall the CUDA toolkit"),
                ])
            })?),
            None => None,
        };
        let cache = store.map_or_else(|| scratch.clone(), |store| store.folder("ptxas"));
        let ptxas = ptxas.map(|ptxas| (ptxas, cache));
        let warnings = budgets::compare(self.kernels, units, ptxas.as_ref())?;
        let locker = Locker {
            kernels: self.kernels,
            plan: self.plan,
            headers: headers.iter().map(|located| located.shown.clone()).collect(),
            root: self.context.crate_root(),
            env: &self.context.env,
            began: self.began,
            ptxas,
        };
        match lock {
            Lock::Leave => {}
            Lock::Write => locker.write(units)?,
            Lock::Check => locker.check(units)?,
        }
        Ok(warnings)
    }

    /// Folders and files that cargo is to look at beside what was read.
    fn watched<'b>(&self, parts: &Set<PathBuf>, folders: impl Iterator<Item = &'b PathBuf>) -> Set<PathBuf> {
        let root = self.context.crate_root();
        let busy = [self.context.out_dir.as_path(), root];
        let is_calm = |folder: &&PathBuf| !busy.iter().any(|busy| busy.starts_with(folder));
        let mut watched: Set<PathBuf> = self
            .plan
            .folders
            .iter()
            .filter(|folder| folder.is_dir())
            .cloned()
            .collect();
        // Those of build.rs are watched however large they are.
        let there = folders.filter(|folder| folder.is_dir());
        let others: Vec<&PathBuf> = there
            .filter(|folder| !watched.iter().any(|known| folder.starts_with(known)))
            .list();
        watched.extend(
            others
                .into_iter()
                .filter(is_calm)
                .filter(|folder| directives::is_small(folder))
                .cloned(),
        );
        watched.extend(watch::beside(parts, &busy));
        watched
    }

    /// Files that would decide about Rust kernels if they were there.
    fn absent(&self, units: &[BuiltUnit]) -> Vec<PathBuf> {
        let mut files = Set::new();
        for built in units.iter().filter(|unit| unit.language == Language::Rust) {
            let unit = self.plan.units.iter().seek(|unit| unit.name == built.name);
            for (unit, image) in unit.filter(|unit| unit.path.is_dir()).into_iter().zip(&built.images) {
                files.extend(rust::settings(&self.context.env, &unit.path, &image.dependencies));
            }
        }
        files.retain(|file| !file.is_file());
        files.into_iter().list()
    }

    /// Folders outside the crate in which a new file may be read instead of another by its name alone.
    fn near_folders(&self, units: &[BuiltUnit], foreign: &[PathBuf]) -> Vec<PathBuf> {
        let root = self.context.crate_root();
        let units = units.iter().filter(|unit| unit.language == Language::Cuda);
        let read: Vec<PathBuf> = units
            .flat_map(|unit| &unit.images)
            .flat_map(|image| image.dependencies.iter().cloned())
            .list();
        let mut folders = listing::near(&read, root, foreign);
        if !read.is_empty() {
            folders.extend(listing::named_by_variables(&self.context.env, root));
        }
        folders.into_iter().list()
    }

    /// Folders in which a new file may be read instead of another.
    fn searched_folders(&self, given: &Given) -> Vec<PathBuf> {
        let root = self.context.crate_root();
        let folders: Set<PathBuf> = self
            .plan
            .units
            .iter()
            .filter(|unit| unit.language == Language::Cuda)
            .flat_map(|unit| searched(&unit.path, root, &given.flags))
            .collect();
        folders.into_iter().list()
    }
}

/// Writes what became of a unit where the crate finds it.
fn place(job: &Job<'_>, file: &Path, done: Done) -> Result<(BuiltImage, Done), Diagnostic> {
    if let Some(bytes) = &done.ptx {
        disk::write_if_changed(file, bytes).map_err(|error| {
            Diagnostic::error(Id::FileAccess, format!("cannot write `{}`: {error}", file.display()))
                .unit(job.unit.name.as_str())
        })?;
    }
    let image = BuiltImage {
        arch: job.arch,
        ptx: file.to_path_buf(),
        digest: done.digest,
        provenance: Provenance::Built,
        compiler: Some(done.compiler.clone()),
        flags: job.flags.clone(),
        dependencies: done.files.clone(),
    };
    Ok((image, done))
}

/// What the store was asked and gave, remembered and for the report.
fn account(results: &[TaskResult<'_>], layered: &Layered<'_>, store: Option<&Local>, remote: Option<&Remote>) -> Asked {
    let fared = remote.map(Remote::finish);
    let count = |counts: fn(&Done) -> bool| {
        let done = results.iter().filter_map(|(_, _, result)| result.as_ref().ok());
        done.filter(|(_, done)| counts(done)).count() as u64
    };
    let counts = Counts {
        lookups: results.len() as u64,
        hits: count(|done| !done.compiled),
        remote_hits: count(|done| done.remote),
        corrupt: layered.corrupt(),
        evicted: store.map_or(0, Local::sweep),
        remote_unavailable: remote.map_or(0, Remote::unavailable),
        uploads: remote.map_or(0, Remote::uploads),
    };
    if let Some(store) = store {
        store.record(&counts);
    }
    Asked { counts, remote: fared }
}
