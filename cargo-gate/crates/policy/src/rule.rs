//! The rules that a policy or a register breaks: each has an id that never changes, which messages, reports and editors
//! show.

/// One rule of the validation.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// Stable id, `policy::` and words with hyphens.
    pub id: &'static str,
    /// What the rule asks for, one sentence without a final full stop.
    pub summary: &'static str,
}

/// Declares the rules and the list of all of them.
macro_rules! rules {
    ($($name:ident = $id:literal, $summary:literal;)*) => {
        $(
            #[doc = $summary]
            pub(super) static $name: Rule = Rule { id: concat!("policy::", $id), summary: $summary };
        )*

        /// Every rule, sorted by id.
        pub static ALL: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    APPROVALS_WITHOUT_KEYS = "approvals-without-keys", "No more approvals are required than there are different keys";
    BASE_NOT_READ = "base-not-read", "`extends` names a file of the repository that does not lead back to the policy";
    CASES_WITHOUT_OPERATOR = "cases-without-operator", "`cases` of a conformance row contains `{operator}`";
    CHECK_NOT_RECORDABLE = "check-not-recordable", "Only findings of certain checks are recorded as known";
    CHECKLIST_ITEM_WITHOUT_CHECK = "checklist-item-without-check", "A checklist item names at least one check or artifact";
    CHECKLIST_OF_ITSELF = "checklist-of-itself", "A checklist item does not name the checklist check itself";
    CLOSED_WITHOUT_DAY = "closed-without-day", "A closed register item has a `closed` date";
    CLOSING_OF_OPEN_ITEM = "closing-of-open-item", "Only a closed register item has `closed` and `commit`";
    DAYS_OUT_OF_ORDER = "days-out-of-order", "`closed` and `until` are not earlier than `opened`";
    DIFFERENCE_FROM_ITSELF = "difference-from-itself", "A known difference names two different backends";
    DUPLICATE_KEY = "duplicate-key", "A key appears only once in its table";
    DUPLICATE_NAME = "duplicate-name", "Names are unique";
    EMPTY_LIST = "empty-list", "A list that needs an element is not empty";
    EMPTY_TEXT = "empty-text", "A string is not empty";
    EXCLUDING_KEYS = "excluding-keys", "Keys that exclude each other are not set together";
    EXCLUSION_OF_BUILT_IN = "exclusion-of-built-in", "An exclusion leaves out no group that every stage requires";
    EXCLUSION_OF_NOTHING = "exclusion-of-nothing", "An exclusion names at least one package, path or group";
    FILE_OUTSIDE_TARGET = "file-outside-target", "A file that a benchmark writes again and again is below the target directory";
    GAP_IN_UNSUPPORTED_OPERATOR = "gap-in-unsupported-operator", "An allowed gap names an operator that the backend supports";
    KEY_OF_A_RISK = "key-of-a-risk", "Only a risk has `impact`, `probability`, `mitigation`, `fallback` and `review`";
    MALFORMED_COMMAND = "malformed-command", "A command is a program with arguments, without shell syntax";
    MALFORMED_COMMIT = "malformed-commit", "A commit is a hexadecimal hash";
    MALFORMED_DATE = "malformed-date", "A date has the form YYYY-MM-DD";
    MALFORMED_DIGEST = "malformed-digest", "A SHA-256 digest has 64 lowercase hexadecimal digits";
    MALFORMED_DURATION = "malformed-duration", "A duration is a whole number with one unit";
    MALFORMED_GLOB = "malformed-glob", "A glob is valid and stays inside the workspace";
    MALFORMED_ITEM_ID = "malformed-item-id", "A register id contains only letters, digits, `-`, `_` and `.`";
    MALFORMED_ITEM_PATH = "malformed-item-path", "The path of a Rust item starts with the name of its library";
    MALFORMED_KEY = "malformed-key", "A key is an Ed25519 public key in OpenSSH format";
    MALFORMED_PATH = "malformed-path", "A path is relative to the workspace root and stays inside it";
    MALFORMED_PLATFORM = "malformed-platform", "A platform is an operating system or a target triple";
    MALFORMED_POINTER = "malformed-pointer", "A JSON pointer starts with `/`";
    MALFORMED_REMOTE = "malformed-remote", "A remote store has a valid address without a password";
    MALFORMED_REQUIREMENT = "malformed-requirement", "A requirement is a program, an environment variable or an operating system";
    MALFORMED_REVISION = "malformed-revision", "A revision is a commit, a tag or a branch";
    MALFORMED_SUITE_NAME = "malformed-suite-name", "A suite name contains only lowercase letters, digits, `-` and `_`";
    MALFORMED_TEXT = "malformed-text", "A string is not blank";
    MALFORMED_VALUE = "malformed-value", "A value has the format of its key";
    MALFORMED_VARIABLE = "malformed-variable", "An environment variable is given by its name only";
    MALFORMED_VERSION = "malformed-version", "A version has the form MAJOR.MINOR.PATCH";
    MEMORY_OF_CARGO = "memory-of-cargo", "The memory of a process is measured without cargo around it";
    MISSING_KEY = "missing-key", "Required keys are present";
    NOTIFICATION_WITHOUT_SINK = "notification-without-sink", "A notification has either a command or a file";
    OUT_OF_RANGE = "out-of-range", "A value is within the range of its key";
    OVERRIDE_TO_LATER_STAGE = "override-to-later-stage", "A check blocks at its default stage or an earlier one";
    PATH_OF_A_BASE = "path-of-a-base", "A path of a base, from the base's own directory, is inside the workspace";
    PATTERN_WITHOUT_CHECK = "pattern-without-check", "A pattern matches at least one check";
    RATIO_WITHOUT_REFERENCE = "ratio-without-reference", "A ratio has a reference";
    REFUSED_KEY = "refused-key", "A computed value is not set by hand, and no key of an earlier version is left";
    ROUNDS_OR_PAIRS = "rounds-or-pairs", "A suite of benchmarks has `max-pairs` with a reference and `rounds` without one";
    RULE_BROKEN = "rule-broken", "Values are consistent with each other; the message has the details";
    SEVERITY_OF_A_RISK = "severity-of-a-risk", "A risk has an impact instead of a severity";
    SUITE_WITHOUT_LIMIT = "suite-without-limit", "A suite of benchmarks, service levels, drills or equivalence has something that could fail";
    SUITE_WITHOUT_TESTS = "suite-without-tests", "A required test suite runs at least one test";
    SUPPORTED_AND_DEFERRED = "supported-and-deferred", "An operator is either supported or deferred";
    SYNTAX = "syntax", "The file is valid TOML";
    TEXT_TOO_LONG = "text-too-long", "A string is not longer than its key allows";
    TRACKED_BY_ITSELF = "tracked-by-itself", "A register item is not tracked by itself";
    UNDECLARED_NAME = "undeclared-name", "A referenced name is declared";
    UNKNOWN_CHECK = "unknown-check", "A referenced check exists";
    UNKNOWN_ITEM = "unknown-item", "A referenced register item exists";
    UNKNOWN_KEY = "unknown-key", "A key is known in its table";
    UNKNOWN_VALUE = "unknown-value", "A value is one of the words that its key takes";
    WEAKER_WITHOUT_REASON = "weaker-without-reason", "A rule weaker than the default has a reason";
    WINDOW_TOO_SMALL = "window-too-small", "A rails window has at least `min-samples` and `error-events` calls";
    WRONG_TYPE = "wrong-type", "A value has the type of its key";
}

/// The rule of values with this `x-format` or `format`.
pub(super) fn of_format(format: &str) -> &'static Rule {
    match format {
        "text" => &MALFORMED_TEXT,
        "duration" => &MALFORMED_DURATION,
        "date" => &MALFORMED_DATE,
        "glob" | "name-glob" => &MALFORMED_GLOB,
        "path" | "base" => &MALFORMED_PATH,
        "remote" => &MALFORMED_REMOTE,
        "pointer" => &MALFORMED_POINTER,
        "version" | "rust-version" => &MALFORMED_VERSION,
        "item" | "surface" => &MALFORMED_ITEM_PATH,
        "revision" => &MALFORMED_REVISION,
        "suite-name" => &MALFORMED_SUITE_NAME,
        "item-id" => &MALFORMED_ITEM_ID,
        "sha256" => &MALFORMED_DIGEST,
        "commit" => &MALFORMED_COMMIT,
        "ssh-key" => &MALFORMED_KEY,
        "env-name" => &MALFORMED_VARIABLE,
        "requirement" => &MALFORMED_REQUIREMENT,
        "command" => &MALFORMED_COMMAND,
        "platform" => &MALFORMED_PLATFORM,
        _ => &MALFORMED_VALUE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_sorted_and_well_formed() {
        let ids: Vec<&str> = ALL.iter().map(|rule| rule.id).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        for pair in ids.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
        for rule in ALL {
            let name = rule.id.strip_prefix("policy::").expect("the prefix");
            assert!(
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{name}"
            );
            assert!(!rule.summary.ends_with('.') && rule.summary.starts_with(|char: char| !char.is_lowercase()));
        }
    }
}
