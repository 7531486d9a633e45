//! What is compiled again, and what is not.

use std::fs;
use std::time::SystemTime;

use gate_build::Kernels;

use crate::support::{Crate, fake_nvcc, place, ptx};

fn three() -> Crate {
    let this = Crate::new();
    this.write("include/shared.h", "shared 1\n");
    this.write("include/only_b.h", "only b\n");
    this.write("kernels/a.cu", "#include \"shared.h\"\nentry a\n");
    this.write("kernels/b.cu", "#include \"shared.h\"\n#include <only_b.h>\nentry b\n");
    this.write("kernels/c.cu", "entry c\n");
    this
}

#[test]
fn nothing_is_compiled_twice() {
    let this = three();
    let first = this.build().unwrap();
    assert_eq!(
        this.log(),
        [
            "compile kernels/a.cu sm_80",
            "compile kernels/b.cu sm_80",
            "compile kernels/c.cu sm_80"
        ]
    );
    let second = this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
    assert_eq!(first, second);
    assert_eq!(this.list("compiled"), [""; 0]);
}

#[test]
fn a_touched_file_is_the_same_file() {
    let this = three();
    this.build().unwrap();
    this.log();
    for name in ["include/shared.h", "kernels/a.cu"] {
        let file = fs::File::options().write(true).open(this.root().join(name)).unwrap();
        file.set_modified(SystemTime::now()).unwrap();
    }
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
}

#[test]
fn a_changed_header_is_for_its_users() {
    let this = three();
    this.build().unwrap();
    this.log();
    this.write("include/only_b.h", "only b changed\n");
    let built = this.build().unwrap();
    assert_eq!(
        this.log(),
        ["compile kernels/b.cu sm_80", "preprocess kernels/b.cu sm_80"]
    );
    assert!(ptx(&built, "kernels/b.cu").contains("only b changed"));
    assert_eq!(this.list("compiled"), ["kernels/b.cu sm_80 changed include/only_b.h"]);
    assert_eq!(
        this.list("reused"),
        ["kernels/a.cu sm_80 same-inputs", "kernels/c.cu sm_80 same-inputs"]
    );
}

#[test]
fn a_header_of_one_architecture_is_for_that_one() {
    let this = Crate::new();
    this.write("kernels/new.h", "for new devices\n");
    this.write("kernels/old.h", "for old devices\n");
    let source = "#if __CUDA_ARCH__ >= 900\n#include \"new.h\"\n#else\n#include \"old.h\"\n#endif\nentry k\n";
    this.write("kernels/k.cu", source);
    let build = || this.build_with(|kernels| kernels.arch(["sm_90"])).unwrap();
    build();
    this.log();
    this.write("kernels/new.h", "for newer devices\n");
    build();
    assert_eq!(
        this.log(),
        ["compile kernels/k.cu sm_90", "preprocess kernels/k.cu sm_90"]
    );
    this.write("kernels/old.h", "for older devices\n");
    build();
    assert_eq!(
        this.log(),
        ["compile kernels/k.cu sm_80", "preprocess kernels/k.cu sm_80"]
    );
}

#[test]
fn a_change_that_the_preprocessor_removes_compiles_nothing() {
    let this = three();
    this.build().unwrap();
    this.log();
    this.write(
        "include/shared.h",
        "// a comment\n\nshared 1\n#ifdef NEVER\nother\n#endif\n",
    );
    this.build().unwrap();
    assert_eq!(
        this.log(),
        ["preprocess kernels/a.cu sm_80", "preprocess kernels/b.cu sm_80"]
    );
    assert_eq!(
        this.list("reused"),
        [
            "kernels/a.cu sm_80 same-text include/shared.h",
            "kernels/b.cu sm_80 same-text include/shared.h",
            "kernels/c.cu sm_80 same-inputs"
        ]
    );
    // It is known from then on.
    fs::remove_dir_all(this.out()).unwrap();
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
}

