//! A native output against the reference's.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::argument::{Arg, Buffer, OwnedArg, Role};
use crate::contain::contained;
use crate::contract::{Contract, Tolerance};
use crate::spec::CpuFn;

/// The native output is within the kernel's tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// Elements that were compared, over all outputs.
    pub elements: usize,
}

/// Where and how far a native output is off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Which argument, from 0.
    pub argument: usize,
    /// The first element that is not within the tolerance.
    pub first: usize,
    /// What the reference computed there.
    pub reference: f64,
    /// What the native backend computed there.
    pub native: f64,
    /// Elements of this argument that are not within the tolerance.
    pub mismatches: usize,
    /// Elements of this argument.
    pub elements: usize,
}

/// Why a native output is not accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Disagreement {
    /// It is not within the kernel's tolerance.
    Output(Difference),
    /// The reference failed on inputs with which the native backend did not.
    ReferenceFailed,
    /// The arguments before and after the call are not of the same types and lengths.
    Shapes,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Disagreement::Output(difference) => {
                let Difference {
                    argument,
                    first,
                    reference,
                    native,
                    mismatches,
                    elements,
                } = difference;
                write!(
                    f,
                    "{mismatches} of {elements} elements of argument {argument} differ, the first at {first}: \
                     {native:?} where the reference has {reference:?}"
                )
            }
            Disagreement::ReferenceFailed => f.write_str("the reference failed but the native backend did not"),
            Disagreement::Shapes => f.write_str("the types or lengths of arguments changed"),
        }
    }
}

/// How a native output differs from the reference's, and for which inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    /// What is off.
    pub why: Disagreement,
    /// Digest of what the call was given, see [`input_digest`].
    pub inputs: [u8; 32],
}

/// Compares a call that ended natively with the reference; `None` where they agree. The copies of the arguments do not survive
/// it. A panic while comparing is a finding.
pub(crate) fn judge(
    contract: &Contract,
    cpu: CpuFn,
    before: &mut [OwnedArg],
    after: &[Option<OwnedArg>],
) -> Option<Finding> {
    let judged = contained(|| {
        // The reference overwrites what is read and written; the digest is of what was there before.
        let kept: Vec<Option<OwnedArg>> = before.iter().map(read_and_written).collect();
        let why = compare(contract, cpu, before, after).err()?;
        for (arg, kept) in before.iter_mut().zip(kept) {
            if let Some(kept) = kept {
                *arg = kept;
            }
        }
        let inputs = input_digest(before);
        Some(Finding { why, inputs })
    });
    judged.unwrap_or(Some(Finding {
        why: Disagreement::ReferenceFailed,
        inputs: [0; 32],
    }))
}

fn read_and_written(arg: &OwnedArg) -> Option<OwnedArg> {
    matches!(arg, OwnedArg::Buffer(Role::InOut, ..)).then(|| arg.clone())
}

/// Runs the reference on `before`, the arguments as they were, and compares its outputs with `after`, the written
/// arguments as the native call left them. Afterwards `before` holds what the reference computed.
///
/// # Errors
///
/// The first argument that disagrees. A reference that panics has failed.
pub fn compare(
    contract: &Contract,
    cpu: CpuFn,
    before: &mut [OwnedArg],
    after: &[Option<OwnedArg>],
) -> Result<Agreement, Disagreement> {
    if before.len() != after.len() {
        return Err(Disagreement::Shapes);
    }
    let mut args: Vec<Arg<'_>> = before.iter_mut().map(OwnedArg::as_arg).collect();
    let done = contained(|| cpu(&mut args).is_ok()).unwrap_or(false);
    drop(args);
    if !done {
        return Err(Disagreement::ReferenceFailed);
    }
    let tolerance = contract.declared_tolerance();
    let mut elements = 0;
    for (argument, (reference, native)) in before.iter().zip(after).enumerate() {
        let OwnedArg::Buffer(role, reference, _) = reference else {
            continue;
        };
        if !role.is_written() {
            continue;
        }
        let Some(OwnedArg::Buffer(_, native, _)) = native else {
            return Err(Disagreement::Shapes);
        };
        elements += buffers(&tolerance, argument, reference, native)?;
    }
    Ok(Agreement { elements })
}

