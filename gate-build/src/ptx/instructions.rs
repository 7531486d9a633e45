//! Instructions of a body, one by one.

/// An instruction of a body.
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
}
