//! A call against its contract.

use super::{Contract, Dim, MAX_ARGS, MAX_SYMBOLS, Param};
use crate::Reason;
use crate::argument::{ArgDesc, Describe, Role, Shape};

/// Which reason a kind of mismatch has for this parameter.
const fn for_role(param: &Param, input: Reason, output: Reason) -> Reason {
    if matches!(param.role(), Role::Output | Role::InOut) {
        output
    } else {
        input
    }
}

impl Contract {
    /// Whether these arguments may be handed to the kernel. Reads descriptions only, never the data, and does not
    /// allocate.
    ///
    /// # Errors
    /// The first violation: count, then for each argument role, element type, shape, size, presence and alignment, then
    /// overlaps, then the total size.
    #[inline]
    pub fn check<A: Describe>(&self, args: &[A]) -> Result<(), Reason> {
        if args.len() != self.params().len() {
            return Err(self.count_mismatch(args));
        }
        // Most kernels have few arguments, and room for few is made in a fraction of the time.
        const FEW: usize = 4;
        if args.len() <= FEW {
            self.check_each::<A, FEW>(args)
        } else {
            self.check_each::<A, MAX_ARGS>(args)
        }
    }

    /// [`Contract::check`] of as many arguments as there are parameters, at most `ROOM`.
    #[inline]
    fn check_each<A: Describe, const ROOM: usize>(&self, args: &[A]) -> Result<(), Reason> {
        let mut symbols = [None; MAX_SYMBOLS];
        let mut written = Ranges::<ROOM>::new();
        let mut read = Ranges::<ROOM>::new();
        let mut total = 0_usize;
        for (param, arg) in self.params().iter().zip(args) {
            let arg = arg.describe();
            if arg.role != param.role() {
                return Err(self.role_mismatch(args));
            }
            if arg.dtype != param.dtype() {
                return Err(for_role(param, Reason::InputDtypeMismatch, Reason::OutputDtypeMismatch));
            }
            if arg.role == Role::Scalar {
                continue;
            }
            if !shape_fits(param, &arg.shape, &mut symbols) {
                return Err(for_role(param, Reason::InputShapeMismatch, Reason::OutputShapeMismatch));
            }
            let bytes = arg.shape.elements().and_then(|n| n.checked_mul(arg.dtype.size()));
            if bytes != Some(arg.bytes) {
                return Err(for_role(param, Reason::InputSizeMismatch, Reason::OutputSizeMismatch));
            }
            if arg.bytes == 0 {
                if !self.allows_empty() {
                    return Err(Reason::ZeroSizeLaunch);
                }
                continue;
            }
            if arg.address == 0 {
                return Err(Reason::InputUnavailable);
            }
            if !arg.address.is_multiple_of(param.alignment()) {
                return Err(Reason::MisalignedBuffer);
            }
            total = total.saturating_add(arg.bytes);
            let side = if arg.role.is_written() { &mut written } else { &mut read };
            side.push(&arg);
        }
        if !self.allows_aliases && written.collide(&read) {
            return Err(Reason::AliasedBuffers);
        }
        if total as u64 > self.launch_limits().max_bytes {
            return Err(Reason::LaunchLimitExceeded);
        }
        self.check_stated(args, &symbols)
    }

    /// Scalars that state a dimension, once every symbol is bound.
    #[inline]
    fn check_stated<A: Describe>(&self, args: &[A], symbols: &[Option<usize>; MAX_SYMBOLS]) -> Result<(), Reason> {
        for (param, arg) in self.params().iter().zip(args) {
            let Some(symbol) = param.states() else { continue };
            let bound = symbols.get(usize::from(symbol)).copied().flatten();
            if bound.map(|len| len as u64) != Some(arg.describe().value) {
                return Err(Reason::InputShapeMismatch);
            }
        }
        Ok(())
    }

    #[cold]
    fn count_mismatch<A: Describe>(&self, args: &[A]) -> Reason {
        let read = args.iter().filter(|arg| !arg.describe().role.is_written()).count();
        if read + self.outputs() == self.params().len() {
            Reason::OutputCountMismatch
        } else {
            Reason::InputCountMismatch
        }
    }

    /// As many arguments as the contract has, but not of the roles it has.
    #[cold]
    fn role_mismatch<A: Describe>(&self, args: &[A]) -> Reason {
        if args.iter().filter(|arg| arg.describe().role.is_written()).count() == self.outputs() {
            Reason::ArgumentRoleMismatch
        } else {
            Reason::OutputCountMismatch
        }
    }

    fn outputs(&self) -> usize {
        self.params().iter().filter(|param| param.role().is_written()).count()
    }
}

#[inline]
fn shape_fits(param: &Param, shape: &Shape, symbols: &mut [Option<usize>; MAX_SYMBOLS]) -> bool {
    let Some(dims) = param.dims() else { return true };
    let have = shape.dims();
    dims.len() == have.len()
        && dims.iter().zip(have).all(|(dim, len)| match *dim {
            Dim::Any => true,
            Dim::Exactly(want) => *len == want,
            Dim::AtMost(most) => *len <= most,
            Dim::MultipleOf(unit) => len.is_multiple_of(unit),
            // A symbol out of range was refused when the contract was validated; it fits nothing.
            Dim::Same(symbol) => symbols
                .get_mut(usize::from(symbol))
                .is_some_and(|bound| bound.get_or_insert(*len) == len),
        })
}

/// Address ranges of a call, in the order of its arguments.
struct Ranges<const ROOM: usize> {
    ranges: [(usize, usize); ROOM],
    len: usize,
}

impl<const ROOM: usize> Ranges<ROOM> {
    #[inline]
    fn new() -> Self {
        Ranges {
            ranges: [(0, 0); ROOM],
            len: 0,
        }
    }

    /// No more than `ROOM` are pushed: there are no more arguments.
    #[inline]
    fn push(&mut self, arg: &ArgDesc) {
        if let Some(place) = self.ranges.get_mut(self.len) {
            *place = (arg.address, arg.address.saturating_add(arg.bytes));
            self.len += 1;
        }
    }

    fn as_slice(&self) -> &[(usize, usize)] {
        self.ranges.get(..self.len).unwrap_or(&self.ranges)
    }

    /// Whether one of these, which are written, overlaps another of these or one of `read`.
    #[inline]
    fn collide(&self, read: &Self) -> bool {
        let overlap = |a: &(usize, usize), b: &(usize, usize)| a.0 < b.1 && b.0 < a.1;
        let mut written = self.as_slice().iter();
        while let Some(one) = written.next() {
            let mut others = written.clone().chain(read.as_slice());
            if others.any(|other| overlap(one, other)) {
                return true;
            }
        }
        false
    }
}
