//! A session without a process: messages in, effects out.

use std::path::{Path, PathBuf};

use lsp_server::{Message, Notification, Request};
use serde_json::{Value, json};

use super::session::{Effect, Session};
use gate_gpu::kernels::check::{Checked, Image, Said};

const POLICY: &str = "version = 1\r\n[stage.pilot]\r\nscope = \"é𝄞\"\r\n[tiers]\r\ndefault = \"portabel\"\r\n";

struct Client {
    session: Session,
    root: tempfile::TempDir,
}

impl Client {
    /// A client that has waited for `initialize`, in a workspace of its own.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("Cargo.toml"), "").unwrap();
        let mut this = Self {
            session: Session::new(None),
            root,
        };
        this.ask(
            "initialize",
            json!({ "processId": null, "rootUri": null, "capabilities": {} }),
        )
        .unwrap();
        this.tell("initialized", json!({}));
        let gate_dir = this.root.path().join("target").join("gate");
        this.session.opened(this.root.path().to_owned(), gate_dir);
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn uri(&self, name: &str) -> String {
        super::paths::to_uri(&self.path(name)).unwrap().0
    }

    /// The answer, or the code of the refusal.
    fn ask(&mut self, method: &str, params: Value) -> Result<Value, i32> {
        let request = Request::new(7.into(), method.into(), params);
        let effects = self.session.handle(Message::Request(request));
        let answers: Vec<_> = effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Send(Message::Response(response)) => Some(response),
                _ => None,
            })
            .collect();
        assert_eq!(answers.len(), 1, "one answer to each request");
        answers[0].response_result.clone().map_err(|error| error.code)
    }

    fn tell(&mut self, method: &str, params: Value) -> Vec<Effect> {
        self.session.handle(Notification::new(method.into(), params).into())
    }

    fn open(&mut self, name: &str, text: &str) -> Vec<Effect> {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "x", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }))
    }

    fn at(&self, name: &str, line: u32, character: u32) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": { "line": line, "character": character } })
    }
}

/// The diagnostics that are published: file name, and `line:character severity code message` of each.
fn published(effects: &[Effect]) -> Vec<(String, Vec<String>)> {
    let notes = effects.iter().filter_map(|effect| match effect {
        Effect::Send(Message::Notification(note)) if note.method == "textDocument/publishDiagnostics" => {
            Some(&note.params)
        }
        _ => None,
    });
    notes
        .map(|params| {
            let name = params["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            let all = params["diagnostics"].as_array().unwrap().iter().map(|one| {
                let start = &one["range"]["start"];
                format!(
                    "{}:{} {} {} {}",
                    start["line"],
                    start["character"],
                    one["severity"],
                    one["code"].as_str().unwrap(),
                    one["message"].as_str().unwrap()
                )
            });
            (name, all.collect())
        })
        .collect()
}

#[test]
fn the_life_of_a_session_is_the_protocols() {
    let mut session = Session::new(None);
    let ask = |session: &mut Session, method: &str| -> i64 {
        let request = Request::new(1.into(), method.into(), json!({ "capabilities": {} }));
        let effects = session.handle(Message::Request(request));
        let Some(Effect::Send(Message::Response(response))) = effects.last() else {
            panic!("{effects:?}")
        };
        response
            .response_result
            .as_ref()
            .map_or_else(|error| i64::from(error.code), |_| 0)
    };
    assert_eq!(ask(&mut session, "textDocument/hover"), -32002);
    // Notifications before `initialize` are left out.
    assert!(
        session
            .handle(Notification::new("initialized".into(), json!({})).into())
            .is_empty()
    );
    assert_eq!(ask(&mut session, "initialize"), 0);
    assert_eq!(ask(&mut session, "initialize"), -32600);
    assert_eq!(ask(&mut session, "textDocument/hover"), -32602);
    assert_eq!(ask(&mut session, "textDocument/rename"), -32601);
    assert_eq!(ask(&mut session, "$/unknown"), -32601);
    assert!(
        session
            .handle(Notification::new("$/unknown".into(), json!([1])).into())
            .is_empty()
    );
    assert!(
        session
            .handle(Notification::new("textDocument/didOpen".into(), json!(7)).into())
            .is_empty()
    );
    assert_eq!(ask(&mut session, "shutdown"), 0);
    assert_eq!(ask(&mut session, "shutdown"), -32600);
    let ended = session.handle(Notification::new("exit".into(), Value::Null).into());
    assert!(matches!(ended.as_slice(), [Effect::Exit(0)]), "{ended:?}");
    let ended = Session::new(None).handle(Notification::new("exit".into(), Value::Null).into());
    assert!(matches!(ended.as_slice(), [Effect::Exit(1)]), "{ended:?}");
}

