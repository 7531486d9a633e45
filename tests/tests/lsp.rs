//! A scripted client of `cargo gate lsp`: the binary, its pipes and the bytes of the protocol.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use gate_tests::gate;
use gate_tests::harness::Gate;
use serde_json::{Value, json};

struct Client {
    child: Child,
    answers: BufReader<ChildStdout>,
    next: i64,
    /// Notifications that came while an answer was waited for.
    notes: Vec<Value>,
}

impl Client {
    fn start(gate: &Gate) -> Self {
        let mut child = gate
            .gate_command()
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let answers = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self {
            child,
            answers,
            next: 0,
            notes: Vec::new(),
        }
    }

    fn send(&mut self, body: &str) {
        let to = self.child.stdin.as_mut().expect("its input is a pipe");
        write!(to, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("the server reads");
        to.flush().expect("the server reads");
    }

    fn receive(&mut self) -> Value {
        let mut length = None;
        loop {
            let mut line = String::new();
            assert!(
                self.answers.read_line(&mut line).expect("the server writes") > 0,
                "the server has ended"
            );
            if line == "\r\n" {
                break;
            }
            length = line
                .strip_prefix("Content-Length: ")
                .map(|length| length.trim().parse::<usize>().expect("a number"));
        }
        let mut body = vec![0; length.expect("a length")];
        self.answers.read_exact(&mut body).expect("a whole body");
        serde_json::from_slice(&body).expect("JSON")
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string());
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        loop {
            let message = self.receive();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
            self.notes.push(message);
        }
    }

    /// The next diagnostics of a file, those that came already first.
    fn diagnostics(&mut self, uri: &str) -> Vec<Value> {
        let is_it = |note: &Value| note["method"] == "textDocument/publishDiagnostics" && note["params"]["uri"] == uri;
        let message = match self.notes.iter().position(is_it) {
            Some(at) => self.notes.remove(at),
            None => loop {
                let message = self.receive();
                if is_it(&message) {
                    break message;
                }
                self.notes.push(message);
            },
        };
        message["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    fn initialize(&mut self, root: &Path) -> Value {
        let params = json!({
            "processId": null,
            "rootUri": uri(root),
            "capabilities": {},
            "workspaceFolders": [{ "uri": uri(root), "name": "workspace" }],
        });
        let answer = self.ask("initialize", &params);
        self.tell("initialized", &json!({}));
        answer["result"]["capabilities"].clone()
    }

    fn open(&mut self, path: &Path, text: &str) {
        let document = json!({ "uri": uri(path), "languageId": "toml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    fn end(mut self, shutdown: bool) -> Option<i32> {
        if shutdown {
            assert_eq!(self.ask("shutdown", &Value::Null)["result"], Value::Null);
        }
        self.tell("exit", &Value::Null);
        self.child.wait().expect("the server ends").code()
    }
}

/// A path as editors write it.
fn uri(path: &Path) -> String {
    let text = path.to_str().expect("a path of a test").replace('\\', "/");
    let text = text.strip_prefix("//?/").unwrap_or(&text).replace(' ', "%20");
    if text.starts_with('/') {
        format!("file://{text}")
    } else {
        format!("file:///{text}")
    }
}

fn place(path: &Path, line: u32, character: u32) -> Value {
    json!({ "textDocument": { "uri": uri(path) }, "position": { "line": line, "character": character } })
}

#[test]
fn a_session_from_initialize_to_exit() {
    let gate = gate!().fixture("good").git_init();
    let mut client = Client::start(&gate);
    // Nothing is answered before `initialize` but that it has to come first.
    assert_eq!(client.ask("textDocument/hover", &json!({}))["error"]["code"], -32002);
    let can = client.initialize(gate.workspace());
    for capability in [
        "hoverProvider",
        "completionProvider",
        "codeActionProvider",
        "definitionProvider",
        "inlayHintProvider",
    ] {
        assert!(!can[capability].is_null(), "{capability}");
    }
    assert_eq!(can["positionEncoding"], "utf-16");

    let policy = gate.workspace().join("gate.toml");
    client.open(&policy, "# 𝄞\r\nversion = 1\r\n[tiers]\r\ndefault = \"portabel\"\r\n");
    let found = client.diagnostics(&uri(&policy));
    let word = found
        .iter()
        .find(|one| one["range"]["start"] == json!({ "line": 3, "character": 10 }));
    assert!(
        word.is_some_and(|one| one["message"].as_str().is_some_and(|text| text.contains("portable"))),
        "{found:?}"
    );

    let hover = client.ask("textDocument/hover", &place(&policy, 3, 1));
    assert!(
        hover["result"]["contents"]["value"]
            .as_str()
            .is_some_and(|text| text.contains("Tier of every crate")),
        "{hover}"
    );
    let range = json!({ "start": { "line": 3, "character": 12 }, "end": { "line": 3, "character": 12 } });
    let params = json!({ "textDocument": { "uri": uri(&policy) }, "range": range, "context": { "diagnostics": [] } });
    let actions = client.ask("textDocument/codeAction", &params);
    let edit = &actions["result"][0]["edit"]["changes"][uri(&policy)][0];
    assert_eq!(edit["newText"], "\"portable\"", "{actions}");

    // The edit as the client applies it, and the stage that is missing.
    let changes = json!([
        { "range": edit["range"], "text": edit["newText"] },
        { "range": { "start": { "line": 2, "character": 0 }, "end": { "line": 2, "character": 0 } },
          "text": "[stage.pilot]\r\nscope = \"é\"\r\n" },
    ]);
    let params = json!({ "textDocument": { "uri": uri(&policy), "version": 2 }, "contentChanges": changes });
    client.tell("textDocument/didChange", &params);
    assert_eq!(client.diagnostics(&uri(&policy)), Vec::<Value>::new());

    // What is no message is answered, and the session goes on.
    client.send("{\"jsonrpc\": ");
    assert_eq!(client.receive()["error"]["code"], -32700);
    client.send("[]");
    assert_eq!(client.receive()["error"]["code"], -32600);
    assert_eq!(client.ask("textDocument/rename", &json!({}))["error"]["code"], -32601);
    assert_eq!(
        client.ask("textDocument/definition", &place(&policy, 0, 0))["result"],
        Value::Null
    );
    assert_eq!(client.end(true), Some(0));
}

#[test]
fn findings_of_the_last_run_stand_at_their_places() {
    let gate = gate!().fixture("bad").git_init();
    gate.run(["pilot"]);
    let mut client = Client::start(&gate);
    client.initialize(gate.workspace());
    // They come when cargo has said where the workspace writes, whichever file is open.
    let source = gate.workspace().join("src").join("lib.rs");
    let found = client.diagnostics(&uri(&source));
    assert!(!found.is_empty());
    assert!(
        found
            .iter()
            .all(|one| one["source"] == "cargo-gate" && one["code"].is_string()),
        "{found:?}"
    );
    assert_eq!(client.end(false), Some(1), "`exit` without `shutdown`");
}

#[test]
fn a_client_that_goes_away_ends_the_server() {
    let gate = gate!().fixture("good");
    let mut client = Client::start(&gate);
    client.initialize(gate.workspace());
    drop(client.child.stdin.take());
    assert_eq!(client.child.wait().expect("the server ends").code(), Some(1));

    let mut client = Client::start(&gate);
    let to = client.child.stdin.as_mut().expect("its input is a pipe");
    to.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("the server reads");
    assert_eq!(client.child.wait().expect("the server ends").code(), Some(3));
}
