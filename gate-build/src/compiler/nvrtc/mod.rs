//! NVIDIA's run-time compilation library, in process: no host compiler, no processes, no paths in what it writes.

mod library;
mod spool;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use self::library::{Answer, Outcome, Watch};
use self::spool::Spool;
use super::flags::Asked;
use super::setting::Setting;
use super::{
    Compiled, Compiler, CompilerIdentity, CompilerKind, Compiles, HEADER_HELP, Preprocessed, Text, in_order,
    lacks_header, plain, splits,
};
use crate::arch::{Arch, Reach};
use crate::diagnostic::{Diagnostic, Id, warnings};
use crate::digest::Fields;
use crate::index::Index;
use crate::schedule::{Begin, Team};
use crate::sorted::{Append as _, List as _, Set, sort};
use crate::unit::Unit;

/// An NVRTC that is there. It is loaded at its first compilation: a build that reuses everything never loads it.
pub(crate) struct Nvrtc<'a> {
    file: PathBuf,
    /// The library with its device functions.
    builtins: Option<PathBuf>,
    /// Those it compiles for, as far as it lists them.
    archs: Vec<Arch>,
    loaded: std::sync::OnceLock<Result<library::Nvrtc, String>>,
    identity: CompilerIdentity,
    includes: Vec<PathBuf>,
    setting: &'a Setting,
}

impl<'a> Nvrtc<'a> {
    /// The library of this file.
    ///
    /// # Errors
    /// It cannot be loaded.
    pub(crate) fn open(file: &Path, setting: &'a Setting, index: &Index) -> Result<Self, Diagnostic> {
        let mut problem = None;
        let loaded = std::sync::OnceLock::new();
        let real = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
        let builtins = builtins(&real);
        let answer = index.fact("nvrtc and its archs", file, || {
            match library::Nvrtc::load(file, builtins.as_deref(), &mut library::open) {
                Ok(library) => {
                    let (major, minor) = library.version;
                    let archs: Vec<String> = library.archs.iter().map(u32::to_string).list();
                    let _ = loaded.set(Ok(library));
                    Some(format!("{major}.{minor} {}", archs.join(" ")))
                }
                Err(error) => {
                    problem = Some(cannot_load(file, &error));
                    None
                }
            }
        });
        let Some(answer) = answer else {
            return Err(problem.unwrap_or_else(|| cannot_load(file, "it cannot be read")));
        };
        let (version, archs) = answer.split_once(' ').unwrap_or((&answer, ""));
        let mut fields = Fields::new("nvrtc-2");
        fields.add("version", version);
        for part in [Some(real.clone()), builtins.clone()].into_iter().flatten() {
            if let Some(digest) = index.sample(&part) {
                fields.add("library", digest.bytes());
            }
        }
        fields.add(
            "shims",
            setting.shims.file_name().unwrap_or_default().as_encoded_bytes(),
        );
        Ok(Self {
            includes: include_folders(file)
                .or_else(|| include_folders(&real))
                .unwrap_or_default(),
            file: file.to_path_buf(),
            builtins,
            archs: archs.split(' ').filter_map(|arch| arch.parse().ok()).list(),
            loaded,
            identity: CompilerIdentity {
                kind: CompilerKind::Nvrtc,
                version: version.to_owned(),
                digest: fields.finish(),
            },
            setting,
        })
    }

    fn library(&self) -> Result<&library::Nvrtc, Diagnostic> {
        self.loaded
            .get_or_init(|| library::Nvrtc::load(&self.file, self.builtins.as_deref(), &mut library::open))
            .as_ref()
            .map_err(|error| cannot_load(&self.file, error))
    }

