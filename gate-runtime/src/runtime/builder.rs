//! Configuration of a runtime.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Runtime;
use crate::backend::cpu;
use crate::backend::cuda::{self, Cuda, Driver, OpenError, Opener, SimulatedDriver};
use crate::catalog::Catalog;
use crate::contain::contained;
use crate::control::{Control, ControlState};
use crate::decision_log::DecisionLog;
use crate::fault::{FaultError, Faults};
use crate::journal::Lanes;
use crate::module::Recheck;
use crate::observe::{Observer, Shadow};
use crate::reason::{Causes, Reason};
use crate::shared::{Shared, Switches};

/// Configures a [`Runtime`]. Without a word it asks for the native backend, injects no faults and writes no log.
#[must_use]
pub struct Builder {
    requested: bool,
    faults: Faults,
    recheck: Recheck,
    budget: Duration,
    run_id: Option<String>,
    log: Option<DecisionLog>,
    opener: Option<Box<Opener>>,
    observer: Option<Arc<dyn Observer>>,
    shadow: Option<Arc<dyn Shadow>>,
    control: Arc<Control>,
}

impl Runtime {
    /// Starts to configure a runtime.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    fn new() -> Builder {
        Builder {
            requested: true,
            faults: Faults::NONE,
            recheck: Recheck::OnChange,
            budget: Duration::ZERO,
            run_id: None,
            log: None,
            opener: None,
            observer: None,
            shadow: None,
            control: Arc::new(Control::new(ControlState::INITIAL)),
        }
    }

    /// Never asks for the native backend: calls fall back with `not_requested`.
    pub fn cpu_only(mut self) -> Builder {
        self.requested = false;
        self
    }

    /// Injects faults. Programs that may be drilled from outside pass [`Faults::from_env`].
    pub fn faults(mut self, faults: Faults) -> Builder {
        self.faults = faults;
        self
    }

    /// How much is digested again before each launch.
    pub fn recheck(mut self, recheck: Recheck) -> Builder {
        self.recheck = recheck;
        self
    }

    /// How long loading a module may take before the dispatch is marked; zero, the default, means as long as it takes.
    /// Nothing fails for it.
    pub fn compile_budget(mut self, budget: Duration) -> Builder {
        self.budget = budget;
        self
    }

    /// The identity of this run in log and stats: up to 128 ASCII letters, digits, `_`, `.`, `:` and `-`. Without it one is
    /// made of the time and the process.
    pub fn run_id(mut self, id: impl Into<String>) -> Builder {
        self.run_id = Some(id.into());
        self
    }

    /// Writes a decision log.
    pub fn decision_log(mut self, log: DecisionLog) -> Builder {
        self.log = Some(log);
        self
    }

    /// Opens this driver instead of the installed one, also when the device is opened again.
    pub fn driver(mut self, open: impl Fn() -> Result<Box<dyn Driver>, OpenError> + Send + Sync + 'static) -> Builder {
        self.opener = Some(Box::new(open));
        self
    }

    /// Tells someone of every dispatch.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Builder {
        self.observer = Some(observer);
        self
    }

    /// Compares some native calls with the CPU function.
    pub fn shadow(mut self, shadow: Arc<dyn Shadow>) -> Builder {
        self.shadow = Some(shadow);
        self
    }

    /// The switch that kernels obey; one in native mode without it.
    pub fn control(mut self, control: Arc<Control>) -> Builder {
        self.control = control;
        self
    }

    /// Opens the device and starts the log.
    ///
    /// # Errors
    /// An identity that is none, or a log that cannot be opened. A device that is not there is no error: calls fall back.
    pub fn build(self) -> Result<Runtime, BuildError> {
        let run_id = match self.run_id {
            None => generated_id(),
            Some(id) => check_id(id)?,
        };
        let simulated = SimulatedDriver::new();
        let opener: Box<Opener> = match self.opener {
            Some(opener) => opener,
            None if self.faults.simulate_available => Box::new(move || simulated.open()),
            None => Box::new(cuda::open),
        };
        let native = open_native(self.requested, &self.faults, &opener, self.budget);
        let logs = self.log.is_some();
        let lanes = Arc::new(Lanes::new(self.log.as_ref().map_or(2, DecisionLog::ring)));
        let catalog = Arc::new(Catalog::default());
        let epoch = Instant::now();
        let hardware = match &native {
            Ok(cuda) => cuda.device().label(),
            Err(_) => cpu::label(),
        };
        let log = match self.log {
            None => None,
            Some(log) => {
                let (lanes, catalog) = (Arc::clone(&lanes), Arc::clone(&catalog));
                let started = log.start(&run_id, &hardware, epoch, &self.faults, lanes, catalog);
                Some(started.map_err(BuildError::Log)?)
            }
        };
        let shared = Shared {
            run_id,
            requested: self.requested,
            recheck: self.recheck,
            epoch,
            logs,
            observed: self.observer.is_some() || cfg!(feature = "tracing"),
            lanes,
            shadow: self.shadow,
            observer: self.observer,
            switches: AtomicU32::new(Switches::of(&self.faults)),
            compile_delay_ms: AtomicU64::new(self.faults.compile_delay.as_millis() as u64),
            native,
            opener,
            reloading: Mutex::new(()),
            control: self.control,
            catalog,
            log,
            silent_mismatches: AtomicU64::new(0),
            faults_at_start: self.faults,
            unknown_calls: AtomicU64::new(0),
        };
        Ok(Runtime {
            shared: Arc::new(shared),
        })
    }
}

fn open_native(requested: bool, faults: &Faults, opener: &Opener, budget: Duration) -> Result<Arc<Cuda>, Causes> {
    if !requested {
        return Err(Reason::NotRequested.into());
    }
    if faults.disable {
        return Err(Reason::DisabledByEnv.into());
    }
    // A driver library that is damaged may well panic.
    let opened = contained(opener).unwrap_or(Err(OpenError::NoDriver));
    match opened {
        Ok(driver) => Ok(Arc::new(Cuda::new(driver, budget))),
        Err(error) => {
            let causes = Causes::of(error.reason());
            Err(match error {
                OpenError::NoDevice(Some(error)) => causes.then(error),
                _ => causes,
            })
        }
    }
}

fn generated_id() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", since.as_nanos(), std::process::id())
}

fn check_id(id: String) -> Result<String, BuildError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if (1..=128).contains(&id.len()) && id.bytes().all(plain) {
        Ok(id)
    } else {
        Err(BuildError::RunId(id))
    }
}

/// Why a runtime cannot be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// Not an identity.
    RunId(String),
    /// The decision log cannot be opened.
    Log(std::io::Error),
    /// A variable that injects a fault has a value that is none.
    Fault(FaultError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::RunId(id) => write!(
                f,
                "invalid run id {id:?}: expected up to 128 ASCII letters, digits, `_`, `.`, `:` and `-`"
            ),
            BuildError::Log(error) => write!(f, "cannot open the decision log: {error}"),
            BuildError::Fault(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BuildError::RunId(_) => None,
            BuildError::Log(error) => Some(error),
            BuildError::Fault(error) => Some(error),
        }
    }
}

impl From<FaultError> for BuildError {
    fn from(error: FaultError) -> BuildError {
        BuildError::Fault(error)
    }
}
