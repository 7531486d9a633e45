//! Home directories of people in text.

use std::ops::Range;

use super::format::begins_word;
use super::span;

/// What home directories begin with. The one of the administrator has no name of its own after it.
pub(super) const BEGINNINGS: &[&str] = &["/home/", "/Users/", "\\Users\\", "\\\\Users\\\\"];

/// Names that stand for nobody: in examples, in images of containers and of continuous integration.
const NOBODY: &str = "\
    user users username user-name user_name name me you yourname your-name your_name youruser your-user your-username \
    your_username yourusername myuser my-user myname someone somebody somebodyelse someuser some-user anyone person \
    example test testuser test-user test_user tester dev developer devel admin administrator guest public shared \
    default runner runneradmin root ubuntu debian fedora centos ec2-user vagrant vscode node docker builder build ci \
    circleci travis jenkins gitlab-runner gitpod codespace linuxbrew nonroot app appuser rust rustacean ferris cargo \
    work foo bar baz foobar alice bob carol eve mallory john jane johndoe janedoe jdoe joe doe jsmith ada u x y a b \
    xxx xyz abc dir path home documents desktop downloads www data project projects repo src code workspace tmp file \
    files folder appdata login account profile settings index create new edit delete list get nobody hidden redacted \
    private student demo sample steam deck pi";

/// The home directory whose beginning is at `at`, unless it is nobody's.
pub(super) fn find(bytes: &[u8], at: usize, beginning: &str) -> Option<Range<usize>> {
    if bytes.get(at..at + beginning.len())? != beginning.as_bytes() {
        return None;
    }
    let windows = beginning.starts_with('\\');
    let before = span::before(bytes, at);
    // A drive and a colon, and where they stand.
    let drive = match before {
        [.., letter, b':'] if letter.is_ascii_alphabetic() && begins_word(bytes, at - 2) => Some(at - 2),
        _ => None,
    };
    let start = if windows {
        drive?
    } else {
        match (drive, before.last()) {
            (Some(drive), _) if !span::before(bytes, drive).ends_with(b"/") => drive,
            // The path of an address, or below another directory.
            (_, Some(last)) if last.is_ascii_alphanumeric() || b"/._-~}>)]%*$".contains(last) => {
                let scheme = before.ends_with(b"file://");
                if scheme { at } else { return None }
            }
            _ => at,
        }
    };
    let from = at + beginning.len();
    let length = span::run(bytes, from, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
    });
    let name = span::within(bytes, from..from + length);
    let goes_on = matches!(bytes.get(from + length), Some(b'/' | b'\\'));
    let is_name = name.first().is_some_and(u8::is_ascii_alphabetic) && length <= 32 && !name.ends_with(b".");
    let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
    (goes_on && is_name && !is_nobody(&name)).then_some(start..from + length)
}

/// Whether a name of a user stands for nobody.
pub fn is_nobody(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NOBODY.split_whitespace().any(|nobody| nobody == name)
        || name.starts_with("user")
        || name.starts_with("my")
        || name.starts_with("your")
}
