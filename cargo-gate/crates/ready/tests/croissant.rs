//! Data sets that Croissant describes, and what is done to them. Each edit names the check that must find it.

mod described;

use described::{Described, Edit, card, found};
use gate_base::digest::sha256_hex;
use gate_ready::Status;
use serde_json::{Value, json};

const DOCUMENT: &str = "croissant.json";
const TRAIN: &str = "{\"question\": \"Which river flows through the old town of Bern?\", \"answer\": \"The Aare flows around it\"}\n\
                     {\"question\": \"Who wrote the first program for an engine?\", \"answer\": \"Ada Lovelace, in a note\"}\n";
const TEST: &str =
    "{\"question\": \"How many moons does the planet Mars have today?\", \"answer\": \"Two small ones\"}\n";
const LABELS: &str = "id,label\n1,river\n2,person\n";

/// An archive with two pictures.
fn pictures() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for name in ["bern.jpg", "mars.jpg"] {
        let mut header = tar::Header::new_ustar();
        header.set_size(name.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, name.as_bytes()).expect("written");
    }
    tar.into_inner().expect("finished")
}

fn file(path: &str, format: &str, bytes: &[u8]) -> Value {
    json!({
        "@type": "cr:FileObject", "@id": path, "contentUrl": path, "encodingFormat": format,
        "contentSize": format!("{} B", bytes.len()), "sha256": sha256_hex(bytes),
    })
}

fn field(name: &str, source: &str, column: &str) -> Value {
    json!({"@type": "cr:Field", "@id": name, "dataType": "sc:Text", "source": {"fileObject": {"@id": source}, "extract": {"column": column}}})
}

fn document() -> Value {
    let terms = [
        "recordSet",
        "field",
        "source",
        "dataType",
        "fileObject",
        "fileSet",
        "includes",
        "extract",
        "references",
        "subField",
        "md5",
        "column",
    ];
    let mut context: serde_json::Map<String, Value> = terms
        .iter()
        .map(|term| ((*term).to_owned(), format!("cr:{term}").into()))
        .collect();
    context.insert("@vocab".into(), "https://schema.org/".into());
    context.insert("sc".into(), "https://schema.org/".into());
    context.insert("cr".into(), "http://mlcommons.org/croissant/".into());
    json!({
        "@context": context,
        "@type": "sc:Dataset",
        "name": "questions",
        "description": "Questions with answers and pictures",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "license": "https://spdx.org/licenses/CC-BY-4.0",
        "url": "https://example.org/questions",
        "creator": {"@type": "Organization", "name": "Example"},
        "datePublished": "2026-07-12",
        "version": "1.0.0",
        "distribution": [
            file("data/train.jsonl", "application/jsonlines", TRAIN.as_bytes()),
            file("data/test.jsonl", "application/jsonlines", TEST.as_bytes()),
            file("labels.csv", "text/csv", LABELS.as_bytes()),
            file("pictures.tar", "application/x-tar", &pictures()),
            {"@type": "cr:FileObject", "@id": "bern", "contentUrl": "bern.jpg", "containedIn": {"@id": "pictures.tar"},
             "encodingFormat": "image/jpeg", "sha256": sha256_hex(b"bern.jpg")},
            {"@type": "cr:FileSet", "@id": "all-pictures", "containedIn": {"@id": "pictures.tar"}, "encodingFormat": "image/jpeg", "includes": "*.jpg"},
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": "labels", "field": [field("labels/id", "labels.csv", "id"), field("labels/label", "labels.csv", "label")]},
            {"@type": "cr:RecordSet", "@id": "kinds", "field": [{"@type": "cr:Field", "@id": "kinds/name", "dataType": "sc:Text"}],
             "data": [{"kinds/name": "river"}]},
        ],
    })
}

fn questions() -> Described {
    let directory = Described::new(&[
        (DOCUMENT, &serde_json::to_string_pretty(&document()).expect("JSON")),
        ("data/train.jsonl", TRAIN),
        ("data/test.jsonl", TEST),
        ("labels.csv", LABELS),
    ]);
    directory.write("pictures.tar", pictures());
    directory
}

/// Changes the description as a value.
fn change(directory: &Described, edit: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(&directory.read(DOCUMENT)).expect("JSON");
    edit(&mut value);
    directory.write(DOCUMENT, value.to_string());
}

