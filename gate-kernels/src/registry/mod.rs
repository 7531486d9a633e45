//! Every entry of the PTX with its contract, its CPU function and its launch.
//!
//! An entry does one launch. Where a result needs several (a sum of many blocks, a running sum), it computes what one launch
//! contributes, and so does its CPU function: the two are compared entry by entry.

mod contracts;
mod cpu;
mod launch;

use gate_runtime::{Contract, KernelSpec, ModuleImage, Variant};

mod kernels {
    include!(concat!(env!("OUT_DIR"), "/kernels.rs"));
}

/// The PTX of all entries, for each architecture of the kernel lock.
pub static MODULE: ModuleImage = kernels::lib::MODULE;

/// One entry: `name`, its parameters, its CPU function, its launch.
macro_rules! entry {
    ($name:literal, $params:expr, $cpu:expr, $geometry:expr) => {{
        static CONTRACT: Contract = Contract::new($name, $params).allow_empty();
        static VARIANTS: [Variant; 1] = [Variant {
            module: &MODULE,
            entry: $name,
            geometry: $geometry,
            score: 1,
        }];
        KernelSpec {
            contract: &CONTRACT,
            cpu: $cpu,
            variants: &VARIANTS,
        }
    }};
}

/// Every kernel, sorted by name. Their tolerance is exact: CPU and PTX give the same bits, but for the payload of a NaN.
///
/// ```
/// use gate_kernels::KERNELS;
///
/// let names: Vec<&str> = KERNELS.iter().map(|kernel| kernel.contract.name()).collect();
/// assert!(names.contains(&"softmax_bf16") && names.is_sorted());
/// ```
pub static KERNELS: &[KernelSpec] = &[
    entry!(
        "axpy_bf16",
        contracts::AXPY_BF16,
        cpu::axpy_bf16,
        launch::blocks_of_second
    ),
    entry!("axpy_f16", contracts::AXPY_F16, cpu::axpy_f16, launch::blocks_of_second),
    entry!("axpy_f32", contracts::AXPY_F32, cpu::axpy_f32, launch::blocks_of_second),
    entry!("axpy_f64", contracts::AXPY_F64, cpu::axpy_f64, launch::blocks_of_second),
    entry!(
        "bootstrap_mean_f64",
        contracts::BOOTSTRAP_MEAN_F64,
        cpu::bootstrap_mean_f64,
        launch::outputs
    ),
    entry!(
        "compare_bf16",
        contracts::COMPARE_BF16,
        cpu::compare_bf16,
        launch::compare
    ),
    entry!("compare_f16", contracts::COMPARE_F16, cpu::compare_f16, launch::compare),
    entry!("compare_f32", contracts::COMPARE_F32, cpu::compare_f32, launch::compare),
    entry!("compare_f64", contracts::COMPARE_F64, cpu::compare_f64, launch::compare),
    entry!(
        "extremes_bf16",
        contracts::EXTREMES_BF16,
        cpu::extremes_bf16,
        launch::extremes
    ),
    entry!(
        "extremes_f16",
        contracts::EXTREMES_F16,
        cpu::extremes_f16,
        launch::extremes
    ),
    entry!(
        "extremes_f32",
        contracts::EXTREMES_F32,
        cpu::extremes_f32,
        launch::extremes
    ),
    entry!(
        "extremes_f64",
        contracts::EXTREMES_F64,
        cpu::extremes_f64,
        launch::extremes
    ),
    entry!(
        "histogram_u8",
        contracts::HISTOGRAM_U8,
        cpu::histogram_u8,
        launch::histogram
    ),
    entry!("matmul_f32", contracts::MATMUL_F32, cpu::matmul_f32, launch::matmul),
    entry!("minhash_u64", contracts::MINHASH_U64, cpu::minhash_u64, launch::minhash),
    entry!(
        "rank_counts_f64",
        contracts::RANK_COUNTS_F64,
        cpu::rank_counts_f64,
        launch::ranks
    ),
    entry!(
        "rms_norm_bf16",
        contracts::RMS_NORM_BF16,
        cpu::rms_norm_bf16,
        launch::rows
    ),
    entry!("rms_norm_f16", contracts::RMS_NORM_F16, cpu::rms_norm_f16, launch::rows),
    entry!("rms_norm_f32", contracts::RMS_NORM_F32, cpu::rms_norm_f32, launch::rows),
    entry!(
        "scan_total_f32",
        contracts::SCAN_TOTAL_F32,
        cpu::scan_total_f32,
        launch::scan_total
    ),
    entry!(
        "scan_total_f64",
        contracts::SCAN_TOTAL_F64,
        cpu::scan_total_f64,
        launch::scan_total
    ),
    entry!(
        "scan_total_u32",
        contracts::SCAN_TOTAL_U32,
        cpu::scan_total_u32,
        launch::scan_total
    ),
    entry!(
        "scan_total_u64",
        contracts::SCAN_TOTAL_U64,
        cpu::scan_total_u64,
        launch::scan_total
    ),
    entry!(
        "scan_write_f32",
        contracts::SCAN_WRITE_F32,
        cpu::scan_write_f32,
        launch::scan_write
    ),
    entry!(
        "scan_write_f64",
        contracts::SCAN_WRITE_F64,
        cpu::scan_write_f64,
        launch::scan_write
    ),
    entry!(
        "scan_write_u32",
        contracts::SCAN_WRITE_U32,
        cpu::scan_write_u32,
        launch::scan_write
    ),
    entry!(
        "scan_write_u64",
        contracts::SCAN_WRITE_U64,
        cpu::scan_write_u64,
        launch::scan_write
    ),
    entry!(
        "segmented_sum_bf16",
        contracts::SEGMENTED_SUM_BF16,
        cpu::segmented_sum_bf16,
        launch::segments
    ),
    entry!(
        "segmented_sum_f16",
        contracts::SEGMENTED_SUM_F16,
        cpu::segmented_sum_f16,
        launch::segments
    ),
    entry!(
        "segmented_sum_f32",
        contracts::SEGMENTED_SUM_F32,
        cpu::segmented_sum_f32,
        launch::segments
    ),
    entry!(
        "segmented_sum_f64",
        contracts::SEGMENTED_SUM_F64,
        cpu::segmented_sum_f64,
        launch::segments
    ),
    entry!("softmax_bf16", contracts::SOFTMAX_BF16, cpu::softmax_bf16, launch::rows),
    entry!("softmax_f16", contracts::SOFTMAX_F16, cpu::softmax_f16, launch::rows),
    entry!("softmax_f32", contracts::SOFTMAX_F32, cpu::softmax_f32, launch::rows),
    entry!(
        "sort_keys_f32",
        contracts::SORT_KEYS_F32,
        cpu::sort_keys_f32,
        launch::blocks_of_first
    ),
    entry!(
        "sort_keys_f64",
        contracts::SORT_KEYS_F64,
        cpu::sort_keys_f64,
        launch::blocks_of_first
    ),
    entry!(
        "sort_keys_i32",
        contracts::SORT_KEYS_I32,
        cpu::sort_keys_i32,
        launch::blocks_of_first
    ),
    entry!(
        "sort_keys_i64",
        contracts::SORT_KEYS_I64,
        cpu::sort_keys_i64,
        launch::blocks_of_first
    ),
    entry!("sum_bf16", contracts::SUM_BF16, cpu::sum_bf16, launch::sum),
    entry!("sum_f16", contracts::SUM_F16, cpu::sum_f16, launch::sum),
    entry!("sum_f32", contracts::SUM_F32, cpu::sum_f32, launch::sum),
    entry!("sum_f64", contracts::SUM_F64, cpu::sum_f64, launch::sum),
];
