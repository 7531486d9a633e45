//! What ptxas knows about a PTX text, asked once for each text.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::ptxas::{Usage, ptxas_report};
use crate::arch::Arch;
use crate::digest::{Digest, Fields};
use crate::ptx::floor::{Assemble, AssembleError, isa_floor};
use crate::ptx::{Isa, Module};
use crate::sorted::{List as _, Map};
use crate::version::{ToolVersion, VersionError, version_of};

/// An assembler of NVIDIA's toolkit on this machine.
#[derive(Debug, Clone)]
pub struct Ptxas {
    program: PathBuf,
    version: ToolVersion,
    scratch: PathBuf,
}

/// What ptxas makes of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The lowest `.version` with the same machine code.
    pub isa_floor: Isa,
    /// What each entry takes, by name.
    pub usages: Map<String, Usage>,
}

impl Ptxas {
    /// This program, with a directory for files that live as long as one call. Asks it for its version.
    ///
    /// # Errors
    /// The program cannot be started or is no ptxas.
    pub fn new(program: PathBuf, scratch: PathBuf) -> Result<Self, VersionError> {
        let version = version_of(&program)?;
        Ok(Self {
            program,
            version,
            scratch,
        })
    }

    /// Its version, as the lock names it.
    #[must_use]
    pub fn version(&self) -> String {
        self.version.to_string()
    }

    /// The facts about a text for its own target. With a `cache`, a directory, they are computed once for each text and version of ptxas; an entry that
    /// cannot be read is computed anew.
    ///
    /// # Errors
    /// The text is no PTX, ptxas refuses it or cannot be run, or its report is not understood.
    pub fn examine(&self, text: &str, cache: Option<&Path>) -> Result<Facts, AssembleError> {
        let module = Module::parse(text).map_err(|error| AssembleError {
            message: error.to_string(),
        })?;
        let mut key = Fields::new("ptxas facts 1");
        key.add("ptxas", self.version()).add("text", text);
        let entry = cache.map(|directory| directory.join(format!("{}.ptxas", key.finish())));
        let known = entry
            .as_deref()
            .and_then(|entry| std::fs::read_to_string(entry).ok())
            .and_then(|known| Facts::read(&known));
        if let Some(facts) = known.filter(|facts| facts.fit(&module)) {
            return Ok(facts);
        }
        let facts = self.ask(text, &module)?;
        if let Some(entry) = entry {
            // A cache that cannot be written costs time, nothing else.
            let _ = store(&entry, &facts.to_text());
        }
        Ok(facts)
    }

    fn ask(&self, text: &str, module: &Module) -> Result<Facts, AssembleError> {
        let (code, log) = self.run(text, module.target)?;
        let code = code.ok_or_else(|| AssembleError {
            message: format!("ptxas {} rejected the PTX: {}", self.version, first_error(&log)),
        })?;
        let usages = ptxas_report(&log).map_err(|error| AssembleError {
            message: error.to_string(),
        })?;
        if let Some(entry) = module.entries.iter().seek(|entry| !usages.contains_key(&entry.name)) {
            return Err(AssembleError {
                message: format!("ptxas {} reported nothing about entry `{}`", self.version, entry.name),
            });
        }
        let isa_floor = isa_floor(text, module, code, &mut &*self)?;
        Ok(Facts { isa_floor, usages })
    }

    /// Machine code, `None` when refused, and what ptxas says.
    fn run(&self, text: &str, arch: Arch) -> Result<(Option<Digest>, String), AssembleError> {
        let failed = |action: &str, path: &Path, error: std::io::Error| AssembleError {
            message: format!("cannot {action} `{}`: {error}", path.display()),
        };
        let name = format!("{}-{}", std::process::id(), Digest::of(text.as_bytes()));
        let (input, output) = (
            self.scratch.join(format!("{name}.ptx")),
            self.scratch.join(format!("{name}.cubin")),
        );
        std::fs::create_dir_all(&self.scratch).map_err(|error| failed("create", &self.scratch, error))?;
        std::fs::write(&input, text).map_err(|error| failed("write", &input, error))?;
        let mut flag = OsString::from("-arch=");
        flag.push(arch.to_string());
        let finished = Command::new(&self.program)
            .arg("--verbose")
            .arg(flag)
            .arg("-o")
            .args([&output, &input])
            .stdin(Stdio::null())
            .output();
        let code = std::fs::read(&output);
        for file in [&input, &output] {
            // Scratch files that stay behind harm nobody.
            let _ = std::fs::remove_file(file);
        }
        let finished = finished.map_err(|error| failed("start", &self.program, error))?;
        let mut log = String::from_utf8_lossy(&finished.stdout).into_owned();
        log.push_str(&String::from_utf8_lossy(&finished.stderr));
        match (finished.status.code(), code) {
            (Some(0), Ok(code)) => Ok((Some(Digest::of(&code)), log)),
            (Some(0), Err(error)) => Err(failed("read", &output, error)),
            (Some(_), _) => Ok((None, log)),
            (None, _) => Err(AssembleError {
                message: format!("`{}` was killed by a signal", self.program.display()),
            }),
        }
    }
}

