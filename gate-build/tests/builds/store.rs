//! What survives, and what is shared.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::support::{Crate, ptx};
use gate_build::store::{Bounds, Local};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}

fn one() -> Crate {
    let this = Crate::new();
    this.write("kernels/k.cu", "#include \"k.h\"\nentry k\n");
    this.write("kernels/k.h", "header\n");
    this
}

#[test]
fn it_outlives_cargo_clean() {
    let this = one();
    this.build().unwrap();
    this.log();
    fs::remove_dir_all(this.out()).unwrap();
    let built = this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
    assert!(ptx(&built, "kernels/k.cu").contains(".entry k"));
    assert_eq!(this.list("reused"), ["kernels/k.cu sm_80 same-inputs"]);
}

#[test]
fn another_checkout_has_use_of_it() {
    let this = one();
    this.build().unwrap();
    this.log();
    let (root, out) = (this.path("other"), this.path("other-out"));
    fs::create_dir_all(root.join("kernels")).unwrap();
    for name in ["kernels/k.cu", "kernels/k.h"] {
        fs::copy(this.root().join(name), root.join(name)).unwrap();
    }
    let kernels = gate_build::Kernels::new().cuda("kernels/**/*.cu").arch(["sm_80"]);
    kernels.compile_in(&this.context_at(&root, &out)).unwrap();
    assert_eq!(this.log(), [""; 0]);
}

#[test]
fn a_damaged_entry_is_a_miss() {
    for kind in ["blobs", "actions", "manifests", "derived", "index"] {
        for damage in [&b""[..], b"garbage", b"\xff"] {
            let this = one();
            this.build().unwrap();
            this.log();
            fs::remove_dir_all(this.out()).unwrap();
            let store = this.path("store").join("kernels-v1");
            let damaged: Vec<PathBuf> = files(&store)
                .into_iter()
                .filter(|file| file.starts_with(store.join(kind)))
                .collect();
            assert!(!damaged.is_empty() || kind == "index", "{kind}");
            for file in damaged {
                fs::write(file, damage).unwrap();
            }
            let built = this.build().unwrap();
            assert!(ptx(&built, "kernels/k.cu").contains(".entry k"), "{kind}");
            fs::remove_dir_all(this.out()).unwrap();
            this.log();
            this.build().unwrap();
            assert_eq!(this.log(), [""; 0], "{kind} was repaired");
        }
    }
}

#[test]
fn a_flipped_bit_of_ptx_is_noticed() {
    let this = one();
    this.build().unwrap();
    this.log();
    fs::remove_dir_all(this.out()).unwrap();
    for blob in files(&this.path("store").join("kernels-v1").join("blobs")) {
        let mut bytes = fs::read(&blob).unwrap();
        bytes[10] ^= 1;
        fs::write(&blob, bytes).unwrap();
    }
    this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/k.cu sm_80"]);
    assert_eq!(this.list("compiled"), ["kernels/k.cu sm_80 lost"]);
}

#[test]
fn a_store_that_cannot_be_written_is_no_error() {
    let mut this = one();
    this.write("file", "");
    let file = this.root().join("file");
    this.set("GATE_CACHE_DIR", &file.join("below").display().to_string());
    this.build().unwrap();
    this.unset("GATE_CACHE_DIR");
    this.build().unwrap();
}

#[test]
fn builds_at_the_same_time_do_not_harm_each_other() {
    let this = Crate::new();
    for number in 0..8 {
        this.write(&format!("kernels/k{number}.cu"), &format!("entry k{number}\n"));
    }
    thread::scope(|scope| {
        let builds: Vec<_> = (0..4)
            .map(|number| {
                let this = &this;
                scope.spawn(move || {
                    let out = this.path(&format!("out-{number}"));
                    let kernels = gate_build::Kernels::new().cuda("kernels/*.cu").arch(["sm_80", "sm_90"]);
                    kernels.compile_in(&this.context_at(&this.root(), &out)).unwrap().0
                })
            })
            .collect();
        for build in builds {
            let built = build.join().unwrap();
            assert_eq!(built.units.len(), 8);
            for unit in &built.units {
                for image in &unit.images {
                    let text = fs::read(&image.ptx).unwrap();
                    assert_eq!(gate_build::Digest::of(&text), image.digest);
                }
            }
        }
    });
    let unfinished = files(&this.path("store"))
        .into_iter()
        .filter(|file| file.display().to_string().contains(".unfinished"));
    assert_eq!(unfinished.count(), 0);
}

