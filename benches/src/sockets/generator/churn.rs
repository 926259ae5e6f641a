//! Connections that live briefly: opened here, closed by the server.

use std::io;
use std::net::{SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, connect, recv, socket_with};

use super::super::poller::Poller;
use super::connection::reset_on_close;
use super::histogram::Histogram;
use super::{PATIENCE, Report, timed_out};

#[derive(Debug)]
struct Visit {
    socket: OwnedFd,
    started: Instant,
}

/// Opens `n` connections, `in_flight` at a time, and waits for the end of each.
pub(super) fn run(server: SocketAddr, n: u64, in_flight: usize) -> io::Result<Report> {
    let SocketAddr::V4(server) = server else { return Err(io::Error::other("the server's address isn't IPv4")) };
    let mut poller = Poller::new()?;
    let mut histogram = Histogram::new();
    let (started, mut last) = (Instant::now(), Instant::now());
    let mut opened = 0;
    let mut visits: Vec<Option<Visit>> = Vec::new();
    for key in 0..in_flight.min(n as usize) {
        visits.push(Some(open(server, &poller, key)?));
        opened += 1;
    }
    while histogram.count() < n {
        let events = poller.wait(Some(Duration::from_millis(100)))?;
        for i in 0..events {
            let key = poller.key(i);
            let Some(visit) = visits[key].take_if(|visit| has_ended(visit)) else { continue };
            last = Instant::now();
            histogram.add(last - visit.started);
            drop(visit);
            if opened < n {
                visits[key] = Some(open(server, &poller, key)?);
                opened += 1;
            }
        }
        if events == 0 && last.elapsed() > PATIENCE {
            return Err(timed_out(format!("{} connections", n - histogram.count())));
        }
    }
    Ok(Report::of(&histogram, started))
}

fn open(server: SocketAddrV4, poller: &Poller, key: usize) -> io::Result<Visit> {
    let started = Instant::now();
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    reset_on_close(&socket)?;
    match connect(&socket, &server) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    poller.add(&socket, key)?;
    Ok(Visit { socket, started })
}

/// The server has closed the connection, in whatever way.
fn has_ended(visit: &Visit) -> bool {
    !matches!(recv(&visit.socket, &mut [0; 16], RecvFlags::empty()), Ok((1.., _)) | Err(Errno::AGAIN | Errno::INTR))
}
