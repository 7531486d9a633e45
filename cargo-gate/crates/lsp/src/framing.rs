//! Messages of the base protocol: a header with `Content-Length`, an empty line, JSON.
//!
//! What an editor sends is foreign input. A body that is not a message is answered and left behind, as JSON-RPC asks, and a length is
//! believed only up to [`MAX_BODY`]; both would end a server that hands them to a parser as they come.

use std::io::{self, BufRead, Read as _};

use lsp_server::{ErrorCode, Message};
use serde_json::Value;

/// Largest body that is read, in bytes. Editors send whole files; this is a hundred times what one should be.
pub const MAX_BODY: u64 = 64 << 20;

/// Longest line of a header, in bytes.
const MAX_HEADER: u64 = 4 << 10;

/// What a stream holds next.
#[derive(Debug)]
pub enum Incoming {
    /// A message.
    Message(Message),
    /// Something else with a known length: the stream goes on behind it.
    Malformed(Malformed),
}

/// A body that is not a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Malformed {
    /// What to answer with.
    pub code: i32,
    /// What is wrong with it.
    pub message: String,
    /// The id of the request, where it has one.
    pub id: Value,
}

impl Malformed {
    /// The answer. The types of messages know no answer without an id, which is what JSON-RPC asks for here.
    pub fn answer(&self) -> Value {
        serde_json::json!({
            "jsonrpc": "2.0",
            "id": self.id,
            "error": { "code": self.code, "message": self.message },
        })
    }
}

/// Reads the next message; `None` at the end of the stream.
///
/// # Errors
/// The stream ends inside a message, or a header is malformed: where the next message begins is not known any more.
pub fn read(from: &mut dyn BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = header(from)? else {
        return Ok(None);
    };
    if length > MAX_BODY {
        let skipped = io::copy(&mut from.take(length), &mut io::sink())?;
        if skipped < length {
            return Err(ended());
        }
        return Ok(Some(malformed(
            ErrorCode::InvalidRequest,
            format!("a message of {length} bytes is longer than the {MAX_BODY} that are read"),
            Value::Null,
        )));
    }
    let mut body = Vec::new();
    from.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(ended());
    }
    Ok(Some(message(&body)))
}

/// What a body says.
pub fn message(body: &[u8]) -> Incoming {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return malformed(ErrorCode::ParseError, format!("not JSON: {error}"), Value::Null),
    };
    let id = match value.get("id") {
        Some(id @ (Value::Number(_) | Value::String(_))) => id.clone(),
        _ => Value::Null,
    };
    match serde_json::from_value(value) {
        // What has an id waits for an answer, whichever type the id has: it is no notification.
        Ok(Message::Notification(_)) if !id.is_null() => malformed(
            ErrorCode::InvalidRequest,
            "the id is neither a string nor a whole number of 32 bits".to_owned(),
            id,
        ),
        Ok(message) => Incoming::Message(message),
        Err(_) => malformed(
            ErrorCode::InvalidRequest,
            "neither a request, nor a notification, nor a response".to_owned(),
            id,
        ),
    }
}

fn malformed(code: ErrorCode, message: String, id: Value) -> Incoming {
    Incoming::Malformed(Malformed {
        code: code as i32,
        message,
        id,
    })
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the stream ends inside a message")
}

/// The length that a header states; `None` at the end of the stream.
fn header(from: &mut dyn BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    let mut first = true;
    loop {
        let mut line = Vec::new();
        from.take(MAX_HEADER).read_until(b'\n', &mut line)?;
        if line.is_empty() && first {
            return Ok(None);
        }
        first = false;
        if line.last() != Some(&b'\n') {
            return Err(ended());
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, format!("not a header: {line:?}"));
        let (name, value) = line.split_once(':').ok_or_else(wrong)?;
        if name.trim().eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse().map_err(|_| wrong())?);
        }
    }
    length
        .map(Some)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a header without `Content-Length`"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(body: &str) -> Vec<u8> {
        format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[test]
    fn messages_follow_each_other() {
        let mut bytes = framed(r#"{"jsonrpc":"2.0","method":"exit"}"#);
        bytes.extend(b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:2\r\n\r\n{}");
        bytes.extend(framed("{\"id\":7,\"method\""));
        bytes.extend(framed(
            r#"{"jsonrpc":"2.0","id":"a","method":"shutdown","params":null}"#,
        ));
        let mut stream = bytes.as_slice();
        let mut seen = Vec::new();
        while let Some(incoming) = read(&mut stream).unwrap() {
            seen.push(match incoming {
                Incoming::Message(Message::Request(request)) => request.method,
                Incoming::Message(Message::Notification(note)) => note.method,
                Incoming::Message(Message::Response(_)) => "response".into(),
                Incoming::Malformed(malformed) => malformed.code.to_string(),
            });
        }
        assert_eq!(seen, ["exit", "-32600", "-32700", "shutdown"]);
    }

    #[test]
    fn a_request_with_an_id_that_is_none_is_answered_by_it() {
        let Incoming::Malformed(malformed) = message(br#"{"id":9999999999,"method":"shutdown"}"#) else {
            panic!("the types of ids are 32 bits wide")
        };
        assert_eq!(malformed.answer()["id"], 9_999_999_999_u64);
        assert_eq!(malformed.answer()["error"]["code"], -32600);
    }

    #[test]
    fn a_length_is_believed_up_to_the_limit() {
        let mut stream = io::Cursor::new(b"Content-Length: 18446744073709551615\r\n\r\n{}".as_slice());
        assert_eq!(read(&mut stream).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut text = b"Content-Length: 70000000\r\n\r\n".to_vec();
        text.resize(text.len() + 70_000_000, b' ');
        text.extend(framed(r#"{"method":"exit"}"#));
        let mut stream = text.as_slice();
        assert!(matches!(read(&mut stream), Ok(Some(Incoming::Malformed(_)))));
        assert!(matches!(read(&mut stream), Ok(Some(Incoming::Message(_)))));
    }

    #[test]
    fn broken_headers_end_the_stream() {
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "Content-Length: -1\r\n\r\n",
            "X: 1\r\n\r\n{}",
            "Content-Length: 5\r\n\r\n{}",
        ] {
            assert!(read(&mut text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(read(&mut b"".as_slice()).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut stream = bytes.as_slice();
            while let Ok(Some(_)) = read(&mut stream) {}
            let _ = message(&bytes);
        }
    }
}
