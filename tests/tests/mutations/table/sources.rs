//! Rust sources: raw authority, panics, use of the system, and the inventories that count them.

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};

const LOGIC: &str = "logic/src/lib.rs";
const NATIVE: &str = "native/src/lib.rs";
const INVENTORY: &str = "boundary_inventory.json";
const PANICS: &str = "panic_inventory.json";

/// Raw code in the portable crate.
fn raw(what: &str, code: &'static str) -> Row {
    row(
        format!("write {what} in a portable crate"),
        PILOT,
        "boundary.raw",
        move |gate| {
            gate.append(LOGIC, &format!("\n{code}\n"));
        },
    )
}

pub(super) fn rows() -> Vec<Row> {
    let count = |what: &str, path: &'static str, from: &'static str, to: &'static str, check| {
        row(what, BROAD, check, move |gate| {
            let text = gate.read(path);
            assert!(text.contains(from), "{path}:\n{text}");
            gate.write(path, text.replacen(from, to, 1));
        })
    };
    vec![
        raw(
            "an unsafe block",
            "/// X.\npub fn x(p: *const u8) -> u8 {\n    // SAFETY: none.\n    unsafe { *p }\n}",
        ),
        raw(
            "an unsafe function",
            "/// X.\n///\n/// # Safety\n/// None.\npub unsafe fn x() {}",
        ),
        raw(
            "an unsafe trait",
            "/// X.\n///\n/// # Safety\n/// None.\npub unsafe trait X {}",
        ),
        raw(
            "an unsafe implementation",
            "/// X.\npub struct X(*const u8);\n// SAFETY: none.\nunsafe impl Send for X {}",
        ),
        raw(
            "a foreign block",
            "// SAFETY: none.\nunsafe extern \"C\" {\n    fn abort() -> !;\n}",
        ),
        raw(
            "an exported function",
            "/// X.\n// SAFETY: none.\n#[unsafe(no_mangle)]\npub extern \"C\" fn x() {}",
        ),
        raw(
            "assembly",
            "/// X.\npub fn x() {\n    // SAFETY: none.\n    unsafe { std::arch::asm!(\"nop\") }\n}",
        ),
        raw(
            "an unsafe block in a macro",
            "macro_rules! x {\n    ($p:expr) => {\n        unsafe { *$p }\n    };\n}\n/// X.\npub fn x(p: *const u8) -> u8 {\n    x!(p)\n}",
        ),
        raw(
            "an unsafe block behind a raw identifier",
            "/// X.\npub fn r#fn(p: *const u8) -> u8 {\n    // SAFETY: none.\n    unsafe { *p }\n}",
        ),
        raw(
            "an unsafe block in a nested module",
            "/// X.\npub mod x {\n    /// Y.\n    pub fn y(p: *const u8) -> u8 {\n        // SAFETY: none.\n        unsafe { *p }\n    }\n}",
        ),
        raw(
            "a union",
            "/// X.\npub union X {\n    /// A.\n    pub a: u8,\n    /// B.\n    pub b: i8,\n}\n/// Y.\npub fn y(x: X) -> i8 {\n    // SAFETY: none.\n    unsafe { x.b }\n}",
        ),
        row(
            "write raw code in a file that is included",
            PILOT,
            "boundary.raw",
            |gate| {
                gate.append(LOGIC, "\ninclude!(\"part.rs\");\n");
                gate.write(
                    "logic/src/part.rs",
                    "/// X.\npub fn x(p: *const u8) -> u8 {\n    unsafe { *p }\n}\n",
                );
            },
        ),
        row(
            "write raw code in a module at another path",
            PILOT,
            "boundary.raw",
            |gate| {
                gate.append(LOGIC, "\n#[path = \"../other/part.rs\"]\npub mod part;\n");
                gate.write(
                    "logic/other/part.rs",
                    "//! Y.\n/// X.\npub fn x(p: *const u8) -> u8 {\n    unsafe { *p }\n}\n",
                );
            },
        ),
        row(
            "write raw code in a build script",
            PILOT,
            "boundary.inventory",
            |gate| {
                gate.write(
                "logic/build.rs",
                "fn main() {\n    let x = 1_u8;\n    // SAFETY: none.\n    let _ = unsafe { *(&raw const x) };\n}\n",
            );
            },
        ),
        row("write raw code in an example", PILOT, "boundary.inventory", |gate| {
            gate.write(
                "logic/examples/x.rs",
                "fn main() {\n    let x = 1_u8;\n    // SAFETY: none.\n    let _ = unsafe { *(&raw const x) };\n}\n",
            );
        }),
        row("write raw code in a test", PILOT, "boundary.inventory", |gate| {
            gate.write("logic/tests/x.rs", "#[test]\nfn x() {\n    let x = 1_u8;\n    // SAFETY: none.\n    let _ = unsafe { *(&raw const x) };\n}\n");
        }),
        row("write raw code in a new member", PILOT, "boundary.raw", |gate| {
            gate.replace("Cargo.toml", "\"native\"]", "\"native\", \"extra\"]");
            gate.write(
                "extra/Cargo.toml",
                "[package]\nname = \"extra\"\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.95\"\n",
            );
            gate.write(
                "extra/src/lib.rs",
                "//! X.\n/// X.\npub fn x(p: *const u8) -> u8 {\n    unsafe { *p }\n}\n",
            );
            gate.append("Cargo.lock", "\n[[package]]\nname = \"extra\"\nversion = \"0.1.0\"\n");
        }),
        row(
            "move raw code within the waived file",
            PILOT,
            "boundary.inventory",
            |gate| {
                gate.append(
                    "logic/src/fast.rs",
                    "\n/// X.\npub fn x(p: *const u8) -> u8 {\n    // SAFETY: none.\n    unsafe { *p }\n}\n",
                );
            },
        ),
        row("explain no unsafe block", PILOT, "boundary.safety", |gate| {
            gate.append(
                NATIVE,
                "\n/// X.\npub fn x(p: *const u8) -> u8 {\n    unsafe { *p }\n}\n",
            );
        }),
        row(
            "explain an unsafe block elsewhere",
            CONTROLLED,
            "boundary.safety",
            |gate| {
                gate.replace(NATIVE, "    // SAFETY: the caller promises that there is one.\n    unsafe { *bytes }", "    // SAFETY: the caller promises that there is one.\n    let byte = 1;\n    let _ = byte;\n    unsafe { *bytes }");
            },
        ),
        count(
            "count one unsafe block less",
            INVENTORY,
            "\"unsafe_block\": 1",
            "\"unsafe_block\": 0",
            "boundary.inventory",
        ),
        count(
            "count one unsafe block more",
            INVENTORY,
            "\"unsafe_block\": 1",
            "\"unsafe_block\": 2",
            "boundary.inventory",
        ),
        count(
            "name another function in the inventory",
            INVENTORY,
            "\"item\": \"front\"",
            "\"item\": \"back\"",
            "boundary.inventory",
        ),
        count(
            "name another file in the inventory",
            INVENTORY,
            "native/src/lib.rs",
            "native/src/other.rs",
            "boundary.inventory",
        ),
        count(
            "name another owner in the inventory",
            INVENTORY,
            "platform team",
            "nobody",
            "boundary.inventory",
        ),
        count(
            "name another tier in the inventory",
            INVENTORY,
            "\"tier\": \"portable\"",
            "\"tier\": \"native\"",
            "boundary.inventory",
        ),
        count(
            "name another format of the inventory",
            INVENTORY,
            "\"schema\": 1",
            "\"schema\": 9",
            "boundary.inventory",
        ),
        row("empty the inventory", PILOT, "boundary.inventory", |gate| {
            gate.write(INVENTORY, "");
        }),
        row("delete the inventory", PILOT, "boundary.inventory", |gate| {
            gate.remove(INVENTORY);
        }),
        row("cut the inventory", CONTROLLED, "boundary.inventory", |gate| {
            let text = gate.read(INVENTORY);
            gate.write(INVENTORY, &text[..text.len() / 2]);
        }),
        row("panic in a library", PILOT, "failure.panics", |gate| {
            gate.append(LOGIC, "\n/// X.\npub fn x() {\n    panic!(\"no\")\n}\n");
        }),
        row("unwrap in a library", CONTROLLED, "failure.panics", |gate| {
            gate.append(LOGIC, "\n/// X.\npub fn x(y: Option<u8>) -> u8 {\n    y.unwrap()\n}\n");
        }),
        row("expect in a library", BROAD, "failure.panics", |gate| {
            gate.append(
                LOGIC,
                "\n/// X.\npub fn x(y: Option<u8>) -> u8 {\n    y.expect(\"some\")\n}\n",
            );
        }),
        row("call the impossible in a library", PILOT, "failure.panics", |gate| {
            gate.append(LOGIC, "\n/// X.\npub fn x() {\n    unreachable!()\n}\n");
        }),
        row("delete the inventory of panics", PILOT, "failure.panics", |gate| {
            gate.remove(PANICS);
        }),
        row("empty the inventory of panics", PILOT, "failure.panics", |gate| {
            gate.write(PANICS, "");
        }),
        row("list more panics than there are", BROAD, "failure.panics", |gate| {
            gate.append(LOGIC, "\n/// X.\npub fn x() {\n    panic!(\"no\")\n}\n");
            let run = gate.run(["source", "panics", "--write"]);
            assert_eq!(run.code, Some(0), "{run}");
        }),
        row("read a file without declaring it", PILOT, "scope.uses", |gate| {
            gate.append(
                LOGIC,
                "\n/// X.\npub fn x() -> bool {\n    std::fs::read(\"a\").is_ok()\n}\n",
            );
        }),
        row("open a connection without declaring it", PILOT, "scope.uses", |gate| {
            gate.append(
                LOGIC,
                "\n/// X.\npub fn x() -> bool {\n    std::net::TcpStream::connect(\"a:1\").is_ok()\n}\n",
            );
        }),
        row("start a program without declaring it", PILOT, "scope.uses", |gate| {
            gate.append(
                LOGIC,
                "\n/// X.\npub fn x() -> bool {\n    std::process::Command::new(\"a\").spawn().is_ok()\n}\n",
            );
        }),
        row("start a thread without declaring it", PILOT, "scope.uses", |gate| {
            gate.append(
                LOGIC,
                "\n/// X.\npub fn x() {\n    drop(std::thread::spawn(|| {}));\n}\n",
            );
        }),
    ]
}
