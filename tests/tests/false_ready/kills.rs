//! A gate that is killed: what it started ends with it, and what it had written holds no secret.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use gate_tests::planted;

use super::package;

/// Every file below a directory.
pub(crate) fn files(directory: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry"))
    {
        let path = entry.path();
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() {
            files(&path, found);
        } else if kind.is_file() {
            found.push((path.display().to_string(), fs::read(&path).expect("a file")));
        }
    }
}

#[test]
fn nothing_outlives_a_killed_gate_and_no_secret_stays() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let (token, key) = (planted::value("github_token"), planted::private_key("PRIVATE KEY"));
    let gate = package();
    gate.append(
        "tests/it.rs",
        "#[test]\nfn prints_and_waits() {\n    use std::io::{Read, Write};\n    let port = std::env::var(\"PORT\").unwrap();\n    \
         let mut stream = std::net::TcpStream::connect(format!(\"127.0.0.1:{port}\")).unwrap();\n    let mut turn = \
         [0];\n    loop {\n        println!(\"{}\", std::env::var(\"PLANTED\").unwrap());\n        \
         stream.write_all(b\".\").unwrap();\n        stream.read_exact(&mut turn).unwrap();\n    }\n}\n",
    );
    gate.write(
        "gate.toml",
        "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[[suite.test]]\nname = \"unit\"\ncommand = [\"cargo\", \
         \"test\", \"--locked\", \"--\", \"--nocapture\"]\n",
    );
    gate.commit("Print a secret and wait");
    for turns in 0..12 {
        let mut command = gate.gate_command();
        command
            .args(["pilot", "--verbose"])
            .env("PORT", &port)
            .env("PLANTED", format!("{token}\n{key}"));
        let mut running = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the gate can be started");
        let (mut test, _) = listener.accept().expect("the test connects");
        let mut printed = [0];
        for _ in 0..turns * 5 {
            test.read_exact(&mut printed).expect("the test prints");
            test.write_all(b".").expect("the test goes on");
        }
        running.kill().expect("the gate can be killed");
        running.wait().expect("the gate has ended");
        // The connection ends when the test does, and not before: it waits for its next turn.
        let mut rest = Vec::new();
        test.read_to_end(&mut rest).ok();
        let mut left = Vec::new();
        files(&gate.workspace().join("target/gate"), &mut left);
        let body = key.lines().nth(3).expect("a line of the key");
        for (path, bytes) in left {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(&token), "{path} holds the token after {turns} turns");
            assert!(!text.contains(body), "{path} holds the key after {turns} turns");
        }
    }
}
