//! Secrets and paths of this machine, in the tree and in logs.

use std::io::{Cursor, Write as _};

use gate_tests::planted;

use super::row::{BROAD, CONTROLLED, PILOT, Row, row};

/// Secrets of the corpus that are committed, each in a file of this kind.
const PLANTED: &[(&str, &str)] = &[
    ("github_token", "deploy/production.env"),
    ("github_fine", "native/src/key.rs"),
    ("gitlab", "tools/fetch.sh"),
    ("npm", "tools/.npmrc"),
    ("pypi", "tools/upload.py"),
    ("docker", "Dockerfile"),
    ("aws_access_key", "deploy/main.tf"),
    ("google", "web/config.js"),
    ("slack_bot", "notes.json"),
    ("stripe", "web/pay.ts"),
    ("openai", "scripts/ask.sh"),
    ("anthropic", "scripts/ask.py"),
    ("huggingface", "scripts/model.toml"),
    ("sendgrid", "mail.yaml"),
    ("digitalocean", "deploy/do.yml"),
    ("age", "keys.txt"),
    ("vault", "deploy/vault.hcl"),
    ("private_key", "deploy/server.pem"),
    ("openssh", "deploy/id_ed25519"),
    ("rsa", "deploy/rsa.key"),
    ("pgp", "deploy/release.asc"),
    ("putty", "deploy/server.ppk"),
    ("service_account", "deploy/account.json"),
    ("jwt", "web/session.txt"),
];

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).expect("it fits into memory");
    encoder.finish().expect("it fits into memory")
}

/// A ZIP archive with one entry.
fn archive(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    writer.start_file(name, options).expect("an entry");
    writer.write_all(bytes).expect("it fits into memory");
    writer.finish().expect("it fits into memory").into_inner()
}

pub(super) fn rows() -> Vec<Row> {
    let corpus = planted::corpus();
    let stages = [PILOT, CONTROLLED, BROAD].into_iter().cycle();
    let mut rows: Vec<Row> = PLANTED
        .iter()
        .zip(stages)
        .map(|((name, path), stage)| {
            let text = corpus
                .iter()
                .find(|planted| planted.name == *name)
                .expect("a secret")
                .text
                .clone();
            row(
                format!("commit the secret `{name}` in `{path}`"),
                stage,
                "secrets.tracked",
                move |gate| {
                    gate.write(path, &text);
                },
            )
        })
        .collect();
    let token = || planted::value("github_token");
    rows.extend([
        row("commit a secret in UTF-16", PILOT, "secrets.tracked", move |gate| {
            let text: Vec<u8> = format!("\u{feff}{}\n", token()).encode_utf16().flat_map(u16::to_le_bytes).collect();
            gate.write("data.txt", text);
        }),
        row("commit a secret in a notebook", CONTROLLED, "secrets.tracked", move |gate| {
            gate.write(
                "notes.ipynb",
                format!("{{\"cells\": [{{\"cell_type\": \"code\", \"source\": [\"x = '{}'\\n\"]}}], \"nbformat\": 4}}\n", token()),
            );
        }),
        row("commit a secret in a compressed file", PILOT, "secrets.tracked", move |gate| {
            gate.write("dump.sql.gz", compressed(format!("{}\n", token()).as_bytes()));
        }),
        row("commit a secret in an archive in an archive", CONTROLLED, "secrets.tracked", move |gate| {
            let inner = compressed(format!("{}\n", token()).as_bytes());
            gate.write("backup.zip", archive("dump.sql.gz", &inner));
        }),
        row("commit a secret in the policy", BROAD, "secrets.tracked", move |gate| {
            gate.append("gate.toml", &format!("# {}\n", token()));
        }),
        row("commit a home directory in PTX", PILOT, "paths.local", |gate| {
            gate.write("native/src/add.ptx", ".file 1 \"/home/monika/add.cu\"\n");
        }),
        row("commit a home directory of macOS in PTX", CONTROLLED, "paths.local", |gate| {
            gate.write("native/src/add.ptx", ".file 1 \"/Users/monika/add.cu\"\n");
        }),
        row("commit a home directory of Windows in PTX", BROAD, "paths.local", |gate| {
            gate.write("native/src/add.ptx", ".file 1 \"C:\\\\Users\\\\monika\\\\add.cu\"\n");
        }),
        row("print a home directory in a test", BROAD, "redaction.audit", |gate| {
            gate.append("runner.sh", "echo /home/monika/x\n");
        }),
        row("print a secret in a test", PILOT, "suite.test.runner", move |gate| {
            let token = token();
            let (first, second) = token.split_at(20);
            gate.append("runner.sh", &format!("printf '%s%s\\n' {first} {second}\n"));
        }),
    ]);
    rows
}
