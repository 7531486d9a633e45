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
    CASES_WITHOUT_OPERATOR = "cases-without-operator", "`cases` of a conformance row says where the name of the operator stands";
    CHECKLIST_ITEM_WITHOUT_CHECK = "checklist-item-without-check", "An item of a checklist names a check or an artifact";
    CHECKLIST_OF_ITSELF = "checklist-of-itself", "No item of a checklist is met by the checklist";
    CLOSED_WITHOUT_DAY = "closed-without-day", "A closed item of the register says on which day it was closed";
    CLOSING_OF_OPEN_ITEM = "closing-of-open-item", "Only a closed item of the register has a day and a commit of closing";
    DAYS_OUT_OF_ORDER = "days-out-of-order", "Nothing is closed, or deferred to a day, before it was opened";
    DIFFERENCE_FROM_ITSELF = "difference-from-itself", "A known difference is one between two backends";
    DUPLICATE_KEY = "duplicate-key", "A key stands once in its table";
    DUPLICATE_NAME = "duplicate-name", "What is named has a name of its own";
    EMPTY_LIST = "empty-list", "A list that needs an element has one";
    EMPTY_TEXT = "empty-text", "A text is not empty";
    EXCLUDING_KEYS = "excluding-keys", "Of keys that exclude each other there is one";
    EXCLUSION_OF_NOTHING = "exclusion-of-nothing", "An exclusion names packages or paths";
    GAP_IN_UNSUPPORTED_OPERATOR = "gap-in-unsupported-operator", "A gap is one of an operator that the backend supports";
    ITEM_WITHOUT_WEIGHT = "item-without-weight", "An item of the register says how bad it is";
    KEY_OF_A_RISK = "key-of-a-risk", "Only a risk has impact, probability, mitigation, fallback and review";
    MALFORMED_COMMAND = "malformed-command", "A command is a program with its arguments, and needs no shell";
    MALFORMED_COMMIT = "malformed-commit", "A commit is named by its hash";
    MALFORMED_DATE = "malformed-date", "A day is year, month and day";
    MALFORMED_DIGEST = "malformed-digest", "A digest is 64 hexadecimal digits";
    MALFORMED_DURATION = "malformed-duration", "A duration is a whole number with one unit";
    MALFORMED_GLOB = "malformed-glob", "A glob can be read, and stays in the workspace";
    MALFORMED_ITEM_ID = "malformed-item-id", "An id of the register is letters, digits, `-`, `_` and `.`";
    MALFORMED_ITEM_PATH = "malformed-item-path", "The path of an item of Rust starts with the name of its library";
    MALFORMED_KEY = "malformed-key", "A key is an Ed25519 key in the form of OpenSSH";
    MALFORMED_PATH = "malformed-path", "A path is relative to the workspace root and stays below it";
    MALFORMED_PLATFORM = "malformed-platform", "A platform is an operating system or a target triple";
    MALFORMED_POINTER = "malformed-pointer", "A place in a JSON file is named by a JSON pointer";
    MALFORMED_REMOTE = "malformed-remote", "A remote store has an address, and no password in it";
    MALFORMED_REQUIREMENT = "malformed-requirement", "What a suite requires is a program, a variable or an operating system";
    MALFORMED_REVISION = "malformed-revision", "A revision is a commit, a tag or a branch";
    MALFORMED_SUITE_NAME = "malformed-suite-name", "The name of a suite is lowercase letters, digits, `-` and `_`";
    MALFORMED_TEXT = "malformed-text", "A text is not blank";
    MALFORMED_VALUE = "malformed-value", "A value has the form that its key asks for";
    MALFORMED_VARIABLE = "malformed-variable", "A variable is named without its value";
    MALFORMED_VERSION = "malformed-version", "A version is major, minor and patch";
    MISSING_KEY = "missing-key", "A key that is needed is there";
    NOTIFICATION_WITHOUT_SINK = "notification-without-sink", "A notification has one sink: a command or a file";
    OUT_OF_RANGE = "out-of-range", "A value lies in the range of its key";
    OVERRIDE_TO_LATER_STAGE = "override-to-later-stage", "A check blocks at its own stage or an earlier one";
    PATTERN_WITHOUT_CHECK = "pattern-without-check", "A pattern covers a check";
    RATIO_WITHOUT_REFERENCE = "ratio-without-reference", "A ratio has a reference";
    REFUSED_KEY = "refused-key", "What is computed is not written";
    RULE_BROKEN = "rule-broken", "Values fit each other, as the message says";
    SEVERITY_OF_A_RISK = "severity-of-a-risk", "A risk has an impact, and no severity";
    SUITE_WITHOUT_LIMIT = "suite-without-limit", "A suite that measures is held to something";
    SUITE_WITHOUT_TESTS = "suite-without-tests", "A required suite runs a test";
    SUPPORTED_AND_DEFERRED = "supported-and-deferred", "An operator is supported or deferred";
    SYNTAX = "syntax", "The file is TOML";
    TEXT_TOO_LONG = "text-too-long", "A text is not longer than its key allows";
    TRACKED_BY_ITSELF = "tracked-by-itself", "An item of the register is dealt with by another one";
    UNDECLARED_NAME = "undeclared-name", "What is named is declared";
    UNKNOWN_CHECK = "unknown-check", "A check that is named exists";
    UNKNOWN_ITEM = "unknown-item", "An item of the register that is named exists";
    UNKNOWN_KEY = "unknown-key", "A key is one of those of its table";
    UNKNOWN_VALUE = "unknown-value", "A word is one of those that its key takes";
    WINDOW_TOO_SMALL = "window-too-small", "A window of the rails has as many calls as it needs samples";
    WRONG_TYPE = "wrong-type", "A value has the type of its key";
}

/// The rule of values with this `x-format` or `format`.
pub(super) fn of_format(format: &str) -> &'static Rule {
    match format {
        "text" => &MALFORMED_TEXT,
        "duration" => &MALFORMED_DURATION,
        "date" => &MALFORMED_DATE,
        "glob" => &MALFORMED_GLOB,
        "path" => &MALFORMED_PATH,
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
