//! Nothing imports what stands above it, and nothing runs in a circle: the import graph of every crate, read from its sources, against
//! the order that is declared here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use xtask::imports::{Graph, Package, circles, layers, packages};

mod order {
    //! The order, bottom first. What stands in one line imports only from the lines before it.

    /// The members of the workspace.
    pub(crate) const PACKAGES: &[&str] = &[
        "cargo-gate-build cargo-gate-runtime cargo-gate-schema xtask-launcher",
        "cargo-gate-base",
        "cargo-gate-drill cargo-gate-equivalence cargo-gate-kernels cargo-gate-world gate-embedding gate-support",
        "cargo-gate-ci cargo-gate-rust cargo-gate-text",
        "cargo-gate-ready cargo-gate-report",
        "cargo-gate-policy",
        "cargo-gate-evidence cargo-gate-gpu cargo-gate-surveys",
        "cargo-gate-govern cargo-gate-release cargo-gate-suites",
        "cargo-gate-contract",
        "cargo-gate-checks cargo-gate-engine",
        "cargo-gate-lsp",
        "cargo-gate",
        "gate-tests xtask",
    ];

    /// The modules of the first level, of packages that are held to more than that no circle leads through them.
    pub(crate) const ROOMS: &[(&str, &[&str])] = &[
        (
            "cargo-gate-build",
            &[
                "channel sorted",
                "diagnostic digest disk json unit version",
                "code deps error index",
                "arch env glob",
                "headers process product ptx schedule toolkit",
                "bindings compiler resources",
                "action built kernels lock",
                "store",
                "rust",
                "pipeline",
                "companion",
                "compile",
            ],
        ),
        (
            "cargo-gate-kernels",
            &[
                "body",
                "bits cpu",
                "axpy bootstrap compare histogram keys matmul rank reduce rms_norm scan softmax",
                "minhash",
                "registry",
            ],
        ),
        (
            "cargo-gate-runtime",
            &[
                "argument contain control fault fields status sync",
                "reason window",
                "contract plan reload stats",
                "dispatch",
                "counters module",
                "journal spec",
                "backend compare",
                "catalog observe",
                "decision_log",
                "shared",
                "kernel",
                "rails runtime",
                "executor ffi shadow",
                "models",
            ],
        ),
    ];
}

/// What is allowed to import what.
struct Order<'a> {
    packages: &'a [&'a str],
    rooms: &'a [(&'a str, &'a [&'a str])],
}

/// The line of each name.
fn lines<'a>(order: &[&'a str]) -> BTreeMap<&'a str, usize> {
    let names = |(line, names): (usize, &&'a str)| names.split(' ').map(move |name| (name, line)).collect::<Vec<_>>();
    order.iter().enumerate().flat_map(names).collect()
}

/// What is wrong with a graph: names that the order lacks or has too many, and arrows that do not lead down.
fn against(order: &[&str], graph: &Graph, whose: &str) -> (Vec<String>, Vec<(String, String)>) {
    let lines = lines(order);
    let mut complaints = Vec::new();
    let mut up = Vec::new();
    for name in lines.keys().filter(|name| !graph.contains_key(**name)) {
        complaints.push(format!("{whose}: the order names `{name}`, which does not exist"));
    }
    for (from, imports) in graph {
        let Some(line) = lines.get(from.as_str()) else {
            complaints.push(format!("{whose}: the order does not name `{from}`"));
            continue;
        };
        let is_up = |to: &&String| lines.get(to.as_str()).is_some_and(|other| other >= line);
        up.extend(imports.iter().filter(is_up).map(|to| (from.clone(), to.clone())));
    }
    if !complaints.is_empty() && circles(graph).is_empty() {
        let mut fitting = format!("{whose}: an order that fits:");
        for layer in layers(graph) {
            let _ = write!(fitting, "\n    \"{}\",", layer.join(" "));
        }
        complaints.push(fitting);
    }
    (complaints, up)
}

