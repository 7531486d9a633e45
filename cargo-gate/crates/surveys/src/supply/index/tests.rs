use super::*;

fn lock(packages: &[(&str, &str, &str, &str)]) -> String {
    let mut text = "version = 4\n".to_owned();
    for (name, version, source, checksum) in packages {
        text += &format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\nchecksum = \"{checksum}\"\n"
        );
    }
    text
}

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
const OTHER: &str = "sparse+https://cargo.example.com:8080/index/";

fn put(home: &Path, index: &str, name: &str, releases: &[(&str, &str, bool)]) {
    let mut text = "\u{3}\u{2}\0\0\0rev\0".to_owned();
    for (version, checksum, yanked) in releases {
        text += &format!(
            "{version}\0{{\"name\":\"{name}\",\"vers\":\"{version}\",\"cksum\":\"{checksum}\",\"yanked\":{yanked}}}\0"
        );
    }
    let below = format!("registry/index/{index}/.cache/{}", entry::path(name).unwrap());
    let path = home.join(below);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn said(home: &Path, lock: &str) -> String {
    let gate_dir = home.join("gate");
    let index = RegistryIndex::look(Some(home), lock.as_bytes(), &gate_dir);
    // What is kept says the same.
    assert_eq!(index, RegistryIndex::look(Some(home), lock.as_bytes(), &gate_dir));
    let lock = Lock::parse(lock.as_bytes()).unwrap();
    let packages = lock.packages().iter();
    let one = |package: &LockedPackage| format!("{} {:?}", package.name, index.listing(package));
    packages.map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_package_is_looked_up_in_its_own_registry() {
    let home = tempfile::tempdir().unwrap();
    let lock = lock(&[
        ("alpha", "1.0.0", CRATES_IO, "a1"),
        ("beta", "1.0.0", CRATES_IO, "b1"),
        ("delta", "1.0.0", OTHER, "d1"),
        ("epsilon", "1.0.0", "git+https://example.com/epsilon#01", ""),
        ("gamma", "1.0.0", CRATES_IO, "c1"),
        ("../zeta", "1.0.0", CRATES_IO, "c1"),
    ]);
    assert!(RegistryIndex::look(None, lock.as_bytes(), &home.path().join("g")).knows_nothing());
    put(
        home.path(),
        "index.crates.io-1949cf8c6b5b557f",
        "alpha",
        &[("1.0.0", "a1", true)],
    );
    put(
        home.path(),
        "index.crates.io-1949cf8c6b5b557f",
        "beta",
        &[("1.0.0", "b1", false), ("1.0.1", "b2", true)],
    );
    // Another package of the same name, on a registry that the lockfile does not name.
    put(
        home.path(),
        "index.crates.io-1949cf8c6b5b557f",
        "delta",
        &[("1.0.0", "other", true)],
    );
    put(
        home.path(),
        "cargo.example.com-0123456789abcdef",
        "delta",
        &[("1.0.0", "d1", false)],
    );
    put(
        home.path(),
        "cargo.example.com-0123456789abcdef",
        "gamma",
        &[("1.0.0", "other", true)],
    );
    insta::assert_snapshot!(said(home.path(), &lock), @"
    ../zeta Some(Unknown)
    alpha Some(Yanked)
    beta Some(Listed)
    delta Some(Listed)
    epsilon None
    gamma Some(Unknown)
    ");
    // A mirror hands out the same archive.
    put(
        home.path(),
        "mirror.example.com-0123456789abcdef",
        "gamma",
        &[("1.0.0", "c1", true)],
    );
    assert!(said(home.path(), &lock).ends_with("gamma Some(Yanked)"));
}

#[test]
fn a_change_of_the_index_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let lock = lock(&[("alpha", "1.0.0", CRATES_IO, "a1")]);
    let put = |yanked| {
        put(
            home.path(),
            "github.com-1ecc6299db9ec823",
            "alpha",
            &[("1.0.0", "a1", yanked)],
        );
    };
    let look = || RegistryIndex::look(Some(home.path()), lock.as_bytes(), &home.path().join("gate"));
    put(false);
    let before = look();
    put(true);
    assert_ne!(look().fingerprint(), before.fingerprint());
    put(false);
    assert_eq!(look().fingerprint(), before.fingerprint());
    assert!(before.is_of(lock.as_bytes()) && !before.is_of(b""));
    assert!(RegistryIndex::look(Some(home.path()), b"<<<<", &home.path().join("gate")).is_empty());
}