/// Texts of a header, before and after an edit that only the place of its tokens shows.
const MOVED: [(&str, &str); 4] = [
    ("at __builtin_LINE()\n", "\nat __builtin_LINE()\n"),
    (
        "#line 7 \"one.h\"\nin __builtin_FILE()\n",
        "#line 7 \"two.h\"\nin __builtin_FILE()\n",
    ),
    ("text R\"(a\n  b  \n)\"\n", "text R\"(a\n  b\n)\"\n"),
    ("text R\"(a\n\nb)\"\n", "text R\"(a\nb)\"\n"),
];

#[test]
fn lines_that_move_count_where_the_code_asks_for_them() {
    for (before, after) in MOVED {
        let this = Crate::new();
        this.write("kernels/k.cu", "#include \"k.h\"\nentry k\n");
        this.write("kernels/k.h", before);
        let old = ptx(&this.build().unwrap(), "kernels/k.cu");
        this.write("kernels/k.h", after);
        this.log();
        let built = this.build().unwrap();
        let log = this.log();
        assert!(
            log.contains(&"compile kernels/k.cu sm_80".to_owned()),
            "{after} {log:?} {:?}",
            this.list("reused")
        );
        let own = ptx(&built, "kernels/k.cu");
        assert_ne!(old, own);
        // As if there were nothing to reuse.
        fs::remove_dir_all(this.path("store")).unwrap();
        fs::remove_dir_all(this.out()).unwrap();
        assert_eq!(own, ptx(&this.build().unwrap(), "kernels/k.cu"));
    }
}

#[test]
fn lines_that_move_count_in_another_checkout_with_the_same_store() {
    for (before, after) in MOVED {
        let this = Crate::new();
        let (other, other_out) = (this.path("other"), this.path("other-out"));
        fs::create_dir_all(other.join("kernels")).unwrap();
        for root in [&this.root(), &other] {
            fs::create_dir_all(root.join("kernels")).unwrap();
            fs::write(root.join("kernels/k.cu"), "#include \"k.h\"\nentry k\n").unwrap();
        }
        fs::write(this.root().join("kernels/k.h"), before).unwrap();
        fs::write(other.join("kernels/k.h"), after).unwrap();
        this.build().unwrap();
        let build = || {
            let kernels = Kernels::new().cuda("kernels/**/*.cu").arch(["sm_80"]);
            let built = kernels.compile_in(&this.context_at(&other, &other_out)).unwrap();
            ptx(&built.0, "kernels/k.cu")
        };
        let own = build();
        fs::remove_dir_all(this.path("store")).unwrap();
        fs::remove_dir_all(&other_out).unwrap();
        assert_eq!(own, build(), "{after}");
    }
}

#[test]
fn lines_that_move_count_in_a_lock() {
    for (before, after) in MOVED {
        let mut this = Crate::new();
        this.write("kernels/k.cu", "#include \"k.h\"\nentry k\n");
        this.write("kernels/k.h", before);
        this.set("GATE_KERNELS_LOCK", "write");
        this.build().unwrap();
        this.write("kernels/k.h", after);
        this.set("GATE_KERNELS_LOCK", "check");
        let error = this.build().unwrap_err().to_string();
        assert!(error.contains("changed since the PTX of `kernels/k.cu`"), "{error}");
        this.set("GATE_KERNELS_LOCK", "write");
        this.build().unwrap();
        let locked = || fs::read_to_string(this.root().join("ptx/kernels/k.cu.sm_80.ptx")).unwrap();
        let own = locked();
        // As if there were nothing to reuse.
        fs::remove_dir_all(this.path("store")).unwrap();
        fs::remove_dir_all(this.out()).unwrap();
        this.build().unwrap();
        assert_eq!(own, locked(), "{after}");
        this.set("GATE_KERNELS_LOCK", "check");
        this.build().unwrap();
    }
}

