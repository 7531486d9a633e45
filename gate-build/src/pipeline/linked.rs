//! What a crate links beside a library of kernels, and how their host code is compiled to fit it.

use std::path::{Path, PathBuf};

use crate::env::{Env, Os};
use crate::sorted::{Append as _, List as _, sort};
use crate::toolkit::link_directories;

/// The target of the crate, as far as linking depends on it.
#[derive(Clone, Copy)]
pub(super) struct Linked {
    is_msvc: bool,
    /// Whether C's library is linked statically.
    is_static: bool,
    os: Os,
}

/// CUDA's runtime library.
#[derive(PartialEq, Eq)]
enum Cudart {
    Static,
    Shared,
    None,
}

impl Cudart {
    /// As nvcc reads its flag.
    fn of(flags: &[String]) -> Self {
        let mut found = Self::Static;
        for (at, flag) in flags.iter().enumerate() {
            let bare = flag.trim_start_matches('-');
            let value = match bare.split_once('=') {
                Some(("cudart", value)) => value,
                None if bare == "cudart" => flags.get(at + 1).map_or("", String::as_str),
                _ => continue,
            };
            found = match value {
                "shared" => Self::Shared,
                "none" => Self::None,
                _ => Self::Static,
            };
        }
        found
    }
}

impl Linked {
    /// What cargo says of the target.
    pub(super) fn of(env: &Env) -> Self {
        let text = |name: &str| env.variable(name).and_then(|value| value.to_str()).unwrap_or_default();
        let features = text("CARGO_CFG_TARGET_FEATURE");
        Self {
            is_msvc: text("TARGET").ends_with("msvc"),
            is_static: features.split(',').any(|feature| feature == "crt-static"),
            os: env.os(),
        }
    }

    /// Flags for host code that rustc can link.
    pub(super) fn host_flags(self) -> Vec<String> {
        let flags: &[&str] = match (self.is_msvc, self.is_static) {
            // The C library that rustc links; and constants such as `M_PI`, which other systems always declare.
            (true, false) => &["-Xcompiler=-MD", "-D_USE_MATH_DEFINES"],
            (true, true) => &["-Xcompiler=-MT", "-D_USE_MATH_DEFINES"],
            (false, _) => &["-Xcompiler=-fPIC"],
        };
        flags.iter().map(|flag| (*flag).to_owned()).list()
    }

    /// The file name of a static library.
    pub(super) fn library_file(self, name: &str) -> String {
        if self.is_msvc {
            format!("{name}.lib")
        } else {
            format!("lib{name}.a")
        }
    }

    /// Lines for cargo that link the library `name` in `folder`, with what it needs of the toolkit.
    pub(super) fn lines(
        self,
        name: &str,
        folder: &Path,
        toolkit: Option<&Path>,
        flags: &[String],
        is_relocatable: bool,
    ) -> Vec<String> {
        let mut lines = vec![
            format!("cargo::rustc-link-search=native={}", folder.display()),
            format!("cargo::rustc-link-lib=static={name}"),
        ];
        let folders: Vec<PathBuf> = toolkit.map(|root| link_directories(self.os, root)).unwrap_or_default();
        let cudart = Cudart::of(flags);
        let there = |file: &str| folders.iter().seek(|folder| folder.join(file).exists());
        let searched =
            there(&self.library_file("cudart_static")).or_else(|| folders.iter().seek(|folder| folder.is_dir()));
        if cudart != Cudart::None || is_relocatable {
            lines.append_all(searched.map(|folder| format!("cargo::rustc-link-search=native={}", folder.display())));
        }
        let mut link = |what: &str| lines.push(format!("cargo::rustc-link-lib={what}"));
        // Not bundled: several crates may link it, and each would bring its own copy.
        if is_relocatable {
            link("static:-bundle=cudadevrt");
        }
        match cudart {
            Cudart::Static => {
                link("static:-bundle=cudart_static");
                if !self.is_msvc {
                    ["rt", "pthread", "dl"].into_iter().for_each(link);
                }
            }
            Cudart::Shared => match searched
                .and_then(|folder| versioned_alone(folder))
                .filter(|_| !self.is_msvc)
            {
                // The packages of pip have no name without a version.
                Some(file) => link(&format!("dylib:+verbatim={file}")),
                None => link("dylib=cudart"),
            },
            Cudart::None => {}
        }
        if !self.is_msvc {
            lines.push("cargo::rustc-link-lib=dylib=stdc++".to_owned());
        }
        lines
    }
}

