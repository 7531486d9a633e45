//! Every tag, without asking git where all of them are packed, as after a clone.
//!
//! In a repository whose references are files (`gitrepository-layout(5)`), they stand in `packed-refs` then, whose header says
//! whether it tells what each annotated tag stands for (`fully-peeled`, `refs/packed-backend.c` of git). Git is asked where
//! references are stored otherwise (`reftable`), objects are replaced, or a tag has a file of its own.

use std::path::Path;

use super::repository::Repository;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Its name without `refs/tags/`.
    pub name: String,
    /// Full id of what it names, a commit as a rule.
    pub commit: String,
}

/// The tags, where all of them are packed, sorted by name.
pub(super) fn packed(top: &Path) -> Option<Vec<Tag>> {
    let common = Repository::of(top)?.common;
    if common.join("reftable").exists() || holds_any(&common.join("refs/replace")) {
        return None;
    }
    // Before the packed ones: git packs a tag before it removes the file.
    if holds_any(&common.join("refs/tags")) {
        return None;
    }
    tags_of(&std::fs::read_to_string(common.join("packed-refs")).ok()?)
}

fn holds_any(directory: &Path) -> bool {
    let holds = |entry: std::io::Result<std::fs::DirEntry>| {
        let Ok(entry) = entry else { return true };
        // Git leaves the directories of what it packed.
        !entry.file_type().is_ok_and(|kind| kind.is_dir()) || holds_any(&entry.path())
    };
    match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.any(holds),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// The tags in a `packed-refs`: lines `<id> <reference>`, below a tag with an annotation a line `^<id>` with what it stands
/// for. `None` where that is left out, and where anything else stands there.
fn tags_of(packed: &str) -> Option<Vec<Tag>> {
    let mut lines = packed.lines();
    let header = lines.next()?.strip_prefix("# pack-refs with:")?;
    if !header.split_whitespace().any(|word| word == "fully-peeled") {
        return None;
    }
    let mut tags: Vec<Tag> = Vec::new();
    let mut is_tag = false;
    for line in lines {
        if let Some(behind) = line.strip_prefix('^') {
            if is_tag {
                tags.last_mut()?.commit = id(behind)?;
            }
            continue;
        }
        let (own, reference) = line.split_once(' ')?;
        if reference.starts_with("refs/replace/") {
            return None;
        }
        let name = reference.strip_prefix("refs/tags/");
        is_tag = name.is_some();
        if let Some(name) = name {
            tags.push(Tag {
                name: name.to_owned(),
                commit: id(own)?,
            });
        }
    }
    tags.sort();
    Some(tags)
}

/// An object id: 40 or 64 hexadecimal digits.
fn id(text: &str) -> Option<String> {
    let whole = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    whole.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[test]
    fn tags_are_read_where_all_of_them_are_packed() {
        let world = World::repository();
        world.write("a", "");
        world.commit();
        assert_eq!(packed(world.path()), None);
        world.git(&["tag", "v1"]);
        world.git(&["tag", "-a", "-m", "two", "release/v2"]);
        world.git(&["tag", "-a", "-m", "of a tag", "again", "release/v2"]);
        world.git(&["pack-refs", "--all"]);
        let tags = packed(world.path()).expect("packed");
        let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(names, ["again", "release/v2", "v1"]);
        assert!(tags.iter().all(|tag| tag.commit == tags[2].commit), "{tags:?}");
        assert_eq!(world.open().tags(), Some(Ok(tags)));

        world.git(&["tag", "-d", "v1"]);
        assert_eq!(packed(world.path()).map(|tags| tags.len()), Some(2));
        world.git(&["tag", "v3"]);
        assert_eq!(packed(world.path()), None);
    }

    #[test]
    fn git_is_asked_where_references_are_not_all_in_that_file() {
        for place in ["reftable/tables.list", "refs/replace/a"] {
            let world = World::repository();
            world.write("a", "");
            world.commit();
            world.git(&["tag", "v1"]);
            world.git(&["pack-refs", "--all"]);
            assert!(packed(world.path()).is_some());
            world.write(&format!(".git/{place}"), "");
            assert_eq!(packed(world.path()), None, "{place}");
        }
    }

    #[test]
    fn what_packed_refs_may_leave_out_is_asked_for() {
        let id = "7ad0f7b953b08305553acb4cfbe337027529d976";
        let peeled = format!("# pack-refs with: peeled fully-peeled sorted \n{id} refs/tags/v1\n");
        assert!(tags_of(&peeled).is_some_and(|tags| tags.len() == 1));
        for other in [
            String::new(),
            format!("{id} refs/tags/v1\n"),
            format!("# pack-refs with: peeled \n{id} refs/tags/v1\n"),
            format!("{peeled}{id} refs/replace/{id}\n"),
            format!("{peeled}nothing\n"),
            format!("{peeled}{} refs/tags/v2\n", &id[1..]),
            format!("{peeled}^{}\n", &id[1..]),
        ] {
            assert_eq!(tags_of(&other), None, "{other}");
        }
    }
}
