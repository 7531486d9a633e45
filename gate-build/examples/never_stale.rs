//! Edits sources and headers of a folder of CUDA sources, builds after each edit, and compares the PTX with that of a build that knows of none before.
//!
//! ```console
//! cargo build --release --package cargo-gate-build --examples
//! target/release/examples/never_stale FOLDER COMPILER EDITS [FLAG ...]
//! ```
//!
//! The sources are `FOLDER/**/*.cu`; the folder is written to. Those that do not compile are left out, and so is an edit that does not. After each edit, every unit that names the
//! edited file, or names a file that does, is compiled again into an empty folder with an empty store; the others must keep their bytes. Without
//! arguments, a few units written here are compiled by the fake compiler of the tests.
#![expect(clippy::print_stdout, reason = "that is what benchmarks do")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use gate_build::{Context, Disk, Env, Error, Kernels, Os};

/// Units that an edit may reach: headers of more are edited once in ten edits.
const FEW: usize = 6;

struct Machine {
    root: PathBuf,
    scratch: PathBuf,
    variables: Vec<(String, String)>,
    flags: Vec<String>,
}

/// PTX by unit.
type Texts = BTreeMap<String, Vec<u8>>;

impl Machine {
    fn build(&self, store: &str, out: &str, units: &BTreeSet<String>) -> Result<Texts, Error> {
        let mut variables = self.variables.clone();
        let store = self.scratch.join(store).display().to_string();
        variables.push(("GATE_CACHE_DIR".to_owned(), store));
        variables.push(("GATE_KERNELS".to_owned(), "build".to_owned()));
        let mut kernels = Kernels::new().arch(["sm_80"]).flags(&self.flags);
        for unit in units {
            kernels = kernels.cuda(unit.as_str());
        }
        let context = Context::new(
            &self.root,
            self.scratch.join(out),
            Env::new(Os::host(), variables, Disk),
        );
        let (built, _) = kernels.compile_in(&context)?;
        let images = built
            .units
            .iter()
            .map(|unit| (unit.name.as_str().to_owned(), &unit.images[0].ptx));
        Ok(images
            .map(|(name, ptx)| (name, fs::read(ptx).expect("PTX is where it is said to be")))
            .collect())
    }

    /// As if nothing had ever been built.
    fn clean_build(&self, units: &BTreeSet<String>) -> Result<Texts, Error> {
        for folder in ["new-store", "new-out"] {
            let _ = fs::remove_dir_all(self.scratch.join(folder));
        }
        self.build("new-store", "new-out", units)
    }
}

/// Numbers that look like chance and are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Names of the files that a text includes.
fn included(text: &str) -> impl Iterator<Item = String> {
    let named = text.lines().filter_map(|line| line.trim_start().strip_prefix('#'));
    let named = named.filter_map(|line| line.trim_start().strip_prefix("include"));
    named.map(|rest| {
        let rest = rest.trim().trim_start_matches(['"', '<']);
        let path = rest.split(['"', '>', ' ']).next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    })
}

/// What is done to a file in edit number `number`; its text before, with line ends as they are.
fn edited(kind: usize, number: usize, text: &str, is_fake: bool) -> (&'static str, String) {
    let declared = if is_fake {
        format!("entry edited{number}")
    } else {
        format!("__device__ int edited_{number} = 1;")
    };
    match kind {
        0 => ("a declaration at the end", format!("{text}\n{declared}\n")),
        1 => ("an empty line at the beginning", format!("\n{text}")),
        2 => (
            "a comment at the beginning, in its line",
            format!("/* {number} */ {text}"),
        ),
        3 => ("a macro at the end", format!("{text}\n#define EDITED_{number} 1\n")),
        4 => {
            let line = format!("__device__ int edited_{number} = __LINE__;");
            ("the number of a line", format!("{text}\n{line}\n"))
        }
        5 => ("a comment at the end", format!("{text}\n// {number}\n")),
        _ => ("nothing", text.to_owned()),
    }
}

/// Units for the fake compiler.
fn write_units(root: &Path) {
    for number in 0..12 {
        let folder = root.join(format!("k{}", number % 3));
        fs::create_dir_all(&folder).expect("a folder can be made");
        let text = format!("#include \"part.cuh\"\n#include \"../shared.cuh\"\nentry unit{number}\n");
        fs::write(folder.join(format!("u{number}.cu")), text).expect("a file can be written");
        fs::write(folder.join("part.cuh"), format!("entry part{}\n", number % 3)).expect("a file can be written");
    }
    fs::write(root.join("shared.cuh"), "entry shared\n").expect("a file can be written");
}