/// Writes a file, and records its new hash and size in the description.
fn recorded(directory: &Described, at: usize, path: &str, text: &str) {
    directory.write(path, text);
    change(directory, |value| {
        value["distribution"][at]["sha256"] = sha256_hex(text.as_bytes()).into();
        value["distribution"][at]["contentSize"] = text.len().into();
    });
}

/// Takes a property away.
fn drop(directory: &Described, at: &str, key: &str) {
    change(directory, |value| {
        let object = value.pointer_mut(at).and_then(Value::as_object_mut).expect(at);
        object.remove(key).expect(key);
    });
}

/// Sets a property.
fn set(directory: &Described, at: &str, key: &str, to: Value) {
    change(directory, |value| value.pointer_mut(at).expect(at)[key] = to);
}

#[test]
fn a_good_data_set_says_what_does_not_apply() {
    insta::assert_snapshot!(questions().judged().human(true));
}

const EDITS: &[Edit] = &[
    ("contract_integrity", "missing @context", |d| drop(d, "", "@context")),
    ("contract_integrity", "does not have the namespace", |d| {
        set(d, "/@context", "cr", "http://example.org/".into());
    }),
    ("contract_integrity", "does not define `source`", |d| {
        drop(d, "/@context", "source");
    }),
    ("contract_integrity", "@type is not sc:Dataset", |d| {
        set(d, "", "@type", "sc:Thing".into());
    }),
    ("contract_integrity", "missing conformsTo", |d| {
        drop(d, "", "conformsTo");
    }),
    ("contract_integrity", "unknown version 2.0", |d| {
        d.edit(DOCUMENT, "croissant/1.1", "croissant/2.0");
    }),
    ("contract_integrity", "several versions", |d| {
        let both = json!([
            "http://mlcommons.org/croissant/1.0",
            "http://mlcommons.org/croissant/1.1"
        ]);
        set(d, "", "conformsTo", both);
    }),
    ("contract_integrity", "missing name", |d| drop(d, "", "name")),
    ("contract_integrity", "missing description", |d| {
        drop(d, "", "description");
    }),
    ("contract_integrity", "missing license", |d| drop(d, "", "license")),
    ("contract_integrity", "license has no text", |d| {
        set(d, "", "license", "None".into());
    }),
    ("contract_integrity", "missing url", |d| drop(d, "", "url")),
    ("contract_integrity", "datePublished is not a date", |d| {
        set(d, "", "datePublished", "12.7.2026".into());
    }),
    ("contract_integrity", "dateModified is before dateCreated", |d| {
        set(d, "", "dateCreated", "2026-07-12".into());
        set(d, "", "dateModified", "2026-07-11".into());
    }),
    ("contract_integrity", "stands twice", |d| {
        d.edit(
            DOCUMENT,
            "\"name\": \"questions\"",
            "\"name\": \"a\", \"name\": \"questions\"",
        );
    }),
    ("contract_integrity", "are one property", |d| {
        set(d, "/distribution/0", "sc:sha256", "0".into());
    }),
    ("contract_integrity", "Cannot read croissant.json", |d| {
        d.edit(DOCUMENT, "\"questions\"", "NaN");
    }),
    ("contract_integrity", "its distribution has no file", |d| {
        drop(d, "", "distribution");
    }),
    ("contract_integrity", "has no @id", |d| {
        drop(d, "/distribution/0", "@id");
    }),
    ("contract_integrity", "an @id with spaces", |d| {
        set(d, "/distribution/0", "@id", "a b".into());
    }),
    ("contract_integrity", "the id `bern` stands twice", |d| {
        set(d, "/distribution/5", "@id", "bern".into());
    }),
    ("contract_integrity", "not cr:FileObject or cr:FileSet", |d| {
        set(d, "/distribution/0", "@type", "sc:File".into());
    }),
    ("contract_integrity", "has no contentUrl", |d| {
        drop(d, "/distribution/0", "contentUrl");
    }),
    ("contract_integrity", "has no encodingFormat", |d| {
        drop(d, "/distribution/0", "encodingFormat");
    }),
    ("contract_integrity", "no pattern under includes", |d| {
        drop(d, "/distribution/5", "includes");
    }),
    ("contract_integrity", "cannot be parsed", |d| {
        set(d, "/distribution/5", "includes", "[".into());
    }),
    (
        "contract_integrity",
        "is contained in `gone`, which is not described",
        |d| {
            set(d, "/distribution/5", "containedIn", json!({"@id": "gone"}));
        },
    ),
    ("contract_integrity", "is contained in itself", |d| {
        set(d, "/distribution/5", "containedIn", json!({"@id": "all-pictures"}));
    }),
    ("contract_integrity", "refused: it leads up", |d| {
        set(d, "/distribution/4", "contentUrl", "../bern.jpg".into());
    }),
    ("contract_integrity", "is `gone`, which is not described", |d| {
        set(d, "/recordSet/0/field/0/source", "fileObject", json!({"@id": "gone"}));
    }),
    ("contract_integrity", "is not a file, a file set", |d| {
        drop(d, "/recordSet/0/field/0/source", "fileObject");
    }),
    ("contract_integrity", "has no source", |d| {
        drop(d, "/recordSet/0/field/0", "source");
    }),
    ("contract_integrity", "`labels.csv` does not have", |d| {
        set(d, "/recordSet/0/field/1/source/extract", "column", "colour".into());
    }),
    ("contract_integrity", "not cr:Field", |d| {
        set(d, "/recordSet/0/field/0", "@type", "sc:Field2".into());
    }),
    ("contract_integrity", "not cr:RecordSet", |d| {
        set(d, "/recordSet/0", "@type", "sc:Table".into());
    }),
    ("contract_integrity", "has no records", |d| {
        set(d, "/recordSet/1", "data", json!([]));
    }),
    ("contract_integrity", "no field has references", |d| {
        set(
            d,
            "/recordSet/0/field/1/source",
            "fileObject",
            json!({"@id": "data/train.jsonl"}),
        );
    }),
    ("contract_integrity", "an arrayShape and is not an array", |d| {
        set(d, "/recordSet/0/field/0", "arrayShape", "1,2".into());
    }),
    ("contract_integrity", "other than a list of numbers", |d| {
        set(d, "/recordSet/0/field/0", "arrayShape", "a,2".into());
        set(d, "/recordSet/0/field/0", "isArray", true.into());
    }),
    ("contract_integrity", "`labels.csv` has no row", |d| {
        recorded(d, 2, "labels.csv", "id,label\n");
    }),
    ("contract_integrity", "git lfs pull", |d| {
        d.write(
            "labels.csv",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        );
    }),
    ("hash_chain", "Tampering detected: labels.csv hash mismatch", |d| {
        d.write("labels.csv", "id,label\n1,person\n");
    }),
    ("hash_chain", "`labels.csv` in croissant.json has no SHA-256", |d| {
        drop(d, "/distribution/2", "sha256");
    }),
    ("hash_chain", "`labels.csv` in croissant.json has no SHA-256", |d| {
        set(d, "/distribution/2", "sha256", "0".into());
    }),
    ("hash_chain", "has 26 bytes, and its contentSize is 28 B", |d| {
        d.edit(DOCUMENT, "26 B", "28 B");
    }),
    ("hash_chain", "which croissant.json records, is missing", |d| {
        d.remove("data/train.jsonl");
    }),
    ("hash_chain", "unlisted_file: `data/more/train2.jsonl`", |d| {
        d.write("data/more/train2.jsonl", TRAIN);
    }),
    ("hash_chain", "unlisted_file: `model.safetensors`", |d| {
        d.write("model.safetensors", "weights");
    }),
    ("hash_chain", "`./labels.csv` in croissant.json is refused", |d| {
        set(d, "/distribution/2", "contentUrl", "./labels.csv".into());
    }),
    (
        "hash_chain",
        "`../labels.csv` in croissant.json is refused: it leads up",
        |d| {
            set(d, "/distribution/2", "contentUrl", "../labels.csv".into());
        },
    ),
    ("hash_chain", "refused: it is absolute", |d| {
        set(d, "/distribution/2", "contentUrl", "/etc/hostname".into());
    }),
    (
        "hash_chain",
        "`file:///etc/hostname` in croissant.json is refused",
        |d| {
            set(d, "/distribution/2", "contentUrl", "file:///etc/hostname".into());
        },
    ),
    ("hash_chain", "labels.csv MD5 mismatch", |d| {
        set(d, "/distribution/2", "md5", "0".repeat(32).into());
    }),
    ("hash_chain", "`gone.jpg` is not in the archive", |d| {
        set(d, "/distribution/4", "contentUrl", "gone.jpg".into());
    }),
    ("hash_chain", "bern.jpg in pictures.tar hash mismatch", |d| {
        set(d, "/distribution/4", "sha256", "0".repeat(64).into());
    }),
    ("hash_chain", "matches no file in the archive", |d| {
        set(d, "/distribution/5", "includes", "*.png".into());
    }),
    ("hash_chain", "the archive `pictures.tar` cannot be read", |d| {
        let bytes = pictures();
        d.write("pictures.tar", &bytes[..515]);
    }),
    ("hash_chain", "`labels.csv` of the file set `tables` has no hash", |d| {
        drop(d, "/distribution/2", "contentUrl");
        set(d, "/distribution/2", "@type", "cr:FileSet".into());
        set(d, "/distribution/2", "@id", "tables".into());
        set(d, "/distribution/2", "includes", "*.csv".into());
    }),
    ("hash_chain", "the file set `all-pictures` matches no file", |d| {
        drop(d, "/distribution/5", "containedIn");
    }),
    ("hash_chain", "is a signature", |d| {
        d.write("croissant.json.sig", "signed");
    }),
    // Files and description were rewritten together, and a second record has what they were.
    ("hash_chain", "labels.csv hash mismatch", |d| {
        d.record(&[
            DOCUMENT,
            "labels.csv",
            "data/train.jsonl",
            "data/test.jsonl",
            "pictures.tar",
        ]);
        recorded(d, 2, "labels.csv", "id,label\n1,person\n");
    }),
    ("hash_chain", "no hash of the document `croissant.json`", |d| {
        d.record(&["labels.csv"]);
    }),
    ("privacy_safety", "payment", |d| {
        recorded(d, 2, "labels.csv", &format!("id,label\n1,{}\n", card()));
    }),
    ("privacy_safety", "`redaction_audit.json` says passed false", |d| {
        d.write("redaction_audit.json", "{\"passed\": false}");
    }),
    ("contamination_risk", "`contamination.json` is empty", |d| {
        d.write("contamination.json", "{}");
    }),
    ("contamination_risk", "1 exact duplicates", |d| {
        recorded(d, 1, "data/test.jsonl", TRAIN.lines().next().expect("a row"));
    }),
    ("contamination_risk", "with another answer", |d| {
        let leaked =
            "{\"question\": \"Who wrote the first program for an engine?\", \"answer\": \"Nobody knows that now\"}\n";
        recorded(d, 1, "data/test.jsonl", leaked);
    }),
    ("contamination_risk", "excerpts of evaluated texts", |d| {
        let item =
            "the quick brown fox jumps over the lazy dog while seven wizards quietly mix nine strange potions at dawn";
        recorded(d, 1, "data/test.jsonl", &format!("{{\"text\": \"{item}\"}}\n"));
        let long = format!(
            "{} {item} {}",
            "some other words come first here".repeat(9),
            "and many others follow after that".repeat(9)
        );
        recorded(d, 0, "data/train.jsonl", &format!("{{\"text\": \"{long}\"}}\n"));
    }),
    ("contamination_risk", "the training data has no rows", |d| {
        recorded(d, 0, "data/train.jsonl", "");
    }),
    ("contamination_risk", "the evaluation data has no row with text", |d| {
        recorded(d, 1, "data/test.jsonl", "");
    }),
    ("contamination_risk", "cannot be read", |d| {
        d.write("data/train.parquet", "PAR1");
    }),
];

