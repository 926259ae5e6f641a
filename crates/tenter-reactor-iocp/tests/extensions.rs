//! Waitable handles, child processes, packets of the program's own.
#![cfg(windows)]

use std::net::{TcpListener, TcpStream};
use std::os::windows::io::{AsHandle, AsRawHandle, AsSocket, FromRawHandle, OwnedHandle};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tenter_reactor::{Events, Interest, Reactor, ReactorError, Readiness, Source, Token};
use tenter_reactor_iocp::{IocpExt, IocpReactor};
use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent};

const A: Token = Token(1);
const PATIENCE: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_millis(50);

/// An event that one taking resets.
fn event() -> OwnedHandle {
    // SAFETY: no attributes, no name; the handle is ours.
    unsafe {
        let handle = CreateEventW(std::ptr::null(), 0, 0, std::ptr::null());
        assert!(!handle.is_null());
        OwnedHandle::from_raw_handle(handle)
    }
}

fn set(event: &OwnedHandle) {
    // SAFETY: the handle is open.
    assert_ne!(unsafe { SetEvent(event.as_raw_handle()) }, 0);
}

fn register(reactor: &IocpReactor, source: Source<'_>, token: Token) -> std::io::Result<()> {
    // SAFETY: the sources of each test outlive its last wait.
    unsafe { reactor.register(source, token) }
}

/// The tokens that one wait reports.
fn reported(reactor: &IocpReactor, timeout: Duration) -> Vec<Token> {
    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, Some(timeout)).unwrap();
    events.iter().map(|event| event.token).collect()
}

#[test]
fn a_signalled_handle_is_reported_once_for_each_arming() {
    let reactor = tenter_reactor_iocp::reactor().unwrap();
    assert!(reactor.capabilities().waitable_handles);
    let event = event();
    let source = || Source::from(event.as_handle());
    register(&reactor, source(), A).unwrap();
    set(&event);
    assert_eq!(reported(&reactor, QUIET), [], "it was not armed");
    for interest in [Interest::READ, Interest::WRITE] {
        reactor.arm(source(), A, interest).unwrap();
        assert_eq!(reported(&reactor, PATIENCE), [A]);
        set(&event);
        assert_eq!(reported(&reactor, QUIET), [], "its event has disarmed it");
    }
    reactor.deregister(source(), A).unwrap();
}

#[test]
fn a_handle_that_is_signalled_during_a_wait_ends_it() {
    let reactor = tenter_reactor_iocp::reactor().unwrap();
    let event = event();
    register(&reactor, event.as_handle().into(), A).unwrap();
    reactor.arm(event.as_handle().into(), A, Interest::READ).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(QUIET);
            set(&event);
        });
        assert_eq!(reported(&reactor, PATIENCE), [A]);
    });
    reactor.deregister(event.as_handle().into(), A).unwrap();
}

#[test]
fn a_deregistered_handle_is_silent() {
    let reactor = tenter_reactor_iocp::reactor().unwrap();
    let event = event();
    register(&reactor, event.as_handle().into(), A).unwrap();
    let twice = register(&reactor, event.as_handle().into(), Token(2)).unwrap_err();
    assert_eq!(ReactorError::of(&twice), Some(ReactorError::AlreadyRegistered));
    reactor.arm(event.as_handle().into(), A, Interest::READ).unwrap();
    assert_eq!(reported(&reactor, QUIET), []);
    reactor.deregister(event.as_handle().into(), A).unwrap();
    set(&event);
    assert_eq!(reported(&reactor, QUIET), []);
    let again = reactor.deregister(event.as_handle().into(), A).unwrap_err();
    assert_eq!(ReactorError::of(&again), Some(ReactorError::NotRegistered));
}

#[test]
fn a_child_that_ends_is_reported_beside_a_socket() {
    let reactor = tenter_reactor_iocp::reactor().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    register(&reactor, stream.as_socket().into(), Token(2)).unwrap();
    let mut child =
        Command::new(std::env::current_exe().unwrap()).args(["--list"]).stdout(Stdio::null()).spawn().unwrap();
    register(&reactor, child.as_handle().into(), A).unwrap();
    reactor.arm(child.as_handle().into(), A, Interest::READ).unwrap();
    assert_eq!(reported(&reactor, PATIENCE), [A]);
    assert!(child.try_wait().unwrap().expect("it was reported").success());
    reactor.deregister(child.as_handle().into(), A).unwrap();
    reactor.arm(stream.as_socket().into(), Token(2), Interest::WRITE).unwrap();
    assert_eq!(reported(&reactor, PATIENCE), [Token(2)]);
    reactor.deregister(stream.as_socket().into(), Token(2)).unwrap();
}

#[test]
fn a_posted_packet_is_one_event() {
    let reactor = tenter_reactor_iocp::reactor().unwrap();
    reactor.post(Token(9), Interest::WRITE).unwrap();
    reactor.post(Token(9), Interest::WRITE).unwrap();
    let mut events = Events::with_capacity(8);
    let mut found = Vec::new();
    while found.len() < 2 {
        reactor.wait(&mut events, Some(PATIENCE)).unwrap();
        assert!(!events.is_empty(), "only {found:?} came");
        found.extend(events.iter().map(|event| (event.token, event.readiness)));
    }
    assert_eq!(found, [(Token(9), Readiness::WRITE); 2]);
    assert_eq!(reported(&reactor, QUIET), []);
    let reserved = reactor.post(Token::RESERVED, Interest::READ).unwrap_err();
    assert_eq!(ReactorError::of(&reserved), Some(ReactorError::ReservedToken));
    assert!(reactor.post(Token(9), Interest::PRIORITY).is_err());
}
