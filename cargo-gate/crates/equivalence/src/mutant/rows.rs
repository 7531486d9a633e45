//! Mutants of rows.

use std::collections::{BTreeMap, BTreeSet};

use super::beyond::above;
use super::fault::Mutant;
use crate::compare::float_bits;
use crate::decimal::Decimal;
use crate::dtype::Dtype;
use crate::output::{Output, Rows, Value};
use crate::rule::{ColumnRule, Kind, RowOrder, Rules, Ties, Tolerance};

/// Rows of each end that are mutated of a long table.
const END: usize = 64;

/// Both ends of a long table.
pub(super) fn part(table: &Rows) -> Rows {
    if table.rows.len() <= 2 * END {
        return table.clone();
    }
    Rows {
        columns: table.columns.clone(),
        rows: [&table.rows[..END], &table.rows[table.rows.len() - END..]].concat(),
    }
}

pub(super) fn mutants(rules: &Rules, table: &Rows) -> Vec<Mutant> {
    let magnitudes: Vec<&str> = rules.magnitudes().collect();
    let judged: Vec<usize> = (0..table.columns.len())
        .filter(|column| !magnitudes.contains(&table.columns[*column].as_str()))
        .collect();
    let mut maker = Maker {
        rules,
        table,
        judged,
        found: Vec::new(),
    };
    maker.rows();
    for column in maker.judged.clone() {
        maker.column(column);
    }
    maker.found
}

struct Maker<'a> {
    rules: &'a Rules,
    table: &'a Rows,
    /// Columns that are compared.
    judged: Vec<usize>,
    found: Vec<Mutant>,
}

