//! The state machine.

use core::fmt;

use super::judge::{Judged, judge};
use super::sequential::centre;
use super::{Baseline, Judgement, Phase, Rail, Rails, Verdict};
use crate::control::RailReason;
use crate::window::Window;

/// Everything the controller remembers between windows.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The phase that is in force.
    pub phase: Phase,
    /// Windows since the phase came into force.
    pub steps: u32,
    /// Windows in which no switch happens, still to come.
    pub cooldown: u32,
    /// How much speaks for a breach, in breached windows, per rail in the order of [`Rail::ALL`]. For errors and pressure these
    /// are breached windows in a row; for latency and throughput the sum of a sequential test, to which a window adds up to 1
    /// and from which a healthy one takes.
    pub evidence: [f64; 4],
    /// Windows that the latest rest in [`Phase::Safe`] lasts at least.
    pub rest: u32,
    /// How often the next rest is doubled.
    pub backoff: u32,
    /// Windows in [`Phase::Native`] that count towards taking a doubling back.
    pub served: u32,
    /// The kernel was last taken off its native backend for its time: it is on a shorter leash when it returns.
    pub was_slow: bool,
    /// An operator tries the native backend again: the probe leads back to native whatever `auto_switch` says.
    pub rearmed: bool,
    /// Rollbacks so far.
    pub rollback_count: u64,
    /// What the latest rollback was for.
    pub rollback_reason: Option<Rail>,
    /// What latency and throughput are compared with, once it is known.
    pub baseline: Option<Baseline>,
    /// Whether the latest comparison with the reference found a mismatch.
    pub suspect: bool,
    /// Native calls that agreed with the reference since probing began.
    pub probed: u64,
    /// Windows of the latest probe, in a row, in which the native backend served and nobody compared what it computed.
    pub uncompared: u32,
    /// Windows so far.
    pub windows: u64,
}

/// What the rails would do if nothing held them back. It is computed and recorded in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recommendation {
    /// The phase they would choose.
    pub phase: Phase,
    /// Why.
    pub reason: RailReason,
}

/// What happened to the phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It stayed.
    Kept,
    /// It went to [`Phase::Safe`] because of this rail, whatever dwell and cooldown said.
    RolledBack(Rail),
    /// It followed the recommendation.
    Switched(RailReason),
}

/// The answer to one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Number of the window, from 1.
    pub window: u64,
    /// The phase in which the window ran.
    pub before: Phase,
    /// The phase from now on.
    pub phase: Phase,
    /// What happened to it.
    pub action: Action,
    /// What each rail said.
    pub judgement: Judgement,
    /// What the rails would do if nothing held them back.
    pub shadow: Recommendation,
    /// Rollbacks so far.
    pub rollback_count: u64,
    /// Windows without a switch, still to come.
    pub cooldown: u32,
    /// An operator re-armed the rails before this window.
    pub rearmed: bool,
}

/// Windows in native, in units of the latest rest, after which a doubling of the rest is taken back.
const TRUST: u32 = 8;

/// Windows of a probe in a row without a comparison that end it: it proves nothing, and its outputs may be wrong.
const UNCOMPARED: u32 = 2;

/// Most doublings that a setting can ask for.
const MOST_DOUBLINGS: u32 = 16;

/// The rails of one kernel of one tenant.
#[derive(Debug, Clone)]
pub struct Controller {
    rails: Rails,
    state: State,
    /// p95 and throughput of the windows the baseline is learned from; emptied when it is known.
    learning: Vec<(f64, f64)>,
}

impl Controller {
    /// A controller that starts native and learns its baseline.
    #[must_use]
    pub fn new(rails: Rails) -> Controller {
        let state = State {
            phase: Phase::Native,
            steps: 0,
            cooldown: 0,
            evidence: [0.0; 4],
            rest: 0,
            backoff: 0,
            served: 0,
            was_slow: false,
            rearmed: false,
            rollback_count: 0,
            rollback_reason: None,
            baseline: None,
            suspect: false,
            probed: 0,
            uncompared: 0,
            windows: 0,
        };
        Controller {
            rails,
            state,
            learning: Vec::new(),
        }
    }

    /// A controller that compares with a baseline measured elsewhere.
    #[must_use]
    pub fn with_baseline(rails: Rails, baseline: Baseline) -> Controller {
        let mut controller = Controller::new(rails);
        controller.state.baseline = Some(baseline);
        controller
    }

    /// What the controller remembers.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The settings in force.
    #[must_use]
    pub fn rails(&self) -> &Rails {
        &self.rails
    }

