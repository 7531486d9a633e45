//! Which variables a suite sees, and which of them its evidence depends on.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::interference;
use gate_policy::SuitePolicy;
use gate_world::Workspace;
use gate_world::environment::Environment;

/// Set by cargo for the program it runs, and by test runners for tests: they describe this process, not the suite.
const OURS: &str = "CARGO CARGO_CRATE_NAME CARGO_MAKEFLAGS CARGO_PRIMARY_PACKAGE CARGO_TARGET_TMPDIR NEXTEST OUT_DIR";
/// The same by prefix.
const OURS_BY_PREFIX: &str = "\
    CARGO_BIN_EXE_ CARGO_BIN_NAME CARGO_MANIFEST_ CARGO_PKG_ NEXTEST_ATTEMPT NEXTEST_BIN_EXE_ NEXTEST_BINARY_ID \
    NEXTEST_EXECUTION_MODE NEXTEST_RUN_ NEXTEST_STRESS_ NEXTEST_TEST_";

/// Change what cargo builds or which tests run, and so belong to the fingerprint of every suite. `RUSTUP_TOOLCHAIN` is
/// not among them: the compiler that it chooses is a part of its own, and rustup sets it for `cargo gate` but not for
/// `cargo-gate gate`, which must find the same evidence.
const INPUTS: &str = "\
    CARGO_ENCODED_RUSTDOCFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL NEXTEST_PROFILE NEXTEST_RETRIES RUSTC \
    RUSTC_BOOTSTRAP RUSTC_WORKSPACE_WRAPPER RUSTC_WRAPPER RUSTDOC RUSTDOCFLAGS RUSTFLAGS RUST_BACKTRACE RUST_LIB_BACKTRACE \
    RUST_TEST_SHUFFLE RUST_TEST_THREADS";
/// The same by prefix.
const INPUTS_BY_PREFIX: &[&str] = &[
    "CARGO_ALIAS_",
    "CARGO_BUILD_",
    "CARGO_HOST_",
    "CARGO_PATCH_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
];

/// The variables that belong to the fingerprint of a suite, with their values; a declared one that is not set is
/// `None`. Where results are built (`CARGO_TARGET_DIR`, `CARGO_BUILD_TARGET_DIR`) and how many jobs build them does
/// not count.
pub fn environment_inputs(suite: &SuitePolicy, environment: &Environment) -> BTreeMap<String, Option<OsString>> {
    let mut inputs = BTreeMap::new();
    let fixed = INPUTS
        .split_whitespace()
        .filter_map(|name| Some((name.to_owned(), environment.get(name)?)));
    let prefixed = INPUTS_BY_PREFIX
        .iter()
        .flat_map(|prefix| environment.with_prefix(prefix));
    let prefixed = prefixed
        .filter(|(name, _)| {
            !matches!(
                *name,
                "CARGO_TARGET_DIR"
                    | "CARGO_BUILD_TARGET_DIR"
                    | "CARGO_BUILD_BUILD_DIR"
                    | "CARGO_BUILD_JOBS"
                    | "CARGO_TARGET_TMPDIR"
            )
        })
        .map(|(name, value)| (name.to_owned(), value));
    let interfering = interference::names().filter_map(|name| Some((name.to_owned(), environment.get(name)?)));
    for (name, value) in fixed.chain(prefixed).chain(interfering) {
        inputs.insert(name, Some(value.to_owned()));
    }
    for name in &suite.env {
        inputs.insert(name.clone(), environment.get(name).map(ToOwned::to_owned));
    }
    inputs
}

/// Whether a variable describes this process, and no child of a suite sees it as it is here.
pub(super) fn is_ours(name: &str) -> bool {
    OURS.split_whitespace().any(|ours| ours == name)
        || OURS_BY_PREFIX.split_whitespace().any(|prefix| name.starts_with(prefix))
}

/// Changes to this process's environment for the children of a suite.
pub(super) fn changes(workspace: &Workspace) -> Vec<(OsString, Option<OsString>)> {
    let environment = workspace.environment();
    let mut changes: Vec<(OsString, Option<OsString>)> = Vec::new();
    let by_prefix = OURS_BY_PREFIX
        .split_whitespace()
        .flat_map(|prefix| environment.with_prefix(prefix).map(|(name, _)| name));
    for name in OURS.split_whitespace().chain(by_prefix) {
        changes.push((name.into(), None));
    }
    let mut set = |name: &str, value: OsString| changes.push((name.into(), Some(value)));
    // Lines instead of bars and colours, and one line for every test.
    set("CARGO_TERM_COLOR", "never".into());
    set("CARGO_TERM_PROGRESS_WHEN", "never".into());
    set("NEXTEST_HIDE_PROGRESS_BAR", "1".into());
    set("NEXTEST_STATUS_LEVEL", "all".into());
    set("GIT_OPTIONAL_LOCKS", "0".into());
    if workspace.offline() {
        set("CARGO_NET_OFFLINE", "true".into());
    }
    if let Some(directory) = &workspace.options.target_dir {
        // The flag is relative to where the user stands, not to where the suite runs.
        set(
            "CARGO_TARGET_DIR",
            workspace.options.cwd.join(directory).into_os_string(),
        );
    }
    changes
}
