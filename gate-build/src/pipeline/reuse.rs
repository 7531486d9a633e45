//! Edits that change nothing in what is compiled, found out short of compiling.
//!
//! Where no token of the changed files has another place than before, the edit is neutral. Where the source itself has other tokens, it is
//! compiled at once. Everything else is for the preprocessor to say: a header of which more than comments has changed, and lines that have moved, which
//! matter to `assert`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::codes;
use super::listing::searched;
use super::task::{Done, Reason, Shared, Task, has_changed, keep, reused};
use crate::action;
use crate::code::Code;
use crate::compiler::{CompilerKind, Preprocessed};
use crate::digest::Digest;
use crate::sorted::{List as _, Set};
use crate::store::{Manifest, Record, Space};
use crate::unit::Language;

impl Task<'_> {
    /// The result of a record whose files have the tokens that they had, at the places that they had.
    pub(super) fn by_code(
        &self,
        manifest: &Manifest,
        request: &Digest,
        reason: &Reason,
        shared: &Shared<'_>,
    ) -> Option<(Record, Done)> {
        // Of Rust the tokens are not known, and a variable may have changed instead.
        let Reason::Changed(changed) = reason else { return None };
        if self.unit.language == Language::Rust {
            return None;
        }
        let (record, files) = manifest
            .records
            .iter()
            .seek_map(|record| Some((record, self.same_code(record, shared)?)))?;
        let taken = self.take(shared, &record.action)?;
        let record = Record {
            action: action::of_files(
                request,
                &self.unit.crate_root,
                &files,
                &record.variables,
                &record.others,
            ),
            compiler: record.compiler,
            files,
            variables: record.variables.clone(),
            others: record.others.clone(),
        };
        let paths = record.files.iter().map(|(file, _)| file.clone()).list();
        keep(shared, Space::Action, &record.action, taken.action.to_text().as_bytes());
        Some((record, reused(taken, paths, Reason::SameText(changed.clone()))))
    }

    /// The files of a record with the digests that they have now, where those that have changed have the same code.
    fn same_code(&self, record: &Record, shared: &Shared<'_>) -> Option<Vec<(PathBuf, Digest)>> {
        let mut before = None;
        let mut files = Vec::with_capacity(record.files.len());
        for (at, (file, digest)) in record.files.iter().enumerate() {
            let now = shared.index.digest(file)?;
            if now != *digest {
                let before: &Vec<Option<Code>> = match &before {
                    Some(before) => before,
                    None => before.insert(codes::of_record(shared.store?, record)?),
                };
                let before = (*before.get(at)?)?;
                if shared.codes.of(file, &now)?.placed != before.placed {
                    return None;
                }
            }
            files.push((file.clone(), now));
        }
        let paths: Vec<PathBuf> = files.iter().map(|(file, _)| file.clone()).list();
        (self.others(&paths, shared) == record.others).then_some(files)
    }

    /// Whether the source itself has other tokens than in any compilation that is remembered: there is no result of its preprocessed text, but
    /// where what has changed is no part of that, as between `#if 0` and `#endif`.
    pub(super) fn has_other_code(&self, manifest: &Manifest, reason: &Reason, shared: &Shared<'_>) -> bool {
        let own = &self.unit.path;
        if !matches!(reason, Reason::Changed(changed) if changed.contains(own)) {
            return false;
        }
        let before = |record: &Record| {
            let at = record.files.iter().position(|(file, _)| file == own)?;
            Some((*codes::of_record(shared.store?, record)?.get(at)?)?.bare)
        };
        let now = shared
            .index
            .digest(own)
            .and_then(|digest| shared.codes.of(own, &digest));
        let (Some(now), Some((latest, others))) = (now, manifest.records.split_first()) else {
            return false;
        };
        before(latest).is_some_and(|before| before != now.bare)
            && others.iter().all(|record| before(record) != Some(now.bare))
    }

    /// When files have changed: what the compiler that compiled them before makes of them now, short of compiling.
    pub(super) fn preprocess(
        &self,
        manifest: &Manifest,
        reason: &Reason,
        scratch: &Path,
    ) -> Option<(CompilerKind, Preprocessed)> {
        if !matches!(reason, Reason::Changed(_) | Reason::Appeared(_)) {
            return None;
        }
        let kind = manifest.records.first()?.compiler;
        let compiler = self.compiler(kind)?;
        Some((kind, compiler.preprocess(self.unit, self.arch, self.flags, scratch)?))
    }

    /// The result of the same preprocessed text, if there is one, and the record of it, if no file has changed since the look began.
    pub(super) fn by_text(
        &self,
        (kind, preprocessed): &(CompilerKind, Preprocessed),
        request: &Digest,
        reason: &Reason,
        began: SystemTime,
        shared: &Shared<'_>,
    ) -> Option<(Option<Record>, Done)> {
        let (Reason::Changed(changed) | Reason::Appeared(changed)) = reason else {
            return None;
        };
        let taken = self.take(shared, &action::of_text(request, *kind, preprocessed.text.as_ref()?))?;
        let files = &preprocessed.dependencies;
        let record = self.record(request, &taken.action, (files, &Set::new()), shared);
        // Asked when all of them have been read: what has changed meanwhile is not what was preprocessed.
        let record = record.filter(|_| !files.iter().any(|file| has_changed(file, began)));
        if let Some(record) = &record {
            keep(shared, Space::Action, &record.action, taken.action.to_text().as_bytes());
        }
        Some((record, reused(taken, files.clone(), Reason::SameText(changed.clone()))))
    }

    /// Keeps beside a record what its files hold.
    pub(super) fn keep_codes(&self, record: &Record, shared: &Shared<'_>) {
        let Some(store) = shared.store.filter(|_| self.unit.language == Language::Cuda) else {
            return;
        };
        let mut folders = searched(&self.unit.path, &self.unit.crate_root, &shared.given.flags);
        folders.insert(self.unit.crate_root.clone());
        // Nobody edits headers of compilers.
        let is_users = |file: &Path| folders.iter().any(|folder| file.starts_with(folder));
        shared.codes.keep(store, record, is_users);
    }
}
