//! Discovery over file systems that exist only here, and over the real one.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use gate_build::{Env, Files, Os, Toolkit};

/// A file system that holds just these files.
struct Paper(BTreeSet<PathBuf>);

impl Files for Paper {
    fn is_file(&self, path: &Path) -> bool {
        self.0.contains(path)
    }

    fn entries(&self, directory: &Path) -> Vec<OsString> {
        let names: BTreeSet<OsString> = self
            .0
            .iter()
            .filter_map(|file| file.strip_prefix(directory).ok()?.components().next())
            .map(|name| name.as_os_str().to_owned())
            .collect();
        // Directories come in no particular order.
        names.into_iter().rev().collect()
    }
}

fn discover(os: Os, variables: &[(&str, &str)], files: &[&str]) -> Toolkit {
    let files = Paper(files.iter().map(PathBuf::from).collect());
    Toolkit::discover(&Env::new(os, variables.iter().copied(), files))
}

fn path(text: &str) -> Option<PathBuf> {
    Some(PathBuf::from(text))
}

fn search_path(directories: &[&str]) -> String {
    let joined = std::env::join_paths(directories).expect("no separator in these names");
    joined.into_string().expect("these names are UTF-8")
}

#[test]
fn a_machine_without_cuda_has_nothing_and_says_where_it_looked() {
    let toolkit = discover(
        Os::Linux,
        &[("PATH", &search_path(&["/usr/bin", "/bin"]))],
        &["/usr/bin/cc"],
    );
    assert_eq!(
        (&toolkit.nvcc, &toolkit.ptxas, &toolkit.clang, &toolkit.nvrtc),
        (&None, &None, &None, &None)
    );
    for file in [
        "/usr/bin/nvcc",
        "/usr/local/cuda/bin/nvcc",
        "/opt/cuda/bin/ptxas",
        "/bin/clang",
    ] {
        assert!(toolkit.searched.contains(&PathBuf::from(file)), "{file}");
    }
    let once: BTreeSet<_> = toolkit.searched.iter().collect();
    assert_eq!(once.len(), toolkit.searched.len(), "nothing is listed twice");
}

#[test]
fn without_any_variable_the_usual_places_remain() {
    let toolkit = discover(
        Os::Linux,
        &[],
        &[
            "/opt/cuda/bin/nvcc",
            "/opt/cuda/bin/ptxas",
            "/opt/cuda/lib64/libnvrtc.so.12",
        ],
    );
    assert_eq!(toolkit.nvcc, path("/opt/cuda/bin/nvcc"));
    assert_eq!(toolkit.ptxas, path("/opt/cuda/bin/ptxas"));
    assert_eq!(toolkit.nvrtc, path("/opt/cuda/lib64/libnvrtc.so.12"));
}

#[test]
fn declared_roots_go_before_path_in_their_order() {
    let files = ["/a/bin/nvcc", "/b/bin/nvcc", "/c/bin/nvcc", "/p/nvcc"];
    let p = search_path(&["/p"]);
    let all = [
        ("CUDA_ROOT", "/c"),
        ("PATH", &p),
        ("CUDA_PATH", "/b"),
        ("CUDA_HOME", "/a"),
    ];
    assert_eq!(discover(Os::Linux, &all, &files).nvcc, path("/a/bin/nvcc"));
    assert_eq!(discover(Os::Linux, &all[..3], &files).nvcc, path("/b/bin/nvcc"));
    assert_eq!(discover(Os::Linux, &all[..2], &files).nvcc, path("/c/bin/nvcc"));
    assert_eq!(discover(Os::Linux, &all[1..2], &files).nvcc, path("/p/nvcc"));
}

#[test]
fn nvcc_named_outright_is_not_replaced_by_another_one() {
    let files = ["/a/bin/nvcc", "/p/nvcc-12"];
    let p = search_path(&["/p"]);
    let env = |nvcc: &'static str| vec![("NVCC", nvcc), ("CUDA_HOME", "/a"), ("PATH", p.as_str())];
    assert_eq!(
        discover(Os::Linux, &env("/a/bin/nvcc"), &files).nvcc,
        path("/a/bin/nvcc")
    );
    assert_eq!(discover(Os::Linux, &env("nvcc-12"), &files).nvcc, path("/p/nvcc-12"));
    let missing = discover(Os::Linux, &env("/elsewhere/nvcc"), &files);
    assert_eq!(missing.nvcc, None);
    assert_eq!(missing.searched.first(), path("/elsewhere/nvcc").as_ref());
    assert_eq!(
        discover(Os::Linux, &env(""), &files).nvcc,
        path("/a/bin/nvcc"),
        "empty is unset"
    );
}

