//! Threads of a block, one after the other from barrier to barrier.

use crate::memory::{Global, LOCAL, SHARED, Tracked, Who};
use crate::program::{Entry, Instruction, Operand};
use crate::value::{Type, binary, convert, unary};

const THREADS: u32 = 256;

/// More instructions than any thread here needs: a loop that does not end is a mistake.
const MOST: usize = 20_000_000;

struct Thread {
    index: u32,
    registers: Vec<u64>,
    local: Tracked,
    next: usize,
    done: bool,
}

struct Block<'a> {
    entry: &'a Entry,
    params: &'a [u64],
    number: u32,
    shared: Tracked,
    global: &'a mut Global,
    /// Barriers passed by the block; the number of the block tells them apart in global memory, where none counts.
    time: u64,
}

/// Runs one block.
///
/// # Errors
/// What the threads do wrong, with the line.
pub(crate) fn run(entry: &Entry, params: &[u64], number: u32, global: &mut Global) -> Result<(), String> {
    assert_eq!(params.len(), entry.params.len(), "parameters");
    let mut block = Block {
        entry,
        params,
        number,
        shared: Tracked::new(vec![0xa5; entry.shared_bytes], true),
        global,
        time: 1,
    };
    let mut threads: Vec<Thread> = (0..THREADS)
        .map(|index| Thread {
            index,
            registers: vec![0xdead_beef_dead_beef; entry.registers],
            local: Tracked::new(vec![0xa5; entry.local_bytes], true),
            next: 0,
            done: false,
        })
        .collect();
    loop {
        for thread in threads.iter_mut().filter(|thread| !thread.done) {
            block.advance(thread)?;
        }
        if threads.iter().all(|thread| thread.done) {
            return Ok(());
        }
        let waiting = threads[0].next;
        if threads.iter().any(|thread| thread.done || thread.next != waiting) {
            return Err("threads wait at different barriers".to_owned());
        }
        block.time += 1;
    }
}

