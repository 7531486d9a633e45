//! The device of a runtime, and what is loaded on it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::{Device, Driver, DriverError, FunctionId, ModuleId, OpenError, Opener};
use crate::contain::contained;
use crate::contract::Contract;
use crate::module::{Body, VerifiedImage};
use crate::reason::{Causes, Reason};
use crate::spec::CpuFn;

/// An open device with its module cache.
pub(crate) struct Cuda {
    state: Mutex<State>,
    /// Held while a module is compiled, one at a time; launches go on meanwhile. Taken before `state`.
    loading: Mutex<()>,
    /// What the device is does not change when it is opened again; another device is another runtime.
    device: Device,
    /// 0 while the device is there, else the driver's number that lost it.
    lost: AtomicU64,
    budget: Duration,
    counters: CacheCounters,
}

/// Everything that decides what a driver makes of an image.
type Key = [u8; 32];

/// What is behind the lock: one call at a time.
pub(super) struct State {
    /// `None` after it was closed and could not be opened again.
    pub(super) driver: Option<Arc<dyn Driver>>,
    modules: HashMap<Key, ModuleId>,
    pub(super) functions: HashMap<(Key, String), FunctionId>,
    /// Images that the driver refused for what they are, or whose self-check failed, and entries that it did not find in one. They
    /// are not compiled again.
    refused: HashMap<(Key, String), Causes>,
    /// Images of replaced bodies, unloaded when no call has the body any more.
    retired: Vec<(Weak<Body>, Key)>,
}

impl State {
    fn unload(&mut self, key: &Key) {
        self.functions.retain(|(of, _), _| of != key);
        if let (Some(module), Some(driver)) = (self.modules.remove(key), &self.driver) {
            driver.unload(module);
        }
    }

    /// Unloads what no call can launch any more. Nothing runs on the device while the state is locked.
    pub(super) fn sweep(&mut self) {
        let gone = |(body, _): &(Weak<Body>, Key)| body.strong_count() == 0;
        while let Some(place) = self.retired.iter().position(gone) {
            let (_, key) = self.retired.swap_remove(place);
            self.unload(&key);
        }
    }
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
pub(crate) struct Found {
    pub(super) over_budget: bool,
    pub(super) load_ns: u64,
}

impl Cuda {
    pub(crate) fn new(driver: Box<dyn Driver>, budget: Duration) -> Cuda {
        Cuda {
            device: driver.device().clone(),
            state: Mutex::new(State {
                driver: Some(Arc::from(driver)),
                modules: HashMap::new(),
                functions: HashMap::new(),
                refused: HashMap::new(),
                retired: Vec::new(),
            }),
            loading: Mutex::new(()),
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
        // What is compiled now ends first: it holds the driver that is to be closed.
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        self.lose(DriverError::DEINITIALIZED.0);
        state.modules.clear();
        state.functions.clear();
        state.refused.clear();
        state.retired.clear();
        // Closed first: a device context that is still held would be handed out again as it is.
        state.driver = None;
        let opened = contained(open).unwrap_or(Err(OpenError::NoDriver));
        let driver = opened.map_err(|error| error.reason())?;
        if *driver.device() != self.device {
            return Err(Reason::NoDevice);
        }
        state.driver = Some(Arc::from(driver));
        self.lost.store(0, Ordering::Release);
        Ok(())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is contained and loses the device, so what it left behind is thrown away by `reopen`.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the driver compile an image and find an entry of it, while launches go on. What the driver refused for what it is, is
    /// refused again without asking it.
    pub(crate) fn load(
        &self,
        image: &VerifiedImage,
        entry: &str,
        bind: (&'static Contract, CpuFn),
        delay: Duration,
    ) -> Result<Found, Causes> {
        let start = Instant::now();
        let key = self.key(image);
        let (whole, part) = ((key, String::new()), (key, entry.to_owned()));
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let (driver, loaded) = {
            let state = self.lock();
            if let Some(causes) = state.refused.get(&whole).or_else(|| state.refused.get(&part)) {
                return Err(*causes);
            }
            if state.functions.contains_key(&part) {
                return Ok(Found::default());
            }
            let driver = state.driver.as_ref().ok_or(Reason::DeviceLost)?;
            (Arc::clone(driver), state.modules.get(&key).copied())
        };
        let failed = |error: DriverError, place: &(Key, String)| {
            if error.loses_device() {
                self.lose(error.0);
            }
            let causes = Causes::of(Reason::ModuleLoadFailed).then(error);
            if error.refuses_module() {
                self.lock().refused.insert(place.clone(), causes);
            }
            causes
        };
        let module = match loaded {
            Some(module) => module,
            None => {
                let text = image
                    .text()
                    .map_err(|diagnostic| Causes::of(Reason::ModuleLoadFailed).then(diagnostic.reason))?;
                std::thread::sleep(delay);
                self.counters.loads.fetch_add(1, Ordering::Relaxed);
                let module = driver.load(&text).map_err(|error| failed(error, &whole))?;
                self.lock().modules.insert(key, module);
                module
            }
        };
        let function = driver.function(module, entry).map_err(|error| failed(error, &part))?;
        driver.bind(function, bind.0, bind.1);
        self.lock().functions.insert(part, function);
        let took = start.elapsed();
        let found = Found {
            over_budget: !self.budget.is_zero() && took > self.budget,
            load_ns: took.as_nanos() as u64,
        };
        self.counters.load_ns.fetch_add(found.load_ns, Ordering::Relaxed);
        if found.over_budget {
            self.counters.over_budget.fetch_add(1, Ordering::Relaxed);
        }
        Ok(found)
    }

    /// The function of an image, if it is loaded.
    pub(super) fn loaded(&self, state: &State, image: &VerifiedImage, entry: &str) -> Option<FunctionId> {
        state.functions.get(&(self.key(image), entry.to_owned())).copied()
    }

    pub(super) fn count_hit(&self) {
        self.counters.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// Unloads an image that is not to serve. With `causes` it is not compiled again.
    pub(crate) fn discard(&self, image: &VerifiedImage, causes: Option<Causes>) {
        let key = self.key(image);
        let mut state = self.lock();
        state.unload(&key);
        if let Some(causes) = causes {
            state.refused.insert((key, String::new()), causes);
        }
    }

    /// A body was replaced: its image is unloaded when no call has the body any more, unless the new one serves.
    pub(crate) fn retire(&self, body: &Weak<Body>, image: &VerifiedImage, successor: &VerifiedImage) {
        let (key, serves) = (self.key(image), self.key(successor));
        let mut state = self.lock();
        state.retired.retain(|(_, retired)| *retired != serves);
        if key != serves {
            state.retired.push((Weak::clone(body), key));
        }
        state.sweep();
    }

    /// Everything that decides what the driver makes of a text.
    fn key(&self, image: &VerifiedImage) -> Key {
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
