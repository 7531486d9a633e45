//! What a build gives where nothing compiles: the PTX of the lock, else none.

use std::path::PathBuf;

use super::context::Mode;
use super::embed::{self, Missing, Parsed};
use super::report::{Entry, Report};
use super::state::State;
use super::subject::Build;
use super::{constants, directives, locked};
use crate::diagnostic::{Diagnostic, Id};
use crate::error::Error;
use crate::lock::{LOCK_FILE, RELOCK};
use crate::product::Product;
use crate::sorted::{Append as _, List as _, sort};
use crate::store::Local;
use crate::unit::UnitName;

impl Build<'_> {
    /// No compiler of CUDA sources answers, or none is wanted: the lock, else nothing.
    pub(super) fn without_compiler(&self, problems: Vec<Diagnostic>, store: Option<&Local>) -> Result<State, Error> {
        let why = self.no_compiler();
        if self.mode == Mode::Build || !problems.is_empty() {
            let mut all = problems;
            if all.is_empty() {
                all.push(Diagnostic::error(Id::CompilerMissing, why).help(format!(
                    "{}, or unset `GATE_KERNELS` to build without a compiler",
                    self.plan.remedy()
                )));
            }
            return Err(Error::Kernels(all));
        }
        self.fall_back(&why, &[], store)
    }

    /// That no compiler was found, or none that is to be used.
    pub(super) fn no_compiler(&self) -> String {
        let searched = self.toolkit.searched.len();
        let languages = self.plan.languages();
        if !self.kernels.product.is_ptx() {
            return format!(
                "`{}` is made by nvcc, which was not found (places searched: {searched})",
                self.kernels.product.name()
            );
        }
        let why = format!("no compiler for {languages} found (places searched: {searched})");
        match self.choice.passed_over {
            Some(kind) => format!(
                "{why}, other than {kind}, which did not make `{LOCK_FILE}` and is used only with `GATE_KERNEL_COMPILER={kind}`"
            ),
            None => why,
        }
    }

    /// The PTX of the lock, else none.
    pub(super) fn fall_back(&self, why: &str, warnings: &[Diagnostic], store: Option<&Local>) -> Result<State, Error> {
        let root = self.context.crate_root();
        let mut state = State::default();
        let mut report = Report {
            mode: self.mode.as_str(),
            ..Report::default()
        };
        let mut files: Vec<PathBuf> = Vec::new();
        let explicit_off = self.mode == Mode::Off && self.context.env.variable("GATE_KERNELS").is_some();
        let is_ptx = self.kernels.product.is_ptx();
        let taken = if explicit_off || !is_ptx {
            None
        } else {
            locked::take(
                self.plan,
                &self.kernels.headers,
                root,
                &self.context.out_dir.join("kernels"),
            )?
        };
        let mut outputs: Vec<PathBuf> = Vec::new();
        let mut warnings = warnings.to_vec();
        match taken {
            Some(locked::Taken {
                units,
                files: read,
                warnings: more,
            }) => {
                files.append_all(read);
                warnings.append_all(more);
                for unit in &units {
                    report
                        .entries
                        .append_all(unit.images.iter().map(|image| Entry::locked(&unit.name, image)));
                    outputs.append_all(unit.images.iter().map(|image| image.ptx.clone()));
                }
                state.built.bindings = Some(self.bindings(&units, None, &Parsed::new(), store)?);
                state.built.units = units;
            }
            None if self.mode == Mode::Locked && is_ptx => {
                return Err(Error::missing(
                    Id::LockMissing,
                    format!("`GATE_KERNELS` is set to `locked`, but there is no `{LOCK_FILE}`"),
                    format!("on a machine with a compiler, run `{RELOCK}`"),
                ));
            }
            None => {
                let (missing, why) = if explicit_off {
                    (Missing::Off, "GATE_KERNELS=off".to_owned())
                } else if self.mode == Mode::Off {
                    (
                        Missing::Off,
                        "docs.rs has no kernel compiler, and there is no kernel lock".to_owned(),
                    )
                } else if self.mode == Mode::Locked {
                    let why = format!(
                        "the kernel lock has PTX alone, and `{}` is not PTX",
                        self.kernels.product.name()
                    );
                    (Missing::Off, why)
                } else {
                    let why = if is_ptx {
                        format!("{why}, and there is no kernel lock")
                    } else {
                        why.to_owned()
                    };
                    if warnings.is_empty() {
                        let without = match &self.kernels.product {
                            Product::Library(name) => format!("the library `{name}`"),
                            Product::Units(_) => "GPU kernels".to_owned(),
                        };
                        let warning = format!("{why}: building without {without}");
                        warnings.push(Diagnostic::warning(Id::CompilerMissing, warning).help(format!(
                            "{}, or set `GATE_KERNELS=off` to build without kernels",
                            self.plan.remedy()
                        )));
                    }
                    report.searched.clone_from(&self.toolkit.searched);
                    (Missing::NoCompiler, why)
                };
                let names: Vec<UnitName> = self.plan.units.iter().map(|unit| unit.name.clone()).list();
                state.built.bindings = Some(self.bindings(&[], Some((missing, &names)), &Parsed::new(), store)?);
                report.unavailable = Some(why.clone());
                state.built.unavailable = Some(why);
            }
        }
        state.built.report = report.write(&self.context.out_dir)?;
        let mut watched: Vec<PathBuf> = self
            .plan
            .folders
            .iter()
            .filter(|folder| folder.is_dir())
            .cloned()
            .list();
        if self.mode == Mode::Auto {
            watched.append_all(directives::places(&self.context.env, &self.toolkit.searched));
        }
        // A lock that appears is noticed by the folder it appears in only where cargo may watch that.
        files.append_all(self.plan.units.iter().map(|unit| unit.path.clone()));
        files.retain(|path| path.is_file());
        sort(&mut files);
        files.dedup();
        state.directives = directives::lines(&files, &watched);
        state.directives.append_all(self.declares());
        if state.built.unavailable.is_none() {
            state.directives.push(self.is_there());
        }
        state.directives.append_all(directives::warnings(&warnings));
        files.append_all(outputs);
        files.append_all(state.built.bindings.clone());
        files.push(constants::file(&self.kernels.product, &self.context.out_dir));
        files.append_all(embed::compressed_files(self.kernels, &state.built.units));
        state.files = files;
        state.entries = report.entries;
        Ok(state)
    }
}
