//! Releases of whole workspaces: what is refused, what is made, that it is made once, and what is found when it was tampered with.

#[path = "release/claims.rs"]
mod claims;
#[path = "release/fixture.rs"]
mod fixture;
#[path = "release/kills.rs"]
mod kills;
#[path = "release/partial.rs"]
mod partial;
#[path = "release/promotion.rs"]
mod promotion;
#[path = "release/proof.rs"]
mod proof;
#[path = "release/publishing.rs"]
mod publishing;
#[path = "release/registry.rs"]
mod registry;
#[path = "release/tampering.rs"]
mod tampering;

use std::fs;

use fixture::{OTHER, PUBLIC, directory, dry_run, key, names, output, policy, shipped, tag, tagged};
use gate_tests::harness::Gate;

/// The host, as file names have it.
fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output().expect("rustc");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("a host").to_owned()
}

#[test]
fn a_dry_run_makes_everything_but_the_upload() {
    let gate = tagged(shipped());
    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    assert!(
        made.stderr.contains("Skipping the upload of shipped-part 1.0.0"),
        "{made}"
    );
    let dist = output(&gate);
    let archive = if cfg!(windows) { "zip" } else { "tar.gz" };
    let mut expected = vec![
        "Cargo.lock".to_owned(),
        "SHA256SUMS".to_owned(),
        "decision.dsse.json".to_owned(),
        "decision.json".to_owned(),
        "provenance.dsse.json".to_owned(),
        "receipt.dsse.json".to_owned(),
        "receipt.json".to_owned(),
        "schemas-1.0.0.tar.gz".to_owned(),
        format!("shipped-app-1.0.0-{}.{archive}", host()),
        "shipped-app-1.0.0-licences.tar.gz".to_owned(),
        "shipped-app-1.0.0.cdx.json".to_owned(),
        "shipped-app-1.0.0.crate".to_owned(),
        "shipped-part-1.0.0.crate".to_owned(),
        "verification-result.dsse.json".to_owned(),
        "verification-summary.dsse.json".to_owned(),
    ];
    expected.sort();
    assert_eq!(names(&dist), expected);

    let verified = gate.run(["verify", dist.to_str().expect("a path")]);
    assert_eq!(verified.code, Some(0), "{verified}");
    assert!(
        verified.stdout.contains("VERIFIED: 13 files checked, 0 problems"),
        "{verified}"
    );

    // Another program verifies the envelopes.
    let public = data_encoding::BASE64
        .decode(PUBLIC.split(' ').nth(1).expect("a key").as_bytes())
        .expect("base64");
    let key = dsse::Ed25519Verifier::from_bytes(&public[public.len() - 32..]).expect("a key");
    for name in names(&dist).iter().filter(|name| name.ends_with(".dsse.json")) {
        let envelope = dsse::Envelope::from_json(&fs::read(dist.join(name)).expect("a file")).expect("an envelope");
        let verified = dsse::verify(&envelope, &[&key], 1).unwrap_or_else(|error| panic!("{name}: {error}"));
        if name != "receipt.dsse.json" {
            assert_eq!(verified.payload_type, "application/vnd.in-toto+json");
            let statement: serde_json::Value = serde_json::from_slice(&verified.payload).expect("JSON");
            assert_eq!(statement["subject"].as_array().map(Vec::len), Some(8), "{name}");
            if name == "verification-summary.dsse.json" {
                // What the definition of in-toto-attestation refuses besides.
                let verifier = statement["predicate"]["verifier"].as_object().expect("a verifier");
                assert_eq!(verifier.keys().collect::<Vec<_>>(), ["id"]);
            }
            if name == "decision.dsse.json" {
                let schema = serde_json::from_str(&gate_release::predicate::schema()).expect("a schema");
                assert!(jsonschema::is_valid(&schema, &statement["predicate"]), "{statement}");
            }
        }
    }

    // Once more: the same decision, and the same bytes of everything.
    let before: Vec<_> = names(&dist)
        .iter()
        .map(|name| fs::read(dist.join(name)).expect("a file"))
        .collect();
    let again = dry_run(&gate);
    assert_eq!(again.code, Some(0), "{again}");
    assert!(again.stderr.contains("Building"), "{again}");
    let after: Vec<_> = names(&dist)
        .iter()
        .map(|name| fs::read(dist.join(name)).expect("a file"))
        .collect();
    assert_eq!(before, after);
}

