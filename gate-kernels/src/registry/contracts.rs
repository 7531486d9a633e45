//! Parameters of each entry.
//!
//! Symbols of dimensions: 0 is a number of elements or rows, 1 of columns, 2 of columns of the other factor. Arrays with one
//! element or row for each block of another have any length here; the launch refuses other lengths.

use gate_runtime::{DType, Dim, Param, Pass};

use crate::body::compare::DISTANCES;
use crate::body::histogram::BYTES;

const LINE: &[Dim] = &[Dim::Same(0)];
const ANY: &[Dim] = &[Dim::Any];
const ROWS: &[Dim] = &[Dim::Same(0), Dim::Same(1)];
const COLUMNS: &[Dim] = &[Dim::Same(1)];

const fn slice(dtype: DType, dims: &'static [Dim]) -> Param {
    Param::input(dtype, dims).pass(Pass::Slice)
}

const fn stated(symbol: u8) -> Param {
    Param::scalar(DType::U64).states_dim(symbol)
}

macro_rules! params {
    ($($name:ident = [$($param:expr),* $(,)?];)*) => {
        $(pub(super) const $name: &[Param] = &[$($param),*];)*
    };
}

macro_rules! of_float {
    ($type:ident, $wide:ident: $axpy:ident $sum:ident $extremes:ident $segmented:ident $compare:ident) => {
        params! {
            $axpy = [Param::scalar(DType::$wide), slice(DType::$type, LINE), Param::in_out(DType::$type, LINE)];
            $sum = [slice(DType::$type, LINE), Param::output(DType::$wide, ANY)];
            $extremes = [
                slice(DType::$type, LINE),
                Param::output(DType::$wide, COLUMNS),
                Param::output(DType::$wide, COLUMNS),
            ];
            $segmented = [
                slice(DType::$type, LINE),
                Param::input(DType::U64, ANY),
                Param::output(DType::$wide, ANY),
            ];
            $compare = [
                Param::input(DType::$type, LINE),
                slice(DType::$type, LINE),
                Param::scalar(DType::F64).at_least(0.0),
                Param::scalar(DType::F64).at_least(0.0),
                Param::scalar(DType::U32),
                Param::output(DType::F64, &[Dim::Same(1), Dim::Exactly(2)]),
                Param::output(DType::U32, &[Dim::Same(1), Dim::Exactly(2)]),
                Param::output(DType::U32, &[Dim::Same(1), Dim::Exactly(DISTANCES)]),
            ];
        }
    };
}

of_float!(Bf16, F32: AXPY_BF16 SUM_BF16 EXTREMES_BF16 SEGMENTED_SUM_BF16 COMPARE_BF16);
of_float!(F16, F32: AXPY_F16 SUM_F16 EXTREMES_F16 SEGMENTED_SUM_F16 COMPARE_F16);
of_float!(F32, F32: AXPY_F32 SUM_F32 EXTREMES_F32 SEGMENTED_SUM_F32 COMPARE_F32);
of_float!(F64, F64: AXPY_F64 SUM_F64 EXTREMES_F64 SEGMENTED_SUM_F64 COMPARE_F64);

macro_rules! of_rows {
    ($type:ident: $softmax:ident $rms_norm:ident) => {
        params! {
            $softmax = [Param::input(DType::$type, ROWS), stated(1), Param::output(DType::$type, ROWS)];
            $rms_norm = [
                Param::input(DType::$type, ROWS),
                Param::input(DType::$type, COLUMNS),
                stated(1),
                Param::scalar(DType::F32).at_least(0.0),
                Param::output(DType::$type, ROWS),
            ];
        }
    };
}

of_rows!(Bf16: SOFTMAX_BF16 RMS_NORM_BF16);
of_rows!(F16: SOFTMAX_F16 RMS_NORM_F16);
of_rows!(F32: SOFTMAX_F32 RMS_NORM_F32);

macro_rules! of_scan {
    ($type:ident: $total:ident $write:ident) => {
        params! {
            $total = [slice(DType::$type, LINE), Param::output(DType::$type, ANY)];
            $write = [
                slice(DType::$type, LINE),
                Param::input(DType::$type, ANY),
                Param::scalar(DType::U32),
                Param::output(DType::$type, LINE),
            ];
        }
    };
}

of_scan!(U32: SCAN_TOTAL_U32 SCAN_WRITE_U32);
of_scan!(U64: SCAN_TOTAL_U64 SCAN_WRITE_U64);
of_scan!(F32: SCAN_TOTAL_F32 SCAN_WRITE_F32);
of_scan!(F64: SCAN_TOTAL_F64 SCAN_WRITE_F64);

params! {
    SORT_KEYS_I32 = [slice(DType::I32, LINE), Param::output(DType::U32, LINE)];
    SORT_KEYS_I64 = [slice(DType::I64, LINE), Param::output(DType::U64, LINE)];
    SORT_KEYS_F32 = [slice(DType::F32, LINE), Param::output(DType::U32, LINE)];
    SORT_KEYS_F64 = [slice(DType::F64, LINE), Param::output(DType::U64, LINE)];
    HISTOGRAM_U8 = [slice(DType::U8, LINE), Param::output(DType::U32, &[Dim::Any, Dim::Exactly(BYTES)])];
    MINHASH_U64 = [
        slice(DType::U64, LINE),
        Param::input(DType::U64, ANY),
        stated(1),
        Param::output(DType::U32, &[Dim::Any, Dim::Same(1)]),
    ];
    BOOTSTRAP_MEAN_F64 = [slice(DType::F64, LINE), Param::scalar(DType::U64), Param::output(DType::F64, ANY)];
    RANK_COUNTS_F64 = [
        Param::input(DType::F64, LINE),
        slice(DType::F64, ANY),
        Param::output(DType::U32, &[Dim::Same(0), Dim::Exactly(2)]),
    ];
    MATMUL_F32 = [
        stated(0),
        stated(1),
        stated(2),
        Param::input(DType::F32, &[Dim::Same(0), Dim::Same(1)]),
        Param::input(DType::F32, &[Dim::Same(1), Dim::Same(2)]),
        Param::output(DType::F32, &[Dim::Same(0), Dim::Same(2)]),
    ];
}
