//! Versions out of what compilers print.

use gate_build::{ToolVersion, VersionError, version_of};
use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;

const NVCC_12: &str = "\
nvcc: NVIDIA (R) Cuda compiler driver
Copyright (c) 2005-2024 NVIDIA Corporation
Built on Thu_Mar_28_02:18:24_PDT_2024
Cuda compilation tools, release 12.4, V12.4.131
Build cuda_12.4.r12.4/compiler.34097967_0
";

const PTXAS_11: &str = "\
ptxas: NVIDIA (R) Ptx optimizing assembler
Copyright (c) 2005-2022 NVIDIA Corporation
Built on Wed_Sep_21_10:33:58_PDT_2022
Cuda compilation tools, release 11.8, V11.8.89
";

#[test]
fn nvcc_and_ptxas() {
    let version = ToolVersion::parse_nvcc(NVCC_12).expect("a version");
    assert_eq!(version.to_string(), "12.4.131");
    assert_eq!(
        ToolVersion::parse_nvcc(PTXAS_11).map(|v| v.to_string()).as_deref(),
        Some("11.8.89")
    );
    let windows = NVCC_12.replace('\n', "\r\n");
    assert_eq!(ToolVersion::parse_nvcc(&windows), Some(version));
    let short = "Cuda compilation tools, release 12.4";
    assert_eq!(
        ToolVersion::parse_nvcc(short).map(|v| v.to_string()).as_deref(),
        Some("12.4")
    );
}

#[test]
fn clang() {
    for (text, version) in [
        (
            "Ubuntu clang version 18.1.3 (1ubuntu1)\nTarget: x86_64-pc-linux-gnu\n",
            "18.1.3",
        ),
        (
            "clang version 21.0.0git (https://github.com/llvm/llvm-project)\n",
            "21.0.0",
        ),
        ("Apple clang version 16.0.0 (clang-1600.0.26.4)\n", "16.0.0"),
    ] {
        assert_eq!(
            ToolVersion::parse_clang(text).map(|v| v.to_string()).as_deref(),
            Some(version)
        );
    }
}

#[test]
fn other_text_is_no_version() {
    for text in [
        "",
        "release",
        "release ,",
        "release 12",
        "release x.y, V",
        "clang version ",
        "command not found",
    ] {
        assert_eq!(ToolVersion::parse_nvcc(text), None, "{text:?}");
        assert_eq!(ToolVersion::parse_clang(text), None, "{text:?}");
    }
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = directory.path().join("nvcc");
    let error = version_of(&program).expect_err("no such program");
    assert!(matches!(error, VersionError::Start { .. }), "{error:?}");
    assert!(error.to_string().contains(&program.display().to_string()), "{error}");
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = ToolVersion::parse_nvcc(&format!("release {text}"));
        let _ = ToolVersion::parse_clang(&format!("clang version {text}"));
    }

    #[test]
    fn versions_survive_the_text(major in any::<u32>(), minor in any::<u32>(), patch in any::<u32>()) {
        let text = format!("Cuda compilation tools, release {major}.{minor}, V{major}.{minor}.{patch}");
        let expected = ToolVersion { major, minor, patch: Some(patch) };
        prop_assert_eq!(ToolVersion::parse_nvcc(&text), Some(expected));
    }
}
