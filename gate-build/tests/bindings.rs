//! The generated module, compiled by rustc against a stand-in of `gate-runtime` with its types.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gate_build::UnitName;
use gate_build::bindings::{Declared, EmbeddedImage, EmbeddedUnit, Encoding, Origin, generate};

/// The types of `gate-runtime` that generated code names.
const RUNTIME: &str = "
#![crate_type = \"rlib\"]
pub struct ModuleImage { pub name: &'static str, pub images: &'static [PtxImage], pub provenance: Provenance }
pub enum Provenance { Built, Locked, Unavailable(&'static str) }
pub struct PtxImage { pub arch: u32, pub isa: (u8, u8), pub ptx: &'static [u8], pub encoding: Encoding, pub sha256: [u8; 32],
    pub entries: &'static [EntryImage] }
pub enum Encoding { Plain, Deflate }
pub struct EntryImage { pub name: &'static str, pub params: &'static [ParamType] }
pub enum Space { Global, Const, Shared, Local }
#[non_exhaustive]
pub enum ParamType { U8, U16, U32, U64, S8, S16, S32, S64, F16, F32, F64, B8, B16, B32, B64, Pred,
    Pointer { space: Option<Space>, align: u32 }, Bytes { size: u32, align: u32 } }
";

struct Project {
    directory: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let it = Self {
            directory: tempfile::tempdir().expect("no surprise in a test"),
        };
        fs::write(it.path("runtime.rs"), RUNTIME).expect("no surprise in a test");
        let (done, log) = it.rustc(&["--crate-name", "gate_runtime", "runtime.rs"]);
        assert!(done, "{log}");
        it
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn rustc(&self, arguments: &[&str]) -> (bool, String) {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc)
            .args(["--edition", "2024", "-L", "."])
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .expect("rustc is part of the toolchain");
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }

    fn unit(&self, name: &str, ptx: &[&str]) -> EmbeddedUnit {
        let images = ptx.iter().enumerate().map(|(index, text)| {
            let file = self.path(&format!("{}.{index}.ptx", name.replace('/', "_")));
            fs::write(&file, text).expect("no surprise in a test");
            EmbeddedImage::new((*text).to_string(), file, Encoding::Plain).expect("no surprise in a test")
        });
        EmbeddedUnit {
            name: UnitName::from(name),
            origin: Origin::Built,
            images: images.collect(),
        }
    }

    /// What rustc says about the generated module with `code` behind it; `Ok` with what the program prints.
    fn run(&self, units: &[EmbeddedUnit], declared: &[Declared], code: &str) -> Result<String, String> {
        fs::write(self.path("kernels.rs"), generate(units, declared)).expect("no surprise in a test");
        let main = format!("#![deny(warnings)]\nmod kernels {{ include!(\"kernels.rs\"); }}\n{code}");
        fs::write(self.path("main.rs"), main).expect("no surprise in a test");
        let program = self.path(if cfg!(windows) { "main.exe" } else { "main" });
        let (done, log) = self.rustc(&[
            "--extern",
            "gate_runtime=libgate_runtime.rlib",
            "-o",
            program.to_str().expect("no surprise in a test"),
            "main.rs",
        ]);
        if !done {
            return Err(log);
        }
        let output = Command::new(program).output().expect("no surprise in a test");
        assert!(output.status.success());
        Ok(String::from_utf8(output.stdout).expect("no surprise in a test"))
    }
}

const NVCC: &str = include_str!("ptx/nvcc.ptx");
const RUSTC: &str = include_str!("ptx/rustc.ptx");

#[test]
fn the_module_embeds_ptx_digests_and_signatures() {
    let project = Project::new();
    let off = EmbeddedUnit {
        name: "kernels/off.cu".into(),
        origin: Origin::Unavailable("no_compiler".to_string()),
        images: Vec::new(),
    };
    let locked = EmbeddedUnit {
        origin: Origin::Locked,
        ..project.unit("../my-kernels", &[RUSTC])
    };
    let units = [project.unit("kernels/kinds.cu", &[NVCC]), locked, off];
    let declared = [
        Declared::new(
            "scale_rows",
            "fn(input: *const f32, output: *mut f32, shape: [u64; 3], flags: u32)",
        )
        .unwrap(),
        Declared::new("axpy", "fn(u32, f32, *const f32, *mut f32, [u64; 3])").unwrap(),
    ];
    let printed = project
        .run(
            &units,
            &declared,
            "const _: () = kernels::kinds::scale_rows::assert_signature::<fn(*const f32, *mut f32, [u64; 3], u32)>();
             const _: () = kernels::kinds::nothing::assert_signature::<fn()>();
             const _: () = kernels::my_kernels::axpy::assert_signature::<fn(u32, f32, *const f32, *mut f32, [u64; 3])>();
             fn main() {
                 for module in kernels::MODULES {
                     let bytes: usize = module.images.iter().map(|image| image.ptx.len()).sum();
                     let entries: Vec<&str> = module.images.iter().flat_map(|image| image.entries).map(|entry| entry.name).collect();
                     println!(\"{} {bytes} {entries:?}\", module.name);
                 }
                 println!(\"{} {}\", kernels::kinds::count::NAME, kernels::kinds::count::ENTRY.params.len());
             }",
        )
        .unwrap();
    assert_eq!(
        printed,
        format!(
            "../my-kernels {} [\"axpy\"]\nkernels/kinds.cu {} [\"scale_rows\", \"_Z4fillIdEvPT_S0_i\", \"_Z4fillIhEvPT_S0_i\", \"count\", \
             \"nothing\"]\nkernels/off.cu 0 []\ncount 3\n",
            RUSTC.len(),
            NVCC.len()
        )
    );
}

#[test]
fn a_contradiction_is_a_compile_error_with_the_name_of_the_kernel() {
    let project = Project::new();
    let units = [project.unit("kernels/kinds.cu", &[NVCC])];
    for (kernel, signature, message) in [
        (
            "scale_rows",
            "fn(*const f32, *mut f32, u32)",
            "kernel `scale_rows` takes 4 parameters, but the signature declares 3",
        ),
        (
            "scale_rows",
            "fn(*const f32, *mut f32, [u64; 3], flags: u64)",
            "kernel `scale_rows`, parameter 4 (`flags`) is declared as `u64`, but the entry takes `u32` (4 bytes)",
        ),
        (
            "scale_rows",
            "fn(*const f32, *const f32, [u64; 3], u32)",
            "kernel `scale_rows`, parameter 2 is declared as `*const f32`, but the kernel writes to it",
        ),
        (
            "scale_row",
            "fn()",
            "a signature is declared for kernel `scale_row`, but no unit has an entry of that name",
        ),
    ] {
        let declared = [Declared::new(kernel, signature).unwrap()];
        let error = project.run(&units, &declared, "fn main() {}").unwrap_err();
        assert!(error.contains(message), "{signature}: {error}");
    }
}

#[test]
fn a_signature_in_the_crate_is_checked_too() {
    let project = Project::new();
    let units = [project.unit("kernels/kinds.cu", &[NVCC])];
    for (signature, message) in [
        ("fn(*const f32)", "kernel `scale_rows` takes 4 parameters"),
        (
            "fn(*const f32, *mut f32, [u64; 2], u32)",
            "kernel `scale_rows`, parameter 3: the entry takes `align 8 b8[24]`, 24 bytes",
        ),
        (
            "fn(*const f32, *mut f32, [u64; 3], f32)",
            "kernel `scale_rows`, parameter 4: the entry takes `u32`, 4 bytes",
        ),
    ] {
        let code =
            format!("const _: () = kernels::kinds::scale_rows::assert_signature::<{signature}>();\nfn main() {{}}");
        let error = project.run(&units, &[], &code).unwrap_err();
        assert!(error.contains(message), "{signature}: {error}");
    }
}

#[test]
fn architectures_that_disagree_about_a_kernel_are_an_error() {
    let project = Project::new();
    let other = NVCC
        .replace("sm_80", "sm_90")
        .replace(".param .u32 scale_rows_param_3", ".param .u64 scale_rows_param_3");
    let units = [project.unit("kernels/kinds.cu", &[NVCC, &other])];
    let error = project.run(&units, &[], "fn main() {}").unwrap_err();
    assert!(
        error.contains("kernel `scale_rows` of `kernels/kinds.cu` takes different parameters for sm_90"),
        "{error}"
    );
}

#[test]
fn the_text_is_the_same_for_the_same_units() {
    let project = Project::new();
    let (a, b) = (project.unit("b/k.cu", &[NVCC]), project.unit("a/k.cu", &[RUSTC]));
    let text = generate(&[a.clone(), b.clone()], &[]);
    assert_eq!(text, generate(&[b, a], &[]));
    assert!(
        text.contains("pub mod a_k_cu {") && text.contains("pub mod b_k_cu {"),
        "equal stems do not collide"
    );
    assert!(Path::new(&project.path("a_k.cu.0.ptx")).exists());
}