fn buffers(tolerance: &Tolerance, argument: usize, reference: &Buffer, native: &Buffer) -> Result<usize, Disagreement> {
    macro_rules! integers {
        ($reference:ident, $native:ident) => {
            elements(
                argument,
                $reference,
                $native,
                |value| *value as f64,
                |r, n| {
                    let distance = u64::from(r.abs_diff(*n));
                    distance <= u64::from(tolerance.ulps)
                        || distance as f64 <= tolerance.absolute + tolerance.relative * (*r as f64).abs()
                },
            )
        };
    }
    match (reference, native) {
        (Buffer::F32(r), Buffer::F32(n)) => elements(
            argument,
            r,
            n,
            |value| f64::from(*value),
            |r, n| tolerance.accepts_f32(*r, *n),
        ),
        (Buffer::F64(r), Buffer::F64(n)) => {
            elements(argument, r, n, |value| *value, |r, n| tolerance.accepts_f64(*r, *n))
        }
        (Buffer::F16(r), Buffer::F16(n)) => {
            let widen = |bits: &u16| f64::from(f16_to_f32(*bits));
            elements(argument, r, n, widen, |r, n| {
                accepts_half(tolerance, *r, *n, f16_to_f32)
            })
        }
        (Buffer::Bf16(r), Buffer::Bf16(n)) => {
            let widen = |bits: &u16| f64::from(bf16_to_f32(*bits));
            elements(argument, r, n, widen, |r, n| {
                accepts_half(tolerance, *r, *n, bf16_to_f32)
            })
        }
        (Buffer::U8(r), Buffer::U8(n)) => integers!(r, n),
        (Buffer::U16(r), Buffer::U16(n)) => integers!(r, n),
        (Buffer::U32(r), Buffer::U32(n)) => integers!(r, n),
        (Buffer::U64(r), Buffer::U64(n)) => integers!(r, n),
        (Buffer::I8(r), Buffer::I8(n)) => integers!(r, n),
        (Buffer::I16(r), Buffer::I16(n)) => integers!(r, n),
        (Buffer::I32(r), Buffer::I32(n)) => integers!(r, n),
        (Buffer::I64(r), Buffer::I64(n)) => integers!(r, n),
        _ => Err(Disagreement::Shapes),
    }
}

fn elements<T: PartialEq>(
    argument: usize,
    reference: &[T],
    native: &[T],
    widen: impl Fn(&T) -> f64,
    accepts: impl Fn(&T, &T) -> bool,
) -> Result<usize, Disagreement> {
    if reference.len() != native.len() {
        return Err(Disagreement::Shapes);
    }
    let mut off = reference
        .iter()
        .zip(native)
        .enumerate()
        .filter(|(_, (r, n))| r != n && !accepts(r, n));
    let Some((first, (r, n))) = off.next() else {
        return Ok(reference.len());
    };
    Err(Disagreement::Output(Difference {
        argument,
        first,
        reference: widen(r),
        native: widen(n),
        mismatches: 1 + off.count(),
        elements: reference.len(),
    }))
}

/// Halves are compared as the `f32` they are exactly, but count units in the last place of their own.
fn accepts_half(tolerance: &Tolerance, reference: u16, native: u16, widen: fn(u16) -> f32) -> bool {
    let (wide, wide_native) = (widen(reference), widen(native));
    let by_value = Tolerance { ulps: 0, ..*tolerance };
    if by_value.accepts_f32(wide, wide_native) {
        return true;
    }
    let place = |bits: u16| {
        let magnitude = i32::from(bits & 0x7fff);
        if bits & 0x8000 == 0 { magnitude } else { -magnitude }
    };
    wide.is_finite() && wide_native.is_finite() && place(reference).abs_diff(place(native)) <= tolerance.ulps
}

