//! The state of a kernel lock, at the lock and at the sources it names.

use std::path::Path;

use gate_build::UnitName;
use gate_build::lock::{KernelLock, LOCK_FILE, RELOCK, text_digest};
use lsp_types::{Diagnostic, DiagnosticSeverity};

use crate::diagnostics::diagnostic;
use crate::gate_toml::problems::with_help;
use crate::text::Text;

/// What is wrong with the lock of the crate in `directory` and the files that it names. `read` gives the bytes of a file, relative to the
/// crate.
pub fn of_lock(
    directory: &Path,
    text: &Text,
    read: &mut dyn FnMut(&str) -> std::io::Result<Vec<u8>>,
) -> Vec<Diagnostic> {
    let lock = match KernelLock::parse(text.as_str()) {
        Ok(lock) => lock,
        Err(error) => {
            let range = text.whole_line(u32::try_from(error.line).unwrap_or(u32::MAX));
            let message = error.message;
            return vec![diagnostic(range, DiagnosticSeverity::Error, "lock_invalid", message)];
        }
    };
    let sources = lock.sources_in(directory);
    let problems = lock.verify_with(read, sources.iter().map(String::as_str));
    let shown = problems.iter().map(|problem| {
        let range = match problem.line.filter(|_| problem.file == LOCK_FILE) {
            Some(line) => text.whole_line(u32::try_from(line).unwrap_or(u32::MAX)),
            None => named(text, &problem.file),
        };
        let message = with_help(&format!("{}: {}", problem.file, problem.message), Some(&problem.help));
        diagnostic(range, DiagnosticSeverity::Error, problem.kind.code(), message)
    });
    shown.collect()
}

/// The first place of a lock that names a file; its first line where none does.
fn named(text: &Text, file: &str) -> lsp_types::Range {
    let quoted = format!("\"{file}\"");
    match memchr::memmem::find(text.as_str().as_bytes(), quoted.as_bytes()) {
        Some(at) => text.range(&(at..at + quoted.len())),
        None => text.whole_line(1),
    }
}

/// Whether a source is what the lock of its crate was made from.
pub fn of_source(directory: &Path, path: &Path, text: &Text) -> Vec<Diagnostic> {
    let Ok(lock) = std::fs::read_to_string(directory.join(LOCK_FILE)) else {
        return Vec::new();
    };
    let Ok(lock) = KernelLock::parse(&lock) else {
        return Vec::new();
    };
    let name = UnitName::of(directory, path).to_string();
    let now = text_digest(text.as_str().as_bytes());
    let mut outdated: Vec<String> = Vec::new();
    for (unit, locked) in &lock.units {
        for (arch, image) in &locked.images {
            if image.sources.get(&name).is_some_and(|digest| *digest != now) {
                outdated.push(format!("`{unit}` for {arch}"));
            }
        }
    }
    if outdated.is_empty() {
        return Vec::new();
    }
    let message = format!(
        "the locked PTX of {} was compiled from a different version of this file",
        outdated.join(", ")
    );
    vec![diagnostic(
        text.whole_line(1),
        DiagnosticSeverity::Information,
        "source_changed",
        with_help(&message, Some(&format!("`{RELOCK}`"))),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_cannot_be_read_says_where() {
        let found = of_lock(Path::new(""), &Text::new("version = 1\nversion = 2\n"), &mut |_| {
            Err(std::io::ErrorKind::NotFound.into())
        });
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].range.start.line, 1, "{found:?}");
    }

    #[test]
    fn a_source_is_held_against_the_text_that_was_locked() {
        let directory = tempfile::tempdir().unwrap();
        let digest = |text: &str| text_digest(text.as_bytes());
        let source = "extern \"C\" __global__ void k() {}\n";
        let sources = [("k.cu".to_owned(), digest(source))].into();
        let fingerprint = gate_build::lock::source_fingerprint(&sources);
        let ptx = ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry k()\n{\nret;\n}\n";
        let lock = format!(
            "version = 1\n\n[[image]]\nunit = \"k.cu\"\narch = \"sm_80\"\ncompiler = \"nvcc 13.0.48\"\nflags = []\nisa = \"7.0\"\n\
             ptx = \"ptx/k.cu.sm_80.ptx\"\nptx-digest = \"{0}\"\nnormalised-digest = \"{0}\"\nsource-fingerprint = \"{fingerprint}\"\n\n\
             [image.sources]\n\"k.cu\" = \"{1}\"\n\n[[image.entry]]\nname = \"k\"\nparams = []\n",
            digest(ptx),
            digest(source)
        );
        std::fs::write(directory.path().join(LOCK_FILE), &lock).unwrap();
        let path = directory.path().join("k.cu");
        // A checkout with other line ends is the same source.
        for text in [source.to_owned(), source.replace('\n', "\r\n")] {
            assert_eq!(of_source(directory.path(), &path, &Text::new(text)), []);
        }
        let found = of_source(directory.path(), &path, &Text::new("other"));
        assert_eq!(found.len(), 1);

        let files = [("k.cu", source), ("ptx/k.cu.sm_80.ptx", ptx)];
        let mut read = |file: &str| {
            let found = files.iter().find(|(path, _)| *path == file);
            found
                .map(|(_, text)| text.as_bytes().to_vec())
                .ok_or_else(|| std::io::ErrorKind::NotFound.into())
        };
        assert_eq!(of_lock(Path::new(""), &Text::new(lock.clone()), &mut read), []);
        let found = of_lock(Path::new(""), &Text::new(lock.clone()), &mut |_| {
            Err(std::io::ErrorKind::NotFound.into())
        });
        assert_eq!(found.len(), 2, "{found:?}");
        let line = lock.lines().position(|line| line.starts_with("\"k.cu\"")).unwrap();
        let lines: Vec<usize> = found
            .iter()
            .map(|one| usize::try_from(one.range.start.line).unwrap())
            .collect();
        assert!(lines.contains(&line) || lines.contains(&3), "{lines:?}");
    }
}
