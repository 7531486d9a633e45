//! How much a store may hold.

use std::time::Duration;

use crate::env::Env;
use crate::error::Error;

/// How much a store may hold, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most bytes, pinned ones included.
    pub bytes: u64,
    /// What was not used for longer goes, whatever the size.
    pub age: Option<Duration>,
}

impl Default for Bounds {
    /// 2 GiB, and no age.
    fn default() -> Self {
        Self {
            bytes: 2 << 30,
            age: None,
        }
    }
}

impl Bounds {
    /// As the environment says: `GATE_CACHE_SIZE` MiB and `GATE_CACHE_DAYS` days.
    ///
    /// # Errors
    /// A variable holds no number.
    pub fn of(env: &Env) -> Result<Self, Error> {
        let size = env.number("GATE_CACHE_SIZE")?;
        let days = env.number("GATE_CACHE_DAYS")?;
        Ok(Self {
            bytes: size.map_or(Self::default().bytes, |size| size.saturating_mul(1 << 20)),
            age: days.map(|days| Duration::from_secs(days.saturating_mul(24 * 3600))),
        })
    }
}