#[test]
fn a_header_that_moves_counts_where_the_code_asks_for_its_name() {
    let this = Crate::new();
    this.write("kernels/k.cu", "#include <k.h>\nentry k\n");
    this.write("one/k.h", "in __builtin_FILE()\n");
    this.write("two/other.h", "");
    let build = || {
        ptx(
            &this
                .build_with(|kernels| kernels.include("one").include("two"))
                .unwrap(),
            "kernels/k.cu",
        )
    };
    assert!(build().contains("one/k.h"));
    fs::rename(this.root().join("one/k.h"), this.root().join("two/k.h")).unwrap();
    let own = build();
    assert!(own.contains("two/k.h"), "{own}");
    // One that does not ask is not compiled for that.
    this.write("two/k.h", "plain\n");
    build();
    this.log();
    fs::rename(this.root().join("two/k.h"), this.root().join("one/k.h")).unwrap();
    build();
    assert_eq!(this.log(), ["preprocess kernels/k.cu sm_80"]);
}

#[test]
fn a_comment_at_the_end_of_a_line_asks_no_compiler() {
    let this = three();
    this.build().unwrap();
    this.log();
    this.write("include/shared.h", "shared 1 // why\n\n/* more */\n");
    this.write("kernels/c.cu", "entry c  \n// the end\n");
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
    assert_eq!(
        this.list("reused"),
        [
            "kernels/a.cu sm_80 same-text include/shared.h",
            "kernels/b.cu sm_80 same-text include/shared.h",
            "kernels/c.cu sm_80 same-text kernels/c.cu"
        ]
    );
    // It is known from then on, and is what the next edit is compared with.
    fs::remove_dir_all(this.out()).unwrap();
    this.build().unwrap();
    assert_eq!(this.list("reused")[0], "kernels/a.cu sm_80 same-inputs");
    this.write("include/shared.h", "shared 1 // why not\n");
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
    // Lines that move are for the preprocessor to judge.
    this.write("include/shared.h", "// why\nshared 1\n");
    this.build().unwrap();
    assert_eq!(
        this.log(),
        ["preprocess kernels/a.cu sm_80", "preprocess kernels/b.cu sm_80"]
    );
    // What is a comment no longer is compiled.
    this.write("include/shared.h", "// why\nshared 1\nmore\n");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/a.cu").contains("more"));
}

#[test]
fn other_tokens_of_a_source_are_compiled_at_once() {
    let this = three();
    this.build().unwrap();
    this.log();
    this.write("kernels/a.cu", "#include \"shared.h\"\nentry other\n");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/a.cu").contains(".entry other"));
    assert_eq!(this.log(), ["compile kernels/a.cu sm_80"]);
    // Its text is known all the same.
    this.write("include/shared.h", "\nshared 1\n");
    this.build().unwrap();
    assert_eq!(
        this.log(),
        ["preprocess kernels/a.cu sm_80", "preprocess kernels/b.cu sm_80"]
    );
    // Tokens that it had before may be those of a result.
    this.write("kernels/a.cu", "#include \"shared.h\"\n\nentry a\n");
    this.build().unwrap();
    assert_eq!(this.log(), ["preprocess kernels/a.cu sm_80"]);
}

#[test]
fn a_comment_does_not_hide_a_header_that_appeared() {
    let this = three();
    this.build().unwrap();
    this.write("include/shared.h", "shared 1 // why\n");
    this.write("kernels/shared.h", "nearer\n");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/a.cu").contains("nearer"));
}

#[test]
fn under_line_information_every_line_counts() {
    let this = three();
    let build = || this.build_with(|kernels| kernels.flag("-lineinfo")).unwrap();
    build();
    this.log();
    this.write("include/only_b.h", "// a comment\nonly b\n");
    build();
    assert_eq!(this.log(), ["compile kernels/b.cu sm_80"]);
}

#[test]
fn what_was_compiled_before_is_taken_back() {
    let this = three();
    this.build().unwrap();
    this.write("include/shared.h", "shared 2\n");
    this.build().unwrap();
    this.log();
    this.write("include/shared.h", "shared 1\n");
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
}

