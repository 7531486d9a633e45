//! Serves counters at the address of the first argument, or at a free port of this machine.

use std::io::{self, Write as _};
use std::net::TcpListener;

use counter_service::{Counters, listen};

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address)?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    listen(&listener, &mut Counters::default())
}
