//! Floating-point arithmetic of a kernel: which rules of rounding, contraction, subnormal numbers and order its instructions leave open.
//!
//! The rules are those of the *Parallel Thread Execution ISA* by NVIDIA, chapters "Floating Point Instructions" and "Parallel Synchronization and
//! Communication Instructions": `add`, `sub` and `mul` without a rounding modifier may be contracted to `fma` by ptxas, with one never;
//! `.ftz` flushes subnormal inputs and results to zero; `.approx` and `.full` are not correctly rounded; atomic additions come in any order.

use std::collections::BTreeMap;

use super::instructions::instructions;
use super::model::Entry;

/// A rule that an instruction does not leave at its default of IEEE 754.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trait {
    /// A fused multiply-add that the source asked for, or the compiler made.
    Fused,
    /// An operation that ptxas may contract with another to a fused multiply-add.
    MayBeFused,
    /// A rounding that is directed: towards zero, up or down.
    DirectedRounding,
    /// A result that is not correctly rounded.
    Approximate,
    /// Subnormal numbers are taken for zero.
    FlushesSubnormals,
    /// A sum in memory whose order differs from run to run.
    UnorderedSum,
}

impl Trait {
    /// What the instruction does, as part of a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Fused => "is a fused multiply-add",
            Self::MayBeFused => "may be contracted to a fused multiply-add",
            Self::DirectedRounding => "rounds in one direction",
            Self::Approximate => "is approximate",
            Self::FlushesSubnormals => "flushes subnormal numbers to zero",
            Self::UnorderedSum => "adds in an unspecified order",
        }
    }
}

/// Instructions of a kernel with one trait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instances {
    /// How many there are.
    pub count: usize,
    /// Line of the first, from 1, in the text of the module.
    pub line: usize,
    /// The opcode of the first.
    pub opcode: String,
}

/// The traits of a kernel's arithmetic; `text` is what the module was parsed from. Functions that it calls are not looked into.
#[must_use]
pub fn traits(text: &str, entry: &Entry) -> BTreeMap<Trait, Instances> {
    let body = text.get(entry.body.clone()).unwrap_or_default();
    let mut found: BTreeMap<Trait, Instances> = BTreeMap::new();
    for instruction in instructions(body) {
        for one in of_opcode(instruction.opcode) {
            let instances = found.entry(one).or_insert_with(|| Instances {
                count: 0,
                line: 1 + text
                    .get(..entry.body.start + instruction.at)
                    .map_or(0, |before| before.matches('\n').count()),
                opcode: instruction.opcode.to_owned(),
            });
            instances.count += 1;
        }
    }
    found
}

/// The traits of one instruction.
fn of_opcode(opcode: &str) -> Vec<Trait> {
    let mut parts = opcode.split('.');
    let name = parts.next().unwrap_or_default();
    let modifiers: Vec<&str> = parts.collect();
    let has = |modifier: &str| modifiers.contains(&modifier);
    let float = ["f16", "f16x2", "bf16", "bf16x2", "f32", "f32x2", "f64"]
        .iter()
        .any(|ty| has(ty));
    let mut traits = Vec::new();
    if !float {
        return traits;
    }
    match name {
        "fma" | "mad" => traits.push(Trait::Fused),
        "add" | "sub" | "mul" if !["rn", "rz", "rm", "rp"].iter().any(|mode| has(mode)) => {
            traits.push(Trait::MayBeFused);
        }
        "atom" | "red" if has("add") => traits.push(Trait::UnorderedSum),
        _ => {}
    }
    let arithmetic = ["add", "sub", "mul", "fma", "mad", "div", "rcp", "sqrt"].contains(&name);
    // `cvt` rounds to the type that it converts to, down for `floor`: that is what was asked for.
    if arithmetic && ["rz", "rm", "rp"].iter().any(|mode| has(mode)) {
        traits.push(Trait::DirectedRounding);
    }
    if has("approx") || has("full") {
        traits.push(Trait::Approximate);
    }
    if has("ftz") {
        traits.push(Trait::FlushesSubnormals);
    }
    traits
}

#[cfg(test)]
mod tests {
    use super::super::Module;
    use super::*;

    #[test]
    fn opcodes_say_what_they_leave_open() {
        use Trait::{Approximate, DirectedRounding, FlushesSubnormals, Fused, MayBeFused, UnorderedSum};
        for (opcode, expected) in [
            ("add.rn.f32", vec![]),
            ("add.f32", vec![MayBeFused]),
            ("mul.ftz.f32", vec![MayBeFused, FlushesSubnormals]),
            ("mul.rz.f64", vec![DirectedRounding]),
            ("fma.rn.f32", vec![Fused]),
            ("fma.rm.bf16x2", vec![Fused, DirectedRounding]),
            ("div.rn.f32", vec![]),
            ("div.full.f32", vec![Approximate]),
            ("ex2.approx.ftz.f32", vec![Approximate, FlushesSubnormals]),
            ("red.global.add.f32", vec![UnorderedSum]),
            ("atom.global.add.noftz.f16x2", vec![UnorderedSum]),
            ("red.global.add.u32", vec![]),
            ("atom.global.max.f32", vec![]),
            ("mad.lo.s32", vec![]),
            ("cvt.rzi.s32.f32", vec![]),
            ("add.s64", vec![]),
            ("ld.global.f32", vec![]),
        ] {
            assert_eq!(of_opcode(opcode), expected, "{opcode}");
        }
    }

    #[test]
    fn the_first_instance_has_its_line() {
        let text = ".version 8.0\n.target sm_80\n.entry k()\n{\nadd.rn.f32 %f1, %f1, %f2;\nfma.rn.f32 %f1, %f1, %f1, %f2;\n\
                    @%p1 fma.rn.f32 %f1, %f1, %f1, %f2;\nret;\n}\n";
        let module = Module::parse(text).expect("a module");
        let found = traits(text, &module.entries[0]);
        let fused = Instances {
            count: 2,
            line: 6,
            opcode: "fma.rn.f32".to_owned(),
        };
        assert_eq!(found, BTreeMap::from([(Trait::Fused, fused)]));
    }
}
