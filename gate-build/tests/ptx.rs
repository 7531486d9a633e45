//! PTX that compilers wrote: nvcc 13.5 and NVRTC 13.5 of `ptx/kinds.cu` (nvcc also with `-lineinfo` for `sm_90a`), clang 19 and rustc 1.96 of
//! similar kernels.

use gate_build::ptx::access::accesses;
use gate_build::ptx::mix::{Class, Mix};
use gate_build::ptx::{Linkage, Module, Roots, normalise};

const NVCC: &str = include_str!("ptx/nvcc.ptx");
const NVCC_LINEINFO: &str = include_str!("ptx/nvcc_lineinfo.ptx");
const NVRTC: &str = include_str!("ptx/nvrtc.ptx");
const CLANG: &str = include_str!("ptx/clang.ptx");
const RUSTC: &str = include_str!("ptx/rustc.ptx");

/// What a module declares, one line for each entry.
fn summary(text: &str) -> String {
    let module = Module::parse(text).expect("no surprise in a test");
    let mut lines = vec![format!("{} {} {}", module.version, module.target, module.address_size)];
    for entry in &module.entries {
        let params: Vec<String> = entry.params.iter().map(|param| param.ty.to_string()).collect();
        let performance = &entry.performance;
        let mut line = format!("{}({})", entry.name, params.join(", "));
        if let Some(ntid) = performance.max_ntid {
            line += &format!(" maxntid {ntid:?}");
        }
        if let Some(blocks) = performance.min_blocks {
            line += &format!(" minnctapersm {blocks}");
        }
        lines.push(line);
    }
    lines.join("\n")
}

const KINDS: &str = "scale_rows(u64, u64, align 8 b8[24], u32) maxntid [256, 1, 1] minnctapersm 2
_Z4fillIdEvPT_S0_i(u64, f64, u32)
_Z4fillIhEvPT_S0_i(u64, u8, u32)
count(u64, u64, u8)
nothing()";

#[test]
fn entries_of_every_compiler_are_read() {
    assert_eq!(summary(NVCC), format!("9.5 sm_80 64\n{KINDS}"));
    assert_eq!(summary(NVCC_LINEINFO), format!("9.5 sm_90a 64\n{KINDS}"));
    assert_eq!(summary(NVRTC), format!("9.5 sm_80 64\n{KINDS}"));
    assert_eq!(
        summary(CLANG),
        "7.0 sm_80 64\nscale(u64, u64, align 8 b8[24], u32) maxntid [128, 1, 1]"
    );
    assert_eq!(
        summary(RUSTC),
        "7.0 sm_80 64\naxpy(u32, f32, u64 ptr align 1, u64 ptr align 1, align 8 b8[24])"
    );
}

#[test]
fn every_entry_is_found_and_functions_are_kept_apart() {
    for text in [NVCC, NVCC_LINEINFO, NVRTC, CLANG, RUSTC] {
        let module = Module::parse(text).unwrap();
        assert_eq!(module.entries.len(), text.matches(".entry ").count());
        for entry in &module.entries {
            assert_eq!(
                entry.linkage,
                if entry.name.starts_with("_Z") {
                    entry.linkage
                } else {
                    Linkage::Visible
                }
            );
            let line = text.lines().nth(entry.line - 1).unwrap();
            assert!(line.contains(&format!(".entry {}", entry.name)), "{line}");
            let last = text[entry.body.clone()]
                .lines()
                .rfind(|line| line.trim_start().starts_with("ret;"));
            assert!(last.is_some(), "{}", entry.name);
        }
    }
    assert_eq!(Module::parse(NVCC).unwrap().functions.len(), 1);
}

