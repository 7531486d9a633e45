//! What holds an action, an include or an image to one content.

use globset::{Glob, GlobSet, GlobSetBuilder};

use gate_ci::{Include, Origin};
use gate_report::Change;

/// A name that may mean something else tomorrow.
pub(super) struct Unpinned<'c> {
    pub(super) line: u32,
    pub(super) name: &'c str,
    /// What is wrong, as the end of a sentence.
    pub(super) why: &'static str,
    pub(super) help: String,
    /// What pins it, where that is known.
    pub(super) change: Option<Change>,
}

pub(super) fn trusted(patterns: &[String]) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    // The policy was validated: each is a glob.
    for glob in patterns.iter().filter_map(|pattern| Glob::new(pattern).ok()) {
        builder.add(glob);
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}

pub(super) fn action_fault(name: &str, trusted: &GlobSet) -> Option<&'static str> {
    if let Some(image) = name.strip_prefix("docker://") {
        return (!has_digest(image)).then_some("is an image without a digest");
    }
    if name.starts_with("./") || name.starts_with("../") {
        return None;
    }
    let Some((action, version)) = name.split_once('@') else {
        return Some("has no version");
    };
    let owner_and_name = action.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    if trusted.is_match(&owner_and_name) || trusted.is_match(action) {
        return None;
    }
    version_fault(version)
}

/// What is wrong with a version that should be the hash of a commit.
fn version_fault(version: &str) -> Option<&'static str> {
    if is_full_hash(version) {
        return None;
    }
    if version.len() >= 7 && is_hex(version) && !version.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("is an abbreviated hash, which can become ambiguous");
    }
    Some("is a tag or a branch, which can move")
}

pub(super) fn included<'c>(include: &'c Include, trusted: &GlobSet) -> Option<Unpinned<'c>> {
    let name = include.name.as_str();
    // A component names its server first.
    let path = name.split_once('/').map_or(name, |(_, path)| path);
    if trusted.is_match(name) || include.origin == Origin::Component && trusted.is_match(path) {
        return None;
    }
    let (why, help) = match (include.origin, include.pin.as_deref()) {
        (Origin::Remote, Some(pin)) if pin.starts_with("sha256-") => return None,
        // `https://gitlab.com/group/project/-/raw/<hash>/ci.yml`: a file of a commit, as good as a project with its `ref`.
        (Origin::Remote, _) if name.split(['/', '=', '&']).any(is_full_hash) => return None,
        (Origin::Remote, _) => (
            "is included without `integrity`",
            "write `integrity: sha256-` and the output of `openssl dgst -sha256 -binary FILE | base64`".to_owned(),
        ),
        (Origin::Project, None) => (
            "is included without `ref`, so from its default branch",
            "write `ref:` and the full hash of a commit of that project".to_owned(),
        ),
        (Origin::Project, Some(pin)) => {
            let why = match version_fault(pin)? {
                why if why.starts_with("is abbreviated") => "is included by an abbreviated hash",
                _ => "is included by a tag or a branch, which can move",
            };
            (
                why,
                format!("write the full hash of `{pin}` as its `ref`, followed by `# {pin}`"),
            )
        }
        (Origin::Component, None) => ("has no version", "add `@` and the full hash of a commit".to_owned()),
        (Origin::Component, Some(pin)) => (
            version_fault(pin)?,
            format!("write the full hash of `{pin}` after its `@`, and `# {pin}` at the end of the line"),
        ),
    };
    Some(Unpinned {
        line: include.line,
        name,
        why,
        help,
        change: None,
    })
}

pub(super) fn has_digest(image: &str) -> bool {
    let digest = image.split_once("@sha256:").map(|(_, digest)| digest);
    digest.is_some_and(|digest| digest.len() == 64 && is_hex(digest))
}

/// The name of an image without tag and digest.
pub(super) fn without_tag(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    // A colon before the last slash belongs to a port.
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// Whether it names one commit, of SHA-1 or SHA-256.
pub(super) fn is_full_hash(version: &str) -> bool {
    matches!(version.len(), 40 | 64) && is_hex(version)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
