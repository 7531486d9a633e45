//! The report of `ptxas --verbose`.

use std::fmt;

use crate::sorted::Map;

/// What one kernel takes, as ptxas reports it for one architecture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usage {
    /// Registers of a thread.
    pub registers: u32,
    /// Bytes that a thread stores to local memory because it has no register for them.
    pub spill_stores: u32,
    /// Bytes that a thread loads back.
    pub spill_loads: u32,
    /// Bytes of the stack frame of a thread.
    pub stack: u32,
    /// Bytes of static shared memory of a block.
    pub shared: u32,
    /// Bytes of constant memory, all banks together; parameters included.
    pub constant: u32,
    /// Bytes of local memory of a thread beside the stack, where reported.
    pub local: u32,
    /// Barriers of a block.
    pub barriers: u32,
}

/// Why the output of ptxas was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ptxas report, line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ReportError {}

/// Reads the report of `ptxas --verbose`: usage by entry. Lines of other content (warnings, functions) are left out.
///
/// # Errors
/// A line about an entry has a form that is not known, or an entry has no line with its registers.
pub fn ptxas_report(text: &str) -> Result<Map<String, Usage>, ReportError> {
    let mut usages: Map<String, Usage> = Map::new();
    let mut entry: Option<(String, usize)> = None;
    let mut counted = true;
    // Whether "Function properties" belong to the entry: device functions have theirs too.
    let mut properties = false;
    let missing = |entry: &Option<(String, usize)>| {
        let (name, line) = entry.clone().unwrap_or_default();
        ReportError {
            line,
            message: format!("no registers are reported for entry `{name}`"),
        }
    };
    for (index, line) in text.lines().enumerate() {
        let line_number = index + 1;
        let unknown = || ReportError {
            line: line_number,
            message: format!("unrecognized text `{}`", line.trim()),
        };
        let info = line
            .trim()
            .strip_prefix("ptxas info")
            .map_or(line.trim(), |rest| rest.trim_start().trim_start_matches(':').trim());
        if let Some(rest) = info.strip_prefix("Compiling entry function ") {
            if !counted {
                return Err(missing(&entry));
            }
            let name = quoted(rest).ok_or_else(unknown)?;
            usages.insert(name.to_string(), Usage::default());
            entry = Some((name.to_string(), line_number));
            counted = false;
            properties = false;
        } else if let Some(name) = info.strip_prefix("Function properties for ") {
            properties = entry
                .as_ref()
                .is_some_and(|(entry, _)| name.trim().trim_matches('\'') == entry);
        } else if info.contains("bytes stack frame") {
            if let (true, Some(usage)) = (properties, current(&mut usages, entry.as_ref())) {
                for part in info.split(',') {
                    let (number, what) = part.trim().split_once(' ').ok_or_else(unknown)?;
                    let bytes = number.parse().map_err(|_| unknown())?;
                    match what {
                        "bytes stack frame" => usage.stack = bytes,
                        "bytes spill stores" => usage.spill_stores = bytes,
                        "bytes spill loads" => usage.spill_loads = bytes,
                        // `bytes cumulative stack size` stands in the lines of functions.
                        _ => {}
                    }
                }
            }
        } else if let Some(rest) = info.strip_prefix("Used ") {
            let Some(usage) = current(&mut usages, entry.as_ref()) else {
                continue;
            };
            used(usage, rest).ok_or_else(unknown)?;
            counted = true;
        }
    }
    if counted { Ok(usages) } else { Err(missing(&entry)) }
}

fn current<'a>(usages: &'a mut Map<String, Usage>, entry: Option<&(String, usize)>) -> Option<&'a mut Usage> {
    usages.get_mut(&entry?.0)
}

/// `32 registers, used 1 barriers, 8 bytes cumulative stack size, 4096 bytes smem, 400 bytes cmem[0]`.
fn used(usage: &mut Usage, text: &str) -> Option<()> {
    for part in text.split(',').map(str::trim) {
        let part = part.strip_prefix("used ").unwrap_or(part);
        let (number, what) = part.split_once(' ')?;
        // Older releases report static and dynamic parts as `2048+16 bytes smem`.
        let number = number
            .split('+')
            .try_fold(0_u32, |sum, part| sum.checked_add(part.parse().ok()?))?;
        match what {
            "registers" => usage.registers = number,
            "barriers" => usage.barriers = number,
            "bytes smem" => usage.shared = number,
            "bytes lmem" => usage.local = number,
            "bytes cumulative stack size" => usage.stack = usage.stack.max(number),
            _ if what.starts_with("bytes cmem[") => usage.constant = usage.constant.checked_add(number)?,
            // Textures, samplers and surfaces limit nothing here.
            _ => {}
        }
    }
    Some(())
}

/// `'name' for 'sm_80'`.
fn quoted(text: &str) -> Option<&str> {
    text.trim().strip_prefix('\'')?.split_once('\'').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
ptxas info    : 0 bytes gmem, 16 bytes cmem[4]
ptxas info    : Compiling entry function 'softmax_f32' for 'sm_80'
ptxas info    : Function properties for softmax_f32
    8 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 8 bytes cumulative stack size, 4096 bytes smem, 392 bytes cmem[0], 8 bytes cmem[2]
ptxas info    : Compile time = 3.112 ms
ptxas info    : Function properties for helper
    64 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Compiling entry function 'axpy' for 'sm_80'
ptxas info    : Function properties for axpy
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, 380 bytes cmem[0]
";

    #[test]
    fn every_number_is_read_and_functions_are_not_counted() {
        let report = ptxas_report(REPORT).unwrap();
        assert_eq!(
            *report.get("softmax_f32").unwrap(),
            Usage {
                registers: 40,
                spill_stores: 12,
                spill_loads: 16,
                stack: 8,
                shared: 4096,
                constant: 400,
                local: 0,
                barriers: 1
            }
        );
        assert_eq!(
            *report.get("axpy").unwrap(),
            Usage {
                registers: 10,
                constant: 380,
                ..Usage::default()
            }
        );
        assert_eq!(report.len(), 2);
    }

    #[test]
    fn an_entry_without_registers_is_an_error() {
        let cut = REPORT.rsplit_once("ptxas info    : Used").unwrap().0;
        assert_eq!(
            ptxas_report(cut),
            Err(ReportError {
                line: 9,
                message: "no registers are reported for entry `axpy`".to_string()
            })
        );
    }

    #[test]
    fn a_form_that_is_not_known_is_an_error() {
        let text = REPORT.replace("Used 40 registers", "Used many registers");
        assert_eq!(ptxas_report(&text).unwrap_err().line, 5);
    }
}