#[test]
fn what_a_kernel_writes_to_is_found() {
    let written = |text: &str, name: &str| -> Vec<bool> {
        let module = Module::parse(text).unwrap();
        let found = accesses(text, module.entry(name).unwrap());
        found.iter().map(|access| access.written_at.is_some()).collect()
    };
    assert_eq!(written(NVCC, "scale_rows"), [false, true, false, false]);
    assert_eq!(written(NVRTC, "count"), [false, true, false]);
    assert_eq!(written(CLANG, "scale"), [false, true, false, false]);
    assert_eq!(written(RUSTC, "axpy"), [false, false, false, true, false]);
}

#[test]
fn every_instruction_has_a_class() {
    for text in [NVCC, NVCC_LINEINFO, NVRTC, CLANG, RUSTC] {
        let module = Module::parse(text).unwrap();
        for (name, mix) in Mix::of_module(text, &module) {
            assert_eq!(mix.classes.get(&Class::Other), None, "{name}: {:?}", mix.opcodes);
            assert!(mix.total() > 0, "{name}");
        }
    }
}

#[test]
fn the_directory_of_a_build_does_not_show_after_normalisation() {
    let moved = |text: &str| {
        let text = text
            .replace("a9f8d8de", "0e0ae83f")
            .replace("/home/dev/my crate/", "/build/7/");
        // The hash as bytes of debug information, where `d`, `e` and `f` have three digits.
        text.replace("97,57,102,56,100,56,100,101", "48,101,48,97,101,56,51,102")
    };
    for (text, root) in [
        (NVCC, "/home/dev"),
        (NVCC_LINEINFO, "/home/dev/my crate"),
        (NVRTC, "/home/dev"),
    ] {
        let here = normalise(text, &Roots::new([root]));
        let there = normalise(&moved(text), &Roots::new(["/build/7"]));
        assert_eq!(here, there);
        assert!(!here.contains("/home/dev/my crate"));
        assert_eq!(summary(&here), summary(text), "it is the same module");
    }
    assert_ne!(moved(NVCC_LINEINFO), NVCC_LINEINFO, "the test moves something");
}

#[test]
fn a_text_that_is_cut_anywhere_is_an_error_or_has_fewer_entries() {
    let whole = Module::parse(NVCC).unwrap();
    for end in (0..NVCC.len()).filter(|end| NVCC.is_char_boundary(*end)) {
        if let Ok(cut) = Module::parse(&NVCC[..end]) {
            assert!(cut.entries.len() <= whole.entries.len());
            assert_eq!(cut.entries, whole.entries[..cut.entries.len()]);
        }
    }
    let last = &whole.entries[whole.entries.len() - 1];
    let error = Module::parse(&NVCC[..last.body.end]).unwrap_err();
    assert_eq!(
        error.message,
        format!(
            "unexpected end of text inside entry `nothing`, opened on line {}: the text is truncated",
            last.line + 1
        )
    );
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let header = ".version 8.0\n.target sm_80\n.address_size 64\n";
    for (text, message) in [
        ("", "line 1: missing `.version`: the text is not a PTX module"),
        ("hello", "line 1: expected a directive, found `hello`"),
        ("\u{7f}ELF", "line 1: expected a directive, found `\\u{7f}`"),
        (
            ".version eight\n",
            "line 1: invalid PTX version `eight`: expected one such as `8.7`",
        ),
        (
            ".version 8.0\n.target gfx90a\n",
            "line 2: expected an architecture such as `sm_80` or `sm_90a`, found `gfx90a`",
        ),
        (
            ".version 8.0\n",
            "line 1: missing `.target`: the text is not a PTX module",
        ),
        (
            "HEADER.entry k(.param .u31 a) {}",
            "line 4: `.u31` is not a parameter type",
        ),
        ("HEADER.entry k(.param a) {}", "line 4: parameter `a` has no type"),
        (
            "HEADER.entry k(.param .align 3 .b8 a[3]) {}",
            "line 4: invalid alignment 3: expected a power of two",
        ),
        (
            "HEADER.entry k(.param .b8 a[70000][70000]) {}",
            "line 4: parameter `a` is larger than 4 GiB",
        ),
        (
            "HEADER.entry k() {}\n.entry k() {}",
            "line 5: entry `k` is defined twice",
        ),
        (
            "HEADER.entry k()\n.maxfoo 3 {}",
            "line 5: unsupported directive `.maxfoo` in the header of entry `k`",
        ),
        ("HEADER.entry k()\n/* never closed", "line 5: unterminated comment"),
        ("HEADER.entry k() { .pragma \"open;\n}", "line 4: unterminated string"),
    ] {
        let text = text.replace("HEADER", header);
        assert_eq!(
            Module::parse(&text).map_err(|error| error.to_string()),
            Err(message.to_string()),
            "{text}"
        );
    }
}

