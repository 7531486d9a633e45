//! The body of an entry: instructions with their predicates and operands, labels, and local arrays.

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instruction<'a> {
    /// Line in the module, from 1.
    pub(super) line: usize,
    /// The register that decides whether a thread executes it.
    pub(super) predicate: Option<&'a str>,
    /// The opcode with modifiers.
    pub(super) opcode: &'a str,
    /// What stands between commas outside of brackets.
    pub(super) operands: Vec<&'a str>,
}

/// A part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Label(&'a str),
    Instruction(Instruction<'a>),
}

/// A body.
#[derive(Debug, Default)]
pub(super) struct Body<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// Bytes of each local array.
    pub(super) locals: Vec<u64>,
}

impl<'a> Body<'a> {
    /// Reads a body whose first byte stands on `line` of its module.
    pub(super) fn parse(code: &'a str, line: usize) -> Self {
        let mut body = Self::default();
        let mut line = line;
        let mut rest = code;
        loop {
            let trimmed = rest.trim_start();
            let blank = rest.get(..rest.len() - trimmed.len());
            line += newlines(blank.unwrap_or_default());
            rest = trimmed;
            if rest.is_empty() {
                return body;
            }
            let taken = if rest.starts_with("//")
                || rest.starts_with(".loc ")
                || rest.starts_with(".loc\t")
                || rest.starts_with("@@")
                || rest.starts_with(".pragma")
            {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |at| at + 2)
            } else if rest.starts_with(['{', '}']) {
                1
            } else if let Some(label) = label(rest) {
                body.items.push(Item::Label(label));
                label.len() + 1
            } else {
                let statement = rest.split(';').next().unwrap_or_default();
                body.statement(statement, line);
                (statement.len() + 1).min(rest.len())
            };
            let (part, behind) = rest.split_at_checked(taken).unwrap_or((rest, ""));
            line += newlines(part);
            rest = behind;
        }
    }

    /// The instructions in their order.
    pub(super) fn instructions(&self) -> impl Iterator<Item = &Instruction<'a>> {
        self.items.iter().filter_map(|item| match item {
            Item::Instruction(instruction) => Some(instruction),
            Item::Label(_) => None,
        })
    }

    fn statement(&mut self, statement: &'a str, line: usize) {
        let mut rest = statement.trim();
        let mut predicate = None;
        if let Some(after) = rest.strip_prefix('@') {
            let after = after.trim_start().trim_start_matches('!').trim_start();
            let (register, behind) = first_word(after);
            predicate = Some(register);
            rest = behind.trim_start();
        }
        if rest.starts_with(".local") {
            self.locals.extend(array_bytes(rest));
        }
        if !rest.starts_with(|c: char| c.is_ascii_lowercase()) {
            return;
        }
        let (opcode, behind) = first_word(rest);
        self.items.push(Item::Instruction(Instruction {
            line,
            predicate,
            opcode,
            operands: operands(behind),
        }));
    }
}

/// What stands before the first white space, and the rest.
fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn newlines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// The label that stands here.
fn label(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '%')))?;
    let (label, after) = text.split_at_checked(end)?;
    (!label.is_empty() && after.starts_with(':') && !after.starts_with("::")).then_some(label)
}

fn operands(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    text.split(move |c| {
        match c {
            '[' | '{' | '(' => depth += 1,
            ']' | '}' | ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth <= 0
    })
    .map(str::trim)
    .filter(|operand| !operand.is_empty())
    .collect()
}

/// Bytes of `.local .align 8 .b8 __local_depot0[64]`.
fn array_bytes(declaration: &str) -> Option<u64> {
    let element: u64 = declaration.split_whitespace().find_map(|word| {
        let bits = word.strip_prefix(['.'])?.trim_start_matches(['b', 'u', 's', 'f']);
        let bits: u64 = bits.parse().ok()?;
        (word != ".align").then_some(bits / 8)
    })?;
    let inside = declaration.split_once('[')?.1.split_once(']')?.0;
    let length: u64 = inside.trim().parse().ok()?;
    Some(element.max(1).saturating_mul(length))
}

/// Registers in an operand.
pub(super) fn registers(operand: &str) -> impl Iterator<Item = &str> {
    operand
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '%' | '.')))
        .filter(|word| word.starts_with('%'))
}
