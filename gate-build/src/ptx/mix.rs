//! Instruction mix of a kernel: which instructions its body has, by what they do. A static count, not an execution profile.

use std::collections::BTreeMap;

use super::instructions::instructions;
use super::model::{Entry, Module};

/// What an instruction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Floating-point arithmetic.
    Float,
    /// Integer arithmetic, logic, shifts and address calculation.
    Integer,
    /// Matrix instructions (`mma`, `wmma`, `wgmma`, `tcgen05`).
    Matrix,
    /// Conversions and moves between registers.
    Move,
    /// Loads, prefetches and copies into shared memory.
    Load,
    /// Stores.
    Store,
    /// Atomics and reductions in memory.
    Atomic,
    /// Barriers, fences, votes and shuffles.
    Synchronise,
    /// Branches, calls, returns and traps.
    Control,
    /// Anything else: texture accesses, special functions of later versions.
    Other,
}

impl Class {
    /// Stable name, as in reports: `float`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Float => "float",
            Class::Integer => "integer",
            Class::Matrix => "matrix",
            Class::Move => "move",
            Class::Load => "load",
            Class::Store => "store",
            Class::Atomic => "atomic",
            Class::Synchronise => "synchronise",
            Class::Control => "control",
            Class::Other => "other",
        }
    }

    /// Class of an instruction by its opcode with modifiers: `add.f32`, `ld.global.u32`.
    #[must_use]
    pub fn of(opcode: &str) -> Self {
        let mut parts = opcode.split('.');
        let operation = parts.next().unwrap_or_default();
        let float = || {
            parts
                .clone()
                .any(|part| matches!(part, "f16" | "f16x2" | "bf16" | "bf16x2" | "f32" | "f32x2" | "f64"))
        };
        match operation {
            "ld" | "ldu" | "ldmatrix" | "prefetch" | "prefetchu" => Class::Load,
            "cp" => Class::Load,
            "st" | "stmatrix" => Class::Store,
            "atom" | "red" | "multimem" => Class::Atomic,
            "mma" | "wmma" | "wgmma" | "tcgen05" | "movmatrix" => Class::Matrix,
            "bar" | "barrier" | "membar" | "fence" | "shfl" | "vote" | "match" | "redux" | "activemask"
            | "mbarrier" | "elect" | "griddepcontrol" | "nanosleep" => Class::Synchronise,
            "bra" | "brx" | "call" | "ret" | "exit" | "trap" | "brkpt" => Class::Control,
            "mov" | "cvt" | "cvta" | "selp" | "slct" | "prmt" | "isspacep" | "mapa" | "getctarank" => Class::Move,
            "rcp" | "sqrt" | "rsqrt" | "sin" | "cos" | "lg2" | "ex2" | "tanh" | "fma" | "copysign" | "testp" => {
                Class::Float
            }
            "add" | "sub" | "mul" | "div" | "min" | "max" | "abs" | "neg" | "setp" | "set" | "mad" | "rem" => {
                if float() { Class::Float } else { Class::Integer }
            }
            "and" | "or" | "xor" | "not" | "cnot" | "lop3" | "shl" | "shr" | "shf" | "bfe" | "bfi" | "bfind"
            | "brev" | "clz" | "popc" | "sad" | "mul24" | "mad24" | "madc" | "addc" | "subc" | "dp4a" | "dp2a"
            | "bmsk" | "szext" | "fns" | "vadd" | "vsub" => Class::Integer,
            _ => Class::Other,
        }
    }
}

/// Instructions of one entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mix {
    /// Number of instructions by class; classes without any are left out.
    pub classes: BTreeMap<Class, u64>,
    /// Number of instructions by opcode with modifiers.
    pub opcodes: BTreeMap<String, u64>,
}

impl Mix {
    /// Counts the instructions of an entry; `text` is what the module was parsed from.
    #[must_use]
    pub fn of(text: &str, entry: &Entry) -> Self {
        let mut mix = Self::default();
        for instruction in instructions(text.get(entry.body.clone()).unwrap_or_default()) {
            *mix.classes.entry(Class::of(instruction.opcode)).or_default() += 1;
            if let Some(count) = mix.opcodes.get_mut(instruction.opcode) {
                *count += 1;
            } else {
                mix.opcodes.insert(instruction.opcode.to_string(), 1);
            }
        }
        mix
    }

    /// Number of instructions.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.classes.values().sum()
    }

    /// The mix of every entry of a module, by name.
    #[must_use]
    pub fn of_module(text: &str, module: &Module) -> BTreeMap<String, Self> {
        module
            .entries
            .iter()
            .map(|entry| (entry.name.clone(), Self::of(text, entry)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_operation_and_type() {
        for (opcode, class) in [
            ("add.f32", Class::Float),
            ("add.rn.ftz.f16x2", Class::Float),
            ("add.s64", Class::Integer),
            ("fma.rn.f64", Class::Float),
            ("ld.global.nc.v4.f32", Class::Load),
            ("st.shared.u32", Class::Store),
            ("red.global.add.f32", Class::Atomic),
            ("bar.sync", Class::Synchronise),
            ("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", Class::Matrix),
            ("tex.2d.v4.f32.f32", Class::Other),
        ] {
            assert_eq!(Class::of(opcode), class, "{opcode}");
        }
    }
}
