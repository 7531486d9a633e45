//! NVIDIA's compiler driver.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::setting::Setting;
use super::{
    Compiled, Compiler, CompilerIdentity, CompilerKind, Compiles, HEADER_HELP, Preprocessed, Text, in_order,
    lacks_header, plain, splits, written,
};
use crate::arch::Arch;
use crate::deps;
use crate::diagnostic::{Diagnostic, Id, warnings};
use crate::digest::{Digest, Fields};
use crate::index::Index;
use crate::process::{Finished, Invocation};
use crate::product::Linking;
use crate::schedule::Second;
use crate::sorted::{Append as _, List as _, Set, sort};
use crate::toolkit::behind_launcher;
use crate::unit::Unit;
use crate::version::ToolVersion;

/// Variables that decide about nvcc's output or that of the C++ preprocessor below it.
pub(crate) const VARIABLES: &[&str] = &[
    "NVCC_PREPEND_FLAGS",
    "NVCC_APPEND_FLAGS",
    "NVCC_CCBIN",
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "INCLUDE",
    "CL",
    "_CL_",
    "SOURCE_DATE_EPOCH",
];

/// Files of an installation, relative to it, that decide about its PTX.
const PARTS: &[&str] = &[
    "bin/nvcc",
    "bin/nvcc.profile",
    "nvvm/bin/cicc",
    "nvvm/libdevice/libdevice.10.bc",
];

/// An nvcc that answers.
pub(crate) struct Nvcc<'a> {
    program: PathBuf,
    identity: CompilerIdentity,
    /// A program and its arguments that start nvcc, where `NVCC` names one.
    launcher: Vec<OsString>,
    /// The program and what else of the installation counts.
    files: Vec<PathBuf>,
    archs: Vec<Arch>,
    /// Whether the program is nvcc itself, which keeps the text of its preprocessor. What starts it may take a result from a cache, and then keeps
    /// nothing but lists what was read, which costs nvcc another run of its preprocessor.
    keeps: bool,
    setting: &'a Setting,
}

impl<'a> Nvcc<'a> {
    /// Asks the program for its version.
    ///
    /// # Errors
    /// It does not answer like an nvcc.
    pub(crate) fn open(program: &Path, setting: &'a Setting, index: &Index) -> Result<Self, Diagnostic> {
        let mut problem = None;
        let mut introduce = || answer_of(program, setting).map_err(|error| problem = Some(error)).ok();
        // What a program of an installation answers is known until it changes. A wrapper script may stand for another
        // nvcc every day.
        let answer = match installation(program) {
            Some(_) => index.fact("nvcc", program, introduce),
            None => introduce(),
        };
        let Some(answer) = answer else {
            return Err(problem.unwrap_or_else(|| {
                Diagnostic::error(
                    Id::CompilerUnusable,
                    format!("`{}` is not a readable file", program.display()),
                )
            }));
        };
        let (version, root) = answer.split_once(' ').unwrap_or((&answer, ""));
        let mut fields = Fields::new("nvcc-2");
        fields.add("version", version);
        if let Some(digest) = index.sample(program) {
            fields.add("program", digest.bytes());
        }
        let mut files = vec![program.to_path_buf()];
        for part in PARTS {
            let mut file = Path::new(root).join(part);
            if cfg!(windows) && file.extension().is_none() {
                file.set_extension("exe");
            }
            if let Some(digest) = index.sample(&file) {
                fields.add(part, digest.bytes());
                files.push(plain(&file));
            }
        }
        let list = || {
            let finished = ask(program, setting, &["--list-gpu-arch"]).ok()?;
            let archs = finished.text.lines().filter_map(|line| line.parse::<Arch>().ok());
            Some(archs.map(|arch| arch.to_string()).list().join(" "))
        };
        let archs = index
            .fact(&format!("nvcc {version} archs"), program, list)
            .unwrap_or_default();
        Ok(Self {
            program: behind_link(program),
            archs: archs.split(' ').filter_map(|arch| arch.parse().ok()).list(),
            keeps: setting
                .env
                .variable("NVCC")
                .is_none_or(|named| behind_launcher(&setting.env, named).0.is_empty())
                && installation(program).is_some(),
            launcher: setting
                .env
                .variable("NVCC")
                .map(|named| behind_launcher(&setting.env, named).0)
                .unwrap_or_default()
                .into_iter()
                .map(OsString::from)
                .list(),
            identity: CompilerIdentity {
                kind: CompilerKind::Nvcc,
                version: version.to_owned(),
                digest: fields.finish(),
            },
            files,
            setting,
        })
    }

