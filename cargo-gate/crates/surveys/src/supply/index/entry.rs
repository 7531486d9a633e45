//! What cargo keeps of a package in the cache of a registry's index: one file, with a line of JSON for each version.
//! Format: `src/cargo/sources/registry/index/cache.rs` in rust-lang/cargo.

use memchr::memmem;
use serde::Deserialize;

/// Version of the cache, its first byte.
const CACHE: u8 = 3;
/// Version of the index, four bytes behind it.
const INDEX: [u8; 4] = 2u32.to_le_bytes();

/// What an index says of one version of a package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Release {
    /// Version.
    #[serde(rename = "vers")]
    pub version: String,
    /// SHA-256 of its archive.
    #[serde(rename = "cksum")]
    pub checksum: String,
    /// Whether it was yanked when cargo last asked.
    #[serde(default, deserialize_with = "or_false")]
    pub yanked: bool,
}

fn or_false<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What a file of the cache says of one version; `None` where it says nothing, is cut off there, or is of another format.
pub fn find(bytes: &[u8], version: &str) -> Option<Release> {
    let rest = bytes.strip_prefix(&[CACHE])?.strip_prefix(&INDEX)?;
    // Each is ended by a NUL, and holds none: the state of the registry, and then versions, each with its line.
    let rest = &rest[memchr::memchr(0, rest)?..];
    let named = format!("\0{version}\0");
    let line = &rest[memmem::find(rest, named.as_bytes())? + named.len()..];
    let line = &line[..memchr::memchr(0, line)?];
    let release: Release = serde_json::from_slice(line).ok()?;
    (release.version == version).then_some(release)
}

/// Path of the file of a package below the cache of an index; `None` for what is no name of a package.
pub(super) fn path(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !name.bytes().all(plain) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    Some(match name.len() {
        0 => return None,
        1 => format!("1/{name}"),
        2 => format!("2/{name}"),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of the cache, as cargo writes it.
    fn file(releases: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = vec![CACHE];
        bytes.extend(INDEX);
        bytes.extend(b"etag: W/\"1\"\0");
        for (version, line) in releases {
            bytes.extend(version.bytes().chain([0]).chain(line.bytes()).chain([0]));
        }
        bytes
    }

    fn sample() -> Vec<u8> {
        file(&[
            (
                "1.0.0",
                r#"{"name":"greet","vers":"1.0.0","deps":[],"cksum":"aa","features":{},"yanked":true}"#,
            ),
            (
                "1.0.1+b",
                r#"{"name":"greet","vers":"1.0.1+b","deps":[],"cksum":"bb","features":{},"yanked":null}"#,
            ),
            ("1.0.2", r#"{"name":"greet","vers":"1.0.2","deps":[],"cksum":"cc"}"#),
            ("1.0.3", r#"{"name":"greet","vers":"1.0.4","cksum":"dd"}"#),
        ])
    }

    #[test]
    fn a_version_is_found_with_its_state() {
        let said = |version: &str| find(&sample(), version).map(|found| (found.checksum, found.yanked));
        assert_eq!(said("1.0.0"), Some(("aa".into(), true)));
        assert_eq!(said("1.0.1+b"), Some(("bb".into(), false)));
        assert_eq!(said("1.0.2"), Some(("cc".into(), false)));
        assert_eq!(said("1.0.3"), None, "its line is about another version");
        assert_eq!(said("2.0.0"), None);
    }

    #[test]
    fn other_formats_say_nothing() {
        for (at, byte) in [(0, 2), (1, 3), (4, 1)] {
            let mut bytes = sample();
            bytes[at] = byte;
            assert_eq!(find(&bytes, "1.0.0"), None);
        }
    }

    #[test]
    fn packages_are_where_cargo_puts_them() {
        let paths = ["a", "Ab", "abc", "Serde_json", "", "../x", "a/b", "ä"].map(path);
        let texts = paths.map(|path| path.unwrap_or_else(|| "-".into()));
        assert_eq!(
            texts,
            ["1/a", "2/ab", "3/a/abc", "se/rd/serde_json", "-", "-", "-", "-"]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..200), version in "[0-9.]{0,5}") {
            let _ = find(&bytes, &version);
            let mut all = sample();
            all.extend(bytes);
            let _ = find(&all, &version);
        }

        #[test]
        fn what_is_cut_off_says_the_same_or_nothing(length in 0usize..400, version in "1\\.0\\.[0-3]") {
            let whole = sample();
            let cut = find(&whole[..length.min(whole.len())], &version);
            prop_assert!(cut.is_none() || cut == find(&whole, &version));
        }
    }
}
