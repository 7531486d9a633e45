//! Source maps of PTX that compilers wrote: nvcc 13.5 with `-lineinfo`, clang 19 with `-gline-directives-only`, rustc 1.96 with
//! `-Cdebuginfo=line-directives-only`.

use gate_build::ptx::source_map::{NoPosition, SourceMap};
use gate_build::ptx::{Roots, normalise};
use proptest::prelude::*;

const NVCC: &str = include_str!("ptx/nvcc_lineinfo.ptx");
const NVCC_WITHOUT: &str = include_str!("ptx/nvcc.ptx");
const CLANG: &str = include_str!("ptx/clang_lineinfo.ptx");
const RUSTC: &str = include_str!("ptx/rustc_lineinfo.ptx");

fn map(text: &str, root: &str) -> SourceMap {
    SourceMap::parse(text, &Roots::new([root])).expect("no surprise in a test")
}

/// 1-based line of the first line that contains the text.
fn line_of(text: &str, wanted: &str) -> usize {
    1 + text
        .lines()
        .position(|line| line.contains(wanted))
        .expect("it is there")
}

fn at(map: &SourceMap, line: usize) -> String {
    match map.position(line) {
        Ok(position) => position.to_string(),
        Err(reason) => reason.id().to_owned(),
    }
}

#[test]
fn nvcc_says_where_code_comes_from() {
    let map = map(NVCC, "/home/dev/my crate");
    assert_eq!(Vec::from_iter(map.files()), ["kernels/kinds.cu"]);
    let entry = line_of(NVCC, ".visible .entry scale_rows");
    assert_eq!(at(&map, entry), "no_instruction");
    assert_eq!(
        at(&map, entry + 8),
        "no_line_info",
        "a register before the first `.loc`"
    );
    assert_eq!(at(&map, 55), "kernels/kinds.cu:7");
    assert_eq!(at(&map, 66), "kernels/kinds.cu:9:5");
    assert_eq!(at(&map, 78), "compiler_generated", "`.loc 1 0 5`");
    // A header of the toolkit that was inlined stands for its call.
    assert_eq!(at(&map, 274), "kernels/kinds.cu:19:5");
    assert_eq!(at(&map, line_of(NVCC, ".debug_str")), "no_instruction");
    assert_eq!(at(&map, 0), "no_such_line");
    assert_eq!(at(&map, NVCC.lines().count() + 1), "no_such_line");
}

#[test]
fn clang_and_rustc_say_it_too() {
    let clang = map(CLANG, "/home/dev/app/");
    assert_eq!(at(&clang, line_of(CLANG, "mul.f32")), "kernels/scale.cu:3:86");
    assert_eq!(clang.lines("kernels/scale.cu", 9), Ok(vec![51..=55]));
    let rustc = map(RUSTC, "/home/dev/app");
    assert_eq!(Vec::from_iter(rustc.files()), ["src/k.rs"]);
    assert_eq!(at(&rustc, line_of(RUSTC, "mul.rn.f32")), "src/k.rs:5:24");
    assert_eq!(at(&rustc, line_of(RUSTC, "max.f32")), "foreign_file");
}

#[test]
fn lookups_in_both_directions_agree() {
    for (text, root) in [
        (NVCC, "/home/dev/my crate"),
        (CLANG, "/home/dev/app"),
        (RUSTC, "/home/dev/app"),
    ] {
        let map = map(text, root);
        assert_eq!(map.iter().count(), text.lines().count());
        let mut mapped = 0;
        for (index, position) in map.iter().enumerate() {
            let Ok(position) = position else { continue };
            let back = map.lines(&position.file, position.line).expect("it is mapped");
            assert!(back.iter().any(|range| range.contains(&(index + 1))), "{position}");
            mapped += 1;
        }
        assert!(mapped > 5, "{mapped}");
    }
}

