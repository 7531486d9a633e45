//! Models that OpenSSF's model-signing signed, and what is done to them. `tests/data/model.sig` was made by model-signing 1.1.1 over the
//! files of [`signed`]: `model_signing sign key --private_key key.pem --signature model/model.sig model`.

use data_encoding::BASE64;
use gate_base::digest::sha256_hex;
use gate_ready::{CheckReport, Options, Status, validate};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use serde_json::{Value, json};

use crate::described::Described;

const SIGNATURE: &str = include_str!("../data/model.sig");
const KEY: &str = include_str!("../data/model.pem");
/// A key of another curve.
const P384: &str = include_str!("../data/p384.pem");

fn model() -> Described {
    let model = Described::new(&[
        (
            "README.md",
            "---\nlicense: apache-2.0\npipeline_tag: text-classification\n---\n# Signed\n",
        ),
        ("config.json", r#"{"model_type": "distilbert"}"#),
    ]);
    let header = r#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#;
    let mut weights = (header.len() as u64).to_le_bytes().to_vec();
    weights.extend(header.as_bytes());
    weights.extend([0; 16]);
    model.write("model.safetensors", weights);
    model
}

fn signed() -> Described {
    let model = model();
    model.write("model.sig", SIGNATURE);
    model
}

fn chain(model: &Described, keys: &[&str]) -> CheckReport {
    let options = Options {
        model_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..Options::default()
    };
    let report = validate(&model.path(""), &options).expect("judged");
    let chain = report.checks.into_iter().find(|check| check.name == "hash_chain");
    chain.expect("it is one of seven")
}

/// The check fails, and tells this.
fn fails(model: &Described, keys: &[&str], told: &str) {
    let check = chain(model, keys);
    let whole = format!("{} {:?}", check.message, check.details);
    assert!(
        check.status == Status::Fail && whole.contains(told),
        "no `{told}`: {} {whole}",
        check.status.name()
    );
}

#[test]
fn what_model_signing_signed_is_verified() {
    let check = chain(&signed(), &[KEY]);
    assert_eq!(
        (check.status, check.message.as_str()),
        (Status::Pass, "Hash chain verified successfully: 3 files")
    );
    assert_eq!(check.details["signatures_verified"], json!(["model.sig"]));
    assert_eq!(check.details["status"], "VERIFIED");
    // One of several keys.
    assert_eq!(chain(&signed(), &[&own_key().1, KEY]).status, Status::Pass);
}

#[test]
fn a_signature_without_its_key_proves_nothing() {
    fails(&signed(), &[], "pass the public key of the signer with `--model-key`");
    fails(&signed(), &[&own_key().1], "none of the keys made it");
    fails(&signed(), &[P384], "of the curve P-256");
    fails(&signed(), &["ssh-ed25519 AAAA"], "of the curve P-256");
}

/// What is done to a statement before it is signed.
type Signed = fn(&mut Value);
/// What the edit must be found as, and the edit.
type Edit = (&'static str, fn(&Described));

#[test]
fn what_is_done_to_a_signed_model_is_found() {
    let edits: &[Edit] = &[
        ("Tampering detected: config.json hash mismatch", |m| {
            m.write("config.json", "{}");
        }),
        ("Tampering detected: model.safetensors hash mismatch", |m| {
            let mut bytes = std::fs::read(m.path("model.safetensors")).expect("read");
            bytes[70] = 1;
            m.write("model.safetensors", bytes);
        }),
        ("`model.safetensors`, which model.sig records, is missing", |m| {
            m.remove("model.safetensors");
        }),
        ("`extra.bin` is data or weights that no hash vouches for", |m| {
            m.write("extra.bin", "x");
        }),
        ("none of the keys made it", |m| {
            let payload =
                decoded(&m.read("model.sig")).replace("\"allow_symlinks\": false", "\"allow_symlinks\": true");
            m.write(
                "model.sig",
                with(&m.read("model.sig"), |b| {
                    b["dsseEnvelope"]["payload"] = encoded(&payload);
                }),
            );
        }),
        ("what it signs is not a statement of in-toto", |m| {
            m.write(
                "model.sig",
                with(&m.read("model.sig"), |b| {
                    b["dsseEnvelope"]["payloadType"] = "text/plain".into();
                }),
            );
        }),
        ("made with a certificate", |m| {
            m.write(
                "model.sig",
                with(&m.read("model.sig"), |b| {
                    b["verificationMaterial"] = json!({"certificate": {"rawBytes": ""}});
                }),
            );
        }),
        ("does not have one signature", |m| {
            m.write(
                "model.sig",
                with(&m.read("model.sig"), |b| b["dsseEnvelope"]["signatures"] = json!([])),
            );
        }),
        ("not a bundle of Sigstore", |m| m.write("model.sig", "signed by hand")),
        ("not a bundle of Sigstore", |m| m.write("model.sig", "{}")),
        ("not at the top of the directory", |m| {
            m.write("sub/model.sig", SIGNATURE);
        }),
        ("not a bundle of Sigstore", |m| m.write("other.sig", "{}")),
    ];
    for (told, edit) in edits {
        let model = signed();
        edit(&model);
        fails(&model, &[KEY], told);
    }
}

/// What a key signs may still be no signature of these files.
#[test]
fn what_a_trusted_key_signed_is_read_strictly() {
    let (key, public) = own_key();
    let judged = |edit: &dyn Fn(&mut Value)| {
        let model = model();
        let mut statement = statement(&model);
        edit(&mut statement);
        model.write("model.sig", bundle(&key, &statement));
        model
    };
    assert_eq!(chain(&judged(&|_| ()), &[&public]).status, Status::Pass);
    let edits: [(&str, Signed); 10] = [
        ("not about the files of a model", |s| {
            s["predicateType"] = "https://slsa.dev/provenance/v1".into();
        }),
        ("whole files", |s| {
            s["predicate"]["serialization"]["method"] = "shards".into();
        }),
        ("whole files", |s| {
            s["predicate"]["serialization"]["hash_type"] = "blake2".into();
        }),
        ("it leaves out `model.safetensors`", |s| {
            s["predicate"]["serialization"]["ignore_paths"] = json!([".git", "model.safetensors"]);
        }),
        ("is not that of the files that it lists", |s| {
            s["predicate"]["resources"].as_array_mut().expect("a list").pop();
        }),
        ("it leads up", |s| {
            s["predicate"]["resources"][0]["name"] = "../README.md".into();
        }),
        ("without a SHA-256", |s| {
            s["predicate"]["resources"][0]["algorithm"] = "sha1".into();
        }),
        ("is malformed", |s| {
            s["predicate"]["resources"][0]["digest"] = "00".into();
        }),
        ("lists no file", |s| s["predicate"]["resources"] = json!([])),
        ("one subject", |s| s["subject"] = json!([])),
    ];
    for (told, edit) in edits {
        fails(&judged(&|statement| edit(statement)), &[&public], told);
    }
}

/// A file that lies at the top of the project is not the one of the model.
#[test]
fn files_are_those_of_the_model() {
    let project = tempfile::tempdir().expect("a directory");
    std::fs::write(project.path().join("config.json"), r#"{"model_type": "distilbert"}"#).expect("written");
    let model = signed();
    model.remove("config.json");
    let options = Options {
        project: Some(project.path().to_owned()),
        model_keys: vec![KEY.to_owned()],
        ..Options::default()
    };
    let report = validate(&model.path(""), &options).expect("judged");
    let check = &report.checks[1];
    assert!(
        check.status == Status::Fail && check.message.contains("is missing"),
        "{}",
        check.message
    );
}

fn own_key() -> (SigningKey, String) {
    let key = SigningKey::from_slice(&[7; 32]).expect("a scalar");
    let public = p256::PublicKey::from(key.verifying_key())
        .to_public_key_pem(LineEnding::LF)
        .expect("PEM");
    (key, public)
}

/// What model-signing would sign.
fn statement(model: &Described) -> Value {
    let names = ["README.md", "config.json", "model.safetensors"];
    let resources = names.map(|name| json!({"name": name, "algorithm": "sha256", "digest": model.sha256(name)}));
    let all: Vec<u8> = names
        .iter()
        .flat_map(|name| {
            data_encoding::HEXLOWER
                .decode(model.sha256(name).as_bytes())
                .expect("hexadecimal")
        })
        .collect();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": sha256_hex(&all)}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": false, "ignore_paths": [".git", "model.sig"]},
            "resources": resources,
        },
    })
}

fn bundle(key: &SigningKey, statement: &Value) -> String {
    let payload = statement.to_string();
    let kind = "application/vnd.in-toto+json";
    let message = format!("DSSEv1 {} {kind} {} {payload}", kind.len(), payload.len());
    let signature: Signature = key.sign(message.as_bytes());
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": ""}, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": encoded(&payload),
            "payloadType": kind,
            "signatures": [{"sig": BASE64.encode(signature.to_der().as_bytes()), "keyid": ""}],
        },
    })
    .to_string()
}

fn with(bundle: &str, edit: impl Fn(&mut Value)) -> String {
    let mut bundle: Value = serde_json::from_str(bundle).expect("JSON");
    edit(&mut bundle);
    bundle.to_string()
}

fn decoded(bundle: &str) -> String {
    let bundle: Value = serde_json::from_str(bundle).expect("JSON");
    let payload = bundle["dsseEnvelope"]["payload"].as_str().expect("a payload");
    String::from_utf8(BASE64.decode(payload.as_bytes()).expect("base64")).expect("UTF-8")
}

fn encoded(payload: &str) -> Value {
    BASE64.encode(payload.as_bytes()).into()
}
