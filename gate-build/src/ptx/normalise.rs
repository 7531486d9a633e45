//! The stated normalisation: what two builds of the same kernel may differ in.
//!
//! 1. nvcc puts a hash of the absolute source path into the names of everything with internal linkage: the eight hexadecimal digits after
//!    `_INTERNAL_` and `_GLOBAL__N__` become zeros. (NVRTC hashes the name it is given.) In a source without anything of external linkage it ends such a name
//!    in the number of its process, `_4_k_cu_cde4afe4_22947`: that end is left out, and the length in front of the name follows.
//! 2. The build id of the compiler in the header comment (`// Compiler Build ID: CL-…`) is left out.
//! 3. Paths below the [`Roots`] become relative to them, in `.file` directives and in byte arrays: an `assert` compiles `__FILE__` into
//!    `.b8 name[N] = {47, 116, …}`. The length of the array follows. `\` becomes `/` in such paths.
//! 4. Time stamp and size behind the path of a `.file` directive are left out.
//! 5. In sections of debug information (`-lineinfo`) rows of bytes are joined before their hashes are zeroed.
//! 6. Line ends are `\n`, and a terminating zero byte is left out.
//! 7. Adjacent declarations of variables before the first body are in the order of their text, those that name others behind them:
//!    several threads of a compiler leave them in any order.
//!
//! Everything else is compared as it is. Debug information of `-G` (`.section .debug_…`) refers to paths in other forms and is not normalised
//! further: such modules are reproducible only in one directory.

use std::borrow::Cow;

use crate::sorted::{Append as _, List as _};

use super::order::declarations_in_order;

/// Directories whose absolute paths are left out of PTX, longest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots {
    prefixes: Vec<String>,
}

impl Roots {
    /// These directories, as the compiler was told them. Order does not matter; empty ones are ignored.
    pub fn new<S: AsRef<str>>(directories: impl IntoIterator<Item = S>) -> Self {
        let mut prefixes: Vec<String> = directories
            .into_iter()
            .map(|directory| directory.as_ref().replace('\\', "/").trim_end_matches('/').to_string())
            .filter(|directory| !directory.is_empty())
            .map(|directory| directory + "/")
            .list();
        crate::sorted::sort_by(&mut prefixes, |a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        prefixes.dedup();
        Self { prefixes }
    }

    /// The path relative to the first root it is below.
    pub(super) fn relative<'a>(&self, path: &'a str) -> Option<Cow<'a, str>> {
        let slashed = if path.contains('\\') {
            Cow::Owned(path.replace('\\', "/"))
        } else {
            Cow::Borrowed(path)
        };
        let length = self
            .prefixes
            .iter()
            .seek(|prefix| slashed.starts_with(prefix.as_str()))?
            .len();
        Some(match slashed {
            Cow::Borrowed(path) => Cow::Borrowed(&path[length..]),
            Cow::Owned(path) => Cow::Owned(path[length..].to_string()),
        })
    }
}

/// The text without what two builds of the same kernel may differ in; see the rules of this module. Applying it twice changes nothing more.
#[must_use]
pub fn normalise(text: &str, roots: &Roots) -> String {
    let text = text.trim_end_matches('\0');
    let mut output = String::with_capacity(text.len());
    let mut section = Section::default();
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), "\n"),
            None => (line, ""),
        };
        if line.starts_with("// Compiler Build ID:") {
            continue;
        }
        let directive = line.trim_start();
        if section.takes(directive, &mut output) {
            continue;
        }
        if directive.starts_with(".file") {
            output.push_str(&file(line, roots));
        } else if directive.starts_with('.') && line.contains("] = {") {
            output.push_str(&hashes(&bytes(line, roots)));
        } else {
            output.push_str(&hashes(line));
        }
        output.push_str(end);
    }
    section.flush(&mut output);
    match declarations_in_order(&output) {
        Cow::Borrowed(_) => output,
        Cow::Owned(ordered) => ordered,
    }
}

/// Rows of bytes in a `.section`. Where a row ends depends on how many digits its bytes have, and so on the hash: rows are joined.
#[derive(Default)]
struct Section {
    inside: bool,
    bytes: Vec<u8>,
}

impl Section {
    /// Whether the line is a row of bytes, which is kept until the rows end.
    fn takes(&mut self, directive: &str, output: &mut String) -> bool {
        if self.inside {
            let row = directive.strip_prefix(".b8 ").and_then(row);
            if let Some(row) = row {
                self.bytes.append_all(row);
                return true;
            }
            self.flush(output);
            self.inside = !directive.starts_with('}');
        } else {
            self.inside = directive.starts_with(".section");
        }
        false
    }