#[test]
fn a_policy_is_judged_as_it_is_typed() {
    let mut client = Client::new();
    let shown = published(&client.open("gate.toml", POLICY));
    let one = "4:10 1 policy::unknown-value `default` cannot be `portabel`\nhelp: did you mean `portable`?";
    assert_eq!(shown, [("gate.toml".to_owned(), vec![one.to_owned()])]);
    // The word is replaced in the middle of the line, behind characters that are not ASCII.
    let uri = client.uri("gate.toml");
    let change = json!({
        "range": { "start": { "line": 4, "character": 17 }, "end": { "line": 4, "character": 19 } },
        "text": "le"
    });
    let change = json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [change] });
    let shown = published(&client.tell("textDocument/didChange", change));
    assert_eq!(shown, [("gate.toml".to_owned(), vec![])]);
    // Two changes in one message, the second counted on the first, and one of the whole document.
    let change = json!({ "textDocument": { "uri": client.uri("gate.toml"), "version": 3 }, "contentChanges": [
        { "text": "é = 1\n" },
        { "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 1 } }, "text": "versoin" },
    ]});
    let shown = published(&client.tell("textDocument/didChange", change));
    assert!(
        shown[0]
            .1
            .iter()
            .any(|one| one.contains("unknown key `versoin`") && one.contains("did you mean `version`?")),
        "{shown:?}"
    );
    let close = json!({ "textDocument": { "uri": client.uri("gate.toml") } });
    assert_eq!(
        published(&client.tell("textDocument/didClose", close)),
        [("gate.toml".to_owned(), vec![])]
    );
}

#[test]
fn questions_about_a_policy_are_answered() {
    let mut client = Client::new();
    client.open("gate.toml", POLICY);
    let hover = client.ask("textDocument/hover", client.at("gate.toml", 4, 2)).unwrap();
    assert!(
        hover["contents"]["value"]
            .as_str()
            .unwrap()
            .starts_with("**`default`**"),
        "{hover}"
    );
    assert_eq!(hover["range"]["end"], json!({ "line": 4, "character": 7 }));
    let items = client
        .ask("textDocument/completion", client.at("gate.toml", 4, 12))
        .unwrap();
    assert_eq!(items[0]["textEdit"]["newText"], "\"portable\"");
    assert_eq!(items[0]["filterText"], "\"portable");
    let params = json!({
        "textDocument": { "uri": client.uri("gate.toml") },
        "range": { "start": { "line": 4, "character": 12 }, "end": { "line": 4, "character": 12 } },
        "context": { "diagnostics": [] }
    });
    let actions = client.ask("textDocument/codeAction", params).unwrap();
    assert_eq!(actions[0]["kind"], "quickfix");
    let edit = &actions[0]["edit"]["changes"][client.uri("gate.toml")][0];
    assert_eq!(edit["newText"], "\"portable\"");
    assert_eq!(edit["range"]["start"], json!({ "line": 4, "character": 10 }));
    // Nothing is known of what is not open, or is no file.
    assert_eq!(
        client.ask("textDocument/hover", client.at("other.toml", 0, 0)),
        Ok(Value::Null)
    );
    let untitled = json!({ "textDocument": { "uri": "untitled:1" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(client.ask("textDocument/definition", untitled), Ok(Value::Null));
    assert_eq!(client.ask("textDocument/hover", json!({ "position": -1 })), Err(-32602));
}

const SOURCE: &str = "// é\nextern \"C\" __global__ void k(float* x) {\n    x[threadIdx.x] = 1;\n}\n";

fn ptx(source: &Path) -> String {
    let source = source.to_string_lossy().replace('\\', "/");
    format!(
        ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(\n.param .u64 k_param_0\n)\n{{\n.loc 1 3 5\n\
         mov.u32 %r1, %tid.x;\nst.global.u32 [%rd1], %r1;\n.loc 1 4 1\nret;\n}}\n.file 1 \"{source}\"\n"
    )
}

/// A client with a kernel open that was compiled.
fn with_kernel() -> (Client, Vec<Effect>) {
    let mut client = Client::new();
    let source = client.path("k.cu");
    std::fs::write(&source, SOURCE).unwrap();
    std::fs::write(client.path("k.ptx"), ptx(&source)).unwrap();
    let effects = client.open("k.cu", SOURCE);
    (client, effects)
}

fn compiled(client: &Client) -> Checked {
    Checked {
        file: client.path("k.cu"),
        directory: client.root.path().to_owned(),
        images: vec![Image {
            unit: "k.cu".into(),
            arch: "sm_80".into(),
            ptx: client.path("k.ptx"),
        }],
        ..Checked::default()
    }
}

#[test]
fn kernels_lead_to_their_ptx_and_back() {
    let (mut client, effects) = with_kernel();
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Compile(job) if job.file.ends_with("k.cu")))
    );
    assert_eq!(
        client.ask("textDocument/definition", client.at("k.cu", 2, 6)),
        Ok(Value::Null)
    );
    let checked = compiled(&client);
    client.session.compiled(checked);
    let there = client.ask("textDocument/definition", client.at("k.cu", 2, 6)).unwrap();
    assert_eq!(there[0]["uri"], client.uri("k.ptx"), "{there}");
    let range = &there[0]["range"];
    assert!(
        range["start"]["line"].as_u64().unwrap() <= 8 && range["end"]["line"].as_u64().unwrap() >= 9,
        "{range}"
    );
    let text = std::fs::read_to_string(client.path("k.ptx")).unwrap();
    client.open("k.ptx", &text);
    let back = client.ask("textDocument/definition", client.at("k.ptx", 9, 0)).unwrap();
    assert_eq!(back[0]["uri"], client.uri("k.cu"));
    assert_eq!(back[0]["range"]["start"], json!({ "line": 2, "character": 4 }));
    assert_eq!(
        client.ask("textDocument/definition", client.at("k.ptx", 0, 0)),
        Ok(Value::Null)
    );

    let hover = client.ask("textDocument/hover", client.at("k.cu", 1, 27)).unwrap();
    assert!(
        hover["contents"]["value"].as_str().unwrap().contains(".entry k(u64)"),
        "{hover}"
    );
    let whole = json!({
        "textDocument": { "uri": client.uri("k.cu") },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } }
    });
    let hints = client.ask("textDocument/inlayHint", whole).unwrap();
    assert_eq!(hints[0]["label"], "(u64)");
    assert_eq!(hints[0]["position"], json!({ "line": 1, "character": 28 }));
}