/// The runtime library of a folder in which it has only a name with a version.
fn versioned_alone(folder: &Path) -> Option<String> {
    if folder.join("libcudart.so").exists() {
        return None;
    }
    let names = std::fs::read_dir(folder).ok()?.flatten();
    let mut names: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).list();
    sort(&mut names);
    names.into_iter().seek(|name| name.starts_with("libcudart.so."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Disk;

    fn linked(target: &str, features: &str) -> Linked {
        let os = if target.ends_with("msvc") {
            Os::Windows
        } else {
            Os::Linux
        };
        Linked::of(&Env::new(
            os,
            [("TARGET", target), ("CARGO_CFG_TARGET_FEATURE", features)],
            Disk,
        ))
    }

    fn toolkit(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let file = root.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        root
    }

    fn lines(linked: Linked, root: &Path, flags: &[&str], is_relocatable: bool) -> Vec<String> {
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let lines = linked.lines("moe", Path::new("out"), Some(root), &flags, is_relocatable);
        let root = root.display().to_string();
        let shown = lines.iter().map(|line| {
            let line = line.strip_prefix("cargo::rustc-link-").unwrap();
            line.replace(&root, "CUDA").replace('\\', "/")
        });
        shown.collect()
    }

    #[test]
    fn linux_links_the_runtime_as_nvcc_does() {
        let linux = linked("x86_64-unknown-linux-gnu", "fxsr,sse");
        let cuda = toolkit(&["lib64/libcudart_static.a", "lib64/libcudart.so"]);
        let first = ["search=native=out", "lib=static=moe", "search=native=CUDA/lib64"];
        let all = |rest: &[&'static str]| [&first[..], rest].concat();
        assert_eq!(
            lines(linux, cuda.path(), &[], false),
            all(&[
                "lib=static:-bundle=cudart_static",
                "lib=rt",
                "lib=pthread",
                "lib=dl",
                "lib=dylib=stdc++"
            ])
        );
        assert_eq!(
            lines(linux, cuda.path(), &["-cudart=shared"], true),
            all(&["lib=static:-bundle=cudadevrt", "lib=dylib=cudart", "lib=dylib=stdc++"])
        );
        assert_eq!(
            lines(linux, cuda.path(), &["--cudart", "none"], false),
            ["search=native=out", "lib=static=moe", "lib=dylib=stdc++"]
        );
        assert_eq!(linux.host_flags(), ["-Xcompiler=-fPIC"]);
    }

    #[test]
    fn a_runtime_of_pip_is_linked_by_its_whole_name() {
        let linux = linked("x86_64-unknown-linux-gnu", "");
        let cuda = toolkit(&["lib/libcudart_static.a", "lib/libcudart.so.13"]);
        let lines = lines(linux, cuda.path(), &["-cudart=shared"], false);
        assert!(
            lines.contains(&"lib=dylib:+verbatim=libcudart.so.13".to_owned()),
            "{lines:?}"
        );
        assert!(lines.contains(&"search=native=CUDA/lib".to_owned()), "{lines:?}");
    }

    #[test]
    fn msvc_links_the_c_library_of_rustc_and_no_other() {
        let msvc = linked("x86_64-pc-windows-msvc", "fxsr");
        let cuda = toolkit(&[
            "lib/x64/cudart_static.lib",
            "lib/x64/cudart.lib",
            "bin/x64/cudart64_13.dll",
        ]);
        let first = ["search=native=out", "lib=static=moe", "search=native=CUDA/lib/x64"];
        assert_eq!(
            lines(msvc, cuda.path(), &[], false),
            [&first[..], &["lib=static:-bundle=cudart_static"]].concat()
        );
        assert_eq!(
            lines(msvc, cuda.path(), &["-cudart", "shared"], false),
            [&first[..], &["lib=dylib=cudart"]].concat()
        );
        assert_eq!(msvc.library_file("moe"), "moe.lib");
        assert_eq!(msvc.host_flags(), ["-Xcompiler=-MD", "-D_USE_MATH_DEFINES"]);
        let fixed = linked("x86_64-pc-windows-msvc", "crt-static,fxsr");
        assert_eq!(fixed.host_flags()[0], "-Xcompiler=-MT");
    }
}
