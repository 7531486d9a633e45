//! How old evidence is.

use std::time::Duration;

use jiff::Timestamp;

/// How old something recorded at this time is; `None` when it is not a time, or yet to come. Evidence of this run is
/// recorded while it runs, a little after its start.
pub fn age(recorded: &str, now: Timestamp) -> Option<Duration> {
    const RUNNING: Duration = Duration::from_secs(24 * 60 * 60);
    let recorded: Timestamp = recorded.parse().ok()?;
    match now.duration_since(recorded).try_into() {
        Ok(age) => Some(age),
        Err(_) => {
            let ahead: Duration = recorded.duration_since(now).try_into().ok()?;
            (ahead <= RUNNING).then_some(Duration::ZERO)
        }
    }
}

/// A duration in its largest whole unit.
pub fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    gate_report::render::text::count(number, unit)
}
