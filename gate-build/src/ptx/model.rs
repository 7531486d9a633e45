//! What a PTX module declares.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::types::ParamType;
use crate::arch::Arch;
use crate::sorted::List as _;

/// Version of the PTX language: `.version 8.7`. A driver accepts those up to its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Isa {
    /// Major version.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Isa {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (major, minor) = text.split_once('.')?;
            let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            (digits(major) && digits(minor)).then_some(())?;
            Some(Self {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        };
        read().ok_or_else(|| format!("invalid PTX version `{text}`: expected one such as `8.7`"))
    }
}

/// Who sees a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Linkage {
    /// Only this module.
    Internal,
    /// `.visible`.
    Visible,
    /// `.weak`: one of several definitions.
    Weak,
    /// `.extern`.
    Extern,
    /// `.common`.
    Common,
}

/// A parameter of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name in PTX: `softmax_f32_param_0`.
    pub name: String,
    /// Its type.
    pub ty: ParamType,
}

/// Performance-tuning directives of an entry, as stated; `None` where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Performance {
    /// `.maxntid`: most threads per block, in x, y and z (1 where not stated).
    pub max_ntid: Option<[u32; 3]>,
    /// `.reqntid`: the exact threads per block, in x, y and z (1 where not stated).
    pub req_ntid: Option<[u32; 3]>,
    /// `.minnctapersm`: blocks that one multiprocessor has to hold.
    pub min_blocks: Option<u32>,
    /// `.maxnctapersm`: the deprecated form of the same.
    pub max_blocks: Option<u32>,
    /// `.maxnreg`: most registers per thread.
    pub max_registers: Option<u32>,
    /// `.reqnctapercluster`: the exact blocks per cluster, in x, y and z (1 where not stated).
    pub req_cluster: Option<[u32; 3]>,
    /// `.maxclusterrank`: most blocks per cluster.
    pub max_cluster: Option<u32>,
}

impl Performance {
    /// Most threads per block that a launch may ask for, from `.reqntid` or `.maxntid`.
    #[must_use]
    pub fn max_threads(&self) -> Option<u64> {
        self.req_ntid
            .or(self.max_ntid)
            .map(|ntid| ntid.iter().map(|&n| u64::from(n)).product())
    }
}

/// A kernel of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its symbol, mangled where the source says nothing else.
    pub name: String,
    /// Its linkage.
    pub linkage: Linkage,
    /// Its parameters, in order.
    pub params: Vec<Param>,
    /// Its performance-tuning directives.
    pub performance: Performance,
    /// Line of its name, from 1.
    pub line: usize,
    /// Bytes of its body in the text it was parsed from, without the braces.
    pub body: Range<usize>,
}

impl Entry {
    /// Size of the parameter buffer, in bytes.
    #[must_use]
    pub fn param_bytes(&self) -> u64 {
        self.params.iter().fold(0_u64, |offset, param| {
            let align = u64::from(param.ty.align().max(1));
            offset.next_multiple_of(align) + u64::from(param.ty.bytes())
        })
    }
}

/// What a PTX text declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// `.version`.
    pub version: Isa,
    /// `.target`: its architecture.
    pub target: Arch,
    /// `.address_size` in bits; 32 where none is stated.
    pub address_size: u8,
    /// The kernels, in the order of the text. Names are unique.
    pub entries: Vec<Entry>,
    /// Names of the device functions that have a body, in the order of the text.
    pub functions: Vec<String>,
}

impl Module {
    /// The entry of that name.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().seek(|entry| entry.name == name)
    }
}
