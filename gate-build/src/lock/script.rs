//! What a build script asks for, as far as its text says it: a lock is verified without running it.

use std::ops::Range;

use super::tokens::{Token, tokens};
use crate::arch::Arch;
use crate::glob;
use crate::sorted::{List as _, Map, Set};

/// What a build script compiles to PTX for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Of `.arch(…)`.
    archs: Set<Arch>,
    /// Of `.arch_for(…)`: patterns, the last of which counts.
    rules: Vec<(String, Set<Arch>)>,
}

impl Asked {
    /// The architectures that these units are compiled for.
    pub(super) fn of<'a>(&self, units: impl Iterator<Item = &'a str>) -> Set<Arch> {
        let of_unit = |unit: &'a str| {
            let mut own = self
                .rules
                .iter()
                .rev()
                .filter(|(pattern, _)| glob::covers(pattern, unit));
            match own.next() {
                Some((_, archs)) => archs.clone(),
                // What is compiled where nobody says for what.
                None if self.archs.is_empty() => Set::from_iter([Arch::DEFAULT]),
                None => self.archs.clone(),
            }
        };
        units.flat_map(of_unit).collect()
    }
}

/// What a build script names in `.arch(…)` and `.arch_for(…)` for its PTX; `None` where it computes that, where it makes PTX in several places, and where
/// this is no script with kernels.
pub(super) fn asked(text: &str) -> Option<Asked> {
    let tokens = tokens(text);
    let script = Script {
        functions: functions(&tokens),
        tokens,
    };
    let starts: Vec<usize> = script.starts().list();
    let mut skipped: Vec<Range<usize>> = Vec::new();
    let mut of_ptx = None;
    for (at, &start) in starts.iter().enumerate() {
        let next = starts.get(at + 1).copied().unwrap_or(script.tokens.len());
        let end = (start..next).seek(|&at| script.is_call(at, &["compile", "compile_in"]))?;
        let segment = script.with_wrappers(start, end)?;
        if script.is_ptx(start, &segment)? {
            if of_ptx.replace(segment).is_some() {
                return None;
            }
        } else {
            skipped.push(segment);
        }
    }
    let segment = of_ptx?;
    if script.branches(&segment) {
        return None;
    }
    let mut asked = Asked::default();
    script.collect(&segment, &mut asked, 0)?;
    // What is said elsewhere may be said of these kernels, too.
    let is_known = |at: usize| {
        let of_functions = script.functions.iter().map(|(_, body)| body);
        let mut ranges = skipped.iter().chain([&segment]).chain(of_functions);
        ranges.any(|range| range.contains(&at))
    };
    let mut calls = (0..script.tokens.len()).filter(|&at| script.is_call(at, &["arch", "arch_for"]));
    calls.all(is_known).then_some(asked)
}

/// The tokens of a build script, and the closures and functions in it that build no kernels themselves.
struct Script<'t> {
    tokens: Vec<Token<'t>>,
    functions: Map<&'t str, Range<usize>>,
}

/// Ways to begin with kernels.
const NEW: &[&str] = &["new", "default", "static_library"];

/// Calls around kernels that do not change them.
const NEUTRAL: &[&str] = &["Ok", "Some", "drop"];

/// A function that calls others deeper than this is not followed.
const DEEPEST: usize = 8;

