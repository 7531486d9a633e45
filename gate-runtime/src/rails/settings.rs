//! What can be set about rails: names, defaults, ranges as data, and the one way to get checked rails.

use core::fmt;
use std::error::Error;

/// Settings as somebody wrote them; [`Rails::new`] checks them. The defaults are those of [`FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    missing_docs,
    reason = "`FIELDS` documents every field, and a test holds the two together"
)]
pub struct Settings {
    pub auto_switch: bool,
    pub hard_rollback: bool,
    pub strict: bool,
    pub window_calls: u32,
    pub window_ms: u32,
    pub min_samples: u32,
    pub consecutive: u32,
    pub dwell: u32,
    pub cooldown: u32,
    pub error_events: u32,
    pub pressure: f64,
    pub pressure_events: u32,
    pub latency_rise: f64,
    pub throughput_drop: f64,
    pub baseline_windows: u32,
    pub probe_calls: u32,
    pub backoff: u32,
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// On or off.
    Flag(bool),
    /// A whole number.
    Count(u32),
    /// A share or a relative change; 0.08 is eight per cent.
    Ratio(f64),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Flag(flag) => flag.fmt(f),
            Value::Count(count) => count.fmt(f),
            Value::Ratio(ratio) => write!(f, "{ratio:?}"),
        }
    }
}

/// One thing that can be set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What holds where nothing is set.
    pub default: Value,
    /// The values that are accepted, in words.
    pub range: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn field(name: &'static str, default: Value, range: &'static str, meaning: &'static str) -> Field {
    Field {
        name,
        default,
        range,
        meaning,
    }
}

/// Everything that can be set, with defaults and ranges.
pub const FIELDS: [Field; 17] = [
    field(
        "auto_switch",
        Value::Flag(true),
        "true or false",
        "follow recommendations when dwell and cooldown allow; off: a rollback lasts until an operator re-arms the rails",
    ),
    field(
        "hard_rollback",
        Value::Flag(true),
        "true or false",
        "also roll back immediately on sustained pressure, latency and throughput breaches; runtime errors always \
         do",
    ),
    field(
        "strict",
        Value::Flag(false),
        "true or false",
        "ignore measured time (latency and throughput); runtime errors and pressure still count",
    ),
    field(
        "window_calls",
        Value::Count(64),
        "20 to 65536",
        "calls after which a window is closed",
    ),
    field(
        "window_ms",
        Value::Count(60_000),
        "100 to 86400000",
        "milliseconds after which the next call closes a window that is not full",
    ),
    field(
        "min_samples",
        Value::Count(32),
        "20 to 65536, not above window_calls",
        "native latency samples a window needs before its p95 is judged",
    ),
    field(
        "consecutive",
        Value::Count(2),
        "1 to 1000",
        "consecutive breached windows after which a breach is sustained; of latency and throughput, the fewest",
    ),
    field(
        "dwell",
        Value::Count(4),
        "1 to 10000",
        "windows a phase lasts before a switch may leave it; the first rest in safe lasts as long",
    ),
    field(
        "cooldown",
        Value::Count(2),
        "0 to 10000",
        "windows after a phase change in which no switch happens",
    ),
    field(
        "error_events",
        Value::Count(1),
        "1 to 1000000",
        "native failures and mismatches in a window that breach the runtime error rail",
    ),
    field(
        "pressure",
        Value::Ratio(0.20),
        "above 0.0, up to 1.0",
        "share of a window's calls under memory pressure that breaches the pressure rail",
    ),
    field(
        "pressure_events",
        Value::Count(1),
        "1 to 1000000",
        "refused allocations in a window that breach the pressure rail",
    ),
    field(
        "latency_rise",
        Value::Ratio(0.08),
        "above 0.0, up to 100.0",
        "rise of the p95 over the baseline above which a window is evidence of a latency breach",
    ),
    field(
        "throughput_drop",
        Value::Ratio(0.05),
        "above 0.0, below 1.0",
        "drop of work per busy time below the baseline beyond which a window is evidence of a throughput breach",
    ),
    field(
        "baseline_windows",
        Value::Count(64),
        "8 to 1000",
        "failure-free windows from which centre and spread of the baseline are learned",
    ),
    field(
        "probe_calls",
        Value::Count(64),
        "1 to 1000000",
        "native calls that must agree with the reference before the native backend is trusted again",
    ),
    field(
        "backoff",
        Value::Count(10),
        "0 to 16",
        "how often the rest in safe is doubled, once for each time the kernel leaves native again",
    ),
];

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            auto_switch: true,
            hard_rollback: true,
            strict: false,
            window_calls: 64,
            window_ms: 60_000,
            min_samples: 32,
            consecutive: 2,
            dwell: 4,
            cooldown: 2,
            error_events: 1,
            pressure: 0.20,
            pressure_events: 1,
            latency_rise: 0.08,
            throughput_drop: 0.05,
            baseline_windows: 64,
            probe_calls: 64,
            backoff: 10,
        }
    }
}

