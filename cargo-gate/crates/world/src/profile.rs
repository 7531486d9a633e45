//! Cargo profiles, resolved as cargo resolves them: built-in defaults, `inherits` chains, the root manifest, cargo's
//! configuration files, `CARGO_PROFILE_*`, `CARGO_INCREMENTAL`, package overrides.
//!
//! The rules are those of cargo's `core/profiles.rs`; the tests compare the result with what cargo itself says it
//! would build. Not part of a profile, and so not seen here: `RUSTFLAGS` and `--config` on the command line.

use std::collections::{BTreeMap, BTreeSet};

use gate_base::profile::ProfileValue;

use super::config::{CargoConfig, ConfigLayer};
use super::environment::Environment;
use super::manifest::Manifest;

mod layer;
mod setting;
mod value;

#[cfg(test)]
mod against_cargo;

use layer::Layer;
pub use setting::{KEYS, Origin, ProfileError, Setting};
pub use value::normalize;

/// What an override is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Every package outside the workspace (`package."*"`).
    Dependencies,
    /// The package with this specification.
    Package(String),
    /// Build scripts, procedural macros and what they depend on.
    Build,
}

/// What is different for some packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// For which.
    pub target: Target,
    /// The keys that differ, and only those.
    pub settings: BTreeMap<&'static str, Setting>,
}

/// A resolved profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Every one of [`KEYS`], for a workspace member without an override.
    pub settings: BTreeMap<&'static str, Setting>,
    /// Overrides, sorted by target.
    pub overrides: Vec<Override>,
}

/// Resolves the profile `name`. `root` is the manifest of the workspace root, the only one whose profiles count.
///
/// # Errors
/// The profile is not defined, its `inherits` chain is broken or a loop, or a value is not one that cargo accepts.
pub fn resolve(
    name: &str,
    root: Option<&Manifest>,
    config: &CargoConfig,
    environment: &Environment,
) -> Result<Profile, ProfileError> {
    let sources = Sources {
        root,
        config,
        environment,
    };
    let (base, layer) = sources.chain(name)?;
    let Layer {
        settings: written,
        packages,
        build_override,
        ..
    } = layer;

    let mut settings = defaults(base);
    for (key, setting) in &written {
        settings.insert(key, setting.clone());
    }
    if matches!(name, "test" | "bench") {
        settings.insert(
            "panic",
            rule(
                ProfileValue::Text("unwind".into()),
                "tests and benchmarks always unwind",
            ),
        );
    }
    let incremental = sources.incremental()?;
    if let Some(setting) = &incremental {
        settings.insert("incremental", setting.clone());
    }
    settings.entry("codegen-units").or_insert_with(|| {
        let incremental = is_incremental(&written, &incremental, base);
        default(codegen_units(incremental))
    });
    let stripped = default(deferred_strip(&settings, &packages));
    settings.entry("strip").or_insert_with(|| stripped.clone());

    let mut overrides = Vec::new();
    for (spec, mut own) in packages {
        let target = match spec.as_str() {
            "*" => Target::Dependencies,
            _ => Target::Package(spec),
        };
        if incremental.is_some() {
            own.remove("incremental");
        }
        // Nobody said how many codegen units: then compiling incrementally or not decides.
        if let Some(setting) = own.get("incremental")
            && !written.contains_key("codegen-units")
            && !own.contains_key("codegen-units")
        {
            let incremental = setting.value == ProfileValue::Bool(true);
            let units = default(codegen_units(incremental));
            if units != settings["codegen-units"] {
                own.insert("codegen-units", units);
            }
        }
        // cargo merges an override as if it had said `strip` itself.
        if matches!(target, Target::Package(_)) && written.contains_key("strip") && !own.contains_key("strip") {
            let reset = rule(
                stripped.value.clone(),
                "cargo resets `strip` for a package that has an override without it",
            );
            own.insert("strip", reset);
        }
        overrides.push(Override { target, settings: own });
    }
    if let Some(mut own) = build_override {
        if incremental.is_some() {
            own.remove("incremental");
        }
        overrides.push(Override {
            target: Target::Build,
            settings: own,
        });
    }
    overrides.retain(|one| !one.settings.is_empty());
    overrides.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(Profile {
        name: name.into(),
        settings,
        overrides,
    })
}