#[test]
fn variables_and_flags_count() {
    let mut this = three();
    this.build().unwrap();
    this.log();
    for (name, value, shown) in [
        ("NVCC_APPEND_FLAGS", "-Dappended", "-Dappended"),
        ("NVCC_PREPEND_FLAGS", "-Dprepended", "-Dprepended"),
        ("CUDA_COMPUTE_CAP", "90", ".target sm_90"),
    ] {
        this.set(name, value);
        let built = this.build().unwrap();
        assert_eq!(this.log().len(), 3, "{name}");
        assert!(ptx(&built, "kernels/c.cu").contains(shown), "{name}");
        this.unset(name);
    }
    let built = this.build_with(|kernels| kernels.flag("-Dflag")).unwrap();
    assert_eq!(this.log().len(), 3);
    assert!(ptx(&built, "kernels/c.cu").contains("-Dflag"));
    // Back to the first of all: everything is there.
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
}

#[test]
fn another_compiler_of_the_same_name_counts() {
    let mut this = three();
    let program = this.path(&format!("nvcc{}", std::env::consts::EXE_SUFFIX));
    place(&fake_nvcc(), &program);
    this.set("NVCC", &program.display().to_string());
    this.build().unwrap();
    this.log();
    // Bytes behind the end of a program do not change what it does.
    let mut bytes = fs::read(&program).unwrap();
    bytes.extend_from_slice(b"another build");
    let other = this.path("other");
    fs::write(&other, bytes).unwrap();
    fs::set_permissions(&other, fs::metadata(&program).unwrap().permissions()).unwrap();
    fs::remove_file(&program).unwrap();
    place(&other, &program);
    this.build().unwrap();
    assert_eq!(this.log().len(), 3);
}

#[test]
fn the_nvcc_behind_a_wrapper_counts() {
    let mut this = three();
    // The fake nvcc is the wrapper, and says that it stands for the installation below `toolkit`.
    let toolkit = this.path("toolkit");
    let install = |bytes: &str| {
        for part in ["bin/nvcc", "nvvm/bin/cicc"] {
            let file = toolkit.join(part).with_extension(std::env::consts::EXE_EXTENSION);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        }
    };
    install("one");
    this.set("FAKE_TOP", &toolkit.join("bin").join("..").display().to_string());
    this.build().unwrap();
    this.log();
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
    install("two");
    this.build().unwrap();
    assert_eq!(this.log().len(), 3);
}

#[test]
fn a_new_header_in_front_of_another_is_noticed() {
    let this = three();
    this.build().unwrap();
    this.log();
    this.write("kernels/shared.h", "nearer\n");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/a.cu").contains("nearer"));
    assert_eq!(
        this.list("compiled"),
        [
            "kernels/a.cu sm_80 appeared kernels/shared.h",
            "kernels/b.cu sm_80 appeared kernels/shared.h"
        ]
    );
}

#[test]
fn a_file_of_the_same_name_that_is_not_read_compiles_nothing() {
    let this = three();
    this.build().unwrap();
    this.log();
    this.write("include/deep/shared.h", "not read\n");
    this.build().unwrap();
    assert_eq!(
        this.log(),
        ["preprocess kernels/a.cu sm_80", "preprocess kernels/b.cu sm_80"]
    );
}

#[test]
fn a_new_source_is_compiled_and_a_removed_one_forgotten() {
    let this = three();
    this.build().unwrap();
    this.log();
    this.write("kernels/deep/d.cu", "entry d\n");
    this.remove("kernels/c.cu");
    let built = this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/deep/d.cu sm_80"]);
    let names: Vec<&str> = built.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["kernels/a.cu", "kernels/b.cu", "kernels/deep/d.cu"]);
}

#[test]
fn equal_stems_do_not_collide() {
    let this = Crate::new();
    this.write("kernels/x/k.cu", "entry one\n");
    this.write("kernels/y/k.cu", "entry two\n");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/x/k.cu").contains(".entry one"));
    assert!(ptx(&built, "kernels/y/k.cu").contains(".entry two"));
}

#[test]
fn a_failure_loses_nothing() {
    let this = three();
    this.write("kernels/b.cu", "#error not yet\n");
    this.build().unwrap_err();
    assert_eq!(this.log().len(), 3);
    this.write("kernels/b.cu", "entry b\n");
    this.build().unwrap();
    assert_eq!(this.log(), ["compile kernels/b.cu sm_80"]);
}