    /// Writes the rows as one, with zeroed hashes.
    fn flush(&mut self, output: &mut String) {
        if self.bytes.is_empty() {
            return;
        }
        // Bytes as characters of the same number: hashes are ASCII.
        let text: String = self.bytes.drain(..).map(char::from).collect();
        let bytes: Vec<String> = hashes(&text).chars().map(|c| u32::from(c).to_string()).list();
        output.push_str(".b8 ");
        output.push_str(&bytes.join(","));
        output.push('\n');
    }
}

/// The bytes of a row: `95, 90, 78`.
fn row(text: &str) -> Option<Vec<u8>> {
    text.split(',').map(|byte| byte.trim().parse().ok()).list_some()
}

/// In front of the hash of a path.
const MARKERS: [&str; 2] = ["_INTERNAL_", "_GLOBAL__N__"];

/// Zeros the path hashes, and leaves the numbers of processes out.
fn hashes(line: &str) -> Cow<'_, str> {
    // Most lines have no upper-case underscore name at all.
    if !MARKERS.iter().any(|marker| line.contains(marker)) {
        return Cow::Borrowed(line);
    }
    let mut output = String::with_capacity(line.len());
    let mut rest = line;
    loop {
        let next = MARKERS
            .iter()
            .filter_map(|marker| Some((rest.find(marker)?, *marker)))
            .min();
        let Some((at, marker)) = next else { break };
        let (before, name) = rest.split_at(at);
        let after = &name[marker.len()..];
        if !is_hash(after.as_bytes()) {
            output.push_str(before);
            output.push_str(marker);
            rest = after;
            continue;
        }
        let digits = before.len() - before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (before, length) = before.split_at(digits);
        output.push_str(before);
        let process = length
            .parse()
            .ok()
            .and_then(|length: usize| Some((length, process(name.get(..length)?, marker)?)));
        match process {
            Some((length, process)) => {
                let kept = length - process;
                output.push_str(&kept.to_string());
                output.push_str(marker);
                output.push_str("00000000");
                output.push_str(&name[marker.len() + 8..kept]);
                rest = &name[length..];
            }
            None => {
                output.push_str(length);
                output.push_str(marker);
                output.push_str("00000000");
                rest = &after[8..];
            }
        }
    }
    output.push_str(rest);
    Cow::Owned(output)
}

/// Eight hexadecimal digits and an underscore.
fn is_hash(bytes: &[u8]) -> bool {
    let is_digit = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
    bytes
        .get(..9)
        .is_some_and(|hash| hash[8] == b'_' && hash[..8].iter().all(is_digit))
}

/// Length of the end of a name that is the number of a process: `_INTERNAL_<hash>_<length>_<file>_<hash>_<process>`.
fn process(name: &str, marker: &str) -> Option<usize> {
    let rest = name.get(marker.len() + 9..)?;
    let (length, rest) = rest.split_once('_')?;
    let rest = rest.get(length.parse().ok()?..)?.strip_prefix('_')?;
    if !is_hash(rest.as_bytes()) {
        return None;
    }
    let number = &rest[8..];
    let is_number = number.len() > 1 && number[1..].bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(number.len())
}

/// `.file 1 "path", 1700000000, 4711`.
fn file<'a>(line: &'a str, roots: &Roots) -> Cow<'a, str> {
    let Some((before, rest)) = line.split_once('"') else {
        return Cow::Borrowed(line);
    };
    let Some((path, _)) = rest.split_once('"') else {
        return Cow::Borrowed(line);
    };
    let path = roots.relative(path).unwrap_or(Cow::Borrowed(path));
    Cow::Owned(format!("{before}\"{path}\""))
}

