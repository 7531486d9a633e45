//! Arguments as C describes them, and everything that can be checked before their pointers are followed.

use core::ffi::c_void;

use crate::argument::{Arg, ArgDesc, DType, MAX_RANK, Role, Scalar, Shape, View, ViewMut};
use crate::reason::Reason;

/// One argument of a launch. A buffer is dense and row-major, and lies where its element type is aligned. Buffers that the
/// kernel writes overlap no other buffer of the call.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct GateArgument {
    /// `GateRole`: what the kernel does with it.
    pub role: u32,
    /// `GateType`: type of an element, or of the scalar.
    pub element: u32,
    /// Number of dimensions, at most `GATE_MAX_RANK`; 0 for a scalar.
    pub rank: u32,
    /// Has to be 0.
    pub reserved: u32,
    /// Dimensions, outermost first; what is behind `rank` is not looked at.
    pub dims: [usize; MAX_RANK],
    /// First byte of the buffer, or of the scalar. What is only read is not written, although the pointer is not const.
    pub data: *mut c_void,
    /// Size of the buffer or scalar in bytes.
    pub bytes: usize,
}

/// Why a description is none, as the reason that the call ends with.
pub type ArgumentError = Reason;

const ROLES: [Role; 4] = [Role::Scalar, Role::Input, Role::Output, Role::InOut];

impl GateArgument {
    /// The description in this crate's types. Nothing is read through the pointer.
    ///
    /// # Errors
    ///
    /// A number that stands for nothing, too many dimensions, or a scalar that is absent, misaligned or of another size
    /// than its type.
    pub fn describe(&self) -> Result<ArgDesc, ArgumentError> {
        let role = ROLES.get(self.role as usize).ok_or(Reason::ArgumentRoleMismatch)?;
        let dtype = DType::ALL
            .get(self.element as usize)
            .ok_or(Reason::InputDtypeMismatch)?;
        let dims = self.dims.get(..self.rank as usize).ok_or(Reason::InputShapeMismatch)?;
        let shape = Shape::new(dims).ok_or(Reason::InputShapeMismatch)?;
        if self.reserved != 0 {
            return Err(Reason::ArgumentRoleMismatch);
        }
        let address = self.data.addr();
        if *role == Role::Scalar {
            if shape.rank() != 0 {
                return Err(Reason::InputShapeMismatch);
            }
            if address == 0 {
                return Err(Reason::InputUnavailable);
            }
            if self.bytes != dtype.size() {
                return Err(Reason::InputSizeMismatch);
            }
        }
        // Slices of Rust need the natural alignment, whatever the contract asks for.
        if address != 0 && !address.is_multiple_of(dtype.size()) {
            return Err(Reason::MisalignedBuffer);
        }
        Ok(ArgDesc {
            role: *role,
            dtype: *dtype,
            shape,
            address,
            bytes: self.bytes,
            value: 0,
        })
    }
}

/// Whether slices may be made of these arguments at once: present, not wrapping around, of whole elements as their shape
/// says, and no written one overlapping another. The contract has looked at most of it; a kernel that allows overlaps
/// does so for pointers, not for slices.
pub(super) fn may_be_sliced(args: &[ArgDesc]) -> Result<(), Reason> {
    for (place, arg) in args.iter().enumerate() {
        if arg.role == Role::Scalar {
            continue;
        }
        let bytes = arg
            .shape
            .elements()
            .and_then(|elements| elements.checked_mul(arg.dtype.size()));
        let end = arg.address.checked_add(arg.bytes);
        if bytes != Some(arg.bytes) || arg.bytes > isize::MAX as usize || end.is_none() {
            return Err(Reason::InputSizeMismatch);
        }
        if arg.bytes > 0 && arg.address == 0 {
            return Err(Reason::InputUnavailable);
        }
        let overlaps = |other: &ArgDesc| {
            let written = arg.role.is_written() || other.role.is_written();
            written
                && arg.address < other.address.saturating_add(other.bytes)
                && other.address < arg.address.saturating_add(arg.bytes)
        };
        if args.iter().skip(place + 1).any(overlaps) {
            return Err(Reason::AliasedBuffers);
        }
    }
    Ok(())
}

/// Makes the view that has this description of bytes. Bytes of an empty buffer lie anywhere; those of others were found to
/// be aligned, and the launch refuses a view that is not of the size that its shape says.
macro_rules! view {
    ($View:ident, $cast:ident, $desc:ident, $bytes:ident, $empty:expr, $($dtype:ident)*) => {
        match $desc.dtype {
            $(DType::$dtype => $View::$dtype(bytemuck::$cast($bytes).unwrap_or($empty)),)*
        }
    };
}

