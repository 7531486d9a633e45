//! What generated bindings embed: plain constants that claim something, verified before anything is loaded.

use crate::contract::ParamType;

/// The kernels of one source unit as a build left them. Generated code makes one per unit.
#[derive(Debug, Clone, Copy)]
pub struct ModuleImage {
    /// Name of the unit: path of the source relative to its crate, with `/` (`kernels/softmax.cu`).
    pub name: &'static str,
    /// The same kernels for several architectures; empty where nothing could be compiled.
    pub images: &'static [PtxImage],
    /// Where the images come from.
    pub provenance: Provenance,
}

/// Where the images of a module come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provenance {
    /// Compiled from the sources by this build.
    Built,
    /// Taken from the kernel lock, verified by digest and source fingerprint.
    Locked,
    /// There are none; the code of a [`Reason`](crate::Reason) says why (`kernels_off`, `no_compiler`).
    Unavailable(&'static str),
}

/// PTX for one architecture.
#[derive(Debug, Clone, Copy)]
pub struct PtxImage {
    /// Number of the target architecture: 80 for `sm_80`.
    pub arch: u32,
    /// PTX version (`.version`) of the text, major and minor.
    pub isa: (u8, u8),
    /// The text, as `encoding` says.
    pub ptx: &'static [u8],
    /// How `ptx` is stored.
    pub encoding: Encoding,
    /// SHA-256 of the plain text.
    pub sha256: [u8; 32],
    /// The entries of the text, in its order.
    pub entries: &'static [EntryImage],
}

/// How the text of a [`PtxImage`] is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// As it is.
    Plain,
    /// A raw DEFLATE stream (RFC 1951).
    Deflate,
}

/// One `.entry` of a text.
#[derive(Debug, Clone, Copy)]
pub struct EntryImage {
    /// Its symbol.
    pub name: &'static str,
    /// Its parameters, in order.
    pub params: &'static [ParamType],
}
