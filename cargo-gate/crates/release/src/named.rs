//! Which package gives a release its name and version.

use semver::Version;

use gate_base::error::{Error, Result};
use gate_policy::ReleasePolicy;
use gate_world::cargo::{CargoModel, Member};

/// Name and version of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Its tag.
    pub tag: String,
    /// Manifest of the package that it is named after, relative to the workspace.
    pub manifest: String,
}

impl Named {
    /// The declared package, the root package, or the only one that is released.
    ///
    /// # Errors
    /// No package is declared and several could be meant, or no such package exists, or the tag has no version (usage).
    pub fn of(model: &CargoModel, policy: &ReleasePolicy) -> Result<Self> {
        let member = member(model, policy)?;
        if let Some(tag) = policy.tag.as_deref().filter(|tag| !tag.contains("{version}")) {
            return Err(
                Error::usage(format!("{}: the tag `{tag}` has no `{{version}}`", place(policy)))
                    .with_help("write `tag = \"v{version}\"`"),
            );
        }
        Ok(Self {
            name: member.name.clone(),
            version: member.version.clone(),
            tag: policy.tag(&member.version),
            manifest: member.manifest.clone(),
        })
    }

    /// The release as file names begin with it.
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

fn place(policy: &ReleasePolicy) -> String {
    let line = policy.location.line.map_or_else(String::new, |line| format!(":{line}"));
    let path = if policy.location.path.is_empty() {
        "gate.toml"
    } else {
        &policy.location.path
    };
    format!("{path}{line}")
}

fn member<'m>(model: &'m CargoModel, policy: &ReleasePolicy) -> Result<&'m Member> {
    if let Some(name) = &policy.package {
        return model.members.iter().find(|member| member.name == *name).ok_or_else(|| {
            let place = place(policy);
            Error::usage(format!("{place}: `{name}` is not a package of the workspace"))
                .with_help("correct `package` under `[release]`")
        });
    }
    if let Some(root) = model.members.iter().find(|member| member.directory.is_empty()) {
        return Ok(root);
    }
    let released = released(model);
    let programs = released
        .iter()
        .copied()
        .filter(|member| binaries(member).next().is_some());
    match (released.as_slice(), programs.collect::<Vec<_>>().as_slice()) {
        ([only], _) | (_, [only]) => Ok(only),
        _ => Err(
            Error::usage("no package is declared that gives the release its name and version")
                .with_help("add `package = \"…\"` under `[release]` in gate.toml"),
        ),
    }
}

/// Members that are released: those that may be published; all of them where none may, as in the workspace of a service.
pub(crate) fn released(model: &CargoModel) -> Vec<&Member> {
    let publishable: Vec<&Member> = model.members.iter().filter(|member| member.publish).collect();
    if publishable.is_empty() {
        model.members.iter().collect()
    } else {
        publishable
    }
}

/// Names of the programs of a package.
pub(crate) fn binaries(member: &Member) -> impl Iterator<Item = &str> {
    let programs = member
        .targets
        .iter()
        .filter(|target| target.kind.iter().any(|kind| kind == "bin"));
    programs.map(|target| target.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_world::cargo::Target;

    fn model(members: &[(&str, &str, bool, bool)]) -> CargoModel {
        let members = members.iter().map(|(name, directory, publish, program)| Member {
            name: (*name).into(),
            version: Version::new(1, 2, 3),
            manifest: format!("{directory}/Cargo.toml"),
            directory: (*directory).into(),
            edition: "2024".into(),
            rust_version: None,
            publish: *publish,
            publishable: true,
            targets: vec![Target {
                name: (*name).into(),
                kind: vec![if *program { "bin" } else { "lib" }.into()],
                source: String::new(),
                test: true,
            }],
        });
        CargoModel {
            members: members.collect(),
            ..CargoModel::default()
        }
    }

    #[test]
    fn a_release_has_the_name_of_one_package() {
        let name = |members: &[_], policy: &ReleasePolicy| Named::of(&model(members), policy).map(|named| named.name);
        let usual = ReleasePolicy::default();
        let two = [("a", "a", true, false), ("b", "b", true, true)];
        assert_eq!(name(&two, &usual).ok().as_deref(), Some("b"));
        let rooted = [("a", "", true, false), ("b", "b", true, true)];
        assert_eq!(name(&rooted, &usual).ok().as_deref(), Some("a"));
        let private = [("a", "a", true, false), ("b", "b", false, true)];
        assert_eq!(name(&private, &usual).ok().as_deref(), Some("a"));
        let libraries = [("a", "a", true, false), ("b", "b", true, false)];
        assert!(name(&libraries, &usual).is_err_and(|error| error.help.is_some()));
        let declared = |package: &str| ReleasePolicy {
            package: Some(package.into()),
            ..ReleasePolicy::default()
        };
        assert_eq!(name(&libraries, &declared("a")).ok().as_deref(), Some("a"));
        assert!(name(&libraries, &declared("c")).is_err());
        let tag = ReleasePolicy {
            tag: Some("release".into()),
            ..declared("a")
        };
        assert!(name(&libraries, &tag).is_err());
    }
}
