//! The code of a workspace, read once: every file that may belong to a library or a binary goes through one pass over
//! its tokens ([`scan`]), which collects whatever checks ask for, and the result is kept by content (`cache`).

mod cache;
pub mod scan;

use std::io;
use std::sync::Arc;

use crate::boundary::classify::{Classifier, Role, belongs_to_a_product};
use crate::boundary::prefilter::may_hold_path_attribute;
use crate::boundary::survey::Read;
use gate_base::digest::Digest;
use gate_base::parallel;
use gate_world::cargo::{CargoModel, Member};
use gate_world::files::{File, FileKind, FileList};

pub use cache::CodeCache;
pub use scan::CodeScan;

/// A source file of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFile {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// Name of the package that owns it.
    pub package: String,
    /// What it is for.
    pub role: Role,
    /// What it holds; the reason where it could not be read.
    pub scan: Result<Arc<CodeScan>, String>,
}

/// Files that are code, and the roots of all other targets; sorted by path. Of these roots nothing is told but the modules
/// they declare, and that only where those may be files of the library: they lie beside them or are named by a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code(Vec<CodeFile>);

impl Code {
    /// Scans the files that the cache does not know.
    pub fn new(model: &CargoModel, files: &FileList, read: &Read<'_>, cache: &mut CodeCache) -> Self {
        let classifier = Classifier::new(model, files.iter().map(|file| file.path.as_str()));
        let wanted: Vec<(&File, &Member, Role)> = files
            .iter()
            .filter(|file| file.path.ends_with(".rs") && matches!(file.kind, FileKind::Regular | FileKind::Unreadable))
            .filter_map(|file| {
                let (member, role) = classifier.owner(&file.path)?;
                let is_root = || member.targets.iter().any(|target| target.source == file.path);
                (role == Role::Code || is_root()).then_some((file, member, role))
            })
            .collect();
        let known: &CodeCache = cache;
        let scans = parallel::map(
            &wanted,
            &|(file, member, role)| -> io::Result<(Option<Digest>, Arc<CodeScan>)> {
                if let Some(scan) = file.digest.and_then(|digest| known.get(&digest)) {
                    return Ok((file.digest, scan));
                }
                let bytes = read(file)?;
                let reaches_code = may_hold_path_attribute(&bytes) || belongs_to_a_product(member, &file.path);
                if *role == Role::Test && !reaches_code {
                    return Ok((None, Arc::default()));
                }
                // The file may have changed since it was listed: remember the scan for what was read.
                let digest = file.digest.map(|_| Digest::of(&bytes));
                Ok((digest, Arc::new(scan::scan_file(&bytes))))
            },
        );
        let scanned = wanted
            .into_iter()
            .zip(scans)
            .map(|((file, member, role), scan)| CodeFile {
                path: file.path.clone(),
                package: member.name.clone(),
                role,
                scan: match scan {
                    Ok((digest, scan)) => {
                        if let Some(digest) = digest {
                            cache.keep(digest, &scan);
                        }
                        Ok(scan)
                    }
                    Err(error) => Err(error.to_string()),
                },
            });
        Self(scanned.collect())
    }

    /// All files, sorted by path.
    pub fn files(&self) -> &[CodeFile] {
        &self.0
    }

    /// Files of one package.
    pub fn of<'c>(&'c self, package: &'c str) -> impl Iterator<Item = &'c CodeFile> {
        self.0.iter().filter(move |file| file.package == package)
    }
}

/// Whether a file may be code of a library or a binary, by its path alone, before it is known which targets there are.
pub fn may_be_code(path: &str) -> bool {
    path.ends_with(".rs")
        && !path
            .split('/')
            .any(|part| matches!(part, "tests" | "benches" | "examples"))
}
