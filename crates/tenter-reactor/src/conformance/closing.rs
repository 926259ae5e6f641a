//! Ends of streams, errors, and urgent data.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketType, sockopt};

use super::fixture::{drain, fill, tcp_pair};
use super::rig::{PATIENCE, Rig};
use super::system::{CONNECTING, pair, resets_look_like_ends};
use super::{Case, Maker, Stop, Tried, ensure};
use crate::{Interest, Readiness, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("a_half_close_ends_reading_only", half_close),
    Case::new("a_hang_up_wakes_readers", hang_up),
    Case::new("a_hang_up_wakes_writers", hang_up_of_writers),
    Case::new("a_refused_connection_is_reported", refused),
    Case::new("a_reset_is_reported", reset),
    Case::new("urgent_data_is_reported", urgent),
];

const A: Token = Token(1);

fn half_close(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, b) = tcp_pair()?;
    rig.register(&a, A)?;
    b.shutdown(Shutdown::Write)?;
    let said = rig.expect(&a, A, Interest::READ)?;
    ensure!(drain(&a)? == (0, true), "the system did not pass on the end");
    ensure!(!said.intersects(Readiness::WRITE_CLOSED), "{said:?} says that writing is over, and it is not");
    rig.expect(&a, A, Interest::WRITE)?;
    (&a).write_all(b"still here")?;
    Ok(rig.deregister(&a, A)?)
}

fn hang_up(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, b) = pair()?;
    rig.register(&a, A)?;
    ensure!(drain(&a)? == (0, false), "data that nobody wrote");
    rig.want(&a, A, Interest::READ)?;
    drop(b);
    rig.expect(&a, A, Interest::READ)?;
    ensure!(drain(&a)? == (0, true), "the system did not pass on the end");
    Ok(rig.deregister(&a, A)?)
}

fn hang_up_of_writers(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, b) = pair()?;
    rig.register(&a, A)?;
    rig.expect(&a, A, Interest::WRITE)?;
    fill(&a)?;
    rig.used_up(A, Interest::WRITE);
    rig.want(&a, A, Interest::WRITE)?;
    drop(b);
    rig.expect(&a, A, Interest::WRITE)?;
    Ok(rig.deregister(&a, A)?)
}

fn refused(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    // A port that was free a moment ago, and that nobody listens on.
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    match rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, address.port())) {
        Err(CONNECTING) => {}
        // Some systems know at once.
        Err(Errno::CONNREFUSED) => return Ok(()),
        result => return Ok(result?),
    }
    rig.register(&socket, A)?;
    rig.expect(&socket, A, Interest::WRITE)?;
    let error = sockopt::socket_error(&socket)?;
    ensure!(error == Err(Errno::CONNREFUSED), "the connection was not refused: {error:?}");
    Ok(rig.deregister(&socket, A)?)
}

fn reset(make: &Maker) -> Tried {
    for interest in [Interest::READ, Interest::WRITE] {
        let mut rig = Rig::new(make)?;
        let (mut a, b) = tcp_pair()?;
        rig.register(&a, A)?;
        rig.expect(&a, A, Interest::WRITE)?;
        if interest == Interest::WRITE {
            fill(&a)?;
        }
        rig.used_up(A, Interest::ALL);
        rig.want(&a, A, interest)?;
        // Closing without lingering, or with unread data, resets the connection.
        sockopt::set_socket_linger(b.as_fd(), Some(Duration::ZERO))?;
        drop(b);
        rig.expect(&a, A, interest)?;
        match read_soon(&mut a) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Ok(0) if resets_look_like_ends() => {}
            result => return Err(Stop::Failed(format!("the connection was not reset; reading gave {result:?}"))),
        }
        rig.deregister(&a, A)?;
    }
    Ok(())
}

/// What a read says, once it does not say that it would block: what was reported may be that there is room for more.
fn read_soon(mut stream: impl Read) -> io::Result<usize> {
    let end = Instant::now() + PATIENCE;
    loop {
        match stream.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < end => {
                thread::sleep(Duration::from_micros(100));
            }
            result => return result,
        }
    }
}

fn urgent(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    if !rig.reactor.capabilities().urgent_data {
        return Err(Stop::Skipped("the reactor does not declare urgent data".to_owned()));
    }
    let (a, b) = tcp_pair()?;
    rig.register(&a, A)?;
    rig.want(&a, A, Interest::PRIORITY)?;
    rustix::net::send(b.as_fd(), b"!", SendFlags::OOB)?;
    let said = rig.expect(&a, A, Interest::PRIORITY)?;
    ensure!(said.contains(Readiness::PRIORITY), "urgent data was reported as {said:?}");
    Ok(rig.deregister(&a, A)?)
}
