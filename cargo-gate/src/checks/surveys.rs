//! Surveys made by hand, for the unit tests of checks that read sources.

use std::path::{Path, PathBuf};

use crate::boundary::cache::ScanCache;
use crate::boundary::survey::Survey;
use crate::code::{Code, CodeCache};
use crate::library;
use crate::policy::{BoundaryAllow, BoundaryPolicy, Policy, Tier, TierPolicy};
use crate::report::{Finding, Location};
use crate::workspace::cargo::{CargoModel, Member, Target};
use crate::workspace::files::{File, FileKind, FileList};

use crate::contract::Judgement;

/// Survey of one member `app` with these files.
pub(crate) fn survey(files: &[(&str, &str)]) -> Survey {
    // Without digests nothing is looked up and nothing is stored.
    let mut cache = ScanCache::load(Path::new("nowhere"));
    Survey::new(&model(), &list(files), &|file| read(files, file), &mut cache)
}

/// Library code of one member `app` 1.0.0 with these files.
pub(crate) fn library(files: &[(&str, &str)]) -> library::Survey {
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

/// A policy that declares this default tier on line 3, and `[boundary]` with SAFETY comments on line 5.
pub(crate) fn policy(tier: Tier) -> Policy {
    Policy {
        tiers: Some(TierPolicy {
            default: tier,
            exceptions: Vec::new(),
            location: Location::line("gate.toml", 3),
        }),
        boundary: Some(BoundaryPolicy {
            allow: Vec::new(),
            safety_comments: true,
            inventory: None,
            location: Location::line("gate.toml", 5),
        }),
        ..Policy::default()
    }
}

/// Allows raw authority under a glob.
pub(crate) fn allow(policy: &mut Policy, glob: &str) {
    let boundary = policy.boundary.as_mut().expect("the policy of this module has one");
    boundary.allow.push(BoundaryAllow {
        path: glob.into(),
        reason: "bindings".into(),
        owner: "core".into(),
        location: Location::line("gate.toml", 7),
    });
}

/// A judgement as text.
pub(crate) fn judgement(judgement: &Judgement) -> String {
    match judgement {
        Judgement::Findings(findings) => findings.iter().map(finding).collect::<Vec<_>>().join("\n"),
        Judgement::Inconclusive(reason) => format!("inconclusive {}: {}", reason.code, reason.message),
        Judgement::NotRun(reason) => format!("not run {}: {}", reason.code, reason.message),
    }
}

fn finding(finding: &Finding) -> String {
    let place = |location: &Location| {
        let mut text = location.path.clone();
        for number in [location.line, location.column].into_iter().flatten() {
            text += &format!(":{number}");
        }
        text
    };
    let stage = finding.blocks_at.map_or("advice", |stage| stage.name());
    let mut text = format!("[{stage}] {}", finding.message);
    for location in &finding.locations {
        text += &format!("\n  at {}", place(location));
    }
    if let Some(help) = &finding.help {
        text += &format!("\n  help: {help}");
    }
    if let Some(policy) = &finding.policy {
        text += &format!("\n  because {}", place(policy));
    }
    text
}
