//! What a kernel does with the memory its parameters point to.
//!
//! PTX does not say which pointers were `const`. This follows each 64-bit parameter from its `ld.param` through moves and address arithmetic to
//! the loads, stores and atomics that use it. It ignores the order of instructions, so it never misses a path between two of them; a
//! pointer that is stored to memory or handed to a function is followed no further and [`Access::escapes`].

use std::collections::HashMap;

use crate::sorted::List as _;

use super::instructions::{Instruction, instructions};
use super::model::Entry;

/// What a kernel does with the memory one parameter points to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// It loads from there.
    pub reads: bool,
    /// It stores there: line of the first instruction that does, from 1, in the text of the module.
    pub written_at: Option<usize>,
    /// The pointer itself is stored or handed to a function: nothing is known about what happens there.
    pub escapes: bool,
}

/// A set of parameters, one bit each.
type Params = u64;

/// What the kernel does with each of its parameters, in order; `text` is what the module was parsed from. Parameters beyond the 64th are reported
/// as escaping.
#[must_use]
pub fn accesses(text: &str, entry: &Entry) -> Vec<Access> {
    let body = text.get(entry.body.clone()).unwrap_or_default();
    let mut flow = Flow::new(entry);
    let instructions: Vec<Instruction<'_>> = instructions(body).list();
    while instructions
        .iter()
        .fold(false, |changed, instruction| flow.propagate(instruction) | changed)
    {}
    let mut found: Vec<Access> = (0..entry.params.len())
        .map(|index| Access {
            escapes: index >= Params::BITS as usize,
            ..Access::default()
        })
        .list();
    for instruction in &instructions {
        let used = flow.uses(instruction);
        let line = || {
            1 + text
                .get(..entry.body.start + instruction.at)
                .map_or(0, |before| before.matches('\n').count())
        };
        for (index, access) in found.iter_mut().enumerate().take(Params::BITS as usize) {
            let bit = 1 << index;
            access.reads |= used.read & bit != 0;
            access.escapes |= used.escaping & bit != 0;
            if used.written & bit != 0 && access.written_at.is_none() {
                access.written_at = Some(line());
            }
        }
    }
    found
}

#[derive(Default)]
struct Used {
    read: Params,
    written: Params,
    escaping: Params,
}

struct Flow<'a> {
    /// Bit of each parameter that may hold an address, by name.
    params: HashMap<&'a str, Params>,
    /// The parameters whose address a register may be computed from.
    registers: HashMap<&'a str, Params>,
}

impl<'a> Flow<'a> {
    fn new(entry: &'a Entry) -> Self {
        let params = entry.params.iter().enumerate().take(Params::BITS as usize);
        let params = params.filter(|(_, param)| param.ty.may_hold_address());
        Self {
            params: params.map(|(index, param)| (param.name.as_str(), 1 << index)).collect(),
            registers: HashMap::new(),
        }
    }

    /// The parameters behind an operand: a register, a list of registers, or a memory operand with one inside.
    fn of(&self, operand: &str) -> Params {
        words(operand)
            .filter_map(|word| self.registers.get(word))
            .fold(0, |all, bits| all | bits)
    }

    /// Whether an instruction taught something new about its destination.
    fn propagate(&mut self, instruction: &Instruction<'a>) -> bool {
        let mut parts = instruction.opcode.split('.');
        let operation = parts.next().unwrap_or_default();
        let mut operands = operands(instruction.operands);
        let Some(destination) = operands.next() else {
            return false;
        };
        let sources: Vec<&str> = operands.list();
        let source = |index: usize| sources.get(index).map_or(0, |operand| self.of(operand));
        let bits = match operation {
            "ld" if parts.next() == Some("param") => {
                let loaded = sources.first().and_then(|operand| words(operand).next());
                loaded.and_then(|name| self.params.get(name)).copied().unwrap_or(0)
            }
            "mov" | "cvta" | "cvt" | "shfl" => source(0),
            "add" | "and" | "or" | "xor" | "min" | "max" | "selp" => source(0) | source(1),
            "lop3" => source(0) | source(1) | source(2),
            // The difference of two addresses is none.
            "sub" if source(1) == 0 => source(0),
            // Factors are no addresses.
            "mad" => source(2),
            _ => 0,
        };
        if bits == 0 {
            return false;
        }
        let mut changed = false;
        for register in words(destination).filter(|word| word.starts_with('%')) {
            let known = self.registers.entry(register).or_default();
            changed |= *known | bits != *known;
            *known |= bits;
        }
        changed
    }