    fn invocation(&self, arguments: Vec<OsString>) -> Invocation<'_> {
        let mut words: Vec<OsString> = self.launcher.iter().skip(1).cloned().list();
        if !self.launcher.is_empty() {
            words.push(self.program.clone().into());
        }
        words.append_all(arguments);
        Invocation {
            program: self.launcher.first().map_or(self.program.as_path(), Path::new),
            arguments: words,
            directory: self.setting.crate_root.clone(),
            env: &self.setting.env,
            timeout: self.setting.timeout,
        }
    }

    /// Whether its optimiser runs on two threads where NVRTC's runs on several, so that a lock made by one is met by the
    /// other. The second one cannot be told to wait for a token, so it is done for a lock alone, and where nobody chose.
    fn splits(&self, unit: &Unit, flags: &[String]) -> bool {
        let chosen = |flag: &String| flag.trim_start_matches('-').starts_with("split-compile");
        let debug = |flag: &String| flag == "-G" || flag == "--device-debug";
        // Since when NVRTC can be asked to, too.
        let known = ToolVersion::parse_numbers(&self.identity.version)
            .is_some_and(|version| (version.major, version.minor) >= (12, 8));
        self.setting.locks
            && known
            && !flags.iter().any(|flag| chosen(flag) || debug(flag))
            && fs::read(&unit.path).is_ok_and(|source| splits(&source, None))
    }

    /// The texts that nvcc kept, together: the files that they name, and a digest where somebody wants it.
    fn kept(&self, scratch: &Path, text: Text<'_>) -> Option<Preprocessed> {
        if !self.keeps && !matches!(text, Text::Wanted) {
            return None;
        }
        let mut all = Vec::new();
        for file in kept_files(scratch) {
            all.append_all(fs::read(file).ok()?);
        }
        (!all.is_empty()).then(|| {
            Preprocessed::of(&all, Compiles::Text, &self.setting.preambles, &|files| {
                self.setting.absolute(files.into_iter().list())
            })
        })
    }

    fn failure(&self, finished: &Finished, arch: Arch) -> Diagnostic {
        let text = &finished.text;
        let version = &self.identity.version;
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let refused =
            |id| Diagnostic::error(id, format!("nvcc {version} failed to compile it for {arch}")).output(text);
        if has(&["Unsupported gpu architecture", "is not defined for option 'gpu-"]) {
            Diagnostic::error(Id::ArchUnsupported, format!("nvcc {version} does not support {arch}"))
                .output(text)
                .help(format!(
                    "install a CUDA toolkit that supports {arch}, or change `.arch(…)` in build.rs"
                ))
        } else if has(&[
            "Failed to preprocess host compiler properties",
            "Cannot find compiler",
            "gcc: not found",
            "No such file or directory: 'gcc'",
            "unsupported GNU version",
            "unsupported clang version",
        ]) {
            refused(Id::HostCompiler).help("install a C++ compiler that nvcc supports, or set `NVCC_CCBIN`")
        } else if text.lines().any(is_lacking_headers) {
            Diagnostic::error(
                Id::CompilerUnusable,
                format!("nvcc {version} cannot find its own headers"),
            )
            .output(text)
            .help(
                "install the missing parts (with pip: the CUDA runtime and CRT packages), or set `CUDA_HOME` to a \
                 complete installation",
            )
        } else if text.trim().is_empty() {
            Diagnostic::error(
                Id::CompilerUnusable,
                format!("nvcc {version} failed without output ({})", finished.status),
            )
            .help("check that this program is nvcc and that its installation is complete")
        } else if lacks_header(text) {
            refused(Id::SourceRefused).help(HEADER_HELP)
        } else {
            refused(Id::SourceRefused)
        }
    }
}

