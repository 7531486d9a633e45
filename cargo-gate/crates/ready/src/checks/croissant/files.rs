//! The files of a data set: each is the one that is described, all are described, and what is elsewhere is said.

use std::collections::BTreeSet;

use gate_base::error::Result;

use super::found::{Chain, matcher, pattern};
use crate::croissant::{Croissant, Kind, Resource};
use crate::directory::{md5, refused};
use crate::rows::{self, Format};
use crate::run::Run;
use crate::verdict::{Problem, fail, warn};

/// `contract_integrity`: what the description must say of each resource.
pub(super) fn described(run: &Run<'_>, croissant: &Croissant) -> Vec<Problem> {
    let mut problems = Vec::new();
    if croissant.resources.is_empty() {
        problems.push(fail(format!(
            "Invalid {}: its distribution has no file",
            croissant.path
        )));
    }
    for resource in &croissant.resources {
        let id = &resource.id;
        let mut wrong = |what: String| problems.push(fail(format!("the resource `{}` {what}", resource.called())));
        if id.is_empty() {
            wrong("has no @id".into());
        } else if id.contains(char::is_whitespace) {
            wrong("has an @id with spaces".into());
        }
        match &resource.kind {
            Kind::Unknown(kind) => wrong(format!("has the type `{kind}`, not cr:FileObject or cr:FileSet")),
            Kind::File(None) => wrong("has no contentUrl".into()),
            Kind::File(Some(url)) if !resource.within.is_empty() => {
                if let Some(why) = refused(url) {
                    wrong(format!("has a contentUrl that is refused: {why}"));
                }
            }
            Kind::File(Some(_)) => {}
            Kind::Set { includes, .. } if includes.is_empty() && !resource.is_listed => {
                wrong("has no pattern under includes".into());
            }
            Kind::Set { includes, excludes } => {
                let broken = includes.iter().chain(excludes).find(|one| pattern(one).is_none());
                if let Some(broken) = broken {
                    wrong(format!("has the pattern `{broken}`, which cannot be parsed"));
                }
            }
        }
        if !resource.has_format && !matches!(resource.kind, Kind::Unknown(_)) {
            wrong("has no encodingFormat".into());
        }
        if resource.file.as_ref().is_some_and(|file| is_empty(run, file)) {
            wrong("has no row".into());
        }
        for container in &resource.within {
            match croissant.resource(container) {
                None => wrong(format!("is contained in `{container}`, which is not described")),
                Some(_) if circles(croissant, container, id) => wrong("is contained in itself".into()),
                Some(_) => {}
            }
        }
    }
    problems
}

/// Whether a file has no byte, or no row where it has rows.
fn is_empty(run: &Run<'_>, file: &str) -> bool {
    let has_rows = |path| Format::of(file).is_none() || rows::has_rows(path) != Ok(false);
    run.directory.entry(file).is_some_and(|entry| entry.size == 0) || !has_rows(&run.directory.root.join(file))
}

/// Whether the containers of a resource lead back to it.
fn circles(croissant: &Croissant, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if id == to {
            return true;
        }
        if seen.insert(id) {
            let within = croissant.resource(id).map(|resource| &resource.within);
            open.extend(within.into_iter().flatten().map(String::as_str));
        }
    }
    false
}