#[test]
fn a_release_is_made_of_what_was_judged() {
    let refused = |gate: &Gate, arguments: &[&str], because: &str| {
        let run = gate.run([&["release"], arguments].concat());
        assert_eq!(run.code, Some(1), "{because}: {run}");
        assert!(run.stderr.contains(because), "{because}: {run}");
        assert!(
            !gate.workspace().join("target/gate/releases").exists(),
            "nothing is built"
        );
    };
    let gate = tagged(shipped());
    let key = key(&gate);
    let real = ["--key", &key];
    refused(
        &gate,
        &["--version", "1.0.1", "--dry-run"],
        "has version 1.0.0, but --version is 1.0.1",
    );

    gate.write("part/src/more.rs", "");
    refused(
        &gate,
        &["--dry-run"],
        "the tree is not the commit: `part/src/more.rs` differs",
    );
    gate.remove("part/src/more.rs");

    gate.git(["tag", "--delete", "v1.0.0"]);
    refused(&gate, &real, "there is no tag `v1.0.0`");
    gate.git(["push", "--quiet", "origin", ":v1.0.0"]);
    gate.git(["tag", "v1.0.0"]);
    refused(&gate, &real, "`origin` has no tag `v1.0.0`");
    tag(&gate);
    gate.commit("another commit");
    refused(&gate, &real, "the tag `v1.0.0` names commit");
    gate.git(["tag", "--force", "v1.0.0"]);
    refused(&gate, &real, "in `origin` the tag `v1.0.0` names commit");
    gate.git(["remote", "remove", "origin"]);
    refused(&gate, &real, "cannot ask `origin` for the tag `v1.0.0`");

    // What only warns at pilot does not permit a release.
    gate.write("CHANGELOG.md", "# Changelog\n");
    gate.commit("no entry");
    gate.git(["tag", "--delete", "v1.0.0"]);
    refused(&gate, &["--dry-run"], "`changelog.current`: ");
    gate.write("part/src/lib.rs", "#[test]\nfn fails() {\n    panic!();\n}\n");
    gate.commit("a test that fails");
    refused(
        &gate,
        &["--dry-run"],
        "decided NOT_READY for pilot, and pilot needs READY",
    );
    let json = gate.run(["release", "--dry-run", "--message-format", "json"]).json();
    assert_eq!(json["released"], false);
    assert!(
        json["reasons"][0]
            .as_str()
            .is_some_and(|reason| reason.contains("NOT_READY")),
        "{json}"
    );
}

#[test]
fn a_release_without_the_approval_of_its_major_is_refused() {
    let gate = tagged(shipped().file("gate.toml", &policy("approve-majors = true\n")));
    // At this stage the check only warns.
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let run = dry_run(&gate);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr
            .contains("not released: `release.manifest`: major 1 of `shipped-app`, `shipped-part` is not approved"),
        "{run}"
    );
    assert!(!gate.workspace().join("target/gate/releases").exists());
}

/// What a build script takes for the present is the time of the commit, whatever the machine that releases says.
#[test]
fn what_is_built_has_the_time_of_the_commit() {
    let script = "fn main() {\n    println!(\"cargo::rustc-env=MADE={}\", std::env::var(\"SOURCE_DATE_EPOCH\").unwrap_or_default());\n}\n";
    let main = "//! A program.\n\nfn main() {\n    println!(\"{} {}\", shipped_part::one(), env!(\"MADE\"));\n}\n";
    let gate =
        tagged(shipped().file("app/build.rs", script).file("app/src/main.rs", main)).env("SOURCE_DATE_EPOCH", "1");
    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    let dist = output(&gate);
    let stem = format!("shipped-app-1.0.0-{}", host());
    let archive = names(&dist)
        .into_iter()
        .find(|name| name.starts_with(&stem))
        .expect("a packed program");
    let unpacked = gate.workspace().with_file_name("unpacked");
    fs::create_dir(&unpacked).expect("a directory");
    // The tar of Windows unpacks zip too.
    let tar = std::process::Command::new("tar")
        .arg("-xf")
        .arg(dist.join(archive))
        .current_dir(&unpacked)
        .status();
    assert!(tar.expect("tar").success());
    let program = unpacked
        .join(stem)
        .join(format!("shipped-app{}", std::env::consts::EXE_SUFFIX));
    let said = std::process::Command::new(program).output().expect("the program");
    let committed = gate.git(["log", "-1", "--format=%ct"]);
    assert_eq!(
        String::from_utf8_lossy(&said.stdout).trim_end(),
        format!("1 {}", committed.trim_end())
    );
}

