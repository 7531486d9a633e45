//! Measurements in JSON documents of any form, which the policy says how to read.

use std::fs;
use std::path::{Path, PathBuf};

use gate_policy::JsonPolicy;
use serde_json::Value;

use super::read::Readings;
use super::unit::Unit;

/// A larger document is not read.
pub(super) const LARGEST: usize = 64 << 20;

/// As many keys of an object are shown.
const KEYS: usize = 8;

/// The word of a command, and of a path, for the target directory.
pub(super) const TARGET: &str = "{target}";
/// The word of a command for a file that it writes.
pub(super) const OUTPUT: &str = "{output}";

/// Where the documents of one process are.
pub(super) struct Places<'a> {
    /// Target directory of its side.
    pub(super) target: &'a Path,
    /// The file that its command was told to write, if it was.
    pub(super) output: Option<&'a Path>,
}

impl Places<'_> {
    /// The file of a document; `None` for standard output.
    fn file(&self, policy: &JsonPolicy) -> Option<PathBuf> {
        match &policy.file {
            Some(file) => {
                let below = file.strip_prefix(TARGET).unwrap_or(file);
                Some(self.target.join(below.trim_start_matches('/')))
            }
            None => self.output.map(Path::to_owned),
        }
    }

    /// Whether standard output is a document.
    pub(super) fn reads_stdout(&self, policies: &[JsonPolicy]) -> bool {
        policies.iter().any(|policy| self.file(policy).is_none())
    }

    /// Files that have to be gone before a process starts, so that what it does not write is not read.
    pub(super) fn stale(&self, policies: &[JsonPolicy]) -> Vec<PathBuf> {
        let files = policies.iter().filter_map(|policy| self.file(policy));
        files.filter(|file| file.exists()).collect()
    }

    /// Reads all documents of a process that has ended.
    pub(super) fn read(&self, policies: &[JsonPolicy], stdout: &str, readings: &mut Readings) {
        for policy in policies {
            let file = self.file(policy);
            let shown = match (&policy.file, &file) {
                (Some(file), _) => file.as_str(),
                (None, Some(_)) => OUTPUT,
                (None, None) => "standard output",
            };
            let read = match &file {
                Some(file) => contents(file),
                None => sized(stdout.len()).map(|()| stdout.to_owned()),
            };
            let added = read.and_then(|text| {
                let document: Value = serde_json::from_str(&text).map_err(|error| format!("is not JSON: {error}"))?;
                add(policy, &document, readings)
            });
            if let Err(why) = added {
                readings.say(format!("{shown} {why}"));
            }
        }
    }
}

fn sized(size: usize) -> Result<(), String> {
    if size > LARGEST {
        return Err(format!("has more than {LARGEST} bytes"));
    }
    Ok(())
}

fn contents(file: &Path) -> Result<String, String> {
    let size = fs::metadata(file).map_err(|_| "was not written".to_owned())?.len();
    sized(usize::try_from(size).unwrap_or(usize::MAX))?;
    fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))
}

/// A value in a document.
struct Found<'v> {
    /// Pointer to it.
    at: String,
    value: &'v Value,
    /// What each `*` stood for.
    keys: Vec<String>,
    /// Whether one of them was a place in an array.
    by_place: bool,
}

/// Adds what one part of the policy finds.
fn add(policy: &JsonPolicy, document: &Value, readings: &mut Readings) -> Result<(), String> {
    let root = Found {
        at: String::new(),
        value: document,
        keys: Vec::new(),
        by_place: false,
    };
    for element in resolve(root, policy.pointer.as_deref())? {
        let name = match &policy.name {
            Some(pointer) => text(&element, pointer, "name")?,
            None => implied(policy, &element)?,
        };
        let unit = match policy.unit.as_deref() {
            Some(pointer) if pointer.starts_with('/') => text(&element, pointer, "unit")?,
            Some(unit) => unit.to_owned(),
            None => String::new(),
        };
        let mut samples = Vec::new();
        for found in resolve(element.again(), policy.value.as_deref())? {
            let number = found.value.as_f64();
            samples.push(number.ok_or_else(|| found.unlike("number"))?);
        }
        readings.add_as(name, Unit::better(&unit, policy.better), samples);
    }
    Ok(())
}

