//! A real repository is asked.

use std::ffi::OsStr;
use std::path::Path;

use super::*;
use crate::environment::Environment;

fn repository(directory: &Path) -> Program {
    let kept = std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("GIT_"));
    let own = [(OsStr::new("GIT_CONFIG_NOSYSTEM").to_owned(), OsStr::new("1").to_owned())];
    let program = Program::find(&Environment::from_pairs(kept.chain(own)), directory).expect("git is installed");
    let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
    std::fs::write(directory.join("one"), "first\n\nlines").expect("write");
    std::fs::write(directory.join("big"), vec![b'\n'; 1 << 20]).expect("write");
    for arguments in [&["init", "-q"][..], &["add", "--all"], &["commit", "-q", "-m", "state"]] {
        program.output(&[&identity, arguments].concat()).expect("git succeeds");
    }
    program
}

fn ask(objects: &Objects, program: &Program, questions: &[&str]) -> Result<Vec<Object>, String> {
    let questions: Vec<String> = questions.iter().map(|question| (*question).to_owned()).collect();
    objects.ask(program, &questions)
}

fn blob(contents: &[u8]) -> Object {
    Object::There {
        kind: "blob".into(),
        contents: contents.into(),
    }
}

#[test]
fn one_process_answers_every_question_in_order() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let program = repository(directory.path());
    let objects = Objects::default();
    let answers = ask(&objects, &program, &["HEAD:./one", "HEAD:./none 12", "HEAD:./one"]);
    let one = blob(b"first\n\nlines");
    assert_eq!(answers, Ok(vec![one.clone(), Object::Not, one.clone()]));
    let first = objects
        .0
        .lock()
        .expect("a lock")
        .as_ref()
        .map(|process| process.child.id());
    assert!(first.is_some());
    assert_eq!(ask(&objects, &program, &["HEAD:./one"]), Ok(vec![one]));
    let second = objects
        .0
        .lock()
        .expect("a lock")
        .as_ref()
        .map(|process| process.child.id());
    assert_eq!(first, second);
}

#[test]
fn more_than_a_pipe_holds_goes_both_ways() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let program = repository(directory.path());
    let long = "x".repeat(300);
    let mut questions = vec!["HEAD:./big".to_owned(); 3];
    questions.extend((0..2000).map(|number| format!("HEAD:./{long}{number}")));
    questions.push("HEAD:./one".to_owned());
    let answers = Objects::default().ask(&program, &questions).expect("answers");
    assert_eq!(answers.len(), questions.len());
    assert_eq!(answers[2], blob(&vec![b'\n'; 1 << 20]));
    assert_eq!(answers[3], Object::Not);
    assert_eq!(answers.last(), Some(&blob(b"first\n\nlines")));
}

#[test]
fn a_process_that_ended_is_an_error_once() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let program = repository(directory.path());
    let objects = Objects::default();
    ask(&objects, &program, &["HEAD:./one"]).expect("an answer");
    if let Some(process) = objects.0.lock().expect("a lock").as_mut() {
        process.child.kill().expect("it runs");
        process.child.wait().expect("it ends");
    }
    ask(&objects, &program, &["HEAD:./one"]).expect_err("nobody answers");
    ask(&objects, &program, &["HEAD:./one"]).expect("another one answers");
}

#[test]
fn outside_of_a_repository_nobody_answers() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let program = repository(directory.path());
    std::fs::remove_dir_all(directory.path().join(".git")).expect("remove");
    let program = Program {
        root: directory.path().into(),
        ..program
    };
    ask(&Objects::default(), &program, &["HEAD:./one"]).expect_err("there is none");
}

#[test]
fn a_line_is_an_object_when_it_ends_with_type_and_size() {
    assert_eq!(there(b"abc blob 12"), Some(("blob".into(), 12)));
    for line in [
        "",
        "12",
        "abc missing",
        "HEAD:./one two missing",
        "abc ambiguous",
        "abc blob -1",
        "abc blob 99999999999999999999",
    ] {
        assert_eq!(there(line.as_bytes()), None, "{line}");
    }
    assert_eq!(there(b"\xff blob 12"), None);
}
