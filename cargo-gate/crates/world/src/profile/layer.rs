//! What one source says about one profile.

use std::collections::{BTreeMap, BTreeSet};

use crate::environment::Environment;
use gate_base::profile::ProfileValue;

use super::{KEYS, Origin, ProfileError, Setting, normalize};

type Settings = BTreeMap<&'static str, Setting>;

#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    pub(super) settings: Settings,
    pub(super) inherits: Option<(String, Origin)>,
    pub(super) build_override: Option<Settings>,
    pub(super) packages: BTreeMap<String, Settings>,
}

impl Layer {
    /// Lays `over` on top of this layer, key by key.
    pub(super) fn merge(&mut self, over: Layer) {
        self.settings.extend(over.settings);
        if over.inherits.is_some() {
            self.inherits = over.inherits;
        }
        if let Some(settings) = over.build_override {
            self.build_override.get_or_insert_default().extend(settings);
        }
        for (spec, settings) in over.packages {
            self.packages.entry(spec).or_default().extend(settings);
        }
    }

    /// A `[profile.<name>]` table; `origin` says where a key below it is written.
    pub(super) fn of_table(
        name: &str,
        table: &toml::Table,
        origin: &dyn Fn(&[&str]) -> Origin,
    ) -> Result<Self, ProfileError> {
        let mut this = Self {
            settings: settings(name, table, &[], origin)?,
            ..Self::default()
        };
        if let Some(parent) = table.get("inherits").and_then(toml::Value::as_str) {
            this.inherits = Some((parent.to_owned(), origin(&["inherits"])));
        }
        if let Some(own) = table.get("build-override").and_then(toml::Value::as_table) {
            this.build_override = Some(settings(name, own, &["build-override"], origin)?);
        }
        if let Some(packages) = table.get("package").and_then(toml::Value::as_table) {
            for (spec, own) in packages {
                if let Some(own) = own.as_table() {
                    let own = settings(name, own, &["package", spec], origin)?;
                    this.packages.insert(spec.clone(), own);
                }
            }
        }
        Ok(this)
    }

    /// `CARGO_PROFILE_<NAME>_*`. Overrides of packages are only seen for `packages`, those that a configuration file
    /// names, as in cargo.
    pub(super) fn of_environment(
        name: &str,
        packages: &BTreeSet<String>,
        environment: &Environment,
    ) -> Result<Option<Self>, ProfileError> {
        let prefix = format!("CARGO_PROFILE_{}_", upper(name));
        let variables = |prefix: &str| -> Result<Settings, ProfileError> {
            let mut found = Settings::new();
            for key in KEYS {
                let variable = format!("{prefix}{}", upper(key));
                let Some(text) = environment.get(&variable) else {
                    continue;
                };
                let text = text.to_string_lossy();
                let origin = Origin::Environment(variable);
                let raw = match text.as_ref() {
                    "true" => ProfileValue::Bool(true),
                    "false" => ProfileValue::Bool(false),
                    other => match other.parse() {
                        Ok(number) => ProfileValue::Integer(number),
                        Err(_) => ProfileValue::Text(other.to_owned()),
                    },
                };
                found.insert(key, setting(name, key, &raw, origin)?);
            }
            Ok(found)
        };
        let mut this = Self {
            settings: variables(&prefix)?,
            ..Self::default()
        };
        let inherits = format!("{prefix}INHERITS");
        if let Some(parent) = environment.text(&inherits) {
            this.inherits = Some((parent.to_owned(), Origin::Environment(inherits)));
        }
        let own = variables(&format!("{prefix}BUILD_OVERRIDE_"))?;
        if !own.is_empty() {
            this.build_override = Some(own);
        }
        for spec in packages {
            let own = variables(&format!("{prefix}PACKAGE_{spec}_"))?;
            if !own.is_empty() {
                this.packages.insert(spec.clone(), own);
            }
        }
        let silent = this.settings.is_empty()
            && this.inherits.is_none()
            && this.build_override.is_none()
            && this.packages.is_empty();
        Ok((!silent).then_some(this))
    }
}

/// A part of a configuration key as cargo spells it in an environment variable.
fn upper(part: &str) -> String {
    part.replace('-', "_").to_uppercase()
}

fn settings(
    name: &str,
    table: &toml::Table,
    below: &[&str],
    origin: &dyn Fn(&[&str]) -> Origin,
) -> Result<Settings, ProfileError> {
    let mut found = Settings::new();
    for key in KEYS {
        let Some(value) = table.get(key) else { continue };
        let path: Vec<&str> = below.iter().copied().chain([key]).collect();
        let origin = origin(&path);
        let raw = match value {
            toml::Value::Boolean(value) => ProfileValue::Bool(*value),
            toml::Value::Integer(value) => ProfileValue::Integer(*value),
            toml::Value::String(value) => ProfileValue::Text(value.clone()),
            other => ProfileValue::Text(other.to_string()),
        };
        found.insert(key, setting(name, key, &raw, origin)?);
    }
    Ok(found)
}

fn setting(name: &str, key: &'static str, raw: &ProfileValue, origin: Origin) -> Result<Setting, ProfileError> {
    match normalize(key, raw) {
        Some(value) => Ok(Setting { value, origin }),
        None => Err(ProfileError::new(
            format!("profile `{name}` sets `{key} = {raw}`, which cargo does not accept"),
            origin,
        )),
    }
}