impl<'t> Script<'t> {
    fn word(&self, at: usize) -> Option<&'t str> {
        word(&self.tokens, at)
    }

    fn is(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at) == Some(&Token::Mark(mark))
    }

    /// Whether a method of one of these names is called here: at its dot.
    fn is_call(&self, at: usize, names: &[&str]) -> bool {
        self.is(at, '.') && self.is(at + 2, '(') && self.word(at + 1).is_some_and(|name| names.contains(&name))
    }

    /// Where kernels begin: the places of `Kernels` in `Kernels::new(` and the like.
    fn starts(&self) -> impl Iterator<Item = usize> {
        (0..self.tokens.len()).filter(|&at| starts_at(&self.tokens, at))
    }

    /// From what is called around the kernels that begin here to where they are compiled; `None` where it is not known what that does.
    fn with_wrappers(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let mut first = start;
        loop {
            // `gate_build::Kernels`
            while first >= 3 && self.is(first - 1, ':') && self.is(first - 2, ':') && self.word(first - 3).is_some() {
                first -= 3;
            }
            let Some(before) = first.checked_sub(1) else { break };
            if self.is(before, ',') {
                return None;
            }
            if !self.is(before, '(') {
                break;
            }
            first = before;
            let Some(name) = before.checked_sub(1).and_then(|at| self.word(at)) else {
                continue;
            };
            if !self.functions.contains_key(&name) && !NEUTRAL.contains(&name) {
                return None;
            }
            first -= 1;
        }
        Some(first..end)
    }

    /// Whether PTX is made of the kernels that begin here; `None` where that is computed.
    fn is_ptx(&self, start: usize, segment: &Range<usize>) -> Option<bool> {
        if self.word(start + 3) == Some("static_library") {
            return Some(false);
        }
        let Some(call) = segment.clone().seek(|&at| self.is_call(at, &["output"])) else {
            return Some(true);
        };
        let argument = self.arguments(call + 3)?;
        match argument.last() {
            Some(Token::Word("Ptx")) => Some(true),
            Some(Token::Word("Cubin" | "Fatbin" | "LtoIr")) => Some(false),
            _ => None,
        }
    }

    /// Whether what is asked for depends on more than the text: on a condition, or on a function of another crate that gets the kernels.
    fn branches(&self, segment: &Range<usize>) -> bool {
        let is_one_chain = !segment.clone().any(|at| self.is(at, ';'));
        segment.clone().any(|at| {
            let is_function = self.is(at + 1, '(') && !at.checked_sub(1).is_some_and(|before| self.is(before, '.'));
            match self.tokens.get(at) {
                Some(Token::Mark('#')) => true,
                Some(Token::Word("if" | "match" | "for" | "while")) => true,
                Some(Token::Word(name)) if is_function && !is_one_chain => {
                    !self.functions.contains_key(name) && !NEUTRAL.contains(name) && !NEW.contains(name)
                }
                _ => false,
            }
        })
    }

    /// What the calls in a piece of the script ask for, those of the functions that it calls among them.
    fn collect(&self, range: &Range<usize>, asked: &mut Asked, depth: usize) -> Option<()> {
        for at in range.clone() {
            if self.is_call(at, &["arch"]) {
                asked.archs.extend(literals(self.arguments(at + 3)?)?);
            } else if self.is_call(at, &["arch_for"]) {
                let [Token::Text(pattern), Token::Mark(','), archs @ ..] = self.arguments(at + 3)? else {
                    return None;
                };
                asked.rules.push(((*pattern).to_owned(), literals(archs)?));
            } else if self.is(at + 1, '(')
                && let Some(body) = self.word(at).and_then(|name| self.functions.get(&name))
            {
                if depth == DEEPEST {
                    return None;
                }
                self.collect(body, asked, depth + 1)?;
            }
        }
        Some(())
    }

    /// The tokens from here to the bracket that closes the call.
    fn arguments(&self, first: usize) -> Option<&[Token<'t>]> {
        let end = closing(&self.tokens, first)?;
        self.tokens.get(first..end)
    }
}

fn word<'t>(tokens: &[Token<'t>], at: usize) -> Option<&'t str> {
    match tokens.get(at) {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    }
}

