//! Many files on all cores.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::scan::{Depth, scan_file};
use super::site::FileScan;

/// Result of reading and scanning one file.
pub type ScanResult = io::Result<FileScan>;

/// Scans `count` files; `read` gives the bytes of each by index. The results are in the order of the indexes.
///
/// Own threads and not rayon's pool: the caller may hold a lock that other tasks of that pool wait for, and a worker
/// that waits for its own subtasks takes up such a task.
pub fn scan_files(count: usize, depth: Depth, read: &(dyn Fn(usize) -> io::Result<Vec<u8>> + Sync)) -> Vec<ScanResult> {
    map(count, &|index| read(index).map(|bytes| scan_file(&bytes, depth)))
}

/// Applies `work` to all indexes below `count` on all cores; the results are in the order of the indexes.
pub fn map<T: Send>(count: usize, work: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    /// Indexes that a thread takes at once.
    const BATCH: usize = 8;
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(count.div_ceil(BATCH));
    if threads <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let from = next.fetch_add(BATCH, Ordering::Relaxed);
                    if from >= count {
                        break;
                    }
                    mine.extend((from..count.min(from + BATCH)).map(|index| (index, work(index))));
                }
                done.lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .append(&mut mine);
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
