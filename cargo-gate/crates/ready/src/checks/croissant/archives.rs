//! What is contained in archives: each is opened once, for all that is described of it.

use std::collections::{BTreeMap, BTreeSet};

use super::found::{Chain, matcher, recorded};
use crate::archive::{self, Members};
use crate::croissant::{Croissant, Kind, Resource};
use crate::run::Run;
use crate::verdict::{fail, warn};

pub(super) fn check(run: &Run<'_>, croissant: &Croissant, found: &mut Chain<'_>) {
    let mut inside: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for resource in &croissant.resources {
        for container in &resource.within {
            inside.entry(container).or_default().push(resource);
        }
    }
    // Several containers of a resource count together: what is in one of them need not be in the others.
    let mut missed: BTreeMap<&str, String> = BTreeMap::new();
    let mut held = BTreeSet::new();
    for (id, inner) in inside {
        let Some(container) = croissant.resource(id) else {
            continue;
        };
        let Some(file) = &container.file else {
            // A remote container and one that is missing have been told themselves.
            if !container.within.is_empty() || matches!(container.kind, Kind::Set { .. }) {
                let what = "it is in an archive or a file set itself";
                found
                    .gaps
                    .push(warn(format!("what `{id}` holds was not verified: {what}")));
                held.extend(inner.iter().map(|one| one.id.as_str()));
            }
            continue;
        };
        match opened(run, file, &inner) {
            Ok(members) => {
                for one in inner {
                    if holds(&members, one, file, found) {
                        held.insert(one.id.as_str());
                    } else {
                        missed.insert(&one.id, missing(one, file));
                    }
                }
            }
            Err(problem) => {
                held.extend(inner.iter().map(|one| one.id.as_str()));
                match problem {
                    Closed::Broken(why) => found.problems.push(fail(why)),
                    Closed::Unread(why) => found.gaps.push(warn(why)),
                }
            }
        }
    }
    let gone = missed.into_iter().filter(|(id, _)| !held.contains(id));
    found.problems.extend(gone.map(|(_, why)| fail(why)));
}

/// Why an archive was not opened.
enum Closed {
    Broken(String),
    Unread(String),
}

fn opened(run: &Run<'_>, file: &str, inner: &[&Resource]) -> Result<Members, Closed> {
    if inner.iter().any(|one| one.is_listed) {
        return Err(Closed::Unread(format!(
            "the files that `{file}` lists were not verified"
        )));
    }
    let hashed = |one: &&&Resource| recorded(one).is_some();
    let wanted: BTreeSet<&str> = inner.iter().filter(hashed).filter_map(|one| address(one)).collect();
    match archive::members(&run.directory.root.join(file), &|name| wanted.contains(name)) {
        Ok(Some(members)) => Ok(members),
        Ok(None) => Err(Closed::Unread(format!(
            "`{file}` is no ZIP and no tar, so that what is contained in it was not verified"
        ))),
        Err(why) => Err(Closed::Broken(format!("the archive `{file}` cannot be read: {why}"))),
    }
}

fn address(resource: &Resource) -> Option<&str> {
    match &resource.kind {
        Kind::File(url) => url.as_deref(),
        _ => None,
    }
}

/// Whether an archive holds a resource. One that has another hash is told.
fn holds(members: &Members, one: &Resource, file: &str, found: &mut Chain<'_>) -> bool {
    if let Kind::Set { includes, excludes } = &one.kind {
        let matches = matcher(includes, excludes);
        return members.keys().any(|name| matches(name));
    }
    let Some((name, now)) = address(one).and_then(|url| members.get_key_value(url)) else {
        return false;
    };
    match (now, recorded(one)) {
        (Some(now), Some(hash)) if hash.eq_ignore_ascii_case(now) => found.verified += 1,
        (Some(_), Some(_)) => found
            .problems
            .push(fail(format!("Tampering detected: {name} in {file} hash mismatch"))),
        _ => {}
    }
    true
}

fn missing(one: &Resource, file: &str) -> String {
    match address(one) {
        Some(url) => format!("`{url}` is not in the archive `{file}`"),
        None => format!("the file set `{}` matches no file in the archive `{file}`", one.id),
    }
}