fn starts_at(tokens: &[Token<'_>], at: usize) -> bool {
    word(tokens, at) == Some("Kernels")
        && tokens.get(at + 1..at + 3) == Some(&[Token::Mark(':'), Token::Mark(':')])
        && word(tokens, at + 3).is_some_and(|name| NEW.contains(&name))
        && tokens.get(at + 4) == Some(&Token::Mark('('))
}

/// Where the bracket is that closes what is open at `first`; or, at the level of `first`, a `;`.
fn closing(tokens: &[Token<'_>], first: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(first) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') if depth == 0 => return Some(at),
            Token::Mark(')' | ']' | '}') => depth -= 1,
            Token::Mark(';') if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// `let name = |…| …;` and `fn name(…) { … }`, those that begin with no kernels of their own.
fn functions<'t>(tokens: &[Token<'t>]) -> Map<&'t str, Range<usize>> {
    let mut functions = Map::new();
    for at in 0..tokens.len() {
        let named = word(tokens, at + 1);
        let (Some(name), Some(body)) = (match word(tokens, at) {
            Some("let") => {
                let first = at + 3 + usize::from(word(tokens, at + 3) == Some("move"));
                let is_closure =
                    tokens.get(at + 2) == Some(&Token::Mark('=')) && tokens.get(first) == Some(&Token::Mark('|'));
                (named, is_closure.then_some(first))
            }
            Some("fn") => {
                let body = (at..tokens.len()).seek(|&at| tokens.get(at) == Some(&Token::Mark('{')));
                (named, body.map(|body| body + 1))
            }
            _ => continue,
        }) else {
            continue;
        };
        let Some(end) = end_of_body(tokens, body) else { continue };
        if !(body..end).any(|at| starts_at(tokens, at)) {
            functions.insert(name, body..end);
        }
    }
    functions
}

