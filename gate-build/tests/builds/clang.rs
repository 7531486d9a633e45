//! What clang finds of CUDA.

use std::fs;

use crate::support::{Crate, fake_nvcc, place, ptx};

/// A crate, a clang that was asked for by name, and a toolkit beside it.
fn with_toolkit() -> Crate {
    let mut this = Crate::new();
    this.write("kernels/k.cu", "entry k\n");
    let exe = std::env::consts::EXE_SUFFIX;
    for program in ["clang/clang", "cuda/bin/nvcc"] {
        let program = this.path(&format!("{program}{exe}"));
        fs::create_dir_all(program.parent().expect("a folder")).expect("a folder can be made");
        place(&fake_nvcc(), &program);
    }
    for file in [
        "include/cuda_runtime.h",
        "include/cuda_runtime_api.h",
        "nvvm/libdevice/libdevice.10.bc",
    ] {
        let file = this.path("cuda").join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder can be made");
        fs::write(file, "one").expect("it can be written");
    }
    this.unset("NVCC");
    for (name, value) in [
        ("PATH", this.path("clang").display().to_string()),
        ("CUDA_HOME", this.path("cuda").display().to_string()),
        ("GATE_KERNEL_COMPILER", "clang".to_owned()),
    ] {
        this.set(name, &value);
    }
    this
}

#[test]
fn columns_that_move_count_where_the_code_asks_for_them() {
    let this = with_toolkit();
    this.write("kernels/k.cu", "entry k\n__builtin_COLUMN()\nplain\n");
    this.build().unwrap();
    this.write("kernels/k.cu", "entry k\n  __builtin_COLUMN()\nplain\n");
    assert!(ptx(&this.build().unwrap(), "kernels/k.cu").contains("// 3\n"));
    this.write("kernels/k.cu", "entry k\nplain\n");
    this.build().unwrap();
    this.log();
    this.write("kernels/k.cu", "entry k\n  plain\n");
    this.build().unwrap();
    assert_eq!(this.log(), ["preprocess kernels/k.cu sm_80"]);
}

#[test]
fn clang_gets_the_headers_and_libdevice_of_the_toolkit() {
    let mut this = with_toolkit();
    let path = format!("{:?}", format!("--cuda-path={}", this.path("cuda").display()));
    for (mode, toolkit, helped) in [("", true, false), ("later", true, true), ("much-later", false, false)] {
        this.set("FAKE_MODE", mode);
        // Another version of the toolkit is asked again.
        fs::write(this.path("cuda/include/cuda_runtime_api.h"), mode).unwrap();
        let text = ptx(&this.build().unwrap(), "kernels/k.cu");
        assert_eq!(text.contains(&path), toolkit, "{mode}: {text}");
        assert_eq!(text.contains("-nocudainc"), !toolkit, "{mode}: {text}");
        assert_eq!(text.contains("-idirafter"), helped, "{mode}: {text}");
    }
    // Why it does without is said where a source is refused.
    this.write("kernels/k.cu", "#error no\n");
    let error = this.build().unwrap_err().to_string();
    assert!(
        error.contains("install a clang that can read the CUDA toolkit in")
            && error.contains("texture_fetch_functions.h"),
        "{error}"
    );
}

#[test]
fn another_libdevice_counts() {
    let this = with_toolkit();
    this.build().unwrap();
    this.log();
    fs::write(this.path("cuda/nvvm/libdevice/libdevice.10.bc"), "two").unwrap();
    this.build().unwrap();
    assert!(this.log().contains(&"compile kernels/k.cu sm_80".to_owned()));
}
