//! Makefiles: rules with plain recipes, and variables with a fixed text.

use super::{Recipe, Recipes};

pub(super) fn read(text: &str) -> Recipes {
    let mut file = Recipes::default();
    file.variables.insert("MAKE".into(), "make".into());
    let (mut conditions, mut in_define, mut problem) = (0_u32, false, None);
    // Rules to which lines with a tab belong.
    let mut open = 0;
    for (line, text) in logical_lines(text) {
        let first = text
            .split([' ', '\t', '('])
            .find(|word| !word.is_empty())
            .unwrap_or_default();
        if in_define || first == "define" {
            in_define = first != "endef";
            continue;
        }
        let condition = (conditions > 0).then_some("it is inside a conditional of make");
        match first {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => conditions += 1,
            "endif" => conditions = conditions.saturating_sub(1),
            "else" => {}
            _ if text.starts_with('\t') && open < file.all.len() => {
                for rule in file.all.iter_mut().skip(open) {
                    rule.body.push((line, text.trim_start().to_owned()));
                    rule.problem = rule.problem.or(condition);
                }
            }
            _ => {
                let text = text.split('#').next().unwrap_or_default().replace("\\\n", " ");
                let text = text
                    .trim()
                    .trim_start_matches("export ")
                    .trim_start_matches("override ");
                let (name, value) = text.split_once('=').unwrap_or_default();
                let plain = name.trim_end_matches([':', '?', '+', '!']).trim();
                open = file.all.len();
                if !plain.is_empty() && !plain.contains([' ', ':']) {
                    let operator = name.trim_end().trim_start_matches(plain).trim();
                    assign(&mut file, plain, operator, value.trim(), condition.is_some());
                } else if let Some((targets, behind)) = text.split_once(':') {
                    problem = problem.or((targets == ".ONESHELL").then_some("its lines run in one shell"));
                    file.rule(line, targets, behind, condition);
                }
            }
        }
    }
    file.all
        .iter_mut()
        .for_each(|rule| rule.problem = rule.problem.or(problem));
    file
}

/// Lines with those that continue them, each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match lines.last_mut() {
            Some((_, last)) if last.ends_with('\\') => *last += &format!("\n{line}"),
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

fn assign(file: &mut Recipes, name: &str, operator: &str, value: &str, conditional: bool) {
    let old = file.variables.get(name);
    let gives_way = operator == "?" && old.is_none();
    let new = match (operator, old) {
        ("?", Some(old)) => old.clone(),
        ("+", Some(old)) => format!("{old} {value}"),
        _ => value.to_owned(),
    };
    let is_fixed = !conditional && operator != "!" && !value.contains('$') && !file.environment.contains_key(name);
    if is_fixed {
        file.gives_way.extend(gives_way.then(|| name.to_owned()));
        file.variables.insert(name.to_owned(), new);
    } else {
        file.variables.remove(name);
        file.environment.insert(name.to_owned(), None);
    }
}

impl Recipes {
    fn rule(&mut self, line: u32, targets: &str, behind: &str, condition: Option<&'static str>) {
        let behind = behind.trim_start_matches(':');
        // A variable of a target: it has another value for others.
        if let Some((name, _)) = behind.split_once('=').filter(|_| !behind.contains(';')) {
            let name = name.trim_end_matches([':', '?', '+', ' ']);
            let name = name.rsplit(' ').next().unwrap_or(name);
            return assign(self, name, "", "", true);
        }
        let (prerequisites, inline) = behind.split_once(';').unwrap_or((behind, ""));
        let is_plain = !prerequisites.contains(['$', ':', '%']);
        let before = prerequisites.split_whitespace().filter(|name| *name != "|" && is_plain);
        let before: Vec<String> = before.map(str::to_owned).collect();
        for name in targets.split_whitespace().filter(|name| !name.starts_with('.')) {
            self.all.push(Recipe {
                name: name.to_owned(),
                before: before.clone(),
                body: Vec::from_iter((!inline.is_empty()).then(|| (line, inline.trim().to_owned()))),
                problem: condition.or((!is_plain).then_some("its prerequisites are not plain names")),
                ..Recipe::default()
            });
        }
    }
}
