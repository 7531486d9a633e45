//! What is made beside PTX: libraries, machine code, intermediate code.

use std::fs;
use std::process::Command;

use gate_build::{Built, Error, Kernels, Output};

use crate::support::{Crate, fake_nvcc, place};

fn with_two_units() -> Crate {
    let mut this = Crate::new();
    this.write("kernels/a.cu", "#include \"../include/h.cuh\"\nentry a\n");
    this.write("kernels/b.cu", "entry b\n");
    this.write("include/h.cuh", "one\n");
    this.set("TARGET", "x86_64-unknown-linux-gnu");
    this
}

fn make(this: &Crate, kernels: Kernels) -> Result<(Built, Vec<String>), Error> {
    kernels
        .cuda("kernels/*.cu")
        .arch(["sm_80", "sm_90"])
        .compile_in(&this.context())
}

fn library(this: &Crate) -> Result<(Built, Vec<String>), Error> {
    make(this, Kernels::static_library("moe"))
}

fn text(built: &Built) -> String {
    let library = built.library.as_ref().expect("the library was made");
    String::from_utf8_lossy(&fs::read(library).expect("it can be read")).into_owned()
}

#[test]
fn a_library_is_made_of_every_unit_and_linked() {
    let this = with_two_units();
    let (built, lines) = library(&this).unwrap();
    assert_eq!(
        this.log(),
        ["compile kernels/a.cu sm_0", "compile kernels/b.cu sm_0", "link -lib -o"]
    );
    let text = text(&built);
    for part in [
        ".visible .entry a(",
        ".visible .entry b(",
        "-gencode=arch=compute_80,code=sm_80",
        "code=[sm_90,compute_90]",
        "-Xcompiler=-fPIC",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let out = this.out().join("moe");
    assert_eq!(built.library, Some(out.join("libmoe.a")));
    for line in [
        format!("cargo::rustc-link-search=native={}", out.display()),
        "cargo::rustc-link-lib=static=moe".to_owned(),
        "cargo::rustc-link-lib=dylib=stdc++".to_owned(),
        "cargo::rustc-cfg=gate_library=\"moe\"".to_owned(),
        "cargo::rustc-check-cfg=cfg(gate_library, values(\"moe\"))".to_owned(),
    ] {
        assert!(lines.contains(&line), "{line}: {lines:#?}");
    }
    let module = fs::read_to_string(this.out().join("moe.rs")).unwrap();
    assert!(module.contains("Result::Ok(())"), "{module}");
    // Everything that a build told cargo, it tells again when nothing has changed.
    assert_eq!(library(&this).unwrap(), (built, lines));
    assert!(this.log().is_empty());
}

#[test]
fn an_edit_compiles_the_units_that_read_it_and_links_again() {
    let this = with_two_units();
    library(&this).unwrap();
    this.log();
    this.write("include/h.cuh", "two\n");
    let (built, _) = library(&this).unwrap();
    assert_eq!(this.log(), ["compile kernels/a.cu sm_0", "link -lib -o"]);
    assert!(text(&built).contains("// two"));
    // The store has both the objects and the library.
    this.write("include/h.cuh", "one\n");
    assert!(text(&library(&this).unwrap().0).contains("// one"));
    assert!(this.log().is_empty());
    // What somebody did to the library is undone.
    fs::write(this.out().join("moe/libmoe.a"), "broken").unwrap();
    assert!(text(&library(&this).unwrap().0).contains("// one"));
    fs::remove_dir_all(this.out()).unwrap();
    assert!(text(&library(&this).unwrap().0).contains("// one"));
    assert!(this.log().is_empty());
}

#[test]
fn flags_and_architectures_of_a_library_are_never_stale() {
    let this = with_two_units();
    library(&this).unwrap();
    for (change, wanted) in [
        (Kernels::static_library("moe").flag("-DX"), "\"-DX\""),
        (Kernels::static_library("moe").arch(["sm_75"]), "code=sm_75"),
        (
            Kernels::static_library("moe").flag_for("kernels/b.cu", "-DB"),
            "\"-DB\"",
        ),
    ] {
        let (built, _) = make(&this, change).unwrap();
        let text = text(&built);
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text(&library(&this).unwrap().0).contains("-DB"));
}

#[test]
fn relocatable_device_code_is_linked_first() {
    let this = with_two_units();
    let relocatable = || Kernels::static_library("moe").flag("-rdc=true");
    let (_, lines) = make(&this, relocatable()).unwrap();
    let gencodes = "-gencode=arch=compute_80,code=sm_80 -gencode=arch=compute_90,code=[sm_90,compute_90]";
    assert_eq!(
        this.log()[2..],
        [
            format!("link -dlink -Xcompiler=-fPIC {gencodes} -o"),
            "link -lib -o".to_owned()
        ]
    );
    assert!(lines.contains(&"cargo::rustc-link-lib=static:-bundle=cudadevrt".to_owned()));
    let (built, _) = make(&this, relocatable().flag("-dlto")).unwrap();
    assert!(text(&built).contains("code=lto_90") && !text(&built).contains("-dlto"));
    let log = this.log();
    assert!(
        log[2].starts_with("link -dlink -dlto -Xcompiler=-fPIC -gencode=arch=compute_80,code=sm_80"),
        "{log:?}"
    );
}

#[test]
fn a_link_that_fails_says_why() {
    let mut this = with_two_units();
    this.set("FAKE_MODE", "no-link");
    let error = library(&this).unwrap_err();
    assert_eq!(error.id().code(), "library_failed");
    assert!(
        error.to_string().contains("Undefined reference to '_Z5otheri'"),
        "{error}"
    );
    this.unset("FAKE_MODE");
    library(&this).unwrap();
}

#[test]
fn without_nvcc_nothing_is_linked_and_the_crate_is_told() {
    let mut this = with_two_units();
    this.unset("NVCC");
    for (mode, why) in [
        ("auto", "no_compiler"),
        ("off", "kernels_off"),
        ("locked", "kernels_off"),
    ] {
        this.set("GATE_KERNELS", mode);
        let (built, lines) = library(&this).unwrap();
        assert!(built.unavailable.is_some() && built.library.is_none(), "{mode}");
        assert!(
            !lines
                .iter()
                .any(|line| line.contains("rustc-link") || line.contains("rustc-cfg=")),
            "{lines:?}"
        );
        assert!(lines.contains(&"cargo::rustc-check-cfg=cfg(gate_library, values(\"moe\"))".to_owned()));
        let module = fs::read_to_string(this.out().join("moe.rs")).unwrap();
        assert!(module.contains(&format!("Result::Err({why:?})")), "{module}");
    }
    this.set("GATE_KERNELS", "build");
    let error = library(&this).unwrap_err().to_string();
    assert!(error.contains("`moe` is made by nvcc, which was not found"), "{error}");
}

#[test]
fn a_library_and_ptx_of_one_crate_do_not_disturb_each_other() {
    let this = with_two_units();
    let ptx = || make(&this, Kernels::new()).unwrap();
    library(&this).unwrap();
    ptx();
    this.log();
    let (built, lines) = ptx();
    assert_eq!(built.units[0].images.len(), 2);
    assert!(lines.contains(&"cargo::rustc-cfg=gate_kernels=\"ptx\"".to_owned()));
    library(&this).unwrap();
    assert!(this.log().is_empty());
    assert!(this.report()["compiled"].as_array().unwrap().is_empty());
}

#[test]
fn machine_code_and_intermediate_code_are_embedded_as_bytes() {
    let this = with_two_units();
    for (output, magic, images) in [
        (Output::Cubin, &b"\x7fELF"[..], 2),
        (Output::Fatbin, b"\x50\xed\x55\xba", 1),
        (Output::LtoIr, b"\xed\x43\x4e\x7f", 2),
    ] {
        let name = output.as_str();
        let (built, lines) = make(&this, Kernels::new().output(output)).unwrap();
        assert_eq!(built.units[0].images.len(), images, "{name}");
        for image in built.units.iter().flat_map(|unit| &unit.images) {
            assert!(fs::read(&image.ptx).unwrap().starts_with(magic), "{name}");
            assert!(image.ptx.starts_with(this.out().join(name)), "{name}");
        }
        assert!(
            lines.contains(&format!("cargo::rustc-cfg=gate_kernels={name:?}")),
            "{lines:?}"
        );
        let module = fs::read_to_string(this.out().join(format!("{name}.rs"))).unwrap();
        assert!(module.contains("pub const A: &[u8] = "), "{module}");
        make(&this, Kernels::new().output(output)).unwrap();
    }
    let log = this.log();
    // One for each architecture, but of a fatbin: nothing is compiled twice.
    assert_eq!(log.len(), 4 + 2 + 4, "{log:?}");
}

#[test]
fn what_is_about_ptx_alone_is_refused() {
    let this = with_two_units();
    let error = make(&this, Kernels::static_library("moe").compress(true))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`.compress(…)` is about PTX, and `moe` is not PTX"),
        "{error}"
    );
    for name in ["", "a b", "ptx", "kernels", "../a"] {
        assert!(make(&this, Kernels::static_library(name)).is_err(), "{name}");
    }
}

