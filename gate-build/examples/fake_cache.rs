//! Answers like `cargo gate kernels serve`, for the tests of this crate, which come without that program.
//!
//! Entries lie in the folder that `GATE_CACHE_REMOTE` names. `FAKE_CACHE_LOG` names a file that gets a line for each
//! question, `FAKE_CACHE` a way to fail: `off`, `mute`, `garbage`, `fails`, `deaf`, `dies`, `lies`, `cuts`, `says-corrupt` or
//! `huge`.

use std::env;
use std::fs;
use std::io::{self, BufReader, Write as _};
use std::path::Path;

use gate_build::store::protocol::{self, Answer, Mode, Question};

fn main() -> io::Result<()> {
    assert_eq!(env::args().skip(1).collect::<Vec<_>>(), ["kernels", "serve"]);
    let way = env::var("FAKE_CACHE").unwrap_or_default();
    let root = env::var("GATE_CACHE_REMOTE").expect("a build names the store");
    let mode = env::var("GATE_CACHE_MODE").expect("a build names the mode");
    let mode = Mode::named(&mode).expect("it is a mode");
    let (mut questions, mut answers) = (BufReader::new(io::stdin()), io::stdout());
    match way.as_str() {
        "off" => return protocol::greet(&mut answers, Mode::Off, "the fake is off"),
        "mute" => {}
        "garbage" => answers.write_all(b"hello\n")?,
        _ => protocol::greet(&mut answers, mode, "")?,
    }
    while let Some((number, question)) = protocol::question(&mut questions)? {
        let (verb, place) = match &question {
            Question::Get(space, key) => ("get", space.place(key)),
            Question::Put(space, key, _) => ("put", space.place(key)),
        };
        if let Ok(log) = env::var("FAKE_CACHE_LOG") {
            let mut log = fs::File::options().append(true).create(true).open(log)?;
            writeln!(log, "{verb} {place}")?;
        }
        let file = Path::new(&root).join(&place);
        let answer = match (&question, way.as_str()) {
            (_, "mute" | "deaf") => continue,
            (_, "dies") => return Ok(()),
            (_, "fails") => Answer::Failed("the fake fails".to_owned()),
            (Question::Get(..), "says-corrupt") => Answer::Corrupt,
            (Question::Get(..), "huge") => {
                writeln!(answers, "hit {number} 99999999999")?;
                answers.flush()?;
                continue;
            }
            (Question::Get(..), _) => match fs::read(&file) {
                Ok(mut bytes) => {
                    let middle = bytes.len() / 2;
                    match way.as_str() {
                        "lies" => bytes[middle] ^= 1,
                        "cuts" => bytes.truncate(middle),
                        _ => {}
                    }
                    Answer::Hit(bytes)
                }
                Err(_) => Answer::Miss,
            },
            (Question::Put(_, _, bytes), _) => {
                fs::create_dir_all(file.parent().expect("an entry has a folder"))?;
                fs::write(&file, bytes)?;
                Answer::Kept
            }
        };
        protocol::answer(&mut answers, number, &answer)?;
    }
    Ok(())
}
