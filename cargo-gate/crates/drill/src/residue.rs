//! What a drill left behind: processes that carry its mark in their environment, whichever group they are in.

/// The variable that every process of a drill inherits.
pub const MARK: &str = "CARGO_GATE_DRILL";

/// Ids of living processes of this user that carry the mark, in ascending order; `None` where the system does not show the
/// environment of processes. A process that cleared its environment is not found.
#[cfg(target_os = "linux")]
pub fn marked(mark: &str) -> Option<Vec<u32>> {
    let wanted = format!("{MARK}={mark}");
    let entries = std::fs::read_dir("/proc").ok()?;
    let carries = |entry: std::fs::DirEntry| {
        let id: u32 = entry.file_name().to_str()?.parse().ok()?;
        // A process that is gone, or of another user, shows nothing. A dead one that is not yet collected has no environment.
        let environment = std::fs::read(entry.path().join("environ")).ok()?;
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable == wanted.as_bytes()).then_some(id)
    };
    let mut found: Vec<u32> = entries.flatten().filter_map(carries).collect();
    found.sort_unstable();
    Some(found)
}

/// As on Linux, where processes show their environment.
#[cfg(not(target_os = "linux"))]
pub fn marked(_: &str) -> Option<Vec<u32>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_marked_process_is_found_until_it_ends() {
        let mark = format!("residue-test-{}", std::process::id());
        assert_eq!(marked(&mark).unwrap(), [0_u32; 0]);
        let mut child = Command::new("cat")
            .env(MARK, &mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Its environment is in place some moments after it began.
        while marked(&mark).unwrap() != [child.id()] {
            assert!(child.try_wait().unwrap().is_none());
            std::thread::yield_now();
        }
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(marked(&mark).unwrap(), [0_u32; 0]);
    }
}
