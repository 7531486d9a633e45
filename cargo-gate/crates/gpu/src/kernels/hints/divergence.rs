//! Barriers that only some threads of a block reach.
//!
//! A branch is divergent when its predicate is computed from the index of the thread; what a load, an atomic or another thread gives is not followed, so that
//! nothing is called divergent that may be the same for the block. The code that a branch decides about are the blocks between it and the first
//! block that every way from it comes to.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::body::{Body, Instruction, Item, registers};

/// Bodies with more blocks than this are not examined: the sets below grow with their square.
const MOST_BLOCKS: usize = 4000;

/// Instructions whose result does not follow from the registers they read, or that have none.
const STOPS: &str = "ld ldu atom shfl vote match redux call tex bar barrier activemask st red bra ret";

#[derive(Debug, Default)]
struct Block {
    /// Lines of its barriers.
    barriers: Vec<usize>,
    successors: Vec<usize>,
    /// The predicate of the branch at its end.
    predicate: Option<String>,
}

/// Lines of the barriers in question, in ascending order.
pub(super) fn barriers(body: &Body<'_>) -> Vec<usize> {
    if !body.instructions().any(is_barrier) {
        return Vec::new();
    }
    let divergent = divergent(body);
    let mut found: BTreeSet<usize> = body
        .instructions()
        .filter(|instruction| is_barrier(instruction) && instruction.predicate.is_some_and(|it| divergent.contains(it)))
        .map(|instruction| instruction.line)
        .collect();
    let Some(blocks) = blocks(body) else {
        return found.into_iter().collect();
    };
    let after = post_dominators(&blocks);
    for (at, (block, after)) in blocks.iter().zip(&after).enumerate() {
        let by = block.predicate.as_deref();
        if block.successors.len() < 2 || !by.is_some_and(|register| divergent.contains(register)) {
            continue;
        }
        // What every way from here comes to, is reached by all threads.
        let mut open = block.successors.clone();
        let mut seen = HashSet::new();
        while let Some(next) = open.pop() {
            let common = after.contains(next) && next != at;
            if common || !seen.insert(next) {
                continue;
            }
            if let Some(next) = blocks.get(next) {
                found.extend(&next.barriers);
                open.extend(&next.successors);
            }
        }
    }
    found.into_iter().collect()
}

/// A barrier of all threads of the block.
fn is_barrier(instruction: &Instruction<'_>) -> bool {
    let mut parts = instruction.opcode.split('.');
    let whole = match (parts.next(), parts.next()) {
        (Some("bar"), Some("sync" | "red")) => true,
        (Some("barrier"), Some("sync" | "red")) => true,
        (Some("barrier"), Some("cta")) => matches!(parts.next(), Some("sync" | "red")),
        _ => false,
    };
    // A second operand is the number of threads that take part.
    whole && instruction.operands.len() == 1 && !instruction.opcode.contains("warp")
}

/// Registers whose value depends on the index of the thread in its block.
fn divergent<'a>(body: &Body<'a>) -> HashSet<&'a str> {
    let mut found: HashSet<&str> = HashSet::new();
    loop {
        let before = found.len();
        for instruction in body.instructions() {
            let operation = instruction.opcode.split('.').next().unwrap_or_default();
            let follows = !STOPS.split_whitespace().any(|stop| stop == operation);
            let Some((destination, sources)) = instruction.operands.split_first() else {
                continue;
            };
            let depends = sources
                .iter()
                .flat_map(|operand| registers(operand))
                .any(|register| register.starts_with("%tid") || register == "%laneid" || found.contains(register));
            if follows && depends {
                // `setp` writes a predicate and, behind a bar, its complement.
                found.extend(registers(destination));
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The blocks of a body, of which the last is the end; `None` where a jump has a table of targets, or there are too many.
fn blocks(body: &Body<'_>) -> Option<Vec<Block>> {
    let mut starts: HashMap<&str, usize> = HashMap::new();
    let mut blocks = vec![Block::default()];
    let mut jumps: Vec<(usize, &str)> = Vec::new();
    let mut ends: Vec<usize> = Vec::new();
    let mut falls = true;
    for item in &body.items {
        match item {
            Item::Label(label) => {
                let next = blocks.len();
                if falls {
                    blocks.last_mut()?.successors.push(next);
                }
                blocks.push(Block::default());
                starts.insert(label, next);
                falls = true;
            }
            Item::Instruction(instruction) => {
                if !falls {
                    // Code behind a jump without a label is never reached.
                    continue;
                }
                let at = blocks.len() - 1;
                let block = blocks.last_mut()?;
                if is_barrier(instruction) {
                    block.barriers.push(instruction.line);
                }
                let operation = instruction.opcode.split('.').next().unwrap_or_default();
                match operation {
                    "brx" => return None,
                    "bra" => jumps.push((at, instruction.operands.first()?)),
                    "ret" | "exit" | "trap" => ends.push(at),
                    _ => continue,
                }
                if instruction.predicate.is_some() {
                    block.predicate = instruction.predicate.map(str::to_owned);
                    block.successors.push(at + 1);
                    blocks.push(Block::default());
                } else {
                    falls = false;
                }
            }
        }
    }
    let end = blocks.len();
    if falls {
        ends.push(end - 1);
    }
    blocks.push(Block::default());
    for (from, target) in jumps {
        let to = *starts.get(target)?;
        blocks.get_mut(from)?.successors.push(to);
    }
    for from in ends {
        blocks.get_mut(from)?.successors.push(end);
    }
    (blocks.len() <= MOST_BLOCKS).then_some(blocks)
}

/// A set of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Set(Vec<u64>);

impl Set {
    fn new(size: usize, full: bool) -> Self {
        Self(vec![if full { u64::MAX } else { 0 }; size.div_ceil(64)])
    }

    fn contains(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    fn insert(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }
}

/// For each block those that every way from it to the end comes to, itself among them.
fn post_dominators(blocks: &[Block]) -> Vec<Set> {
    let count = blocks.len();
    let mut sets = vec![Set::new(count, true); count];
    if let Some(last) = sets.last_mut() {
        *last = Set::new(count, false);
        last.insert(count - 1);
    }
    loop {
        let mut changed = false;
        // The last is the end, which nothing follows.
        for (at, block) in blocks.iter().enumerate().rev().skip(1) {
            let mut set = Set::new(count, true);
            for next in block.successors.iter().filter_map(|next| sets.get(*next)) {
                for (word, other) in set.0.iter_mut().zip(&next.0) {
                    *word &= other;
                }
            }
            set.insert(at);
            if let Some(before) = sets.get_mut(at)
                && *before != set
            {
                *before = set;
                changed = true;
            }
        }
        if !changed {
            return sets;
        }
    }
}
