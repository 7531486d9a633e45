//! What build scripts have compiled so far, while cargo waits for them.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How often the file is looked at.
const PAUSE: Duration = Duration::from_millis(250);

/// Does the work and meanwhile says each line that appears in the file.
pub(super) fn during<R>(file: &Path, say: &(dyn Fn(&str) + Sync), work: impl FnOnce() -> R) -> R {
    let (ended, waits) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut read = 0;
            loop {
                let over = waits.recv_timeout(PAUSE) == Err(RecvTimeoutError::Disconnected);
                for line in new_lines(file, &mut read).lines() {
                    say(line);
                }
                if over {
                    break;
                }
            }
        });
        let result = work();
        drop(ended);
        result
    })
}

/// Whole lines after the bytes that were read before.
fn new_lines(file: &Path, read: &mut u64) -> String {
    let mut text = Vec::new();
    let Ok(mut open) = File::open(file) else {
        return String::new();
    };
    if open.seek(SeekFrom::Start(*read)).is_err() || open.read_to_end(&mut text).is_err() {
        return String::new();
    }
    text.truncate(text.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1));
    *read += text.len() as u64;
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_line_is_said_once() {
        let folder = tempfile::tempdir().expect("a directory");
        let file = folder.path().join("progress");
        let said = Mutex::new(Vec::new());
        let say = |line: &str| said.lock().expect("nothing panics").push(line.to_owned());
        during(&file, &say, || {
            std::fs::write(&file, "1/2 a.cu sm_80 reused\n2/2 b.cu").expect("a file");
            while said.lock().expect("nothing panics").is_empty() {
                thread::yield_now();
            }
            std::fs::write(&file, "1/2 a.cu sm_80 reused\n2/2 b.cu sm_80 failed\n").expect("a file");
        });
        assert_eq!(
            said.into_inner().expect("nothing panics"),
            ["1/2 a.cu sm_80 reused", "2/2 b.cu sm_80 failed"]
        );
    }
}
