//! Every kind of store against servers inside the test.
#![allow(clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod http_server;
mod redis_server;

use std::io::BufReader;
use std::net::TcpListener;

use gate_build::Digest;
use gate_build::store::Space;
use gate_build::store::protocol::{self, Answer, Mode, Question};

use self::http_server::Http;
use self::redis_server::Redis;
use super::{Opened, open, serve};
use gate_world::environment::Environment;

fn opened(address: &str, variables: &[(&str, &str)]) -> Result<Opened, String> {
    let mut all = vec![("GATE_CACHE_REMOTE", address), ("GATE_CACHE_MODE", "rw")];
    all.extend_from_slice(variables);
    open(&Environment::from_pairs(all))
}

/// The queries of all requests so far.
fn queries(server: &Http) -> Vec<String> {
    let state = server.state();
    state.requests.iter().map(|(_, _, query)| query.clone()).collect()
}

/// Asks as a build does.
fn ask(opened: Result<Opened, String>, questions: &[Question]) -> (Mode, String, Vec<Answer>) {
    let mut asked = Vec::new();
    for (number, question) in (0..).zip(questions) {
        asked.extend(protocol::question_bytes(number, question));
    }
    let mut said = Vec::new();
    serve(opened, &mut asked.as_slice(), &mut said).unwrap();
    let mut said = BufReader::new(said.as_slice());
    let (mode, reason) = protocol::greeting(&mut said).unwrap();
    let mut answers = Vec::new();
    while let Some(answer) = protocol::answered(&mut said).unwrap() {
        answers.push(answer);
    }
    answers.sort_by_key(|(number, _)| *number);
    (mode, reason, answers.into_iter().map(|(_, answer)| answer).collect())
}

fn blob(bytes: &[u8]) -> (Question, Question) {
    let key = Digest::of(bytes);
    (
        Question::Get(Space::Blob, key),
        Question::Put(Space::Blob, key, bytes.to_vec()),
    )
}

/// What every kind of store does.
fn behaves(address: &str, variables: &[(&str, &str)]) {
    let (get, put) = blob(b"some bytes");
    let (other, _) = blob(b"other bytes");
    let answers = |questions: &[Question]| ask(opened(address, variables), questions);
    assert_eq!(answers(std::slice::from_ref(&get)).2, [Answer::Miss]);
    assert_eq!(
        answers(std::slice::from_ref(&put)),
        (Mode::ReadWrite, String::new(), vec![Answer::Kept])
    );
    assert_eq!(
        answers(&[get.clone(), other]).2,
        [Answer::Hit(b"some bytes".to_vec()), Answer::Miss]
    );
    let mut read_only = variables.to_vec();
    read_only.push(("GATE_CACHE_MODE", "ro"));
    let (_, another) = blob(b"another");
    let (mode, _, answers) = ask(opened(address, &read_only), &[get, another]);
    assert_eq!(mode, Mode::ReadOnly);
    assert_eq!(answers[0], Answer::Hit(b"some bytes".to_vec()));
    assert_eq!(answers[1], Answer::Failed("the store is read only here".to_owned()));
}

#[test]
fn a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string().replace('\\', "/");
    let address = format!("file:///{}", path.trim_start_matches('/'));
    behaves(&address, &[]);
    // It is laid out as the store of one machine.
    let place = Space::Blob.place(&Digest::of(b"some bytes"));
    assert!(folder.path().join("kernels-v1").join(place).is_file());
    let (get, _) = blob(b"some bytes");
    let gone = ask(opened(&format!("{address}/gone"), &[]), &[get]).2;
    assert_eq!(gone, [Answer::Failed("the folder is not there".to_owned())]);
}

#[test]
fn a_server() {
    let server = Http::start();
    behaves(&format!("http://{}/kernels/", server.address), &[]);
    assert_eq!(server.count("PUT"), 1);
    let place = Space::Blob.place(&Digest::of(b"some bytes"));
    assert!(
        server
            .state()
            .entries
            .contains_key(&format!("/kernels/kernels-v1/{place}"))
    );
}

