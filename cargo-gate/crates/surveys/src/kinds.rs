//! Kinds of the packages of a workspace: as the policy declares them, else by targets and dependencies.

use gate_policy::KindPolicy;
use gate_report::claim::{Kind, PackageKind};
use gate_world::Workspace;
use gate_world::cargo::Member;

/// Packages that compile GPU kernels when their dependent is built.
const KERNEL_BUILDERS: [&str; 4] = ["cargo-gate-build", "bindgen_cuda", "cuda_builder", "cudaforge"];

/// Frameworks that nobody depends on but a program that answers requests.
const SERVER_FRAMEWORKS: [&str; 12] = [
    "actix-web",
    "axum",
    "gotham",
    "lambda_runtime",
    "loco-rs",
    "ntex",
    "pingora",
    "poem",
    "rocket",
    "salvo",
    "tide",
    "warp",
];

/// The kind of every member, in the order of their names.
pub fn of(workspace: &Workspace, declared: Option<&KindPolicy>) -> Vec<PackageKind> {
    let members = &workspace.cargo().members;
    // Beside packages that are published, one that is not serves the workspace alone.
    let publishes = members.iter().any(|member| member.publish);
    members
        .iter()
        .map(|member| {
            let of_policy = declared.and_then(|declared| declared.kind_of(&member.name));
            PackageKind {
                package: member.name.clone(),
                kind: of_policy.unwrap_or_else(|| inferred(workspace, member, publishes)),
                declared: of_policy.is_some(),
            }
        })
        .collect()
}

fn inferred(workspace: &Workspace, member: &Member, publishes: bool) -> Kind {
    let has = |kind: &str| {
        let mut targets = member.targets.iter();
        targets.any(|target| target.kind.iter().any(|known| known == kind))
    };
    if has("custom-build") && depends_on(workspace, member, "build-dependencies", &KERNEL_BUILDERS) {
        return Kind::Kernels;
    }
    let internal = publishes && !member.publish || member.name == "xtask";
    if !has("bin") || internal {
        return Kind::Library;
    }
    if depends_on(workspace, member, "dependencies", &SERVER_FRAMEWORKS) {
        return Kind::Service;
    }
    Kind::Tool
}

/// Whether the manifest of a member has one of these dependencies, under whatever name.
fn depends_on(workspace: &Workspace, member: &Member, section: &str, names: &[&str]) -> bool {
    let path = workspace.root().join(&member.manifest);
    let mut texts = workspace.manifest_texts().iter();
    let Some(text) = texts
        .find(|manifest| manifest.path == path)
        .and_then(|manifest| manifest.text.as_deref())
    else {
        return false;
    };
    // Most manifests mention none of them, and need no parsing.
    if !names.iter().any(|name| text.contains(name)) {
        return false;
    }
    let Ok(manifest) = text.parse::<toml::Table>() else {
        return false;
    };
    let dependencies = manifest.get(section).and_then(toml::Value::as_table);
    dependencies.into_iter().flatten().any(|(name, value)| {
        let package = value.get("package").and_then(toml::Value::as_str);
        names.contains(&package.unwrap_or(name))
    })
}
