//! Where advisory databases lie: where the policy or a variable says, else where the gate and other tools keep theirs.

use std::path::{Path, PathBuf};

use gate_world::environment::Environment;

/// Names the database; set to nothing, it keeps the gate from looking where other tools keep theirs.
pub const VARIABLE: &str = "CARGO_GATE_ADVISORY_DB";

/// Who says where a database lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `[supply] advisory-db`.
    Policy,
    /// [`VARIABLE`].
    Variable,
    /// Nobody: it lies where cargo-audit or cargo-deny keep theirs.
    Tool,
    /// Nobody: `cargo gate advisories update` fetched it.
    Update,
    /// It is compiled in.
    BuiltIn,
}

impl Origin {
    /// Name in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Variable => "variable",
            Self::Tool => "tool",
            Self::Update => "update",
            Self::BuiltIn => "built-in",
        }
    }

    /// Whether somebody chose it.
    pub fn is_declared(self) -> bool {
        matches!(self, Self::Policy | Self::Variable)
    }
}

/// A place that may hold a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Directory, archive or snapshot; empty for the one that is compiled in.
    pub path: PathBuf,
    /// The same as reports write it, without where the home directory lies on this machine.
    pub shown: String,
    /// Who says so.
    pub origin: Origin,
}

impl Place {
    /// The database that is compiled in.
    pub(super) fn built_in() -> Self {
        Self {
            path: PathBuf::new(),
            shown: "built in".into(),
            origin: Origin::BuiltIn,
        }
    }

    /// The database in it, as sentences name it.
    pub fn named(&self) -> String {
        match self.origin {
            Origin::BuiltIn => "the built-in advisory database".into(),
            _ => format!("the advisory database at `{}`", self.shown),
        }
    }
}

/// All places of one workspace on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Vec<Place>);

impl Places {
    /// The place that somebody chose.
    pub fn declared(&self) -> Option<&Place> {
        self.0.iter().find(|place| place.origin.is_declared())
    }

    /// The places, in a stable order.
    pub fn all(&self) -> &[Place] {
        &self.0
    }
}

/// Places of the databases. `declared` is the path in the policy; it counts from the workspace root, and the variable
/// from the directory where the gate was called.
pub fn places(declared: Option<&str>, environment: &Environment, root: &Path, cwd: &Path) -> Places {
    let variable = environment.get(VARIABLE);
    let mut places = match (declared, variable) {
        (Some(text), _) => vec![Place {
            path: root.join(text),
            shown: text.replace('\\', "/"),
            origin: Origin::Policy,
        }],
        (None, Some(value)) if value.is_empty() => Vec::new(),
        (None, Some(value)) => vec![Place {
            path: cwd.join(value),
            shown: format!("${VARIABLE}"),
            origin: Origin::Variable,
        }],
        (None, None) => environment.cargo_home(cwd).map(|home| tools(&home)).unwrap_or_default(),
    };
    places.extend(updated(environment).filter(|place| place.path.is_file()));
    Places(places)
}

/// Where `cargo gate advisories update` keeps its database; `None` where the user has no directory for such things.
pub fn updated(environment: &Environment) -> Option<Place> {
    let path = environment.state_home()?.join("cargo-gate").join("advisories.snapshot");
    let below_home = environment.home().and_then(|home| path.strip_prefix(home).ok());
    let shown = match below_home {
        Some(rest) => format!("~/{}", gate_base::paths::spell(rest)),
        None => "$XDG_STATE_HOME/cargo-gate/advisories.snapshot".to_owned(),
    };
    Some(Place {
        path,
        shown,
        origin: Origin::Update,
    })
}

/// Databases that cargo-audit and cargo-deny fetched. Only the public one counts: others of cargo-deny are private, and
/// nobody said that they are meant for this workspace.
fn tools(home: &Path) -> Vec<Place> {
    let mut places = Vec::new();
    let mut add = |path: PathBuf, shown: String| {
        if path.join("crates").is_dir() {
            places.push(Place {
                path,
                shown,
                origin: Origin::Tool,
            });
        }
    };
    add(home.join("advisory-db"), "$CARGO_HOME/advisory-db".into());
    let mut names: Vec<String> = std::fs::read_dir(home.join("advisory-dbs"))
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("advisory-db"))
        .collect();
    names.sort();
    for name in names {
        add(
            home.join("advisory-dbs").join(&name),
            format!("$CARGO_HOME/advisory-dbs/{name}"),
        );
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(declared: Option<&str>, home: &Path, variable: Option<&str>) -> String {
        let home = home.to_str().unwrap();
        let mut pairs = vec![
            ("CARGO_HOME", home),
            ("HOME", home),
            ("USERPROFILE", home),
            ("LOCALAPPDATA", home),
        ];
        pairs.extend(variable.map(|value| (VARIABLE, value)));
        let environment = Environment::from_pairs(pairs);
        let places = places(declared, &environment, Path::new("/w"), Path::new("/w/sub"));
        let all = places.all().iter();
        all.map(|place| format!("{} {}", place.origin.name(), place.shown))
            .collect::<Vec<_>>()
            .join(", ")
    }

    #[test]
    fn what_is_declared_goes_first() {
        let home = tempfile::tempdir().unwrap();
        for name in [
            "advisory-db/crates",
            "advisory-dbs/advisory-db-3157b0/crates",
            "advisory-dbs/private-1/crates",
        ] {
            std::fs::create_dir_all(home.path().join(name)).unwrap();
        }
        // Not fetched yet.
        std::fs::create_dir_all(home.path().join("advisory-dbs/advisory-db-0")).unwrap();
        insta::assert_snapshot!([
            shown(Some("../db"), home.path(), Some("/elsewhere")),
            shown(None, home.path(), Some("/elsewhere")),
            shown(None, home.path(), Some("")),
            shown(None, home.path(), None),
        ].join("\n"), @r"
        policy ../db
        variable $CARGO_GATE_ADVISORY_DB

        tool $CARGO_HOME/advisory-db, tool $CARGO_HOME/advisory-dbs/advisory-db-3157b0
        ");
        let updated = |home: &Path| {
            let pairs = [("HOME", home), ("USERPROFILE", home), ("LOCALAPPDATA", home)];
            updated(&Environment::from_pairs(pairs)).unwrap()
        };
        let own = updated(home.path());
        std::fs::create_dir_all(own.path.parent().unwrap()).unwrap();
        std::fs::write(&own.path, "").unwrap();
        let with_own = shown(Some("../db"), home.path(), None);
        assert_eq!(with_own, format!("policy ../db, update {}", own.shown));
        assert!(own.shown.starts_with("~/"), "{own:?}");
    }
}
