//! The text of a makefile: variables and rules.

use std::collections::BTreeMap;

/// What a makefile and those that it includes declare.
#[derive(Debug, Default)]
pub(super) struct Makefile {
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) rules: Vec<Rule>,
    /// Names of files that are included, as written, each once it is met.
    pub(super) includes: Vec<String>,
    /// Whether all lines of a recipe go to one shell.
    pub(super) one_shell: bool,
}

/// A variable. What a condition decides is taken together: what any branch says may be so.
#[derive(Debug, Default)]
pub(super) struct Variable {
    pub(super) parts: Vec<String>,
    /// Whether a part is the output of a program, or a `define`.
    pub(super) computed: bool,
    /// Whether the environment comes first (`?=`).
    pub(super) gives_way: bool,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) path: String,
    /// As written, before expansion.
    pub(super) targets: String,
    pub(super) prerequisites: String,
    /// Lines of the recipe, each with the number of its first line. Continued lines stay together.
    pub(super) recipe: Vec<(u32, String)>,
}

/// A line with those that continue it.
struct Logical<'t> {
    line: u32,
    text: &'t str,
}

fn logical_lines(text: &str) -> Vec<Logical<'_>> {
    let mut lines = Vec::new();
    let (mut number, mut first) = (0_u32, 1_u32);
    let (mut rest, mut length) = (text, 0);
    for line in text.split_inclusive('\n') {
        number = number.saturating_add(1);
        length += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        let slashes = content.len() - content.trim_end_matches('\\').len();
        if slashes % 2 == 1 && length < rest.len() {
            continue;
        }
        let Some((whole, behind)) = rest.split_at_checked(length) else {
            break;
        };
        lines.push(Logical {
            line: first,
            text: whole.trim_end_matches(['\n', '\r']),
        });
        (rest, length) = (behind, 0);
        first = number.saturating_add(1);
    }
    lines
}

/// Where a line without a recipe's tab is split: an assignment or a rule.
enum Split<'t> {
    Assignment(&'t str, &'t str, &'t str),
    Rule(&'t str, &'t str),
    Other,
}

/// What stands before the first of these outside of expansions, and what it begins.
fn outside(text: &str, wanted: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut previous = ' ';
    let mut behind = text.chars();
    loop {
        let rest = behind.as_str();
        let char = behind.next()?;
        match char {
            '(' | '{' if previous == '$' || depth > 0 => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && wanted(rest) => return text.split_at_checked(text.len() - rest.len()),
            _ => {}
        }
        previous = char;
    }
}

fn split(text: &str) -> Split<'_> {
    const OPERATORS: [&str; 7] = [":::=", "::=", ":=", "?=", "+=", "!=", "="];
    let operator = |rest: &str| OPERATORS.into_iter().find(|operator| rest.starts_with(operator));
    let Some((before, rest)) = outside(text, |rest| rest.starts_with(':') || operator(rest).is_some()) else {
        return Split::Other;
    };
    let assignment = operator(rest).and_then(|operator| Some((operator, rest.strip_prefix(operator)?)));
    if let Some((operator, value)) = assignment {
        return Split::Assignment(before.trim(), operator, value.trim());
    }
    Split::Rule(before.trim(), rest.trim_start_matches(':'))
}

fn without_comment(text: &str) -> &str {
    let mut before = text.match_indices('#').filter_map(|(at, _)| text.get(..at));
    before.find(|before| !before.ends_with('\\')).unwrap_or(text)
}

impl Makefile {
    /// Adds the contents of a file. Returns the files that it includes.
    pub(super) fn read(&mut self, path: &str, text: &str) {
        let mut conditions = 0_usize;
        let mut in_define = false;
        // Whether recipe lines belong to the last rule.
        let mut open = false;
        for Logical { line, text } in logical_lines(text) {
            let words = text.trim_start();
            let first = words.split([' ', '\t', '(']).next().unwrap_or_default();
            if in_define {
                in_define = first != "endef";
                continue;
            }
            match first {
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                    conditions += 1;
                    continue;
                }
                "else" if conditions > 0 => continue,
                "endif" if conditions > 0 => {
                    conditions -= 1;
                    continue;
                }
                _ => {}
            }
            if let Some(recipe) = text.strip_prefix('\t') {
                // Which branch is taken is not known, so neither is.
                if open
                    && conditions == 0
                    && let Some(rule) = self.rules.last_mut()
                {
                    rule.recipe.push((line, recipe.to_owned()));
                }
                continue;
            }
            let text = without_comment(words).trim_end();
            if text.is_empty() {
                continue;
            }
            let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
            let text = text.as_str();
            match first {
                "include" | "-include" | "sinclude" => {
                    let names = text.split_whitespace().skip(1);
                    self.includes.extend(names.map(str::to_owned));
                    continue;
                }
                "define" => {
                    in_define = true;
                    let name = text.split_whitespace().nth(1).unwrap_or_default();
                    self.variables.entry(name.to_owned()).or_default().computed = true;
                    continue;
                }
                _ => {}
            }
            let declared = ["export ", "override ", "unexport "]
                .into_iter()
                .fold(text, |text, word| text.strip_prefix(word).unwrap_or(text).trim_start());
            open = match split(declared) {
                Split::Assignment(name, operator, value) => {
                    self.assign(name, operator, value, conditions > 0);
                    false
                }
                Split::Rule(targets, behind) => self.rule(path, line, targets, behind, conditions > 0),
                Split::Other => false,
            };
        }
    }

    fn assign(&mut self, name: &str, operator: &str, value: &str, conditional: bool) {
        let variable = self.variables.entry(name.to_owned()).or_default();
        match operator {
            "!=" => variable.computed = true,
            "?=" if !variable.parts.is_empty() => return,
            "?=" => variable.gives_way = true,
            "+=" => {}
            _ if !conditional => {
                *variable = Variable::default();
            }
            _ => {}
        }
        variable.parts.push(value.to_owned());
    }

    /// Returns whether recipe lines may follow.
    fn rule(&mut self, path: &str, line: u32, targets: &str, behind: &str, conditional: bool) -> bool {
        // A variable of a target: it may have this value.
        if let Split::Assignment(name, operator, value) = split(behind) {
            let name = name.trim_start_matches("export ").trim_start_matches("private ").trim();
            if !name.contains(char::is_whitespace) {
                let operator = if operator == "!=" { "!=" } else { "+=" };
                self.assign(name, operator, value, true);
                return false;
            }
        }
        if targets == ".ONESHELL" {
            self.one_shell = true;
        }
        if conditional {
            return false;
        }
        let (prerequisites, inline) = match outside(behind, |rest| rest.starts_with(';')) {
            Some((before, inline)) => (before, Some(inline.trim_start_matches(';').trim())),
            None => (behind, None),
        };
        // What only has to be older, and static patterns (`a b: %.o: %.c`), whose last part are the prerequisites.
        let prerequisites = prerequisites.rsplit(':').next().unwrap_or(prerequisites);
        self.rules.push(Rule {
            path: path.to_owned(),
            targets: targets.to_owned(),
            prerequisites: prerequisites.replace('|', " "),
            recipe: inline.into_iter().map(|text| (line, text.to_owned())).collect(),
        });
        true
    }
}