#[test]
fn what_is_published_is_signed_by_an_authority() {
    let gate = tagged(shipped());
    let unsigned = gate.run(["release"]);
    assert_eq!(unsigned.code, Some(2), "{unsigned}");
    assert!(
        unsigned.stderr.contains("a release is signed, and no key is given"),
        "{unsigned}"
    );
    gate.replace("gate.toml", PUBLIC, OTHER);
    gate.commit("another authority");
    tag(&gate);
    let foreign = dry_run(&gate);
    assert_eq!(foreign.code, Some(2), "{foreign}");
    assert!(
        foreign.stderr.contains("is not listed in `[decisions] authorities`"),
        "{foreign}"
    );
    assert!(!gate.workspace().join("target/gate/releases").exists());

    // A dry run needs no key, and what it made says so.
    let made = gate.run(["release", "--dry-run"]);
    assert_eq!(made.code, Some(0), "{made}");
    let verified = gate.run(["verify", output(&gate).to_str().expect("a path")]);
    assert_eq!(verified.code, Some(1), "{verified}");
    assert!(verified.stdout.contains("INCOMPLETE"), "{verified}");
    assert!(
        verified
            .stdout
            .contains("provenance.intoto.json: the statement is not signed"),
        "{verified}"
    );
}

#[test]
fn a_policy_names_what_exists() {
    for (more, because) in [
        (
            "package = \"shipped\"\n",
            "gate.toml:9: `shipped` is not a package of the workspace",
        ),
        ("tag = \"latest\"\n", "gate.toml:9: the tag `latest` has no `{version}`"),
        ("binaries = [\"none\"]\n", "no released package has a binary `none`"),
    ] {
        let gate = tagged(shipped().file("gate.toml", &policy(more)));
        let run = gate.run(["release", "--dry-run"]);
        assert_eq!(run.code, Some(2), "{run}");
        assert!(run.stderr.contains(because), "{because}: {run}");
        assert!(run.stderr.contains("help: "), "{run}");
    }
    let none = policy("").replace("schema/*.json", "ptx/*.ptx");
    let gate = tagged(shipped().file("gate.toml", &none));
    let run = gate.run(["release", "--dry-run"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stderr
            .contains("no tracked file matches `ptx/*.ptx` of the archive `schemas`"),
        "{run}"
    );
}

#[test]
fn builds_that_differ_are_refused_with_place_and_cause() {
    let of = |script: &str| {
        let main = "//! A program.\n\nfn main() {\n    println!(\"{} {}\", shipped_part::one(), env!(\"MADE\"));\n}\n";
        let gate = tagged(shipped().file("app/build.rs", script).file("app/src/main.rs", main));
        let run = dry_run(&gate);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(!output(&gate).exists(), "nothing is handed out");
        run.stderr
    };
    let path = of(
        "fn main() {\n    println!(\"cargo::rustc-env=MADE={}\", std::env::var(\"OUT_DIR\").unwrap_or_default());\n}\n",
    );
    assert!(
        path.contains("two builds of the same commit differ: `shipped-app-1.0.0-"),
        "{path}"
    );
    assert!(
        path.contains("it holds the path of the directory it was built in"),
        "{path}"
    );
    if cfg!(target_os = "linux") {
        assert!(path.contains("/shipped-app`, section `."), "{path}");
    }
    let order = of(
        "fn main() {\n    let set: std::collections::HashSet<u32> = (0..64).collect();\n    let text: String = set.iter().map(|n| char::from(b'A' + (*n as u8 % 26))).collect();\n    println!(\"cargo::rustc-env=MADE={text}\");\n}\n",
    );
    assert!(order.contains("usually a hash map that is iterated"), "{order}");
}

/// Programs for systems that the machine of the release does not build for: covered by what covers the rest, and not said to be built here.
#[test]
fn what_was_built_elsewhere_is_attested_as_that() {
    let gate = tagged(shipped());
    let key = key(&gate);
    let elsewhere = "shipped-app-1.0.0-elsewhere.tar.gz";
    gate.write(&format!("target/elsewhere/{elsewhere}"), "a program");
    let release = |more: &[&str]| {
        let words = ["release", "--dry-run", "--key", &key, "--attach", "target/elsewhere"];
        gate.run([&words, more].concat())
    };
    let made = release(&[]);
    assert_eq!(made.code, Some(0), "{made}");
    let dist = output(&gate);
    let verified = gate.run(["verify", dist.to_str().expect("a path")]);
    assert_eq!(verified.code, Some(0), "{verified}");
    let digest = gate_base::digest::sha256_hex(b"a program");
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).expect("checksums");
    assert!(sums.contains(&format!("{digest}  {elsewhere}\n")), "{sums}");
    let receipt: serde_json::Value =
        serde_json::from_slice(&fs::read(dist.join("receipt.json")).expect("a receipt")).expect("JSON");
    assert_eq!(receipt["attached"], serde_json::json!([elsewhere]));
    let envelope = fs::read(dist.join("provenance.dsse.json")).expect("an envelope");
    let envelope = dsse::Envelope::from_json(&envelope).expect("an envelope");
    let public = data_encoding::BASE64
        .decode(PUBLIC.split(' ').nth(1).expect("a key").as_bytes())
        .expect("base64");
    let public = dsse::Ed25519Verifier::from_bytes(&public[public.len() - 32..]).expect("a key");
    let payload = dsse::verify(&envelope, &[&public], 1).expect("a signature").payload;
    let statement: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
    let subjects = statement["subject"].as_array().expect("subjects");
    assert!(
        subjects.iter().any(|subject| subject["name"] == elsewhere),
        "{statement}"
    );
    let inputs = statement["predicate"]["buildDefinition"]["resolvedDependencies"].as_array();
    let input = inputs.into_iter().flatten().find(|input| input["name"] == elsewhere);
    assert_eq!(input.expect("an input")["annotations"]["attached"], "built elsewhere");

    // No judged content vouches for it, so nothing promotes it.
    let file = dist.join(elsewhere);
    let words = ["--to", "pilot", "--by", "ada", "--reason", "a test"];
    let promoted = gate.run([&["govern", "promote", file.to_str().expect("a path")], &words[..]].concat());
    assert_eq!(promoted.code, Some(1), "{promoted}");
    assert!(promoted.stderr.contains("was not made by a release"), "{promoted}");

    // Other bytes are another release: what rests on them is made again, and what does not is kept.
    gate.write(&format!("target/elsewhere/{elsewhere}"), "another program");
    let again = release(&["--resume"]);
    assert_eq!(again.code, Some(0), "{again}");
    assert!(
        again.stderr.contains("Comparing") && !again.stderr.contains("Building"),
        "{again}"
    );
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).expect("checksums");
    assert!(!sums.contains(&digest), "{sums}");

    for (name, code, because) in [
        (
            "SHA256SUMS",
            2,
            "has a name that the release gives to what it writes itself",
        ),
        ("below/file", 2, "is not a file"),
        ("shipped-app-1.0.0.crate", 1, "is attached, and the release makes it"),
    ] {
        gate.write(&format!("target/elsewhere/{name}"), "more");
        let run = release(&["--resume"]);
        assert_eq!(run.code, Some(code), "{run}");
        assert!(run.stderr.contains(because), "{because}: {run}");
        let path = gate.workspace().join("target/elsewhere").join(name);
        fs::remove_file(&path).expect("removed");
        // The directory of the one that is below.
        let _ = fs::remove_dir(path.parent().expect("a directory"));
    }
}

