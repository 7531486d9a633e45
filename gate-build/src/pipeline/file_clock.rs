//! When a compilation began, by the clock that dates files.
//!
//! That clock is coarser than the system's: a file that is saved now may be dated some milliseconds back (a tick of the
//! kernel; two seconds on FAT). Against the system's clock an edit during a compilation can look older than it.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the clock is asked whether it has moved on. A tick is 1 to 16 ms where files are dated by ticks.
const TRIES: u32 = 20;

/// What is taken off the system's time where a folder cannot be written to: files are dated at least this finely.
const COARSEST: Duration = Duration::from_secs(2);

/// The date of a file written now in this folder.
pub(super) fn now(folder: &Path) -> SystemTime {
    let file = folder.join("file-clock");
    // A file that is there would be written to under a date of its own on some systems.
    let _ = fs::remove_file(&file);
    let dated = || {
        fs::write(&file, b"now").ok()?;
        fs::metadata(&file).ok()?.modified().ok()
    };
    dated().unwrap_or_else(|| {
        let now = SystemTime::now();
        now.checked_sub(COARSEST).unwrap_or(now)
    })
}

/// The date of a file written now, later than `before` where the clock moves on within a few milliseconds. Then nothing
/// that was saved up to `before` shares it.
pub(super) fn after(before: SystemTime, folder: &Path) -> SystemTime {
    let mut date = now(folder);
    for _ in 0..TRIES {
        if date > before {
            break;
        }
        thread::sleep(Duration::from_millis(1));
        date = now(folder);
    }
    date
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{after, now};

    #[test]
    fn what_is_saved_later_is_not_dated_earlier() {
        let folder = tempfile::tempdir().unwrap();
        for time in 0..50 {
            let before = now(folder.path());
            let began = after(before, folder.path());
            let edited = folder.path().join(format!("{time}.h"));
            fs::write(&edited, "edited").unwrap();
            let edited = fs::metadata(&edited).unwrap().modified().unwrap();
            assert!(began > before && edited >= began, "{before:?} {began:?} {edited:?}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_gives_an_early_date() {
        let folder = tempfile::tempdir().unwrap();
        let kept = now(folder.path());
        assert!(now(&folder.path().join("none")) < kept);
    }
}
