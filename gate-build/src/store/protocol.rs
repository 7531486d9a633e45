//! What a build says to the program that serves a remote store, over its standard input and output.
//!
//! The program says first what it is, one of
//!
//! ```text
//! gate-cache 1 rw
//! gate-cache 1 ro
//! gate-cache 1 off REASON
//! ```
//!
//! and then answers questions. A question or an answer is a line of words with one space between them, and `LENGTH` is
//! followed by so many bytes behind the line end. Numbers are chosen by the build; answers come in any order.
//!
//! ```text
//! get NUMBER SPACE KEY             hit NUMBER LENGTH | miss NUMBER | corrupt NUMBER | failed NUMBER REASON
//! put NUMBER SPACE KEY LENGTH      kept NUMBER | failed NUMBER REASON
//! ```
//!
//! `SPACE` is `manifests`, `actions` or `blobs`, `KEY` is a SHA-256 in 64 lower-case hexadecimal digits. `corrupt` means
//! that the store has something under this key that is not what the key says, and `failed` that it could not be asked:
//! whoever reads that asks nothing more. A `put` is answered by `failed` where the store is `ro`. When its standard
//! input ends, the program answers what it was asked and ends.

use std::io::{self, BufRead, Read as _, Write};

use super::{LARGEST, Space};
use crate::digest::Digest;
use crate::sorted::List as _;

/// The first word of both sides and the version of the protocol.
const GREETING: &str = "gate-cache 1 ";

/// Longest line.
const LONGEST: u64 = 4096;

/// What may be done with a remote store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Read from it and write to it.
    ReadWrite,
    /// Read from it.
    ReadOnly,
    /// Leave it alone.
    Off,
}

impl Mode {
    /// As settings and the protocol spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadWrite => "rw",
            Self::ReadOnly => "ro",
            Self::Off => "off",
        }
    }

    /// The mode of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::ReadWrite, Self::ReadOnly, Self::Off]
            .into_iter()
            .seek(|mode| mode.name() == name)
    }
}

/// What a build asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// For an entry.
    Get(Space, Digest),
    /// To keep an entry.
    Put(Space, Digest, Vec<u8>),
}

/// What it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The entry.
    Hit(Vec<u8>),
    /// There is none.
    Miss,
    /// There is one, and it is not what its key says.
    Corrupt,
    /// It is kept.
    Kept,
    /// The store could not be asked, and why.
    Failed(String),
}

/// One line, as text that stays on it.
fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(500)
        .collect();
    line.truncate(line.trim_end().len());
    line
}

fn foreign(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// A line without its end; `None` at the end of the stream.
fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    stream.by_ref().take(LONGEST).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(foreign("an unterminated line"));
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| foreign("a line that is not UTF-8"))
}

fn payload(stream: &mut impl BufRead, length: Option<&str>) -> io::Result<Vec<u8>> {
    let length: u64 = length
        .and_then(|word| word.parse().ok())
        .filter(|&length| length <= LARGEST)
        .ok_or_else(|| foreign("an invalid length"))?;
    let mut bytes = Vec::new();
    stream.by_ref().take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err(foreign("fewer bytes than announced"))
    }
}

/// Writes the first line.
///
/// # Errors
/// As the operating system says.
pub fn greet(stream: &mut impl Write, mode: Mode, reason: &str) -> io::Result<()> {
    let reason = one_line(reason);
    let space = if reason.is_empty() { "" } else { " " };
    writeln!(stream, "{GREETING}{}{space}{reason}", mode.name())?;
    stream.flush()
}

