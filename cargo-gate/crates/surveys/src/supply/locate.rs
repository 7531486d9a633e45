//! Where advisory databases lie: where the policy or a variable says, else where other tools keep theirs.

use std::path::{Path, PathBuf};

use gate_world::environment::Environment;

/// Names the database; set to nothing, it keeps the gate from looking where other tools keep theirs.
pub const VARIABLE: &str = "CARGO_GATE_ADVISORY_DB";

/// Who says where the database lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `[supply] advisory-db`.
    Policy,
    /// [`VARIABLE`].
    Variable,
    /// Nobody: it lies where cargo-audit or cargo-deny keep theirs.
    Usual,
}

/// A place that may hold a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Directory or archive.
    pub path: PathBuf,
    /// The same as reports write it, without where the home directory lies on this machine.
    pub shown: String,
}

/// All places of one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    origin: Origin,
    places: Vec<Place>,
}

impl Places {
    /// Who says where they are.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Whether somebody said where the database lies.
    pub fn declared(&self) -> bool {
        self.origin != Origin::Usual
    }

    /// The places, in a stable order.
    pub fn all(&self) -> &[Place] {
        &self.places
    }
}

/// Places of the databases. `declared` is the path in the policy; it counts from the workspace root, and the variable
/// from the directory where the gate was called.
pub fn places(declared: Option<&str>, environment: &Environment, root: &Path, cwd: &Path) -> Places {
    let one = |origin, base: &Path, text: &str| Places {
        origin,
        places: vec![Place {
            path: base.join(text),
            shown: text.replace('\\', "/"),
        }],
    };
    if let Some(text) = declared {
        return one(Origin::Policy, root, text);
    }
    if let Some(value) = environment.get(VARIABLE) {
        if value.is_empty() {
            return Places {
                origin: Origin::Usual,
                places: Vec::new(),
            };
        }
        return Places {
            origin: Origin::Variable,
            places: vec![Place {
                path: cwd.join(value),
                shown: format!("${VARIABLE}"),
            }],
        };
    }
    Places {
        origin: Origin::Usual,
        places: environment.cargo_home(cwd).map(|home| usual(&home)).unwrap_or_default(),
    }
}

/// Databases that cargo-audit and cargo-deny fetched. Only the public one counts: others of cargo-deny are private, and
/// nobody said that they are meant for this workspace.
fn usual(home: &Path) -> Vec<Place> {
    let mut places = Vec::new();
    let mut add = |path: PathBuf, shown: String| {
        if path.join("crates").is_dir() {
            places.push(Place { path, shown });
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
        let mut pairs = vec![("CARGO_HOME", home.to_str().unwrap())];
        pairs.extend(variable.map(|value| (VARIABLE, value)));
        let environment = Environment::from_pairs(pairs);
        let places = places(declared, &environment, Path::new("/w"), Path::new("/w/sub"));
        let all: Vec<_> = places.all().iter().map(|place| place.shown.as_str()).collect();
        format!("{:?} [{}]", places.origin(), all.join(", "))
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
        Policy [../db]
        Variable [$CARGO_GATE_ADVISORY_DB]
        Usual []
        Usual [$CARGO_HOME/advisory-db, $CARGO_HOME/advisory-dbs/advisory-db-3157b0]
        ");
    }
}
