//! The scan on small texts: what is a site, where, in which item, and with which comment.

use proptest::prelude::*;

use super::scan::{Depth, scan_file};
use super::site::{Safety, Site};

/// One line per site: place, kind, flags, item.
fn scan(text: &str) -> String {
    let line = |site: &Site| {
        let mut line = format!("{}:{} {}", site.line, site.column, site.kind);
        for (flag, name) in [
            (site.in_macro, " macro"),
            (site.test, " test"),
            (site.safety == Safety::Documented, " documented"),
        ] {
            if flag {
                line += name;
            }
        }
        if !site.item.is_empty() {
            line += &format!(" in {}", site.item);
        }
        line
    };
    let scan = scan_file(text.as_bytes(), Depth::Sites);
    scan.sites.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_kind_of_site() {
    insta::assert_snapshot!(scan(r#"
unsafe trait Raw { unsafe fn required(&self); }
unsafe impl<T: Raw> Raw for Vec<T> where T: Copy { unsafe fn required(&self) { unsafe { f() } } }
unsafe extern "C" { safe fn a(); unsafe fn b(); static C: u8; }
extern { fn c(); }
extern "C" fn defined() { core::arch::asm!("nop"); }
#[unsafe(no_mangle)] pub extern "C" fn exported() {}
#[cfg_attr(unix, export_name = "x")] static mut X: u8 = 0;
fn t() { let x: u8 = std::mem::transmute(1i8); let y = transmute::<_, u8>(1i8); list.map(mem::transmute_copy) }
global_asm!("nop");
pub(crate) const unsafe fn r#fn() {}
"#), @r"
    2:1 unsafe_trait in Raw
    2:20 unsafe_fn in Raw::required
    3:1 unsafe_impl in impl Raw for Vec
    3:52 unsafe_fn in Vec::required
    3:80 unsafe_block in Vec::required
    4:1 extern_block
    5:1 extern_block
    6:39 asm in defined
    7:3 unsafe_attribute in exported
    8:18 unsafe_attribute in X
    9:32 transmute in t
    9:56 transmute in t
    9:95 transmute in t
    10:1 asm
    11:18 unsafe_fn in fn
    ");
}

#[test]
fn what_only_looks_like_a_site() {
    insta::assert_snapshot!(scan(r####"#!/usr/bin/env unsafe { }
//! unsafe { }
/* unsafe { /* nested unsafe { */ } */
type P = unsafe fn(u8); type Q = for<'a> unsafe extern "C" fn(&'a u8);
const S: &str = "unsafe { }"; const R: &str = r##"unsafe { "# }"##; const B: &[u8] = b"unsafe {}"; const C: u8 = b'\'';
fn r#unsafe() { r#unsafe(); let x: &'unsafe u8; }
macro_rules! m { ($(unsafe)? fn $x:ident) => { }; ({ unsafe {} }) => {} }
use std::mem::{transmute, transmute_copy as t};
extern crate core;
fn transmute(x: u8) { value.transmute(x); zerocopy::transmute!(x); other::transmute(x) }
#![forbid(unsafe_code)]
fn keyword(input: ParseStream) { input.peek(Token![unsafe]) }
"####), @"");
}

#[test]
fn macros_are_seen_through() {
    insta::assert_snapshot!(scan(r#"
macro_rules! m { ($unsafe:tt $x:expr) => { unsafe { $x }; fn f() { $unsafe } }; (a) => { #[cfg(test)] mod t { unsafe {} } } }
fn g() { println!("{}", unsafe { 1 }); custom!(unsafe $body) }
fn h() { quote! { unsafe { x } unsafe impl A for B {} } rtquote!(unsafe { x }); let s = stringify!(unsafe { x }); }
cfg_rt! { mod a { pub fn in_macro() { unsafe { 1 } } } }
pub macro decl($unsafe:tt) { unsafe { 1 } }
"#), @"
    2:44 unsafe_block macro in m!
    2:111 unsafe_block macro test in m!
    3:25 unsafe_block macro in g
    3:48 unsafe_token macro in g
    5:39 unsafe_block macro in a::in_macro
    6:30 unsafe_block macro in decl!
    ");
}

#[test]
fn test_code_ends_where_it_ends() {
    insta::assert_snapshot!(scan(r#"
#[cfg(test)] mod tests { fn a() { unsafe {} } }
fn b() { unsafe {} }
#[test] #[ignore] pub(crate) fn c() -> [u8; { 3 }] { unsafe {} }
fn d() {
    #[cfg(test)] let x = S { a: unsafe { 1 } }.a;
    unsafe {}
    #[cfg(test)] if let S { a } = unsafe { f() } { unsafe {} } else { unsafe {} }
    unsafe {}
    match x { #[cfg(test)] A => unsafe { 1 }, B => unsafe { 2 } }
    S { #[cfg(test)] a: unsafe { 1 }, b: unsafe { 2 } }
    #[cfg(test)] call! { unsafe {} }
    unsafe {}
}
mod e { #![cfg(all(test, unix))] fn f() { unsafe {} } }
#[cfg(any(test, feature = "x"))] fn g() { unsafe {} }
#[cfg(not(test))] fn h() { unsafe {} }
#[cfg(test)] use a::b; fn i() { unsafe {} }
#[cfg(test)] impl A<{ 1 }> for B where [u8; { 2 }]: C { fn j() { unsafe {} } } fn k() { unsafe {} }
"#), @r"
    2:35 unsafe_block test in tests::a
    3:10 unsafe_block in b
    4:54 unsafe_block test in c
    6:33 unsafe_block test in d
    7:5 unsafe_block in d
    8:35 unsafe_block test in d
    8:52 unsafe_block test in d
    8:71 unsafe_block test in d
    9:5 unsafe_block in d
    10:33 unsafe_block test in d
    10:52 unsafe_block in d
    11:25 unsafe_block test in d
    11:42 unsafe_block in d
    12:26 unsafe_block macro test in d
    13:5 unsafe_block in d
    15:43 unsafe_block test in e::f
    16:43 unsafe_block in g
    17:28 unsafe_block in h
    18:33 unsafe_block in i
    19:66 unsafe_block test in B::j
    19:89 unsafe_block in k
    ");
}

#[test]
fn safety_comments_are_found_where_people_write_them() {
    let documented = |body: &str| {
        let text = format!("fn f() {{\n    other();\n{body}\n}}\n");
        let scan = scan_file(text.as_bytes(), Depth::Sites);
        let last = scan.sites.last().expect("a site");
        last.safety == Safety::Documented
    };
    for body in [
        "    // SAFETY: x\n    unsafe {}",
        "    // SAFETY: x\n    // and more\n\n    unsafe {}",
        "    // SAFETY: x\n    let x = unsafe { 1 };",
        "    // SAFETY: x\n    #[allow(a)]\n    let x = unsafe { 1 };",
        "    #[allow(a)]\n    // SAFETY: x\n    let x = unsafe { 1 };",
        "    // safety: x\n    return unsafe { 1 };",
        "    other(); // SAFETY: x\n    unsafe {}",
        "    /* SAFETY: x */ unsafe {}",
        "    unsafe {\n        // SAFETY: x\n        g()\n    }",
        "    // SAFETY: x\n    let y = call(1, |a| a, unsafe { 1 }).chain();",
        "    // SAFETY: x\n    let y = S { a: 1, b: unsafe { 1 } };",
        "    let y = a +\n        // SAFETY: x\n        b(unsafe { 1 });",
        "    match x {\n        // SAFETY: x\n        A => unsafe { 1 },\n    }",
        "    match x {\n        A =>\n            // SAFETY: x\n            unsafe { 1 },\n    }",
        "    // SAFETY: x\n    let y = if a { 1 } else { 2 }.max(unsafe { 1 });",
        "    // SAFETY: x\n    const X: u8 = unsafe { 1 };",
        "    // SAFETY: x\n    unsafe impl A for B {}",
        "    // SAFETY: x\n    #[cfg(a)]\n    unsafe impl A for B {}",
        "    /// # Safety\n    /// x\n    #[inline]\n    pub(crate) unsafe fn g() {}",
        "    #[doc = \" # Safety\"]\n    pub(crate) unsafe fn g() {}",
    ] {
        assert!(documented(body), "{body}");
    }
    for body in [
        "    unsafe {}",
        "    // safe enough\n    unsafe {}",
        "    // SAFETY: x\n    unsafe {}\n    unsafe {}",
        "    // SAFETY: x\n    let x = unsafe { 1 };\n    let y = unsafe { 1 };",
        "    match x {\n        // SAFETY: x\n        A => unsafe { 1 },\n        B => unsafe { 1 },\n    }",
        "    // SAFETY: x\n    if a {\n        unsafe {}\n    }",
        "    unsafe {} // SAFETY: too late",
        "    // SAFETY: x\n    fn g() {}\n    unsafe impl A for B {}",
    ] {
        assert!(!documented(body), "{body}");
    }
}

#[test]
fn places_count_characters() {
    assert_eq!(scan("\u{feff}unsafe {}"), "1:1 unsafe_block");
    assert_eq!(
        scan("/*é*/ unsafe {}\r\n\r\n\tunsafe {}"),
        "1:7 unsafe_block\n3:2 unsafe_block"
    );
    assert_eq!(
        scan("---\nunsafe {}\n---\nfn f() { unsafe {} }"),
        "4:10 unsafe_block in f"
    );
    let bytes = b"fn f() { \xff\xfe unsafe {} }";
    assert_eq!(scan_file(bytes, Depth::Sites).sites.len(), 1);
}

fn fragments() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "unsafe",
        "extern",
        "fn",
        "impl",
        "trait",
        "mod",
        "macro_rules",
        "macro",
        "const",
        "static",
        "use",
        "a",
        "r#a",
        "'a",
        "\"s\"",
        "\"C\"",
        "#",
        "!",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "<",
        ">",
        "->",
        "=>",
        "=",
        ":",
        ";",
        ",",
        "$",
        "cfg",
        "test",
        "transmute",
        "asm",
        "//x\n",
        "/*",
        "*/",
        "// SAFETY: x\n",
        "r\"",
        "r#\"",
        "'",
        "\"",
        "if",
        "else",
        "match",
        "let",
        "pub",
        "for",
        "é",
        "\r\n",
        "---\n",
        "#!",
        "b'",
        "\0",
    ]);
    prop::collection::vec(words, 0..80).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        scan_file(&bytes, Depth::Modules);
    }

    #[test]
    fn no_tokens_panic_and_places_ascend(text in fragments()) {
        let scan = scan_file(text.as_bytes(), Depth::Modules);
        let places: Vec<_> = scan.sites.iter().map(|site| (site.line, site.column)).collect();
        prop_assert!(places.is_sorted());
    }

    #[test]
    fn the_prefilter_never_hides_a_site(text in fragments()) {
        let parsed = super::items::parse(&super::tokens::Tokens::new(&text));
        if !super::prefilter::may_hold_boundary(text.as_bytes()) {
            prop_assert!(parsed.sites.is_empty());
        }
    }
}

#[test]
fn blocks_that_bind_to_nothing_native_are_no_boundaries() {
    let sites = |text: &str| scan_file(text.as_bytes(), Depth::Sites).sites.len();
    for text in [
        "extern {}",
        "extern \"C\" {}",
        "sql! { extern \"SQL\" { fn f(); } }",
        "#[wasm_bindgen]\nextern \"C\" { fn alert(text: &str); }",
        "#[wasm_bindgen(module = \"x\")]\n#[doc = \"y\"]\nextern { fn f(); }",
    ] {
        assert_eq!(sites(text), 0, "{text}");
    }
    for text in [
        "extern { fn f(); }",
        "unsafe extern \"C\" { fn f(); }",
        "extern \"C-unwind\" { fn f(); }",
        "extern r\"system\" { fn f(); }",
        "#[link(name = \"x\")]\nextern \"C\" { fn f(); }",
    ] {
        assert_eq!(sites(text), 1, "{text}");
    }
}