    /// Judges the next window and decides about the phase.
    pub fn step(&mut self, window: &Window) -> Step {
        let before = self.state.phase;
        let Judged { judgement, added } = judge(
            self.rails.settings(),
            self.state.baseline.as_ref(),
            self.state.suspect,
            window,
        );
        if window.checked > 0 {
            self.state.suspect = window.mismatches > 0;
        }
        self.state.windows = self.state.windows.saturating_add(1);
        self.state.steps = self.state.steps.saturating_add(1);
        for ((sum, rail), added) in self.state.evidence.iter_mut().zip(Rail::ALL).zip(added) {
            *sum = match judgement.of(rail) {
                Verdict::Breach => *sum + added,
                Verdict::Clean if rail.is_performance() => (*sum + added).max(0.0),
                Verdict::Clean => 0.0,
                Verdict::Unjudged(_) => *sum,
            };
        }
        self.trust();
        self.learn(&judgement, window);
        if before == Phase::Probe && judgement.runtime_error == Verdict::Clean {
            self.state.probed = self.state.probed.saturating_add(window.checked);
        }

        if before == Phase::Probe && window.checked > 0 {
            self.state.uncompared = 0;
        } else if before == Phase::Probe && window.native > window.errors {
            self.state.uncompared = self.state.uncompared.saturating_add(1);
        }

        let shadow = self.recommend(&judgement);
        let (action, target) = self.decide(shadow, &judgement);
        match action {
            Action::RolledBack(rail) => {
                self.state.rollback_count = self.state.rollback_count.saturating_add(1);
                self.state.rollback_reason = Some(rail);
                self.state.was_slow = rail.is_performance();
                self.state.uncompared = 0;
                self.enter(target);
            }
            Action::Switched(reason) => {
                if target == Phase::Safe && reason != RailReason::NotCompared {
                    self.state.was_slow = reason.is_performance();
                }
                self.enter(target);
            }
            Action::Kept => self.state.cooldown = self.state.cooldown.saturating_sub(1),
        }
        Step {
            window: self.state.windows,
            before,
            phase: self.state.phase,
            action,
            judgement,
            shadow,
            rollback_count: self.state.rollback_count,
            cooldown: self.state.cooldown,
            rearmed: false,
        }
    }

    /// An operator tries the native backend again: from safe to probe at once. Returns whether the phase was safe.
    pub fn rearm(&mut self) -> bool {
        let rests = self.state.phase == Phase::Safe;
        if rests {
            self.enter(Phase::Probe);
            self.state.cooldown = 0;
            self.state.rearmed = true;
        }
        rests
    }

    fn enter(&mut self, phase: Phase) {
        let settings = self.rails.settings();
        let state = &mut self.state;
        state.phase = phase;
        state.steps = 0;
        state.cooldown = settings.cooldown;
        state.evidence = [0.0; 4];
        state.suspect = false;
        state.probed = 0;
        state.served = 0;
        match phase {
            Phase::Safe => {
                state.rest = settings.dwell.saturating_mul(1 << state.backoff.min(MOST_DOUBLINGS));
                state.backoff = (state.backoff + 1).min(settings.backoff);
                state.rearmed = false;
            }
            Phase::Native => {
                state.rearmed = false;
                state.uncompared = 0;
                if state.was_slow {
                    let head_start = f64::from(settings.consecutive) / 2.0;
                    state.evidence = [0.0, 0.0, head_start, head_start];
                }
            }
            Phase::Probe => state.uncompared = 0,
        }
    }

    /// Takes a doubling of the rest back where the native backend has served long enough without a rollback.
    fn trust(&mut self) {
        let state = &mut self.state;
        if state.phase != Phase::Native || state.backoff == 0 {
            return;
        }
        state.served = state.served.saturating_add(1);
        if state.served >= state.rest.saturating_mul(TRUST) {
            state.backoff -= 1;
            state.rest /= 2;
            state.served = 0;
        }
    }

    /// The first breached rail in precedence that is sustained. While probing a single window is enough: the native
    /// backend has to earn trust.
    fn sustained(&self, judgement: &Judgement) -> impl Iterator<Item = Rail> {
        let needed = match self.state.phase {
            Phase::Native => f64::from(self.rails.settings().consecutive),
            Phase::Probe | Phase::Safe => 1.0,
        };
        let (judgement, evidence) = (*judgement, self.state.evidence);
        Rail::ALL
            .into_iter()
            .zip(evidence)
            // A sum of parts may miss a whole number by a rounding.
            .filter(move |(rail, sum)| judgement.of(*rail) == Verdict::Breach && *sum >= needed - 1e-9)
            .map(|(rail, _)| rail)
    }

