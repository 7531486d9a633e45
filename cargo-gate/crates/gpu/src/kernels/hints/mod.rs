//! What PTX shows about the speed of a kernel: few rules, each of which reports what stands in the code and nothing that only might be.
//!
//! PTX is what ptxas compiles, not what runs: how a kernel performs, a profiler says. A rule here needs a fact that no later pass takes away.
//! The rules with their limits are documented at [`Rule`]. The sources are NVIDIA's *CUDA C++ Programming Guide* (synchronisation functions, arithmetic
//! throughput, device memory accesses) and the *Parallel Thread Execution ISA*.

mod affine;
mod body;
mod divergence;

use gate_build::ptx::Entry;

use self::affine::Strides;
use self::body::{Body, Instruction};

/// What a hint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Double-precision arithmetic in an entry that neither loads, nor stores, nor takes a double, beside single-precision arithmetic. Mostly a literal without
    /// `f` or a function without its single-precision form; on most devices a thirty-second to a sixty-fourth of the throughput. The one multiplication
    /// by which CUDA's `sinf` and `cosf` reduce large arguments is not counted.
    DoubleInSingle,
    /// A barrier of the whole block in code that only some threads of a block reach, by a branch on a value computed from the thread's own index. The
    /// programming guide allows a barrier in conditional code only where the condition is the same for the whole block. Barriers with a number of
    /// threads are meant for a part of the block and are not counted.
    DivergentBarrier,
    /// An array of a thread in local memory that is indexed by a value known at run time only: what looks like registers is device memory. The arrays by which
    /// CUDA's trigonometric functions reduce large arguments are not counted.
    LocalArray,
    /// Global memory that neighbouring threads access at least a sector of 32 bytes apart, each using at most half of what is between: a constant
    /// factor of `%tid.x` that stands in the PTX. Strides that are parameters are not known and not reported, nor are those in loops.
    Strided,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 4] = [
        Rule::DoubleInSingle,
        Rule::DivergentBarrier,
        Rule::LocalArray,
        Rule::Strided,
    ];

    /// Stable id.
    pub fn id(self) -> &'static str {
        match self {
            Rule::DoubleInSingle => "double-in-single",
            Rule::DivergentBarrier => "divergent-barrier",
            Rule::LocalArray => "local-array",
            Rule::Strided => "strided",
        }
    }
}

/// One thing that PTX shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The rule.
    pub rule: Rule,
    /// Symbol of the entry.
    pub entry: String,
    /// Line of the PTX, from 1: the first place where there are several.
    pub line: usize,
    /// What is there, in sentence case without a final full stop.
    pub message: String,
}

/// The hints about an entry, in the order of their lines; `text` is what its module was parsed from.
pub fn of_entry(text: &str, entry: &Entry) -> Vec<Hint> {
    let Some(code) = text.get(entry.body.clone()) else {
        return Vec::new();
    };
    let before = text.get(..entry.body.start).unwrap_or_default();
    let body = Body::parse(code, memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1);
    let mut hints = Vec::new();
    let mut add = |rule: Rule, line: usize, message: String| {
        hints.push(Hint {
            rule,
            entry: entry.name.clone(),
            line,
            message,
        });
    };
    if let Some((line, count)) = doubles(entry, &body) {
        let s = if count == 1 { "" } else { "s" };
        add(
            Rule::DoubleInSingle,
            line,
            format!("{count} double-precision instruction{s} in a kernel of single-precision data"),
        );
    }
    for line in divergence::barriers(&body) {
        let message = "a block-wide barrier that only some threads reach";
        add(Rule::DivergentBarrier, line, message.to_owned());
    }
    if let Some((line, bytes)) = local_array(&body, code) {
        let message = format!("an array of {bytes} bytes per thread lies in local memory, which is device memory");
        add(Rule::LocalArray, line, message);
    }
    for access in Strides::of(&body).wide(entry) {
        let message = format!(
            "neighbouring threads access global memory {} bytes apart and use {} of them",
            access.stride, access.used
        );
        add(Rule::Strided, access.line, message);
    }
    hints.sort_by_key(|hint| (hint.line, hint.rule));
    hints
}

/// Line of the first double-precision arithmetic of an entry whose data are single, and how much of it there is.
fn doubles(entry: &Entry, body: &Body<'_>) -> Option<(usize, usize)> {
    /// 2⁻⁶⁴·π/2, by which the reduction of an argument ends.
    const REDUCTION: &str = "0d3BF921FB54442D19";
    let has = |instruction: &Instruction<'_>, kind: &str| instruction.opcode.split('.').any(|part| part == kind);
    let arithmetic = |instruction: &Instruction<'_>| {
        let operation = instruction.opcode.split('.').next().unwrap_or_default();
        matches!(
            operation,
            "add" | "sub" | "mul" | "div" | "fma" | "mad" | "sqrt" | "rsqrt" | "rcp" | "min" | "max"
        )
    };
    if entry.params.iter().any(|param| param.ty.to_string().contains("f64")) {
        return None;
    }
    let moves_doubles = body.instructions().any(|instruction| {
        let memory =
            ["ld", "ldu", "st", "atom", "red"].contains(&instruction.opcode.split('.').next().unwrap_or_default());
        memory && has(instruction, "f64")
    });
    // Loads of plain bits, and conversions to integers and back, may be doubles as well.
    let converts = body.instructions().any(|instruction| {
        instruction.opcode.starts_with("mov.b64")
            && instruction.operands.iter().any(|operand| operand.starts_with("%fd"))
    });
    if moves_doubles || converts {
        return None;
    }
    if !body
        .instructions()
        .any(|instruction| arithmetic(instruction) && has(instruction, "f32"))
    {
        return None;
    }
    let doubles = body.instructions().filter(|instruction| {
        arithmetic(instruction)
            && has(instruction, "f64")
            && !instruction.operands.iter().any(|operand| operand == &REDUCTION)
    });
    let lines: Vec<usize> = doubles.map(|instruction| instruction.line).collect();
    lines.first().map(|line| (*line, lines.len()))
}

/// Line of the first access to a local array that is not one of CUDA's own, and the bytes of all of them.
fn local_array(body: &Body<'_>, code: &str) -> Option<(usize, u64)> {
    /// Bytes of the largest array of a reduction: ten words of 32 bits, or five of 64.
    const OWN: u64 = 40;
    // Its table stands in memory, or, where the loop over it is unrolled, its first word in the code.
    let reduces = code.contains("__cudart_i2opi") || code.contains(" 1011060801;");
    let bytes: u64 = body.locals.iter().filter(|bytes| !reduces || **bytes > OWN).sum();
    if bytes == 0 {
        return None;
    }
    let access = body.instructions().find(|instruction| {
        let mut parts = instruction.opcode.split('.');
        matches!(parts.next(), Some("ld" | "st")) && parts.next() == Some("local")
    })?;
    Some((access.line, bytes))
}

#[cfg(test)]
mod tests;