/// A bfloat16 is the upper half of an `f32`.
fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// IEEE 754 binary16 to binary32, exactly.
fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10 & 0x1f);
    let fraction = u32::from(bits & 0x3ff);
    match exponent {
        // Zero and subnormal numbers: units of 2⁻²⁴, which an `f32` holds exactly.
        0 => f32::from_bits((fraction as f32 * f32::from_bits((127 - 24) << 23)).to_bits() | sign),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

/// SHA-256 over what a call was given: for each argument its role and element type by name, its rank and dimensions as
/// little-endian 64-bit numbers, and its bytes in the machine's order; of pure outputs no bytes, since what they held
/// does not matter.
#[must_use]
pub fn input_digest(before: &[OwnedArg]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for arg in before {
        match arg {
            OwnedArg::Scalar(scalar) => {
                hash.update(b"scalar\0");
                hash.update(scalar.dtype().name());
                hash.update(scalar.to_bytes());
            }
            OwnedArg::Buffer(role, buffer, shape) => {
                hash.update(match role {
                    Role::Scalar | Role::Input => b"input\0".as_slice(),
                    Role::Output => b"output\0",
                    Role::InOut => b"in_out\0",
                });
                hash.update(buffer.dtype().name());
                hash.update((shape.rank() as u64).to_le_bytes());
                shape
                    .dims()
                    .iter()
                    .for_each(|dim| hash.update((*dim as u64).to_le_bytes()));
                if *role != Role::Output {
                    hash.update(buffer.view().bytes());
                }
            }
        }
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::argument::{DType, Scalar, Shape};
    use crate::contract::{Dim, Param};
    use crate::{Status, View, ViewMut};

    static DOUBLE: Contract = Contract::new(
        "double",
        &[
            Param::input(DType::F32, &[Dim::Same(0)]),
            Param::output(DType::F32, &[Dim::Same(0)]),
        ],
    )
    .tolerance(Tolerance::ulps(1));

    fn double(args: &mut [Arg<'_>]) -> Status {
        let [Arg::Input(View::F32(x), _), Arg::Output(ViewMut::F32(y), _)] = args else {
            return Status::InvalidArgument;
        };
        for (y, x) in y.iter_mut().zip(*x) {
            assert!(*x < 1e30, "an input that makes the reference panic");
            *y = 2.0 * x;
        }
        Status::Ok
    }

    fn args(input: &[f32], output: &[f32]) -> Vec<OwnedArg> {
        vec![
            OwnedArg::Buffer(Role::Input, Buffer::F32(input.to_vec()), Shape::line(input.len())),
            OwnedArg::Buffer(Role::Output, Buffer::F32(output.to_vec()), Shape::line(output.len())),
        ]
    }

    fn written(output: &[f32]) -> Vec<Option<OwnedArg>> {
        vec![None, args(&[], output).pop()]
    }

    fn judge(input: &[f32], native: &[f32]) -> Result<Agreement, Disagreement> {
        compare(
            &DOUBLE,
            double,
            &mut args(input, &vec![7.0; input.len()]),
            &written(native),
        )
    }

    #[test]
    fn an_output_within_the_tolerance_agrees() {
        let above = f32::from_bits(6.0_f32.to_bits() + 1);
        assert_eq!(
            judge(&[1.0, 2.0, 3.0], &[2.0, 4.0, above]),
            Ok(Agreement { elements: 3 })
        );
    }

    #[test]
    fn the_first_difference_and_their_number_are_reported() {
        let expected = Difference {
            argument: 1,
            first: 1,
            reference: 4.0,
            native: 5.0,
            mismatches: 2,
            elements: 3,
        };
        assert_eq!(
            judge(&[1.0, 2.0, 3.0], &[2.0, 5.0, f32::NAN]),
            Err(Disagreement::Output(expected))
        );
        assert_eq!(
            Disagreement::Output(expected).to_string(),
            "2 of 3 elements of argument 1 differ, the first at 1: 5.0 where the reference has 4.0"
        );
    }

    #[test]
    fn a_failed_reference_and_other_shapes_disagree() {
        assert_eq!(judge(&[1e31], &[2e31]), Err(Disagreement::ReferenceFailed));
        assert_eq!(judge(&[1.0], &[2.0, 2.0]), Err(Disagreement::Shapes));
        let mut before = args(&[1.0], &[0.0]);
        assert_eq!(compare(&DOUBLE, double, &mut before, &[]), Err(Disagreement::Shapes));
        assert_eq!(
            compare(&DOUBLE, double, &mut before, &[None, None]),
            Err(Disagreement::Shapes)
        );
    }

    #[test]
    fn a_reference_cannot_panic_its_way_out() {
        let mut before = args(&[1.0], &[0.0]);
        let thrown = compare(
            &DOUBLE,
            |_| std::panic::panic_any(crate::contain::Bomb),
            &mut before,
            &[None, None],
        );
        assert_eq!(thrown, Err(Disagreement::ReferenceFailed));
    }

    #[test]
    fn halves_count_their_own_units() {
        let one = Tolerance::ulps(1);
        assert!(accepts_half(&one, 0x3c00, 0x3c01, f16_to_f32));
        assert!(!accepts_half(&one, 0x3c00, 0x3c02, f16_to_f32));
        assert!(
            accepts_half(&one, 0x0000, 0x8000, bf16_to_f32),
            "zeros of both signs are equal"
        );
        assert!(
            !accepts_half(&Tolerance::ulps(u32::MAX), 0x7c00, 0x7bff, f16_to_f32),
            "infinity is not close"
        );
        assert!(accepts_half(&Tolerance::within(0.0, 0.01), 0x3f80, 0x3f81, bf16_to_f32));
    }

    #[test]
    fn every_half_is_widened_exactly() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
            let magnitude = match exponent {
                0 => fraction * 2.0_f64.powi(-24),
                0x1f if fraction == 0.0 => f64::INFINITY,
                0x1f => f64::NAN,
                _ => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
            };
            let expected = if bits & 0x8000 == 0 { magnitude } else { -magnitude };
            let widened = f64::from(f16_to_f32(bits));
            assert!(
                widened == expected || widened.is_nan() && expected.is_nan(),
                "{bits:#06x}"
            );
            assert_eq!(widened.is_sign_negative(), bits & 0x8000 != 0, "{bits:#06x}");
        }
    }

    #[test]
    fn integers_differ_by_counting() {
        let of =
            |tolerance: Tolerance, r: Vec<i64>, n: Vec<i64>| buffers(&tolerance, 0, &Buffer::I64(r), &Buffer::I64(n));
        assert!(of(Tolerance::EXACT, vec![i64::MIN], vec![i64::MIN]).is_ok());
        assert!(of(Tolerance::EXACT, vec![i64::MIN], vec![i64::MAX]).is_err());
        assert!(of(Tolerance::ulps(1), vec![-1], vec![0]).is_ok());
        assert!(of(Tolerance::within(2.0, 0.0), vec![-1], vec![2]).is_err());
    }

    #[test]
    fn the_digest_names_the_inputs_and_nothing_else() {
        let digest = input_digest(&args(&[1.0, 2.0], &[0.0, 0.0]));
        assert_eq!(
            digest,
            input_digest(&args(&[1.0, 2.0], &[9.0, 9.0])),
            "what an output held does not matter"
        );
        assert_ne!(digest, input_digest(&args(&[1.0, 2.5], &[0.0, 0.0])));
        assert_ne!(digest, input_digest(&args(&[1.0, 2.0], &[0.0])));
        let scalar = |scalar| input_digest(&[OwnedArg::Scalar(scalar)]);
        assert_ne!(scalar(Scalar::U8(1)), scalar(Scalar::I8(1)));
    }
}
