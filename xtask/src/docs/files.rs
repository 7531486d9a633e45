//! The generated files, and the directories that hold nothing else.

use std::collections::BTreeMap;

/// Directory whose pages are all generated.
pub(super) const CHECKS: &str = "docs/src/checks";

/// Directory whose files are all generated.
pub(super) const SCHEMAS: &str = "docs/schema";

/// Generated files by path relative to the project, `/`-separated.
pub(super) type Pages = BTreeMap<String, String>;