#[test]
fn inlined_code_counts_for_its_call_as_well() {
    let text = ".version 8.0\n.target sm_80\n.entry k()\n{\n.loc 1 8 5, function_name $S, inlined_at 1 20 1\nadd.s32 %r1, %r1, 1;\n\
                .loc 1 20 1\nret;\n}\n.file 1 \"/r/k.cu\"\n";
    let map = map(text, "/r");
    assert_eq!(at(&map, 6), "k.cu:8:5 inlined at k.cu:20:1");
    assert_eq!(map.lines("k.cu", 8), Ok(vec![5..=6]));
    assert_eq!(map.lines("k.cu", 20), Ok(vec![5..=8]));
}

#[test]
fn lookups_fail_closed() {
    let map = map(NVCC, "/home/dev/my crate");
    assert_eq!(map.lines("kernels/other.cu", 1), Err(NoPosition::UnknownFile));
    assert_eq!(map.lines("kernels/kinds.cu", 9999), Err(NoPosition::NoCode));
    assert_eq!(
        map.lines("/home/dev/my crate/kernels/kinds.cu", 9),
        Err(NoPosition::UnknownFile)
    );
    // Without the root no path is known to be anybody's source.
    let nowhere = SourceMap::parse(NVCC, &Roots::default()).unwrap();
    assert!(nowhere.files().is_empty());
    assert_eq!(at(&nowhere, 66), "foreign_file");
    // What was not compiled with line information has no places at all.
    let without = SourceMap::parse(NVCC_WITHOUT, &Roots::new(["/"])).unwrap();
    assert!(without.iter().all(|position| position.is_err()));
    for (name, coverage) in without.coverage() {
        assert_eq!(coverage.mapped, 0, "{name}");
        assert!(coverage.unmapped[&NoPosition::NoLineInfo] > 0, "{name}");
    }
}

#[test]
fn coverage_counts_instructions_by_reason() {
    let coverage = |text, root| {
        let map = map(text, root);
        let lines: Vec<String> = map
            .coverage()
            .into_iter()
            .map(|(name, coverage)| {
                let unmapped: Vec<String> = coverage
                    .unmapped
                    .iter()
                    .map(|(reason, n)| format!("{} {n}", reason.id()))
                    .collect();
                format!("{name}: {} mapped; {}", coverage.mapped, unmapped.join(", "))
            })
            .collect();
        lines.join("\n")
    };
    assert_eq!(coverage(CLANG, "/home/dev/app"), "k: 8 mapped; compiler_generated 7");
    assert_eq!(
        coverage(RUSTC, "/home/dev/app"),
        "k: 9 mapped; compiler_generated 3, foreign_file 1"
    );
}

#[test]
fn a_normalised_text_has_the_same_map() {
    let roots = Roots::new(["/home/dev/app"]);
    let normal = normalise(CLANG, &roots);
    assert!(normal.contains("\"kernels/scale.cu\""), "{normal}");
    let positions = |text: &str, roots: &Roots| {
        let map = SourceMap::parse(text, roots).unwrap();
        map.iter().map(Result::<&_, _>::cloned).collect::<Vec<_>>()
    };
    assert_eq!(positions(&normal, &Roots::default()), positions(CLANG, &roots));
}

#[test]
fn what_cannot_be_understood_is_an_error() {
    let module =
        |body: &str, after: &str| format!(".version 8.0\n.target sm_80\n.entry k()\n{{\n{body}\nret;\n}}\n{after}\n");
    for (body, after, message) in [
        (".loc 1 2 3", "", "line 5: `.loc` refers to undeclared file 1"),
        (
            ".loc 1 2",
            ".file 1 \"k.cu\"",
            "line 5: malformed `.loc`: expected a file, a line and a column number",
        ),
        (
            ".loc 1 2 -3",
            ".file 1 \"k.cu\"",
            "line 5: malformed `.loc`: expected a file, a line and a column number",
        ),
        (
            ".loc 1 2 3, sideways 7",
            ".file 1 \"k.cu\"",
            "line 5: malformed `.loc`: expected a file, a line and a column number",
        ),
        (
            "ret; .loc 1 2 3",
            ".file 1 \"k.cu\"",
            "line 5: `.loc` must be at the start of its line",
        ),
        (
            "ret;",
            ".file 1 k.cu",
            "line 8: malformed `.file`: expected a number and a quoted path",
        ),
        (
            "ret;",
            ".file 1 \"a.cu\"\n.file 1 \"b.cu\"",
            "line 9: file 1 is declared twice with different paths",
        ),
    ] {
        let found = SourceMap::parse(&module(body, after), &Roots::default()).expect_err(body);
        assert_eq!(found.to_string(), message, "{body}");
    }
    assert!(SourceMap::parse("int main() {}", &Roots::default()).is_err());
}

