//! Public interfaces: no source makes the reader panic, and an interface is no change of itself.
//!
//! The input is cut at NUL characters into the root of a library and its module `m`, before and after.
//! `cargo +nightly fuzz run interface`
#![no_main]

use cargo_gate::library::interface::{Interface, Item, Library, compare};
use libfuzzer_sys::fuzz_target;

fn items(root: &str, module: &str) -> Vec<Item> {
    let library = Library {
        name: "it".to_owned(),
        root: "src/lib.rs".to_owned(),
    };
    let read = |path: &str| match path {
        "src/lib.rs" => Some(root.to_owned()),
        "src/m.rs" => Some(module.to_owned()),
        _ => None,
    };
    let interface = Interface::read(&[library], &read);
    assert!(interface.unreadable.is_empty());
    interface.libraries.into_values().flatten().collect()
}

fuzz_target!(|text: &str| {
    let mut parts = text.split('\0');
    let mut next = || parts.next().unwrap_or_default();
    let (before, after) = (items(next(), next()), items(next(), next()));
    assert!(compare(&before, &before).is_empty());
    let changes = compare(&before, &after);
    assert!(changes.len() <= before.len() + after.len());
});