impl Maker<'_> {
    fn push(&mut self, name: String, change: impl FnOnce(&mut Rows)) {
        let mut table = self.table.clone();
        change(&mut table);
        self.found.push(Mutant {
            name,
            output: Output::Rows(table),
        });
    }

    /// Rows whose loss shows: in a set, those that no other row stands for.
    fn telling(&self) -> Vec<usize> {
        let all = 0..self.table.rows.len();
        if self.rules.order != RowOrder::Set {
            return all.collect();
        }
        let mut counts: BTreeMap<Vec<&Value>, usize> = BTreeMap::new();
        for row in all.clone() {
            *counts.entry(self.exact(row)).or_default() += 1;
        }
        all.filter(|row| counts.get(&self.exact(*row)) == Some(&1)).collect()
    }

    /// The values of a row that must be the same exactly.
    fn exact(&self, row: usize) -> Vec<&Value> {
        let columns = self.judged.iter();
        let exact = columns.filter(|column| self.rules.column(&self.table.columns[**column]).kind == Kind::Exact);
        exact.map(|column| &self.table.rows[row][*column]).collect()
    }

    /// Faults of whole rows.
    fn rows(&mut self) {
        let count = self.table.rows.len();
        let telling = self.telling();
        for row in ends(&telling) {
            self.push(format!("row {} dropped", row + 1), |table| drop(table.rows.remove(row)));
        }
        if self.rules.order != RowOrder::Set && count > 0 {
            self.push(format!("row {count} twice"), |table| {
                let last = table.rows[count - 1].clone();
                table.rows.push(last);
            });
        }
        if count == 0 {
            self.push("a row more".to_owned(), |table| {
                table.rows.push(vec![Value::Null; table.columns.len()]);
            });
        }
        let order = match self.rules.order {
            RowOrder::Multiset | RowOrder::Set => return,
            RowOrder::Ordered => None,
            RowOrder::Sorted => Some(self.rules.ties),
        };
        let keys: Vec<usize> = self.key_columns();
        let key = |row: usize| -> Vec<&Value> { keys.iter().map(|column| &self.table.rows[row][*column]).collect() };
        // Rows that differ in what must be the same exactly; with any order of ties, in a key.
        let differ = |a: usize, b: usize| match order {
            Some(Ties::Any) => key(a) != key(b),
            _ => self.exact(a) != self.exact(b),
        };
        let pair = (1..count).find(|row| differ(row - 1, *row)).map(|row| (row - 1, row));
        let tie = (1..count).find(|row| key(row - 1) == key(*row) && self.exact(row - 1) != self.exact(*row));
        let far = (count > 2 && differ(0, count - 1)).then(|| (0, count - 1));
        let tie = tie.filter(|_| order == Some(Ties::Stable)).map(|row| (row - 1, row));
        let pairs: BTreeSet<(usize, usize)> = [pair, far, tie].into_iter().flatten().collect();
        for (a, b) in pairs {
            self.push(format!("rows {} and {} swapped", a + 1, b + 1), |table| {
                table.rows.swap(a, b);
            });
        }
    }

    fn key_columns(&self) -> Vec<usize> {
        let place = |name: &String| self.table.columns.iter().position(|column| column == name);
        self.rules.keys.iter().filter_map(|key| place(&key.column)).collect()
    }

    fn set(&mut self, row: usize, column: usize, what: &str, value: Value) {
        let name = format!("row {}, column `{}`: {what}", row + 1, self.table.columns[column]);
        self.push(name, |table| table.rows[row][column] = value);
    }

    /// Faults of single values of a column.
    fn column(&mut self, column: usize) {
        let name = self.table.columns[column].clone();
        let rule = self.rules.column(&name);
        let telling = self.telling();
        if telling.is_empty() {
            return;
        }
        self.push(format!("column `{name}` dropped"), |table| {
            table.columns.remove(column);
            for row in &mut table.rows {
                row.remove(column);
            }
        });
        let value = |row: usize| self.table.rows[row][column].clone();
        let is_null = |row: &usize| matches!(value(*row), Value::Null | Value::Absent);
        let (null, filled): (Vec<usize>, Vec<usize>) = telling.iter().copied().partition(is_null);
        for row in ends(&null) {
            self.set(row, column, "a value instead of null", Value::Text("0".to_owned()));
        }
        for row in ends(&filled) {
            self.set(row, column, "null instead of a value", Value::Null);
        }
        match rule.kind {
            Kind::Exact => {
                for row in ends(&filled) {
                    for (what, value) in exact(&self.table.rows[row][column]) {
                        self.set(row, column, what, value);
                    }
                }
                let text = filled
                    .iter()
                    .find_map(|row| Some((*row, other_case(&self.table.rows[*row][column])?)));
                if let Some((row, value)) = text {
                    self.set(row, column, "the case of a letter changed", value);
                }
            }
            Kind::Decimal => {
                for row in ends(&filled) {
                    for (what, value) in decimal(&self.table.rows[row][column]) {
                        self.set(row, column, what, value);
                    }
                }
            }
            Kind::Float => self.floats(column, &rule, &filled),
        }
    }

    fn floats(&mut self, column: usize, rule: &ColumnRule, filled: &[usize]) {
        let tolerance = Tolerance::of(rule, rule.dtype.unwrap_or(Dtype::F64));
        let dtype = tolerance.dtype;
        let text = |row: usize, column: usize| match &self.table.rows[row][column] {
            Value::Number(text) | Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        let magnitude = rule.reduction.as_ref().and_then(|reduction| {
            let names = &self.table.columns;
            names.iter().position(|name| *name == reduction.magnitude)
        });
        let magnitude = |row: usize| {
            magnitude
                .and_then(|column| text(row, column)?.parse::<f64>().ok())
                .unwrap_or(0.0)
        };
        let numbers: Vec<(usize, u64, f64)> = filled
            .iter()
            .filter_map(|row| Some((*row, float_bits(&text(*row, column)?, dtype)?, magnitude(*row))))
            .filter(|(_, bits, _)| dtype.float(*bits).is_finite())
            .collect();
        let rows: Vec<usize> = (0..numbers.len()).collect();
        let unordered = matches!(self.rules.order, RowOrder::Multiset | RowOrder::Set)
            || (self.rules.order == RowOrder::Sorted && self.rules.ties == Ties::Any);
        // Where rows are matched, a smaller number could find another partner.
        let largest = (0..numbers.len()).max_by_key(|at| dtype.place(numbers[*at].1));
        let moved: Vec<usize> = if unordered {
            largest.into_iter().collect()
        } else {
            ends(&rows)
        };
        for at in moved {
            let (row, bits, magnitude) = numbers[at];
            match above(&tolerance, bits, magnitude) {
                Some(beyond) => self.set(row, column, "just beyond the tolerance", written(dtype, beyond)),
                None => self.set(row, column, "the largest number", written(dtype, dtype.infinity() - 1)),
            }
        }
        for at in ends(&rows) {
            self.set(numbers[at].0, column, "NaN", Value::Text("NaN".to_owned()));
        }
        let lowest = (0..numbers.len()).min_by_key(|at| dtype.place(numbers[*at].1));
        if let (false, Some(low), Some(high)) = (unordered, lowest, largest) {
            let ((a, low, _), (b, high, magnitude)) = (numbers[low], numbers[high]);
            if !tolerance.accepts(low, high, magnitude).0 {
                let name = format!("rows {} and {} swapped", a + 1, b + 1);
                self.push(name, |table| table.rows.swap(a, b));
            }
        }
        let by_size = (0..numbers.len()).max_by_key(|at| dtype.place(numbers[*at].1).unsigned_abs());
        if let Some((row, bits, _)) = by_size
            .map(|at| numbers[at])
            .filter(|(_, bits, _)| dtype.place(*bits) != 0)
        {
            let flipped = bits ^ (1 << (dtype.size() * 8 - 1));
            self.set(row, column, "the sign flipped", written(dtype, flipped));
            let zero = Value::Number("0".to_owned());
            let name = format!("column `{}`: all zero", self.table.columns[column]);
            self.push(name, |table| {
                for row in &mut table.rows {
                    row[column] = zero.clone();
                }
            });
        }
    }
}