impl Settings {
    /// The value of a field by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        Some(match name {
            "auto_switch" => Value::Flag(self.auto_switch),
            "hard_rollback" => Value::Flag(self.hard_rollback),
            "strict" => Value::Flag(self.strict),
            "window_calls" => Value::Count(self.window_calls),
            "window_ms" => Value::Count(self.window_ms),
            "min_samples" => Value::Count(self.min_samples),
            "consecutive" => Value::Count(self.consecutive),
            "dwell" => Value::Count(self.dwell),
            "cooldown" => Value::Count(self.cooldown),
            "error_events" => Value::Count(self.error_events),
            "pressure" => Value::Ratio(self.pressure),
            "pressure_events" => Value::Count(self.pressure_events),
            "latency_rise" => Value::Ratio(self.latency_rise),
            "throughput_drop" => Value::Ratio(self.throughput_drop),
            "baseline_windows" => Value::Count(self.baseline_windows),
            "probe_calls" => Value::Count(self.probe_calls),
            "backoff" => Value::Count(self.backoff),
            _ => return None,
        })
    }

    /// Sets a field by its name from text, as a configuration file or a variable holds it.
    ///
    /// # Errors
    ///
    /// An unknown name, a text that is no value of the field's kind, or one outside its range; nothing is changed.
    pub fn set(&mut self, name: &str, text: &str) -> Result<(), InvalidRail> {
        let Some(field) = FIELDS.iter().find(|field| field.name == name) else {
            return Err(InvalidRail {
                field: name.to_owned(),
                value: text.to_owned(),
                range: "a name in `rails::FIELDS`",
            });
        };
        let refused = || InvalidRail::new(field, text);
        let mut changed = *self;
        match field.default {
            Value::Flag(_) => {
                let flag = text.parse().map_err(|_| refused())?;
                match name {
                    "auto_switch" => changed.auto_switch = flag,
                    "hard_rollback" => changed.hard_rollback = flag,
                    _ => changed.strict = flag,
                }
            }
            Value::Count(_) => {
                let count = text.parse().map_err(|_| refused())?;
                match name {
                    "window_calls" => changed.window_calls = count,
                    "window_ms" => changed.window_ms = count,
                    "min_samples" => changed.min_samples = count,
                    "consecutive" => changed.consecutive = count,
                    "dwell" => changed.dwell = count,
                    "cooldown" => changed.cooldown = count,
                    "error_events" => changed.error_events = count,
                    "pressure_events" => changed.pressure_events = count,
                    "baseline_windows" => changed.baseline_windows = count,
                    "probe_calls" => changed.probe_calls = count,
                    _ => changed.backoff = count,
                }
            }
            Value::Ratio(_) => {
                let ratio = text.parse().map_err(|_| refused())?;
                match name {
                    "pressure" => changed.pressure = ratio,
                    "latency_rise" => changed.latency_rise = ratio,
                    _ => changed.throughput_drop = ratio,
                }
            }
        }
        if !changed.accepts(name) {
            return Err(refused());
        }
        *self = changed;
        Ok(())
    }

    /// Whether the field is in its range; `min_samples` is compared with `window_calls` by [`Rails::new`] alone, since
    /// the order in which the two are set must not matter.
    fn accepts(&self, name: &str) -> bool {
        const MANY: u32 = 1_000_000;
        match name {
            "window_calls" => (20..=65_536).contains(&self.window_calls),
            "window_ms" => (100..=86_400_000).contains(&self.window_ms),
            "min_samples" => (20..=65_536).contains(&self.min_samples),
            "consecutive" => (1..=1_000).contains(&self.consecutive),
            "dwell" => (1..=10_000).contains(&self.dwell),
            "cooldown" => self.cooldown <= 10_000,
            "error_events" => (1..=MANY).contains(&self.error_events),
            "pressure" => self.pressure > 0.0 && self.pressure <= 1.0,
            "pressure_events" => (1..=MANY).contains(&self.pressure_events),
            "latency_rise" => self.latency_rise > 0.0 && self.latency_rise <= 100.0,
            "throughput_drop" => self.throughput_drop > 0.0 && self.throughput_drop < 1.0,
            "baseline_windows" => (8..=1_000).contains(&self.baseline_windows),
            "probe_calls" => (1..=MANY).contains(&self.probe_calls),
            "backoff" => self.backoff <= 16,
            _ => true,
        }
    }
}

