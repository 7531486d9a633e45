//! What a call breaks of its contract: which argument, what the contract expects, what was given.

use std::fmt;

use super::{Contract, Dim, Excess, MAX_SYMBOLS, Param};
use crate::argument::{ArgDesc, DType, Describe, Role};

/// The first thing about a call that its contract does not allow. Arguments and dimensions are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "`argument`, `expected` and `given` say what they are")]
pub enum Violation {
    /// The number of arguments.
    Count { expected: usize, given: usize },
    /// What an argument is for.
    Role { argument: u8, expected: Role, given: Role },
    /// The element type.
    Type {
        argument: u8,
        expected: DType,
        given: DType,
    },
    /// The number of dimensions.
    Rank { argument: u8, expected: u8, given: u8 },
    /// A dimension.
    Dimension {
        argument: u8,
        dimension: u8,
        expected: Dim,
        given: usize,
    },
    /// The size of the buffer in bytes, by its shape.
    Bytes {
        argument: u8,
        expected: usize,
        given: usize,
    },
    /// A dimension is 0.
    Empty { argument: u8 },
    /// A null pointer.
    Absent { argument: u8 },
    /// The address is no multiple of what the contract requires, in bytes.
    Alignment {
        argument: u8,
        expected: usize,
        given: usize,
    },
    /// An output overlaps another argument.
    Overlap { argument: u8, other: u8 },
    /// Bytes of all buffers together.
    TotalBytes { expected: u64, given: u64 },
    /// A scalar that states a dimension.
    Stated { argument: u8, expected: u64, given: u64 },
    /// A scalar with a bound: it must be finite and not below.
    Value { argument: u8, expected: f64, given: f64 },
    /// Grid, block or shared memory that follow from the arguments. [`Contract::violation`] does not look at them.
    Launch(Excess),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Launch(excess) => excess.fmt(f),
            Violation::Count { expected, given } => write!(f, "expected {expected} arguments, given {given}"),
            Violation::Role {
                argument,
                expected,
                given,
            } => {
                write!(
                    f,
                    "argument {argument}: expected {}, given {}",
                    role(*expected),
                    role(*given)
                )
            }
            Violation::Type {
                argument,
                expected,
                given,
            } => {
                write!(f, "argument {argument}: expected {expected}, given {given}")
            }
            Violation::Rank {
                argument,
                expected,
                given,
            } => {
                write!(f, "argument {argument}: expected {expected} dimensions, given {given}")
            }
            Violation::Dimension {
                argument,
                dimension,
                expected,
                given,
            } => {
                write!(f, "argument {argument}, dimension {dimension}: expected ")?;
                match expected {
                    Dim::AtMost(most) => write!(f, "at most {most}")?,
                    Dim::MultipleOf(unit) => write!(f, "a multiple of {unit}")?,
                    Dim::Exactly(length) => write!(f, "{length}")?,
                    Dim::Any | Dim::Same(_) => f.write_str("another length")?,
                }
                write!(f, ", given {given}")
            }
            Violation::Bytes {
                argument,
                expected,
                given,
            } => {
                write!(f, "argument {argument}: expected {expected} bytes, given {given}")
            }
            Violation::Empty { argument } => write!(f, "argument {argument}: expected elements, given none"),
            Violation::Absent { argument } => write!(f, "argument {argument}: expected a buffer, given a null pointer"),
            Violation::Alignment {
                argument,
                expected,
                given,
            } => {
                write!(
                    f,
                    "argument {argument}: expected an address that is a multiple of {expected}, given {given:#x}"
                )
            }
            Violation::Overlap { argument, other } => {
                write!(
                    f,
                    "argument {argument}: expected memory of its own, given part of argument {other}"
                )
            }
            Violation::TotalBytes { expected, given } => {
                write!(f, "expected at most {expected} bytes in all buffers, given {given}")
            }
            Violation::Stated {
                argument,
                expected,
                given,
            } => {
                write!(
                    f,
                    "argument {argument}: expected the dimension it states, {expected}, given {given}"
                )
            }
            Violation::Value {
                argument,
                expected,
                given,
            } => {
                write!(
                    f,
                    "argument {argument}: expected a finite number not below {expected}, given {given}"
                )
            }
        }
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Scalar => "a scalar",
        Role::Input => "an input",
        Role::Output => "an output",
        Role::InOut => "an input that is written",
    }
}

