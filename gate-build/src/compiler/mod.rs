//! What turns one unit into PTX for one architecture.

mod clang;
mod flags;
mod given;
mod nvcc;
mod nvrtc;
mod preamble;
mod setting;
mod shims;

use std::borrow::Cow;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::arch::Arch;
use crate::deps;
use crate::diagnostic::{Diagnostic, Id};
use crate::digest::{Digest, Fields};
use crate::product::Product;
use crate::schedule::Begin;
use crate::sorted::{Append as _, List as _, Set, sort};
use crate::unit::{Language, Unit};

pub(crate) use clang::Clang;
pub(crate) use flags::{Asked, Level};
pub(crate) use given::Given;
pub(crate) use nvcc::{Nvcc, VARIABLES};
pub(crate) use nvrtc::Nvrtc;
pub(crate) use preamble::Preambles;
pub(crate) use setting::{Setting, host_compiler, plain, toolkit_of};
pub(crate) use shims::write as write_shims;

/// Kinds of compilers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompilerKind {
    /// NVIDIA's run-time compilation library, in process.
    Nvrtc,
    /// NVIDIA's compiler driver.
    Nvcc,
    /// Clang's CUDA front end.
    Clang,
    /// rustc for `nvptx64-nvidia-cuda`.
    Rustc,
    /// Rust-CUDA's `cuda_builder`, in processes of its own; needs the feature `cuda-builder`.
    CudaBuilder,
}

impl CompilerKind {
    /// Its name in variables, locks and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CompilerKind::Nvrtc => "nvrtc",
            CompilerKind::Nvcc => "nvcc",
            CompilerKind::Clang => "clang",
            CompilerKind::Rustc => "rustc",
            CompilerKind::CudaBuilder => "cuda-builder",
        }
    }

    /// What it compiles.
    #[must_use]
    pub const fn language(self) -> Language {
        match self {
            CompilerKind::Nvrtc | CompilerKind::Nvcc | CompilerKind::Clang => Language::Cuda,
            CompilerKind::Rustc | CompilerKind::CudaBuilder => Language::Rust,
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [
            CompilerKind::Nvrtc,
            CompilerKind::Nvcc,
            CompilerKind::Clang,
            CompilerKind::Rustc,
            CompilerKind::CudaBuilder,
        ]
        .into_iter()
        .seek(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for CompilerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which compiler it was, independent of where it lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CompilerIdentity {
    /// Its kind.
    pub kind: CompilerKind,
    /// Its version as it says it: `13.0.48`.
    pub version: String,
    /// Digest of the program or library and of what else of the installation decides about its output.
    pub digest: Digest,
}

impl fmt::Display for CompilerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.version)
    }
}

/// What a compilation gave.
pub(crate) struct Compiled {
    /// The PTX text.
    pub ptx: Vec<u8>,
    /// Every file that was read, the source among them, absolute. Files of the compiler itself may be left out where
    /// its identity stands for them.
    pub dependencies: Vec<PathBuf>,
    /// What the compiler warned of.
    pub warnings: Vec<Diagnostic>,
    /// Digest of the source after preprocessing, where the compiler hands it out.
    pub preprocessed: Option<Digest>,
    /// Names of the variables of the environment that the source asks for.
    pub variables: Set<String>,
}

/// The source of a unit after preprocessing.
#[derive(Clone)]
pub(crate) struct Preprocessed {
    /// Digest of the text without what only says where it came from; nothing where what is compiled depends on more than the text.
    pub text: Option<Digest>,
    /// Every file that was read, as in [`Compiled`].
    pub dependencies: Vec<PathBuf>,
}

/// What a compiler compiles whose preprocessor wrote a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compiles {
    /// That text.
    Text,
    /// The source, which it preprocesses again.
    Source,
}

impl Preprocessed {
    /// What a preprocessor wrote, its files as `absolute` names them. Where the place of a token may matter to what is compiled, every byte counts.
    /// What is compiled from the source itself may ask for columns, which are not those of the text.
    fn of(
        text: &[u8],
        compiles: Compiles,
        preambles: &Preambles,
        absolute: &dyn Fn(Set<PathBuf>) -> Vec<PathBuf>,
    ) -> Self {
        let whole = || {
            let is_of_source = compiles == Compiles::Source && deps::knows_its_column(text);
            (!is_of_source).then(|| Digest::of(text))
        };
        let Some((before, preamble, behind)) = preambles.split(text, absolute) else {
            let parsed = deps::parse_preprocessed(text);
            return Self {
                text: if deps::knows_its_place(text) {
                    whole()
                } else {
                    Some(Digest::of(&parsed.text))
                },
                dependencies: absolute(parsed.files),
            };
        };
        let own = [before, behind].concat();
        let parsed = deps::parse_preprocessed(&own);
        let digest = if preamble.knows_its_place || deps::knows_its_place(&own) {
            whole()
        } else {
            let mut fields = Fields::new("gate-build preprocessed 1");
            fields.add("preamble", preamble.text.bytes()).add("text", &parsed.text);
            Some(fields.finish())
        };
        let mut dependencies = absolute(parsed.files);
        dependencies.append_all(preamble.files.iter().cloned());
        sort(&mut dependencies);
        dependencies.dedup();
        Self {
            text: digest,
            dependencies,
        }
    }
}

