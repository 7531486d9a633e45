//! The conformance matrix: which test suites show which operators on which backend.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

/// The conformance matrix.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawConformance {
    /// Profiles of continuous integration that rows are part of. Each needs a row whose suite is required.
    #[schemars(length(min = 1), extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 64, "x-format": "suite-name" },
        "examples" = [["commit", "nightly"]]
    ))]
    pub(in crate::policy) profiles: Vec<String>,
    /// Backends with the operators that they support.
    #[schemars(with = "Vec<RawConformanceBackend>", length(min = 1), extend("x-missing" = "add `[[conformance.backend]]`"))]
    pub(in crate::policy) backend: Vec<Spanned<RawConformanceBackend>>,
    /// Rows of the matrix.
    #[schemars(with = "Vec<RawConformanceRow>", length(min = 1), extend("x-missing" = "add `[[conformance.row]]`"))]
    pub(in crate::policy) row: Vec<Spanned<RawConformanceRow>>,
}

/// A backend with its scope.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawConformanceBackend {
    /// Its name.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["cpu"]))]
    pub(in crate::policy) name: String,
    /// Operators that it supports. The rows have to show each of them, but for the allowed gaps.
    #[schemars(length(min = 1), extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" },
        "examples" = [["softmax_f32"]]
    ))]
    pub(in crate::policy) supported: Vec<String>,
    /// Operators that it does not support yet. Code that asks for one must not compile, which a test shows.
    #[serde(default)]
    #[schemars(with = "Vec<RawDeferred>")]
    pub(in crate::policy) deferred: Vec<Spanned<RawDeferred>>,
    /// Least share of the supported operators that tests show, in per cent.
    #[serde(default = "eighty_five")]
    #[schemars(range(min = 1, max = 100), extend("x-sane-min" = 50))]
    pub(in crate::policy) minimum_coverage: u32,
    /// Supported operators that no test shows yet. A gap that is not listed fails, however high the coverage is.
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" }))]
    pub(in crate::policy) allowed_gaps: Vec<String>,
}

/// An operator that a backend does not support.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawDeferred {
    /// The operator.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["softmax_f64"]))]
    pub(in crate::policy) operator: String,
    /// Why it is not supported.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["its sum needs another order"]))]
    pub(in crate::policy) reason: String,
    /// The test that code which asks for it does not compile: a Rust source with a documentation test marked `compile_fail`, or a
    /// source with the expected messages beside it in a `.stderr` file, as trybuild keeps them.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["tests/ui/softmax_f64.rs"]))]
    pub(in crate::policy) negative_test: String,
    /// Name of the test suite that runs it.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["workspace"]))]
    pub(in crate::policy) suite: String,
    /// Words that the test contains, each of them; the parts of the operator between `_` when absent.
    #[serde(default)]
    #[schemars(extend("items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" }))]
    pub(in crate::policy) mentions: Vec<String>,
}

/// A row of the matrix. Whether it is required and what it needs of the machine is what its suite says.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawConformanceRow {
    /// Unique name of the row.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["reference"]))]
    pub(in crate::policy) id: String,
    /// The backend that it is about.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["cpu"]))]
    pub(in crate::policy) backend: String,
    /// The profile of continuous integration that runs it.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["commit"]))]
    pub(in crate::policy) profile: String,
    /// Name of the test suite that runs its tests.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["workspace"]))]
    pub(in crate::policy) suite: String,
    /// The sources of its tests, each the root of a test target: `tests/reference.rs`, `tests/reference/main.rs`.
    #[schemars(length(min = 1), extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "path" },
        "examples" = [["tests/reference.rs"]]
    ))]
    pub(in crate::policy) test_files: Vec<String>,
    /// Name of the test that shows an operator, with `{operator}` in its place; `*` stands for any characters.
    #[serde(default = "operator")]
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["{operator}_agrees_with_the_reference"]))]
    pub(in crate::policy) cases: String,
}

fn eighty_five() -> u32 {
    85
}

fn operator() -> String {
    "{operator}".into()
}