impl Contract {
    /// What [`Contract::check`] refuses about these arguments, in detail; `None` where it accepts them.
    #[must_use]
    #[cold]
    pub fn violation<A: Describe>(&self, args: &[A]) -> Option<Violation> {
        let (expected, given) = (self.params().len(), args.len());
        if expected != given {
            return Some(Violation::Count { expected, given });
        }
        let args: Vec<ArgDesc> = args.iter().map(Describe::describe).collect();
        let mut lengths = [None; MAX_SYMBOLS];
        let calls = self.params().iter().zip(&args).zip(0_u8..);
        for ((param, arg), argument) in calls {
            if let Some(found) = self.of_argument(param, arg, argument, &mut lengths) {
                return Some(found);
            }
        }
        self.of_call(&args, &lengths)
    }

    fn of_argument(
        &self,
        param: &Param,
        arg: &ArgDesc,
        argument: u8,
        lengths: &mut [Option<usize>; MAX_SYMBOLS],
    ) -> Option<Violation> {
        if arg.role != param.role() {
            let (expected, given) = (param.role(), arg.role);
            return Some(Violation::Role {
                argument,
                expected,
                given,
            });
        }
        if arg.dtype != param.dtype() {
            let (expected, given) = (param.dtype(), arg.dtype);
            return Some(Violation::Type {
                argument,
                expected,
                given,
            });
        }
        if arg.role == Role::Scalar {
            let expected = param.least()?;
            let given = f64::from_bits(arg.value);
            return (!param.takes(arg.value)).then_some(Violation::Value {
                argument,
                expected,
                given,
            });
        }
        let have = arg.shape.dims();
        if let Some(dims) = param.dims() {
            if dims.len() != have.len() {
                let (expected, given) = (dims.len() as u8, have.len() as u8);
                return Some(Violation::Rank {
                    argument,
                    expected,
                    given,
                });
            }
            for ((dim, given), dimension) in dims.iter().zip(have).zip(0_u8..) {
                let expected = match *dim {
                    Dim::Same(symbol) => match lengths.get_mut(usize::from(symbol)) {
                        Some(Some(length)) => Dim::Exactly(*length),
                        Some(place) => {
                            *place = Some(*given);
                            continue;
                        }
                        None => Dim::Any,
                    },
                    other => other,
                };
                let fits = match expected {
                    Dim::Any | Dim::Same(_) => true,
                    Dim::Exactly(length) => *given == length,
                    Dim::AtMost(most) => *given <= most,
                    Dim::MultipleOf(unit) => given.is_multiple_of(unit),
                };
                if !fits {
                    let given = *given;
                    return Some(Violation::Dimension {
                        argument,
                        dimension,
                        expected,
                        given,
                    });
                }
            }
        }
        let bytes = arg.shape.elements().and_then(|n| n.checked_mul(arg.dtype.size()));
        if bytes != Some(arg.bytes) {
            let (expected, given) = (bytes.unwrap_or(usize::MAX), arg.bytes);
            return Some(Violation::Bytes {
                argument,
                expected,
                given,
            });
        }
        if arg.bytes == 0 {
            return (!self.allows_empty()).then_some(Violation::Empty { argument });
        }
        if arg.address == 0 {
            return Some(Violation::Absent { argument });
        }
        let (expected, given) = (param.alignment(), arg.address);
        (!given.is_multiple_of(expected)).then_some(Violation::Alignment {
            argument,
            expected,
            given,
        })
    }

    /// What is wrong with the arguments together.
    fn of_call(&self, args: &[ArgDesc], lengths: &[Option<usize>; MAX_SYMBOLS]) -> Option<Violation> {
        let buffers = || {
            args.iter()
                .zip(0_u8..)
                .filter(|(arg, _)| arg.role != Role::Scalar && arg.bytes > 0)
        };
        for (one, argument) in buffers().filter(|_| !self.allows_aliases) {
            let meets = |(other, place): &(&ArgDesc, u8)| {
                *place != argument
                    && one.role.is_written()
                    && one.address < other.address.saturating_add(other.bytes)
                    && other.address < one.address.saturating_add(one.bytes)
            };
            if let Some((_, other)) = buffers().find(meets) {
                return Some(Violation::Overlap { argument, other });
            }
        }
        let given = buffers().fold(0_u64, |sum, (arg, _)| sum.saturating_add(arg.bytes as u64));
        let expected = self.launch_limits().max_bytes;
        if given > expected {
            return Some(Violation::TotalBytes { expected, given });
        }
        for ((param, arg), argument) in self.params().iter().zip(args).zip(0_u8..) {
            let length = param.states().and_then(|symbol| *lengths.get(usize::from(symbol))?);
            let Some(expected) = length.map(|length| length as u64) else {
                continue;
            };
            if expected != arg.value {
                let given = arg.value;
                return Some(Violation::Stated {
                    argument,
                    expected,
                    given,
                });
            }
        }
        None
    }
}
