//! What is said of a benchmark.

use gate_base::stats::sequential::{Allowed, Look};
use gate_policy::BenchPolicy;
use gate_report::{BenchmarkResult, Standing};

use super::super::table::{Benchmark, Compared, QUARTER};
use super::super::unit::significant;

/// A ratio with its bounds and its limit.
pub(super) fn ratio(name: &str, compared: &Compared, result: &BenchmarkResult, before: Option<usize>) -> String {
    let value = result.ratio.map_or(1.0, |ratio| ratio.0);
    let (low, high, pairs) = (result.low.0, result.high.0, result.pairs);
    // What is the same every time has no interval to speak of.
    let interval = if low == high {
        String::new()
    } else {
        let again = before.map_or_else(String::new, |before| format!(", and in {before} before it was rebuilt"));
        format!(
            " ({} to {} in {pairs} pairs{again})",
            significant(low),
            significant(high)
        )
    };
    let bound = if compared.larger_is_worse {
        "at most"
    } else {
        "at least"
    };
    format!(
        "`{name}` is {} times its reference{interval}; {bound} {} is allowed",
        significant(value),
        significant(compared.limit)
    )
}

/// What an undecided ratio lacks.
pub(super) fn missing(message: &str, compared: &Compared, look: &Look) -> String {
    let decidable = compared.ratio(look.decidable);
    if compared.allowed == Allowed::bound(compared.allowed.limit.exp()) || !decidable.is_finite() || decidable <= 0.0 {
        return format!("{message}: the limit lies within its bounds");
    }
    format!(
        "{message}: a limit of {} could have been decided",
        significant(decidable)
    )
}

/// A tail that is worse where the rest is not.
pub(super) fn tail(name: &str, ratio: f64) -> String {
    format!(
        "the slowest tenth of `{name}` is {} times that of its reference, while the rest keeps its limit",
        significant(ratio)
    )
}

/// A benchmark keeps a limit; an earlier limit may say otherwise.
pub(super) fn kept(result: &mut BenchmarkResult) {
    if result.standing == Standing::Unlimited {
        result.standing = Standing::Within;
    }
}

/// Whether anything is asked of a benchmark.
pub(super) fn limited(policy: &BenchPolicy, benchmark: &Benchmark<'_>) -> bool {
    let absolute = benchmark
        .policy
        .is_some_and(|metric| metric.at_most.is_some() || metric.at_least.is_some());
    absolute || benchmark.beside.is_some() && !benchmark.compared(policy, QUARTER).is_empty() || zero_beside(benchmark)
}

/// A reference that is measured as zero leaves no ratio, and that is a reason of its own.
fn zero_beside(benchmark: &Benchmark<'_>) -> bool {
    let beside = benchmark.beside.as_deref().map(Benchmark::samples);
    let zero = |samples: &[f64]| samples.contains(&0.0);
    beside.is_some_and(|beside| zero(&beside) || zero(&Benchmark::samples(&benchmark.measured)))
}