#[test]
fn a_server_that_wants_to_know_who_asks() {
    let server = Http::start();
    server.expect("authorization: Bearer correct-horse-battery");
    let address = format!("http://{}", server.address);
    behaves(&address, &[("GATE_CACHE_TOKEN", "correct-horse-battery")]);
    let (get, _) = blob(b"some bytes");
    let answers = ask(
        opened(&address, &[("GATE_CACHE_TOKEN", "wrong-horse")]),
        std::slice::from_ref(&get),
    )
    .2;
    assert_eq!(
        answers,
        [Answer::Failed("the server answers 401 (Unauthorized)".to_owned())]
    );
    server.expect("authorization: Basic YWRhOnBAc3M=");
    let answers = ask(opened(&format!("http://ada:p%40ss@{}", server.address), &[]), &[get]).2;
    assert_eq!(answers, [Answer::Hit(b"some bytes".to_vec())]);
}

#[test]
fn nothing_secret_goes_in_the_clear_or_into_a_reason() {
    let reason = |address: &str, variables: &[(&str, &str)]| ask(opened(address, variables), &[]).1;
    let clear = "a token or password would be sent in the clear; use `https://`";
    assert_eq!(
        reason("http://cache.example", &[("GATE_CACHE_TOKEN", "correct-horse")]),
        clear
    );
    assert_eq!(reason("http://ada:correct-horse@cache.example", &[]), clear);
    let opened = opened("redis://:correct-horse@127.0.0.1:1", &[]).unwrap();
    assert_eq!(opened.clean("no correct-horse here"), "no [redacted] here");
    assert!(!format!("{:?}", super::Secret::new("correct-horse")).contains("horse"));
}

#[test]
fn servers_that_lie_fail_or_are_not_there() {
    let (get, put) = blob(b"some bytes");
    let key = format!("/kernels-v1/{}", Space::Blob.place(&Digest::of(b"some bytes")));
    for (bytes, expected) in [
        (b"some bytez".to_vec(), Answer::Corrupt),
        (b"some".to_vec(), Answer::Corrupt),
        (Vec::new(), Answer::Corrupt),
        (vec![0; (64 << 20) + 1], Answer::Corrupt),
    ] {
        let server = Http::start();
        server.state().entries.insert(key.clone(), bytes);
        let answers = ask(
            opened(&format!("http://{}", server.address), &[]),
            std::slice::from_ref(&get),
        )
        .2;
        assert_eq!(answers, [expected]);
    }
    let server = Http::start();
    server.state().status = Some(503);
    let address = format!("http://{}", server.address);
    let answers = ask(opened(&address, &[]), &[get.clone(), put]).2;
    assert_eq!(
        answers,
        vec![Answer::Failed("the server answers 503 (Service Unavailable)".to_owned()); 2]
    );
    // One that announces more than it sends.
    let server = Http::start();
    server.state().entries.insert(key.clone(), b"some bytes".to_vec());
    server.state().cuts = true;
    let answers = ask(
        opened(&format!("http://{}", server.address), &[]),
        std::slice::from_ref(&get),
    )
    .2;
    assert!(matches!(&answers[..], [Answer::Failed(_)]), "{answers:?}");
    // A port that nobody listens on.
    let nobody = "127.0.0.1:1";
    for address in [format!("http://{nobody}"), format!("redis://{nobody}")] {
        let answers = ask(opened(&address, &[]), std::slice::from_ref(&get)).2;
        assert!(
            matches!(&answers[..], [Answer::Failed(reason)] if !reason.is_empty()),
            "{answers:?}"
        );
    }
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    // The system accepts connections for it, and nobody reads them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (get, _) = blob(b"some bytes");
    for scheme in ["http", "redis"] {
        let address = format!("{scheme}://{}", silent.local_addr().unwrap());
        let answers = ask(
            opened(&address, &[("GATE_CACHE_TIMEOUT", "1s")]),
            std::slice::from_ref(&get),
        )
        .2;
        let late = "the server did not answer in time".to_owned();
        assert_eq!(answers, [Answer::Failed(late)], "{scheme}");
    }
}