#[test]
fn a_release_goes_on_where_it_was() {
    let gate = tagged(shipped());
    let key = key(&gate);
    let resume = || gate.run(["release", "--dry-run", "--resume", "--key", &key]);
    let none = resume();
    assert_eq!(none.code, Some(2), "{none}");
    assert!(
        none.stderr
            .contains("there is no interrupted release of this commit to resume"),
        "{none}"
    );

    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    let dist = output(&gate);
    let receipt = fs::read(dist.join("receipt.json")).expect("a receipt");
    let kept = resume();
    assert_eq!(kept.code, Some(0), "{kept}");
    assert!(!kept.stderr.contains("Building"), "{kept}");

    // A step whose files are no longer what they were is taken again, with all steps after it.
    fs::write(dist.join("SHA256SUMS"), "nothing\n").expect("written");
    fs::write(dist.join(".tmp-half"), "what a killed release left").expect("written");
    let again = resume();
    assert_eq!(again.code, Some(0), "{again}");
    assert!(
        again.stderr.contains("Kept comparison") && again.stderr.contains("Listing"),
        "{again}"
    );
    assert_eq!(fs::read(dist.join("receipt.json")).expect("a receipt"), receipt);

    let verified = gate.run(["verify", dist.to_str().expect("a path")]);
    assert_eq!(verified.code, Some(0), "{verified}");

    // What another program wrote does not count.
    let journal = directory(&gate).join("journal");
    let mut bytes = fs::read(&journal).expect("a journal");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&journal, bytes).expect("written");
    assert_eq!(resume().code, Some(2));
}

