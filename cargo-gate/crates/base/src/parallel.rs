//! Many files on all cores.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Applies `work` to all items on all cores; the results are in the order of the items.
///
/// Own threads and not rayon's pool: the caller may hold a lock that other tasks of that pool wait for, and a worker
/// that waits for its own subtasks takes up such a task.
pub fn map<I: Sync, T: Send>(items: &[I], work: &(dyn Fn(&I) -> T + Sync)) -> Vec<T> {
    /// Items that a thread takes at once.
    const BATCH: usize = 8;
    let batches: Vec<&[I]> = items.chunks(BATCH).collect();
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(batches.len());
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Vec<T>)>> = Mutex::new(Vec::with_capacity(batches.len()));
    let take = || {
        let mut mine = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(at) else { break };
            mine.push((at, batch.iter().map(work).collect()));
        }
        done.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .append(&mut mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(take);
        }
        take();
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().flat_map(|(_, results)| results).collect()
}
