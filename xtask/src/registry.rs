//! `examples/consumer` with the library crates as a registry would hand them out: packaged, unpacked into a directory
//! source, resolved by version and built under each profile without network.

use std::fs;
use std::path::Path;

use gate_base::digest::sha256_hex;
use xshell::{Shell, cmd};

use crate::Result;

/// Packages of this workspace that the consumer takes.
const PACKAGES: [(&str, &str); 3] = [
    ("cargo-gate-build", "gate-build"),
    ("cargo-gate-kernels", "gate-kernels"),
    ("cargo-gate-runtime", "gate-runtime"),
];

/// Builds and tests a copy of the consumer that knows the crates by version only.
///
/// # Errors
/// A crate cannot be packaged, or the consumer does not build or pass with what was packaged.
pub fn check(sh: &Shell, root: &Path, profiles: &[&str]) -> Result {
    let version = env!("CARGO_PKG_VERSION");
    let base = root.join("target").join("registry");
    let (vendor, consumer) = (base.join("vendor"), base.join("consumer"));
    // Cargo takes a version of a package for unchangeable, so what it built of an earlier archive has to go.
    let target = base.join("consumer-target");
    for directory in [&vendor, &consumer, &target] {
        if directory.exists() {
            fs::remove_dir_all(directory)?;
        }
    }
    // What other people published comes as it is locked; it is downloaded where cargo has not done so yet.
    let manifest = root.join("examples").join("consumer").join("Cargo.toml");
    cmd!(
        sh,
        "cargo vendor --quiet --locked --versioned-dirs --manifest-path {manifest} {vendor}"
    )
    .run_echo()?;
    let selected = PACKAGES.iter().flat_map(|(name, _)| ["-p", name]);
    cmd!(
        sh,
        "cargo package --no-verify --allow-dirty --locked --target-dir {base} {selected...}"
    )
    .run_echo()?;
    for (name, _) in PACKAGES {
        let package = base.join("package").join(format!("{name}-{version}.crate"));
        cmd!(sh, "tar -xzf {package} -C {vendor}").run_echo()?;
        // Cargo asks which archive it was; the files of a directory source need no sums.
        let sum = sha256_hex(&fs::read(&package)?);
        let text = format!("{{\"files\":{{}},\"package\":\"{sum}\"}}");
        fs::write(
            vendor.join(format!("{name}-{version}")).join(".cargo-checksum.json"),
            text,
        )?;
    }
    copy(&root.join("examples").join("consumer"), &consumer)?;
    let mut text = fs::read_to_string(consumer.join("Cargo.toml"))?;
    for (_, directory) in PACKAGES {
        let path = format!("path = \"../../{directory}\"");
        if !text.contains(&path) {
            return Err(format!("examples/consumer does not take `{directory}` by its path").into());
        }
        text = text.replace(&path, &format!("version = \"={version}\""));
    }
    fs::write(consumer.join("Cargo.toml"), text)?;
    fs::create_dir_all(consumer.join(".cargo"))?;
    let config = "[source.crates-io]\nreplace-with = \"packaged\"\n\n[source.packaged]\ndirectory = \"../vendor\"\n";
    fs::write(consumer.join(".cargo").join("config.toml"), config)?;
    // The lockfile of the original names no archives of these crates; everything else in it stays.
    let mut sh = sh.clone();
    sh.set_current_dir(&consumer);
    sh.set_var("CARGO_TARGET_DIR", &target);
    cmd!(sh, "cargo update --workspace --offline --quiet").run_echo()?;
    for profile in profiles {
        cmd!(sh, "cargo build --locked --offline --profile {profile}").run_echo()?;
        cmd!(sh, "cargo test --locked --offline --profile {profile}").run_echo()?;
    }
    Ok(())
}

/// Copies a directory without what is built in it.
fn copy(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if !entry.path().is_dir() {
            fs::copy(entry.path(), target)?;
        } else if entry.file_name() != "target" {
            copy(&entry.path(), &target)?;
        }
    }
    Ok(())
}
