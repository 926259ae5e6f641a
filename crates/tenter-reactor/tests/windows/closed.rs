//! A source that is closed while it is watched, for each reactor that is a system call: `Tested`. The one test of its process,
//! because the number of a closed socket is anyone's.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket};
use std::time::Duration;

use tenter_reactor::{Events, Interest, Reactor, Readiness, Token};

use super::{SAID_WITHIN, Tested};

const A: Token = Token(1);
const B: Token = Token(2);

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    (TcpStream::connect(listener.local_addr().unwrap()).unwrap(), listener.accept().unwrap().0)
}

/// Against the contract, a registered source is closed: it is reported as in error, once, and the other goes on.
#[test]
fn closed_source_must_not_harm_the_others() {
    let reactor = Tested::new().unwrap();
    let ((a, _a_peer), (b, mut b_peer)) = (pair(), pair());
    for (source, token) in [(&a, A), (&b, B)] {
        // SAFETY: the second outlives the last wait; the first breaks this promise below.
        unsafe { reactor.register(source.as_socket().into(), token) }.unwrap();
        reactor.arm(source.as_socket().into(), token, Interest::READ).unwrap();
    }
    let number = a.as_raw_socket();
    drop(a);

    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, Some(SAID_WITHIN)).unwrap();
    let found: Vec<_> = events.iter().map(|event| (event.token, event.readiness)).collect();
    assert_eq!(found, [(A, Readiness::ERROR)]);

    reactor.wait(&mut events, Some(Duration::from_millis(20))).unwrap();
    assert!(events.is_empty(), "{events:?}");

    b_peer.write_all(b"x").unwrap();
    reactor.wait(&mut events, Some(Duration::from_secs(20))).unwrap();
    assert_eq!(events.iter().next().map(|event| event.token), Some(B));
    // SAFETY: only the number is used, to look up the registration.
    let gone = unsafe { BorrowedSocket::borrow_raw(number) };
    reactor.deregister(gone.into(), A).unwrap();
}
