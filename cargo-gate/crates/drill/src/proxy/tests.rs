use std::io::{Read, Write};
use std::time::Duration;

use super::*;

/// A server that sends back what it gets, and the proxy in front of it.
fn echo() -> Proxy {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut reader = stream.try_clone().unwrap();
                let mut writer = stream;
                let _ = io::copy(&mut reader, &mut writer);
                let _ = writer.shutdown(Shutdown::Both);
            });
        }
    });
    Proxy::start(address, 7).unwrap()
}

fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap()
}

/// Sends bytes and reads as many; `None` where the connection ended before.
fn exchange(stream: &mut TcpStream, bytes: &[u8]) -> Option<Vec<u8>> {
    stream.write_all(bytes).ok()?;
    let mut answer = vec![0; bytes.len()];
    stream.read_exact(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn without_a_fault_bytes_are_passed_on_and_counted() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    assert_eq!(exchange(&mut stream, b"hello").unwrap(), b"hello");
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    let counters = proxy.counters();
    assert_eq!((counters.connections, counters.cut, counters.bytes), (1, 0, 10));
    assert_eq!((counters.delayed, counters.swallowed, counters.corrupted), (0, 0, 0));
}

#[test]
fn a_cut_closes_and_refuses_until_it_ends() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    exchange(&mut stream, b"x").unwrap();
    proxy.set(Some(Fault::Cut));
    assert_eq!(exchange(&mut stream, b"x"), None);
    assert_eq!(exchange(&mut connect(&proxy), b"x"), None);
    assert_eq!(proxy.counters().cut, 2);
    proxy.set(None);
    assert_eq!(exchange(&mut connect(&proxy), b"x").unwrap(), b"x");
}

#[test]
fn delayed_bytes_are_counted_and_whole() {
    let proxy = echo();
    let latency = Duration::from_millis(2);
    proxy.set(Some(Fault::Delay {
        latency,
        jitter: latency,
    }));
    let mut stream = connect(&proxy);
    assert_eq!(exchange(&mut stream, b"hello").unwrap(), b"hello");
    assert_eq!(proxy.counters().delayed, 10);
}

#[test]
fn a_black_hole_swallows_and_its_connections_end_with_it() {
    let proxy = echo();
    let mut stream = connect(&proxy);
    exchange(&mut stream, b"x").unwrap();
    proxy.set(Some(Fault::BlackHole));
    stream.write_all(b"abc").unwrap();
    while proxy.counters().swallowed < 3 {
        thread::yield_now();
    }
    proxy.set(None);
    assert_eq!(exchange(&mut stream, b"x"), None);
    assert_eq!(exchange(&mut connect(&proxy), b"x").unwrap(), b"x");
}

#[test]
fn every_so_many_bytes_one_is_corrupted() {
    let proxy = echo();
    proxy.set(Some(Fault::Corrupt { every: 4 }));
    let mut stream = connect(&proxy);
    // Both directions flip the same bytes.
    assert_eq!(exchange(&mut stream, b"abcdefgh").unwrap(), b"abcdefgh");
    assert_eq!(proxy.counters().corrupted, 4);
    let mut stream = connect(&proxy);
    assert_eq!(exchange(&mut stream, b"abc").unwrap(), b"abc");
    assert_eq!(proxy.counters().corrupted, 4);
}

#[test]
fn a_slow_close_is_counted() {
    let proxy = echo();
    proxy.set(Some(Fault::SlowClose(Duration::from_millis(1))));
    let mut stream = connect(&proxy);
    exchange(&mut stream, b"x").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert!(proxy.counters().slow_closes >= 1);
}

#[test]
fn back_pressure_holds_bytes_back_and_lets_them_go_when_it_ends() {
    let proxy = echo();
    // All of them would take ten seconds.
    proxy.set(Some(Fault::BackPressure { bytes_per_second: 1 }));
    let mut stream = connect(&proxy);
    stream.write_all(b"hello").unwrap();
    while proxy.counters().held_back == 0 {
        thread::yield_now();
    }
    assert!(proxy.counters().bytes < 10);
    proxy.set(None);
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"hello");
    // They are counted once they are passed on.
    while proxy.counters().bytes < 10 {
        thread::yield_now();
    }
}

#[test]
fn what_is_below_the_limit_passes() {
    let proxy = echo();
    proxy.set(Some(Fault::BackPressure {
        bytes_per_second: 1_000_000_000,
    }));
    assert_eq!(exchange(&mut connect(&proxy), b"hello").unwrap(), b"hello");
    assert_eq!(proxy.counters().held_back, 0);
}

#[test]
fn a_dropped_proxy_ends_its_connections() {
    let proxy = echo();
    proxy.set(Some(Fault::Delay {
        latency: Duration::from_secs(3600),
        jitter: Duration::ZERO,
    }));
    let mut stream = connect(&proxy);
    stream.write_all(b"x").unwrap();
    drop(proxy);
    assert!(!matches!(stream.read(&mut [0]), Ok(1)));
}
