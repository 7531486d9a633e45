//! What an entry gives, compared and digested bit by bit. The tests use it for the interpreter, `examples/differential` for devices.

use gate_runtime::argument::{Buffer, OwnedArg};
use gate_runtime::{Arg, KernelSpec, Status};

/// The bits of a buffer; every NaN as the same one.
pub(crate) fn bits(buffer: &Buffer) -> Vec<u64> {
    let half = |bits: &u16, limit| {
        if bits & 0x7fff > limit {
            u64::MAX
        } else {
            u64::from(*bits)
        }
    };
    match buffer {
        Buffer::F16(values) => values.iter().map(|value| half(value, 0x7c00)).collect(),
        Buffer::Bf16(values) => values.iter().map(|value| half(value, 0x7f80)).collect(),
        Buffer::F32(values) => values
            .iter()
            .map(|v| if v.is_nan() { u64::MAX } else { v.to_bits().into() })
            .collect(),
        Buffer::F64(values) => values
            .iter()
            .map(|v| if v.is_nan() { u64::MAX } else { v.to_bits() })
            .collect(),
        other => other.view().bytes().chunks(other.dtype().size()).map(word).collect(),
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The arguments as the CPU function leaves them.
pub(crate) fn on_cpu(kernel: &KernelSpec, case: &[OwnedArg]) -> Vec<OwnedArg> {
    let mut args = case.to_vec();
    let mut borrowed: Vec<Arg<'_>> = args.iter_mut().map(OwnedArg::as_arg).collect();
    assert_eq!((kernel.cpu)(&mut borrowed), Status::Ok, "{}", kernel.contract.name());
    args
}

/// Where the arguments that a native launch left are others than those of the CPU function; `None` when the bits are the same.
pub(crate) fn difference(cpu: &[OwnedArg], native: &[OwnedArg]) -> Option<String> {
    for (index, pair) in cpu.iter().zip(native).enumerate() {
        if let (OwnedArg::Buffer(_, cpu, _), OwnedArg::Buffer(_, native, _)) = pair {
            let (cpu, native) = (bits(cpu), bits(native));
            if let Some(first) = (0..cpu.len()).find(|&i| cpu.get(i) != native.get(i)) {
                let (there, here) = (cpu.get(first), native.get(first));
                return Some(format!(
                    "argument {index}, element {first}: {there:x?} on the CPU, {here:x?} natively"
                ));
            }
        }
    }
    None
}

/// The digest of the outputs of all cases of an entry: FNV-1a, a word at a time.
pub(crate) struct Digest {
    cases: usize,
    digest: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            cases: 0,
            digest: 0xcbf2_9ce4_8422_2325,
        }
    }
}

impl Digest {
    /// Adds a case as it was left.
    pub(crate) fn add(&mut self, args: &[OwnedArg]) {
        self.cases += 1;
        for arg in args {
            if let OwnedArg::Buffer(role, buffer, _) = arg
                && role.is_written()
            {
                for word in bits(buffer) {
                    self.digest = (self.digest ^ word).wrapping_mul(0x0100_0000_01b3);
                }
            }
        }
    }

    /// The line of a file of vectors.
    pub(crate) fn line(&self, name: &str) -> String {
        format!("{name} {} {:016x}\n", self.cases, self.digest)
    }
}