/// A wrapper that hands over a program for another machine, as a linker that was declared for one target too many does.
#[cfg(target_os = "linux")]
#[test]
fn a_program_for_another_machine_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let gate = tagged(shipped());
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let wrapper = gate.workspace().with_file_name("wrapper");
    // Byte 18 of an ELF file says for which machine it is; 22 is s390.
    let script = "#!/bin/sh\ncargo \"$@\" || exit $?\nfor word; do [ \"$last\" != --target-dir ] || at=$word; last=$word; done\n\
                  for program in \"$at\"/*/debug/shipped-app; do\n\
                  [ ! -f \"$program\" ] || printf '\\026\\000' | dd of=\"$program\" bs=1 seek=18 conv=notrunc 2>/dev/null\ndone\n";
    fs::write(&wrapper, script).expect("a script");
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("it may run");
    let gate = gate.env("CARGO", &wrapper);
    let run = dry_run(&gate);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stderr.contains("`shipped-app` is not a program for "), "{run}");
    assert!(!output(&gate).exists(), "nothing is handed out");
}

/// What cargo-auditable puts into a program: a list in zlib's form, in one block that is stored as it is.
#[cfg(target_os = "linux")]
fn auditable(packages: &[&str]) -> Vec<u8> {
    let package = |name: &&str| serde_json::json!({ "name": name, "version": "1.0.0", "source": "local" });
    let list: Vec<serde_json::Value> = packages.iter().map(package).collect();
    let text = serde_json::json!({ "packages": list }).to_string().into_bytes();
    let length = u16::try_from(text.len()).expect("a short list");
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in &text {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(length.to_le_bytes());
    zlib.extend((!length).to_le_bytes());
    zlib.extend(text);
    zlib.extend(((high << 16) | low).to_be_bytes());
    zlib
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_program_says_of_its_dependencies_is_in_the_bill() {
    use std::os::unix::fs::PermissionsExt as _;
    let gate = tagged(shipped());
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let wrapper = gate.workspace().with_file_name("wrapper");
    let list = gate.workspace().with_file_name("list");
    let script = format!(
        "#!/bin/sh\ncargo \"$@\" || exit $?\nfor word; do [ \"$last\" != --target-dir ] || at=$word; last=$word; done\n\
         for program in \"$at\"/*/debug/shipped-app; do\n\
         [ ! -f \"$program\" ] || objcopy --remove-section .dep-v0 --add-section .dep-v0={} \"$program\" || exit $?\ndone\n",
        list.display()
    );
    fs::write(&wrapper, script).expect("a script");
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).expect("it may run");
    let gate = gate.env("CARGO", &wrapper);
    fs::write(&list, auditable(&["shipped-app", "shipped-part"])).expect("a list");
    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    fs::remove_dir_all(directory(&gate)).expect("removed");

    fs::write(&list, auditable(&["shipped-app", "shipped-part", "vendored"])).expect("a list");
    let more = dry_run(&gate);
    assert_eq!(more.code, Some(1), "{more}");
    assert!(
        more.stderr
            .contains("the program holds vendored 1.0.0, which the bill of materials does not list"),
        "{more}"
    );
    fs::remove_dir_all(directory(&gate)).expect("removed");
    fs::write(&list, "nothing").expect("a list");
    let broken = dry_run(&gate);
    assert_ne!(broken.code, Some(0), "{broken}");
    assert!(broken.stderr.contains("says of its dependencies"), "{broken}");
}

#[test]
fn ptx_is_stated_with_what_it_is_for() {
    let ptx = ".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry a()\n{\n\tret;\n}\n";
    let archive = "\n[[release.archive]]\nname = \"kernels\"\nfiles = [\"ptx/*.ptx\"]\n";
    let gate = tagged(
        shipped()
            .file("gate.toml", &(policy("") + archive))
            .file("ptx/a.ptx", ptx)
            .file("ptx/b.ptx", &ptx.replace("sm_80", "sm_90")),
    );
    let made = gate.run(["release", "--dry-run"]);
    assert_eq!(made.code, Some(0), "{made}");
    let text = fs::read(output(&gate).join("provenance.intoto.json")).expect("a statement");
    let statement: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    let definition = &statement["predicate"]["buildDefinition"];
    assert_eq!(definition["internalParameters"]["host"], host());
    assert_eq!(definition["externalParameters"]["targets"], serde_json::json!([host()]));
    let modules = serde_json::json!({
        "target": "nvptx64-nvidia-cuda", "architectures": ["sm_80", "sm_90"], "ptxVersions": ["7.0"],
    });
    assert_eq!(definition["externalParameters"]["modules"], modules);

    gate.write("ptx/b.ptx", "\x7fELF");
    gate.commit("a cubin under another name");
    gate.git(["tag", "--delete", "v1.0.0"]);
    let refused = gate.run(["release", "--dry-run"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("is not PTX"), "{refused}");
}