fn complaints(packages: &[Package], order: &Order<'_>) -> Vec<String> {
    let members: Graph = packages
        .iter()
        .map(|package| (package.name.clone(), package.depends.clone()))
        .collect();
    let (mut complaints, up) = against(order.packages, &members, "workspace");
    for (from, to) in up {
        complaints.push(format!("`{from}` depends on `{to}`, which is not below it"));
    }
    for package in packages {
        let name = &package.name;
        let rooms = package.room_graph();
        let declared = order.rooms.iter().find(|(package, _)| package == name);
        let (more, up) = match declared {
            Some((_, order)) => against(order, &rooms, name),
            None => (Vec::new(), in_circles(&rooms)),
        };
        complaints.extend(more);
        for (from, to) in up {
            complaints.push(format!("{name}: `{from}` imports `{to}`, which is not below it"));
            let arrows = package.arrows.iter();
            for arrow in arrows.filter(|arrow| arrow.from.room == from && arrow.to.room == to) {
                complaints.push(format!("  {}:{}: {}", arrow.from.file, arrow.line, arrow.path));
            }
        }
    }
    for package in packages {
        for circle in circles(&package.files()) {
            complaints.push(format!("{}: a circle of {} files", package.name, circle.len()));
            let inside = |file: &String| circle.contains(file);
            for arrow in package
                .arrows
                .iter()
                .filter(|arrow| inside(&arrow.from.file) && inside(&arrow.to.file))
            {
                let (from, to) = (&arrow.from.file, &arrow.to.file);
                complaints.push(format!("  {from}:{}: {} is in {to}", arrow.line, arrow.path));
            }
        }
    }
    complaints
}

/// The arrows of which circles are made.
fn in_circles(graph: &Graph) -> Vec<(String, String)> {
    let circles = circles(graph);
    let together = |from: &str, to: &str| {
        let has = |circle: &Vec<String>, name: &str| circle.iter().any(|other| other == name);
        circles.iter().any(|circle| has(circle, from) && has(circle, to))
    };
    let arrows = graph
        .iter()
        .flat_map(|(from, imports)| imports.iter().map(move |to| (from.clone(), to.clone())));
    arrows.filter(|(from, to)| together(from, to)).collect()
}

#[test]
fn every_import_leads_down() {
    let packages = packages(&xtask::project_root()).unwrap_or_else(|error| panic!("{error}"));
    let order = Order {
        packages: order::PACKAGES,
        rooms: order::ROOMS,
    };
    let complaints = complaints(&packages, &order);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let arrows: usize = packages.iter().map(|package| package.arrows.len()).sum();
    assert!(arrows > 1000, "only {arrows} imports were found");
}

/// The packages of a made-up workspace, of these files.
fn made_up(files: &[(&str, &str)]) -> Vec<Package> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut members = Vec::new();
    for (path, text) in files {
        let (package, _) = path.split_once('/').expect("a package");
        if !members.contains(&package) {
            members.push(package);
        }
        let file = directory.path().join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }
    for package in &members {
        let manifest = directory.path().join(package).join("Cargo.toml");
        if !manifest.exists() {
            fs::write(manifest, format!("[package]\nname = \"{package}\"\n")).expect("a manifest");
        }
    }
    let workspace = format!("[workspace]\nmembers = {members:?}\nresolver = \"3\"\n");
    fs::write(directory.path().join("Cargo.toml"), workspace).expect("a manifest");
    packages(directory.path()).unwrap_or_else(|error| panic!("{error}"))
}

/// What imports what in a made-up crate of these files below `src`.
fn imports(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<(String, &str)> = files
        .iter()
        .map(|(path, text)| (format!("one/src/{path}"), *text))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let short = |path: &str| path.trim_start_matches("one/src/").trim_end_matches(".rs").to_owned();
    let packages = made_up(&files);
    let arrows = packages[0].arrows.iter();
    let mut arrows: Vec<String> = arrows
        .map(|arrow| format!("{} -> {}", short(&arrow.from.file), short(&arrow.to.file)))
        .collect();
    arrows.sort();
    arrows
}

