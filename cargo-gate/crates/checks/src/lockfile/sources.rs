//! `lockfile.sources`: every dependency names one source that stays what it is.

use std::collections::BTreeMap;

use gate_base::paths;
use gate_base::stage::Stage;
use gate_report::group::Group;
use gate_report::{Change, Dimension, Finding, Location, Remedy};
use gate_world::cargo::lock::Lock;
use gate_world::manifest::Manifest;

use super::dependencies::{Entry, entries};
use gate_contract::{Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Manifests, input::Cargo, input::Lockfile, input::GitHead);

/// The check.
pub static CHECK: Check = Check {
    id: "lockfile.sources",
    summary: "Dependencies come from sources that cannot change",
    docs: include_str!("sources.md"),
    dimension: Dimension::Reproducibility,
    group: Some(Group::Supply),
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 4,
    fixes: Fixes::Applied("writes the version in `Cargo.lock` instead of `*`"),
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

fn run(context: &Context<'_>) -> Judgement {
    let cargo = context.cargo();
    let depth = context.git().and_then(|git| {
        let below = cargo.root.strip_prefix(&git.top).ok()?;
        Some(below.components().count())
    });
    let scope = Scope {
        depth: depth.unwrap_or(0),
        is_repository: depth.is_some(),
        members: cargo.members.iter().map(|member| member.directory.as_str()).collect(),
        lock: context
            .lockfile()
            .bytes
            .as_deref()
            .and_then(|bytes| Lock::parse(bytes).ok())
            .unwrap_or_default(),
    };
    let mut findings = Vec::new();
    for (position, manifest) in context.manifests().iter().enumerate() {
        let mut found: Vec<Found> = entries(manifest, position == 0)
            .iter()
            .filter_map(|entry| scope.judge(manifest, entry))
            .collect();
        found.sort_by(|a, b| a.finding.locations.cmp(&b.finding.locations));
        findings.append(&mut folded(found));
    }
    Judgement::Findings(findings)
}

/// What is wrong with an entry.
struct Found {
    finding: Finding,
    /// For a git dependency that moves: what it shares with others of its manifest, and its name.
    moving: Option<(Moving, String)>,
}

/// Dependencies of a kind that follow the same: `workspace dependencies` that follow `the branch main`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Moving {
    kind: String,
    follows: String,
    key: &'static str,
}

/// From so many on, dependencies of a manifest that follow the same are one finding: whoever lets a family of crates follow their main
/// branch decided that once.
const MANY: usize = 4;

fn folded(found: Vec<Found>) -> Vec<Finding> {
    let mut same: BTreeMap<Moving, Vec<(String, Location)>> = BTreeMap::new();
    for (moving, name, place) in found
        .iter()
        .filter_map(|one| one.moving.as_ref().zip(one.finding.locations.first()))
        .map(|((moving, name), place)| (moving, name, place))
    {
        let places = same.entry(moving.clone()).or_default();
        places.push((name.clone(), place.clone()));
    }
    same.retain(|_, places| places.len() >= MANY);
    let mut findings = Vec::new();
    for one in found {
        let Some((moving, _)) = one.moving.filter(|(moving, _)| moving.kind.ends_with("dependency")) else {
            findings.push(one.finding);
            continue;
        };
        match same.get_mut(&moving).map(std::mem::take) {
            // The first of them speaks for all.
            Some(places) if !places.is_empty() => findings.push(of_many(&moving, places)),
            Some(_) => {}
            None => findings.push(one.finding),
        }
    }
    findings
}

