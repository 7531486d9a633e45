//! How often the judge of service levels is wrong: replays of simulated services, and services that must not pass.
//!
//! ```console
//! cargo run --release --locked --package cargo-gate-suites --example service_levels -- 1000
//! ```

use std::io::{self, Write};

use gate_suites::slo::judge::Verdict;

mod passes;
mod simulation;

use simulation::Service;

/// What is simulated: a name and a service.
const SERVICES: [(&str, Service); 8] = {
    const HEALTHY: Service = Service {
        spent: 0.5,
        burst: 1,
        burn: None,
        declared: false,
    };
    const BURSTS: Service = Service { burst: 5, ..HEALTHY };
    const DECLARED: Service = Service {
        declared: true,
        ..BURSTS
    };
    [
        ("half of the budget", HEALTHY),
        ("half of the budget, bursts of 5", BURSTS),
        ("half of the budget, bursts of 5, declared", DECLARED),
        ("the whole budget", Service { spent: 1.0, ..HEALTHY }),
        (
            "five budgets for the last 6 h",
            Service {
                burn: Some((6, 5.0)),
                ..HEALTHY
            },
        ),
        (
            "five budgets for the last day",
            Service {
                burn: Some((24, 5.0)),
                ..HEALTHY
            },
        ),
        (
            "five budgets for the last day, bursts of 5",
            Service {
                burn: Some((24, 5.0)),
                ..BURSTS
            },
        ),
        (
            "five budgets for the last 3 days, bursts of 5",
            Service {
                burn: Some((72, 5.0)),
                ..BURSTS
            },
        ),
    ]
};

fn main() -> io::Result<()> {
    let replays: u64 = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(100);
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| service, {replays} replays | fail | pass | inconclusive | vacuous | bad > budget |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    for (name, service) in SERVICES {
        let (mut verdicts, mut over) = ([0_u64; 4], 0_u64);
        for seed in 0..replays {
            let (judgement, spent) = service.replay(seed);
            let at = match judgement.verdict {
                Verdict::Fail => 0,
                Verdict::Pass => 1,
                Verdict::Inconclusive(_) => 2,
                Verdict::Vacuous(_) => 3,
            };
            verdicts[at] += 1;
            over += u64::from(spent);
        }
        let share = |count: u64| format!("{:.1} %", count as f64 * 100.0 / replays as f64);
        let cells = verdicts.map(share).join(" | ");
        writeln!(out, "| {name} | {cells} | {} |", share(over))?;
    }
    writeln!(out)?;
    for case in passes::healthy().iter().chain(&passes::unhealthy()) {
        writeln!(out, "{}: {}", case.name, case.told())?;
    }
    let unhealthy = passes::unhealthy();
    let passed = unhealthy.iter().filter(|case| case.verdict() == Verdict::Pass).count();
    writeln!(out, "{passed} of {} that must not pass do", unhealthy.len())?;
    Ok(())
}
