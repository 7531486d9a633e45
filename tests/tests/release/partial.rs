//! Workspaces whose packages have versions of their own: what is published already stays, and others get it from the registry.

use std::fs;
use std::path::Path;
use std::process::Command;

use gate_tests::harness::Gate;

use super::fixture::{directory, dry_run, key, names, output, tag};
use super::publishing::for_registry;
use super::registry::Registry;

const COUNT: usize = 12;

/// Twelve packages in a row, each of which needs the one before it.
fn row(registry: &Registry) -> Gate {
    let gate = for_registry(registry);
    let mut members = vec!["app".to_owned(), "part".to_owned()];
    let mut lock = fs::read_to_string(gate.workspace().join("Cargo.lock")).expect("a lockfile");
    let manifest = fs::read_to_string(gate.workspace().join("part/Cargo.toml")).expect("a manifest");
    for at in 1..=COUNT - 2 {
        let name = format!("shipped-row-{at:02}");
        let before = if at == 1 {
            "shipped-part".to_owned()
        } else {
            format!("shipped-row-{:02}", at - 1)
        };
        let directory = if at == 1 {
            "part".to_owned()
        } else {
            format!("row-{:02}", at - 1)
        };
        let needs = format!(
            "\n[dependencies]\n{before} = {{ path = \"../{directory}\", version = \"1.0.0\", registry = \"local\" }}\n"
        );
        gate.write(
            &format!("row-{at:02}/Cargo.toml"),
            manifest.replace("shipped-part", &name) + &needs,
        );
        let library = before.replace('-', "_");
        gate.write(
            &format!("row-{at:02}/src/lib.rs"),
            format!("//! Of a row.\n\n/// One.\npub fn one() -> u32 {{\n    {library}::one()\n}}\n"),
        );
        lock +=
            &format!("\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\ndependencies = [\n \"{before}\",\n]\n");
        members.push(format!("row-{at:02}"));
    }
    gate.write("Cargo.lock", lock);
    gate.write(
        "Cargo.toml",
        format!("[workspace]\nmembers = {members:?}\nresolver = \"3\"\n"),
    );
    gate.replace("gate.toml", "[release]\n", "[release]\npackage = \"shipped-row-10\"\n");
    gate.replace("gate.toml", "changelogs = [\"CHANGELOG.md\"]\n", "");
    gate.commit("twelve packages");
    tag(&gate);
    gate
}

/// Raises the version of the last package of the row, which names the release, and of nothing else.
fn raised(gate: &Gate, from: &str, to: &str) {
    let line = |version: &str| format!("version = \"{version}\"\nedition");
    gate.replace("row-10/Cargo.toml", &line(from), &line(to));
    let locked = |version: &str| format!("name = \"shipped-row-10\"\nversion = \"{version}\"");
    gate.replace("Cargo.lock", &locked(from), &locked(to));
    gate.commit("one package changes");
    let tag = format!("v{to}");
    gate.git(["tag", &tag]);
    gate.git(["push", "--quiet", "origin", &tag]);
}

fn published(gate: &Gate) {
    let released = gate.run(["release", "--key", &key(gate)]);
    assert_eq!(released.code, Some(0), "{released}");
    fs::remove_dir_all(directory(gate)).expect("removed");
}

fn crates(gate: &Gate) -> Vec<String> {
    let is_crate = |name: &String| name.ends_with(".crate");
    names(&output(gate)).into_iter().filter(is_crate).collect()
}

