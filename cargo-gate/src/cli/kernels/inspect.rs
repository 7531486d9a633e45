//! `cargo gate kernels inspect`: entries, parameters, resources and instruction mix of locked kernels or of PTX files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use gate_build::lock::LockedImage;
use gate_build::ptx::mix::Mix;
use gate_build::ptx::{Entry, Module};
use gate_build::resources::{Ptxas, Usage, occupancy};
use gate_build::{Arch, Env, Toolkit};
use serde::Serialize;

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// PTX files to show instead of the locked kernels
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Show only this kernel
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: Option<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// Threads of a block where nothing limits them.
const BLOCK: u32 = 256;

/// What the command shows: the model of its JSON.
#[derive(Debug, Serialize)]
struct View {
    modules: Vec<ModuleRow>,
}

#[derive(Debug, Serialize)]
struct ModuleRow {
    /// Name of the unit; absent for a PTX file that no lock names.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// The PTX file.
    file: String,
    arch: String,
    /// `.version` of the PTX.
    isa: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    compiler: Option<String>,
    /// SHA-256 over sources, compiler, flags and architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    entries: Vec<EntryRow>,
}

#[derive(Debug, Serialize)]
struct EntryRow {
    name: String,
    /// Types of the parameters, in order.
    params: Vec<String>,
    /// Size of the parameter buffer in bytes.
    param_bytes: u64,
    /// Most threads of a block, where the kernel limits them.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_threads: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occupancy: Option<OccupancyRow>,
    /// Number of instructions in the PTX.
    instructions: u64,
    /// The same by what they do.
    mix: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
struct UsageRow {
    registers: u32,
    spill_stores: u32,
    spill_loads: u32,
    stack: u32,
    shared: u32,
    constant: u32,
    barriers: u32,
}

/// Theoretical occupancy with static shared memory alone.
#[derive(Debug, Serialize)]
struct OccupancyRow {
    threads_per_block: u32,
    blocks_per_multiprocessor: u32,
    percent: u32,
}

pub(super) fn run(arguments: &InspectArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let mut modules = Vec::new();
    if arguments.files.is_empty() {
        let (workspace, crates) = super::locks(conversation)?;
        for found in crates {
            if let Some(problem) = found.problems.iter().find(|_| found.lock.is_none()) {
                return Err(Error::tool(problem.to_string()));
            }
            for (unit, locked) in found.lock.iter().flat_map(|lock| &lock.units) {
                for (arch, image) in &locked.images {
                    let text = image
                        .verified_ptx(unit, *arch, &mut |path| {
                            workspace.read(&gate_base::paths::join(&found.directory, path))
                        })
                        .map_err(|problem| Error::tool(problem.to_string()).with_help("`cargo gate kernels verify`"))?;
                    let file = gate_base::paths::join(&found.directory, &image.ptx);
                    let usages = image.entries.iter();
                    let usages = usages
                        .filter_map(|(name, entry)| Some((name.clone(), entry.usage?)))
                        .collect();
                    modules.push(module(&file, &text, Some((unit.as_str(), image)), &usages)?);
                }
            }
        }
    }
    let assembler = if arguments.files.is_empty() {
        None
    } else {
        Assembler::find()
    };
    for path in &arguments.files {
        let text = std::fs::read(path).map_err(|error| Error::io("read", path, &error))?;
        let usages = assembler.as_ref().and_then(|assembler| assembler.usages(&text));
        modules.push(module(
            &path.to_string_lossy(),
            &text,
            None,
            &usages.unwrap_or_default(),
        )?);
    }
    if let Some(kernel) = &arguments.kernel {
        for module in &mut modules {
            module.entries.retain(|entry| entry.name == *kernel);
        }
        modules.retain(|module| !module.entries.is_empty());
        if modules.is_empty() {
            return Err(Error::usage(format!("unknown kernel `{kernel}`"))
                .with_help("`cargo gate kernels inspect` without `--kernel` lists them"));
        }
    }
    let view = View { modules };
    let text = match arguments.message_format {
        DataFormat::Json => crate::cli::json(&view)?,
        DataFormat::Human => view.to_text(),
    };
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

/// What entries take of the hardware.
type Usages = gate_build::Map<String, Usage>;

/// ptxas, which knows what a file takes that no lock names.
struct Assembler {
    ptxas: Ptxas,
    _scratch: tempfile::TempDir,
}

impl Assembler {
    /// The one of this machine, where there is one that answers.
    fn find() -> Option<Self> {
        Self::of(Toolkit::discover(&Env::of_process()).ptxas?)
    }

    fn of(program: PathBuf) -> Option<Self> {
        let scratch = tempfile::tempdir().ok()?;
        let ptxas = Ptxas::new(program, scratch.path().to_path_buf()).ok()?;
        Some(Self {
            ptxas,
            _scratch: scratch,
        })
    }

    /// Nothing where it refuses the text: an older one does not know every architecture.
    fn usages(&self, text: &[u8]) -> Option<Usages> {
        let facts = self.ptxas.examine(std::str::from_utf8(text).ok()?, None).ok()?;
        Some(facts.usages)
    }
}

fn module(file: &str, text: &[u8], locked: Option<(&str, &LockedImage)>, usages: &Usages) -> Result<ModuleRow> {
    let text = String::from_utf8_lossy(text);
    let module = Module::parse(&text).map_err(|error| Error::usage(format!("`{file}` is not valid PTX: {error}")))?;
    let row = |entry: &Entry| EntryRow::new(&text, entry, module.target, usages.get(&entry.name).copied());
    Ok(ModuleRow {
        unit: locked.map(|(unit, _)| unit.to_owned()),
        file: file.to_owned(),
        arch: module.target.to_string(),
        isa: module.version.to_string(),
        compiler: locked.map(|(_, image)| image.compiler.to_string()),
        fingerprint: locked.map(|(_, image)| image.fingerprint(module.target).to_string()),
        entries: module.entries.iter().map(row).collect(),
    })
}

impl EntryRow {
    fn new(text: &str, entry: &Entry, arch: Arch, usage: Option<Usage>) -> Self {
        let mix = Mix::of(text, entry);
        let max_threads = entry.performance.max_threads();
        let threads = max_threads
            .and_then(|threads| u32::try_from(threads).ok())
            .unwrap_or(BLOCK);
        let occupancy = usage.and_then(|usage| occupancy(arch, usage.registers, usage.shared, threads));
        Self {
            name: entry.name.clone(),
            params: entry.params.iter().map(|param| param.ty.to_string()).collect(),
            param_bytes: entry.param_bytes(),
            max_threads,
            occupancy: occupancy.map(|occupancy| OccupancyRow {
                threads_per_block: threads,
                blocks_per_multiprocessor: occupancy.blocks,
                percent: occupancy.percent(),
            }),
            usage: usage.map(|usage| UsageRow {
                registers: usage.registers,
                spill_stores: usage.spill_stores,
                spill_loads: usage.spill_loads,
                stack: usage.stack,
                shared: usage.shared,
                constant: usage.constant,
                barriers: usage.barriers,
            }),
            instructions: mix.total(),
            mix: mix
                .classes
                .iter()
                .map(|(class, count)| (class.name(), *count))
                .collect(),
        }
    }
}

impl View {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for module in &self.modules {
            let name = module.unit.as_ref().unwrap_or(&module.file);
            let compiler = module
                .compiler
                .as_ref()
                .map_or_else(String::new, |compiler| format!(", {compiler}"));
            let _ = writeln!(text, "{name} {} PTX {}{compiler}", module.arch, module.isa);
            let header = [
                "kernel",
                "registers",
                "spills",
                "shared",
                "stack",
                "occupancy",
                "instructions",
                "parameters",
            ];
            let mut rows = vec![header.map(str::to_owned).to_vec()];
            for entry in &module.entries {
                let usage = |of: fn(&UsageRow) -> u32| {
                    entry
                        .usage
                        .as_ref()
                        .map_or("-".to_owned(), |usage| of(usage).to_string())
                };
                let occupancy = entry.occupancy.as_ref();
                rows.push(vec![
                    entry.name.clone(),
                    usage(|usage| usage.registers),
                    usage(|usage| usage.spill_stores + usage.spill_loads),
                    usage(|usage| usage.shared),
                    usage(|usage| usage.stack),
                    occupancy.map_or("-".to_owned(), |it| {
                        format!("{} % at {}", it.percent, it.threads_per_block)
                    }),
                    entry.instructions.to_string(),
                    format!("({})", entry.params.join(", ")),
                ]);
            }
            text += &super::table("  ", &rows);
            if let [entry] = module.entries.as_slice() {
                let mut mix: Vec<_> = entry.mix.iter().collect();
                mix.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
                let mix: Vec<String> = mix
                    .into_iter()
                    .map(|(class, count)| format!("{count} {class}"))
                    .collect();
                let _ = writeln!(text, "  instructions: {}", mix.join(", "));
            }
            text.push('\n');
        }
        let kernels: usize = self.modules.iter().map(|module| module.entries.len()).sum();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let modules = self.modules.len();
        let _ = writeln!(
            text,
            "{kernels} kernel{} in {modules} module{}",
            plural(kernels),
            plural(modules)
        );
        text
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PTX: &str = "\
.version 8.0
.target sm_80
.address_size 64
.visible .entry axpy(.param .u64 y)
{
    ret;
}
";

    #[test]
    fn registers_of_a_file_are_those_of_ptxas() {
        let folder = tempfile::tempdir().expect("a directory");
        let program = folder.path().join("ptxas");
        // It says its version, or assembles the last argument into the fourth.
        let script = "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'Cuda compilation tools, release 13.0, V13.0.88'; exit; fi\n\
                      printf code > \"$4\"\n\
                      echo \"ptxas info    : Compiling entry function 'axpy' for 'sm_80'\" >&2\n\
                      echo \"ptxas info    : Used 24 registers, 0 stack, 360 bytes cmem[0]\" >&2\n";
        std::fs::write(&program, script).expect("a script");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a program");
        let usages = Assembler::of(program).expect("it answers").usages(PTX.as_bytes());
        let row = module("a.ptx", PTX.as_bytes(), None, &usages.expect("it assembles")).expect("it is PTX");
        let view = View { modules: vec![row] };
        let text = view.to_text();
        assert!(
            text.lines().any(|line| line.contains("axpy") && line.contains(" 24 ")),
            "{text}"
        );
        // Where there is none, nothing is said about registers.
        assert!(Assembler::of(folder.path().join("none")).is_none());
    }
}
