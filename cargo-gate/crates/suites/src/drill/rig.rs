//! What a drill works with: its commands, once prepared, and the instances of the system, each behind its own proxy.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gate_base::error::{Error, ErrorKind, Result};
use gate_base::process::full::{self, Full};
use gate_base::process::{self, ProcessSpec, Running};
use gate_drill::proxy::Proxy;
use gate_drill::residue::MARK;
use gate_policy::{DrillPolicy, FaultKind, SuitePolicy};
use gate_report::Reason;

use super::super::launch::{Launch, prepared};
use super::super::log::SuiteLog;
use super::super::{SuiteContext, workspace_copy};

/// How long a question, whether an instance answers or an invariant holds, may take.
const QUESTION: Duration = Duration::from_secs(5);
/// Between two questions.
const TICK: Duration = Duration::from_millis(20);
/// How long an instance may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);
/// Most bytes of output that are kept of each run of the system.
const KEPT: usize = 1 << 20;

/// Commands in which `{port}` and the like are still to be filled in.
pub(super) struct Commands {
    start: ProcessSpec,
    ready: Option<ProcessSpec>,
    stop: Option<ProcessSpec>,
    pub(super) load: ProcessSpec,
    pub(super) read: ProcessSpec,
    pub(super) verify: Option<ProcessSpec>,
    pub(super) verified: Option<ProcessSpec>,
    pub(super) invariants: Vec<(String, ProcessSpec)>,
}

/// Everything that a drill uses.
pub(super) struct Rig<'a> {
    pub(super) suite: &'a SuitePolicy,
    pub(super) policy: &'a DrillPolicy,
    pub(super) cx: &'a SuiteContext<'a>,
    pub(super) log: SuiteLog,
    pub(super) mark: String,
    pub(super) scratch: PathBuf,
    target: PathBuf,
}

/// One instance of the system.
pub(super) struct Instance {
    number: u32,
    backend: u16,
    pub(super) proxy: Proxy,
    directory: PathBuf,
    pub(super) process: Option<Running>,
    /// While its disk is full.
    pub(super) full: Option<Full>,
}

/// The system of one run.
pub(super) struct System {
    pub(super) instances: Vec<Instance>,
    /// What verifies, while it runs.
    pub(super) verifier: Option<Running>,
    /// Whether the disk of an instance may become full.
    fills: bool,
    directory: PathBuf,
    said: Arc<Mutex<Vec<u8>>>,
}

type OrReason<T> = Result<std::result::Result<T, Reason>>;

