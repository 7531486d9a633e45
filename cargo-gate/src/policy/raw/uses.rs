//! What the code asks of the system.

use schemars::JsonSchema;
use serde::Deserialize;

/// What the code asks of the system, and which suites of tests cover it. What is absent is not used.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawUses {
    /// Files and directories.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    pub(in crate::policy) file: Option<RawUse>,
    /// Other programs.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    pub(in crate::policy) process: Option<RawUse>,
    /// Sockets, and what is built on them.
    #[schemars(extend("examples" = [false]))]
    pub(in crate::policy) net: Option<RawUse>,
    /// Threads.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    pub(in crate::policy) thread: Option<RawUse>,
    /// Variables and directories of the process.
    #[schemars(extend("examples" = [["runtime_paths"]]))]
    pub(in crate::policy) env: Option<RawUse>,
    /// Foreign functions.
    #[schemars(extend("examples" = [false]))]
    pub(in crate::policy) ffi: Option<RawUse>,
}

/// Whether something is used.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::policy) enum RawUse {
    /// Whether it is used; covered by the suite of tests `runtime_paths_<path>`.
    Used(bool),
    /// Names of the suites of tests that cover it.
    Suites(
        #[schemars(extend("items" = { "type": "string", "minLength": 1, "maxLength": 64, "x-format": "suite-name" }))]
        Vec<String>,
    ),
}
