//! What Windows has for tests.

use std::io;
pub use std::net::TcpStream as Local;
use std::net::{Ipv4Addr, TcpListener};

/// Two connected sockets.
pub fn pair() -> io::Result<(Local, Local)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let one = Local::connect(listener.local_addr()?)?;
    let (other, _) = listener.accept()?;
    for end in [&one, &other] {
        end.set_nodelay(true)?;
    }
    Ok((one, other))
}