/// Settings whose every value is in its range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rails(Settings);

impl Rails {
    /// Checks settings. A value out of range is refused, never replaced.
    ///
    /// # Errors
    ///
    /// Every field that is out of its range, with the range.
    pub fn new(settings: Settings) -> Result<Rails, InvalidRails> {
        let mut refused = Vec::new();
        for field in &FIELDS {
            let unreachable_p95 = field.name == "min_samples" && settings.min_samples > settings.window_calls;
            if (!settings.accepts(field.name) || unreachable_p95)
                && let Some(value) = settings.get(field.name)
            {
                refused.push(InvalidRail::new(field, &value.to_string()));
            }
        }
        if refused.is_empty() {
            Ok(Rails(settings))
        } else {
            Err(InvalidRails(refused))
        }
    }

    /// The settings, all in range.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0
    }
}

impl Default for Rails {
    /// The documented defaults.
    fn default() -> Rails {
        Rails(Settings::default())
    }
}

/// A value that a field does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRail {
    /// The name of the field.
    pub field: String,
    /// The value as it was given.
    pub value: String,
    /// What is accepted.
    pub range: &'static str,
}

impl InvalidRail {
    fn new(field: &Field, value: &str) -> InvalidRail {
        InvalidRail {
            field: field.name.to_owned(),
            value: value.to_owned(),
            range: field.range,
        }
    }
}

impl InvalidRail {
    /// Whether there is no field of that name.
    pub(super) fn is_unknown(&self) -> bool {
        FIELDS.iter().all(|field| field.name != self.field)
    }
}

impl fmt::Display for InvalidRail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvalidRail { field, value, range } = self;
        if self.is_unknown() {
            return write!(f, "unknown field `{field}`");
        }
        write!(f, "invalid value `{value}` for `{field}`: expected {range}")
    }
}

impl Error for InvalidRail {}

/// Every value that was refused, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRails(Vec<InvalidRail>);

impl InvalidRails {
    /// The refused values in the order of [`FIELDS`].
    #[must_use]
    pub fn all(&self) -> &[InvalidRail] {
        &self.0
    }
}

impl fmt::Display for InvalidRails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, invalid) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{invalid}")?;
        }
        Ok(())
    }
}

impl Error for InvalidRails {}