/// Whether a line says that a header is not there which nvcc reads before any source, or which such a header reads.
fn is_lacking_headers(line: &str) -> bool {
    let missing = [
        "No such file or directory",
        "Cannot open include file",
        "file not found",
    ];
    missing.iter().any(|words| line.contains(words))
        && (line.contains("cuda_runtime.h") && !line.contains(".cu:") && !line.contains(".cu(")
            || line.contains("crt/host_config.h"))
}

impl Compiler for Nvcc<'_> {
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
        let product = &self.setting.product;
        let output = scratch.join(format!("out.{}", product.extension()));
        let dependency_file = scratch.join("out.d");
        let mut arguments: Vec<OsString> = product.nvcc_flags().iter().map(OsString::from).list();
        if !product.is_merged() {
            arguments.push(format!("-arch={arch}").into());
        }
        arguments.append_all(flags.iter().map(OsString::from));
        if !self.keeps {
            arguments.append_all(["-MD".into(), "-MF".into(), dependency_file.clone().into()]);
        }
        let splits = self.splits(unit, flags);
        if splits {
            arguments.push("-split-compile=2".into());
        }
        // Where build.rs asks for threads, there is a second one at least.
        let asked = |flag: &String| {
            let value = flag.trim_start_matches('-').strip_prefix("split-compile");
            value.is_some_and(|value| !value.ends_with("=1"))
        };
        let second = (splits || flags.iter().any(asked)).then(|| Second::new(&self.setting.permits));
        // The preprocessed text is a by-product; `--keep` hands it out for nothing.
        arguments.append_all(["--keep".into(), "--keep-dir".into(), scratch.into()]);
        arguments.append_all(["-o".into(), output.clone().into(), self.setting.source(unit).into()]);
        let finished = self.invocation(arguments).run()?;
        drop(second);
        if !finished.status.success() {
            return Err(self.failure(&finished, arch));
        }
        let made = written(&output, product, "nvcc", &finished.text)?;
        let kept = self.kept(scratch, text);
        let listed = if self.keeps {
            kept.as_ref().map(|kept| kept.dependencies.clone())
        } else {
            let text = fs::read_to_string(&dependency_file).ok();
            let names = text.and_then(|text| deps::parse_make(&text));
            names.map(|names| self.setting.absolute(names.into_iter().map(PathBuf::from).list()))
        };
        let Some(dependencies) = listed.filter(|files| !files.is_empty()) else {
            return Err(
                Diagnostic::error(Id::CompilerOutput, "nvcc did not say which files it read")
                    .output(&finished.text)
                    .help("install nvcc 10.2 or later, which supports `-MD`"),
            );
        };
        let preprocessed = match text {
            Text::Known(_, known) => known.text,
            Text::Elsewhere(..) => None,
            Text::Wanted => kept.filter(|_| product.is_ptx()).and_then(|kept| kept.text),
        };
        Ok(Compiled {
            ptx: if product.is_ptx() { in_order(made) } else { made },
            dependencies,
            warnings: warnings(&finished.text),
            preprocessed,
            variables: Set::new(),
        })
    }

    fn preprocess(&self, unit: &Unit, arch: Arch, flags: &[String], scratch: &Path) -> Option<Preprocessed> {
        // Other products are made of several texts: for the host and for each architecture.
        if !self.setting.product.is_ptx() {
            return None;
        }
        let output = scratch.join("out.ii");
        let mut arguments: Vec<OsString> = vec!["-E".into(), format!("-arch={arch}").into()];
        arguments.append_all(flags.iter().map(OsString::from));
        arguments.append_all(["-o".into(), output.clone().into(), self.setting.source(unit).into()]);
        let finished = self.invocation(arguments).run().ok()?;
        if !finished.status.success() {
            return None;
        }
        let text = fs::read(&output).ok()?;
        Some(Preprocessed::of(
            &text,
            Compiles::Text,
            &self.setting.preambles,
            &|files| self.setting.absolute(files.into_iter().list()),
        ))
    }

    fn archs(&self) -> Vec<Arch> {
        self.archs.clone()
    }

    fn archive(&self, objects: &[PathBuf], flags: &[String], library: &Path, scratch: &Path) -> Result<(), Diagnostic> {
        let run = |arguments: Vec<OsString>, what: &str| {
            let finished = self.invocation(arguments).run()?;
            if finished.status.success() {
                return Ok(());
            }
            Err(
                Diagnostic::error(Id::LibraryFailed, format!("nvcc {} failed to {what}", self.identity.version))
                    .output(&finished.text)
                    .help("if a function is missing, add its source; device code that calls that of another source needs `-rdc=true`"),
            )
        };
        let mut objects: Vec<OsString> = objects.iter().map(OsString::from).list();
        let linking = Linking::of(flags);
        if linking.relocatable {
            let linked = scratch.join("device_link.o");
            let mut arguments: Vec<OsString> = vec!["-dlink".into()];
            arguments.append_all(device_link_flags(flags).into_iter().map(OsString::from));
            arguments.append_all(objects.iter().cloned());
            arguments.append_all(["-o".into(), linked.clone().into()]);
            run(arguments, "link the device code")?;
            objects.push(linked.into());
        }
        let mut arguments: Vec<OsString> = vec!["-lib".into()];
        arguments.append_all(objects);
        arguments.append_all(["-o".into(), library.into()]);
        run(arguments, "make the library")
    }

    fn files(&self) -> Vec<PathBuf> {
        let setting = self.setting;
        let host = setting.host_compiler.iter().map(|(file, _)| file.clone());
        let options = setting.given.files.iter().filter(|file| file.is_file()).cloned();
        self.files.iter().cloned().chain(host).chain(options).list()
    }

    fn inputs(&self) -> Vec<(String, String)> {
        let mut inputs = self.setting.variables(VARIABLES);
        let host = self.setting.host_compiler();
        inputs.push(("host compiler".to_owned(), host));
        for file in &self.setting.given.files {
            // Where it is below the crate, another checkout has the same.
            let name = file.strip_prefix(&self.setting.crate_root).unwrap_or(file);
            let digest = fs::read(file).map_or_else(|_| "none".to_owned(), |bytes| Digest::of(&bytes).to_string());
            inputs.push((format!("flags in {}", name.display()), digest));
        }
        let product = &self.setting.product;
        if !product.is_ptx() {
            inputs.push(("output".to_owned(), product.unit_name().to_owned()));
        }
        if self.setting.locks {
            inputs.push(("for".to_owned(), "lock".to_owned()));
        }
        inputs
    }
}

