//! Surveys made by hand, for unit tests.

use std::path::{Path, PathBuf};

use gate_world::cargo::{CargoModel, Member, Target};
use gate_world::files::{File, FileKind, FileList};

use super::boundary::cache::ScanCache;
use super::boundary::survey::Survey;
use super::code::{Code, CodeCache};
use super::library;

/// Survey of one member `app` with these files.
pub fn survey(files: &[(&str, &str)]) -> Survey {
    // Without digests nothing is looked up and nothing is stored.
    let mut cache = ScanCache::load(Path::new("nowhere"));
    Survey::new(&model(), &list(files), &|file| read(files, file), &mut cache)
}

/// Library code of one member `app` 1.0.0 with these files.
pub fn library(files: &[(&str, &str)]) -> library::Survey {
    let mut cache = CodeCache::load(Path::new("nowhere"));
    let code = Code::new(&model(), &list(files), &|file| read(files, file), &mut cache);
    library::Survey::new(&model(), &code)
}

fn model() -> CargoModel {
    let target = |kind: &str, source: &str| Target {
        name: "app".into(),
        kind: vec![kind.into()],
        source: source.into(),
        test: true,
    };
    CargoModel {
        members: vec![Member {
            name: "app".into(),
            version: semver::Version::new(1, 0, 0),
            manifest: "Cargo.toml".into(),
            directory: String::new(),
            edition: "2024".into(),
            rust_version: None,
            publish: true,
            publishable: true,
            targets: vec![
                target("lib", "src/lib.rs"),
                target("bin", "src/main.rs"),
                target("test", "tests/t.rs"),
                target("custom-build", "build.rs"),
            ],
        }],
        ..CargoModel::default()
    }
}

fn list(files: &[(&str, &str)]) -> FileList {
    FileList::new(
        files
            .iter()
            .map(|(path, text)| File {
                path: (*path).into(),
                native: PathBuf::from(path),
                tracked: true,
                kind: FileKind::Regular,
                executable: false,
                size: text.len() as u64,
                digest: None,
            })
            .collect(),
    )
}

fn read(files: &[(&str, &str)], file: &File) -> std::io::Result<Vec<u8>> {
    let found = files.iter().find(|(path, _)| *path == file.path);
    found
        .map(|(_, text)| text.as_bytes().to_vec())
        .ok_or_else(|| std::io::ErrorKind::NotFound.into())
}
