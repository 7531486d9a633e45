//! The protocol, with and without a connection.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};

use counter_service::{Counters, serve};

#[test]
fn answers_agree_with_the_protocol() {
    let mut counters = Counters::default();
    assert_eq!(counters.answer("get a"), "0");
    assert_eq!(counters.answer("add a 2"), "2");
    assert_eq!(counters.answer("add a 3"), "5");
    assert_eq!(counters.answer("get b"), "0");
}

#[test]
fn what_is_no_request_changes_nothing() {
    let mut counters = Counters::default();
    for request in ["", "add a", "add a x", "drop a"] {
        assert!(counters.answer(request).starts_with("error"), "{request}");
    }
    assert_eq!(counters.answer(&format!("add a {}", u64::MAX)), u64::MAX.to_string());
    assert!(counters.answer("add a 1").starts_with("error"));
    assert_eq!(counters.answer("get a"), u64::MAX.to_string());
}

#[test]
fn a_connection_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let client = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(b"add a 1\nget a\n").expect("requests");
        stream.shutdown(Shutdown::Write).expect("an end");
        BufReader::new(stream)
            .lines()
            .map(|line| line.expect("an answer"))
            .collect::<Vec<_>>()
    });
    let (stream, _) = listener.accept().expect("a client");
    serve(&stream, &mut Counters::default()).expect("a connection");
    drop(stream);
    assert_eq!(client.join().expect("answers"), ["1", "1"]);
}