/// Who finds out the preprocessed text of what is compiled.
#[derive(Clone, Copy)]
pub(crate) enum Text<'a> {
    /// The compilation, as far as the compiler hands it out.
    Wanted,
    /// Nobody need: it is what [`Compiler::preprocess`] of this compiler gave just before.
    Known(CompilerKind, &'a Preprocessed),
    /// Another run, beside the compilation, which says when it would not have to wait for that.
    Elsewhere(CompilerKind, Begin<'a>),
}

impl<'a> Text<'a> {
    /// For a compiler of this kind, where it is about one of a kind.
    pub(crate) fn of(self, of: CompilerKind) -> Self {
        match self {
            Self::Known(kind, _) | Self::Elsewhere(kind, _) if kind != of => Self::Wanted,
            text => text,
        }
    }
}

/// A compiler.
pub(crate) trait Compiler: Send + Sync {
    /// Which compiler this is.
    fn identity(&self) -> &CompilerIdentity;

    /// Compiles `unit` for `arch`. `scratch` is a folder for files of its own. `text` says whether the preprocessed text has to
    /// be found out as well.
    ///
    /// # Errors
    /// What the compiler says, or why it could not be run.
    fn compile(
        &self,
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        scratch: &Path,
        text: Text<'_>,
    ) -> Result<Compiled, Diagnostic>;

    /// Preprocesses `unit`, if this compiler can do that well under the time of a compilation. `None` also when the
    /// source has an error: compiling it will say so.
    fn preprocess(&self, _unit: &Unit, _arch: Arch, _flags: &[String], _scratch: &Path) -> Option<Preprocessed> {
        None
    }

    /// Whether the preprocessed text is had sooner by preprocessing beside the compilation, where a core is free, than from it.
    fn preprocesses_apart(&self) -> bool {
        false
    }

    /// Architectures it compiles for, as far as it lists them.
    fn archs(&self) -> Vec<Arch> {
        Vec::new()
    }

    /// Makes a library of objects: with a device link, where their flags ask for that.
    ///
    /// # Errors
    /// What the linker says; that this compiler makes none.
    fn archive(
        &self,
        _objects: &[PathBuf],
        _flags: &[String],
        _library: &Path,
        _scratch: &Path,
    ) -> Result<(), Diagnostic> {
        Err(Diagnostic::error(
            Id::CompilerOutput,
            format!("{} makes no libraries", self.identity()),
        ))
    }

    /// Files of the installation that decide about the output, as far as its identity depends on them.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Values of environment variables and other texts that decide about the output, beside flags and identity.
    fn inputs(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// The PTX that a compiler wrote, if it is that.
///
/// # Errors
/// As [`written`].
pub(crate) fn ptx_of(file: &Path, compiler: &str, printed: &str) -> Result<Vec<u8>, Diagnostic> {
    written(file, &Product::default(), compiler, printed)
}

/// What a compiler wrote, if it is what was asked for.
///
/// # Errors
/// The compiler said that all is well and left something else, or nothing.
pub(crate) fn written(file: &Path, product: &Product, compiler: &str, printed: &str) -> Result<Vec<u8>, Diagnostic> {
    let bytes = fs::read(file).unwrap_or_default();
    if product.is_made(&bytes) {
        return Ok(bytes);
    }
    let wanted = product.unit_name();
    let what = if bytes.is_empty() {
        format!("no {wanted}")
    } else {
        format!("something other than {wanted}")
    };
    Err(Diagnostic::error(
        Id::CompilerOutput,
        format!("{compiler} reported success but wrote {what}"),
    )
    .output(printed)
    .help("check that this program is the compiler, not another one of the same name"))
}

/// Whether the optimiser runs on several threads for this source: where nobody chose a number of threads, for a large one.
/// It is for the source to say, because the PTX depends on it. Line ends of Windows do not count.
pub(crate) fn splits(source: &[u8], chosen: Option<&str>) -> bool {
    const LARGE: usize = 1 << 16;
    match chosen {
        Some(threads) => threads != "1",
        None => source.len() >= LARGE && source.iter().filter(|&&byte| byte != b'\r').count() >= LARGE,
    }
}

/// The text in the order in which it is kept, whatever order several threads left.
pub(crate) fn in_order(ptx: Vec<u8>) -> Vec<u8> {
    let ordered = match std::str::from_utf8(&ptx).map(crate::ptx::declarations_in_order) {
        Ok(Cow::Owned(ordered)) => ordered,
        _ => return ptx,
    };
    ordered.into_bytes()
}

/// What helps where a header of a source is not found.
const HEADER_HELP: &str = "restore the header, or add its directory with `.include(…)` in build.rs";

/// Whether a compiler says that a header is not there, in the words of gcc and clang, of NVIDIA's front end, or of MSVC.
fn lacks_header(output: &str) -> bool {
    [
        "No such file or directory",
        "file not found",
        "cannot open source file",
        "Cannot open include file",
    ]
    .iter()
    .any(|words| output.contains(words))
}

#[cfg(test)]
mod tests {
    use super::splits;

    #[test]
    fn a_large_source_is_split_unless_it_is_said() {
        let large = vec![b'x'; 1 << 16];
        assert!(splits(&large, None));
        assert!(!splits(&large[1..], None));
        assert!(!splits(&large, Some("1")));
        assert!(splits(b"", Some("0")));
        let windows: Vec<u8> = large[1..].iter().chain(b"\r\r").copied().collect();
        assert!(!splits(&windows, None));
    }
}