/// Reads the first line: the mode, and a reason for it.
///
/// # Errors
/// The stream ends or says something else.
pub fn greeting(stream: &mut impl BufRead) -> io::Result<(Mode, String)> {
    let line = line(stream)?.ok_or_else(|| foreign("it sent nothing"))?;
    let rest = line
        .strip_prefix(GREETING)
        .ok_or_else(|| foreign("it does not speak `gate-cache 1`"))?;
    let (mode, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let mode = Mode::named(mode).ok_or_else(|| foreign("it sent no mode"))?;
    Ok((mode, reason.to_owned()))
}

/// A question as bytes.
#[must_use]
pub fn question_bytes(number: u64, question: &Question) -> Vec<u8> {
    match question {
        Question::Get(space, key) => format!("get {number} {} {key}\n", space.name()).into_bytes(),
        Question::Put(space, key, bytes) => {
            let mut all = format!("put {number} {} {key} {}\n", space.name(), bytes.len()).into_bytes();
            all.extend_from_slice(bytes);
            all
        }
    }
}

/// Reads a question; `None` at the end of the stream.
///
/// # Errors
/// The stream cannot be read or holds something else.
pub fn question(stream: &mut impl BufRead) -> io::Result<Option<(u64, Question)>> {
    let Some(line) = line(stream)? else { return Ok(None) };
    let mut words = line.split(' ');
    let verb = words.next();
    let number = words.next().and_then(|word| word.parse().ok());
    let space = words.next().and_then(Space::named).filter(|space| space.is_shared());
    let key = words.next().and_then(|word| word.parse().ok());
    let (Some(number), Some(space), Some(key)) = (number, space, key) else {
        return Err(foreign("an invalid request"));
    };
    let question = match verb {
        Some("get") => Question::Get(space, key),
        Some("put") => Question::Put(space, key, payload(stream, words.next())?),
        _ => return Err(foreign("an invalid request")),
    };
    if words.next().is_some() {
        return Err(foreign("a request with too many words"));
    }
    Ok(Some((number, question)))
}

/// Writes an answer.
///
/// # Errors
/// As the operating system says.
pub fn answer(stream: &mut impl Write, number: u64, answer: &Answer) -> io::Result<()> {
    match answer {
        Answer::Hit(bytes) => {
            writeln!(stream, "hit {number} {}", bytes.len())?;
            stream.write_all(bytes)?;
        }
        Answer::Miss => writeln!(stream, "miss {number}")?,
        Answer::Corrupt => writeln!(stream, "corrupt {number}")?,
        Answer::Kept => writeln!(stream, "kept {number}")?,
        Answer::Failed(reason) => writeln!(stream, "failed {number} {}", one_line(reason))?,
    }
    stream.flush()
}

/// Reads an answer; `None` at the end of the stream.
///
/// # Errors
/// The stream cannot be read or holds something else.
pub fn answered(stream: &mut impl BufRead) -> io::Result<Option<(u64, Answer)>> {
    let Some(line) = line(stream)? else { return Ok(None) };
    let mut words = line.splitn(3, ' ');
    let verb = words.next().unwrap_or_default();
    let number = words
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| foreign("a response without a number"))?;
    let rest = words.next();
    let answer = match verb {
        "hit" => Answer::Hit(payload(stream, rest)?),
        "miss" => Answer::Miss,
        "corrupt" => Answer::Corrupt,
        "kept" => Answer::Kept,
        "failed" => Answer::Failed(rest.unwrap_or_default().to_owned()),
        _ => return Err(foreign("an invalid response")),
    };
    Ok(Some((number, answer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn questions() -> impl Strategy<Value = Question> {
        (prop::collection::vec(any::<u8>(), 0..40), any::<bool>(), 0_usize..3).prop_map(|(bytes, put, space)| {
            let (space, key) = (Space::ALL[space], Digest::of(&bytes));
            if put {
                Question::Put(space, key, bytes)
            } else {
                Question::Get(space, key)
            }
        })
    }

    fn answers() -> impl Strategy<Value = Answer> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Answer::Hit),
            Just(Answer::Miss),
            Just(Answer::Corrupt),
            Just(Answer::Kept),
            "[a-z é]{0,20}[a-z]".prop_map(Answer::Failed),
        ]
    }

    proptest! {
        #[test]
        fn questions_and_answers_survive_the_wire(questions in prop::collection::vec((any::<u64>(), questions()), 0..5),
                                                  answers in prop::collection::vec((any::<u64>(), answers()), 0..5)) {
            let mut bytes = Vec::new();
            for (number, asked) in &questions {
                bytes.extend(question_bytes(*number, asked));
            }
            let mut stream = bytes.as_slice();
            for asked in questions {
                prop_assert_eq!(question(&mut stream).unwrap(), Some(asked));
            }
            prop_assert!(question(&mut stream).unwrap().is_none());
            let mut bytes = Vec::new();
            for (number, given) in &answers {
                answer(&mut bytes, *number, given).unwrap();
            }
            let mut stream = bytes.as_slice();
            for given in answers {
                prop_assert_eq!(answered(&mut stream).unwrap(), Some(given));
            }
            prop_assert!(answered(&mut stream).unwrap().is_none());
        }

        #[test]
        fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "(get|put|hit|failed) [0-9]{1,3} [a-z0-9 ]{0,20}\n") {
            for mut stream in [bytes.as_slice(), text.as_bytes()] {
                let mut other = stream;
                let _ = greeting(&mut { stream });
                while let Ok(Some(_)) = question(&mut stream) {}
                while let Ok(Some(_)) = answered(&mut other) {}
            }
        }
    }

    #[test]
    fn greetings_have_a_mode_and_perhaps_a_reason() {
        let mut bytes = Vec::new();
        greet(&mut bytes, Mode::Off, "no remote\nis named").unwrap();
        assert_eq!(bytes, b"gate-cache 1 off no remote is named\n");
        assert_eq!(
            greeting(&mut bytes.as_slice()).unwrap(),
            (Mode::Off, "no remote is named".to_owned())
        );
        assert_eq!(
            greeting(&mut &b"gate-cache 1 rw\n"[..]).unwrap(),
            (Mode::ReadWrite, String::new())
        );
        for wrong in [
            "",
            "gate-cache 2 rw\n",
            "gate-cache 1 wr\n",
            "gate-cache 1 rw",
            &"x".repeat(10_000),
        ] {
            assert!(greeting(&mut wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nothing_is_read_that_is_too_large_or_stays_on_the_machine() {
        let key = Digest::of(b"");
        for wrong in [
            format!("put 1 blobs {key} 999999999999\n"),
            format!("get 1 derived {key}\n"),
            format!("get 1 blobs {key} more\n"),
            format!("put 1 blobs {key} 5\nabc"),
        ] {
            assert!(question(&mut wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(answered(&mut &b"hit 1 999999999999\n"[..]).is_err());
    }
}
