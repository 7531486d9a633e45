//! Moves the bytes of one connection, in both directions.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use super::shared::{Fault, Shared};

/// Most bytes that are moved in one go.
const CHUNK: usize = 16 * 1024;
/// Where a limit holds, at most what passes in a second divided by this is taken at a time, so that the sender waits for the rest.
const PARTS: u64 = 20;
/// How long the system behind the proxy may take to accept.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves one client until both directions ended.
pub(super) fn connection(client: &TcpStream, upstream: SocketAddr, shared: &Shared) {
    let closed = || drop(client.shutdown(Shutdown::Both));
    let Ok(server) = TcpStream::connect_timeout(&upstream, PATIENCE) else {
        return closed();
    };
    // Without it, a delay of the operating system would be taken for one of the fault.
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (Ok(client_end), Ok(server_end)) = (client.try_clone(), server.try_clone()) else {
        return closed();
    };
    let Some(id) = shared.opened(client_end, server_end) else {
        return closed();
    };
    thread::scope(|scope| {
        scope.spawn(|| direction(client, &server, id, shared));
        direction(&server, client, id, shared);
    });
    shared.ended(id);
}

/// Moves bytes one way until they end.
fn direction(mut from: &TcpStream, mut to: &TcpStream, id: u64, shared: &Shared) {
    let mut buffer = vec![0; CHUNK];
    let mut moved = 0_u64;
    loop {
        let most = match shared.fault() {
            Some(Fault::BackPressure { bytes_per_second }) => {
                usize::try_from(bytes_per_second / PARTS).map_or(CHUNK, |most| most.clamp(1, CHUNK))
            }
            _ => CHUNK,
        };
        let length = match from.read(&mut buffer[..most]) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let chunk = &mut buffer[..length];
        let bytes = length as u64;
        match shared.fault() {
            Some(Fault::Delay { latency, jitter }) => {
                shared.wait(latency + shared.part_of(jitter));
                shared.count(|counters| counters.delayed += bytes);
            }
            Some(Fault::BlackHole) => {
                shared.spoiled(id);
                shared.count(|counters| counters.swallowed += bytes);
                continue;
            }
            Some(Fault::Corrupt { every }) => {
                let flipped = corrupt(chunk, moved, every);
                if flipped > 0 {
                    shared.spoiled(id);
                    shared.count(|counters| counters.corrupted += flipped);
                }
            }
            Some(Fault::BackPressure { bytes_per_second }) => shared.queue(bytes, bytes_per_second),
            Some(Fault::Cut | Fault::SlowClose(_)) | None => {}
        }
        moved += bytes;
        if to.write_all(chunk).is_err() {
            break;
        }
        shared.count(|counters| counters.bytes += bytes);
    }
    if let Some(Fault::SlowClose(late)) = shared.fault() {
        shared.wait(late);
        shared.count(|counters| counters.slow_closes += 1);
    }
    // What the other side still sends is passed on until it ends too.
    drop(to.shutdown(Shutdown::Write));
    drop(from.shutdown(Shutdown::Read));
}

/// Flips the lowest bit of every so many bytes of a direction, and says how many.
fn corrupt(chunk: &mut [u8], moved: u64, every: u64) -> u64 {
    let mut flipped = 0;
    for (at, byte) in (moved + 1..).zip(chunk) {
        if at % every.max(1) == 0 {
            *byte ^= 1;
            flipped += 1;
        }
    }
    flipped
}