#[test]
fn what_is_done_to_a_data_set_is_found() {
    found(questions, EDITS, Status::Fail);
}

const WARNINGS: &[Edit] = &[
    ("contract_integrity", "has no creator", |d| drop(d, "", "creator")),
    ("contract_integrity", "has no datePublished", |d| {
        drop(d, "", "datePublished");
    }),
    ("hash_chain", "has an MD5 only", |d| {
        drop(d, "/distribution/2", "sha256");
        set(d, "/distribution/2", "md5", "24bc2f746ee2bd47301257947ae5af91".into());
    }),
    ("hash_chain", "`labels.csv` is ` B`, not a size", |d| {
        d.edit(DOCUMENT, "\"26 B\"", "\" B\"");
    }),
    (
        "hash_chain",
        "was not verified: it is at https://example.org/elsewhere.csv",
        |d| {
            d.remove("labels.csv");
            set(d, "/distribution/2", "@id", "elsewhere".into());
            set(
                d,
                "/distribution/2",
                "contentUrl",
                "https://example.org/elsewhere.csv".into(),
            );
        },
    ),
    ("hash_chain", "no ZIP and no tar", |d| {
        set(d, "/distribution/5", "containedIn", json!({"@id": "labels.csv"}));
    }),
    (
        "hash_chain",
        "the files that `labels.csv` lists were not verified",
        |d| {
            let listed = json!({"fileObject": {"@id": "labels.csv"}, "transform": {"readLines": true}});
            set(d, "/distribution/5", "containedIn", listed);
        },
    ),
    ("hash_chain", "no hash of `notes.md` is recorded", |d| {
        d.write("notes.md", "# Notes");
    }),
    ("reproducibility", "has no `version`", |d| drop(d, "", "version")),
    ("reproducibility", "is live", |d| {
        set(d, "", "isLiveDataset", true.into());
    }),
    ("reproducibility", "is downloaded without a SHA-256", |d| {
        set(
            d,
            "/distribution/2",
            "contentUrl",
            "https://example.org/labels.csv".into(),
        );
        drop(d, "/distribution/2", "sha256");
    }),
];

