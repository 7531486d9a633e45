//! Which value of a metric counts.

use serde_json::Value;

/// The value of a metric that counts so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latest {
    pub(super) step: i64,
    pub(super) time: i64,
    pub(super) value: f64,
}

impl Latest {
    /// As in MLflow, the one with the greatest step counts, then the latest, then the greatest.
    pub(super) fn or(self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        let order = (self.step, self.time)
            .cmp(&(other.step, other.time))
            .then(self.value.total_cmp(&other.value));
        if order.is_gt() { self } else { other }
    }

    /// A value that is not finite stays a word, so that it is seen.
    pub(super) fn json(self) -> Value {
        let number = serde_json::Number::from_f64(self.value);
        number.map_or_else(|| Value::String(self.value.to_string()), Value::Number)
    }
}
