//! `cargo gate kernels`: what is locked, whether it still holds, and what changed, without a compiler.

use insta::assert_snapshot;

use gate_tests::gate;
use gate_tests::harness::Gate;

use super::good;

/// The digest of the fixture's lock over what no file shows; where a test changes that as a compiler would, another one takes its place.
const FACTS: &str = "334c0bee6802dc36eb64866d8c776e13f25372724b34bbac38e60bfd772e1393";

/// A workspace with one locked kernel.
fn locked() -> Gate {
    gate!().fixture("kernels.locked/clean").git_init()
}

#[test]
fn locked_kernels_are_inspected() {
    let gate = locked();
    assert_snapshot!("kernels-inspect", gate.run(["kernels", "inspect"]));
    let one = gate.run(["kernels", "inspect", "--kernel", "axpy", "--message-format", "json"]);
    assert_snapshot!("kernels-inspect-json", one);
    // Sources, compiler, flags and architecture decide, not the machine and its directories.
    let fingerprint = |gate: &Gate| {
        let run = gate.run(["kernels", "inspect", "--message-format", "json"]);
        run.json()["modules"][0]["fingerprint"].clone()
    };
    let elsewhere = locked().env_remove("CARGO_GATE_REDACT");
    assert_eq!(
        fingerprint(&elsewhere),
        "c45c7c1d77d28a4a73b57b8e70a3bb2339ba9480913074db701e9948f0214355"
    );
    elsewhere.replace("kernels.lock", "flags = []", "flags = [\"-O1\"]");
    elsewhere.replace(
        "kernels.lock",
        FACTS,
        "700d8a7b31c708086de53d68aeaa40a6adb490e94baeea520c9e1bbfc92543ab",
    );
    assert_ne!(
        fingerprint(&elsewhere),
        "c45c7c1d77d28a4a73b57b8e70a3bb2339ba9480913074db701e9948f0214355"
    );
    assert_snapshot!(
        "kernels-inspect-unknown",
        gate.run(["kernels", "inspect", "--kernel", "apxy"])
    );
    let file = "ptx/kernels/axpy.cu.sm_80.ptx";
    assert_snapshot!("kernels-inspect-file", gate.run(["kernels", "inspect", file]));
    gate.write(file, "not PTX\n");
    assert_snapshot!("kernels-inspect-garbage", gate.run(["kernels", "inspect", file]));
    assert_snapshot!("kernels-inspect-nothing", good().run(["kernels", "inspect"]));
}