/// Where a closure or a function ends whose text begins here.
fn end_of_body(tokens: &[Token<'_>], first: usize) -> Option<usize> {
    let mut at = first;
    loop {
        at = closing(tokens, at)?;
        // The statements of a function; those of a closure are in brackets of its own.
        let in_function = tokens.get(first.checked_sub(1)?) == Some(&Token::Mark('{'));
        if !in_function || tokens.get(at) != Some(&Token::Mark(';')) {
            return Some(at);
        }
        at += 1;
    }
}

/// The architectures of a list of literals; `None` for an empty list, or if an item is not a literal.
fn literals(list: &[Token<'_>]) -> Option<Set<Arch>> {
    let mut archs = Set::new();
    for token in list {
        match token {
            Token::Mark('[' | ']' | '&' | ',') => {}
            Token::Text(literal) => {
                archs.insert(literal.parse().ok()?);
            }
            Token::Word(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                archs.insert(number.parse().ok()?);
            }
            _ => return None,
        }
    }
    (!archs.is_empty()).then_some(archs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, units: &[&str]) -> Option<String> {
        let archs = asked(text)?.of(units.iter().copied());
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
            // What begins a comment in a string does not.
            (".cuda(\"src/*.cu\").flag(\"//\").arch([\"sm_90\"])", Some("sm_90")),
            (".cuda(r#\"src/*\".cu\"#).flag('\"').arch([\"sm_90\"])", Some("sm_90")),
            ("", Some("sm_80")),
            (".output(Output::Ptx).arch([90])", Some("sm_90")),
            (".arch(archs())", None),
            (".arch([\"native\"])", None),
            (
                ".arch([\"sm_80\"]).arch_for(\"a.cu\", [\"sm_90\"])",
                Some("sm_80 sm_90"),
            ),
            (".arch([\"sm_80\"]).arch_for(\"*.cu\", [\"sm_90\"])", Some("sm_90")),
            (
                ".arch_for(\"a.cu\", [\"sm_90\"]).arch_for(\"*.cu\", [75])",
                Some("sm_75"),
            ),
            (".arch_for(\"b.cu\", [\"sm_90\"])", Some("sm_80 sm_90")),
            (".arch_for(pattern, [\"sm_90\"])", None),
            (".arch_for(\"a.cu\", archs)", None),
            (".arch(ARCHS)", None),
            (".arch([])", None),
            (".output(output).arch([90])", None),
            (".output(Output::Cubin).arch([90])", None),
        ] {
            let text = format!("fn main() {{ gate_build::Kernels::new(){call}.compile().unwrap(); }}");
            assert_eq!(shown(&text, &["a.cu", "b.cu"]).as_deref(), expected, "{call}");
        }
        assert_eq!(asked("fn main() {}"), None);
    }

    #[test]
    fn the_kernels_that_become_ptx_are_told_from_others() {
        let ptx = "Kernels::new().arch([\"sm_90\"]).compile()?;";
        for other in [
            "Kernels::static_library(\"moe\").arch([\"sm_75\"]).compile()?;",
            "let moe = Kernels::static_library(\"moe\").arch([75]);\nmoe.arch([\"sm_86\"]).compile()?;",
            "Kernels::new().output(Output::Fatbin).arch(archs()).compile()?;",
            "let say = |text: &str| println!(\"{text}\"); say(\".arch(\");",
            "fn more(kernels: Kernels) -> Kernels { let x = 1; kernels.arch([x]) }",
        ] {
            for text in [format!("{ptx}\n{other}"), format!("{other}\n{ptx}")] {
                assert_eq!(shown(&text, &["a.cu"]).as_deref(), Some("sm_90"), "{text}");
            }
        }
        for other in [
            ptx,
            "kernels.arch([75]);",
            "let moe = Kernels::static_library(\"moe\");",
            "fn kernels() -> Kernels { Kernels::new() }",
        ] {
            for text in [format!("{ptx}\n{other}"), format!("{other}\n{ptx}")] {
                assert_eq!(asked(&text), None, "{text}");
            }
        }
    }

    #[test]
    fn functions_of_the_script_are_followed_and_others_are_not() {
        for (text, expected) in [
            (
                "fn all(k: Kernels) -> Kernels { let x = 1; k.arch([90]) } all(Kernels::new()).compile()?;",
                Some("sm_90"),
            ),
            (
                "let all = move |k: Kernels| { let x = 1; k.arch([90]) }; Ok(all(Kernels::new()).compile()?)",
                Some("sm_90"),
            ),
            (
                "let all = |k| k.arch([90]); let k = Kernels::new(); all(k).arch([75]).compile()?;",
                Some("sm_75 sm_90"),
            ),
            (
                "fn kernels() -> Kernels { Kernels::new().arch([90]) } fn main() { kernels().compile(); }",
                Some("sm_90"),
            ),
            ("common::all(Kernels::new()).compile()?;", None),
            ("all(3, Kernels::new()).compile()?;", None),
            ("let k = Kernels::new(); let k = common::all(k); k.compile()?;", None),
            (
                "let k = Kernels::new(); let k = if debug { k.arch([90]) } else { k }; k.compile()?;",
                None,
            ),
            (
                "let k = Kernels::new(); #[cfg(windows)] let k = k.arch([90]); k.compile()?;",
                None,
            ),
            (
                "fn all(k: Kernels) -> Kernels { all(k) } all(Kernels::new()).compile()?;",
                None,
            ),
        ] {
            assert_eq!(shown(text, &["a.cu"]).as_deref(), expected, "{text}");
        }
    }

    /// As the guide shows it.
    #[test]
    fn the_script_of_candle_kernels_is_read() {
        let script = |arch: &str| {
            "use gate_build::Kernels;

             fn main() -> Result<(), gate_build::Error> {
                 let all = |kernels: Kernels| kernels.arch([ARCH]).flags([\"--expt-relaxed-constexpr\", \"-std=c++17\", \"-O3\"]);
                 all(Kernels::new()).cuda(\"src/*.cu\").exclude(\"src/mmvq_gguf.cu\").compile()?;
                 let moe = Kernels::static_library(\"moe\").cuda(\"src/moe/*.cu\").cuda(\"src/mm*/*.cu\").cuda(\"src/mmvq_gguf.cu\");
                 all(moe).flag(\"-cudart=shared\").flag_before(\"sm_80\", \"-DNO_BF16_KERNEL\").compile().map(drop)
             }"
            .replace("ARCH", arch)
        };
        let shown = |arch: &str| shown(&script(arch), &["src/affine.cu"]);
        assert_eq!(shown("\"sm_80\"").as_deref(), Some("sm_80"));
        assert_eq!(shown("\"sm_80\", \"sm_90\"").as_deref(), Some("sm_80 sm_90"));
        // Which those are, only the machine knows.
        assert_eq!(shown("\"native\""), None);
    }
}