    fn options(&self, unit: &Unit, arch: Arch, asked: &Asked) -> Result<Vec<String>, Diagnostic> {
        let mut options = vec![format!("--gpu-architecture={}", arch.compute())];
        options.push(format!("--std={}", asked.standard.as_deref().unwrap_or("c++17")));
        options.append_all(asked.macros.iter().cloned());
        for (name, value) in &asked.arithmetic {
            options.push(format!("--{name}={value}"));
        }
        for (wanted, option) in [
            (asked.fast_math, "--use_fast_math"),
            (asked.line_info, "--generate-line-info"),
            (asked.debug, "--device-debug"),
            (asked.no_warnings, "--disable-warnings"),
            (asked.restrict, "--restrict"),
        ] {
            if wanted {
                options.push(option.to_owned());
            }
        }
        options.append_all(
            asked
                .registers
                .iter()
                .map(|registers| format!("--maxrregcount={registers}")),
        );
        options.append_all(asked.level.flag().map(str::to_owned));
        options.append_all(asked.front_end.iter().cloned());
        let mut text = |option: &str, path: PathBuf| match path.to_str() {
            Some(path) => {
                options.push(format!("{option}={path}"));
                Ok(())
            }
            None => Err(Diagnostic::error(
                Id::Configuration,
                format!(
                    "cannot pass `{}` to NVRTC: the path is not valid Unicode",
                    path.display()
                ),
            )
            .help("rename the directory to a valid Unicode name, or install nvcc")),
        };
        for header in &asked.pre_includes {
            text("--pre-include", self.setting.crate_root.join(header))?;
        }
        let mut folders: Vec<PathBuf> = unit.path.parent().map(Path::to_path_buf).into_iter().list();
        for folder in asked.includes.iter().chain(&asked.system_includes) {
            folders.push(self.setting.crate_root.join(folder));
        }
        folders.extend_from_slice(&self.includes);
        folders.push(self.setting.shims.join("nvrtc"));
        for folder in folders {
            text("--include-path", folder)?;
        }
        Ok(options)
    }

    /// Runs the compiler, its optimiser on several threads where it can. Gives what the front end wrote as well.
    fn run(
        &self,
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        threads: usize,
        front_end: &FrontEnd<'_>,
    ) -> Result<(Answer, Option<Vec<u8>>), Diagnostic> {
        let library = self.library()?;
        let version = &self.identity.version;
        if arch.reach() == Reach::Onward && !library.archs.is_empty() && !library.archs.contains(&arch.number()) {
            return Err(
                Diagnostic::error(Id::ArchUnsupported, format!("NVRTC {version} does not support {arch}")).help(
                    format!("install a CUDA toolkit that supports {arch}, or change `.arch(…)` in build.rs"),
                ),
            );
        }
        let source = fs::read(&unit.path).map_err(|error| {
            Diagnostic::error(
                Id::FileAccess,
                format!("cannot read `{}`: {error}", unit.path.display()),
            )
        })?;
        let asked = asked(flags)?;
        let mut options = self.options(unit, arch, &asked)?;
        let split = threads > 1 && library.asks() && !asked.debug && splits(&source, asked.split.as_deref());
        if split {
            options.push(format!("--split-compile={threads}"));
        }
        let name = self.setting.source(unit).to_string_lossy().replace('\\', "/");
        let ask = |spool: Option<&Spool>| {
            let mut options = options.clone();
            let output = spool.map(|spool| output_option(spool.path())).transpose()?;
            // NVRTC hands these to its front end. It has no option for dependencies of its own.
            for option in front_end.options.iter().map(|&option| option.to_owned()).chain(output) {
                options.append_all(["-Xcudafe".to_owned(), option]);
            }
            let compile = |options: &[String]| {
                let watch = Watch {
                    deadline: Instant::now() + self.setting.timeout,
                    team: Team::new(&self.setting.permits),
                    front_end_is_free: front_end.then,
                };
                library
                    .compile(&source, &name, options, &watch)
                    .map_err(|error| Diagnostic::error(Id::CompilerUnusable, error))
            };
            let answer = compile(&options)?;
            if split && answer.outcome == Outcome::InvalidOption {
                // This version does not know the option; if it is another one, it says so again.
                options.retain(|option| !option.starts_with("--split-compile="));
                return compile(&options);
            }
            Ok(answer)
        };
        let mut spool = front_end.output.map(Spool::new);
        let mut answer = ask(spool.as_ref())?;
        if spool.as_ref().is_some_and(|spool| spool.is_full(&answer.log)) {
            spool = front_end.output.map(Spool::on_disk);
            answer = ask(spool.as_ref())?;
        }
        Ok((answer, spool.and_then(Spool::read)))
    }

    /// What the front end wrote.
    fn read(
        &self,
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        text: &[u8],
        scratch: &Path,
    ) -> Result<Preprocessed, Diagnostic> {
        let preprocessed = Preprocessed::of(text, Compiles::Source, &self.setting.preambles, &|files| {
            files.into_iter().list()
        });
        let named = preprocessed.dependencies;
        Ok(Preprocessed {
            text: preprocessed.text,
            dependencies: self.files(unit, arch, flags, named, scratch)?,
        })
    }