#[test]
fn constants_need_no_other_crate() {
    let mut this = with_two_units();
    make(&this, Kernels::new()).unwrap();
    let module = || fs::read_to_string(this.out().join("ptx.rs")).unwrap();
    let text = module();
    assert!(!text.contains("gate_runtime"), "{text}");
    for line in [
        "pub const A: &str = A_SM_80;",
        "pub const A_BYTES: &[u8] = A.as_bytes();",
        "pub const UNAVAILABLE: ::core::option::Option<&str> = ::core::option::Option::None;",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    fs::remove_file(this.out().join("ptx.rs")).unwrap();
    make(&this, Kernels::new()).unwrap();
    assert_eq!(module(), text);
    this.unset("NVCC");
    make(&this, Kernels::new()).unwrap();
    let text = fs::read_to_string(this.out().join("ptx.rs")).unwrap();
    assert!(
        text.contains("pub const A: &str = \"\";") && text.contains("Some(\"no_compiler\")"),
        "{text}"
    );
}

/// What a crate of one file prints that includes every module in its oldest and its newest form of the language, and depends on nothing.
fn printed(this: &Crate) -> String {
    let include = |name: &str| {
        let file = this.out().join(format!("{name}.rs"));
        format!("mod {name} {{ include!({:?}); }}\n", file.display().to_string())
    };
    let modules: String = ["ptx", "cubin", "fatbin", "moe"].into_iter().map(include).collect();
    let main = this.path("main.rs");
    let code = "fn main() {
        println!(\"{} {} {:?}\", ptx::A.contains(\".entry a\"), ptx::A_BYTES == ptx::A.as_bytes(), ptx::UNAVAILABLE);
        println!(\"{:?}\", ptx::ALL.iter().map(|(unit, arch, ptx)| (unit, arch, ptx.is_empty())).collect::<Vec<_>>());
        println!(\"{} {} {:?}\", cubin::B.starts_with(b\"\\x7fELF\"), cubin::ALL.len(), cubin::UNAVAILABLE);
        println!(\"{} {} {:?}\", fatbin::B.is_empty(), fatbin::ALL.len(), fatbin::UNAVAILABLE);
        println!(\"{:?}\", moe::LIBRARY);
    }";
    fs::write(&main, format!("#![deny(warnings)]\n{modules}{code}")).expect("it can be written");
    let prints = |edition: &str| {
        let program = this.path(&format!("program{}", std::env::consts::EXE_SUFFIX));
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let compiled = Command::new(rustc)
            .args(["--edition", edition, "-o"])
            .args([&program, &main])
            .output()
            .expect("rustc is part of the toolchain");
        let log = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{log}");
        let ran = Command::new(program).output().expect("it was compiled");
        String::from_utf8(ran.stdout).expect("it prints text")
    };
    let (oldest, newest) = (prints("2018"), prints("2024"));
    assert_eq!(oldest, newest);
    newest
}

#[test]
fn every_module_of_constants_compiles_in_a_crate_of_one_file() {
    let mut this = with_two_units();
    let make_all = |this: &Crate| {
        make(this, Kernels::new()).unwrap();
        for output in [Output::Cubin, Output::Fatbin] {
            make(this, Kernels::new().output(output)).unwrap();
        }
        library(this).unwrap();
    };
    make_all(&this);
    assert_eq!(
        printed(&this),
        "true true None\n\
         [(\"kernels/a.cu\", \"sm_80\", false), (\"kernels/a.cu\", \"sm_90\", false), (\"kernels/b.cu\", \"sm_80\", false), \
         (\"kernels/b.cu\", \"sm_90\", false)]\n\
         true 4 None\nfalse 2 None\nOk(())\n"
    );
    this.unset("NVCC");
    make_all(&this);
    assert_eq!(
        printed(&this),
        "false true Some(\"no_compiler\")\n[]\nfalse 0 Some(\"no_compiler\")\ntrue 0 Some(\"no_compiler\")\nErr(\"no_compiler\")\n"
    );
}

/// An nvcc with its installation around it.
fn installed(this: &mut Crate) {
    let nvcc = this.path(&format!("cuda/bin/nvcc{}", std::env::consts::EXE_SUFFIX));
    fs::create_dir_all(nvcc.parent().expect("it has a folder")).expect("it can be written");
    fs::create_dir_all(this.path("cuda/nvvm")).expect("it can be written");
    place(&fake_nvcc(), &nvcc);
    this.set("NVCC", &nvcc.display().to_string());
}

#[test]
fn an_installed_nvcc_lists_no_files_that_it_keeps_anyway() {
    let mut this = with_two_units();
    installed(&mut this);
    let ptx = |this: &Crate| {
        let (built, _) = make(this, Kernels::new()).unwrap();
        fs::read_to_string(&built.units[0].images[0].ptx).unwrap()
    };
    assert!(!ptx(&this).contains("-MD"));
    // It knows what was read even so.
    this.write("include/h.cuh", "two\n");
    assert!(ptx(&this).contains("// two"));
    let (built, _) = library(&this).unwrap();
    assert!(text(&built).contains("// two") && !text(&built).contains("-MD"));
    this.write("include/h.cuh", "three\n");
    assert!(text(&library(&this).unwrap().0).contains("// three"));
    // What starts nvcc may have a cache, which keeps nothing.
    let nvcc = this.variables()["NVCC"].clone();
    #[cfg(unix)]
    {
        this.set("NVCC", &format!("/usr/bin/env {nvcc}"));
        assert!(ptx(&this).contains("-MD"));
    }
    #[cfg(not(unix))]
    let _ = nvcc;
}