/// A byte array on one line, its paths relative.
fn bytes<'a>(line: &'a str, roots: &Roots) -> Cow<'a, str> {
    let read = || {
        let (head, rest) = line.split_once("] = {")?;
        let (name, length) = head.rsplit_once('[')?;
        let (values, tail) = rest.split_once('}')?;
        if !head.contains(".b8 ") || values.len() < 2 {
            return None;
        }
        let declared: usize = length.parse().ok()?;
        let values: Vec<u8> = values.split(',').map(|value| value.trim().parse().ok()).list_some()?;
        let text = std::str::from_utf8(values.strip_suffix(&[0]).unwrap_or(&values)).ok()?;
        let path = roots.relative(text)?;
        // Trailing zeros are not written out by every compiler; the declared length counts them.
        let length = path.len() + declared.checked_sub(text.len())?;
        let mut values: Vec<String> = path.bytes().map(|byte| byte.to_string()).list();
        if rest.split_once('}')?.0.trim_end().ends_with(", 0") {
            values.push("0".to_string());
        }
        Some(format!("{name}[{length}] = {{{}}}{tail}", values.join(", ")))
    };
    read().map_or(Cow::Borrowed(line), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(name: &str, text: &str) -> String {
        let bytes: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
        format!(
            ".global .align 1 .b8 {name}[{}] = {{{}}};\n",
            text.len() + 1,
            bytes.join(", ")
        )
    }

    #[test]
    fn the_path_hash_is_zeroed_and_the_rest_of_the_name_stays() {
        let text = "// _ZN43_INTERNAL_0e0ae83f_12_quantized_cu_1fba617b3fooE\ncall _ZN52_GLOBAL__N__5d92320d_4_k_cu_ab3barE, _INTERNAL_x;";
        assert_eq!(
            normalise(text, &Roots::default()),
            "// _ZN43_INTERNAL_00000000_12_quantized_cu_1fba617b3fooE\ncall _ZN52_GLOBAL__N__00000000_4_k_cu_ab3barE, _INTERNAL_x;"
        );
    }

    /// As nvcc 13.5 writes them for a source with nothing but an anonymous namespace, in two processes.
    #[test]
    fn the_number_of_a_process_is_left_out_with_its_length() {
        let of = |process: &str, internal: usize| {
            let global = internal + 2;
            format!(
                ".global .b8 _ZN{internal}_INTERNAL_3cc51576_9_noext2_cu_cde4afe4_{process}{global}_GLOBAL__N__3cc51576_9_noext2_cu_cde4afe4_{process}3tabE[4];\n\
                 .entry _ZN{global}_GLOBAL__N__3cc51576_9_noext2_cu_cde4afe4_{process}1kEPi("
            )
        };
        let expected = ".global .b8 _ZN39_INTERNAL_00000000_9_noext2_cu_cde4afe441_GLOBAL__N__00000000_9_noext2_cu_cde4afe43tabE[4];\n\
                        .entry _ZN41_GLOBAL__N__00000000_9_noext2_cu_cde4afe41kEPi(";
        for text in [of("22947", 45), of("7", 41), of("4194304", 47)] {
            let normalised = normalise(&text, &Roots::default());
            assert_eq!(normalised, expected);
            assert_eq!(normalise(&normalised, &Roots::default()), expected);
        }
        // A file may be called like that.
        let named = "_ZN47_INTERNAL_3cc51576_18_k_cu_cde4afe4_1_cu_cde4afe43tabE";
        assert_eq!(
            normalise(named, &Roots::default()),
            named.replace("3cc51576", "00000000")
        );
    }

    #[test]
    fn paths_below_a_root_become_relative_to_it() {
        let here = Roots::new(["/home/a/my crate", "/home"]);
        let there = Roots::new(["C:\\src"]);
        let a = array("$str", "/home/a/my crate/kernels/k.cu")
            + "\t.file\t1 \"/home/a/my crate/kernels/k.cu\", 1700000000, 22\r\n";
        let b = array("$str", "C:\\src\\kernels\\k.cu") + "\t.file\t1 \"C:\\src\\kernels\\k.cu\"\n";
        let expected = array("$str", "kernels/k.cu") + "\t.file\t1 \"kernels/k.cu\"\n";
        assert_eq!(normalise(&a, &here), expected);
        assert_eq!(normalise(&b, &there), expected);
        assert_eq!(normalise(&expected, &here), expected);
    }

    #[test]
    fn rows_of_a_section_are_joined_and_their_hashes_zeroed() {
        let rows = |hash: &str, split: usize| {
            let bytes: Vec<String> = format!("_ZN3_INTERNAL_{hash}_4_k_cu")
                .bytes()
                .map(|byte| byte.to_string())
                .collect();
            format!(
                "\t.section\t.debug_str\n\t{{\nL:\n.b8 {}\n.b8 {}\n\t}}\n",
                bytes[..split].join(","),
                bytes[split..].join(",")
            )
        };
        let normalised = normalise(&rows("a9f8d8de", 17), &Roots::default());
        assert_eq!(normalised, normalise(&rows("12345678", 19), &Roots::default()));
        assert_eq!(normalised, normalise(&normalised, &Roots::default()));
        assert_eq!(normalised.lines().count(), 5);
    }

    #[test]
    fn other_byte_arrays_stay() {
        let text = array("message", "not a path: /home/a")
            + ".global .align 4 .b8 t[4] = {1, 2, 3, 4};\n.global .b32 x[1] = {47};\n";
        assert_eq!(normalise(&text, &Roots::new(["/home/a"])), text);
    }

    #[test]
    fn the_build_id_and_a_terminating_zero_are_left_out() {
        let text = "//\n// Compiler Build ID: CL-39125733\n// release 13.5\n.version 9.0\r\n\0";
        assert_eq!(
            normalise(text, &Roots::default()),
            "//\n// release 13.5\n.version 9.0\n"
        );
    }
}