/// Verifies MD5, sizes, archives and file sets. `listed` are the files of which a SHA-256 is recorded.
pub(in crate::checks) fn chain<'r>(
    run: &'r Run<'_>,
    croissant: &'r Croissant,
    listed: &BTreeSet<&str>,
) -> Result<Chain<'r>> {
    let mut found = Chain::default();
    for resource in &croissant.resources {
        let Kind::File(Some(url)) = &resource.kind else {
            continue;
        };
        if !resource.within.is_empty() {
            continue;
        }
        let Some(file) = resource.file.as_deref() else {
            if resource.is_remote() {
                found.gaps.push(warn(format!(
                    "`{}` was not verified: it is at {url}",
                    resource.called()
                )));
            }
            continue;
        };
        let path = run.directory.root.join(file);
        if let Some(wanted) = &resource.md5 {
            if !wanted.eq_ignore_ascii_case(&md5(&path)?) {
                found
                    .problems
                    .push(fail(format!("Tampering detected: {file} MD5 mismatch")));
            }
            if resource.sha256.is_none() {
                found.told.insert(file);
                found.gaps.push(warn(format!(
                    "`{file}` has an MD5 only, which can be forged: add sha256"
                )));
            }
        }
        let size = run.directory.entry(file).map_or(0, |entry| entry.size);
        match resource.size.as_deref().map(|text| (text, fits(text, size))) {
            Some((text, Some(false))) => found.problems.push(fail(format!(
                "`{file}` has {size} bytes, and its contentSize is {text}"
            ))),
            Some((text, None)) => found
                .gaps
                .push(warn(format!("the contentSize of `{file}` is `{text}`, not a size"))),
            _ => {}
        }
    }
    super::archives::check(run, croissant, &mut found);
    for resource in &croissant.resources {
        set(run, croissant, resource, listed, &mut found);
    }
    Ok(found)
}

/// A file set of the directory itself, or of a repository that the directory is a copy of.
fn set<'r>(
    run: &'r Run<'_>,
    croissant: &Croissant,
    resource: &Resource,
    listed: &BTreeSet<&str>,
    found: &mut Chain<'r>,
) {
    let Kind::Set { includes, excludes } = &resource.kind else {
        return;
    };
    let mut containers = resource.within.iter().filter_map(|id| croissant.resource(id));
    let is_elsewhere = !resource.within.is_empty();
    if is_elsewhere && !containers.all(|container| container.file.is_none() && container.is_remote()) {
        return;
    }
    let matches = matcher(includes, excludes);
    let entries = run.directory.entries.iter().filter(|entry| entry.is_file());
    let files: Vec<&str> = entries
        .map(|entry| entry.path.as_str())
        .filter(|path| matches(path))
        .collect();
    if files.is_empty() {
        if !is_elsewhere {
            found
                .problems
                .push(fail(format!("the file set `{}` matches no file", resource.id)));
        }
        return;
    }
    let is_open = |path: &&str| !listed.contains(path) && !found.told.contains(path);
    let open: Vec<&str> = files.into_iter().filter(is_open).collect();
    if let [first, more @ ..] = open.as_slice() {
        let more = match more.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let what = "has no hash: describe each as a FileObject with sha256, or add `hashes.json`";
        found.gaps.push(fail(format!(
            "`{first}`{more} of the file set `{}` {what}",
            resource.id
        )));
    }
    found.told.extend(open);
}

/// Whether a file has the size that is written, such as `117743 B` or `36.809 KB`; `None` where the text says something else. A unit may be one of
/// 1000 or of 1024, and is as exact as its digits.
fn fits(text: &str, size: u64) -> Option<bool> {
    let text = text.trim();
    let at = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let value: f64 = number.parse().ok()?;
    let digits = number.split_once('.').map_or(0, |(_, digits)| digits.len());
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "byte" | "bytes" => return number.parse::<u64>().ok().map(|wanted| wanted == size),
        "kb" | "kib" => 1,
        "mb" | "mib" => 2,
        "gb" | "gib" => 3,
        "tb" | "tib" => 4,
        _ => return None,
    };
    let last = 10_f64.powi(-i32::try_from(digits).ok()?);
    Some(
        [1000_f64, 1024.0]
            .into_iter()
            .any(|base| (size as f64 / base.powi(power) - value).abs() <= last),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_exact_as_they_are_written() {
        for (text, wanted) in [
            ("117743 B", Some(true)),
            ("117743", Some(true)),
            ("117744 B", Some(false)),
            ("117.7 KB", Some(true)),
            ("114.98 KiB", Some(true)),
            ("120 KB", Some(false)),
            (" B", None),
            ("large", None),
            ("1.5 B", None),
            ("1 parsec", None),
        ] {
            assert_eq!(fits(text, 117_743), wanted, "{text}");
        }
    }
}
