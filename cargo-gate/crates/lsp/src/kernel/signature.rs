//! What an entry takes, from its PTX and its lock: types of parameters, launch bounds, registers.

use std::fmt::Write as _;
use std::path::Path;

use gate_build::UnitName;
use gate_build::lock::{KernelLock, LOCK_FILE, LockedEntry};
use gate_build::ptx::{Entry, Module};

/// An entry as an editor shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Its symbol.
    pub symbol: String,
    /// Types of its parameters, in order, as PTX has them.
    pub params: Vec<String>,
    /// The most threads of a block.
    pub max_threads: Option<u64>,
    /// Registers of a thread and bytes spilled, as ptxas counted them for the lock.
    pub usage: Option<(u32, u32)>,
}

impl Signature {
    fn of_entry(entry: &Entry) -> Self {
        Self {
            symbol: entry.name.clone(),
            params: entry.params.iter().map(|param| param.ty.to_string()).collect(),
            max_threads: entry.performance.max_threads(),
            usage: None,
        }
    }

    fn of_locked(name: &str, entry: &LockedEntry) -> Self {
        Self {
            symbol: name.to_owned(),
            params: entry.params.iter().map(ToString::to_string).collect(),
            max_threads: entry.performance.max_threads(),
            usage: entry
                .usage
                .map(|usage| (usage.registers, usage.spill_stores + usage.spill_loads)),
        }
    }

    /// The types on one line: `(u64, u64, u32)`.
    pub fn types(&self) -> String {
        format!("({})", self.params.join(", "))
    }

    /// All of it, in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("```ptx\n.entry {}{}\n```", self.symbol, self.types());
        if let Some(threads) = self.max_threads {
            let _ = write!(text, "\n\nAt most {threads} threads per block.");
        }
        if let Some((registers, spilled)) = self.usage {
            let _ = write!(text, "\n\nptxas: {registers} registers, {spilled} bytes spilled.");
        }
        text
    }

    /// Whether a source calls this entry by `word`: by its symbol, or by the function that a C++ compiler made the symbol of.
    pub fn is_called(&self, word: &str) -> bool {
        if self.symbol == word {
            return true;
        }
        // A function outside of namespaces is `_Z`, the length of its name, its name, and its parameters.
        let rest = self
            .symbol
            .strip_prefix("_Z")
            .and_then(|rest| rest.strip_prefix(&word.len().to_string()));
        !word.is_empty() && rest.is_some_and(|rest| rest.starts_with(word))
    }
}

/// The entries of a PTX text.
pub fn of_ptx(text: &str) -> Vec<(u32, Signature)> {
    let Ok(module) = Module::parse(text) else {
        return Vec::new();
    };
    let entries = module.entries.iter();
    entries
        .map(|entry| {
            (
                u32::try_from(entry.line).unwrap_or(u32::MAX),
                Signature::of_entry(entry),
            )
        })
        .collect()
}

/// The entries of the images that a source is part of, by the lock of its crate: of the lowest architecture.
pub fn of_lock(directory: &Path, source: &Path) -> Vec<Signature> {
    let lock = std::fs::read_to_string(directory.join(LOCK_FILE))
        .ok()
        .and_then(|text| KernelLock::parse(&text).ok())
        .unwrap_or_default();
    let name = UnitName::of(directory, source).to_string();
    let images = lock.units.values().filter_map(|unit| {
        let image = unit.images.values().next()?;
        image.sources.contains_key(&name).then_some(image)
    });
    images
        .flat_map(|image| image.entries.iter())
        .map(|(name, entry)| Signature::of_locked(name, entry))
        .collect()
}

/// The bytes of the name around a byte of a text; empty where there is none.
pub fn name_at(text: &str, offset: usize) -> std::ops::Range<usize> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let Some((before, after)) = text.split_at_checked(offset) else {
        return 0..0;
    };
    let left = before.chars().rev().take_while(|c| is_word(*c)).map(char::len_utf8);
    let right = after.chars().take_while(|c| is_word(*c)).map(char::len_utf8);
    offset - left.sum::<usize>()..offset + right.sum::<usize>()
}

/// Where a source in CUDA C++ or Rust defines kernels: the bytes of their names.
pub fn definitions(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), b"__global__") {
        // Up to the parenthesis of the parameters, past those of attributes such as `__launch_bounds__(256)`.
        let mut from = at + "__global__".len();
        while let Some((head, behind)) = text
            .get(from..)
            .and_then(|rest| rest.find(['(', ';', '{', '}']))
            .and_then(|open| text.split_at_checked(from + open))
        {
            if !behind.starts_with('(') {
                break;
            }
            let open = head.len();
            let head = head.trim_end();
            let name = head.get(name_at(head, head.len())).unwrap_or_default();
            if name.starts_with("__") {
                let Some(close) = behind.find(')') else { break };
                from = open + close + 1;
                continue;
            }
            if !name.is_empty() {
                found.push(head.len() - name.len()..head.len());
            }
            break;
        }
    }
    const RUST: &str = "extern \"ptx-kernel\"";
    for at in memchr::memmem::find_iter(text.as_bytes(), RUST.as_bytes()) {
        let Some(name) = text[at + RUST.len()..].trim_start().strip_prefix("fn ") else {
            continue;
        };
        let name = name_at(text, text.len() - name.trim_start().len());
        if !name.is_empty() {
            found.push(name);
        }
    }
    // Two of the words may lead to one function: a comment in front of it, or a macro.
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_found_in_a_source() {
        let text = "extern \"C\" __global__ void __launch_bounds__(256) add(const float* a) {}\n\
                    template <typename T> __global__ void é_scale(T* x) {}\n// __global__\n__global__ void declared(int);\n#define K __global__";
        let names: Vec<&str> = definitions(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(names, ["add", "é_scale", "declared"]);
        let text = "pub unsafe extern \"ptx-kernel\" fn scale(x: *mut f32) {}\nextern \"ptx-kernel\" fn $name() {}\ntype F = extern \"ptx-kernel\" fn(u32);";
        let names: Vec<&str> = definitions(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(names, ["scale", "$name"]);
    }

    #[test]
    fn symbols_are_met_by_their_names() {
        let signature = |symbol: &str| Signature {
            symbol: symbol.into(),
            params: vec!["u64".into(), "u32".into()],
            max_threads: Some(256),
            usage: Some((20, 0)),
        };
        assert!(signature("add").is_called("add"));
        assert!(signature("_Z3addPfi").is_called("add"));
        assert!(!signature("_Z3addPfi").is_called("ad"));
        assert!(!signature("_Z5add_xPfi").is_called("add"));
        assert!(!signature("add").is_called(""));
        insta::assert_snapshot!(signature("add").markdown(), @r"
        ```ptx
        .entry add(u64, u32)
        ```

        At most 256 threads per block.

        ptxas: 20 registers, 0 bytes spilled.
        ");
    }

    #[test]
    fn words_are_taken_whole() {
        let word = |text: &'static str, offset| &text[name_at(text, offset)];
        assert_eq!(word("int é_k(x)", 7), "é_k");
        assert_eq!(word("a b", 1), "a");
        assert_eq!(word("", 0), "");
        assert_eq!(word("é", 1), "");
    }
}