    /// The files that preprocessed text names. NVRTC garbles names beyond ASCII there and writes them as they are into
    /// a list of dependencies, which is asked for then.
    fn files(
        &self,
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        named: Vec<PathBuf>,
        scratch: &Path,
    ) -> Result<Vec<PathBuf>, Diagnostic> {
        let files = self.dependencies(unit, named);
        if files.iter().all(|file| file.is_file()) {
            return Ok(files);
        }
        let (answer, list) = self.run(
            unit,
            arch,
            flags,
            1,
            &FrontEnd::writing(&["--dependencies"], &scratch.join("out.d")),
        )?;
        self.listed(unit, &answer, list)
    }

    /// The files of a list of dependencies.
    fn listed(&self, unit: &Unit, answer: &Answer, list: Option<Vec<u8>>) -> Result<Vec<PathBuf>, Diagnostic> {
        let version = &self.identity.version;
        let list = list.filter(|_| !spool::is_cut(&answer.log));
        let list = list.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
            Diagnostic::error(Id::CompilerOutput, format!("NVRTC {version} wrote no dependency list"))
                .output(&answer.log)
        })?;
        let named = list
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(_, file)| PathBuf::from(file));
        Ok(self.dependencies(unit, named.list()))
    }

    fn dependencies(&self, unit: &Unit, mut files: Vec<PathBuf>) -> Vec<PathBuf> {
        // Headers inside of the library have names that start so.
        files.retain(|file| !file.to_str().is_some_and(|name| name.starts_with("__nv_")));
        files.push(plain(&unit.path));
        self.setting.absolute(files)
    }
}

impl Compiler for Nvrtc<'_> {
    fn archs(&self) -> Vec<Arch> {
        self.archs.clone()
    }

    fn files(&self) -> Vec<PathBuf> {
        [Some(self.file.clone()), self.builtins.clone()]
            .into_iter()
            .flatten()
            .list()
    }

    fn identity(&self) -> &CompilerIdentity {
        &self.identity
    }

    fn compile(
        &self,
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        scratch: &Path,
        text: Text<'_>,
    ) -> Result<Compiled, Diagnostic> {
        let (text_file, list_file) = (scratch.join("out.ii"), scratch.join("out.d"));
        let front_end = match text {
            Text::Wanted => FrontEnd::writing(&["--preprocess", "--no_preproc_only"], &text_file),
            Text::Known(..) => FrontEnd::default(),
            // A few lines instead of some ten thousand.
            Text::Elsewhere(_, begin) => FrontEnd {
                then: Some(begin),
                ..FrontEnd::writing(&["--dependencies", "--no_preproc_only"], &list_file)
            },
        };
        let (answer, written) = self.run(unit, arch, flags, self.setting.team_size(), &front_end)?;
        let version = &self.identity.version;
        match answer.outcome {
            Outcome::Compiled if self.setting.product.is_made(&answer.ptx) => {}
            Outcome::Compiled => {
                return Err(Diagnostic::error(
                    Id::CompilerOutput,
                    format!("NVRTC {version} reported success but produced no PTX"),
                )
                .output(&answer.log));
            }
            Outcome::Stopped => {
                return Err(Diagnostic::error(
                    Id::CompilerTimeout,
                    format!("NVRTC {version} timed out after {} s", self.setting.timeout.as_secs()),
                )
                .help("if it needs more time, raise `GATE_KERNEL_TIMEOUT` (in seconds)"));
            }
            Outcome::InvalidOption => {
                return Err(Diagnostic::error(
                    Id::FlagUnsupported,
                    format!("NVRTC {version} does not recognize a flag"),
                )
                .output(&answer.log));
            }
            Outcome::Failed(_) if lacks_builtins(&answer.log) => {
                return Err(Diagnostic::error(
                    Id::CompilerUnusable,
                    format!("NVRTC {version} cannot open its library `libnvrtc-builtins`"),
                )
                .output(&answer.log)
                .help(format!(
                    "reinstall the package of `{}`, or add the directory of `libnvrtc-builtins` to `LD_LIBRARY_PATH`",
                    self.file.display()
                )));
            }
            Outcome::Failed(_) if lacks_header(&answer.log) => {
                return Err(Diagnostic::error(
                    Id::SourceRefused,
                    format!("NVRTC {version} failed to compile it for {arch}"),
                )
                .output(&answer.log)
                .help(format!("{HEADER_HELP}; for C++ standard headers, install nvcc")));
            }
            Outcome::Failed(_) => {
                return Err(Diagnostic::error(
                    Id::SourceRefused,
                    format!("NVRTC {version} failed to compile it for {arch}"),
                )
                .output(&answer.log)
                .help("install nvcc; NVRTC compiles device code only"));
            }
        }
        let (text, dependencies) = match (text, written) {
            (Text::Known(_, known), _) => (known.text, known.dependencies.clone()),
            (Text::Elsewhere(..), list) => (None, self.listed(unit, &answer, list)?),
            (Text::Wanted, Some(text)) => {
                let Preprocessed { text, dependencies } = self.read(unit, arch, flags, &text, scratch)?;
                (text, dependencies)
            }
            // Without a list of what was read, nothing could be said about when to compile again.
            (Text::Wanted, None) => {
                return Err(Diagnostic::error(
                    Id::CompilerOutput,
                    format!("NVRTC {version} wrote no preprocessed source"),
                )
                .output(&answer.log));
            }
        };
        Ok(Compiled {
            ptx: in_order(answer.ptx),
            dependencies,
            warnings: warnings(&answer.log),
            preprocessed: text,
            variables: Set::new(),
        })
    }

    fn preprocesses_apart(&self) -> bool {
        true
    }

    fn preprocess(&self, unit: &Unit, arch: Arch, flags: &[String], scratch: &Path) -> Option<Preprocessed> {
        let text_file = scratch.join("out.ii");
        let front_end = FrontEnd::writing(&["--preprocess"], &text_file);
        let (answer, text) = self.run(unit, arch, flags, 1, &front_end).ok()?;
        // Preprocessing alone gives no PTX, which the library calls a failure; an error has a log.
        if answer.log.contains("error") {
            return None;
        }
        self.read(unit, arch, flags, &text?, scratch).ok()
    }
}