#[test]
fn rare_forms_are_read() {
    let text = "\
/* a comment { */ .version 8.7 // { \"
.target sm_100a, debug
.address_size 64
.file 1 \"a { b.cu\", 1700000000, 12
@@DWARF .section .debug_abbrev {
.extern .func (.param .b32 r) f (.param .b64 p) .noreturn;
.alias g, f;
.global .texref t;
.visible .global .align 8 .u64 initialised[2] = {f, 0};
.section .debug_str { .b8 1, 2 }
.weak .entry k(
  .param .u64 .ptr .global .align 16 a,
  .param .u64 .ptr .shared b,
  .param .b64 .ptr c,
  .param .f32 d[2][3],
  .param .texref e,
  .param .align 16 .b8 f[0x20],
  .param .align 8 .u32 g,
  .param .b128 h
)
.reqntid 16, 8
.maxnreg 64
.reqnctapercluster 2
.explicitcluster
.pragma \"nounroll\";
{
  .pragma \"} unbalanced\";
  // }
  { mov.b64 {%r1, %r2}, %rd1; } /* } */
  ret;
}
.entry declared_only();
";
    let module = Module::parse(text).unwrap();
    assert_eq!(module.target.to_string(), "sm_100a");
    let [entry] = module.entries.as_slice() else {
        panic!("{:?}", module.entries)
    };
    assert_eq!((entry.linkage, entry.line), (Linkage::Weak, 11));
    let params: Vec<String> = entry.params.iter().map(|param| param.ty.to_string()).collect();
    assert_eq!(
        params,
        [
            "u64 ptr global align 16",
            "u64 ptr shared",
            "b64 ptr",
            "f32[6]",
            "texref",
            "align 16 b8[32]",
            "align 8 u32[1]",
            "b128"
        ]
    );
    assert_eq!(entry.param_bytes(), 128);
    assert_eq!(entry.performance.req_ntid, Some([16, 8, 1]));
    assert_eq!(entry.performance.max_threads(), Some(128));
    assert_eq!(entry.performance.req_cluster, Some([2, 1, 1]));
    assert_eq!(entry.performance.max_registers, Some(64));
    assert!(text[entry.body.clone()].ends_with("ret;\n"));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[ -~\\n\u{e9}]{0,200}") {
        let _ = Module::parse(&text);
        let _ = normalise(&text, &Roots::new(["/home"]));
    }

    #[test]
    fn no_arrangement_of_directives_panics(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                ".version", "8.0", ".target", "sm_80", ".entry", "k", "(", ")", "{", "}", ".param", ".u64", ".ptr", ".align", "8", "[", "]",
                ",", ";", "\"", "/*", "*/", "//", "\n", ".func", ".section", ".file", ".b8", "= {", "] = {", ".maxntid", ".pragma", "%p", "@",
            ]),
            0..60,
        )
    ) {
        let text = words.join(" ");
        if let Ok(module) = Module::parse(&text) {
            for entry in &module.entries {
                let _ = Mix::of(&text, entry);
                let _ = accesses(&text, entry);
            }
        }
        let once = normalise(&text, &Roots::new(["/home"]));
        proptest::prop_assert_eq!(&normalise(&once, &Roots::new(["/home"])), &once);
    }
}
