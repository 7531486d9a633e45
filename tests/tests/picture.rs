//! The picture of a verdict in the README is what the program prints today.

use std::fs;
use std::path::Path;

use xtask::picture;

#[test]
fn the_picture_shows_what_the_program_prints() {
    let root = xtask::project_root();
    let binary = gate_tests::binary!();
    let drawn = picture::draw(&root, Path::new(&binary)).unwrap_or_else(|error| panic!("{error}"));
    let kept = fs::read_to_string(root.join(picture::PATH)).expect("the picture");
    assert_eq!(kept.replace("\r\n", "\n"), drawn, "`cargo xtask picture` redraws it");
}
