//! How far apart neighbouring threads access global memory: the constant by which an address grows with `%tid.x`.
//!
//! Only registers with a single definition are followed, through additions, shifts and multiplications by constants. Anything else is not known, and of what
//! is not known nothing is said.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gate_build::ptx::Entry;

use super::body::{Body, Instruction, registers};

/// A sector of device memory, in bytes: the least that is fetched.
const SECTOR: i64 = 32;

/// How deep chains of definitions are followed.
const DEEPEST: usize = 64;

/// A wide access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wide {
    /// The first line.
    pub(super) line: usize,
    /// Bytes between neighbouring threads.
    pub(super) stride: i64,
    /// Bytes of these that a thread uses.
    pub(super) used: usize,
}

/// Addresses of a body by their growth.
pub(super) struct Strides<'a> {
    definitions: HashMap<&'a str, Option<&'a Instruction<'a>>>,
    body: &'a Body<'a>,
}

impl<'a> Strides<'a> {
    pub(super) fn of(body: &'a Body<'a>) -> Self {
        let mut definitions: HashMap<&str, Option<&Instruction<'_>>> = HashMap::new();
        for instruction in body.instructions() {
            let operation = instruction.opcode.split('.').next().unwrap_or_default();
            if matches!(
                operation,
                "st" | "red" | "bra" | "ret" | "bar" | "barrier" | "membar" | "fence"
            ) {
                continue;
            }
            for register in instruction
                .operands
                .first()
                .into_iter()
                .flat_map(|operand| registers(operand))
            {
                let only = instruction.predicate.is_none();
                definitions
                    .entry(register)
                    .and_modify(|known| *known = None)
                    .or_insert(only.then_some(instruction));
            }
        }
        Self { definitions, body }
    }

    /// Accesses of which a thread uses at most half of what lies between it and the next.
    pub(super) fn wide(&self, entry: &Entry) -> Vec<Wide> {
        // Blocks of one thread in x have no neighbours in x.
        if entry.performance.req_ntid.is_some_and(|[x, ..]| x == 1) {
            return Vec::new();
        }
        let mut used: BTreeMap<(bool, i64), (usize, BTreeSet<i64>)> = BTreeMap::new();
        for instruction in self.body.instructions() {
            let mut parts = instruction.opcode.split('.');
            let operation = parts.next().unwrap_or_default();
            if !matches!(operation, "ld" | "ldu" | "st") || parts.next() != Some("global") {
                continue;
            }
            let Some(address) = instruction.operands.iter().find(|operand| operand.starts_with('[')) else {
                continue;
            };
            let inside = address.trim_matches(['[', ']']);
            let (base, offset) = match inside.split_once('+') {
                Some((base, offset)) => (base.trim(), offset.trim().parse::<i64>().unwrap_or(0)),
                None => (inside.trim(), 0),
            };
            let Some(stride) = self
                .coefficient(base, 0)
                .map(i64::abs)
                .filter(|stride| *stride >= SECTOR)
            else {
                continue;
            };
            let (line, bytes) = used
                .entry((operation == "st", stride))
                .or_insert_with(|| (instruction.line, BTreeSet::new()));
            *line = (*line).min(instruction.line);
            let width = width(instruction.opcode);
            bytes.extend((offset..offset.saturating_add(width)).map(|byte| byte.rem_euclid(stride)));
        }
        let wide = used.into_iter().filter_map(|((_, stride), (line, bytes))| {
            let half = i64::try_from(bytes.len()).is_ok_and(|used| used.saturating_mul(2) <= stride);
            half.then_some(Wide {
                line,
                stride,
                used: bytes.len(),
            })
        });
        wide.collect()
    }

    /// By how much a value grows from one thread to the next; `None` where that is not known.
    fn coefficient(&self, operand: &str, depth: usize) -> Option<i64> {
        if !operand.starts_with('%') {
            // A number or the address of a variable.
            return Some(0);
        }
        if let Some(special) = special(operand) {
            return special;
        }
        if depth > DEEPEST {
            return None;
        }
        let instruction = (*self.definitions.get(operand)?)?;
        let mut parts = instruction.opcode.split('.');
        let operation = parts.next().unwrap_or_default();
        let space = parts.next().unwrap_or_default();
        let source = |at: usize| instruction.operands.get(at + 1).copied();
        let of = |at: usize| self.coefficient(source(at)?, depth + 1);
        let product = |a: usize, b: usize| match (of(a)?, of(b)?) {
            (0, 0) => Some(0),
            (known, 0) => known.checked_mul(number(source(b)?)?),
            (0, known) => known.checked_mul(number(source(a)?)?),
            _ => None,
        };
        match operation {
            "mov" | "cvta" if !source(0)?.starts_with('{') => of(0),
            // Between integers; an address does not survive a conversion to floating point.
            "cvt" => of(0),
            "ld" if space == "param" => Some(0),
            "add" => of(0)?.checked_add(of(1)?),
            "sub" => of(0)?.checked_sub(of(1)?),
            "mul" if space != "hi" => product(0, 1),
            "mad" if space != "hi" => product(0, 1)?.checked_add(of(2)?),
            "shl" => {
                let by = u32::try_from(number(source(1)?)?).ok().filter(|by| *by < 32);
                match (of(0)?, by) {
                    (0, _) => Some(0),
                    (known, Some(by)) => known.checked_mul(1 << by),
                    (_, None) => None,
                }
            }
            // Whatever else is computed from values that are the same for all threads is the same for all.
            "and" | "or" | "xor" | "shr" | "div" | "rem" | "min" | "max" => (of(0)? == 0 && of(1)? == 0).then_some(0),
            _ => None,
        }
    }
}

/// Growth of a special register; `None` for registers that are not special.
fn special(register: &str) -> Option<Option<i64>> {
    let (name, axis) = register.split_once('.').unwrap_or((register, ""));
    match (name, axis) {
        ("%tid", "x") => Some(Some(1)),
        ("%tid", _) => Some(Some(0)),
        ("%ctaid" | "%ntid" | "%nctaid" | "%clusterid" | "%nclusterid", _) => Some(Some(0)),
        ("%laneid" | "%warpid" | "%clock" | "%clock64" | "%smid", _) => Some(None),
        _ => None,
    }
}

fn number(operand: &str) -> Option<i64> {
    let digits = operand.trim_end_matches(['U', 'u']);
    match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    }
}

/// Bytes that one access takes, from its type and vector.
fn width(opcode: &str) -> i64 {
    let mut elements = 1;
    let mut bytes = 1;
    for part in opcode.split('.').skip(2) {
        match part {
            "v2" => elements = 2,
            "v4" => elements = 4,
            "v8" => elements = 8,
            part => {
                let bits = part.trim_start_matches(['b', 'u', 's', 'f']);
                if bits.len() < part.len()
                    && let Ok(bits) = bits.parse::<i64>()
                {
                    bytes = (bits / 8).clamp(1, 16);
                }
            }
        }
    }
    elements * bytes
}