/// The first, the last and the one in the middle.
fn ends(rows: &[usize]) -> Vec<usize> {
    let places: BTreeSet<usize> = match rows.len() {
        0 => BTreeSet::new(),
        count => [0, count / 2, count - 1].into(),
    };
    places.into_iter().map(|place| rows[place]).collect()
}

/// The shortest text that is read as this number.
fn written(dtype: Dtype, bits: u64) -> Value {
    Value::Number(match dtype {
        Dtype::F32 => format!("{:e}", f32::from_bits(bits as u32)),
        _ => format!("{:e}", dtype.float(bits)),
    })
}

fn exact(value: &Value) -> Vec<(&'static str, Value)> {
    match value {
        Value::Bool(value) => vec![("the other truth value", Value::Bool(!value))],
        Value::Number(text) => vec![
            ("the last digit changed", Value::Number(last_digit(text))),
            ("text instead of a number", Value::Text(text.clone())),
        ],
        Value::Text(text) => {
            let mut found = vec![("a blank more", Value::Text(format!("{text} ")))];
            if let Some((at, _)) = text.char_indices().next_back() {
                found.push(("the last character lost", Value::Text(text[..at].to_owned())));
            }
            found
        }
        Value::Nested(text) => vec![("another element", Value::Nested(format!("{text},0")))],
        Value::Null | Value::Absent => Vec::new(),
    }
}

fn decimal(value: &Value) -> Vec<(&'static str, Value)> {
    let (Value::Number(text) | Value::Text(text)) = value else {
        return exact(value);
    };
    let Some(number) = Decimal::parse(text) else {
        return exact(value);
    };
    let mut found = vec![("the last digit changed", Value::Number(last_digit(text)))];
    let flipped = match text.strip_prefix('-') {
        Some(rest) => rest.to_owned(),
        None => format!("-{}", text.strip_prefix('+').unwrap_or(text)),
    };
    if Decimal::parse(&flipped).is_some_and(|other| other != number) {
        found.push(("the sign flipped", Value::Number(flipped)));
    }
    found
}

/// Another last digit, before the exponent.
fn last_digit(text: &str) -> String {
    let end = text.find(['e', 'E']).unwrap_or(text.len());
    let Some(at) = text[..end].rfind(|char: char| char.is_ascii_digit()) else {
        return format!("{text}1");
    };
    let digit = if &text[at..=at] == "1" { "2" } else { "1" };
    format!("{}{digit}{}", &text[..at], &text[at + 1..])
}

fn other_case(value: &Value) -> Option<Value> {
    let Value::Text(text) = value else { return None };
    let at = text.find(|char: char| char.is_ascii_alphabetic())?;
    let letter = text.as_bytes()[at];
    let changed = if letter.is_ascii_lowercase() {
        letter.to_ascii_uppercase()
    } else {
        letter.to_ascii_lowercase()
    };
    Some(Value::Text(format!(
        "{}{}{}",
        &text[..at],
        char::from(changed),
        &text[at + 1..]
    )))
}
