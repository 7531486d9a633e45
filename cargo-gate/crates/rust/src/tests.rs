//! The scan on small texts: what panics, which error enums there are, what makes their variants, what is deprecated.

use proptest::prelude::*;

use super::testing::library;
use crate::code::scan::scan_file;

/// One line per place: place, kind, flag, item.
fn panics(text: &str) -> String {
    let sites = scan_file(text.as_bytes()).panics;
    let lines = sites.iter().map(|site| {
        let flag = if site.in_macro { " macro" } else { "" };
        format!("{}:{} {}{flag} in {}", site.line, site.column, site.kind, site.item)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_kind_of_place() {
    insta::assert_snapshot!(panics(r#"
fn calls(x: Option<u8>, y: Result<u8, u8>) {
    x.unwrap(); y.unwrap_err(); x.expect("x"); y.expect_err("y");
    x.map(Option::unwrap); Result::<u8, u8>::expect(y, "z");
    panic!("a"); std::unreachable!(); todo! {} unimplemented!["b"];
}
impl A {
    fn index(&self) { self.a[0]; a()[1]; a[0][1]; "text"[1..]; self.0[2]; a?[..3]; r#in[0]; x.await[4]; v![0][5]; }
    fn more(&self) { assert_eq!(a[0], 1); (a)[i]; let x = unsafe { y }[0]; }
}
macro_rules! m { ($x:expr) => { $x.unwrap(); $x[0] } }
static LAZY: LazyLock<u8> = LazyLock::new(|| x.unwrap());
thread_local! { static LOCAL: u8 = x.unwrap(); }
"#), @"
    3:7 unwrap in calls
    3:19 unwrap in calls
    3:35 expect in calls
    3:50 expect in calls
    4:19 unwrap in calls
    4:46 expect in calls
    5:5 panic in calls
    5:23 unreachable in calls
    5:39 todo in calls
    5:48 unimplemented in calls
    8:29 indexing in A::index
    8:37 indexing in A::index
    8:43 indexing in A::index
    8:46 indexing in A::index
    8:57 indexing in A::index
    8:70 indexing in A::index
    8:88 indexing in A::index
    8:100 indexing in A::index
    8:110 indexing in A::index
    9:34 indexing macro in A::more
    9:46 indexing in A::more
    9:71 indexing in A::more
    11:36 unwrap macro in m!
    11:48 indexing macro in m!
    12:48 unwrap in LAZY
    13:38 unwrap macro in LOCAL
    ");
}

#[test]
fn what_only_looks_like_a_place() {
    insta::assert_snapshot!(panics(r####"
//! x.unwrap() panic!()
#![doc = "a[0]"]
use std::panic; use a::{unwrap, expect};
fn none(x: &[u8], y: &'static [u8], z: &mut [u8]) -> [u8; 2] {
    x.unwrap_or(1); x.unwrap_or_else(f); x.unwrap(1); x.expect(); unwrap(); std::panic::catch_unwind(f); x.unwrap;
    let [a, b] = c; let v = vec![1, 2]; for [a] in [[1]] {} match x { [a] | [b, ..] => [1], _ => return [2] };
    x[..]; if a {} [1].iter(); m! { a } [1]; #[cfg(unix)] [1].iter(); break [1]; y as [u8; 2]; assert!(a); debug_assert!(b);
    json_internal!(@array [$x] y[a b] z[1, 2] w[] v[a => b]);
    let s = "x.unwrap()"; quote! { #x.unwrap() }; const { panic!("at compile time") }
}
struct S(pub [u8; 2], pub(crate) [u8; 3]); enum E { A([u8; 1]) } impl T for [u8] {}
const C: u8 = { let x = [1, 2]; x[0] }; static D: u8 = X.unwrap(); const _: () = panic!();
macro_rules! m { ($x:ident [ $($y:tt)* ]) => { #[$meta] [$ty] $($y)* [u8]; m!($x [$($y)*]) }; }
#[cfg(test)] mod tests { fn t() { x.unwrap(); a[0]; panic!() } }
#[test] fn t() { x.unwrap(); }
"####), @"");
}

#[test]
fn error_enums_and_what_makes_them() {
    let scan = scan_file(
        br#"
pub enum ParseError { Empty, #[cfg(test)] Hidden, Bad(u8, String), At { line: u8 } }
#[derive(Debug, thiserror::Error)]
pub enum Failure { #[error("io")] Io(#[from] io::Error), Other = 1 }
pub enum Problem { A }
impl std::error::Error for Problem {}
enum PrivateError { A }
pub(crate) enum InnerError { A }
impl Failure { fn new() -> Self { Self::Other } }
fn makes() -> Result<(), ParseError> {
    if x { return Err(ParseError::Empty); }
    y.map_err(|e| error::ParseError::Bad(e, s)).ok_or(ParseError::At { line: 1 })?;
    z.map_err(Failure::Io)
}
fn only_asks(x: ParseError) -> bool {
    use ParseError::Empty;
    match x { ParseError::Empty | ParseError::Bad(..) => 1, ParseError::At { line } if line > 1 => 2 };
    if let Err(ParseError::Empty) = y {} let ParseError::Bad(a, b) = x else { return };
    matches!(x, ParseError::Empty | ParseError::Bad(..)) || x == ParseError::Empty || ParseError::Empty != x;
    match y { Some(Wrapped { kind: ParseError::Empty }) => {} (ParseError::Empty, _) => {} }
    ParseError::default(); ParseError::Item::<u8>::new()
}
#[cfg(test)] mod tests { fn t() { ParseError::Empty; } }
"#,
    );
    let mut said = String::new();
    for found in &scan.enums {
        let variants: Vec<String> = found
            .variants
            .iter()
            .map(|variant| {
                format!(
                    "{}:{}{}",
                    variant.line,
                    variant.name,
                    if variant.derived { " derived" } else { "" }
                )
            })
            .collect();
        said += &format!(
            "{} {} {}: {}\n",
            found.line,
            found.name,
            found.is_error,
            variants.join(", ")
        );
    }
    said += &format!("implement Error: {}\n", scan.error_impls.join(", "));
    for mention in &scan.mentions {
        said += &format!("{} makes {}::{}\n", mention.line, mention.of, mention.variant);
    }
    insta::assert_snapshot!(said, @"
    2 ParseError true: 2:Empty, 2:Bad, 2:At
    4 Failure true: 4:Io derived, 4:Other
    5 Problem false: 5:A
    implement Error: Problem
    9 makes Failure::Other
    11 makes ParseError::Empty
    12 makes ParseError::Bad
    12 makes ParseError::At
    13 makes Failure::Io
    ");
}

#[test]
fn public_items_that_go_away() {
    let scan = scan_file(
        br#"
#[deprecated(since = "1.2.0", note = "use b")] #[inline] pub const unsafe extern "C" fn a() {}
#[deprecated] pub(crate) fn inner() {}
#[deprecated] fn private() {}
pub mod m { #[must_use] #[deprecated = "x"] pub struct S { #[deprecated] pub field: u8, #[deprecated] other: u8 } }
impl S { #[deprecated] pub fn method() {} #[deprecated] fn hidden() {} }
pub trait T { #[deprecated] fn required(); }
pub enum E { #[deprecated] Variant, Kept }
#[deprecated] pub static X: u8 = 1;
#[cfg(test)] mod tests { #[deprecated] pub fn t() {} }
#[allow(deprecated)] pub fn kept() {}
"#,
    );
    let lines = scan
        .deprecated
        .iter()
        .map(|found| format!("{} {} {:?}", found.line, found.item, found.since));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    2 a Some("1.2.0")
    5 m::S None
    5 m::S::field None
    6 S::method None
    7 T::required None
    8 E::Variant None
    9 X None
    "#);
}

#[test]
fn a_library_is_what_its_modules_reach() {
    let survey = library(&[
        (
            "build.rs",
            "#[path = \"src/generate.rs\"] mod generate; fn main() { x.unwrap(); }",
        ),
        ("src/generate.rs", "fn g() { x.unwrap(); }"),
        (
            "src/lib.rs",
            "mod a; #[cfg(test)] mod t; #[path = \"odd.rs\"] mod b; cfg_x! { pub mod shared; }",
        ),
        ("src/a.rs", "pub mod deep; fn f() { x.unwrap(); }"),
        ("src/a/deep.rs", "fn f() { x.unwrap(); }"),
        ("src/odd.rs", ""),
        ("src/t.rs", "mod inner;"),
        ("src/t/inner.rs", "fn f() { x.unwrap(); }"),
        ("src/main.rs", "mod cli; mod shared; fn main() { x.unwrap(); }"),
        ("src/cli.rs", "fn f() { x.unwrap(); }"),
        ("src/shared.rs", ""),
        ("src/orphan.rs", "fn f() { x.unwrap(); }"),
        ("tests/t.rs", "fn f() { x.unwrap(); }"),
    ]);
    let files = survey.packages[0]
        .files
        .iter()
        .map(|file| format!("{} {}", file.path, file.module));
    insta::assert_snapshot!(files.collect::<Vec<_>>().join("\n"), @"
    src/a.rs app::a
    src/a/deep.rs app::a::deep
    src/lib.rs app
    src/odd.rs app::b
    src/orphan.rs app
    src/shared.rs app::shared
    ");
    assert!(survey.unreadable.is_empty());
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        scan_file(&bytes);
    }

    #[test]
    fn no_tokens_panic(words in proptest::collection::vec(
        prop_oneof![
            Just("enum"), Just("pub"), Just("E"), Just("::"), Just("["), Just("]"), Just("{"), Just("}"), Just("("),
            Just(")"), Just("#"), Just("!"), Just("deprecated"), Just("impl"), Just("for"), Just("Error"), Just("|"),
            Just("="), Just("=>"), Just("Self"), Just("unwrap"), Just("."), Just("const"), Just("unsafe"), Just("<"),
            Just(">"), Just("Option"), Just("matches"), Just("if"), Just(","), Just("$"), Just("..")
        ],
        0..60,
    )) {
        scan_file(words.join(" ").as_bytes());
    }
}

#[test]
fn files_of_no_library_are_left_out() {
    let survey = library(&[
        ("src/lib.rs", "fn f() { x.unwrap(); }"),
        ("src/macro_names_it.rs", "fn f() { x.unwrap(); }"),
        ("templates/of_another_project.rs", "fn f() { x.unwrap(); }"),
        (
            "tests/t.rs",
            "#[path = \"../src/for_tests.rs\"] mod for_tests; fn f() { x.unwrap(); }",
        ),
        ("src/for_tests.rs", "fn f() { x.unwrap(); }"),
    ]);
    let files = &survey.package("app").expect("the member").files;
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["src/lib.rs", "src/macro_names_it.rs"]);
}

/// What code asks of the system.
mod uses {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let sites = scan_file(text.as_bytes()).uses;
        sites
            .iter()
            .map(|site| format!("{}:{} {} {}", site.line, site.column, site.path.name(), site.what))
            .collect()
    }

    #[test]
    fn uses_are_told_from_types_that_carry_data() {
        let text = "use std::{fs::{self, File}, net::{IpAddr, TcpStream}, process::{self, ExitCode}};
use std::thread;
fn main() {
    process::exit(1);
    let _ = process::Command::new(\"x\");
    thread::sleep(d);
    thread::spawn(|| {});
    let _ = std::env::args();
    let _ = (std::env::var(\"A\"), std::net::Ipv4Addr::LOCALHOST);
    reqwest::get(url);
    my::reqwest::get(url);
}
extern \"C\" { fn f(); }
extern crate alloc;
";
        assert_eq!(
            found(text),
            [
                "1:11 file fs::self",
                "1:29 net net::TcpStream",
                "5:13 process process::Command",
                "7:5 thread thread::spawn",
                "9:19 env env::var",
                "10:5 net reqwest",
                "13:1 ffi extern",
            ]
        );
    }

    #[test]
    fn tests_and_words_of_other_meaning_are_passed_over() {
        let text = "#[cfg(test)]
mod tests {
    use std::fs;
    fn t() { fs::read(\"x\"); }
}
#[test]
fn t() { std::process::Command::new(\"x\"); }
struct Net { net: u8 }
mod notify;
pub use notify::Notify;
fn f(env: &Env) { env.var(\"A\"); let s = \"std::fs::read\"; /* fs::read */ }
";
        assert_eq!(found(text), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(fs|net|use|::|\\{|\\}|,|extern|\"C\"|[a-z ]|\\PC){0,40}") {
            scan_file(text.as_bytes());
        }
    }
}