/// Whether code is compiled incrementally, before the number of codegen units is known.
fn is_incremental(written: &BTreeMap<&'static str, Setting>, overall: &Option<Setting>, base: Base) -> bool {
    overall
        .as_ref()
        .or_else(|| written.get("incremental"))
        .map_or(matches!(base, Base::Dev), |setting| {
            setting.value == ProfileValue::Bool(true)
        })
}

/// What cargo does where nobody says `strip`: symbols of the standard library go when no package of the graph has
/// debug information. Packages that only build scripts use are left out of account.
fn deferred_strip(
    settings: &BTreeMap<&'static str, Setting>,
    packages: &BTreeMap<String, BTreeMap<&'static str, Setting>>,
) -> ProfileValue {
    let none = ProfileValue::Text("none".into());
    let quiet =
        |settings: &BTreeMap<&'static str, Setting>| settings.get("debug").is_none_or(|debug| debug.value == none);
    if quiet(settings) && packages.values().all(quiet) {
        ProfileValue::Text("debuginfo".into())
    } else {
        none
    }
}

/// rustc's default.
fn codegen_units(incremental: bool) -> ProfileValue {
    ProfileValue::Integer(if incremental { 256 } else { 16 })
}

fn default(value: ProfileValue) -> Setting {
    Setting {
        value,
        origin: Origin::Default,
    }
}

fn rule(value: ProfileValue, why: &'static str) -> Setting {
    Setting {
        value,
        origin: Origin::Rule(why),
    }
}

/// One of the two profiles that every other descends from.
#[derive(Debug, Clone, Copy)]
enum Base {
    Dev,
    Release,
}

fn defaults(base: Base) -> BTreeMap<&'static str, Setting> {
    let text = |word: &str| ProfileValue::Text(word.into());
    let dev = matches!(base, Base::Dev);
    [
        ("debug", text(if dev { "full" } else { "none" })),
        ("debug-assertions", ProfileValue::Bool(dev)),
        ("incremental", ProfileValue::Bool(dev)),
        ("lto", ProfileValue::Bool(false)),
        ("opt-level", ProfileValue::Integer(if dev { 0 } else { 3 })),
        ("overflow-checks", ProfileValue::Bool(dev)),
        ("panic", text("unwind")),
    ]
    .into_iter()
    .map(|(key, value)| (key, default(value)))
    .collect()
}

struct Sources<'a> {
    root: Option<&'a Manifest>,
    config: &'a CargoConfig,
    environment: &'a Environment,
}