#[test]
fn what_is_no_proof_warns() {
    found(questions, WARNINGS, Status::Warn);
}

#[test]
fn containers_count_together_and_nested_ones_are_told() {
    let directory = questions();
    directory.write("more.tar", {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        header.set_mode(0o644);
        tar.append_data(&mut header, "b.png", &b"b"[..]).expect("written");
        tar.into_inner().expect("finished")
    });
    let bytes = std::fs::read(directory.path("more.tar")).expect("read");
    change(&directory, |value| {
        let more = value["distribution"].as_array_mut().expect("a list");
        more.push(file("more.tar", "application/x-tar", &bytes));
        more[5]["containedIn"] = json!([{"@id": "pictures.tar"}, {"@id": "more.tar"}]);
    });
    directory.tells("hash_chain", Status::Pass, "Hash chain verified successfully: 6 files");
    change(&directory, |value| {
        let inner = json!({"@type": "cr:FileObject", "@id": "inner.csv", "contentUrl": "inner.csv", "containedIn": {"@id": "bern"},
            "encodingFormat": "text/csv"});
        value["distribution"].as_array_mut().expect("a list").push(inner);
    });
    directory.tells("hash_chain", Status::Warn, "what `bern` holds was not verified");
}

#[test]
fn the_copy_of_a_remote_file_is_verified() {
    let directory = questions();
    set(
        &directory,
        "/distribution/2",
        "contentUrl",
        "https://example.org/download/labels.csv?v=1".into(),
    );
    directory.tells("hash_chain", Status::Pass, "Hash chain verified successfully: 5 files");
    directory.write("labels.csv", "id,label\n1,person\n");
    directory.tells("hash_chain", Status::Fail, "labels.csv hash mismatch");
}