/// An argument that is read: its bytes are those of a buffer, or of a scalar.
pub(super) fn of_read<'a>(desc: &ArgDesc, bytes: &'a [u8]) -> Arg<'a> {
    if desc.role == Role::Scalar {
        let mut word = [0; 8];
        for (place, byte) in word.iter_mut().zip(bytes) {
            *place = *byte;
        }
        if let Some(scalar) = Scalar::from_bytes(desc.dtype, &word) {
            return Arg::Scalar(scalar);
        }
    }
    let view = view!(View, try_cast_slice, desc, bytes, &[], U8 U16 U32 U64 I8 I16 I32 I64 F16 Bf16 F32 F64);
    Arg::Input(view, desc.shape)
}

/// An argument that is written.
pub(super) fn of_written<'a>(desc: &ArgDesc, bytes: &'a mut [u8]) -> Arg<'a> {
    let view = view!(ViewMut, try_cast_slice_mut, desc, bytes, &mut [], U8 U16 U32 U64 I8 I16 I32 I64 F16 Bf16 F32 F64);
    match desc.role {
        Role::InOut => Arg::InOut(view, desc.shape),
        Role::Scalar | Role::Input | Role::Output => Arg::Output(view, desc.shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(role: u32, address: usize, elements: usize) -> GateArgument {
        let mut dims = [0; MAX_RANK];
        dims[0] = elements;
        let element = DType::ALL.iter().position(|dtype| *dtype == DType::F32).unwrap() as u32;
        let data = core::ptr::without_provenance_mut(address);
        GateArgument {
            role,
            element,
            rank: 1,
            reserved: 0,
            dims,
            data,
            bytes: elements.saturating_mul(4),
        }
    }

    #[test]
    fn numbers_that_stand_for_nothing_are_refused() {
        let good = buffer(1, 64, 3);
        assert!(good.describe().is_ok());
        for (bad, reason) in [
            (GateArgument { role: 4, ..good }, Reason::ArgumentRoleMismatch),
            (GateArgument { role: u32::MAX, ..good }, Reason::ArgumentRoleMismatch),
            (GateArgument { reserved: 1, ..good }, Reason::ArgumentRoleMismatch),
            (GateArgument { element: 12, ..good }, Reason::InputDtypeMismatch),
            (GateArgument { rank: 7, ..good }, Reason::InputShapeMismatch),
            (GateArgument { rank: u32::MAX, ..good }, Reason::InputShapeMismatch),
            (buffer(1, 65, 3), Reason::MisalignedBuffer),
            (GateArgument { role: 0, ..good }, Reason::InputShapeMismatch),
            (
                GateArgument {
                    role: 0,
                    rank: 0,
                    ..good
                },
                Reason::InputSizeMismatch,
            ),
            (
                GateArgument {
                    role: 0,
                    rank: 0,
                    ..buffer(0, 0, 1)
                },
                Reason::InputUnavailable,
            ),
        ] {
            assert_eq!(bad.describe(), Err(reason), "{bad:?}");
        }
    }

    #[test]
    fn only_what_rust_may_borrow_is_sliced() {
        let judge = |args: &[GateArgument]| {
            let args: Vec<ArgDesc> = args.iter().map(|arg| arg.describe().unwrap()).collect();
            may_be_sliced(&args)
        };
        assert_eq!(judge(&[buffer(1, 64, 4), buffer(2, 80, 4)]), Ok(()));
        assert_eq!(judge(&[buffer(1, 64, 4), buffer(1, 64, 4)]), Ok(()), "two readers");
        assert_eq!(
            judge(&[buffer(1, 64, 4), buffer(2, 76, 4)]),
            Err(Reason::AliasedBuffers)
        );
        assert_eq!(
            judge(&[buffer(3, 64, 4), buffer(1, 76, 4)]),
            Err(Reason::AliasedBuffers)
        );
        assert_eq!(judge(&[buffer(1, 0, 1)]), Err(Reason::InputUnavailable));
        assert_eq!(judge(&[buffer(1, 0, 0)]), Ok(()));
        assert_eq!(judge(&[buffer(1, usize::MAX - 3, 4)]), Err(Reason::InputSizeMismatch));
        assert_eq!(
            judge(&[GateArgument {
                bytes: 3,
                ..buffer(1, 64, 1)
            }]),
            Err(Reason::InputSizeMismatch)
        );
        let huge = GateArgument {
            bytes: usize::MAX,
            ..buffer(1, 64, usize::MAX)
        };
        assert_eq!(judge(&[huge]), Err(Reason::InputSizeMismatch));
    }
}