/// What the front end of a run does beside its work.
#[derive(Default)]
struct FrontEnd<'a> {
    options: &'a [&'a str],
    /// What it writes.
    output: Option<&'a Path>,
    /// Told when it is done.
    then: Option<Begin<'a>>,
}

impl<'a> FrontEnd<'a> {
    fn writing(options: &'a [&'a str], output: &'a Path) -> Self {
        Self {
            options,
            output: Some(output),
            then: None,
        }
    }
}

fn asked(flags: &[String]) -> Result<Asked, Diagnostic> {
    Asked::read(flags).map_err(|flag| {
        Diagnostic::error(Id::FlagUnsupported, format!("NVRTC has no equivalent of `{flag}`"))
            .help("remove the flag from build.rs, or install nvcc")
    })
}

/// The option by which the front end writes to this file.
fn output_option(file: &Path) -> Result<String, Diagnostic> {
    match file.to_str() {
        Some(name) => Ok(format!("--output={name}")),
        None => Err(
            Diagnostic::error(Id::FileAccess, format!("NVRTC cannot write to `{}`", file.display()))
                .help("build in a directory with a valid Unicode name"),
        ),
    }
}

fn cannot_load(file: &Path, error: &str) -> Diagnostic {
    Diagnostic::error(
        Id::CompilerUnusable,
        format!("cannot load NVRTC from `{}`: {error}", file.display()),
    )
    .help("reinstall the CUDA toolkit, or choose another compiler with `GATE_KERNEL_COMPILER`")
}

/// Whether NVRTC says that the library with its device functions is not there.
fn lacks_builtins(log: &str) -> bool {
    log.contains("failed to open") && log.contains("nvrtc-builtins")
}

/// The library with the device functions, beside NVRTC itself.
fn builtins(file: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(file.parent()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.contains("nvrtc-builtins") && !name.contains(".alt."))
        })
        .list();
    sort(&mut found);
    found.into_iter().next_back()
}

/// Folders with CUDA's headers in the installation that the library belongs to. CUDA 13 has those of its C++ library
/// in a folder of their own.
fn include_folders(file: &Path) -> Option<Vec<PathBuf>> {
    file.ancestors().skip(1).take(4).seek_map(|root| {
        let include = root.join("include");
        include.join("cuda_fp16.h").is_file().then(|| {
            let own = include.join("cccl");
            let mut folders = vec![include];
            if own.is_dir() {
                folders.push(own);
            }
            folders
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtins_beside_a_library_are_found_and_missing_ones_are_known() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "libnvrtc.so.13",
            "libnvrtc-builtins.alt.so.13.0",
            "libnvrtc-builtins.so.13.0",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = builtins(&folder.path().join("libnvrtc.so.13"));
        assert_eq!(found, Some(folder.path().join("libnvrtc-builtins.so.13.0")));
        // As NVRTC 13.0 says it.
        let log = "nvrtc: error: failed to open libnvrtc-builtins.so.13.0.\n  Make sure that libnvrtc-builtins.so.13.0 is installed correctly.";
        assert!(lacks_builtins(log));
        assert!(!lacks_builtins("k.cu(1): error: nvrtc-builtins"));
    }
}