#[test]
fn a_bucket() {
    let server = Http::start();
    let address = format!(
        "s3://kernels/team?region=eu-central-1&endpoint=http://{}",
        server.address
    );
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", "session-token"),
    ];
    behaves(&address, &keys);
    let place = Space::Blob.place(&Digest::of(b"some bytes"));
    assert!(
        server
            .state()
            .entries
            .contains_key(&format!("/kernels/team/kernels-v1/{place}"))
    );
    for part in [
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "%2Feu-central-1%2Fs3%2Faws4_request",
        "X-Amz-Security-Token=session-token",
        "X-Amz-Signature=",
    ] {
        assert!(queries(&server).iter().all(|query| query.contains(part)), "{part}");
    }
    assert!(!queries(&server).join(" ").contains("wJalrX"));
    // Everybody may read it.
    let (get, _) = blob(b"some bytes");
    assert_eq!(
        ask(opened(&address, &[]), &[get]).2,
        [Answer::Hit(b"some bytes".to_vec())]
    );
    assert_eq!(queries(&server).last().map(String::as_str), Some(""));
}

#[test]
fn a_redis_server() {
    let server = Redis::start(None);
    behaves(&format!("redis://{}/2", server.address), &[]);
    assert!(server.commands().iter().any(|command| command == "SELECT 2"));
    assert!(
        server
            .commands()
            .iter()
            .any(|command| command.starts_with("GETRANGE kernels-v1/blobs/"))
    );
    let server = Redis::start(Some("correct-horse"));
    let address = format!("redis://{}", server.address);
    behaves(&address, &[("GATE_CACHE_TOKEN", "correct-horse")]);
    let (get, _) = blob(b"some bytes");
    let answers = ask(opened(&address, &[("GATE_CACHE_TOKEN", "wrong-horse")]), &[get]).2;
    assert!(
        matches!(&answers[..], [Answer::Failed(reason)] if !reason.contains("wrong-horse")),
        "{answers:?}"
    );
}

#[test]
fn many_questions_are_answered_whatever_their_order() {
    let server = Http::start();
    let all: Vec<(Question, Question)> = (0..100_u8).map(|at| blob(&[at; 100])).collect();
    let puts: Vec<Question> = all.iter().map(|(_, put)| put.clone()).collect();
    let gets: Vec<Question> = all.iter().map(|(get, _)| get.clone()).collect();
    let address = format!("http://{}", server.address);
    assert_eq!(ask(opened(&address, &[]), &puts).2, vec![Answer::Kept; 100]);
    let hits: Vec<Answer> = (0..100_u8).map(|at| Answer::Hit(vec![at; 100])).collect();
    assert_eq!(ask(opened(&address, &[]), &gets).2, hits);
}

#[test]
fn what_is_not_set_up_is_off_and_says_why() {
    let said = |variables: &[(&str, &str)]| {
        let (mode, reason, _) = ask(open(&Environment::from_pairs(variables.iter().copied())), &[]);
        format!("{} {reason}", mode.name())
    };
    insta::assert_snapshot!(
        [
            said(&[]),
            said(&[("GATE_CACHE_REMOTE", "ftp://x")]),
            said(&[("GATE_CACHE_REMOTE", "http://x"), ("GATE_CACHE_MODE", "off")]),
            said(&[("GATE_CACHE_REMOTE", "http://x"), ("GATE_CACHE_MODE", "wr")]),
        ]
        .join("\n"),
        @"
        off `GATE_CACHE_REMOTE` names no store
        off the address does not start with `file://`, `http://`, `https://`, `s3://` or `redis://`
        off `GATE_CACHE_MODE` is `off`
        off `GATE_CACHE_MODE` is none of `rw`, `ro` and `off`
        "
    );
}

#[test]
fn what_is_no_entry_is_not_written() {
    let server = Http::start();
    let wrong = Question::Put(Space::Action, Digest::of(b"x"), b"garbage".to_vec());
    let answers = ask(opened(&format!("http://{}", server.address), &[]), &[wrong]).2;
    assert_eq!(
        answers,
        [Answer::Failed("the build wrote something that is no entry".to_owned())]
    );
    assert_eq!(server.count("PUT"), 0);
}
