use super::*;

fn interface(files: &[(&str, &str)]) -> Interface {
    let read = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned())
    };
    let mut libraries = vec![Library {
        name: "app".into(),
        root: "src/lib.rs".into(),
    }];
    if files.iter().any(|(path, _)| *path == "core/src/lib.rs") {
        libraries.push(Library {
            name: "app_core".into(),
            root: "core/src/lib.rs".into(),
        });
    }
    Interface::read(&libraries, &read)
}

fn listed(files: &[(&str, &str)]) -> String {
    let items = &interface(files).libraries["app"];
    let line = |item: &Item| {
        let closed = item
            .closed
            .as_ref()
            .map_or(String::new(), |names| format!(" [{}]", names.join(" ")));
        let line = format!("{} {} | {}{closed}", item.kind.word(), item.path, item.signature);
        line.trim_end().to_owned()
    };
    items
        .iter()
        .filter(|item| !item.hidden)
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_can_be_reached_is_listed_under_its_paths() {
    insta::assert_snapshot!(listed(&[
        (
            "src/lib.rs",
            "mod imp; pub mod open; mod shut { pub struct Hidden; }\n\
             pub use imp::{Client as Caller, Kind::*}; pub use app_core::Shared; pub use serde::Serialize;\n\
             pub use self::open::deep::*;\n\
             pub(crate) fn own() {} #[doc(hidden)] pub fn veiled() {} #[cfg(test)] pub mod tests { pub fn t() {} }\n\
             #[macro_export] macro_rules! say { () => {}; }\n\
             cfg_rt! { pub fn run(limit: usize) -> u8 { 1 } }",
        ),
        (
            "src/imp.rs",
            "use std::fmt; #[derive(Clone, std::fmt::Debug)] pub struct Client<'a, T: ?Sized> { pub name: &'a str, inner: T }\n\
             impl<'a, T> Client<'a, T> { pub const fn new(name: &'a str) -> Self { loop {} } fn own(&self) {} }\n\
             impl<T: Copy> Client<'_, T> { pub fn copied(mut self) -> T { loop {} } }\n\
             impl<T> fmt::Display for Client<'_, T> { fn fmt(&self) {} } impl<T> Private for Client<'_, T> {}\n\
             trait Private {} pub enum Kind { One, Two(u8) = 3, Three { x: u8 } }",
        ),
        (
            "src/open.rs",
            "pub mod deep { pub trait Store: Send { type Key; const MAX: u8 = 1; fn get(&self, key: Self::Key) -> u8; fn has(&self) {} }\n\
             pub union Bits { pub a: u8 } pub struct Unit; pub struct Pair(pub u8, pub(crate) u8); }\n\
             pub static mut COUNT: u8 = 1; pub const LIST: &[u8] = &[1, 2]; pub type Alias<T> = Vec<T>;\n\
             extern \"C\" { pub fn raw(x: i32) -> i32; } pub unsafe extern \"C\" fn called() {}",
        ),
        ("core/src/lib.rs", "#[non_exhaustive] pub enum Shared { A, #[doc(hidden)] B }"),
    ]), @r#"
    struct app::Bits | union Bits [a]
    field app::Bits::a | u8
    struct app::Caller | struct Client<T: ?Sized>
    implementation app::Caller | Clone
    implementation app::Caller | Debug
    implementation app::Caller | Display
    function app::Caller::copied | fn copied(self) -> T in impl <T: Copy> Client<T>
    field app::Caller::name | &str
    function app::Caller::new | const fn new(&str) -> Self in impl <T> Client<T>
    variant app::One | One
    struct app::Pair | struct Pair
    field app::Pair::0 | u8
    re-export app::Serialize | serde::Serialize
    enum app::Shared | enum Shared
    variant app::Shared::A | A
    trait app::Store | trait Store: Send [Key get]
    type app::Store::Key | type Key
    constant app::Store::MAX | const MAX: u8
    function app::Store::get | fn get(&self, Self::Key) -> u8
    function app::Store::has | fn has(&self)
    variant app::Three | Three { x: u8 }
    variant app::Two | Two(u8)
    struct app::Unit | struct Unit []
    module app::open |
    type app::open::Alias | type Alias<T> = Vec<T>
    static app::open::COUNT | static mut COUNT: u8
    constant app::open::LIST | const LIST: &[u8]
    function app::open::called | unsafe extern "C" fn called()
    module app::open::deep |
    struct app::open::deep::Bits | union Bits [a]
    field app::open::deep::Bits::a | u8
    struct app::open::deep::Pair | struct Pair
    field app::open::deep::Pair::0 | u8
    trait app::open::deep::Store | trait Store: Send [Key get]
    type app::open::deep::Store::Key | type Key
    constant app::open::deep::Store::MAX | const MAX: u8
    function app::open::deep::Store::get | fn get(&self, Self::Key) -> u8
    function app::open::deep::Store::has | fn has(&self)
    struct app::open::deep::Unit | struct Unit []
    function app::open::raw | fn raw(i32) -> i32
    function app::run | fn run(usize) -> u8
    macro app::say |
    "#);
}

fn differences(before: &str, after: &str) -> String {
    let of = |text: &str| interface(&[("src/lib.rs", text)]).libraries["app"].clone();
    let line = |change: &Change| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let line = format!(
            "{:?} {} {} | {} | {}",
            change.difference,
            change.kind.word(),
            change.path,
            text(&change.before),
            text(&change.after)
        );
        line.trim_end().to_owned()
    };
    compare(&of(before), &of(after))
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn what_users_do_not_notice_is_no_difference() {
    for (before, after) in [
        ("pub fn f(x: u8) {}", "pub const fn f(y: u8) { loop {} }"),
        (
            "pub struct A; impl A { pub fn f(&self) {} }",
            "mod b { pub struct A; impl A { pub fn f(&self) {} } } pub use b::A;",
        ),
        (
            "#[derive(Clone)] pub struct A { x: u8 }",
            "pub struct A { y: u16 } impl core::clone::Clone for A {}",
        ),
        (
            "pub fn f<'a>(x: &'a str) -> std::io::Result<&'a str> {}",
            "use std::io; pub fn f(x: &str) -> io::Result<&str> {}",
        ),
        ("pub fn f() {}", "#[doc(hidden)] pub fn f() {}"),
        (
            "mod b { #[doc(hidden)] pub struct A; } pub use b::A; #[doc(hidden)] pub mod c { pub fn f() {} }",
            "",
        ),
        (
            "pub const A: u8 = 1; pub fn f() -> u8 { 2 }",
            "pub const A: u8 = 2; pub fn f() -> u8 { 1 }",
        ),
        (
            "#[cfg(unix)] pub fn f() {} #[cfg(not(unix))] pub fn f(x: u8) {}",
            "pub fn f() {} pub fn f(x: u8) {}",
        ),
    ] {
        assert_eq!(differences(before, after), "", "{after}");
    }
}

#[test]
fn every_kind_of_difference() {
    let before = "pub mod m { pub fn f() {} } pub mod gone { pub struct X; impl X { pub fn x() {} } } pub fn f(x: u8) {} #[derive(Clone)] pub struct S { pub a: u8 }\n\
         pub enum E { A } #[non_exhaustive] pub enum Open { A } pub trait T { fn a(); } pub trait Sealed: private::Sealed { fn a(); } pub struct Moved;\n\
         pub struct Unit;";
    let after = "pub mod m { pub fn g() {} } pub fn f(x: u16) {} pub struct S { pub a: u8, b: u8 }\n\
         pub enum E { A, B } #[non_exhaustive] pub enum Open { A, B } pub trait T { fn a(); fn b(); fn c() {} } pub trait Sealed: private::Sealed { fn a(); fn b(); }\n\
         pub use other::Moved; pub mod fresh { pub struct Y; } #[derive(Copy)] pub struct Unit;";
    insta::assert_snapshot!(differences(before, after), @"
    Narrowed enum app::E |  | `B`
    Added variant app::E::B |  | B
    Changed struct app::Moved | struct struct Moved | re-export other::Moved
    Narrowed struct app::S |  | more than is named
    Removed implementation app::S | Clone |
    Added function app::Sealed::b |  | fn b()
    Narrowed trait app::T |  | `b`
    Added function app::T::c |  | fn c()
    Added implementation app::Unit |  | Copy
    Changed function app::f | fn f(u8) | fn f(u16)
    Removed module app::gone |  |
    Removed function app::m::f | fn f() |
    Added function app::m::g |  | fn g()
    ");
}

#[test]
fn circles_end() {
    let listed = listed(&[(
        "src/lib.rs",
        "pub mod a { pub use super::*; pub use super::b::*; } pub mod b { pub use crate::a; pub use crate::c::X; } pub use b::a as c; pub use c::c as d;",
    )]);
    assert!(listed.contains("module app::a |"), "{listed}");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(
        text in "(pub |mod |use |impl |fn |struct |enum |trait |for |where |macro_rules! |const |extern |x|y|::|<|>|\\(|\\)|\\{|\\}|,|;|:|=|'a|#\\[|\\]|\\*|&|!|\"| ){0,60}",
    ) {
        let one = interface(&[("src/lib.rs", &text)]).libraries["app"].clone();
        proptest::prop_assert!(compare(&one, &one).is_empty());
    }
}
