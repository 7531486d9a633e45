//! From the counters of all threads to totals.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::backend::cpu;
use crate::catalog::Registered;
use crate::counters::Counters;
use crate::reason::{Reason, ReasonKind};
use crate::shared::Shared;
use crate::stats::{Calls, Compile, KernelStats, Latency, LogStats, RunStats};

impl RunStats {
    pub(crate) fn of(shared: &Shared) -> RunStats {
        let mut calls = Calls::default();
        let mut reasons = BTreeMap::new();
        let mut kernels = Vec::new();
        for kernel in shared.catalog.all() {
            let counters = Counters::default();
            kernel.shards.sum(&counters);
            for reason in Reason::ALL {
                count_reason(&mut reasons, *reason, counters.with_reason(*reason));
            }
            let one = kernel_stats(&kernel, &counters);
            calls.add(&one.calls);
            kernels.push(one);
        }
        let unknown = shared.unknown_calls.load(Ordering::Relaxed);
        count_reason(&mut reasons, Reason::UnknownKernel, unknown);
        calls.add(&Calls {
            total: unknown,
            error: unknown,
            contract_violation: unknown,
            ..Calls::default()
        });
        RunStats {
            run_id: shared.run_id.clone(),
            hw: match &shared.native {
                Ok(cuda) => cuda.device().label(),
                Err(_) => cpu::label(),
            },
            faults: shared.faults_at_start.active().map(str::to_owned).collect(),
            calls,
            silent_mismatch_count: shared.silent_mismatches(),
            control: shared.control.state(),
            compile: compile(shared),
            decision_log: log(shared),
            reasons,
            kernels,
        }
    }
}

fn count_reason(reasons: &mut BTreeMap<String, u64>, reason: Reason, count: u64) {
    if count > 0 {
        *reasons.entry(reason.code().to_owned()).or_default() += count;
    }
}

fn kernel_stats(kernel: &Registered, counters: &Counters) -> KernelStats {
    let quantile = |permille| {
        counters
            .latency
            .quantile(permille)
            .unwrap_or(0)
            .min(counters.latency_max())
    };
    KernelStats {
        kernel: kernel.spec.contract.name().to_owned(),
        fingerprint: kernel.fingerprint(),
        calls: Calls {
            total: counters.calls(),
            native: counters.native(),
            fallback: counters.fallback(),
            error: counters.error(),
            guard_miss: counters.with_kind(ReasonKind::Guard),
            contract_violation: counters.with_kind(ReasonKind::Contract),
        },
        latency: Latency {
            samples: counters.latency.samples(),
            sum_ns: counters.latency_sum(),
            p50_ns: quantile(500),
            p95_ns: quantile(950),
            p99_ns: quantile(990),
            max_ns: counters.latency_max(),
        },
    }
}

fn compile(shared: &Shared) -> Compile {
    let Ok(cuda) = &shared.native else {
        return Compile::default();
    };
    let counters = cuda.counters();
    Compile {
        count: counters.loads.load(Ordering::Relaxed),
        cache_hit: counters.hits.load(Ordering::Relaxed),
        budget_exceeded: counters.over_budget.load(Ordering::Relaxed),
        time_ns: counters.load_ns.load(Ordering::Relaxed),
    }
}

fn log(shared: &Shared) -> LogStats {
    let Some(log) = &shared.log else {
        return LogStats::default();
    };
    let counts = log.counts();
    LogStats {
        enabled: true,
        written: counts.written,
        dropped: shared.lanes.drops().records,
        failed: counts.failed,
        rotations: counts.rotations,
    }
}

impl Calls {
    fn add(&mut self, other: &Calls) {
        self.total += other.total;
        self.native += other.native;
        self.fallback += other.fallback;
        self.error += other.error;
        self.guard_miss += other.guard_miss;
        self.contract_violation += other.contract_violation;
    }
}