/// The one text that a pointer from an element leads to.
fn text(element: &Found<'_>, pointer: &str, what: &str) -> Result<String, String> {
    let found = resolve(element.again(), Some(pointer))?;
    match found.as_slice() {
        [one] => one.value.as_str().map(str::to_owned).ok_or_else(|| one.unlike(what)),
        several => Err(format!(
            "has {} values at `{pointer}`, where one {what} is expected",
            several.len()
        )),
    }
}

/// A name from the place of the element.
fn implied(policy: &JsonPolicy, element: &Found<'_>) -> Result<String, String> {
    if element.by_place {
        let pointer = policy.pointer.as_deref().unwrap_or_default();
        return Err(format!(
            "has an array at `{pointer}`, whose elements have no names: add `name` to its `[[suite.bench.json]]`"
        ));
    }
    if !element.keys.is_empty() {
        return Ok(element.keys.join("/"));
    }
    let pointers = [&policy.value, &policy.pointer];
    let mut keys = pointers
        .into_iter()
        .flatten()
        .flat_map(|pointer| pointer.rsplit('/'))
        .filter(|key| *key != "*" && !key.is_empty());
    let key = keys.next().map(unescaped);
    key.ok_or_else(|| "is a number without a name: add `name` to its `[[suite.bench.json]]`".to_owned())
}

/// Follows a pointer of RFC 6901 in which `*` stands for every element.
fn resolve<'v>(from: Found<'v>, pointer: Option<&str>) -> Result<Vec<Found<'v>>, String> {
    let mut found = vec![from];
    for token in pointer.unwrap_or_default().split('/').skip(1) {
        let mut next = Vec::new();
        for from in found {
            if token == "*" {
                next.extend(from.each()?);
            } else {
                next.push(from.member(token)?);
            }
        }
        found = next;
    }
    Ok(found)
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl<'v> Found<'v> {
    fn again(&self) -> Self {
        Self {
            at: self.at.clone(),
            value: self.value,
            keys: Vec::new(),
            by_place: false,
        }
    }

    fn below(&self, token: &str, value: &'v Value) -> Self {
        Self {
            at: format!("{}/{token}", self.at),
            value,
            keys: self.keys.clone(),
            by_place: self.by_place,
        }
    }

    fn member(&self, token: &str) -> Result<Self, String> {
        let member = match self.value {
            Value::Object(members) => members.get(&unescaped(token)),
            // RFC 6901 has no leading zeros and no signs.
            Value::Array(elements) if token == "0" || token.starts_with(|first| matches!(first, '1'..='9')) => {
                token.parse().ok().and_then(|place: usize| elements.get(place))
            }
            _ => None,
        };
        let member = member.ok_or_else(|| format!("has nothing at `{}/{token}`: {}", self.at, self.described()))?;
        Ok(self.below(token, member))
    }

    fn each(&self) -> Result<Vec<Self>, String> {
        let each: Vec<Self> = match self.value {
            Value::Object(members) => {
                let named = members.iter().map(|(key, value)| {
                    let mut below = self.below(&escaped(key), value);
                    below.keys.push(key.clone());
                    below
                });
                named.collect()
            }
            Value::Array(elements) => {
                let placed = elements.iter().enumerate().map(|(place, value)| {
                    let mut below = self.below(&place.to_string(), value);
                    below.by_place = true;
                    below
                });
                placed.collect()
            }
            _ => return Err(self.unlike("array or object")),
        };
        if each.is_empty() {
            return Err(format!("has nothing at `{}/*`: {}", self.at, self.described()));
        }
        Ok(each)
    }

    fn unlike(&self, expected: &str) -> String {
        let place = if self.at.is_empty() {
            "the top".to_owned()
        } else {
            format!("`{}`", self.at)
        };
        format!("has no {expected} at {place} but {}", self.what())
    }

    /// Where it is, and what.
    fn described(&self) -> String {
        let what = self.what();
        if self.at.is_empty() {
            format!("the document is {what}")
        } else {
            format!("`{}` is {what}", self.at)
        }
    }

    /// What it is, in words.
    fn what(&self) -> String {
        match self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => format!("`{value}`"),
            Value::Number(number) => format!("the number {number}"),
            Value::String(text) => {
                let start: String = text.chars().take(40).collect();
                format!("the text `{start}`")
            }
            Value::Array(elements) => format!("an array of {}", elements.len()),
            Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
            Value::Object(members) => {
                let mut keys: Vec<&str> = members.keys().map(String::as_str).collect();
                keys.sort_unstable();
                keys.truncate(KEYS);
                format!("an object with `{}`", keys.join("`, `"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