#[test]
fn rust_kernels_lead_to_their_ptx_and_back() {
    let source =
        "#[unsafe(no_mangle)]\npub unsafe extern \"ptx-kernel\" fn k(x: *mut f32) {\n    unsafe { x.write(1.0) }\n}\n";
    let mut client = Client::new();
    let path = client.path("device/lib.rs");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, source).unwrap();
    // Without a lock that says so it is Rust like any other.
    let effects = client.open("device/lib.rs", source);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Compile(_))));

    let text = ptx(&path);
    std::fs::write(client.path("k.ptx"), &text).unwrap();
    let digest = |text: &str| gate_build::lock::text_digest(text.as_bytes());
    let sources = [("device/lib.rs".to_owned(), digest(source))].into();
    let fingerprint = gate_build::lock::source_fingerprint(&sources);
    let lock = format!(
        "version = 1\n\n[[image]]\nunit = \"device/lib.rs\"\narch = \"sm_80\"\ncompiler = \"rustc 1.96.0\"\nflags = []\nisa = \"8.0\"\n\
         ptx = \"k.ptx\"\nptx-digest = \"{0}\"\nnormalised-digest = \"{0}\"\nsource-fingerprint = \"{fingerprint}\"\n\n\
         [image.sources]\n\"device/lib.rs\" = \"{1}\"\n\n[[image.entry]]\nname = \"k\"\nparams = [\"u64\"]\n",
        digest(&text),
        digest(source)
    );
    std::fs::write(client.path("kernels.lock"), lock).unwrap();
    let effects = client.open("device/lib.rs", source);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Compile(job) if job.file.ends_with("lib.rs")))
    );
    let checked = Checked {
        file: path,
        directory: client.root.path().to_owned(),
        images: compiled(&client).images,
        ..Checked::default()
    };
    client.session.compiled(checked);

    let there = client
        .ask("textDocument/definition", client.at("device/lib.rs", 2, 6))
        .unwrap();
    assert_eq!(there[0]["uri"], client.uri("k.ptx"), "{there}");
    client.open("k.ptx", &text);
    let back = client.ask("textDocument/definition", client.at("k.ptx", 9, 0)).unwrap();
    assert_eq!(back[0]["uri"], client.uri("device/lib.rs"));
    assert_eq!(back[0]["range"]["start"]["line"], 2);
    let hover = client
        .ask("textDocument/hover", client.at("device/lib.rs", 1, 35))
        .unwrap();
    assert!(
        hover["contents"]["value"].as_str().unwrap().contains(".entry k(u64)"),
        "{hover}"
    );
    let whole = json!({
        "textDocument": { "uri": client.uri("device/lib.rs") },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 9, "character": 0 } }
    });
    let hints = client.ask("textDocument/inlayHint", whole).unwrap();
    assert_eq!(hints[0]["label"], "(u64)");
}