/// Words to fill in, and what with.
pub(super) type Filled = Vec<(&'static str, String)>;

pub(super) fn fill(spec: &ProcessSpec, filled: &Filled) -> ProcessSpec {
    let word = |word: &OsString| {
        let text = word.to_string_lossy().into_owned();
        let text = filled
            .iter()
            .fold(text, |text, (name, value)| text.replace(name, value));
        OsString::from(text)
    };
    ProcessSpec {
        command: spec.command.iter().map(word).collect(),
        ..spec.clone()
    }
}

fn io_error(what: &str, error: &io::Error) -> Error {
    Error::tool(format!("cannot {what}: {error}"))
}

impl<'a> Rig<'a> {
    /// The inner reason says why there can be no drill.
    pub(super) fn new(suite: &'a SuitePolicy, policy: &'a DrillPolicy, cx: &'a SuiteContext<'a>) -> OrReason<Self> {
        let target = if workspace_copy::needed(cx.workspace) {
            match workspace_copy::prepare(cx.workspace)? {
                Ok(tree) => tree.target,
                Err(reason) => return Ok(Err(reason)),
            }
        } else {
            cx.workspace.target_dir().to_owned()
        };
        let scratch = cx.workspace.gate_dir().join("drill").join(&suite.name);
        let place = gate_base::digest::sha256_hex(scratch.to_string_lossy().as_bytes());
        Ok(Ok(Self {
            suite,
            policy,
            cx,
            log: SuiteLog::create(&cx.log, cx.workspace)?,
            mark: place[..16].to_owned(),
            scratch,
            target,
        }))
    }

    pub(super) fn note(&mut self, text: &str) -> Result<()> {
        writeln!(self.log, "== {text}").map_err(|error| Error::io("write", &self.cx.log, &error))
    }

    /// Builds, and prepares the commands: what they start may be built only then.
    pub(super) fn commands(&mut self) -> OrReason<Commands> {
        if let Some(build) = &self.policy.build {
            let spec = match self.prepare(build, false)? {
                Ok(spec) => spec,
                Err(reason) => return Ok(Err(reason)),
            };
            let end = process::run(&spec, &mut self.log, self.cx.cancel, &mut |_| {})?;
            if end.cancelled {
                return Err(interrupted());
            }
            if end.exit_code != Some(0) || end.timed_out {
                let message = format!("`{}` failed", build.join(" "));
                return Ok(Err(Reason::new("build_failed", message).help(build.join(" "))));
            }
        }
        let mut reasons = Vec::new();
        let mut prepare = |words: &[String], split| -> Result<Option<ProcessSpec>> {
            Ok(match self.prepare(words, split)? {
                Ok(spec) => Some(spec),
                Err(reason) => {
                    reasons.push(reason);
                    None
                }
            })
        };
        let start = prepare(&self.suite.command, false)?;
        let load = prepare(&self.policy.load, true)?;
        let read = prepare(&self.policy.read, true)?;
        let mut optional = |words: &Option<Vec<String>>, split| {
            let words = words.as_deref();
            words.map_or(Ok(None), |words| prepare(words, split))
        };
        let ready = optional(&self.policy.ready, false)?;
        let stop = optional(&self.policy.stop, false)?;
        let verify = optional(&self.policy.verify, false)?;
        let verified = optional(&self.policy.verified, true)?;
        let mut invariants = Vec::new();
        for invariant in &self.policy.invariants {
            invariants.extend(prepare(&invariant.command, false)?.map(|spec| (invariant.name.clone(), spec)));
        }
        if let Some(reason) = reasons.into_iter().next() {
            return Ok(Err(reason));
        }
        let (Some(start), Some(load), Some(read)) = (start, load, read) else {
            return Ok(Err(Reason::new("suite_missing", "the suite has no command")));
        };
        Ok(Ok(Commands {
            start,
            ready,
            stop,
            load,
            read,
            verify,
            verified,
            invariants,
        }))
    }

    fn prepare(&self, words: &[String], split_stdout: bool) -> OrReason<ProcessSpec> {
        let target = self.target.to_string_lossy();
        let command: Vec<String> = words.iter().map(|word| word.replace("{target}", &target)).collect();
        let launch = Launch {
            command: &command,
            split_stdout,
            root: None,
            environment: vec![(MARK.into(), Some(self.mark.clone().into()))],
            usage: None,
        };
        prepared(self.suite, self.cx, &launch)
    }

    /// Ends when the user wants to stop.
    pub(super) fn alive(&self) -> Result<()> {
        if self.cx.cancel.requested() {
            return Err(interrupted());
        }
        Ok(())
    }

    /// Runs a question and says whether the answer is yes.
    pub(super) fn ask(&mut self, spec: &ProcessSpec, filled: &Filled) -> Result<bool> {
        let spec = ProcessSpec {
            timeout: Some(QUESTION),
            ..fill(spec, filled)
        };
        let end = process::run(&spec, &mut self.log, self.cx.cancel, &mut |_| {})?;
        self.alive()?;
        Ok(end.exit_code == Some(0) && !end.timed_out)
    }

    /// An empty directory for each instance, and a proxy in front of each. Nothing runs.
    pub(super) fn system(&self, seed: u64) -> Result<System> {
        let directory = self.scratch.clone();
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(|error| Error::io("remove", &directory, &error))?;
        }
        let mut instances = Vec::new();
        for number in 1..=self.policy.instances {
            let own = directory.join(format!("instance-{number}"));
            fs::create_dir_all(&own).map_err(|error| Error::io("create", &own, &error))?;
            let backend = free_port().map_err(|error| io_error("find a free port", &error))?;
            let proxy = Proxy::start((Ipv4Addr::LOCALHOST, backend).into(), seed ^ u64::from(number))
                .map_err(|error| io_error("open a port", &error))?;
            instances.push(Instance {
                number,
                backend,
                proxy,
                directory: own,
                process: None,
                full: None,
            });
        }
        Ok(System {
            instances,
            verifier: None,
            fills: self.policy.faults.iter().any(|fault| fault.kind == FaultKind::DiskFull),
            directory,
            said: Arc::default(),
        })
    }

    /// What the system printed goes to the log.
    pub(super) fn said(&mut self, system: &System) -> Result<()> {
        let said = std::mem::take(&mut *system.said.lock().unwrap_or_else(PoisonError::into_inner));
        let written = self.log.write_all(&said);
        written.map_err(|error| Error::io("write", &self.cx.log, &error))
    }

    /// Waits until an instance answers. The inner error says why it does not.
    pub(super) fn wait_ready(
        &mut self,
        commands: &Commands,
        system: &mut System,
        at: usize,
        due: Instant,
    ) -> Result<std::result::Result<(), String>> {
        loop {
            let filled = system.clients(Some(at));
            let instance = &mut system.instances[at];
            if let Some(how) = instance.ended()? {
                return Ok(Err(format!("instance {} {how}", instance.number)));
            }
            let answers = match &commands.ready {
                Some(ready) => self.ask(ready, &filled)?,
                None => TcpStream::connect((Ipv4Addr::LOCALHOST, instance.backend)).is_ok(),
            };
            if answers {
                return Ok(Ok(()));
            }
            self.alive()?;
            if Instant::now() >= due {
                return Ok(Err(format!("instance {} does not answer", at + 1)));
            }
            std::thread::sleep(TICK);
        }
    }

    /// Asks every instance to end, and ends by force what does not.
    pub(super) fn stop(&mut self, commands: &Commands, system: &mut System) -> Result<()> {
        if let Some(mut verifier) = system.verifier.take() {
            let stopped = verifier.stop(GRACE);
            stopped.map_err(|error| io_error("stop the verifier", &error))?;
        }
        for at in 0..system.instances.len() {
            self.stop_one(commands, system, at)?;
        }
        self.said(system)
    }

    /// The same of one instance.
    pub(super) fn stop_one(&mut self, commands: &Commands, system: &mut System, at: usize) -> Result<()> {
        let filled = system.backend(at);
        let Some(mut process) = system.instances[at].process.take() else {
            return Ok(());
        };
        let stopped = |error: io::Error| io_error("stop the system", &error);
        if let Some(stop) = &commands.stop {
            self.ask(stop, &filled)?;
            process.wait(GRACE).map_err(stopped)?;
        }
        process.stop(GRACE).map_err(stopped)?;
        Ok(())
    }
}

