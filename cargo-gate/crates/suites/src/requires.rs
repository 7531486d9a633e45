//! What a suite needs of the machine it runs on: `program:nvcc`, `env:DATABASE_URL`, `os:linux`.

use std::ffi::OsStr;

use gate_base::process;
use gate_policy::SuitePolicy;
use gate_report::Reason;
use gate_world::Workspace;

/// The first requirement of the suite that this machine does not meet.
pub fn unmet(suite: &SuitePolicy, workspace: &Workspace) -> Option<Reason> {
    let requirement = suite
        .requires
        .iter()
        .find(|requirement| !is_met(requirement, workspace))?;
    let (kind, name) = requirement.split_once(':').unwrap_or(("", requirement));
    let (message, help) = match kind {
        "program" => (
            format!("needs the program `{name}`, which is not there"),
            format!("install `{name}`"),
        ),
        "env" => (
            format!("needs the environment variable `{name}`, which is not set"),
            format!("set `{name}`"),
        ),
        "os" => (
            format!("needs {name}, and this machine runs {}", std::env::consts::OS),
            format!("run this stage on {name}"),
        ),
        _ => (
            format!("needs `{requirement}`, which this version does not understand"),
            "correct `requires` in gate.toml".into(),
        ),
    };
    Some(Reason::new("requires_unmet", message).help(help))
}

fn is_met(requirement: &str, workspace: &Workspace) -> bool {
    match requirement.split_once(':') {
        Some(("program", name)) => process::locate(OsStr::new(name), workspace.root()).is_some(),
        Some(("env", name)) => workspace.environment().get(name).is_some(),
        Some(("os", name)) => name == std::env::consts::OS,
        // A validated policy holds nothing else; what cannot be told is not met.
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{suite, workspace};
    use super::*;

    #[test]
    fn each_kind_is_told_apart() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let workspace = workspace(directory.path(), &[("src/lib.rs", "")]);
        let unmet = |requirement: &str| {
            let mut suite = suite(&["cargo", "test"]);
            suite.requires = vec![requirement.to_owned()];
            unmet(&suite, &workspace).map(|reason| reason.message)
        };
        assert_eq!(unmet("program:cargo"), None);
        assert_eq!(unmet(&format!("os:{}", std::env::consts::OS)), None);
        for missing in [
            "program:no-such-program-here",
            "env:NO_SUCH_VARIABLE_HERE",
            "os:plan9",
            "device:any",
        ] {
            assert!(
                unmet(missing).is_some_and(|message| message.starts_with("needs ")),
                "{missing}"
            );
        }
    }
}