#[test]
fn one_of_twelve_packages_is_released_and_the_others_stay() {
    let registry = Registry::serve();
    let gate = row(&registry);
    published(&gate);
    assert_eq!(registry.uploads().len(), COUNT);
    assert_eq!(
        registry.uploads()[..3],
        ["shipped-part", "shipped-app", "shipped-row-01"]
    );

    raised(&gate, "1.0.0", "1.0.1");
    let released = gate.run(["release", "--key", &key(&gate)]);
    assert_eq!(released.code, Some(0), "{released}");
    assert_eq!(registry.uploads()[COUNT..], ["shipped-row-10"]);
    assert_eq!(crates(&gate), ["shipped-row-10-1.0.1.crate"]);
    let left = "Leaving shipped-row-09 1.0.0, which is published with the same files";
    assert!(released.stderr.contains(left), "{released}");
    let verified = gate.run(["verify", output(&gate).to_str().expect("a path")]);
    assert_eq!(verified.code, Some(0), "{verified}");
    fs::remove_dir_all(directory(&gate)).expect("removed");

    // What the package was judged with is not what users would get with it.
    gate.replace("part/src/lib.rs", "    1\n", "    2 - 1\n");
    raised(&gate, "1.0.1", "1.0.2");
    let refused = gate.run(["release", "--key", &key(&gate)]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let because = "the registry has shipped-part 1.0.0 with another `src/lib.rs`: `shipped-row-10` would be published without \
                   what it was judged with";
    assert!(refused.stderr.contains(because), "{refused}");
    assert!(
        refused.stderr.contains("help: raise the version of `shipped-part`"),
        "{refused}"
    );
    assert_eq!(registry.uploads().len(), COUNT + 1);
    fs::remove_dir_all(directory(&gate)).expect("removed");
    // A dry run says so, and makes both.
    let noted = dry_run(&gate);
    assert_eq!(noted.code, Some(0), "{noted}");
    let note =
        "Noting that shipped-part 1.0.0 is published with another `src/lib.rs`: to publish this, raise the version";
    assert!(noted.stderr.contains(note), "{noted}");
    assert_eq!(
        crates(&gate),
        ["shipped-part-1.0.0.crate", "shipped-row-10-1.0.2.crate"]
    );
}

/// Runs cargo in a directory, with the registry and the home that the gate of this workspace has.
fn cargo(registry: &Registry, directory: &Path, arguments: &[&str]) {
    let done = Command::new("cargo")
        .args(arguments)
        .current_dir(directory)
        .env("CARGO_HOME", directory.with_file_name("home").join(".cargo"))
        .env("CARGO_NET_OFFLINE", "false")
        .env("CARGO_REGISTRIES_LOCAL_INDEX", registry.index())
        .env("CARGO_REGISTRIES_LOCAL_TOKEN", "token")
        .env("CARGO_PUBLISH_TIMEOUT", "1")
        .output()
        .expect("cargo");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A tool that tests a package may need a published version of the same package.
#[test]
fn a_lockfile_may_have_a_member_from_the_registry_too() {
    let registry = Registry::serve();
    let gate = for_registry(&registry);
    published(&gate);
    let tool = gate.workspace().with_file_name("tool");
    fs::create_dir_all(tool.join("src")).expect("a directory");
    let part = fs::read_to_string(gate.workspace().join("part/Cargo.toml")).expect("a manifest");
    let needs = "\n[dependencies]\nshipped-part = { version = \"1.0.0\", registry = \"local\" }\n\n[workspace]\n";
    fs::write(
        tool.join("Cargo.toml"),
        part.replace("shipped-part", "shipped-tool") + needs,
    )
    .expect("a manifest");
    fs::write(tool.join("src/lib.rs"), "//! A tool.\n").expect("a library");
    cargo(&registry, &tool, &["publish", "--registry", "local", "--no-verify"]);
    assert_eq!(registry.stored(), ["shipped-part", "shipped-app", "shipped-tool"]);

    gate.append(
        "app/Cargo.toml",
        "\n[dev-dependencies]\nshipped-tool = { version = \"1.0.0\", registry = \"local\" }\n",
    );
    gate.replace("app/src/main.rs", "//! A program.", "//! The program.");
    gate.append("part/src/lib.rs", "\n/// Two.\npub fn two() -> u32 {\n    2\n}\n");
    cargo(&registry, gate.workspace(), &["generate-lockfile"]);
    let lock = fs::read_to_string(gate.workspace().join("Cargo.lock")).expect("a lockfile");
    assert_eq!(lock.matches("name = \"shipped-part\"").count(), 2, "{lock}");
    gate.commit("tested with what is published");
    tag(&gate);
    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    assert_eq!(crates(&gate), ["shipped-app-1.0.0.crate", "shipped-part-1.0.0.crate"]);
    for (name, file) in [("shipped-app", "src/main.rs"), ("shipped-part", "src/lib.rs")] {
        let note = format!("Noting that {name} 1.0.0 is published with another `{file}`");
        assert!(made.stderr.contains(&note), "{made}");
    }
}