/// Texts of the preprocessor that nvcc kept: `<stem>.cpp1.ii` or `<stem>.compute_80.cpp1.ii` for the device, `<stem>.cpp4.ii` for the host.
fn kept_files(scratch: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(scratch).into_iter().flatten().flatten();
    let is_text = |path: &PathBuf| path.to_str().is_some_and(|name| name.ends_with(".ii"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_text).list();
    sort(&mut files);
    files
}

/// What a device link is told of the flags of a compilation: architectures, libraries, and whether to optimise.
fn device_link_flags(flags: &[String]) -> Vec<String> {
    let passed = ["-gencode=", "-Xcompiler=", "-Xnvlink", "-L", "-l"];
    let passes = |flag: &&String| passed.iter().any(|start| flag.starts_with(start));
    let optimises = flags.iter().any(|flag| flag.contains("code=lto_"));
    let mut linked: Vec<String> = flags
        .iter()
        .filter(passes)
        .map(|flag| flag.replace("code=lto_", "code=sm_"))
        .list();
    if optimises {
        linked.insert(0, "-dlto".to_owned());
    }
    linked
}

fn ask(program: &Path, setting: &Setting, arguments: &[&str]) -> Result<Finished, Diagnostic> {
    Invocation {
        program,
        arguments: arguments.iter().map(OsString::from).list(),
        directory: setting.crate_root.clone(),
        env: &setting.env,
        timeout: setting.timeout,
    }
    .run()
}

/// Version and root of the installation, with a space between.
fn answer_of(program: &Path, setting: &Setting) -> Result<String, Diagnostic> {
    let finished = ask(program, setting, &["--version"])?;
    let version = ToolVersion::parse_nvcc(&finished.text).filter(|_| finished.status.success());
    let Some(version) = version else {
        return Err(Diagnostic::error(
            Id::CompilerUnusable,
            format!("`{} --version` did not print an nvcc version", program.display()),
        )
        .output(&finished.text)
        .help("correct `NVCC`, `CUDA_HOME` or `PATH`, or reinstall the CUDA toolkit"));
    };
    let root = match installation(program) {
        Some(root) => Some(root),
        None => {
            let nothing = if cfg!(windows) { "NUL" } else { "/dev/null" };
            ask(program, setting, &["--dryrun", "--ptx", "-x", "cu", nothing])
                .ok()
                .and_then(|finished| root_of_dry_run(&finished.text))
        }
    };
    let root = root.map(|root| root.display().to_string()).unwrap_or_default();
    Ok(format!("{version} {root}"))
}

/// The installation that a program belongs to. A link leads there, a wrapper script does not: then nvcc itself has to
/// say.
fn installation(program: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(program).unwrap_or_else(|_| program.to_path_buf());
    let beside = real.parent().and_then(Path::parent).map(Path::to_path_buf);
    beside.filter(|root| root.join("nvvm").is_dir())
}

/// What to run for a program: nvcc looks for its profile, and by it for its headers, in the folder it was started from, so a
/// link to it from another folder finds none.
fn behind_link(program: &Path) -> PathBuf {
    let has_profile = |program: &Path| {
        let folder = program.parent();
        folder.is_some_and(|folder| folder.join("nvcc.profile").is_file())
    };
    match fs::canonicalize(program) {
        Ok(real) if !has_profile(program) && has_profile(&real) => real,
        _ => program.to_path_buf(),
    }
}

/// `#$ TOP=/usr/local/cuda/bin/..`
fn root_of_dry_run(text: &str) -> Option<PathBuf> {
    let top = text.lines().seek_map(|line| line.trim().strip_prefix("#$ TOP="))?;
    Some(PathBuf::from(top.trim().trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_installation_are_told_from_those_of_the_source() {
        for line in [
            "<command-line>: fatal error: cuda_runtime.h: No such file or directory",
            "cc1plus: fatal error: cuda_runtime.h: No such file or directory",
            "/opt/include/cuda_runtime.h:82:10: fatal error: crt/host_config.h: No such file or directory",
            "fatal error C1083: Cannot open include file: 'cuda_runtime.h': No such file or directory",
        ] {
            assert!(is_lacking_headers(line), "{line}");
        }
        for line in [
            "kernels/a.cu:1:10: fatal error: mine.cuh: No such file or directory",
            "kernels/a.cu:1:10: fatal error: cuda_runtime.h: No such file or directory",
            "/opt/include/cuda_runtime.h(12): error: something else",
        ] {
            assert!(!is_lacking_headers(line), "{line}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_from_another_folder_is_followed_where_the_profile_is() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = scratch.path().canonicalize().unwrap().join(name);
            fs::create_dir(&folder).unwrap();
            folder
        };
        let (bin, links) = (folder("bin"), folder("links"));
        let (real, link) = (bin.join("nvcc"), links.join("nvcc"));
        fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        // A program that answers to several names, as caches of compilers do, is to see the name it was called by.
        assert_eq!(behind_link(&link), link);
        fs::write(bin.join("nvcc.profile"), "").unwrap();
        assert_eq!(behind_link(&link), real);
        assert_eq!(behind_link(&real), real);
        assert_eq!(behind_link(&bin.join("gone")), bin.join("gone"));
    }

    #[test]
    fn the_root_stands_in_a_dry_run() {
        let text = "#$ _CUDART_=cudart\n#$ TOP=/opt/cuda/bin/..\n#$ PATH=x\n";
        assert_eq!(root_of_dry_run(text), Some(PathBuf::from("/opt/cuda/bin/..")));
        assert_eq!(root_of_dry_run("garbage"), None);
    }
}