fn main() {
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let mut arguments = std::env::args().skip(1);
    let (root, edits) = (arguments.next().map(PathBuf::from), arguments.next());
    let is_fake = root.is_none();
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut wanted = 20;
    if let Some(compiler) = &edits {
        variables
            .extend(std::env::vars().filter(|(name, _)| !name.starts_with("GATE_") && !name.ends_with("MAKEFLAGS")));
        variables.push(("GATE_KERNEL_COMPILER".to_owned(), compiler.clone()));
        wanted = arguments.next().and_then(|number| number.parse().ok()).unwrap_or(30);
    } else {
        let fake = std::env::current_exe().expect("a program has a path");
        let fake = fake.with_file_name(format!("fake_nvcc{}", std::env::consts::EXE_SUFFIX));
        variables.push(("NVCC".to_owned(), fake.display().to_string()));
        variables.extend(std::env::vars().filter(|(name, _)| name == "SystemRoot"));
    }
    let machine = Machine {
        root: root.unwrap_or_else(|| scratch.path().join("crate")),
        scratch: scratch.path().to_path_buf(),
        variables,
        flags: arguments.collect(),
    };
    if is_fake {
        write_units(&machine.root);
    }
    run(&machine, wanted, is_fake);
}

fn run(machine: &Machine, wanted: usize, is_fake: bool) {
    let began = Instant::now();
    let mut all = Vec::new();
    files(&machine.root, &mut all);
    let relative = |file: &Path| {
        let path = file.strip_prefix(&machine.root).unwrap_or(file);
        path.to_string_lossy().replace('\\', "/")
    };
    let is_source = |file: &Path| file.extension().is_some_and(|extension| extension == "cu");
    let mut units: BTreeSet<String> = all
        .iter()
        .filter(|file| is_source(file))
        .map(|file| relative(file))
        .collect();
    let found = units.len();
    let mut texts = loop {
        match machine.build("store", "out", &units) {
            Ok(texts) => break texts,
            Err(Error::Kernels(problems)) => {
                let before = units.len();
                for problem in &problems {
                    if let Some(unit) = &problem.unit {
                        units.remove(unit.as_str());
                    }
                }
                assert!(units.len() < before, "no unit is named: {problems:?}");
            }
            Err(error) => panic!("{error}"),
        }
    };
    println!(
        "{} of {found} units compile, {} s",
        units.len(),
        began.elapsed().as_secs()
    );

    // Who names whom, by file name.
    let names: BTreeMap<PathBuf, BTreeSet<String>> = all
        .iter()
        .map(|file| {
            (
                file.clone(),
                included(&String::from_utf8_lossy(&fs::read(file).unwrap_or_default())).collect(),
            )
        })
        .collect();
    let reached = |edited: &Path| -> BTreeSet<String> {
        let mut reached = BTreeSet::from([name_of(edited)]);
        loop {
            let before = reached.len();
            for (file, named) in &names {
                if named.iter().any(|name| reached.contains(name)) {
                    reached.insert(name_of(file));
                }
            }
            if reached.len() == before {
                break;
            }
        }
        let is_reached = |unit: &&String| reached.contains(unit.rsplit('/').next().unwrap_or_default());
        units.iter().filter(is_reached).cloned().collect()
    };

    let mut chance = Chance(7);
    let (mut done, mut stale, mut compared, mut tries) = (0, 0, 0, 0);
    while done < wanted && tries < wanted * 40 {
        tries += 1;
        let file = &all[chance.below(all.len())];
        let affected = reached(file);
        if affected.is_empty() || affected.len() > FEW && done % 10 != 9 {
            continue;
        }
        let before = fs::read(file).expect("a file can be read");
        let Ok(text) = std::str::from_utf8(&before) else {
            continue;
        };
        // The fake compiler knows neither macros nor block comments.
        let kinds: &[usize] = if is_fake { &[0, 1, 5, 6] } else { &[0, 1, 2, 3, 4, 5, 6] };
        let (what, text) = edited(kinds[tries % kinds.len()], tries, text, is_fake);
        fs::write(file, text).expect("a file can be written");
        let (Ok(built), Ok(new)) = (machine.build("store", "out", &units), machine.clean_build(&affected)) else {
            fs::write(file, before).expect("a file can be written");
            continue;
        };
        done += 1;
        compared += built.len();
        for (unit, ptx) in &built {
            let right = new.get(unit).or_else(|| texts.get(unit));
            if right != Some(ptx) {
                stale += 1;
                println!("STALE {unit} after {what} in {}", relative(file));
            }
        }
        println!(
            "{done}: {what} in {}: {} of {} units reached",
            relative(file),
            affected.len(),
            built.len()
        );
        texts = built;
    }
    println!(
        "{done} edits, {} units, {compared} texts compared, {stale} stale, {} s",
        units.len(),
        began.elapsed().as_secs()
    );
    assert!(stale == 0 && done == wanted, "some are stale, or too few edits compile");
}