    fn recommend(&self, judgement: &Judgement) -> Recommendation {
        let phase = self.state.phase;
        if let Some(rail) = self.sustained(judgement).next() {
            return Recommendation {
                phase: Phase::Safe,
                reason: rail.into(),
            };
        }
        match phase {
            Phase::Native if judgement.first_breach().is_some() => Recommendation {
                phase,
                reason: RailReason::BreachNotSustained,
            },
            Phase::Native => Recommendation {
                phase,
                reason: RailReason::None,
            },
            Phase::Probe | Phase::Safe if self.state.uncompared >= UNCOMPARED => Recommendation {
                phase: Phase::Safe,
                reason: RailReason::NotCompared,
            },
            Phase::Safe => Recommendation {
                phase: Phase::Probe,
                reason: RailReason::ProbeDue,
            },
            Phase::Probe if self.state.probed >= u64::from(self.rails.settings().probe_calls) => Recommendation {
                phase: Phase::Native,
                reason: RailReason::ProbePassed,
            },
            Phase::Probe => Recommendation {
                phase,
                reason: RailReason::ProbeRunning,
            },
        }
    }

    /// What happens, and the phase from then on.
    fn decide(&self, shadow: Recommendation, judgement: &Judgement) -> (Action, Phase) {
        let settings = self.rails.settings();
        let (phase, state) = (self.state.phase, &self.state);
        // A rail that may not act does not shield one of lower precedence that may.
        let rollback = self.sustained(judgement).find(|rail| match rail {
            Rail::RuntimeError => true,
            Rail::Pressure => settings.hard_rollback,
            Rail::Latency | Rail::Throughput => settings.hard_rollback && !settings.strict,
        });
        if phase != Phase::Safe
            && let Some(rail) = rollback
        {
            return (Action::RolledBack(rail), Phase::Safe);
        }
        // With `strict`, a breach of time neither leaves native nor keeps a passed probe from it.
        let shadow = match shadow.reason {
            reason if settings.strict && reason.is_performance() => self.without_performance(judgement),
            _ => shadow,
        };
        let lasts = if phase == Phase::Safe {
            state.rest
        } else {
            settings.dwell
        };
        let switches = settings.auto_switch || state.rearmed;
        let may_switch = switches && state.cooldown == 0 && state.steps >= lasts;
        if may_switch && shadow.phase != phase {
            (Action::Switched(shadow.reason), shadow.phase)
        } else {
            (Action::Kept, phase)
        }
    }

    fn without_performance(&self, judgement: &Judgement) -> Recommendation {
        let judgement = Judgement {
            latency: Verdict::Clean,
            throughput: Verdict::Clean,
            ..*judgement
        };
        self.recommend(&judgement)
    }

    /// The baseline is learned from the first windows in which the native backend served without a failure and with enough
    /// samples.
    fn learn(&mut self, judgement: &Judgement, window: &Window) {
        let settings = self.rails.settings();
        let usable = self.state.phase == Phase::Native
            && self.state.baseline.is_none()
            && judgement.runtime_error == Verdict::Clean
            && judgement.pressure == Verdict::Clean
            && window.samples >= u64::from(settings.min_samples);
        let Some(throughput) = window.throughput().filter(|throughput| usable && *throughput > 0.0) else {
            return;
        };
        self.learning.push((window.p95_ns.max(1) as f64, throughput));
        if self.learning.len() < settings.baseline_windows as usize {
            return;
        }
        let (latencies, throughputs) = std::mem::take(&mut self.learning).into_iter().unzip();
        self.state.baseline = centre(latencies)
            .zip(centre(throughputs))
            .map(|(latency, throughput)| Baseline {
                p95_ns: latency.0.round() as u64,
                throughput: throughput.0,
                p95_spread: latency.1,
                throughput_spread: throughput.1,
            });
    }
}

impl Step {
    /// The window of this step as one line of JSON without its end: what [`replay`](super::replay()) reads.
    #[must_use]
    pub fn record(&self, window: &Window) -> String {
        window.to_json(self.window, Some(self.before), self.rearmed)
    }
}

impl fmt::Display for Step {
    /// One line of a trace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step {
            window,
            before,
            phase,
            shadow,
            rollback_count,
            cooldown,
            rearmed,
            ..
        } = self;
        let by_operator = if *rearmed { " re-armed," } else { "" };
        write!(f, "window {window}:{by_operator} {before}")?;
        match self.action {
            Action::Kept => f.write_str(" kept")?,
            Action::RolledBack(rail) => write!(f, " rolled back to {phase} by {rail}")?,
            Action::Switched(reason) => write!(f, " switched to {phase} by {reason}")?,
        }
        write!(f, ", shadow {} {}", shadow.phase, shadow.reason)?;
        for rail in Rail::ALL {
            match self.judgement.of(rail) {
                Verdict::Clean => {}
                Verdict::Breach => write!(f, ", {rail} breached")?,
                Verdict::Unjudged(why) => write!(f, ", {rail} {}", why.code())?,
            }
        }
        write!(f, ", rollbacks {rollback_count}, cooldown {cooldown}")
    }
}
