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
        let mut symbols = Symbols::default();
        let mut ranges = Ranges::<ROOM>::new();
        let mut aliased = false;
        let mut total = 0_usize;
        for (param, given) in self.params().iter().zip(args) {
            let (arg, shape) = (given.describe(), given.shape());
            if arg.role != param.role() {
                return Err(self.role_mismatch(args));
            }
            if arg.dtype != param.dtype() {
                return Err(for_role(param, Reason::InputDtypeMismatch, Reason::OutputDtypeMismatch));
            }
            if arg.role == Role::Scalar {
                if !param.takes(arg.value) {
                    return Err(Reason::ScalarOutOfRange);
                }
                continue;
            }
            if !shape_fits(param, shape, &mut symbols) {
                return Err(for_role(param, Reason::InputShapeMismatch, Reason::OutputShapeMismatch));
            }
            let bytes = shape.elements().and_then(|n| n.checked_mul(arg.dtype.size()));
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
            // A power of two, and a division is a tenth of what a launch costs.
            if arg.address & param.alignment().wrapping_sub(1) != 0 {
                return Err(Reason::MisalignedBuffer);
            }
            total = total.saturating_add(arg.bytes);
            aliased |= ranges.push(&arg);
        }
        if !self.allows_aliases && aliased {
            return Err(Reason::AliasedBuffers);
        }
        if total as u64 > self.launch_limits().max_bytes {
            return Err(Reason::LaunchLimitExceeded);
        }
        self.check_stated(args, &symbols)
    }

    /// Scalars that state a dimension, once every symbol is bound.
    #[inline]
    fn check_stated<A: Describe>(&self, args: &[A], symbols: &Symbols) -> Result<(), Reason> {
        for (param, arg) in self.params().iter().zip(args) {
            let Some(symbol) = param.states() else { continue };
            if symbols.bound(symbol).map(|len| len as u64) != Some(arg.describe().value) {
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
fn shape_fits(param: &Param, shape: &Shape, symbols: &mut Symbols) -> bool {
    let Some(dims) = param.dims() else { return true };
    let have = shape.dims();
    dims.len() == have.len()
        && dims.iter().zip(have).all(|(dim, len)| {
            // Asked first, and apart from the others: nearly every dimension of a kernel is one of these.
            if let Dim::Same(symbol) = *dim {
                return symbols.bind(symbol, *len);
            }
            match *dim {
                Dim::Any | Dim::Same(_) => true,
                Dim::Exactly(want) => *len == want,
                Dim::AtMost(most) => *len <= most,
                Dim::MultipleOf(unit) => len.is_multiple_of(unit),
            }
        })
}

/// Lengths of the symbols of a contract in one call.
#[derive(Default)]
struct Symbols {
    lengths: [usize; MAX_SYMBOLS],
    /// Bit by bit, which of them have one.
    bound: u8,
}

const _: () = assert!(MAX_SYMBOLS <= u8::BITS as usize);

impl Symbols {
    /// Whether the symbol has this length, or none so far. A symbol out of range was refused when the contract was validated;
    /// it fits nothing.
    #[inline]
    fn bind(&mut self, symbol: u8, len: usize) -> bool {
        let Some(length) = self.lengths.get_mut(usize::from(symbol)) else {
            return false;
        };
        if self.bound >> symbol & 1 == 1 {
            return *length == len;
        }
        self.bound |= 1 << symbol;
        *length = len;
        true
    }

    #[inline]
    fn bound(&self, symbol: u8) -> Option<usize> {
        let length = self.lengths.get(usize::from(symbol))?;
        (self.bound >> symbol & 1 == 1).then_some(*length)
    }
}

/// Address ranges of a call, in the order of its arguments.
struct Ranges<const ROOM: usize> {
    ranges: [Range; ROOM],
    len: usize,
}

#[derive(Clone, Copy)]
struct Range {
    start: usize,
    end: usize,
    written: bool,
}

impl Range {
    const EMPTY: Range = Range {
        start: 0,
        end: 0,
        written: false,
    };

    /// Whether both have a byte that one of them writes.
    #[inline]
    fn collides(&self, other: &Range) -> bool {
        (self.written || other.written) && self.start < other.end && other.start < self.end
    }
}

impl<const ROOM: usize> Ranges<ROOM> {
    #[inline]
    fn new() -> Self {
        Ranges {
            ranges: [Range::EMPTY; ROOM],
            len: 0,
        }
    }

    /// Whether the range, or one that is there already, is written and both overlap. No more than `ROOM` are pushed: there
    /// are no more arguments.
    #[inline]
    fn push(&mut self, arg: &ArgDesc) -> bool {
        let range = Range {
            start: arg.address,
            end: arg.address.saturating_add(arg.bytes),
            written: arg.role.is_written(),
        };
        let before = self.ranges.get(..self.len).unwrap_or(&self.ranges);
        let collides = before.iter().any(|other| range.collides(other));
        if let Some(place) = self.ranges.get_mut(self.len) {
            *place = range;
            self.len += 1;
        }
        collides
    }
}
