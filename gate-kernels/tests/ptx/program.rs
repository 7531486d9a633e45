//! Reads PTX as the lock holds it: one instruction in a line.

use std::collections::BTreeMap;

use crate::value::Type;

/// What an instruction works on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    Register(usize),
    Constant(u64),
    /// A special register: `%tid.x`, `%ctaid.x`.
    Special(String),
    /// The name of a parameter or of an array in shared memory.
    Symbol(String),
    /// An address: the operand plus a number of bytes.
    Address(Box<Operand>, i64),
    /// Index of an instruction.
    Label(usize),
}

/// One instruction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Instruction {
    /// Line in the file.
    pub line: usize,
    /// The predicate that has to be this, else nothing happens.
    pub guard: Option<(usize, bool)>,
    /// Name without types: `add.rn`, `setp.lt`, `ld.global`.
    pub name: String,
    pub ty: Option<Type>,
    /// The second type of a conversion.
    pub from: Option<Type>,
    pub operands: Vec<Operand>,
}

/// One `.entry`.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Names and types, in order.
    pub params: Vec<(String, Type)>,
    pub registers: usize,
    pub instructions: Vec<Instruction>,
    /// Arrays in shared memory with their offsets, and the bytes of all.
    pub shared: BTreeMap<String, u64>,
    pub shared_bytes: usize,
    /// Arrays of each thread with their offsets, and the bytes of all.
    pub local: BTreeMap<String, u64>,
    pub local_bytes: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Program {
    pub entries: BTreeMap<String, Entry>,
}

impl Program {
    /// Reads the text.
    ///
    /// # Panics
    /// At anything that it does not know, with the line.
    pub(crate) fn parse(text: &str) -> Self {
        let mut program = Program::default();
        let mut shared = BTreeMap::new();
        let mut shared_bytes = 0_u64;
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, bare(line)));
        while let Some((at, line)) = lines.next() {
            if let Some(array) = line.strip_prefix(".shared .align 16 .b8 ") {
                let (name, size) = array.trim_end_matches(';').split_once('[').expect("an array");
                shared.insert(name.to_owned(), shared_bytes);
                shared_bytes += size
                    .trim_end_matches(']')
                    .parse::<u64>()
                    .expect("a size")
                    .next_multiple_of(16);
            } else if let Some(name) = line.strip_prefix(".visible .entry ") {
                let name = name.trim_end_matches('(').to_owned();
                let mut entry = Entry {
                    shared: shared.clone(),
                    shared_bytes: shared_bytes as usize,
                    ..Entry::default()
                };
                for (_, line) in lines.by_ref().take_while(|(_, line)| *line != ")") {
                    let words: Vec<&str> = line.trim_end_matches(',').split_whitespace().collect();
                    let ty = Type::named(words[1].trim_start_matches('.')).expect(line);
                    entry.params.push((words[words.len() - 1].to_owned(), ty));
                }
                let body: Vec<(usize, &str)> = lines.by_ref().take_while(|(_, line)| *line != "}").collect();
                entry.read(&body);
                program.entries.insert(name, entry);
            } else {
                // What clang declares for built-in variables is never read.
                let known = [".version", ".target", ".address_size", ".global .align 1 .b8"];
                assert!(
                    line.is_empty() || known.iter().any(|word| line.starts_with(word)),
                    "line {at}: {line}"
                );
            }
        }
        program
    }
}

/// A line without its comment.
fn bare(line: &str) -> &str {
    line.split("//").next().unwrap_or_default().trim()
}

impl Entry {
    fn read(&mut self, body: &[(usize, &str)]) {
        let mut labels = BTreeMap::new();
        let mut count = 0;
        let mut code = Vec::new();
        for &(at, line) in body {
            if let Some(label) = line.strip_suffix(':') {
                labels.insert(label.to_owned(), count);
            } else if let Some(array) = line.strip_prefix(".local ") {
                // `.align 8 .b8 name[48];`
                let (name, size) = array.trim_end_matches("];").rsplit_once('[').expect(line);
                let name = name.split_whitespace().last().expect(line);
                self.local.insert(name.to_owned(), self.local_bytes as u64);
                self.local_bytes += size.parse::<usize>().expect(line).next_multiple_of(16);
            } else if !line.is_empty() && line != "{" && !line.starts_with(".reg") && !line.starts_with(".pragma") {
                code.push((at, line));
                count += 1;
            }
        }
        let mut registers = BTreeMap::new();
        for (at, line) in code {
            let instruction = instruction(line, at, &labels, &mut registers);
            self.instructions.push(instruction);
        }
        self.registers = registers.len();
    }
}

fn instruction(
    line: &str,
    at: usize,
    labels: &BTreeMap<String, usize>,
    registers: &mut BTreeMap<String, usize>,
) -> Instruction {
    let mut text = line.trim_end_matches(';');
    let mut register = |name: &str| {
        let next = registers.len();
        *registers.entry(name.to_owned()).or_insert(next)
    };
    let mut guard = None;
    if let Some(guarded) = text.strip_prefix('@') {
        let (name, rest) = guarded.split_once(' ').expect(line);
        let bare = name.trim_start_matches('!');
        guard = Some((register(bare), bare.len() == name.len()));
        text = rest;
    }
    let text = text.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut parts: Vec<&str> = name.split('.').collect();
    let mut types = Vec::new();
    while let Some(ty) = parts.last().and_then(|part| Type::named(part)) {
        types.push(ty);
        parts.pop();
    }
    let operands = rest
        .split(',')
        .map(str::trim)
        .filter(|operand| !operand.is_empty())
        .map(|operand| self::operand(operand, labels, &mut register))
        .collect();
    // The last type says what the operands are; a conversion has the one it makes before it.
    let (ty, from) = match types[..] {
        [from, to] => (Some(to), Some(from)),
        [ty] => (Some(ty), None),
        [] => (None, None),
        _ => panic!("line {at}: {line}"),
    };
    Instruction {
        line: at,
        guard,
        name: parts.join("."),
        ty,
        from,
        operands,
    }
}

fn operand(text: &str, labels: &BTreeMap<String, usize>, register: &mut impl FnMut(&str) -> usize) -> Operand {
    if let Some(inside) = text.strip_prefix('[') {
        let inside = inside.trim_end_matches(']');
        let (base, offset) = inside.split_once('+').unwrap_or((inside, "0"));
        let base = operand(base, labels, register);
        return Operand::Address(Box::new(base), offset.parse().expect(text));
    }
    if text.starts_with('%') {
        if text.contains('.') {
            return Operand::Special(text.to_owned());
        }
        return Operand::Register(register(text));
    }
    if let Some(label) = labels.get(text) {
        return Operand::Label(*label);
    }
    if let Some(bits) = text.strip_prefix("0f").or_else(|| text.strip_prefix("0d")) {
        return Operand::Constant(u64::from_str_radix(bits, 16).expect(text));
    }
    match text.parse::<i128>() {
        Ok(number) => Operand::Constant(number as u64),
        Err(_) => Operand::Symbol(text.to_owned()),
    }
}