#[test]
fn what_compilers_say_stands_where_they_say_it() {
    let (mut client, _) = with_kernel();
    let said = |file: &str, line, message: &str| Said {
        error: true,
        file: client.path(file),
        line,
        column: None,
        message: message.into(),
    };
    let checked = Checked {
        images: Vec::new(),
        messages: vec![
            said("k.cu", Some(3), "identifier \"y\" is undefined"),
            said("inc/k.cuh", Some(7), "expected a \";\""),
            said("k.cu", Some(99), "behind the end"),
        ],
        ..compiled(&client)
    };
    let shown = published(&client.session.compiled(checked));
    let expected = [
        "2:4 1 kernel identifier \"y\" is undefined",
        "0:0 1 kernel inc/k.cuh:7: expected a \";\"",
        "3:0 1 kernel behind the end",
    ];
    assert_eq!(shown, [("k.cu".to_owned(), expected.map(str::to_owned).to_vec())]);
    let again = compiled(&client);
    let shown = published(&client.session.compiled(again));
    assert_eq!(shown, [("k.cu".to_owned(), vec![])]);
    // An answer about a file that is closed by then is nobody's.
    let close = json!({ "textDocument": { "uri": client.uri("k.cu") } });
    let effects = client.tell("textDocument/didClose", close);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Forget(_))));
    let late = Checked {
        messages: vec![Said {
            error: true,
            file: client.path("k.cu"),
            line: None,
            column: None,
            message: "late".into(),
        }],
        ..compiled(&client)
    };
    assert_eq!(published(&client.session.compiled(late)), []);
}

mod any_messages {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            prop_oneof![Just("file:///gate.toml".to_owned()), "[a-z:/%\\[]{0,12}"].prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let keys = prop::sample::select(vec![
                "textDocument",
                "uri",
                "position",
                "line",
                "character",
                "text",
                "version",
                "range",
                "start",
                "end",
                "contentChanges",
                "languageId",
                "context",
                "diagnostics",
                "capabilities",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((keys, inner), 0..5).prop_map(|pairs| Value::Object(
                    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                )),
            ]
        })
    }

    proptest! {
        #[test]
        fn none_makes_a_session_panic(messages in prop::collection::vec((any::<bool>(), 0_usize..9, value()), 1..8)) {
            const METHODS: [&str; 9] = [
                "initialize", "textDocument/didOpen", "textDocument/didChange", "textDocument/hover", "textDocument/completion",
                "textDocument/codeAction", "textDocument/definition", "textDocument/inlayHint", "textDocument/didClose",
            ];
            let mut session = Session::new(None);
            session.handle(Request::new(0.into(), "initialize".into(), json!({ "capabilities": {} })).into());
            for (request, method, params) in messages {
                let method = METHODS[method].to_owned();
                let message: Message = if request {
                    Request::new(1.into(), method, params).into()
                } else {
                    Notification::new(method, params).into()
                };
                session.handle(message);
            }
        }
    }
}

#[test]
fn a_policy_leads_to_what_it_extends() {
    let mut client = Client::new();
    std::fs::write(
        client.path("gate.base.toml"),
        "version = 1\n[stage.pilot]\nscope = \"x\"\n[[suite.test]]\nname = \"shared\"\ncommand = \"cargo test\"\n",
    )
    .unwrap();
    let own =
        "version = 1\nextends = \"gate.base.toml\"\n[stage.pilot]\nscope = \"y\"\n[checks.\"\"]\nblocks-at = \"\"\n";
    client.open("gate.toml", own);
    let jump = |client: &mut Client, line, character| {
        let at = client.at("gate.toml", line, character);
        let found = client.ask("textDocument/definition", at).unwrap();
        let start = &found["range"]["start"];
        let name = found["uri"]
            .as_str()
            .unwrap_or_default()
            .rsplit('/')
            .next()
            .unwrap_or_default();
        format!("{name}:{}:{}", start["line"], start["character"])
    };
    assert_eq!(jump(&mut client, 1, 14), "gate.base.toml:0:0");
    assert_eq!(jump(&mut client, 3, 2), "gate.base.toml:2:0", "what it replaces");
    assert_eq!(jump(&mut client, 0, 2), "gate.base.toml:0:0");
    let labels = |client: &mut Client, line, character| -> Vec<String> {
        let at = client.at("gate.toml", line, character);
        let items = client.ask("textDocument/completion", at).unwrap();
        let items = items.as_array().unwrap().iter();
        items.map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(labels(&mut client, 1, 12), ["gate.base.toml"]);

    // What is open counts, not what is on the disk, and the policy that extends it is judged again.
    let effects = client.open("gate.base.toml", "version = 1\n[stage.pilot]\nstrict = 1\n");
    let names: Vec<String> = published(&effects).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["gate.base.toml", "gate.toml"]);
}