#[test]
fn locks_are_verified_against_sources_and_ptx() {
    let gate = locked();
    assert_snapshot!("kernels-verify", gate.run(["kernels", "verify"]));
    gate.append("kernels/axpy.cu", "// faster\n");
    gate.replace("ptx/kernels/axpy.cu.sm_80.ptx", "fma.rn.f32", "fma.rz.f32");
    gate.write("ptx/kernels/left.cu.sm_80.ptx", "left over\n");
    assert_snapshot!("kernels-verify-changed", gate.run(["kernels", "verify"]));
    let run = gate.run(["kernels", "verify", "--message-format", "json"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.json()["locks"][0]["problems"]
            .as_array()
            .is_some_and(|problems| problems.len() == 2),
        "{run}"
    );
}

#[test]
fn what_is_edited_by_hand_or_missing_from_a_lock_is_found() {
    let gate = locked();
    gate.replace("kernels.lock", "registers = 10", "registers = 8");
    assert_snapshot!("kernels-verify-edited", gate.run(["kernels", "verify"]));
    gate.replace("kernels.lock", "registers = 8", "registers = 10");
    assert_eq!(gate.run(["kernels", "verify"]).code, Some(0));
    gate.replace(
        "kernels.lock",
        "version = 1\n",
        "version = 1\ncuda = [\"kernels/*.cu\"]\n",
    );
    assert_eq!(gate.run(["kernels", "verify"]).code, Some(0));
    gate.write("kernels/new.cu", "// nobody compiled it\n");
    assert_snapshot!("kernels-verify-missing", gate.run(["kernels", "verify"]));
}

#[test]
fn locks_are_compared_with_a_commit() {
    let gate = locked();
    assert_snapshot!("kernels-diff-nothing", gate.run(["kernels", "diff"]));
    gate.replace("kernels.lock", "registers = 10", "registers = 12");
    gate.replace(
        "kernels.lock",
        FACTS,
        "9faa444d94f591e95e21201d43f9e7b13b4da21e29fb6325b597fd6e556cc1db",
    );
    assert_snapshot!("kernels-diff", gate.run(["kernels", "diff"]));
    let run = gate.run(["kernels", "diff", "--against", "HEAD", "--message-format", "json"]);
    assert_eq!(run.json()["locks"][0]["changes"][0]["after"], "12", "{run}");
    assert_snapshot!("kernels-diff-unknown", gate.run(["kernels", "diff", "--against", "v9"]));
}

#[test]
fn nothing_is_compiled_where_no_build_script_does() {
    for command in ["build", "lock"] {
        let gate = good();
        assert_snapshot!(format!("kernels-{command}-nothing"), gate.run(["kernels", command]));
        assert_eq!(gate.git(["status", "--porcelain"]), "", "nothing is written");
    }
}

#[test]
fn a_single_source_is_compiled_at_each_level() {
    let gate = gate!().file("k.cu", "entry k\n").file("bad.cu", "#error no\n");
    let store = gate.workspace().parent().expect("a parent").join("kernel-store");
    let gate = gate
        .env("NVCC", env!("CARGO_BIN_EXE_fake-nvcc-under-test"))
        .env("GATE_CACHE_DIR", store);
    for level in ["-O0", "-O1", "-O2", "-O3"] {
        let out = format!("out{level}.ptx");
        let run = gate.run(["kernels", "compile", "k.cu", level, "--arch", "sm_90", "--out", &out]);
        assert_eq!(run.code, Some(0), "{run}");
        // The harness hides versions.
        let said = format!("{out}: 1 kernel for sm_90 by nvcc 00.0.00 at level {}\n", &level[2..]);
        assert_eq!(run.stdout, said, "{run}");
        let ptx = gate.read(&out);
        assert!(ptx.contains(".entry k(") && ptx.contains(".target sm_90"), "{ptx}");
        // The fake compiler writes down its flags.
        let flags = ["=max", "=mid", "=min"].map(|word| ptx.contains(&format!("--Ofast-compile{word}")));
        let expected: Vec<bool> = (0..3).map(|at| format!("-O{at}") == level).collect();
        assert_eq!(flags[..], expected, "{level}: {ptx}");
    }
    let run = gate.run(["kernels", "compile", "k.cu"]);
    assert_eq!(
        (run.code, gate.read("k.ptx").contains("sm_80")),
        (Some(0), true),
        "{run}"
    );

    let bad = gate.run(["kernels", "compile", "bad.cu"]);
    assert_eq!(bad.code, Some(1), "{bad}");
    assert!(bad.stderr.contains("error[source_refused]: bad.cu: "), "{bad}");
    for arguments in [
        ["k.cu", "-O4"],
        ["none.cu", "-O3"],
        ["k.cu", "--arch=sm_x"],
        ["k.cu", "--out=k.cu"],
    ] {
        let wrong = gate.run(["kernels", "compile"].iter().chain(&arguments));
        assert_eq!(wrong.code, Some(2), "{wrong}");
    }
    let gate = gate.env("NVCC", "/no/such/nvcc");
    let missing = gate.run(["kernels", "compile", "k.cu", "--out", "other.ptx"]);
    assert_eq!(missing.code, Some(4), "{missing}");
}

#[test]
fn a_lock_says_what_is_compiled_while_it_is_written() {
    let script = env!("CARGO_BIN_EXE_kernel-script-under-test");
    let gate = gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
        )
        .file("src/lib.rs", "//! Nothing.\n")
        .file("kernels/k.cu", "entry k\n")
        .file(
            "build.rs",
            &format!(
                "// Stands for a script with gate_build in it.\n\
                 fn main() {{\n    let ran = std::process::Command::new({script:?}).status().unwrap();\n    assert!(ran.success());\n}}\n"
            ),
        );
    let store = gate.workspace().parent().expect("a parent").join("kernel-store");
    let gate = gate
        .env("NVCC", env!("CARGO_BIN_EXE_fake-nvcc-under-test"))
        .env("GATE_CACHE_DIR", store);
    let run = gate.run(["kernels", "lock"]);
    assert_eq!(run.code, Some(0), "{run}");
    let said = |run: &gate_tests::harness::Run, how: &str| {
        let line = format!("Kernel 1/1 kernels/k.cu sm_80 {how}");
        assert!(
            run.stderr.lines().any(|said| said.trim_start().starts_with(&line)),
            "{run}"
        );
    };
    said(&run, "compiled in ");
    assert!(gate.read("kernels.lock").contains("unit = \"kernels/k.cu\""));
    gate.write("kernels/k.cu", "entry k\n#error no\n");
    let run = gate.run(["kernels", "lock"]);
    assert_ne!(run.code, Some(0), "{run}");
    said(&run, "failed");
}
