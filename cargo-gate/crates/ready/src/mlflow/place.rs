//! Where a database says that files are.

use std::path::{Path, PathBuf};

/// What `mlflow server` calls its database.
pub(super) const DATABASE: &str = "mlflow.db";
/// The directory that an address of artifacts means; `None` for one on another machine.
pub(super) fn local(address: &str, database: &Path) -> Option<PathBuf> {
    let base = database.parent()?;
    if let Some(path) = address.strip_prefix("mlflow-artifacts:") {
        // What `mlflow server` keeps for its clients, unless it is told another place.
        let path = path.trim_start_matches('/');
        let kept = ["mlartifacts", "mlruns"].map(|name| base.join(name).join(path));
        let [first, second] = kept;
        return Some(if second.is_dir() { second } else { first });
    }
    let path = match address.split_once(':') {
        Some(("file", path)) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            // `file:///C:/store` is a path of Windows.
            let drive = path
                .strip_prefix('/')
                .filter(|path| path.as_bytes().get(1) == Some(&b':'));
            PathBuf::from(decoded(drive.unwrap_or(path)))
        }
        Some((scheme, _)) if scheme.len() > 1 => return None,
        _ => PathBuf::from(address),
    };
    let path = base.join(path);
    if path.is_dir() {
        return Some(path);
    }
    // A store that was moved as a whole: what is next to the database is what was next to it.
    let moved = ["mlruns", "mlartifacts"].into_iter().find_map(|name| {
        let mut parts = path.iter();
        parts.by_ref().find(|part| *part == name)?;
        Some(base.join(name).join(parts.as_path())).filter(|path| path.is_dir())
    });
    Some(moved.unwrap_or(path))
}

/// A path without the escapes of an address.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match behind.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(b'%');
                rest = behind;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_artifacts_are_found_next_to_the_database() {
        let store = tempfile::tempdir().expect("a directory");
        let database = store.path().join(DATABASE);
        let runs = store.path().join("mlruns/1/abc/artifacts");
        std::fs::create_dir_all(&runs).expect("a directory");
        let found = |address: &str| local(address, &database);
        for address in [
            runs.to_string_lossy().as_ref(),
            "mlruns/1/abc/artifacts",
            "./mlruns/1/abc/artifacts",
            "/gone/mlruns/1/abc/artifacts",
            "file:///gone/mlruns/1/abc/artifacts",
            "mlflow-artifacts:/1/abc/artifacts",
        ] {
            assert!(
                found(address).is_some_and(|path| path.canonicalize().ok() == runs.canonicalize().ok()),
                "{address}: {:?}",
                found(address)
            );
        }
        assert_eq!(found("s3://bucket/1/abc/artifacts"), None);
        assert_eq!(
            found("mlflow-artifacts:/2/abc"),
            Some(store.path().join("mlartifacts/2/abc"))
        );
        assert_eq!(found("/gone/elsewhere"), Some(PathBuf::from("/gone/elsewhere")));
        assert_eq!(decoded("a%20b%zz%C3%A9%"), "a b%zzé%");
    }
}
