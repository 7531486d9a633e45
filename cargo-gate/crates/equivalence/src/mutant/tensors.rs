//! Mutants of tensors.

use super::beyond::above;
use super::fault::Mutant;
use crate::dtype::Dtype;
use crate::output::{Output, Tensor};
use crate::rule::{ColumnRule, Kind, Nan, Rules, Tolerance, Zero};

/// Elements of each end that are mutated of a long tensor.
const END: usize = 4096;

/// Both ends of a long tensor.
pub(super) fn part(tensor: &Tensor) -> Tensor {
    if tensor.count() <= 2 * END {
        return tensor.clone();
    }
    let bytes = END * tensor.dtype.size();
    let data = &tensor.data;
    Tensor {
        shape: vec![2 * END],
        data: [&data[..bytes], &data[data.len() - bytes..]].concat(),
        ..tensor.clone()
    }
}

pub(super) fn mutants(rules: &Rules, list: &[Tensor]) -> Vec<Mutant> {
    let mut maker = Maker {
        list,
        found: Vec::new(),
    };
    let magnitudes: Vec<&str> = rules.magnitudes().collect();
    for (at, tensor) in list.iter().enumerate() {
        if !magnitudes.contains(&tensor.name.as_str()) {
            let rule = rules.column(&tensor.name);
            let magnitude = rule.reduction.as_ref().filter(|_| rule.kind == Kind::Float);
            let magnitude = magnitude.and_then(|sum| list.iter().find(|tensor| tensor.name == sum.magnitude));
            maker.whole(at, tensor);
            maker.elements(at, tensor, &rule, magnitude);
        }
    }
    maker.found
}

struct Maker<'a> {
    list: &'a [Tensor],
    found: Vec<Mutant>,
}

impl Maker<'_> {
    fn push(&mut self, at: usize, what: &str, change: impl FnOnce(&mut Vec<Tensor>)) {
        let mut list = self.list.to_vec();
        change(&mut list);
        self.found.push(Mutant {
            name: format!("tensor `{}`: {what}", self.list[at].name),
            output: Output::Tensors(list),
        });
    }

    /// Faults of its type, its shape and its being there.
    fn whole(&mut self, at: usize, tensor: &Tensor) {
        self.push(at, "missing", |list| drop(list.remove(at)));
        self.push(at, "another one next to it", |list| {
            let name = format!("{} ", tensor.name);
            list.push(Tensor { name, ..tensor.clone() });
        });
        let (size, count) = (tensor.dtype.size(), tensor.count());
        if count > 0 {
            self.push(at, "the last element dropped", |list| {
                list[at].data.truncate((count - 1) * size);
                list[at].shape = vec![count - 1];
            });
        }
        self.push(at, "one element more", |list| {
            list[at].data.extend(std::iter::repeat_n(0, size));
            list[at].shape = vec![count + 1];
        });
        self.push(at, "another shape of the same elements", |list| list[at].shape.push(1));
        let other = match tensor.dtype {
            Dtype::F64 => Dtype::I64,
            Dtype::F32 => Dtype::I32,
            Dtype::F16 => Dtype::Bf16,
            Dtype::Bf16 => Dtype::F16,
            Dtype::U8 => Dtype::I8,
            _ => return,
        };
        self.push(at, "the same bytes as another type", |list| list[at].dtype = other);
    }

    fn set(&mut self, at: usize, element: usize, what: &str, bits: u64) {
        let size = self.list[at].dtype.size();
        let name = format!("{what} at element {element}");
        self.push(at, &name, |list| {
            list[at].data[element * size..(element + 1) * size].copy_from_slice(&bits.to_le_bytes()[..size]);
        });
    }

    /// Faults of single elements, of pairs, and of all.
    fn elements(&mut self, at: usize, tensor: &Tensor, rule: &ColumnRule, magnitude: Option<&Tensor>) {
        let (dtype, count) = (tensor.dtype, tensor.count());
        if count == 0 {
            return;
        }
        let bits = |element: usize| dtype.bits(tensor.element(element));
        let ends: std::collections::BTreeSet<usize> = [0, count / 2, count - 1].into();
        if !dtype.is_float() {
            for element in ends {
                self.set(at, element, "the lowest bit flipped", bits(element) ^ 1);
            }
            if let Some(other) = (0..count).find(|other| bits(*other) != bits(0)) {
                self.swap(at, 0, other);
            }
            return;
        }
        let tolerance = Tolerance::of(rule, dtype);
        let size = |element: usize| {
            let found = magnitude.filter(|tensor| tensor.count() == count);
            found.map_or(0.0, |tensor| {
                tensor.dtype.float(tensor.dtype.bits(tensor.element(element)))
            })
        };
        let sign = 1_u64 << (dtype.size() * 8 - 1);
        let infinity = dtype.infinity();
        // The highest bit of the fraction: below the lowest of the exponent.
        let quiet = infinity | (infinity & infinity.wrapping_neg()) >> 1;
        for element in ends {
            let own = bits(element);
            let number = dtype.float(own);
            if number.is_nan() {
                self.set(at, element, "a number instead of NaN", 0);
                continue;
            }
            self.set(at, element, "NaN", quiet);
            if number.is_finite() {
                self.set(at, element, "infinity", dtype.infinity());
                match above(&tolerance, own, size(element)) {
                    Some(beyond) => self.set(at, element, "just beyond the tolerance", beyond),
                    // Nothing is beyond it, which the largest number shows.
                    None => self.set(at, element, "the largest number", dtype.infinity() - 1),
                }
            }
        }
        let find = |wanted: &dyn Fn(u64) -> bool| (0..count).find(|element| wanted(bits(*element)));
        if rule.nan() == Nan::Bits
            && let Some(element) = find(&|bits| dtype.float(bits).is_nan())
        {
            // Another payload, and still NaN: the highest bit of the fraction stays.
            self.set(at, element, "another payload of NaN", (bits(element) ^ 1) | quiet);
        }
        if rule.zero() == Zero::Distinct
            && let Some(element) = find(&|bits| dtype.place(bits) == 0)
        {
            self.set(at, element, "the sign of zero flipped", bits(element) ^ sign);
        }
        let finite = (0..count).filter(|element| dtype.float(bits(*element)).is_finite());
        let place = |element: &usize| dtype.place(bits(*element));
        let Some(largest) = finite.clone().max_by_key(|element| place(element).unsigned_abs()) else {
            return;
        };
        if place(&largest) != 0 {
            self.set(at, largest, "the sign flipped", bits(largest) ^ sign);
            self.push(at, "all zero", |list| list[at].data.fill(0));
        }
        let (low, high) = (finite.clone().min_by_key(place), finite.clone().max_by_key(place));
        if let (Some(low), Some(high)) = (low, high) {
            let far = !tolerance.accepts(bits(low), bits(high), size(high)).0;
            if far {
                self.swap(at, low, high);
            }
        }
    }

    fn swap(&mut self, at: usize, first: usize, second: usize) {
        let size = self.list[at].dtype.size();
        let name = format!("elements {first} and {second} swapped");
        self.push(at, &name, |list| {
            for byte in 0..size {
                list[at].data.swap(first * size + byte, second * size + byte);
            }
        });
    }
}