fn of_many(moving: &Moving, places: Vec<(String, Location)>) -> Finding {
    const NAMED: usize = 3;
    let names: Vec<String> = places.iter().take(NAMED).map(|(name, _)| format!("`{name}`")).collect();
    let finding = Finding::blocking(
        CHECK.blocks_at,
        format!(
            "{} {}ies follow {}: {} and {} more",
            places.len(),
            moving.kind.trim_end_matches('y'),
            moving.follows,
            names.join(", "),
            places.len() - names.len()
        ),
    );
    let in_place = match moving.key {
        "git" => String::new(),
        key => format!(", instead of `{key}`"),
    };
    let finding = finding.help(format!("set `rev` to the commit in `Cargo.lock` for each{in_place}"));
    places
        .into_iter()
        .fold(finding, |finding, (_, place)| finding.at(place))
}

struct Scope<'a> {
    /// How many directories the workspace root lies below the top of the repository.
    depth: usize,
    is_repository: bool,
    /// Directories of the members relative to the root.
    members: Vec<&'a str>,
    lock: Lock,
}

impl Scope<'_> {
    fn judge(&self, manifest: &Manifest, entry: &Entry<'_>) -> Option<Found> {
        let what = entry.what();
        let blocking = |key: &str, message: String| {
            let mut keys: Vec<&str> = entry.keys.iter().map(String::as_str).collect();
            keys.push(key);
            Finding::blocking(CHECK.blocks_at, message).at(manifest.nearest(&keys))
        };
        if let Some(url) = entry.text("git") {
            return self.git(entry, url, &what, &blocking);
        }
        if let Some(path) = entry.text("path") {
            let finding = self.path(manifest, path, &what, &blocking)?;
            return Some(Found { finding, moving: None });
        }
        let version = entry.version()?;
        let any = semver::VersionReq::parse(version).is_ok_and(|wanted| wanted == semver::VersionReq::STAR);
        any.then(|| {
            let locked = self.lock.named(entry.package()).iter().max_by_key(|one| &one.version);
            let wanted = locked.map_or_else(
                || "the oldest version that works".to_owned(),
                |one| format!("`\"{}\"`", one.version),
            );
            let finding = blocking("version", format!("{what} accepts every version (`*`)"));
            let remedy = locked.zip(finding.locations.first()).map(|(locked, place)| {
                let place = Location {
                    column: None,
                    length: None,
                    ..place.clone()
                };
                let version = format!("\"{}\"", locked.version);
                let title = format!("write the version in `Cargo.lock`, {version}");
                Remedy::new(title, [Change::replace(&place, "\"*\"", version)])
            });
            Found {
                finding: finding
                    .help(format!("write {wanted} instead of `\"*\"`"))
                    .remedy(remedy),
                moving: None,
            }
        })
    }

    fn git(
        &self,
        entry: &Entry<'_>,
        url: &str,
        what: &str,
        blocking: &dyn Fn(&str, String) -> Finding,
    ) -> Option<Found> {
        let (key, follows) = match (entry.text("rev"), entry.text("branch"), entry.text("tag")) {
            (Some(rev), ..) if is_commit(rev) => return None,
            (Some(rev), ..) => ("rev", format!("the revision `{rev}`, which is not a commit hash")),
            (_, Some(branch), _) => ("branch", format!("the branch `{branch}`, which can move")),
            (_, _, Some(tag)) => ("tag", format!("the tag `{tag}`, which can move")),
            _ => ("git", "the default branch, which can move".to_owned()),
        };
        let help = match self.locked_commit(entry.package(), url) {
            Some(commit) => format!("set `rev = \"{commit}\"`, the commit in `Cargo.lock`"),
            None => "set `rev = \"<commit>\"`".to_owned(),
        };
        let help = match key {
            "git" => help,
            key => format!("{help}, instead of `{key}`"),
        };
        let (kind, name) = what.split_once(" `")?;
        Some(Found {
            finding: blocking(key, format!("{what} follows {follows}")).help(help),
            moving: Some((
                Moving {
                    kind: kind.to_owned(),
                    follows,
                    key,
                },
                name.trim_end_matches('`').to_owned(),
            )),
        })
    }

    /// The commit that the lockfile holds for a git dependency.
    fn locked_commit(&self, package: &str, url: &str) -> Option<&str> {
        let wanted = bare(url);
        self.lock.named(package).iter().find_map(|one| {
            let (source, commit) = one.source.as_deref()?.strip_prefix("git+")?.rsplit_once('#')?;
            (bare(source.split('?').next()?) == wanted).then_some(commit)
        })
    }

    fn path(
        &self,
        manifest: &Manifest,
        path: &str,
        what: &str,
        blocking: &dyn Fn(&str, String) -> Finding,
    ) -> Option<Finding> {
        if is_absolute(path) {
            let message = format!("{what} is at the absolute path `{path}`, which does not exist on other machines");
            return Some(blocking("path", message).help("write a path relative to the manifest"));
        }
        let directory = manifest.path.strip_suffix("Cargo.toml").unwrap_or(&manifest.path);
        let joined = paths::join(directory, &path.replace('\\', "/"));
        let up = joined.split('/').take_while(|part| *part == "..").count();
        if up <= self.depth || self.members.contains(&joined.as_str()) {
            return None;
        }
        let border = if self.is_repository { "repository" } else { "workspace" };
        let message = format!("{what} is at `{path}`, outside the {border}");
        Some(blocking("path", message).help(format!(
            "move that crate into the {border}, or depend on a published version"
        )))
    }
}

