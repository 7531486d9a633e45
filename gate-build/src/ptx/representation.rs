//! How each parameter of a kernel crosses from the host to the device, decided from the PTX.
//!
//! PTX declares widths, not meanings. What a parameter is follows from its type and from what the kernel does with it
//! ([`accesses`]): a number that no memory access goes through is a value, one that is followed to a load is a
//! buffer. The words are closed, and every decision has a stable id.

use std::fmt;

use super::access::{Access, accesses};
use super::model::Entry;
use super::types::ParamType;

/// How a parameter crosses. The list is closed, and the ids stay what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Representation {
    /// A number, copied into the parameter buffer.
    ScalarCopied,
    /// A structure or an array that is too small for an address, copied into the parameter buffer.
    AggregateCopied,
    /// A structure or an array, copied, that has room for addresses: what the kernel does with them is not followed.
    AggregateUnfollowed,
    /// Memory of the device that the kernel reads.
    BufferRead,
    /// Memory of the device that the kernel writes; it may read it as well.
    BufferWritten,
    /// Memory of the device that the kernel does not touch.
    BufferUntouched,
    /// An address that the kernel stores or hands to a function: who uses it, and how, cannot be told from here.
    PointerEscapes,
    /// A texture, sampler or surface reference.
    OpaqueHandle,
}

/// How a value crosses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Passing {
    /// Its bytes are copied; each side has its own.
    Copied,
    /// The host lends it for the launch; the kernel does not change it.
    Borrowed,
    /// The host lends it for the launch, and looks at nothing of it before the launch is over; the kernel may change it.
    BorrowedMut,
    /// More than the launch may hold it.
    Shared,
}

impl Representation {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::ScalarCopied,
        Self::AggregateCopied,
        Self::AggregateUnfollowed,
        Self::BufferRead,
        Self::BufferWritten,
        Self::BufferUntouched,
        Self::PointerEscapes,
        Self::OpaqueHandle,
    ];

    /// Its stable id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::ScalarCopied => "scalar_copied",
            Self::AggregateCopied => "aggregate_copied",
            Self::AggregateUnfollowed => "aggregate_unfollowed",
            Self::BufferRead => "buffer_read",
            Self::BufferWritten => "buffer_written",
            Self::BufferUntouched => "buffer_untouched",
            Self::PointerEscapes => "pointer_escapes",
            Self::OpaqueHandle => "opaque_handle",
        }
    }

    /// The one with this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.id() == id)
    }

    /// How the value crosses.
    #[must_use]
    pub fn passing(self) -> Passing {
        match self {
            Self::ScalarCopied | Self::AggregateCopied => Passing::Copied,
            Self::BufferRead | Self::BufferUntouched | Self::OpaqueHandle => Passing::Borrowed,
            Self::BufferWritten => Passing::BorrowedMut,
            Self::AggregateUnfollowed | Self::PointerEscapes => Passing::Shared,
        }
    }

    /// Whether the host has to hand over a valid address: the kernel uses it without asking.
    #[must_use]
    pub fn needs_address(self) -> bool {
        matches!(
            self,
            Self::AggregateUnfollowed | Self::BufferRead | Self::BufferWritten | Self::PointerEscapes
        )
    }

    /// Whether the host may use the same value for another launch while this one runs.
    #[must_use]
    pub fn reusable(self) -> bool {
        matches!(self.passing(), Passing::Copied | Passing::Borrowed)
    }

    /// The decision about a parameter of this type with which the kernel does this.
    #[must_use]
    pub fn of(ty: &ParamType, access: Access) -> Self {
        let used = access.reads || access.written_at.is_some();
        match ty {
            ParamType::Opaque(_) => Self::OpaqueHandle,
            ParamType::Array { .. } if ty.bytes() < 8 => Self::AggregateCopied,
            ParamType::Array { .. } => Self::AggregateUnfollowed,
            ParamType::Pointer { .. } if access.escapes => Self::PointerEscapes,
            ParamType::Pointer { .. } if !used => Self::BufferUntouched,
            // A plain number that is stored is data; one that is also used as an address is an address.
            ParamType::Scalar(_) if !used => Self::ScalarCopied,
            ParamType::Scalar(_) if access.escapes => Self::PointerEscapes,
            ParamType::Scalar(_) | ParamType::Pointer { .. } if access.written_at.is_some() => Self::BufferWritten,
            ParamType::Scalar(_) | ParamType::Pointer { .. } => Self::BufferRead,
        }
    }
}

impl fmt::Display for Representation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Passing {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Borrowed => "borrowed",
            Self::BorrowedMut => "borrowed mutably",
            Self::Shared => "shared",
        }
    }
}

/// How each parameter of an entry crosses, in order; `text` is what the module was parsed from.
#[must_use]
pub fn representations(text: &str, entry: &Entry) -> Vec<Representation> {
    let accesses = accesses(text, entry);
    let params = entry.params.iter().zip(accesses);
    params
        .map(|(param, access)| Representation::of(&param.ty, access))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Module;
    use super::*;

    fn ids(params: &str, body: &str) -> Vec<&'static str> {
        let text = format!(".version 8.0\n.target sm_80\n.address_size 64\n.entry k({params})\n{{\n{body}\nret;\n}}\n");
        let module = Module::parse(&text).expect("a module");
        let found = representations(&text, &module.entries[0]);
        assert!(found.iter().all(|one| Representation::from_id(one.id()) == Some(*one)));
        found.into_iter().map(Representation::id).collect()
    }

    #[test]
    fn what_the_kernel_does_decides() {
        let load = "ld.param.u64 %rd1, [a]; cvta.to.global.u64 %rd2, %rd1; ld.global.f32 %f1, [%rd2];";
        assert_eq!(ids(".param .u64 a", load), ["buffer_read"]);
        assert_eq!(ids(".param .u64 .ptr .global .align 4 a", load), ["buffer_read"]);
        let store = "ld.param.u64 %rd1, [a]; st.global.f32 [%rd1], %f1; ld.global.f32 %f1, [%rd1];";
        assert_eq!(ids(".param .u64 a", store), ["buffer_written"]);
        assert_eq!(
            ids(".param .u64 a, .param .u64 .ptr .global .align 4 b", ""),
            ["scalar_copied", "buffer_untouched"]
        );
        let stored = "ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; st.global.u64 [%rd2], %rd1;";
        let both = ".param .u64 .ptr .global .align 4 a, .param .u64 b";
        assert_eq!(ids(both, stored), ["pointer_escapes", "buffer_written"]);
        assert_eq!(
            ids(".param .u64 a, .param .u64 b", stored),
            ["scalar_copied", "buffer_written"]
        );
        assert_eq!(
            ids(
                ".param .align 8 .b8 a[16], .param .align 2 .b8 b[6], .param .texref t",
                ""
            ),
            ["aggregate_unfollowed", "aggregate_copied", "opaque_handle"]
        );
    }

    #[test]
    fn words_follow_from_the_decision() {
        let table: Vec<String> = Representation::ALL
            .iter()
            .map(|one| {
                format!(
                    "{one} {} {} {}",
                    one.passing().name(),
                    one.needs_address(),
                    one.reusable()
                )
            })
            .collect();
        assert_eq!(
            table,
            [
                "scalar_copied copied false true",
                "aggregate_copied copied false true",
                "aggregate_unfollowed shared true false",
                "buffer_read borrowed true true",
                "buffer_written borrowed mutably true false",
                "buffer_untouched borrowed false true",
                "pointer_escapes shared true false",
                "opaque_handle borrowed false true",
            ]
        );
    }
}