impl Assemble for &Ptxas {
    fn machine_code(&mut self, text: &str, arch: Arch) -> Result<Option<Digest>, AssembleError> {
        Ok(self.run(text, arch)?.0)
    }
}

/// The first line that speaks of an error, without the scratch file's name.
fn first_error(log: &str) -> String {
    let line = log
        .lines()
        .seek(|line| line.contains("error") || line.contains("fatal"))
        .or_else(|| log.lines().next());
    let line = line.unwrap_or("it printed nothing").trim();
    line.split_once(", line ")
        .map_or_else(|| line.to_string(), |(_, rest)| format!("line {rest}"))
}

impl Facts {
    /// Whether they are about this module: a cache entry of another one would be.
    fn fit(&self, module: &Module) -> bool {
        self.isa_floor <= module.version && module.entries.iter().all(|entry| self.usages.contains_key(&entry.name))
    }

    /// The form in the cache: a line for the floor, one for each entry, and a digest of them at the end.
    fn to_text(&self) -> String {
        let mut text = format!("floor {}\n", self.isa_floor);
        for (name, usage) in &self.usages {
            let Usage {
                registers,
                spill_stores,
                spill_loads,
                stack,
                shared,
                constant,
                local,
                barriers,
            } = usage;
            let _ = writeln!(
                text,
                "{name} {registers} {spill_stores} {spill_loads} {stack} {shared} {constant} {local} {barriers}"
            );
        }
        let digest = Digest::of(text.as_bytes());
        let _ = writeln!(text, "end {digest}");
        text
    }

    fn read(text: &str) -> Option<Self> {
        let (body, end) = text.strip_suffix('\n')?.rsplit_once('\n')?;
        let body = &text[..body.len() + 1];
        if end.strip_prefix("end ")?.parse() != Ok(Digest::of(body.as_bytes())) {
            return None;
        }
        let mut lines = body.lines();
        let isa_floor = lines.next()?.strip_prefix("floor ")?.parse().ok()?;
        let usages = lines
            .map(|line| {
                let mut words = line.split(' ');
                let name = words.next()?.to_string();
                let mut next = || words.next()?.parse().ok();
                let usage = Usage {
                    registers: next()?,
                    spill_stores: next()?,
                    spill_loads: next()?,
                    stack: next()?,
                    shared: next()?,
                    constant: next()?,
                    local: next()?,
                    barriers: next()?,
                };
                Some((name, usage))
            })
            .collect::<Option<_>>()?;
        Some(Self { isa_floor, usages })
    }
}

/// Writes a cache entry so that nobody sees half of it.
fn store(entry: &Path, text: &str) -> std::io::Result<()> {
    if let Some(directory) = entry.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let temporary = entry.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&temporary, text)?;
    std::fs::rename(&temporary, entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_read_back_and_a_changed_byte_is_a_miss() {
        let usage = Usage {
            registers: 40,
            shared: 4096,
            ..Usage::default()
        };
        let facts = Facts {
            isa_floor: Isa { major: 7, minor: 0 },
            usages: Map::from([("k".to_string(), usage)]),
        };
        let text = facts.to_text();
        assert_eq!(Facts::read(&text), Some(facts));
        assert_eq!(Facts::read(&text.replace("40", "41")), None);
        assert_eq!(Facts::read(""), None);
        assert_eq!(Facts::read(&text[..text.len() - 1]), None);
    }

    #[test]
    fn the_first_error_is_named_without_the_scratch_file() {
        let log =
            "ptxas info    : x\nptxas /tmp/1.ptx, line 102; error   : Feature '.bf16' requires PTX ISA .version 7.0\n";
        assert_eq!(
            first_error(log),
            "line 102; error   : Feature '.bf16' requires PTX ISA .version 7.0"
        );
        assert_eq!(first_error(""), "it printed nothing");
    }
}