impl System {
    fn all_ports(&self) -> String {
        let ports: Vec<String> = self
            .instances
            .iter()
            .map(|instance| instance.proxy.port().to_string())
            .collect();
        ports.join(",")
    }

    /// What clients see: the proxy of an instance, the first by default.
    pub(super) fn clients(&self, at: Option<usize>) -> Filled {
        let instance = &self.instances[at.unwrap_or(0)];
        let directory = if at.is_some() {
            &instance.directory
        } else {
            &self.directory
        };
        vec![
            ("{ports}", self.all_ports()),
            ("{port}", instance.proxy.port().to_string()),
            ("{directory}", directory.to_string_lossy().into_owned()),
            ("{instance}", instance.number.to_string()),
        ]
    }

    /// What the instance itself sees.
    fn backend(&self, at: usize) -> Filled {
        let mut filled = self.clients(Some(at));
        filled[1].1 = self.instances[at].backend.to_string();
        filled
    }

    /// Starts an instance.
    pub(super) fn start(&mut self, commands: &Commands, at: usize) -> Result<()> {
        let spec = fill(&commands.start, &self.backend(at));
        let start = || Running::start(&spec, self.listener());
        let running = if self.fills {
            full::prepared(start).map_err(|error| io_error("start the system", &error))??
        } else {
            start()?
        };
        self.instances[at].process = Some(running);
        Ok(())
    }

    /// Starts what verifies, where there is something.
    pub(super) fn start_verifier(&mut self, commands: &Commands) -> Result<()> {
        if let Some(verify) = &commands.verify {
            let spec = fill(verify, &self.clients(None));
            self.verifier = Some(Running::start(&spec, self.listener())?);
        }
        Ok(())
    }

    /// Keeps what is printed.
    fn listener(&self) -> impl FnMut(&str, bool) + Send + 'static {
        let said = Arc::clone(&self.said);
        move |line, _| {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() < KEPT {
                said.extend_from_slice(line.as_bytes());
                said.push(b'\n');
            }
        }
    }

    /// Where the file is made that ends the load.
    pub(super) fn until(&self) -> PathBuf {
        self.directory.join("until")
    }
}

impl Instance {
    /// How it ended, where it did.
    pub(super) fn ended(&mut self) -> Result<Option<String>> {
        let Some(process) = &mut self.process else {
            return Ok(Some("does not run".to_owned()));
        };
        let ended = process
            .ended()
            .map_err(|error| io_error("wait for the system", &error))?;
        Ok(ended.map(|end| match end {
            (Some(code), _) => format!("ended with code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "ended".to_owned(),
        }))
    }
}

pub(super) fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "interrupted")
}

/// A port of the loopback interface that nothing listens on. Another process could take it first, which the drill would see.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Removes what a drill wrote.
pub(super) fn forget(scratch: &Path) {
    // What cannot be removed is overwritten by the next run.
    drop(fs::remove_dir_all(scratch));
}