impl Sources<'_> {
    /// Everything that is written about `name` and what it inherits from, and the profile at the end of the chain.
    fn chain(&self, name: &str) -> Result<(Base, Layer), ProfileError> {
        let mut seen = BTreeSet::new();
        let mut layers = Vec::new();
        let mut current = name.to_owned();
        let mut came_from: Option<(String, Origin)> = None;
        let base = loop {
            let layer = self.layer(&current)?;
            let written = layer.is_some();
            let layer = layer.unwrap_or_default();
            let inherits = layer.inherits.clone();
            layers.push(layer);
            let base = match current.as_str() {
                "dev" => Some(Base::Dev),
                "release" => Some(Base::Release),
                _ => None,
            };
            if let Some(base) = base {
                if let Some((_, origin)) = inherits {
                    let message = format!("`inherits` must not be specified in root profile `{current}`");
                    return Err(ProfileError::new(message, origin));
                }
                break base;
            }
            if !seen.insert(current.clone()) {
                let (child, origin) = came_from.unwrap_or((current.clone(), Origin::Default));
                let message = format!("profile inheritance loop: profile `{child}` inherits `{current}`");
                return Err(ProfileError::new(message, origin));
            }
            let (parent, origin) = match (inherits, current.as_str()) {
                (Some((parent, origin)), _) => (parent, origin),
                (None, "test" | "doc") => ("dev".to_owned(), Origin::Default),
                (None, "bench") => ("release".to_owned(), Origin::Default),
                (None, _) if written => {
                    let origin = self.header(&current);
                    let message = format!("profile `{current}` has no `inherits`, which cargo requires");
                    return Err(ProfileError::new(message, origin));
                }
                (None, _) => {
                    let (message, origin) = match came_from {
                        Some((child, origin)) => (
                            format!("profile `{child}` inherits from `{current}`, which is not defined"),
                            origin,
                        ),
                        None => (format!("profile `{current}` is not defined"), Origin::Default),
                    };
                    return Err(ProfileError::new(message, origin));
                }
            };
            came_from = Some((std::mem::replace(&mut current, parent), origin));
        };
        let mut merged = Layer::default();
        for layer in layers.into_iter().rev() {
            merged.merge(layer);
        }
        Ok((base, merged))
    }

    /// What manifest, configuration and environment say about one profile; `None` when none of them mentions it.
    fn layer(&self, name: &str) -> Result<Option<Layer>, ProfileError> {
        let mut found = None;
        if let Some(root) = self.root
            && let Some(table) = table_at(&root.table, name)
        {
            let origin = |keys: &[&str]| {
                let path: Vec<&str> = ["profile", name].into_iter().chain(keys.iter().copied()).collect();
                Origin::Manifest(root.nearest(&path))
            };
            found = Some(Layer::of_table(name, table, &origin)?);
        }
        for config in self.config.layers.iter().rev() {
            if let Some(table) = table_at(&config.table, name) {
                let origin = |keys: &[&str]| {
                    let path: Vec<&str> = ["profile", name].into_iter().chain(keys.iter().copied()).collect();
                    written(config, &path)
                };
                let layer = Layer::of_table(name, table, &origin)?;
                found.get_or_insert_with(Layer::default).merge(layer);
            }
        }
        let packages: BTreeSet<String> = self
            .config
            .layers
            .iter()
            .filter_map(|config| table_at(&config.table, name)?.get("package")?.as_table())
            .flat_map(|packages| packages.keys().cloned())
            .collect();
        if let Some(layer) = Layer::of_environment(name, &packages, self.environment)? {
            found.get_or_insert_with(Layer::default).merge(layer);
        }
        Ok(found)
    }

    fn header(&self, name: &str) -> Origin {
        if let Some(root) = self.root
            && table_at(&root.table, name).is_some()
        {
            return Origin::Manifest(root.nearest(&["profile", name]));
        }
        self.config
            .layers
            .iter()
            .find(|config| table_at(&config.table, name).is_some())
            .map_or(Origin::Default, |config| written(config, &["profile", name]))
    }

    /// The switch for all profiles at once: `CARGO_INCREMENTAL`, then `build.incremental`.
    fn incremental(&self) -> Result<Option<Setting>, ProfileError> {
        if let Some(value) = self.environment.get("CARGO_INCREMENTAL") {
            return Ok(Some(Setting {
                value: ProfileValue::Bool(value == "1"),
                origin: Origin::Environment("CARGO_INCREMENTAL".into()),
            }));
        }
        let name = "CARGO_BUILD_INCREMENTAL";
        if let Some(value) = self.environment.get(name) {
            let origin = Origin::Environment(name.into());
            return match value.to_str() {
                Some("true") => Ok(true),
                Some("false") => Ok(false),
                _ => Err(ProfileError::new(
                    format!("{name} is neither `true` nor `false`"),
                    origin.clone(),
                )),
            }
            .map(|value| {
                Some(Setting {
                    value: ProfileValue::Bool(value),
                    origin,
                })
            });
        }
        Ok(self.config.layers.iter().find_map(|layer| {
            let value = layer.table.get("build")?.get("incremental")?.as_bool()?;
            Some(Setting {
                value: ProfileValue::Bool(value),
                origin: written(layer, &["build", "incremental"]),
            })
        }))
    }
}

fn written(config: &ConfigLayer, keys: &[&str]) -> Origin {
    Origin::Config {
        path: config.path.clone(),
        place: config.nearest(keys),
    }
}

fn table_at<'t>(table: &'t toml::Table, name: &str) -> Option<&'t toml::Table> {
    table.get("profile")?.as_table()?.get(name)?.as_table()
}