#[test]
fn a_repository_that_the_directory_is_a_copy_of_has_files_without_hashes() {
    let directory = questions();
    change(&directory, |value| {
        value["distribution"][2] = json!({"@type": "cr:FileObject", "@id": "repo", "contentUrl": "https://example.org/questions",
            "encodingFormat": "git+https", "sha256": "https://example.org/issues/80"});
        value["distribution"][3] = json!({"@type": "cr:FileSet", "@id": "tables", "containedIn": {"@id": "repo"},
            "encodingFormat": "text/csv", "includes": "*.csv"});
    });
    directory.tells(
        "hash_chain",
        Status::Fail,
        "`labels.csv` of the file set `tables` has no hash",
    );
}

#[test]
fn a_description_is_known_by_its_namespace() {
    let directory = questions();
    directory.write("metadata.json", directory.read(DOCUMENT));
    directory.remove(DOCUMENT);
    assert_eq!(directory.judged().layout, "croissant");
    directory.write("metadata.json", "{\"title\": \"a photo\"}");
    assert_eq!(directory.judged().layout, "decided-run");
    directory.write(DOCUMENT, "{}");
    directory.tells("contract_integrity", Status::Fail, "missing conformsTo");
    directory.write("decision.json", "{}");
    assert_eq!(directory.judged().layout, "decided-run", "what another pipeline wrote");
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let directory = questions();
    directory.remove("labels.csv");
    std::os::unix::fs::symlink("/etc/hostname", directory.path("labels.csv")).expect("linked");
    directory.tells("hash_chain", Status::Fail, "`labels.csv` is a link");
}
