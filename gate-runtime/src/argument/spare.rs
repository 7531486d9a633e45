//! Memory of copies that nobody needs any more, for the next copies.

use std::sync::{Mutex, PoisonError};

use super::buffer::Buffer;
use super::{DType, View};

/// Most bytes that wait to be used again.
const MOST: usize = 64 << 20;

/// Buffers to be filled again. Fresh memory for a copy of a quarter of a megabyte costs a caller several times as much as
/// the copy: the system hands it out page by page.
#[derive(Debug, Default)]
pub struct SpareBuffers {
    kept: Mutex<Vec<Buffer>>,
}

impl SpareBuffers {
    /// Keeps the memory of these buffers, as far as it is not too much.
    pub fn give(&self, buffers: impl IntoIterator<Item = Buffer>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes: usize = kept.iter().map(bytes_of).sum();
        for buffer in buffers {
            bytes = bytes.saturating_add(bytes_of(&buffer));
            if bytes > MOST {
                return;
            }
            kept.push(buffer);
        }
    }

    /// A buffer that the elements of this view fit into, with whatever it holds.
    pub(super) fn take(&self, view: &View<'_>) -> Option<Buffer> {
        let fits = |buffer: &Buffer| buffer.dtype() == view.dtype() && bytes_of(buffer) >= view.bytes().len();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(fits)?;
        Some(kept.swap_remove(place))
    }
}

fn bytes_of(buffer: &Buffer) -> usize {
    buffer.capacity().saturating_mul(DType::size(buffer.dtype()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argument::{Arg, OwnedArg, Role};

    #[test]
    fn a_copy_is_made_in_the_memory_of_an_old_one() {
        let spare = SpareBuffers::default();
        let old = vec![7.0_f32; 4];
        let address = old.as_ptr();
        spare.give([Buffer::F32(old)]);
        let mut output = [1.0_f32, 2.0, 3.0];
        let arg = Arg::output(&mut output);
        let copy = OwnedArg::for_reference(&arg, Some(&spare));
        let OwnedArg::Buffer(Role::Output, Buffer::F32(zeros), shape) = copy else {
            panic!("an output of f32");
        };
        assert_eq!((zeros.as_slice(), shape.dims()), ([0.0; 3].as_slice(), [3].as_slice()));
        assert_eq!(zeros.as_ptr(), address);
        // It is taken: the next copy has memory of its own.
        let copy = OwnedArg::copy_of(&arg, Some(&spare));
        assert_eq!(copy, OwnedArg::copy_of(&arg, None));
    }

    #[test]
    fn other_types_and_short_buffers_are_left() {
        let spare = SpareBuffers::default();
        spare.give([Buffer::F32(vec![0.0; 2])]);
        assert!(spare.take(&View::F64(&[0.0])).is_none());
        assert!(spare.take(&View::F32(&[0.0; 3])).is_none());
        assert!(spare.take(&View::F32(&[0.0; 2])).is_some());
        assert!(spare.take(&View::F32(&[0.0; 2])).is_none());
    }

    #[test]
    fn what_waits_is_bounded() {
        let spare = SpareBuffers::default();
        let half = MOST / 2 / 4;
        spare.give((0..3).map(|_| Buffer::F32(Vec::with_capacity(half))));
        assert_eq!(spare.kept.lock().unwrap().len(), 2);
    }
}
