//! Arguments that own their data, for work that outlives the call.

use super::buffer::Buffer;
use super::spare::SpareBuffers;
use super::{Arg, Role, Scalar, Shape, View};

/// An [`Arg`] that owns its data.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedArg {
    /// A number passed by value.
    Scalar(Scalar),
    /// A buffer with its role and shape.
    Buffer(Role, Buffer, Shape),
}

impl OwnedArg {
    /// A copy of an argument, in spare memory where there is some.
    #[must_use]
    pub fn copy_of(arg: &Arg<'_>, spare: Option<&SpareBuffers>) -> OwnedArg {
        let copy = |view: View<'_>| match spare.and_then(|spare| spare.take(&view)) {
            Some(mut buffer) => {
                buffer.refill(&view);
                buffer
            }
            None => Buffer::from(view),
        };
        match arg {
            Arg::Scalar(scalar) => OwnedArg::Scalar(*scalar),
            Arg::Input(view, shape) => OwnedArg::Buffer(Role::Input, copy(*view), *shape),
            Arg::Output(view, shape) => OwnedArg::Buffer(Role::Output, copy(view.as_view()), *shape),
            Arg::InOut(view, shape) => OwnedArg::Buffer(Role::InOut, copy(view.as_view()), *shape),
        }
    }

    /// What a call of the reference needs of an argument: a copy, or zeros for what is only written.
    #[must_use]
    pub fn for_reference(arg: &Arg<'_>, spare: Option<&SpareBuffers>) -> OwnedArg {
        let Arg::Output(view, shape) = arg else {
            return OwnedArg::copy_of(arg, spare);
        };
        let view = view.as_view();
        let zeros = match spare.and_then(|spare| spare.take(&view)) {
            Some(mut buffer) => {
                buffer.clear_like(&view);
                buffer
            }
            None => Buffer::zeroed_like(&view),
        };
        OwnedArg::Buffer(Role::Output, zeros, *shape)
    }

    /// The buffer, where it is one.
    #[must_use]
    pub fn into_buffer(self) -> Option<Buffer> {
        match self {
            OwnedArg::Buffer(_, buffer, _) => Some(buffer),
            OwnedArg::Scalar(_) => None,
        }
    }

    /// The argument, borrowed for a call.
    pub fn as_arg(&mut self) -> Arg<'_> {
        match self {
            OwnedArg::Scalar(scalar) => Arg::Scalar(*scalar),
            OwnedArg::Buffer(role, buffer, shape) => match role {
                Role::Input => Arg::Input(buffer.view(), *shape),
                Role::Output => Arg::Output(buffer.view_mut(), *shape),
                // A buffer is never made with the role of a scalar; read and written is the most that a call can do.
                Role::InOut | Role::Scalar => Arg::InOut(buffer.view_mut(), *shape),
            },
        }
    }
}

impl Arg<'_> {
    /// Puts back what `saved`, a copy of this argument, holds. Nothing happens where types or lengths differ.
    pub(crate) fn restore(&mut self, saved: &OwnedArg) {
        let OwnedArg::Buffer(_, buffer, _) = saved else { return };
        if let Arg::Output(view, _) | Arg::InOut(view, _) = self {
            let saved = buffer.view();
            let (to, from) = (view.bytes_mut(), saved.bytes());
            if to.len() == from.len() {
                to.copy_from_slice(from);
            }
        }
    }
}
