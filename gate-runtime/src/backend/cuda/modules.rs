//! The device of a runtime, and what is loaded on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{Device, Driver, DriverError, FunctionId, ModuleId, OpenError, Opener};
use crate::contain::contained;
use crate::contract::Contract;
use crate::module::VerifiedImage;
use crate::reason::{Causes, Reason};
use crate::spec::CpuFn;

/// An open device with its module cache.
pub(crate) struct Cuda {
    state: Mutex<State>,
    /// What the device is does not change when it is opened again; another device is another runtime.
    device: Device,
    /// 0 while the device is there, else the driver's number that lost it.
    lost: AtomicU64,
    budget: Duration,
    counters: CacheCounters,
}

/// What is behind the lock: one call at a time.
pub(super) struct State {
    /// `None` after it was closed and could not be opened again.
    pub(super) driver: Option<Box<dyn Driver>>,
    modules: HashMap<[u8; 32], ModuleId>,
    functions: HashMap<([u8; 32], String), FunctionId>,
}

/// How often modules were loaded, and how often they were there.
#[derive(Debug, Default)]
pub(crate) struct CacheCounters {
    pub(crate) loads: AtomicU64,
    pub(crate) hits: AtomicU64,
    pub(crate) over_budget: AtomicU64,
    pub(crate) load_ns: AtomicU64,
}

/// What finding a function cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) hit: bool,
    pub(super) over_budget: bool,
    pub(super) load_ns: u64,
}

impl Cuda {
    pub(crate) fn new(driver: Box<dyn Driver>, budget: Duration) -> Cuda {
        Cuda {
            device: driver.device().clone(),
            state: Mutex::new(State {
                driver: Some(driver),
                modules: HashMap::new(),
                functions: HashMap::new(),
            }),
            lost: AtomicU64::new(0),
            budget,
            counters: CacheCounters::default(),
        }
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn counters(&self) -> &CacheCounters {
        &self.counters
    }

    /// Whether no call can succeed until the device is opened again.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire) != 0
    }

    /// From now on calls fail at once, without a word to the driver.
    pub(crate) fn lose(&self, error: u32) {
        self.lost.store(u64::from(error.max(1)), Ordering::Release);
    }

    /// Closes the driver that was lost and opens it again. Everything is loaded again when it is needed.
    pub(crate) fn reopen(&self, open: &Opener) -> Result<(), Reason> {
        let mut state = self.lock();
        self.lose(DriverError::DEINITIALIZED.0);
        state.modules.clear();
        state.functions.clear();
        // Closed first: a device context that is still held would be handed out again as it is.
        state.driver = None;
        let opened = contained(open).unwrap_or(Err(OpenError::NoDriver));
        let driver = opened.map_err(|error| error.reason())?;
        if *driver.device() != self.device {
            return Err(Reason::NoDevice);
        }
        state.driver = Some(driver);
        self.lost.store(0, Ordering::Release);
        Ok(())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is contained and loses the device, so what it left behind is thrown away by `reopen`.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The function of an image, loaded if it is not.
    pub(super) fn function(
        &self,
        state: &mut State,
        image: &VerifiedImage,
        entry: &str,
        bind: (&'static Contract, CpuFn),
        delay: Duration,
    ) -> Result<(FunctionId, Found), Causes> {
        let key = self.key(image);
        if let Some(function) = state.functions.get(&(key, entry.to_owned())) {
            self.counters.hits.fetch_add(1, Ordering::Relaxed);
            let found = Found {
                hit: true,
                ..Found::default()
            };
            return Ok((*function, found));
        }
        let start = Instant::now();
        let failed = |error: DriverError| {
            if error.loses_device() {
                self.lose(error.0);
            }
            Causes::of(Reason::ModuleLoadFailed).then(error)
        };
        let driver = state.driver.as_deref().ok_or(Reason::DeviceLost)?;
        let module = match state.modules.get(&key) {
            Some(module) => *module,
            None => {
                let text = image
                    .text()
                    .map_err(|diagnostic| Causes::of(Reason::ModuleLoadFailed).then(diagnostic.reason))?;
                std::thread::sleep(delay);
                self.counters.loads.fetch_add(1, Ordering::Relaxed);
                let module = driver.load(&text).map_err(failed)?;
                state.modules.insert(key, module);
                module
            }
        };
        let function = driver.function(module, entry).map_err(failed)?;
        driver.bind(function, bind.0, bind.1);
        state.functions.insert((key, entry.to_owned()), function);
        let took = start.elapsed();
        let found = Found {
            hit: false,
            over_budget: !self.budget.is_zero() && took > self.budget,
            load_ns: took.as_nanos() as u64,
        };
        self.counters.load_ns.fetch_add(found.load_ns, Ordering::Relaxed);
        if found.over_budget {
            self.counters.over_budget.fetch_add(1, Ordering::Relaxed);
        }
        Ok((function, found))
    }

    /// Everything that decides what the driver makes of a text.
    fn key(&self, image: &VerifiedImage) -> [u8; 32] {
        module_key(&self.device, image.arch, image.isa, &image.sha256)
    }
}

/// SHA-256 over everything that decides what a driver makes of a text: each part with its length, so that no two lists of
/// parts are the same bytes. There are no compile options to cover: the driver's defaults are used.
fn module_key(device: &Device, arch: u32, isa: (u8, u8), sha256: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(device.name.as_bytes());
    part(&device.arch.to_le_bytes());
    part(&device.driver_version.to_le_bytes());
    part(&arch.to_le_bytes());
    part(&[isa.0, isa.1]);
    part(sha256);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, any, prop_oneof, proptest};
    use proptest::strategy::Strategy;
    use proptest::{prop_assert_eq, prop_assert_ne};

    use super::*;

    type Parts = (String, u32, u32, u32, (u8, u8), [u8; 32]);

    fn key(parts: &Parts) -> [u8; 32] {
        let (name, arch, driver_version, image, isa, sha256) = parts.clone();
        let device = Device {
            name,
            arch,
            driver_version,
        };
        module_key(&device, image, isa, &sha256)
    }

    fn parts() -> impl Strategy<Value = Parts> {
        let name = prop_oneof![Just(String::new()), "[a-z]{1,4}"];
        (name, 0..3_u32, 0..3_u32, 0..3_u32, any::<(u8, u8)>(), any::<[u8; 32]>())
    }

    proptest! {
        #[test]
        fn every_part_changes_the_key(parts in parts(), which in 0..6_usize) {
            let mut other = parts.clone();
            match which {
                0 => other.0.push('x'),
                1 => other.1 += 1,
                2 => other.2 += 1,
                3 => other.3 += 1,
                4 => other.4.1 ^= 1,
                _ => other.5[0] ^= 1,
            }
            prop_assert_ne!(key(&parts), key(&other));
        }

        #[test]
        fn different_parts_have_different_keys(one in parts(), other in parts()) {
            prop_assert_eq!(one == other, key(&one) == key(&other));
        }
    }
}
