//! How many sources a reactor watches before it, or the system, has enough.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use futures_lite::future;
use tenter::{Async, Backend, Builder, Timer};

use crate::child;
use crate::sockets::raise_descriptor_limit;

/// The name of the child process that tries; its argument is the reactor's name. It prints how many sources were
/// registered, whether one of them was reported (1), and whether it was the reactor that had enough (1) and not the
/// limit of open files.
pub(super) const CHILD: &str = "sources";

/// Descriptors that are left for everything else.
const SPARE: u64 = 64;

/// Not more than that is tried, so that a machine without limits is not filled up.
const MOST: u64 = 100_000;

/// How long the event may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a child finds out, in a few words.
pub(super) fn verdict(backend: Backend) -> String {
    match child::numbers(CHILD, &[backend.name().to_owned()]).as_deref() {
        Ok([count, 1.0, 1.0]) => format!("{count}, then it refuses"),
        Ok([count, 1.0, _]) if *count >= MOST as f64 => format!("at least {count}: no more were tried"),
        Ok([count, 1.0, _]) => format!("at least {count}: `nofile` allows no more"),
        Ok(other) => format!("failed: {other:?}"),
        Err(error) => format!("failed: {error}"),
    }
}

/// Is such a child.
pub(super) fn main(words: &[String]) -> String {
    let backend = words.first().and_then(|name| name.parse::<Backend>().ok()).expect("the name of a reactor");
    let most = raise_descriptor_limit().saturating_sub(SPARE).min(MOST);
    let (count, reported, refused) = fill(backend, most as usize).expect("sources can be made");
    format!("{count} {} {}", u8::from(reported), u8::from(refused))
}

/// Registers one socket and duplicates of a quiet one until someone has enough; then sees whether the first one is
/// reported, from among all others, when there is something to read.
fn fill(backend: Backend, most: usize) -> io::Result<(usize, bool, bool)> {
    let runtime = Builder::new_current_thread().reactor(backend).build()?;
    let (socket, mut peer) = UnixStream::pair()?;
    let quiet = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let watched = runtime.enter(|| Async::new(socket))?;
    let mut others = Vec::new();
    let mut refused = false;
    while others.len() + 1 < most && !refused {
        let Ok(duplicate) = quiet.try_clone() else { break };
        match runtime.enter(|| Async::new(duplicate)) {
            Ok(source) => others.push(source),
            Err(_) => refused = true,
        }
    }
    let reported = runtime.block_on(async {
        // Tried first and found empty: what ends the wait is the reactor.
        let reading = watched.read_with(|mut socket| socket.read(&mut [0]));
        let writing = async {
            Timer::after(Duration::from_millis(50)).await;
            peer.write_all(b"x")?;
            Timer::after(PATIENCE).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        future::or(reading, writing).await.is_ok_and(|count| count == 1)
    });
    Ok((others.len() + 1, reported, refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_sources_is_reported() {
        for backend in Backend::working() {
            assert_eq!(fill(backend, 200).unwrap(), (200, true, false), "{backend}");
        }
    }
}
