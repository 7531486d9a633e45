//! Where the compilers are.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::env::{Env, Os};
use crate::sorted::{Append as _, List as _};

/// Environment variables that decide what is found, for `cargo::rerun-if-env-changed`. On Windows `ProgramFiles`
/// counts too.
pub const INPUT_VARIABLES: &[&str] = &[
    "NVCC",
    "CUDA_HOME",
    "CUDA_PATH",
    "CUDA_ROOT",
    "PATH",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
];

/// Variables that name the root of a CUDA installation, the strongest first.
const ROOT_VARIABLES: &[&str] = &["CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"];

/// What is there, as absolute or `PATH`-relative files, and where it was looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toolkit {
    /// NVIDIA's CUDA compiler driver.
    pub nvcc: Option<PathBuf>,
    /// NVIDIA's PTX assembler.
    pub ptxas: Option<PathBuf>,
    /// Clang. Whether this one can emit PTX is not known without running it (Apple's cannot).
    pub clang: Option<PathBuf>,
    /// The run-time compilation library, NVRTC.
    pub nvrtc: Option<PathBuf>,
    /// Every file that was looked for, in order, without repetition. Directories that were searched for a library of
    /// any version stand with a `*` in the file name.
    pub searched: Vec<PathBuf>,
}

impl Toolkit {
    /// Looks for each compiler, first match wins: the variable `NVCC` (for nvcc alone; when it is set, nothing else
    /// is tried), `bin` below `CUDA_HOME`, `CUDA_PATH` and `CUDA_ROOT`, `PATH`, and the usual places of the operating
    /// system, newest version first, and last the pip packages of NVIDIA (`nvidia/cu13` and the like) in the Python
    /// environments of `VIRTUAL_ENV`, `CONDA_PREFIX`, the user, and the interpreters of `PATH`. ptxas and NVRTC are also looked for in the installation that nvcc belongs to.
    #[must_use]
    pub fn discover(env: &Env) -> Self {
        let mut search = Search {
            env,
            searched: Vec::new(),
        };
        let declared: Vec<PathBuf> = ROOT_VARIABLES
            .iter()
            .filter_map(|name| env.variable(name).map(PathBuf::from))
            .list();
        let path = env.search_path();
        let mut usual = usual_roots(env);
        usual.append_all(pip_roots(env, &path));

        let nvcc = match env.variable("NVCC") {
            Some(named) => search.named(named, &path),
            None => search.program("nvcc", &[&bins(&declared), &path, &bins(&usual)]),
        };
        // An installation keeps its parts together: nvcc's own directory goes before whatever else is on PATH.
        let beside: Option<PathBuf> = nvcc.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        let ptxas = search.program("ptxas", &[&bins(&declared), beside.as_slice(), &path, &bins(&usual)]);
        let clang = search.program("clang", &[&path, &usual_clang(env)]);
        let installation = beside.as_deref().and_then(Path::parent).map(Path::to_path_buf);
        let roots = [declared.as_slice(), installation.as_slice(), &usual].concat();
        let nvrtc = search.library(&roots);

        Self {
            nvcc,
            ptxas,
            clang,
            nvrtc,
            searched: search.searched,
        }
    }
}

struct Search<'a> {
    env: &'a Env,
    searched: Vec<PathBuf>,
}

impl Search<'_> {
    /// The program that a variable names: a path, or a name to be found on `PATH`.
    fn named(&mut self, named: &OsStr, path: &[PathBuf]) -> Option<PathBuf> {
        let (_, named) = behind_launcher(self.env, named);
        let file = Path::new(named);
        if file.components().count() > 1 {
            return self.file(file.to_path_buf());
        }
        let name = file.to_str()?;
        self.program(name, &[path])
    }

    fn program(&mut self, name: &str, directories: &[&[PathBuf]]) -> Option<PathBuf> {
        let file_name = match self.env.os() {
            Os::Windows if !name.to_ascii_lowercase().ends_with(".exe") => format!("{name}.exe"),
            _ => name.to_owned(),
        };
        for directory in directories.iter().copied().flatten() {
            if let Some(file) = self.file(directory.join(&file_name)) {
                return Some(file);
            }
        }
        None
    }

    fn file(&mut self, file: PathBuf) -> Option<PathBuf> {
        self.note(file.clone());
        self.env.is_file(&file).then_some(file)
    }

    fn library(&mut self, roots: &[PathBuf]) -> Option<PathBuf> {
        let (prefix, suffix) = match self.env.os() {
            Os::Linux => ("libnvrtc.so", ""),
            Os::MacOs => ("libnvrtc.", "dylib"),
            Os::Windows => ("nvrtc64_", ".dll"),
        };
        let os = self.env.os();
        let mut directories = roots.iter().flat_map(|root| library_directories(os, root));
        directories.seek_map(|directory| {
            self.note(directory.join(format!("{prefix}*{suffix}")));
            let mut names = self.env.names(&directory);
            // `nvrtc64_120_0.alt.dll` is a variant for special uses.
            names.retain(|name| name.starts_with(prefix) && name.ends_with(suffix) && !name.contains(".alt."));
            crate::sorted::sort_by(&mut names, |a, b| newest_first(a, b));
            names
                .into_iter()
                .map(|name| directory.join(name))
                .seek(|file| self.env.is_file(file))
        })
    }

    fn note(&mut self, file: PathBuf) {
        if !self.searched.contains(&file) {
            self.searched.push(file);
        }
    }
}