#[test]
fn parts_of_one_installation_are_taken_together() {
    let toolkit = discover(
        Os::Linux,
        &[("PATH", &search_path(&["/old", "/new/bin"]))],
        &[
            "/old/ptxas",
            "/new/bin/nvcc",
            "/new/bin/ptxas",
            "/new/lib64/libnvrtc.so",
        ],
    );
    assert_eq!(toolkit.nvcc, path("/new/bin/nvcc"));
    assert_eq!(toolkit.ptxas, path("/new/bin/ptxas"));
    assert_eq!(toolkit.nvrtc, path("/new/lib64/libnvrtc.so"));
}

#[test]
fn the_newest_installation_wins_by_number_not_by_text() {
    let toolkit = discover(
        Os::Linux,
        &[],
        &[
            "/usr/local/cuda-9.2/bin/nvcc",
            "/usr/local/cuda-12.4/bin/nvcc",
            "/usr/local/cuda-12.10/bin/nvcc",
            "/usr/local/cuda-samples/bin/nvcc",
            "/usr/lib/llvm-9/bin/clang",
            "/usr/lib/llvm-18/bin/clang",
        ],
    );
    assert_eq!(toolkit.nvcc, path("/usr/local/cuda-12.10/bin/nvcc"));
    assert_eq!(toolkit.clang, path("/usr/lib/llvm-18/bin/clang"));
}

#[test]
fn windows_has_its_own_names_and_ignores_the_case_of_variables() {
    let cuda = "/Program Files/NVIDIA GPU Computing Toolkit/CUDA";
    let files: Vec<String> = [
        "v12.4/bin/nvcc.exe",
        "v13.0/bin/nvcc.exe",
        "v13.0/bin/x64/nvrtc64_130_0.alt.dll",
        "v13.0/bin/x64/nvrtc64_130_0.dll",
    ]
    .iter()
    .map(|file| format!("{cuda}/{file}"))
    .collect();
    let files: Vec<&str> = files.iter().map(String::as_str).chain(["/llvm/clang.exe"]).collect();
    let variables = [("PROGRAMFILES", "/Program Files"), ("Path", "/llvm")];
    let toolkit = discover(Os::Windows, &variables, &files);
    assert_eq!(toolkit.nvcc, path(&format!("{cuda}/v13.0/bin/nvcc.exe")));
    assert_eq!(toolkit.nvrtc, path(&format!("{cuda}/v13.0/bin/x64/nvrtc64_130_0.dll")));
    assert_eq!(toolkit.clang, path("/llvm/clang.exe"));
    assert_eq!(
        discover(Os::Linux, &variables, &files).clang,
        None,
        "`Path` is another variable there"
    );
}

#[test]
fn macos_finds_homebrews_clang() {
    let toolkit = discover(Os::MacOs, &[], &["/opt/homebrew/opt/llvm/bin/clang"]);
    assert_eq!(toolkit.clang, path("/opt/homebrew/opt/llvm/bin/clang"));
    assert_eq!(toolkit.nvcc, None);
}

#[test]
fn the_real_disk_is_searched_too() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let bin = root.path().join("bin");
    std::fs::create_dir(&bin).expect("a directory");
    let name = format!("nvcc{}", std::env::consts::EXE_SUFFIX);
    std::fs::write(bin.join(&name), "").expect("a file");
    let env = Env::new(Os::host(), [("CUDA_HOME", root.path())], gate_build::Disk);
    assert_eq!(Toolkit::discover(&env).nvcc, Some(bin.join(&name)));
}

#[test]
fn values_of_variables_stay_out_of_debug_output() {
    let env = Env::new(Os::Linux, [("TOKEN", "hunter2")], Paper(BTreeSet::new()));
    let text = format!("{env:?}");
    assert!(text.contains("TOKEN") && !text.contains("hunter2"), "{text}");
}

#[test]
fn pips_packages_are_found_behind_everything_else() {
    let environment = "/home/u/env/lib/python3.12/site-packages/nvidia";
    let files = [
        &*format!("{environment}/cu12/bin/nvcc"),
        &*format!("{environment}/cu13/bin/nvcc"),
        &*format!("{environment}/cu13/bin/ptxas"),
        &*format!("{environment}/cu13/lib/libnvrtc.so.13"),
        &*format!("{environment}/cudnn/lib/libcudnn.so.9"),
    ];
    let found = discover(Os::Linux, &[("VIRTUAL_ENV", "/home/u/env")], &files);
    assert_eq!(found.nvcc, path(files[1]));
    assert_eq!(found.ptxas, path(files[2]));
    assert_eq!(found.nvrtc, path(files[3]));

    // The interpreter on PATH leads to them as well; an installation of the system goes first.
    let mut more = files.to_vec();
    more.extend(["/home/u/env/bin/python3", "/usr/local/cuda/bin/nvcc"]);
    let found = discover(Os::Linux, &[("PATH", "/home/u/env/bin")], &more);
    assert_eq!(found.nvcc, path("/usr/local/cuda/bin/nvcc"));
    assert_eq!(found.nvrtc, path(files[3]));

    let split = "/env/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12";
    let found = discover(Os::Linux, &[("CONDA_PREFIX", "/env")], &[split]);
    assert_eq!(found.nvrtc, path(split));
}