#[test]
fn a_removed_header_is_an_error_with_its_place() {
    let this = three();
    this.build().unwrap();
    this.remove("include/only_b.h");
    let error = this.build().unwrap_err().to_string();
    assert!(
        error.starts_with("1 kernel was not built\n\nerror[source_refused]: kernels/b.cu: "),
        "{error}"
    );
    assert!(error.contains("--> kernels/b.cu:2:10"), "{error}");
    assert!(error.contains("only_b.h: No such file or directory"), "{error}");
    assert!(
        error.contains("help: restore the header, or add its directory"),
        "{error}"
    );
}

#[test]
fn lost_output_is_written_again_without_a_compiler() {
    let this = three();
    let built = this.build().unwrap();
    this.log();
    fs::write(&built.units[0].images[0].ptx, "edited").unwrap();
    let built = this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
    assert!(ptx(&built, "kernels/a.cu").contains(".entry a"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut results = Vec::new();
    for jobs in ["1", "4"] {
        let mut this = three();
        this.set("NUM_JOBS", jobs);
        let built = this.build().unwrap();
        let texts: Vec<String> = ["a", "b", "c"]
            .iter()
            .map(|name| ptx(&built, &format!("kernels/{name}.cu")))
            .collect();
        results.push((texts, this.list("compiled")));
    }
    assert_eq!(results[0], results[1]);
}

#[test]
fn without_the_store_what_was_touched_is_known_by_its_bytes() {
    let this = three();
    let first = this.build().unwrap();
    this.log();
    for times in 0..2 {
        let _ = fs::remove_dir_all(this.path("store"));
        for name in ["include/shared.h", "kernels/a.cu"] {
            let file = fs::File::options().write(true).open(this.root().join(name)).unwrap();
            file.set_modified(SystemTime::now()).unwrap();
        }
        assert_eq!(this.build().unwrap(), first);
        assert_eq!(this.log(), [""; 0], "{times}");
    }
    let _ = fs::remove_dir_all(this.path("store"));
    this.write("include/only_b.h", "only b changed\n");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/b.cu").contains("only b changed"));
}

#[test]
fn a_file_that_changes_while_it_is_compiled_is_compiled_again() {
    let mut this = three();
    this.set(
        "FAKE_EDITS",
        &this.root().join("include/shared.h").display().to_string(),
    );
    this.build().unwrap();
    this.log();
    this.unset("FAKE_EDITS");
    let built = this.build().unwrap();
    assert!(ptx(&built, "kernels/a.cu").contains("edited meanwhile"));
    assert!(ptx(&built, "kernels/b.cu").contains("edited meanwhile"));
}

#[test]
fn a_file_that_changes_long_before_the_build_ends_is_compiled_again() {
    let mut this = Crate::new();
    this.write("kernels/k.cu", "#include \"k.h\"\nentry k\n");
    this.write("kernels/k.h", "header\n");
    this.set("FAKE_LINGER", "1");
    this.set("FAKE_EDITS", &this.root().join("kernels/k.h").display().to_string());
    assert!(ptx(&this.build().unwrap(), "kernels/k.cu").contains("header"));
    this.unset("FAKE_EDITS");
    this.unset("FAKE_LINGER");
    assert!(ptx(&this.build().unwrap(), "kernels/k.cu").contains("edited meanwhile"));
    this.log();
    // And is then known.
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
}

#[test]
fn each_level_is_compiled_for_itself() {
    let this = Crate::new();
    this.write("kernels/k.cu", "entry k\n");
    let texts: std::collections::BTreeSet<String> = (0..4)
        .map(|level| {
            ptx(
                &this.build_with(|kernels| kernels.optimize(level)).unwrap(),
                "kernels/k.cu",
            )
        })
        .collect();
    assert_eq!((texts.len(), this.log().len()), (4, 4));
    // The third level is what there is without one.
    this.build().unwrap();
    assert_eq!(this.log(), [""; 0]);
}