/// The words of a variable that start another program, `sccache` in `sccache nvcc`, and that program. A file whose name has spaces is one program.
pub(crate) fn behind_launcher<'a>(env: &Env, named: &'a OsStr) -> (Vec<&'a str>, &'a OsStr) {
    let words = named.to_str().filter(|_| !env.is_file(Path::new(named)));
    let mut words: Vec<&str> = words.unwrap_or_default().split_whitespace().list();
    match words.pop() {
        Some(program) if !words.is_empty() => (words, OsStr::new(program)),
        _ => (Vec::new(), named),
    }
}

fn bins(roots: &[PathBuf]) -> Vec<PathBuf> {
    roots.iter().map(|root| root.join("bin")).list()
}

/// Where installers put CUDA when nobody says otherwise.
fn usual_roots(env: &Env) -> Vec<PathBuf> {
    match env.os() {
        Os::Linux => {
            let mut roots = vec![PathBuf::from("/usr/local/cuda")];
            roots.append_all(versions(env, Path::new("/usr/local"), "cuda-"));
            // Arch and its relatives; Debian's own package.
            roots.append_all(["/opt/cuda", "/usr/lib/nvidia-cuda-toolkit", "/usr/lib/cuda"].map(PathBuf::from));
            roots
        }
        Os::MacOs => {
            let mut roots = vec![PathBuf::from("/usr/local/cuda")];
            roots.append_all(versions(env, Path::new("/Developer/NVIDIA"), "CUDA-"));
            roots
        }
        Os::Windows => program_files(env)
            .map(|directory| {
                let toolkits = directory.join("NVIDIA GPU Computing Toolkit").join("CUDA");
                versions(env, &toolkits, "v")
            })
            .unwrap_or_default(),
    }
}

/// Where pip puts NVIDIA's packages: since CUDA 13 one folder for each major version, before one for each part.
fn pip_roots(env: &Env, path: &[PathBuf]) -> Vec<PathBuf> {
    let interpreter = match env.os() {
        Os::Windows => "python.exe",
        Os::Linux | Os::MacOs => "python3",
    };
    let variables = ["VIRTUAL_ENV", "CONDA_PREFIX"];
    let mut prefixes: Vec<PathBuf> = variables
        .iter()
        .filter_map(|name| env.variable(name).map(PathBuf::from))
        .chain(env.variable("HOME").map(|home| Path::new(home).join(".local")))
        .list();
    prefixes.append_all(path.iter().filter_map(|folder| {
        let found = env.is_file(&folder.join(interpreter));
        // On Windows the interpreter lies in the prefix itself, or in `Scripts` of an environment.
        let prefix = match folder.file_name().and_then(OsStr::to_str) {
            Some("bin" | "Scripts") => folder.parent()?,
            _ => folder,
        };
        found.then(|| prefix.to_path_buf())
    }));
    let mut roots = Vec::new();
    for prefix in prefixes {
        let libraries = match env.os() {
            Os::Windows => vec![prefix.join("Lib")],
            Os::Linux | Os::MacOs => versions(env, &prefix.join("lib"), "python"),
        };
        for library in libraries {
            let packages = library.join("site-packages").join("nvidia");
            roots.append_all(versions(env, &packages, "cu"));
            roots.append_all(["cuda_nvcc", "cuda_nvrtc"].map(|part| packages.join(part)));
        }
    }
    roots.dedup();
    roots
}

/// Where installers put clang when it is not on `PATH`.
fn usual_clang(env: &Env) -> Vec<PathBuf> {
    match env.os() {
        Os::Linux => versions(env, Path::new("/usr/lib"), "llvm-")
            .into_iter()
            .map(|root| root.join("bin"))
            .list(),
        Os::MacOs => ["/opt/homebrew/opt/llvm/bin", "/usr/local/opt/llvm/bin"]
            .map(PathBuf::from)
            .to_vec(),
        Os::Windows => program_files(env)
            .map(|directory| directory.join("LLVM").join("bin"))
            .into_iter()
            .list(),
    }
}

fn program_files(env: &Env) -> Option<PathBuf> {
    env.variable("ProgramFiles").map(PathBuf::from)
}

/// Directories of one installation that hold libraries. Windows keeps them beside the programs, since CUDA 13 in
/// `bin/x64`.
fn library_directories(os: Os, root: &Path) -> Vec<PathBuf> {
    let below: &[&[&str]] = match os {
        Os::Linux => &[
            &["lib64"],
            &["targets", "x86_64-linux", "lib"],
            &["targets", "sbsa-linux", "lib"],
            &["targets", "aarch64-linux", "lib"],
            &["lib"],
        ],
        Os::MacOs => &[&["lib"]],
        Os::Windows => &[&["bin", "x64"], &["bin"]],
    };
    below
        .iter()
        .map(|parts| {
            let mut directory = root.to_path_buf();
            directory.extend(*parts);
            directory
        })
        .list()
}

/// Directories of one installation that hold what is linked.
pub(crate) fn link_directories(os: Os, root: &Path) -> Vec<PathBuf> {
    match os {
        Os::Windows => vec![root.join("lib").join("x64")],
        Os::Linux | Os::MacOs => library_directories(os, root),
    }
}

/// Subdirectories of `parent` called `<prefix><version>`, newest first.
fn versions(env: &Env, parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut names = env.names(parent);
    names.retain(|name| {
        name.strip_prefix(prefix)
            .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
    });
    crate::sorted::sort_by(&mut names, |a, b| newest_first(a, b));
    names.into_iter().map(|name| parent.join(name)).list()
}

/// Orders names by the numbers in them, highest first, and then by their text so that the order is total.
fn newest_first(a: &str, b: &str) -> Ordering {
    numbers(b).cmp(&numbers(a)).then_with(|| a.cmp(b))
}

fn numbers(name: &str) -> Vec<u64> {
    name.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .list()
}