#[test]
fn compressed_ptx_is_the_same_ptx_and_is_made_again_when_it_is_lost() {
    let this = one();
    let build = || this.build_with(|kernels| kernels.compress(true)).unwrap();
    let built = build();
    let image = &built.units[0].images[0];
    let file = image.ptx.with_extension("ptx.deflate");
    let inflate = || miniz_oxide::inflate::decompress_to_vec(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(gate_build::Digest::of(&inflate()), image.digest);
    let module = fs::read_to_string(built.bindings.as_ref().unwrap()).unwrap();
    assert!(module.contains("Encoding::Deflate") && module.contains(".ptx.deflate"));
    fs::remove_file(&file).unwrap();
    build();
    assert_eq!(gate_build::Digest::of(&inflate()), image.digest);
}

#[test]
fn what_a_killed_build_left_in_its_folder_is_taken_away() {
    let this = one();
    let left = this.out().join("gate-build").join("scratch-1").join("unit");
    fs::create_dir_all(&left).unwrap();
    this.build().unwrap();
    let own: Vec<_> = fs::read_dir(this.out().join("gate-build"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("scratch"))
        .collect();
    assert_eq!(own, [""; 0]);
}

#[test]
fn kernels_of_a_lock_outlive_every_bound() {
    let mut this = one();
    this.set("GATE_KERNELS_LOCK", "write");
    this.build().unwrap();
    this.unset("GATE_KERNELS_LOCK");
    // The lock knows nothing of it.
    this.write("kernels/later.cu", "entry later\n");
    this.build().unwrap();
    this.log();

    let bounds = Bounds {
        bytes: 1,
        age: Some(Duration::ZERO),
    };
    let store = Local::new(&this.path("store"), bounds);
    let later = SystemTime::now() + Duration::from_secs(3600);
    let collection = store.collect(&bounds, later, false);
    assert!(
        !collection.evicted.is_empty() && collection.pinned >= 3,
        "{collection:?}"
    );
    fs::remove_dir_all(this.out()).unwrap();
    this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/later.cu sm_80"]);

    // Another source is no release: what was locked stays until the lock goes.
    this.write("kernels/k.h", "header 2\n");
    this.build().unwrap();
    this.write("kernels/k.h", "header\n");
    let _ = store.collect(&bounds, later, false);
    this.log();
    this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/later.cu sm_80"]);
    fs::remove_file(this.root().join("kernels.lock")).unwrap();
    assert_eq!(store.collect(&bounds, later, true).pinned, 0);
}

#[test]
fn a_store_that_cannot_be_written_to_is_said_once_and_nothing_fails() {
    let mut this = Crate::new();
    for name in ["a", "b", "c"] {
        this.write(&format!("kernels/{name}.cu"), &format!("entry {name}\n"));
    }
    fs::write(this.path("file"), "").unwrap();
    this.set("GATE_CACHE_DIR", &this.path("file").join("store").display().to_string());
    let build = || {
        let kernels = gate_build::Kernels::new().cuda("kernels/*.cu");
        kernels.compile_in(&this.context()).unwrap().1
    };
    let said = |lines: &[String]| {
        let lines = lines
            .iter()
            .filter(|line| line.contains("the kernel store is not usable"));
        lines.count()
    };
    assert_eq!(said(&build()), 1);
    // Nothing is to be kept.
    assert_eq!(said(&build()), 0);
}

#[test]
fn a_program_that_waits_is_told_what_is_done() {
    let mut this = Crate::new();
    this.write("kernels/a.cu", "entry a\n");
    this.write("kernels/b.cu", "entry b\n");
    let file = this.path("progress");
    this.set("GATE_KERNELS_PROGRESS", &file.display().to_string());
    this.build().unwrap();
    this.write("kernels/b.cu", "#error no\n");
    assert!(this.build().is_err());
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(
        lines[0].starts_with("1/2 kernels/") && lines[0].contains(" sm_80 compiled in "),
        "{text}"
    );
    assert!(lines.contains(&"1/2 kernels/b.cu sm_80 failed") || lines.contains(&"2/2 kernels/b.cu sm_80 failed"));
    assert!(
        lines.iter().any(|line| line.ends_with("kernels/a.cu sm_80 reused")),
        "{text}"
    );
}
