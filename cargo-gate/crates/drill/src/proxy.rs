//! A TCP proxy on the loopback interface that breaks connections on purpose, and counts what it broke: a fault that touched
//! nothing is no fault.

mod pump;
mod shared;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use shared::Shared;
pub use shared::{Counters, Fault};

/// A proxy in front of one port. Dropping it closes its connections.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepts: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a free port of the loopback interface, for connections to `upstream`. The seed is that of the jitter.
    ///
    /// # Errors
    /// No port can be opened.
    pub fn start(upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::new(seed));
        let accepting = Arc::clone(&shared);
        let accepts = thread::spawn(move || accept(&listener, upstream, &accepting));
        Ok(Self {
            shared,
            address,
            accepts: Some(accepts),
        })
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Starts a fault, or ends it. A connection that lost bytes cannot go on: it is closed when the fault ends.
    pub fn set(&self, fault: Option<Fault>) {
        self.shared.set(fault);
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        self.shared.counters()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.close();
        // Wakes the thread that accepts. Where that fails, its listener failed too.
        drop(TcpStream::connect(self.address));
        if let Some(accepts) = self.accepts.take() {
            // A thread that panicked accepts nothing more either.
            drop(accepts.join());
        }
    }
}

fn accept(listener: &TcpListener, upstream: SocketAddr, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.closing() {
            return;
        }
        let Ok(client) = client else { continue };
        if shared.refuses() {
            // It is closed as it is.
            drop(client.shutdown(Shutdown::Both));
            continue;
        }
        let shared = Arc::clone(shared);
        thread::spawn(move || pump::connection(&client, upstream, &shared));
    }
}

#[cfg(test)]
mod tests;