impl Block<'_> {
    /// Runs a thread to its next barrier or its end.
    fn advance(&mut self, thread: &mut Thread) -> Result<(), String> {
        for _ in 0..MOST {
            let instruction = &self.entry.instructions[thread.next];
            thread.next += 1;
            let goes = instruction
                .guard
                .is_none_or(|(register, wanted)| (thread.registers[register] & 1 == 1) == wanted);
            if !goes {
                continue;
            }
            match instruction.name.as_str() {
                "bar.sync" => return Ok(()),
                "ret" | "exit" => {
                    thread.done = true;
                    return Ok(());
                }
                "bra" | "bra.uni" => match instruction.operands[0] {
                    Operand::Label(label) => thread.next = label,
                    _ => return Err(format!("line {}: no label", instruction.line)),
                },
                _ => self
                    .step(instruction, thread)
                    .map_err(|problem| format!("line {}, thread {}: {problem}", instruction.line, thread.index))?,
            }
        }
        Err("a loop does not end".to_owned())
    }

    fn step(&mut self, instruction: &Instruction, thread: &mut Thread) -> Result<(), String> {
        let unknown = || format!("unknown instruction: {instruction:?}");
        let ty = instruction.ty.ok_or_else(unknown)?;
        let name = instruction.name.as_str();
        let operands = instruction.operands.as_slice();
        let (who_shared, who_global) = (
            Who {
                thread: thread.index,
                time: self.time,
            },
            Who {
                thread: self.number * THREADS + thread.index,
                time: 1,
            },
        );
        if let Some(kind) = name.strip_prefix("st").or_else(|| name.strip_prefix("red")) {
            let address = self.address(&operands[0], thread)?;
            let value = self.value(&operands[1], ty, thread)?;
            let atomic = name.starts_with("red");
            let (memory, offset, who) = self.place(address, who_shared, who_global, &mut thread.local)?;
            let value = if atomic {
                binary(&kind[1..], ty, memory.peek(offset, ty.width())?, value).ok_or_else(unknown)?
            } else {
                value
            };
            return memory.store(offset, ty.width(), value, who, atomic);
        }
        let result = match name {
            "ld.param" => {
                let Operand::Address(base, 0) = &operands[1] else {
                    return Err(unknown());
                };
                let Operand::Symbol(symbol) = base.as_ref() else {
                    return Err(unknown());
                };
                let at = self
                    .entry
                    .params
                    .iter()
                    .position(|(name, _)| name == symbol)
                    .ok_or_else(unknown)?;
                self.params[at]
            }
            "ld" | "ld.global" => {
                let address = self.address(&operands[1], thread)?;
                let (memory, offset, who) = self.place(address, who_shared, who_global, &mut thread.local)?;
                memory.load(offset, ty.width(), who)?
            }
            "cvta.shared" | "cvta.local" | "cvta.global" | "cvta.to.global" => self.value(&operands[1], ty, thread)?,
            "selp" => {
                let which = self.value(&operands[3], Type::Predicate, thread)?;
                self.value(&operands[if which == 1 { 1 } else { 2 }], ty, thread)?
            }
            "cvt" | "cvt.rn" => {
                let from = instruction.from.ok_or_else(unknown)?;
                let rounding = name.strip_prefix("cvt").unwrap_or_default().trim_start_matches('.');
                convert(rounding, ty, from, self.value(&operands[1], from, thread)?).ok_or_else(unknown)?
            }
            "mul.wide" => {
                let [a, b] = [1, 2].map(|at| self.value(&operands[at], ty, thread));
                ty.cut(a?).wrapping_mul(ty.cut(b?))
            }
            "mad.lo" => {
                let [a, b, c] = [1, 2, 3].map(|at| self.value(&operands[at], ty, thread));
                a?.wrapping_mul(b?).wrapping_add(c?)
            }
            "fma.rn" if ty == Type::F32 => {
                let mut values = [0.0_f32; 3];
                for (value, operand) in values.iter_mut().zip(&operands[1..]) {
                    *value = f32::from_bits(self.value(operand, ty, thread)? as u32);
                }
                u64::from(values[0].mul_add(values[1], values[2]).to_bits())
            }
            "bfe" => {
                let [a, first, count] = [1, 2, 3].map(|at| self.value(&operands[at], ty, thread));
                (ty.cut(a?) >> first?) & ((1 << count?) - 1)
            }
            _ => {
                let a = self.value(&operands[1], ty, thread)?;
                match (name.strip_prefix("setp."), operands.len()) {
                    (Some(op), 3) => u64::from(
                        ty.compare(op, a, self.value(&operands[2], ty, thread)?)
                            .ok_or_else(unknown)?,
                    ),
                    (None, 2) => unary(name, ty, a).ok_or_else(unknown)?,
                    (None, 3) => binary(name, ty, a, self.value(&operands[2], ty, thread)?).ok_or_else(unknown)?,
                    _ => return Err(unknown()),
                }
            }
        };
        let Operand::Register(register) = operands[0] else {
            return Err(unknown());
        };
        // What is left of a wider register does not matter, and nothing may depend on it.
        thread.registers[register] = match name {
            "mul.wide" => result,
            _ if name.starts_with("setp") => result,
            _ => ty.cut(result),
        };
        Ok(())
    }

    fn value(&self, operand: &Operand, ty: Type, thread: &Thread) -> Result<u64, String> {
        Ok(match operand {
            Operand::Register(register) => ty.cut(thread.registers[*register]),
            Operand::Constant(value) => ty.cut(*value),
            Operand::Special(name) if name == "%tid.x" => u64::from(thread.index),
            Operand::Special(name) if name == "%ctaid.x" => u64::from(self.number),
            Operand::Special(name) if name == "%ntid.x" => u64::from(THREADS),
            Operand::Symbol(name) if self.entry.local.contains_key(name) => LOCAL + self.entry.local[name],
            Operand::Symbol(name) => {
                SHARED
                    + self
                        .entry
                        .shared
                        .get(name)
                        .ok_or_else(|| format!("unknown symbol {name}"))?
            }
            other => return Err(format!("unknown operand {other:?}")),
        })
    }

    fn address(&self, operand: &Operand, thread: &Thread) -> Result<u64, String> {
        let Operand::Address(base, offset) = operand else {
            return Err(format!("no address: {operand:?}"));
        };
        Ok(self
            .value(base, Type::Unsigned(64), thread)?
            .wrapping_add_signed(*offset))
    }

    /// The memory at an address, the offset in it, and who asks.
    fn place<'a>(
        &'a mut self,
        address: u64,
        shared: Who,
        global: Who,
        local: &'a mut Tracked,
    ) -> Result<(&'a mut Tracked, u64, Who), String> {
        if (LOCAL..LOCAL + self.entry.local_bytes as u64).contains(&address) {
            return Ok((local, address - LOCAL, global));
        }
        let end = SHARED + self.entry.shared_bytes as u64;
        if (SHARED..end).contains(&address) {
            return Ok((&mut self.shared, address - SHARED, shared));
        }
        let (memory, offset) = self.global.at(address)?;
        Ok((memory, offset, global))
    }
}