#[test]
fn an_arrow_leads_to_the_file_of_the_definition() {
    let low = (
        "low/mod.rs",
        "mod deep;\npub use deep::Deep;\npub use deep::deep as renamed;\n",
    );
    let deep = (
        "low/deep.rs",
        "pub struct Deep;\npub fn deep() {}\npub enum Kind { Deep }\n",
    );
    for (top, expected) in [
        // A name of a module that passes it on is of the file that it comes from, by whatever path.
        ("use crate::low::Deep;", vec!["top -> low/deep"]),
        ("use super::low::{self, renamed as other};", vec!["top -> low/deep"]),
        ("fn f() { crate::low::renamed(); }", vec!["top -> low/deep"]),
        (
            "use crate::low;\nfn f() -> Option<low::Deep> { None }",
            vec!["top -> low/deep"],
        ),
        ("use crate::low::*;\nfn f(x: Deep) {}", vec!["top -> low/deep"]),
        (
            "macro_rules! m { () => { $crate::low::Deep } }",
            vec!["top -> low/deep"],
        ),
        (
            "fn f() { println!(\"{}\", crate::low::renamed()); }",
            vec!["top -> low/deep"],
        ),
        (
            "#[serde(with = \"crate::low::deep\")]\nstruct X;",
            vec!["top -> low/deep"],
        ),
        ("fn f() { use crate::low::Deep; }", vec!["top -> low/deep"]),
        (
            "pub(in crate::low) fn f() -> crate::low::Deep {}",
            vec!["top -> low/deep"],
        ),
        // What is passed on, declared or for tests only is no import, and neither is a word that is something else here.
        ("pub use crate::low::Deep;", vec![]),
        ("use crate::low;", vec![]),
        ("#[cfg(test)]\nuse crate::low::Deep;", vec![]),
        ("#[cfg(all(test, unix))]\nmod tests { use crate::low::Deep; }", vec![]),
        (
            "struct S;\nimpl S {\n#[cfg(test)]\nfn f() { crate::low::renamed(); }\n}",
            vec![],
        ),
        ("/// [`Deep`](crate::low::Deep)\nstruct S;", vec![]),
        (
            "pub use crate::low::renamed;\nfn f(s: &S) { let renamed = s.renamed; s.renamed() }",
            vec![],
        ),
        ("pub use crate::low::Deep;\nenum Kind { Deep }", vec![]),
        ("use std::low::Deep;", vec![]),
        ("pub(in crate::low::deep) struct S;", vec![]),
        // What is passed on and used as well.
        ("pub use crate::low::Deep;\nfn f(x: Deep) {}", vec!["top -> low/deep"]),
        (
            "#[cfg(any(test, unix))]\nuse crate::low::Deep;",
            vec!["top -> low/deep"],
        ),
    ] {
        let found = imports(&[("lib.rs", "mod low;\nmod top;\n"), low, deep, ("top.rs", top)]);
        assert_eq!(found, expected, "{top}");
    }
}

#[test]
fn a_macro_of_a_module_above_is_imported_without_a_path() {
    let found = imports(&[
        ("lib.rs", "mod up;\n"),
        ("up.rs", "macro_rules! make { () => {} }\nmod down;\n"),
        ("up/down.rs", "make!();\n"),
    ]);
    assert_eq!(found, ["up/down -> up"]);
}

#[test]
fn modules_are_found_where_the_compiler_finds_them() {
    let found = imports(&[
        (
            "lib.rs",
            "mod a;\n#[path = \"odd/place.rs\"]\nmod b;\nmod c { pub mod d; pub fn here() {} }\n",
        ),
        ("a.rs", "use crate::b::B;\nuse crate::c::d::D;\nuse crate::c::here;\n"),
        ("odd/place.rs", "pub struct B;\n"),
        ("c/d.rs", "pub struct D;\n"),
    ]);
    assert_eq!(found, ["a -> c/d", "a -> lib", "a -> odd/place"]);
}

/// A workspace of two packages, of which `two` has two rooms that know each other.
fn crooked() -> Vec<Package> {
    made_up(&[
        ("one/src/lib.rs", "pub struct One;\n"),
        (
            "two/Cargo.toml",
            "[package]\nname = \"two\"\n[dependencies]\none = { path = \"../one\" }\n[dev-dependencies]\ntwo = { path = \".\" }\n",
        ),
        ("two/src/lib.rs", "mod high;\nmod low;\n"),
        ("two/src/high.rs", "use crate::low::Low;\npub struct High;\n"),
        ("two/src/low.rs", "pub struct Low;\nfn f() { crate::high::High }\n"),
    ])
}

#[test]
fn an_arrow_up_and_a_circle_are_found() {
    let order = |packages, rooms| Order { packages, rooms };
    let found = complaints(&crooked(), &order(&["one", "two"], &[("two", &["low", "high"])]));
    let expected = [
        "two: `low` imports `high`, which is not below it",
        "  two/src/low.rs:2: crate::high::High",
        "two: a circle of 2 files",
        "  two/src/high.rs:1: crate::low::Low is in two/src/low.rs",
        "  two/src/low.rs:2: crate::high::High is in two/src/high.rs",
    ];
    assert_eq!(found, expected);

    // Without an order, every arrow of a circle is one too many.
    let found = complaints(&crooked(), &order(&["one", "two"], &[]));
    let before = [
        "two: `high` imports `low`, which is not below it",
        "  two/src/high.rs:1: crate::low::Low",
    ];
    assert_eq!(found, [&before[..], &expected[..]].concat());
}

#[test]
fn packages_and_rooms_have_a_place_in_the_order() {
    let found = |packages, rooms| complaints(&crooked(), &Order { packages, rooms });
    let turned = found(&["two", "one"], &[]);
    assert!(turned.contains(&"`two` depends on `one`, which is not below it".to_owned()));

    let rest = found(&["two"], &[("two", &["low", "high", "old"])]);
    let expected = [
        "workspace: the order does not name `one`",
        "workspace: an order that fits:\n    \"one\",\n    \"two\",",
        "two: the order names `old`, which does not exist",
    ];
    assert_eq!(rest[..3], expected);
}