fn is_commit(rev: &str) -> bool {
    (7..=64).contains(&rev.len()) && rev.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A git address without what does not change where it leads.
fn bare(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.strip_suffix(".git").unwrap_or(url)
}

/// Whether a path is absolute on any system: the manifest is read on all of them.
fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, member};

    fn said(manifests: &[(&str, &str)]) -> String {
        let mut world = World::new();
        world.manifests(manifests);
        world.text(&CHECK)
    }

    #[test]
    fn git_dependencies_need_a_commit() {
        insta::assert_snapshot!(said(&[(
            "Cargo.toml",
            "[dependencies]\na = { git = \"https://x/a\" }\nb = { git = \"https://x/b\", branch = \"main\" }\n\
             [dev-dependencies.c]\ngit = \"https://x/c\"\ntag = \"v1\"\n\
             [target.'cfg(unix)'.build-dependencies]\nd = { git = \"https://x/d\", rev = \"refs/pull/1/head\" }\n\
             e = { git = \"https://x/e\", rev = \"0a1b2c3\" }\nf = { git = \"https://x/f\", rev = \"beef\" }\n",
        )]), @r#"
        Cargo.toml:2: dependency `a` follows the default branch, which can move [controlled]
          help: set `rev = "<commit>"`
        Cargo.toml:3: dependency `b` follows the branch `main`, which can move [controlled]
          help: set `rev = "<commit>"`, instead of `branch`
        Cargo.toml:6: dev-dependency `c` follows the tag `v1`, which can move [controlled]
          help: set `rev = "<commit>"`, instead of `tag`
        Cargo.toml:8: build-dependency `d` follows the revision `refs/pull/1/head`, which is not a commit hash [controlled]
          help: set `rev = "<commit>"`, instead of `rev`
        Cargo.toml:10: build-dependency `f` follows the revision `beef`, which is not a commit hash [controlled]
          help: set `rev = "<commit>"`, instead of `rev`
        "#);
    }

    #[test]
    fn a_family_that_follows_one_branch_is_one_finding() {
        let family: String = ["a", "b", "c", "d", "e"]
            .map(|name| format!("{name} = {{ git = \"https://x/{name}\", branch = \"main\" }}\n"))
            .concat();
        let manifest = format!("[workspace.dependencies]\n{family}f = {{ git = \"https://x/f\" }}\n");
        insta::assert_snapshot!(said(&[("Cargo.toml", &manifest)]), @r#"
        Cargo.toml:2: 5 workspace dependencies follow the branch `main`, which can move: `a`, `b`, `c` and 2 more [controlled]
          also: Cargo.toml:3
          also: Cargo.toml:4
          also: Cargo.toml:5
          also: Cargo.toml:6
          help: set `rev` to the commit in `Cargo.lock` for each, instead of `branch`
        Cargo.toml:7: workspace dependency `f` follows the default branch, which can move [controlled]
          help: set `rev = "<commit>"`
        "#);
    }

    #[test]
    fn the_commit_in_the_lockfile_is_offered() {
        let mut world = World::new();
        // Whether or not cargo can resolve it here.
        let locked = "[[package]]\nname = \"real\"\nversion = \"1.0.0\"\nsource = \"git+https://x/a.git?branch=main#0123456789\"\n";
        world.workspace.lockfile.bytes = Some(locked.into());
        world.manifests(&[(
            "Cargo.toml",
            "[dependencies]\na = { package = \"real\", git = \"https://x/a\", branch = \"main\" }\n",
        )]);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        Cargo.toml:2: dependency `a` follows the branch `main`, which can move [controlled]
          help: set `rev = "0123456789"`, the commit in `Cargo.lock`, instead of `branch`
        "#);
    }

    #[test]
    fn only_a_bare_star_is_every_version() {
        insta::assert_snapshot!(said(&[(
            "Cargo.toml",
            "[workspace.dependencies]\na = \"*\"\nb = { version = \" * \" }\nc = \"1.*\"\nd = \">=0\"\n\
             e = { path = \"e\", version = \"*\" }\n[dependencies]\na.workspace = true\n",
        )]), @r#"
        Cargo.toml:2: workspace dependency `a` accepts every version (`*`) [controlled]
          help: write the oldest version that works instead of `"*"`
        Cargo.toml:3: workspace dependency `b` accepts every version (`*`) [controlled]
          help: write the oldest version that works instead of `"*"`
        "#);
    }

    #[test]
    fn paths_stay_in_the_repository() {
        let mut world = World::new();
        world.workspace.git.as_mut().expect("git").top = "/".into();
        let manifests = [
            ("Cargo.toml", "[workspace]\n"),
            (
                "a/Cargo.toml",
                "[dependencies]\nb = { path = \"../b\" }\nnear = { path = \"../../near\" }\n\
                 [dev-dependencies]\nfar = { path = \"../../../far\" }\nabs = { path = \"/abs\" }\nwin = { path = \"C:\\\\x\" }\n",
            ),
        ];
        world.manifests(&manifests);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        a/Cargo.toml:5: dev-dependency `far` is at `../../../far`, outside the repository [controlled]
          help: move that crate into the repository, or depend on a published version
        a/Cargo.toml:6: dev-dependency `abs` is at the absolute path `/abs`, which does not exist on other machines [controlled]
          help: write a path relative to the manifest
        a/Cargo.toml:7: dev-dependency `win` is at the absolute path `C:\x`, which does not exist on other machines [controlled]
          help: write a path relative to the manifest
        "#);
        // Outside version control the workspace is the border, and a member may lie outside it.
        world.workspace.git = None;
        world.workspace.cargo.members.push(member("near", "../near", None));
        insta::assert_snapshot!(world.text(&CHECK).lines().next().unwrap_or_default(), @"a/Cargo.toml:5: dev-dependency `far` is at `../../../far`, outside the workspace [controlled]");
    }

    #[test]
    fn patches_count_in_the_root_only() {
        let text = "[patch.crates-io]\na = { git = \"https://x/a\" }\n[replace]\n\"b:1.0.0\" = { path = \"../b\" }\n";
        insta::assert_snapshot!(said(&[("Cargo.toml", text), ("m/Cargo.toml", text)]), @r#"
        Cargo.toml:2: patch of `a` follows the default branch, which can move [controlled]
          help: set `rev = "<commit>"`
        Cargo.toml:4: replacement of `b:1.0.0` is at `../b`, outside the repository [controlled]
          help: move that crate into the repository, or depend on a published version
        "#);
    }
}
