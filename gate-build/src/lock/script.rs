//! What a build script asks for, as far as its text says it: a lock is verified without running it.

use crate::arch::Arch;
use crate::sorted::Set;

/// The architectures that a build script names in `.arch(…)`; `None` where it computes them, or where this is no script with kernels.
pub(super) fn archs(text: &str) -> Option<Set<Arch>> {
    let code = without_comments(text);
    // Of several builders the text does not say which one the lock is of.
    let others = [".arch_for(", "static_library(", ".output("];
    if !code.contains("Kernels::new(") || others.iter().any(|other| code.contains(other)) {
        return None;
    }
    let mut archs = Set::new();
    let mut calls = code.split(".arch(");
    calls.next();
    let mut calls = calls.peekable();
    // What is compiled where nobody says for what.
    if calls.peek().is_none() {
        archs.insert(Arch::DEFAULT);
    }
    for call in calls {
        let arguments = call.split_once(')')?.0;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || "[]&,\"_.".contains(c);
        if !arguments.chars().all(is_plain) {
            return None;
        }
        for argument in arguments
            .trim_matches(['[', ']', '&', ' ', '\n', '\r', '\t', ','])
            .split(',')
        {
            let literal = argument.trim();
            let text = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let number = literal.bytes().all(|byte| byte.is_ascii_digit()).then_some(literal);
            archs.insert(text.or(number)?.parse().ok()?);
        }
    }
    Some(archs)
}

/// The text without comments. A string with the beginning of one in it ends early, which no name of an architecture has.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("/*") {
        code.push_str(&rest[..at]);
        rest = rest[at..].split_once("*/").map_or("", |(_, rest)| rest);
    }
    code.push_str(rest);
    let lines = code
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(call: &str) -> Option<String> {
        let text = format!("fn main() {{ gate_build::Kernels::new(){call}.compile().unwrap(); }}");
        let archs = archs(&text)?;
        Some(archs.iter().map(Arch::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn literals_are_read_and_nothing_else() {
        for (call, expected) in [
            (".arch([\"sm_80\"])", Some("sm_80")),
            (".arch(&[\"sm_90a\", \"sm_80\",\n])", Some("sm_80 sm_90a")),
            (".arch([80, 90])", Some("sm_80 sm_90")),
            (".arch([\"sm_80\"]).arch([\"8.6\"])", Some("sm_80 sm_86")),
            (
                "/* .arch([\"sm_90\"]) */ // .arch([\"sm_90\"])\n.arch([\"sm_75\"])",
                Some("sm_75"),
            ),
            ("", Some("sm_80")),
            (".arch(archs())", None),
            (".arch([\"native\"])", None),
            (".arch([\"sm_80\"]).arch_for(\"a.cu\", [\"sm_90\"])", None),
            (".arch(ARCHS)", None),
            (".arch([])", None),
        ] {
            assert_eq!(shown(call).as_deref(), expected, "{call}");
        }
        assert_eq!(archs("fn main() {}"), None);
    }
}