    /// What an instruction does to memory behind parameters.
    fn uses(&self, instruction: &Instruction<'_>) -> Used {
        let mut used = Used::default();
        let mut parts = instruction.opcode.split('.');
        let operation = parts.next().unwrap_or_default();
        let space = parts.clone().next();
        let (mut memory, mut values) = (Vec::new(), 0);
        for operand in operands(instruction.operands) {
            if operand.starts_with('[') {
                memory.push(self.of(operand));
            } else {
                values |= self.of(operand);
            }
        }
        let all = memory.iter().fold(0, |all, bits| all | bits);
        match operation {
            "call" => used.escaping = values,
            "ld" | "ldu" | "ldmatrix" => used.read = all,
            "st" | "stmatrix" | "discard" => {
                used.written = all;
                used.escaping = values;
            }
            "atom" | "red" => {
                used.read = all;
                used.written = all;
                used.escaping = values;
            }
            // Copies name where to before where from.
            "cp" => {
                used.written = memory.first().copied().unwrap_or(0);
                used.read = memory.iter().skip(1).fold(0, |all, bits| all | bits);
            }
            "wmma" | "tcgen05" | "multimem" if matches!(space, Some("st" | "store" | "red")) => used.written = all,
            _ => used.read = all,
        }
        used
    }
}

/// Operands between commas that stand outside of brackets.
fn operands(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |c| {
        match c {
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth <= 0
    })
    .map(str::trim)
    .filter(|operand| !operand.is_empty())
}

/// Names in an operand.
fn words(operand: &str) -> impl Iterator<Item = &str> {
    operand
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '%' | '.')))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ptx::Module;

    const TEXT: &str = "\
.version 8.0
.target sm_80
.address_size 64
.visible .entry k(
    .param .u64 k_param_0,
    .param .u64 k_param_1,
    .param .u64 k_param_2,
    .param .u64 k_param_3,
    .param .u32 k_param_4
)
{
    ld.param.u64 %rd1, [k_param_0];
    ld.param.u64 %rd2, [k_param_1];
    ld.param.u64 %rd3, [k_param_2];
    ld.param.u64 %rd4, [k_param_3];
    ld.param.u32 %r1, [k_param_4];
    cvta.to.global.u64 %rd5, %rd1;
    cvta.to.global.u64 %rd6, %rd2;
    mul.wide.s32 %rd7, %r1, 4;
    add.s64 %rd8, %rd5, %rd7;
    add.s64 %rd9, %rd6, %rd7;
$L__BB0_1:
    ld.global.nc.f32 %f1, [%rd8+4];
@%p1 st.global.v2.f32 [%rd9], {%f1, %f1};
    atom.global.add.u32 %r2, [%rd3], 1;
    sub.s64 %rd10, %rd8, %rd4;
    st.global.u64 [%rd9+8], %rd10;
    { // callseq 0
    st.param.b64 [param0+0], %rd4;
    call.uni (retval0), f, (param0);
    }
    ret;
}
";

    #[test]
    fn pointers_are_followed_to_what_is_done_with_them() {
        let module = Module::parse(TEXT).unwrap();
        let found = accesses(TEXT, &module.entries[0]);
        assert_eq!(
            found[0],
            Access {
                reads: true,
                ..Access::default()
            }
        );
        assert_eq!(
            found[1],
            Access {
                written_at: Some(24),
                ..Access::default()
            }
        );
        assert_eq!(
            found[2],
            Access {
                reads: true,
                written_at: Some(25),
                ..Access::default()
            }
        );
        assert_eq!(
            found[3],
            Access {
                escapes: true,
                ..Access::default()
            }
        );
        assert_eq!(found[4], Access::default());
    }
}
