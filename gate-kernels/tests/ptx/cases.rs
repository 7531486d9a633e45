//! Arguments for each entry: every length that is special to it, and values that are special to their type.

use gate_runtime::argument::{Buffer, OwnedArg, Role};
use gate_runtime::{Contract, DType, Dim, Param, Scalar, Shape};

/// Numbers that are made from a seed.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Bytes of an element: usually a number between −8 and 8, and where `wild`, any bits at all.
    fn element(&mut self, dtype: DType, wild: bool) -> Vec<u8> {
        let random = self.next();
        let unit = (random >> 11) as f64 / (1_u64 << 53) as f64 * 16.0 - 8.0;
        let bits = match dtype {
            _ if wild => random,
            DType::F32 => u64::from((unit as f32).to_bits()),
            DType::F64 => unit.to_bits(),
            DType::Bf16 => u64::from((unit as f32).to_bits() >> 16),
            // A sign, an exponent below 2⁴, and ten bits.
            DType::F16 => random & 0xbfff,
            _ => random,
        };
        bits.to_le_bytes()[..dtype.size()].to_vec()
    }

    fn buffer(&mut self, dtype: DType, count: usize, wild: bool) -> Buffer {
        let bytes: Vec<u8> = (0..count).flat_map(|_| self.element(dtype, wild)).collect();
        Buffer::from_bytes(dtype, &bytes).expect("whole elements")
    }
}

/// The lengths of a case: symbols 0 to 2, and elements for each block where the contract leaves that open.
struct Lengths {
    symbols: [usize; 3],
    any: usize,
    wild: bool,
}

pub(crate) fn of(contract: &Contract) -> Vec<Vec<OwnedArg>> {
    let name = contract.name();
    let block = if name.starts_with("scan") { 4096 } else { 16_384 };
    let mut lengths = Vec::new();
    let mut add = |symbols: [usize; 3], any, wild| lengths.push(Lengths { symbols, any, wild });
    let wilds = [false, true];
    match name {
        _ if name.starts_with("softmax") || name.starts_with("rms_norm") => {
            for columns in [1, 2, 255, 256, 257, 700] {
                for wild in wilds {
                    add([3, columns, 0], 0, wild);
                }
            }
        }
        "matmul_f32" => {
            for shape in [[1, 1, 1], [4, 16, 4], [64, 16, 64], [65, 17, 66], [3, 40, 130]] {
                for wild in wilds {
                    add(shape, 0, wild);
                }
            }
        }
        "minhash_u64" => {
            for (count, places) in [(0, 7), (1, 1), (40, 64), (2000, 128), (300, 1024)] {
                add([count, places, 0], 3, false);
            }
        }
        "bootstrap_mean_f64" | "rank_counts_f64" => {
            for (count, any) in [(1, 1), (5, 3), (300, 2), (257, 700)] {
                for wild in wilds {
                    add([count.min(12), 0, 0], any, wild);
                }
            }
        }
        "histogram_u8" => {
            for count in [1, 255, 257, 5000, 65_537] {
                add([count, 0, 0], count.div_ceil(65_536), true);
            }
        }
        _ if name.starts_with("segmented") => {
            for count in [0, 1, 300, 2000] {
                for wild in wilds {
                    add([count, 0, 0], 5, wild);
                }
            }
        }
        _ => {
            for count in [1, 2, 31, 255, 256, 257, 1000, block + 3] {
                for wild in wilds {
                    add([count, count.div_ceil(block), 0], count.div_ceil(block), wild);
                }
            }
        }
    }
    let mut numbers = Numbers(42);
    lengths
        .iter()
        .map(|lengths| {
            let mut args: Vec<OwnedArg> = contract
                .params()
                .iter()
                .enumerate()
                .map(|(at, param)| arg(name, at, param, lengths, &mut numbers))
                .collect();
            if name.starts_with("compare") {
                near(&mut args, &mut numbers);
            }
            args
        })
        .collect()
}

fn arg(name: &str, at: usize, param: &Param, lengths: &Lengths, numbers: &mut Numbers) -> OwnedArg {
    let dtype = param.dtype();
    if param.role() == Role::Scalar {
        let word = match param.states() {
            Some(symbol) => (lengths.symbols[usize::from(symbol)] as u64).to_le_bytes(),
            None => {
                let mut word = [0; 8];
                let bytes = match name {
                    _ if name.starts_with("rms_norm") => 1e-5_f32.to_le_bytes().to_vec(),
                    _ if name.starts_with("scan_write") => u32::from(lengths.wild).to_le_bytes().to_vec(),
                    _ if name.starts_with("compare") && dtype == DType::F64 => 1e-3_f64.to_le_bytes().to_vec(),
                    _ if name.starts_with("compare") => 1_u32.to_le_bytes().to_vec(),
                    _ => numbers.element(dtype, false),
                };
                word[..bytes.len()].copy_from_slice(&bytes);
                word
            }
        };
        return OwnedArg::Scalar(Scalar::from_bytes(dtype, &word).expect("a scalar"));
    }
    let offsets = (name.starts_with("segmented") || name.starts_with("minhash")) && at == 1;
    let dims: Vec<usize> = param
        .dims()
        .expect("dimensions")
        .iter()
        .map(|dim| match dim {
            Dim::Same(symbol) => lengths.symbols[usize::from(*symbol)],
            Dim::Exactly(length) => *length,
            _ => lengths.any + usize::from(offsets),
        })
        .collect();
    let count = dims.iter().product();
    let buffer = if offsets {
        // Empty segments, and one that ends behind the last element.
        let length = lengths.symbols[0] as u64;
        let mut cuts: Vec<u64> = (0..count).map(|_| numbers.next() % (length + 1)).collect();
        cuts.sort_unstable();
        cuts[0] = 0;
        cuts[count - 1] = length + 9;
        Buffer::U64(cuts)
    } else {
        numbers.buffer(dtype, count, lengths.wild)
    };
    let shape = Shape::new(&dims).expect("a shape");
    OwnedArg::Buffer(param.role(), buffer, shape)
}

/// Makes the expected values the actual ones with some bits changed, so that every distance occurs; in every third case they
/// are equal.
fn near(args: &mut [OwnedArg], numbers: &mut Numbers) {
    let equal = numbers.next() % 3 == 0;
    let OwnedArg::Buffer(_, actual, shape) = &args[0] else {
        unreachable!("the first argument is a buffer");
    };
    let (dtype, shape) = (actual.dtype(), *shape);
    let bytes: Vec<u8> = actual
        .view()
        .bytes()
        .chunks(dtype.size())
        .flat_map(|element| {
            let mut element = element.to_vec();
            if !equal && numbers.next() % 4 != 0 {
                let bit = numbers.next() as usize % (8 * dtype.size());
                element[bit / 8] ^= 1 << (bit % 8);
            }
            element
        })
        .collect();
    let buffer = Buffer::from_bytes(dtype, &bytes).expect("whole elements");
    args[1] = OwnedArg::Buffer(Role::Input, buffer, shape);
}