#[test]
fn comments_and_strings_hide_nothing_and_show_nothing() {
    let text = ".version 8.0\n.target sm_80\n/* { .entry\n.loc 1 1 1\n*/\n.global .align 1 .b8 t[2] = {1, 2};\n.entry k()\n{\n\
                // .loc 1 2 3 }\n/* } */ .loc 1 4 5 // why\nret;\n}\n.file 1 \"k { .cu\"\n";
    // A directive behind a comment is not where compilers write it: it is refused rather than passed over.
    assert_eq!(
        SourceMap::parse(text, &Roots::default()).unwrap_err().to_string(),
        "line 10: `.loc` must be at the start of its line"
    );
    let map = SourceMap::parse(&text.replace("/* } */ ", ""), &Roots::default()).unwrap();
    assert_eq!(at(&map, 4), "no_instruction");
    assert_eq!(at(&map, 9), "no_line_info");
    assert_eq!(at(&map, 11), "k { .cu:4:5");
}

#[test]
fn no_path_of_a_machine_gets_out() {
    let text =
        |path: &str| format!(".version 8.0\n.target sm_80\n.entry k()\n{{\n.loc 1 2 3\nret;\n}}\n.file 1 \"{path}\"\n");
    for (path, found) in [
        ("/home/dev/app/kernels/k.cu", "kernels/k.cu:2:3"),
        ("/home/dev/app/a/../kernels/./k.cu", "kernels/k.cu:2:3"),
        ("C:\\work\\app\\kernels\\k.cu", "kernels/k.cu:2:3"),
        ("kernels/k.cu", "kernels/k.cu:2:3"),
        ("/home/dev/app/../secret/k.cu", "foreign_file"),
        ("../k.cu", "foreign_file"),
        ("/home/dev/apple/k.cu", "foreign_file"),
        ("D:\\k.cu", "foreign_file"),
        ("\\\\server\\k.cu", "foreign_file"),
        ("<stdin>", "foreign_file"),
        ("", "foreign_file"),
    ] {
        let map = SourceMap::parse(&text(path), &Roots::new(["/home/dev/app", "C:\\work\\app"])).unwrap();
        assert_eq!(at(&map, 6), found, "{path}");
    }
}

proptest! {
    /// Whatever is mapped leads back to where it was asked from, and no path is absolute.
    #[test]
    fn any_text_is_mapped_or_refused(parts in proptest::collection::vec(prop::sample::select(vec![
        ".version 8.0\n", ".target sm_80\n", ".entry k", ".entry j", ".func f", "()", "{\n", "}\n", "ret;\n", ".loc 1 2 3\n", ".loc 2 0 0\n", "\"",
        ".loc 1 7 1, function_name $x, inlined_at 2 5 1\n", ".file 1 \"/r/a.cu\"\n", ".file 2 \"/q/b.cu\"\n", "/*", "*/", "// x\n", "\n", ";", "= {",
        ".section .debug_str\n", "@@DWARF {\n", ".b8 1,2\n", "\0", "é",
    ]), 0..60)) {
        let text = parts.concat();
        if let Ok(map) = SourceMap::parse(&text, &Roots::new(["/r"])) {
            for (index, position) in map.iter().enumerate() {
                let Ok(position) = position else { continue };
                prop_assert!(!position.file.starts_with('/'));
                let back = map.lines(&position.file, position.line).unwrap();
                prop_assert!(back.iter().any(|range| range.contains(&(index + 1))));
            }
        }
    }
}
