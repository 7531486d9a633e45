//! Instruction mix of a kernel: which instructions its body has, by what they do. A static count, not an execution profile.

use std::collections::BTreeMap;

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

/// An instruction of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instruction<'a> {
    /// Its opcode with modifiers, without a predicate: `add.s64`.
    pub(crate) opcode: &'a str,
    /// What follows up to the `;`.
    pub(crate) operands: &'a str,
    /// Its place in the body, in bytes.
    pub(crate) at: usize,
}

/// The instructions of a body: statements that are no directive, without their labels and predicates.
pub(crate) fn instructions(body: &str) -> impl Iterator<Item = Instruction<'_>> {
    Statements { body, at: 0 }.filter_map(|(at, statement)| {
        let mut start = at;
        let mut rest = statement;
        loop {
            let trimmed = rest.trim_start();
            start += rest.len() - trimmed.len();
            rest = trimmed;
            let word = rest
                .find(|c: char| c.is_whitespace() || matches!(c, ':' | '{' | '}' | '('))
                .unwrap_or(rest.len());
            let label = rest.get(word..).and_then(|behind| behind.strip_prefix(':'));
            let behind = if let Some(behind) = rest.strip_prefix(['{', '}']) {
                behind
            } else if let Some(behind) = label.filter(|behind| !behind.starts_with(':')) {
                behind
            } else if rest.starts_with(".loc") || rest.starts_with("@@") || rest.starts_with("//") {
                rest.get(rest.find('\n')?..)?
            } else if let Some(predicate) = rest.strip_prefix('@') {
                // `@%p1 bra`, `@!%p1 bra`, and `@ %p1` with white space in between.
                let predicate = predicate.trim_start().trim_start_matches('!').trim_start();
                predicate.get(predicate.find(char::is_whitespace)?..)?
            } else if let Some(comment) = rest.strip_prefix("/*") {
                comment.split_once("*/")?.1
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (opcode, operands) = rest.split_at_checked(end)?;
                let known = opcode.starts_with(|c: char| c.is_ascii_lowercase());
                return known.then(|| Instruction {
                    opcode,
                    operands: operands.trim(),
                    at: start,
                });
            };
            start += rest.len() - behind.len();
            rest = behind;
        }
    })
}

/// Statements of a body with their places, split at the `;` that stand outside of comments.
struct Statements<'a> {
    body: &'a str,
    at: usize,
}

impl<'a> Iterator for Statements<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = self.body.get(start..).filter(|rest| !rest.is_empty())?;
        // Up to the next `;`, past the comments and strings that may hide one.
        let mut behind = rest;
        let statement = loop {
            let Some(next) = behind.find([';', '/', '"']).and_then(|at| behind.get(at..)) else {
                break rest;
            };
            behind = if next.starts_with(';') {
                break rest.get(..rest.len() - next.len()).unwrap_or(rest);
            } else if next.starts_with("//") {
                next.find('\n').and_then(|at| next.get(at..)).unwrap_or_default()
            } else if let Some(comment) = next.strip_prefix("/*") {
                comment.split_once("*/").map_or("", |(_, behind)| behind)
            } else if let Some(string) = next.strip_prefix('"') {
                string.split_once('"').map_or("", |(_, behind)| behind)
            } else {
                next.strip_prefix('/').unwrap_or_default()
            };
        };
        self.at = (start + statement.len() + 1).min(self.body.len());
        Some((start, statement))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opcodes(body: &str) -> Vec<&str> {
        instructions(body).map(|instruction| instruction.opcode).collect()
    }

    #[test]
    fn predicates_labels_blocks_and_comments_are_left_behind() {
        let body = "\n\t.reg .b32 \t%r<7>;\n\t.loc 1 2 3\n$L__BB0_1: // a; comment\n@!%p1 bra \t$L__BB0_1;\n{ // call\n\
                    .param .b64 p;\nst.param.b64 [p+0], %rd1;\ncall.uni\n(retval0),\nf,\n(p\n);\n}\n/* x; */ ret;\n";
        assert_eq!(opcodes(body), ["bra", "st.param.b64", "call.uni", "ret"]);
    }

    #[test]
    fn places_are_those_of_the_opcode() {
        let body = "\n@%p1 add.s32 %r1, %r2, %r3;\n";
        let found: Vec<_> = instructions(body).collect();
        assert_eq!(&body[found[0].at..found[0].at + 7], "add.s32");
        assert_eq!(found[0].operands, "%r1, %r2, %r3");
    }

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
