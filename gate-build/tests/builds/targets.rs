//! Sources left out, flags and architectures of some of them, and architectures that a machine or a compiler decides.

use std::fs;

use gate_build::{Built, Error, Kernels};

use crate::support::{Crate, fake_nvcc, place, ptx};

fn with_units() -> Crate {
    let this = Crate::new();
    for name in ["a", "b", "moe/c"] {
        this.write(&format!("kernels/{name}.cu"), &format!("entry k{}\n", name.len()));
    }
    this
}

fn build(this: &Crate, kernels: Kernels) -> Result<(Built, Vec<String>), Error> {
    kernels.cuda("kernels/**/*.cu").compile_in(&this.context())
}

fn archs(built: &Built) -> Vec<String> {
    let images = built
        .units
        .iter()
        .flat_map(|unit| unit.images.iter().map(move |image| (unit, image)));
    images
        .map(|(unit, image)| format!("{} {}", unit.name, image.arch))
        .collect()
}

#[test]
fn sources_are_left_out_by_patterns() {
    let this = with_units();
    let (built, _) = build(&this, Kernels::new().exclude("kernels/moe/*.cu")).unwrap();
    assert_eq!(archs(&built), ["kernels/a.cu sm_80", "kernels/b.cu sm_80"]);
    let (built, _) = build(&this, Kernels::new().exclude("kernels/?.cu")).unwrap();
    assert_eq!(archs(&built), ["kernels/moe/c.cu sm_80"]);
    for (pattern, why) in [
        ("kernels/d*.cu", "no source matches `kernels/d*.cu` in `.exclude(…)`"),
        ("kernels/**/*.cu", "leaves no source"),
    ] {
        let error = build(&this, Kernels::new().exclude(pattern)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_lock_knows_what_was_left_out() {
    let mut this = with_units();
    let kernels = || Kernels::new().exclude("kernels/moe/*.cu");
    this.set("GATE_KERNELS_LOCK", "write");
    build(&this, kernels()).unwrap();
    let lock = gate_build::lock::KernelLock::read(&this.root()).unwrap().unwrap();
    assert_eq!(lock.verify(&this.root()), []);
    this.write("kernels/moe/d.cu", "entry d\n");
    assert_eq!(lock.verify(&this.root()), []);
    this.write("kernels/d.cu", "entry d\n");
    assert_eq!(lock.verify(&this.root()).len(), 1);
    this.remove("kernels/d.cu");
    this.set("GATE_KERNELS_LOCK", "check");
    build(&this, kernels()).unwrap();
    assert!(build(&this, Kernels::new()).is_err());
}

#[test]
fn flags_and_architectures_of_some_units() {
    let mut this = with_units();
    let kernels = || {
        Kernels::new()
            .flags(["-DALL"])
            .flag_for("kernels/moe/*.cu", "-DMOE")
            .arch_for("kernels/b.cu", ["sm_90a"])
            .flag_before("sm_80", "-DOLD")
    };
    let (built, _) = build(&this, kernels()).unwrap();
    assert_eq!(
        archs(&built),
        ["kernels/a.cu sm_80", "kernels/b.cu sm_90a", "kernels/moe/c.cu sm_80"]
    );
    assert!(ptx(&built, "kernels/moe/c.cu").contains("\"-DALL\", \"-DMOE\""));
    assert!(!ptx(&built, "kernels/a.cu").contains("-DMOE"));
    this.log();
    // Of the others nothing is compiled again.
    let (built, _) = build(&this, kernels().flag_for("kernels/a.cu", "-DA")).unwrap();
    assert!(ptx(&built, "kernels/a.cu").contains("-DA\""));
    assert_eq!(this.log(), ["compile kernels/a.cu sm_80"]);
    // A variable goes before all of them.
    this.set("CUDA_COMPUTE_CAP", "75");
    let (built, _) = build(&this, kernels()).unwrap();
    assert_eq!(archs(&built)[1], "kernels/b.cu sm_75");
    assert!(ptx(&built, "kernels/a.cu").contains("-DOLD"));
    let error = build(&this, kernels().flag_for("kernels/z.cu", "-DZ"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no source matches `kernels/z.cu` in `.flag_for(…)`"),
        "{error}"
    );
    let error = build(&this, kernels().flag_for("kernels/a.cu", "-arch=sm_90"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("selects an architecture"), "{error}");
}

#[test]
fn units_of_a_lock_have_their_own_flags() {
    let mut this = with_units();
    let kernels = || {
        Kernels::new()
            .flag_for("kernels/a.cu", "-DA")
            .arch_for("kernels/b.cu", ["sm_90"])
    };
    this.set("GATE_KERNELS_LOCK", "write");
    build(&this, kernels()).unwrap();
    this.unset("GATE_KERNELS_LOCK");
    this.set("GATE_KERNELS", "locked");
    let (built, _) = build(&this, kernels()).unwrap();
    assert_eq!(
        archs(&built),
        ["kernels/a.cu sm_80", "kernels/b.cu sm_90", "kernels/moe/c.cu sm_80"]
    );
    let error = build(&this, kernels().flag_for("kernels/moe/c.cu", "-DC")).unwrap_err();
    assert_eq!(error.id().code(), "flags_changed", "{error}");
    // Whatever a compiler would know, the lock has what it has.
    let all = Kernels::new().arch(["all-major"]).flag_for("kernels/a.cu", "-DA");
    let (built, _) = build(&this, all).unwrap();
    assert_eq!(archs(&built).len(), 3);
}

#[test]
fn an_architecture_that_the_compiler_does_not_know_yet_is_stepped_down_from() {
    let mut this = with_units();
    this.set("FAKE_ARCHS", "75 80 86 90");
    let (built, lines) = build(&this, Kernels::new().arch(["sm_120", "sm_86"])).unwrap();
    assert_eq!(
        archs(&built)[..2],
        ["kernels/a.cu sm_86", "kernels/a.cu sm_90"],
        "{lines:?}"
    );
    let said = "does not know sm_120: compiling for sm_90, which runs there";
    assert!(lines.iter().any(|line| line.contains(said)), "{lines:?}");
    // It is said as long as it is so.
    let (_, lines) = build(&this, Kernels::new().arch(["sm_120", "sm_86"])).unwrap();
    assert!(lines.iter().any(|line| line.contains(said)), "{lines:?}");
    // A lock is of what build.rs names.
    this.set("GATE_KERNELS_LOCK", "write");
    let (built, _) = build(&this, Kernels::new().arch(["sm_120"])).unwrap();
    assert_eq!(archs(&built)[0], "kernels/a.cu sm_120");
}

#[test]
fn every_major_version_is_what_the_compiler_lists() {
    let mut this = with_units();
    this.set("FAKE_ARCHS", "75 80 86 90 100 120");
    let all = || {
        Kernels::new()
            .arch(["all-major"])
            .exclude("kernels/moe/c.cu")
            .exclude("kernels/b.cu")
    };
    let (built, _) = build(&this, all()).unwrap();
    let majors = ["75", "80", "90", "100", "120"].map(|arch| format!("kernels/a.cu sm_{arch}"));
    assert_eq!(archs(&built), majors);
    this.unset("FAKE_ARCHS");
    fs::remove_dir_all(this.path("store")).unwrap();
    fs::remove_dir_all(this.out()).unwrap();
    let (built, lines) = build(&this, all()).unwrap();
    assert_eq!(archs(&built), ["kernels/a.cu sm_80"]);
    assert!(
        lines.iter().any(|line| line.contains("lists its architectures")),
        "{lines:?}"
    );
}

#[test]
fn native_is_what_the_driver_says() {
    let mut this = with_units();
    let native = || Kernels::new().arch(["native"]);
    let (built, lines) = build(&this, native()).unwrap();
    assert_eq!(archs(&built)[0], "kernels/a.cu sm_80");
    let said = "`native` is not known (`nvidia-smi` is not on `PATH`): compiling for sm_80";
    for lines in [lines, build(&this, native()).unwrap().1] {
        assert!(lines.iter().any(|line| line.contains(said)), "{lines:?}");
    }
    let tool = this.path(&format!("bin/nvidia-smi{}", std::env::consts::EXE_SUFFIX));
    fs::create_dir_all(tool.parent().unwrap()).unwrap();
    place(&fake_nvcc(), &tool);
    this.set("PATH", &this.path("bin").display().to_string());
    this.set("FAKE_GPUS", "8.6 9.0 8.6");
    let (built, lines) = build(&this, native()).unwrap();
    assert_eq!(
        archs(&built)[..2],
        ["kernels/a.cu sm_86", "kernels/a.cu sm_90"],
        "{lines:?}"
    );
    assert!(!lines.iter().any(|line| line.contains("warning")), "{lines:?}");
    this.set("FAKE_GPUS", "8.9");
    assert_eq!(archs(&build(&this, native()).unwrap().0)[0], "kernels/a.cu sm_89");
    this.set("FAKE_GPUS", "");
    let (_, lines) = build(&this, native()).unwrap();
    assert!(
        lines.iter().any(|line| line.contains("`nvidia-smi` reports no GPU")),
        "{lines:?}"
    );
}
