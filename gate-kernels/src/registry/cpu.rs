//! The CPU function of each entry, taken apart from the arguments of a launch.

use gate_runtime::{Arg, Scalar, Status, View, ViewMut};

use crate::body::compare::Within;
use crate::body::element::{Bf16, F16};
use crate::{compare, histogram, keys, matmul, minhash, rank, reduce, rms_norm, scan, softmax};

/// A CPU function: `name [patterns] => status`.
macro_rules! cpu {
    ($($name:ident [$($arg:pat),* $(,)?] => $status:expr;)*) => {
        $(pub(super) fn $name(args: &mut [Arg<'_>]) -> Status {
            let [$($arg),*] = args else {
                return Status::InvalidArgument;
            };
            $status
        })*
    };
}

/// Numbers as they are.
fn same<T: ?Sized>(values: &T) -> &T {
    values
}

/// Numbers as they are.
fn same_mut<T: ?Sized>(values: &mut T) -> &mut T {
    values
}

macro_rules! of_float {
    (
        $type:ident $wide:ident ($of:path, $of_mut:path):
        $axpy:ident $sum:ident $extremes:ident $segmented:ident $compare:ident
    ) => {
        cpu! {
            $axpy [Arg::Scalar(Scalar::$wide(a)), Arg::Input(View::$type(x), _), Arg::InOut(ViewMut::$type(y), _)]
                => crate::axpy(*a, $of(x), $of_mut(y));
            $sum [Arg::Input(View::$type(x), _), Arg::Output(ViewMut::$wide(sums), _)]
                => reduce::block_sums($of(x), sums);
            $extremes [
                Arg::Input(View::$type(x), _),
                Arg::Output(ViewMut::$wide(least), _),
                Arg::Output(ViewMut::$wide(most), _),
            ] => reduce::block_extremes($of(x), least, most);
            $segmented [
                Arg::Input(View::$type(x), _),
                Arg::Input(View::U64(offsets), _),
                Arg::Output(ViewMut::$wide(sums), _),
            ] => reduce::segments($of(x), offsets, sums);
            $compare [
                Arg::Input(View::$type(actual), _),
                Arg::Input(View::$type(expected), _),
                Arg::Scalar(Scalar::F64(absolute)),
                Arg::Scalar(Scalar::F64(relative)),
                Arg::Scalar(Scalar::U32(ulps)),
                Arg::Output(ViewMut::F64(errors), _),
                Arg::Output(ViewMut::U32(mismatches), _),
                Arg::Output(ViewMut::U32(distances), _),
            ] => {
                let within = Within { absolute: *absolute, relative: *relative, ulps: *ulps };
                compare::block_findings($of(actual), $of(expected), within, errors, mismatches, distances)
            };
        }
    };
}

of_float!(Bf16 F32 (Bf16::of_bits, Bf16::of_bits_mut): axpy_bf16 sum_bf16 extremes_bf16 segmented_sum_bf16 compare_bf16);
of_float!(F16 F32 (F16::of_bits, F16::of_bits_mut): axpy_f16 sum_f16 extremes_f16 segmented_sum_f16 compare_f16);
of_float!(F32 F32 (same, same_mut): axpy_f32 sum_f32 extremes_f32 segmented_sum_f32 compare_f32);
of_float!(F64 F64 (same, same_mut): axpy_f64 sum_f64 extremes_f64 segmented_sum_f64 compare_f64);

macro_rules! of_rows {
    ($type:ident ($of:path, $of_mut:path): $softmax:ident $rms_norm:ident) => {
        cpu! {
            $softmax [
                Arg::Input(View::$type(x), _),
                Arg::Scalar(Scalar::U64(columns)),
                Arg::Output(ViewMut::$type(out), _),
            ] => softmax::softmax($of(x), size(*columns), $of_mut(out));
            $rms_norm [
                Arg::Input(View::$type(x), _),
                Arg::Input(View::$type(weight), _),
                Arg::Scalar(Scalar::U64(_)),
                Arg::Scalar(Scalar::F32(epsilon)),
                Arg::Output(ViewMut::$type(out), _),
            ] => rms_norm::rms_norm($of(x), $of(weight), *epsilon, $of_mut(out));
        }
    };
}

of_rows!(Bf16 (Bf16::of_bits, Bf16::of_bits_mut): softmax_bf16 rms_norm_bf16);
of_rows!(F16 (F16::of_bits, F16::of_bits_mut): softmax_f16 rms_norm_f16);
of_rows!(F32 (same, same_mut): softmax_f32 rms_norm_f32);

macro_rules! of_scan {
    ($type:ident: $total:ident $write:ident) => {
        cpu! {
            $total [Arg::Input(View::$type(x), _), Arg::Output(ViewMut::$type(totals), _)]
                => scan::block_totals(x, totals);
            $write [
                Arg::Input(View::$type(x), _),
                Arg::Input(View::$type(offsets), _),
                Arg::Scalar(Scalar::U32(inclusive)),
                Arg::Output(ViewMut::$type(out), _),
            ] => scan::block_running(x, offsets, *inclusive != 0, out);
        }
    };
}

of_scan!(U32: scan_total_u32 scan_write_u32);
of_scan!(U64: scan_total_u64 scan_write_u64);
of_scan!(F32: scan_total_f32 scan_write_f32);
of_scan!(F64: scan_total_f64 scan_write_f64);

cpu! {
    sort_keys_i32 [Arg::Input(View::I32(x), _), Arg::Output(ViewMut::U32(out), _)] => keys::sort_keys(x, out);
    sort_keys_i64 [Arg::Input(View::I64(x), _), Arg::Output(ViewMut::U64(out), _)] => keys::sort_keys(x, out);
    sort_keys_f32 [Arg::Input(View::F32(x), _), Arg::Output(ViewMut::U32(out), _)] => keys::sort_keys(x, out);
    sort_keys_f64 [Arg::Input(View::F64(x), _), Arg::Output(ViewMut::U64(out), _)] => keys::sort_keys(x, out);
    histogram_u8 [Arg::Input(View::U8(data), _), Arg::Output(ViewMut::U32(tables), _)]
        => histogram::block_tables(data, tables);
    minhash_u64 [
        Arg::Input(View::U64(hashes), _),
        Arg::Input(View::U64(offsets), _),
        Arg::Scalar(Scalar::U64(places)),
        Arg::Output(ViewMut::U32(out), _),
    ] => minhash::signatures(hashes, offsets, size(*places), out);
    bootstrap_mean_f64 [
        Arg::Input(View::F64(data), _),
        Arg::Scalar(Scalar::U64(seed)),
        Arg::Output(ViewMut::F64(means), _),
    ] => crate::bootstrap_means(data, *seed, means);
    rank_counts_f64 [
        Arg::Input(View::F64(values), _),
        Arg::Input(View::F64(others), _),
        Arg::Output(ViewMut::U32(out), _),
    ] => rank::places(values, others, out);
    matmul_f32 [
        Arg::Scalar(Scalar::U64(m)),
        Arg::Scalar(Scalar::U64(k)),
        Arg::Scalar(Scalar::U64(n)),
        Arg::Input(View::F32(a), _),
        Arg::Input(View::F32(b), _),
        Arg::Output(ViewMut::F32(c), _),
    ] => matmul::matmul([size(*m), size(*k), size(*n)], a, b, c);
}

/// A length as the machine counts; one that it cannot count fits no buffer.
fn size(stated: u64) -> usize {
    usize::try_from(stated).unwrap_or(usize::MAX)
}
