//! What is special about sockets on Windows, for each reactor there that is a system call: `Tested`.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::windows::io::AsSocket;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};
use tenter_reactor::{Events, Interest, Reactor, Readiness, Token};

use super::Tested;

const A: Token = Token(1);

/// Longer than anything takes that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long what must not come is waited for.
const QUIET: Duration = Duration::from_millis(100);

fn register(reactor: &Tested, source: &impl AsSocket, token: Token) {
    // SAFETY: the sources of each test outlive its last wait.
    unsafe { reactor.register(source.as_socket().into(), token) }.unwrap();
}

fn wait(reactor: &Tested, timeout: Duration) -> Vec<(Token, Readiness)> {
    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, Some(timeout)).unwrap();
    events.iter().map(|event| (event.token, event.readiness)).collect()
}

/// Two connected sockets; the first does not block.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let a = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    a.set_nonblocking(true).unwrap();
    (a, listener.accept().unwrap().0)
}

/// Writes until there is no more room, and none comes up by itself.
fn fill(reactor: &Tested, mut stream: &TcpStream) {
    // What is on its way to the other end makes room late.
    let mut quiet = 0;
    loop {
        match stream.write(&[0; 1 << 16]) {
            Ok(_) => quiet = 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                reactor.arm(stream.as_socket().into(), A, Interest::WRITE).unwrap();
                quiet = if wait(reactor, QUIET).is_empty() { quiet + 1 } else { 0 };
                if quiet == 3 {
                    return;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn drain(mut peer: TcpStream) {
    std::thread::spawn(move || while peer.read(&mut [0; 1 << 16]).is_ok_and(|read| read > 0) {});
}

#[test]
fn a_connection_that_fails_is_an_event_of_who_waits_to_write() {
    let unused = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let reactor = Tested::new().unwrap();
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::io::ioctl_fionbio(&socket, true).unwrap();
    register(&reactor, &socket, A);
    assert_eq!(rustix::net::connect(&socket, &unused), Err(rustix::io::Errno::WOULDBLOCK));
    reactor.arm(socket.as_socket().into(), A, Interest::WRITE).unwrap();
    let found = wait(&reactor, PATIENCE);
    assert!(matches!(found[..], [(A, said)] if said.intersects(Readiness::WRITE | Readiness::ERROR)), "{found:?}");
    assert_eq!(TcpStream::from(socket).take_error().unwrap().unwrap().kind(), io::ErrorKind::ConnectionRefused);
}

/// C's sets have room for 64.
#[test]
fn more_sockets_than_c_has_room_for_are_watched() {
    let reactor = Tested::new().unwrap();
    let sockets: Vec<_> = (0..200).map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    for (token, socket) in sockets.iter().enumerate() {
        register(&reactor, socket, Token(token));
        reactor.arm(socket.as_socket().into(), Token(token), Interest::READ).unwrap();
    }
    for token in [0, 62, 63, 64, 65, 199] {
        sockets[1].send_to(b"x", sockets[token].local_addr().unwrap()).unwrap();
        assert_eq!(wait(&reactor, PATIENCE), [(Token(token), Readiness::READ)]);
    }
    assert_eq!(wait(&reactor, QUIET), []);
}

#[test]
fn a_peer_that_sends_no_more_does_not_wake_a_writer_before_there_is_room() {
    let reactor = Tested::new().unwrap();
    let (stream, peer) = pair();
    register(&reactor, &stream, A);
    fill(&reactor, &stream);
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(wait(&reactor, QUIET), []);
    drain(peer);
    let found = wait(&reactor, PATIENCE);
    assert!(matches!(found[..], [(A, said)] if said.contains(Readiness::WRITE)), "{found:?}");
}

#[test]
fn urgent_data_wakes_who_waits_for_it_and_no_writer() {
    let reactor = Tested::new().unwrap();
    let (stream, peer) = pair();
    register(&reactor, &stream, A);
    fill(&reactor, &stream);
    rustix::net::send(&peer, b"!", rustix::net::SendFlags::OOB).unwrap();
    assert_eq!(wait(&reactor, QUIET), []);
    reactor.arm(stream.as_socket().into(), A, Interest::PRIORITY).unwrap();
    assert_eq!(wait(&reactor, PATIENCE), [(A, Readiness::PRIORITY)]);
    reactor.arm(stream.as_socket().into(), A, Interest::WRITE).unwrap();
    drain(peer);
    assert_eq!(wait(&reactor, PATIENCE), [(A, Readiness::WRITE)]);
}
