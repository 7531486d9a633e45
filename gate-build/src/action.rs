//! Keys under which results are kept: everything that decides about PTX, and nothing else.

use std::path::{Path, PathBuf};

use crate::arch::Arch;
use crate::compiler::{Compiler, CompilerKind};
use crate::digest::{Digest, Fields};
use crate::sorted::List as _;
use crate::unit::{Language, Unit};

/// What is known about a compilation before any file is read.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub unit: String,
    pub language: Language,
    pub arch: Arch,
    pub flags: Vec<String>,
    /// Of each compiler in the order they are tried.
    pub compilers: Vec<Candidate>,
    /// Folder of the crate, where the compiler writes it into its output.
    pub place: Option<PathBuf>,
}

/// Kind, version and digest of a compiler, and what else its output depends on: variables by name and the like.
type Candidate = (CompilerKind, String, Digest, Vec<(String, String)>);

impl Request {
    /// What is known; `shows_lines` says whether the PTX is to name lines of the source.
    pub(crate) fn new(
        unit: &Unit,
        arch: Arch,
        flags: &[String],
        compilers: &[Box<dyn Compiler + '_>],
        shows_lines: bool,
    ) -> Self {
        Self {
            unit: unit.name.to_string(),
            language: unit.language,
            arch,
            flags: flags.to_vec(),
            compilers: compilers
                .iter()
                .map(|compiler| {
                    let identity = compiler.identity();
                    (
                        identity.kind,
                        identity.version.clone(),
                        identity.digest,
                        compiler.inputs(),
                    )
                })
                .list(),
            place: shows_lines.then(|| unit.crate_root.clone()),
        }
    }

    /// The key of the manifest.
    pub(crate) fn key(&self) -> Digest {
        let mut fields = Fields::new("gate-build request 1");
        fields.add("unit", &self.unit);
        fields.add("language", format!("{:?}", self.language));
        fields.add("arch", self.arch.to_string());
        for flag in &self.flags {
            fields.add("flag", flag);
        }
        for (kind, version, digest, inputs) in &self.compilers {
            fields.add("compiler", kind.as_str());
            fields.add("version", version);
            fields.add("installation", digest.bytes());
            for (name, value) in inputs {
                fields.add("input", name);
                fields.add("value", value);
            }
        }
        if let Some(place) = &self.place {
            fields.add("place", place.as_os_str().as_encoded_bytes());
        }
        fields.finish()
    }
}

/// The key of what came out when these files were read.
pub(crate) fn of_files(
    request: &Digest,
    root: &Path,
    files: &[(PathBuf, Digest)],
    variables: &[(String, Option<Digest>)],
    others: &[PathBuf],
) -> Digest {
    let mut fields = Fields::new("gate-build action 1");
    fields.add("request", request.bytes());
    let mut path = |kind: &str, path: &Path| {
        let portable = path.strip_prefix(root).unwrap_or(path);
        fields.add(kind, portable.as_os_str().as_encoded_bytes());
    };
    for (file, _) in files {
        path("file", file);
    }
    for file in others {
        path("other", file);
    }
    for (_, digest) in files {
        fields.add("digest", digest.bytes());
    }
    for (name, value) in variables {
        fields.add("variable", name);
        fields.add("value", value.as_ref().map_or(&[][..], |value| value.bytes()));
    }
    fields.finish()
}

/// The key of what came out of this preprocessed text.
pub(crate) fn of_text(request: &Digest, compiler: CompilerKind, text: &Digest) -> Digest {
    let mut fields = Fields::new("gate-build text 1");
    fields.add("request", request.bytes());
    fields.add("compiler", compiler.as_str());
    fields.add("text", text.bytes());
    fields.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Everything that goes into a key.
    #[derive(Debug, Clone)]
    struct All {
        request: Request,
        files: Vec<(PathBuf, Digest)>,
        variables: Vec<(String, Option<Digest>)>,
        others: Vec<PathBuf>,
    }

    impl All {
        fn key(&self) -> Digest {
            of_files(
                &self.request.key(),
                Path::new("/w"),
                &self.files,
                &self.variables,
                &self.others,
            )
        }
    }

    fn all() -> impl Strategy<Value = All> {
        let text = || "[a-z/=-]{1,6}";
        (
            text(),
            prop::collection::vec(text(), 1..4),
            prop::collection::vec((text(), text()), 1..3),
            prop::collection::vec(text(), 1..4),
            any::<u8>(),
        )
            .prop_map(|(unit, flags, inputs, files, seed)| All {
                request: Request {
                    unit,
                    language: Language::Cuda,
                    arch: Arch::new(80),
                    flags,
                    compilers: vec![(CompilerKind::Nvcc, "13.0".to_owned(), Digest::of(&[seed]), inputs)],
                    place: None,
                },
                files: files
                    .iter()
                    .map(|name| (PathBuf::from("/w").join(name), Digest::of(name.as_bytes())))
                    .collect(),
                variables: vec![("SCALE".to_owned(), Some(Digest::of(b"1")))],
                others: vec![PathBuf::from("/w/other.h")],
            })
    }

    type Mutation = (&'static str, fn(&mut All));

    /// Every single change of one thing that may decide about the output.
    const MUTATIONS: &[Mutation] = &[
        ("bytes of the source", |all| all.files[0].1 = Digest::of(b"changed")),
        ("bytes of a header", |all| {
            all.files.last_mut().unwrap().1 = Digest::of(b"changed");
        }),
        ("one header more", |all| {
            all.files.push(("/w/new.h".into(), Digest::of(b"")));
        }),
        ("one header less", |all| drop(all.files.pop())),
        ("place of a header", |all| all.files[0].0 = "/elsewhere".into()),
        ("a file that shadows", |all| all.others.push("/w/x.h".into())),
        ("no file that shadows", |all| all.others.clear()),
        ("a variable that the source asks for", |all| {
            all.variables[0].1 = Some(Digest::of(b"2"));
        }),
        ("a variable that is gone", |all| all.variables[0].1 = None),
        ("another variable", |all| all.variables[0].0.push('X')),
        ("name of the unit", |all| all.request.unit.push('x')),
        ("language", |all| all.request.language = Language::Rust),
        ("architecture", |all| all.request.arch = Arch::new(90)),
        ("variant of the architecture", |all| {
            all.request.arch = "80a".parse().unwrap();
        }),
        ("a flag", |all| all.request.flags[0].push('x')),
        ("one flag more", |all| all.request.flags.push("-DX".into())),
        ("two flags as one", |all| {
            let last = all.request.flags.pop().unwrap();
            all.request.flags.push(format!("{last} x"));
        }),
        ("kind of compiler", |all| {
            all.request.compilers[0].0 = CompilerKind::Clang;
        }),
        ("version of the compiler", |all| all.request.compilers[0].1.push('1')),
        ("program of the compiler", |all| {
            all.request.compilers[0].2 = Digest::of(b"other");
        }),
        ("value of a variable", |all| all.request.compilers[0].3[0].1.push('x')),
        ("name of a variable", |all| all.request.compilers[0].3[0].0.push('X')),
        ("a variable that was not set", |all| {
            all.request.compilers[0]
                .3
                .push(("NVCC_APPEND_FLAGS".into(), String::new()));
        }),
        ("a further compiler", |all| {
            let other = all.request.compilers[0].clone();
            all.request.compilers.push(other);
        }),
        ("folder under line information", |all| {
            all.request.place = Some("/w".into());
        }),
    ];

    proptest! {
        #[test]
        fn every_change_changes_the_key(all in all()) {
            prop_assert_eq!(all.key(), all.clone().key());
            for (what, mutate) in MUTATIONS {
                let mut other = all.clone();
                mutate(&mut other);
                prop_assert_ne!(all.key(), other.key(), "{}", what);
            }
        }
    }

    #[test]
    fn another_checkout_has_the_same_key() {
        let request = Digest::of(b"r");
        let key = |root: &str| {
            let files = [
                (Path::new(root).join("k.cu"), Digest::of(b"k")),
                ("/usr/include/x.h".into(), Digest::of(b"x")),
            ];
            of_files(&request, Path::new(root), &files, &[], &[])
        };
        assert_eq!(key("/a/b"), key("/c"));
    }

    #[test]
    fn text_of_another_compiler_is_another_text() {
        let (request, text) = (Digest::of(b"r"), Digest::of(b"t"));
        let keys = [CompilerKind::Nvcc, CompilerKind::Nvrtc].map(|kind| of_text(&request, kind, &text));
        assert_ne!(keys[0], keys[1]);
    }
}
