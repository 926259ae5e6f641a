//! What is known for certain on Linux.
#![cfg(all(any(target_os = "linux", target_os = "android"), not(polling_test_poll_backend)))]

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tenter_reactor::{Events, Interest, Reactor, ReactorError, Readiness, Source, Token, Trigger};
use tenter_reactor_polling::PollingReactor;

fn both() -> [PollingReactor; 2] {
    [PollingReactor::new().unwrap(), PollingReactor::one_shot().unwrap()]
}

fn register(reactor: &PollingReactor, source: &impl AsFd, token: Token) -> std::io::Result<()> {
    // SAFETY: the sources of each test outlive its last wait.
    unsafe { reactor.register(Source::from(source.as_fd()), token) }
}

#[test]
fn polling_is_epoll_here() {
    assert_eq!(PollingReactor::interface(), "epoll");
    assert_eq!(PollingReactor::new().unwrap().capabilities().timer_granularity, Duration::from_nanos(1));
}

#[test]
fn a_regular_file_must_be_refused_with_a_typed_error_and_leave_nothing_behind() {
    for reactor in both() {
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        for _ in 0..2 {
            let error = register(&reactor, &file, Token(1)).unwrap_err();
            assert_eq!(ReactorError::of(&error), Some(ReactorError::Unwatchable));
        }
        let error = reactor.deregister(file.as_fd().into(), Token(1)).unwrap_err();
        assert_eq!(ReactorError::of(&error), Some(ReactorError::NotRegistered));
    }
}

#[test]
fn a_source_must_not_be_deregistered_under_another_token() {
    for reactor in both() {
        let (source, _peer) = UnixStream::pair().unwrap();
        register(&reactor, &source, Token(1)).unwrap();
        let error = reactor.deregister(source.as_fd().into(), Token(2)).unwrap_err();
        assert_eq!(ReactorError::of(&error), Some(ReactorError::NotRegistered));
        reactor.deregister(source.as_fd().into(), Token(1)).unwrap();
    }
}

#[test]
fn an_edge_reactor_must_not_be_armed() {
    let reactor = PollingReactor::new().unwrap();
    assert_eq!(reactor.capabilities().trigger, Trigger::Edge);
    let (source, _peer) = UnixStream::pair().unwrap();
    register(&reactor, &source, Token(1)).unwrap();
    let error = reactor.arm(source.as_fd().into(), Token(1), Interest::READ).unwrap_err();
    assert_eq!(ReactorError::of(&error), Some(ReactorError::NotArmable));
}

#[test]
fn fd_beyond_any_set_must_work() {
    for reactor in both() {
        let (source, _peer) = UnixStream::pair().unwrap();
        let Ok(large) = rustix::io::fcntl_dupfd_cloexec(&source, 1500) else { return };
        assert!(large.as_raw_fd() >= 1500);
        register(&reactor, &large, Token(1)).unwrap();
        if reactor.capabilities().trigger == Trigger::OneShot {
            reactor.arm(large.as_fd().into(), Token(1), Interest::WRITE).unwrap();
        }
        let mut events = Events::with_capacity(8);
        reactor.wait(&mut events, None).unwrap();
        assert_eq!(events.iter().next().unwrap().token, Token(1));
        reactor.deregister(large.as_fd().into(), Token(1)).unwrap();
    }
}

#[test]
fn data_and_end_that_come_at_once_must_both_be_reported() {
    let reactor = PollingReactor::new().unwrap();
    let (source, mut peer) = UnixStream::pair().unwrap();
    peer.write_all(b"x").unwrap();
    drop(peer);
    register(&reactor, &source, Token(1)).unwrap();
    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, None).unwrap();
    let readiness = events.iter().next().unwrap().readiness;
    assert!(readiness.contains(Readiness::READ | Readiness::READ_CLOSED), "{readiness:?}");
}

/// An event of a token that no source has is some source's that is gone, unless it was announced.
#[test]
fn what_the_poller_reports_for_strangers_is_dropped_unless_announced() {
    use polling::PollMode;
    let reactor = PollingReactor::one_shot().unwrap();
    let (stranger, _peer) = UnixStream::pair().unwrap();
    let mut events = Events::with_capacity(8);
    for announced in [false, true] {
        let event = polling::Event::writable(5);
        // SAFETY: deleted below, and open until then.
        unsafe { reactor.poller().add_with_mode(&stranger, event, PollMode::Oneshot).unwrap() };
        if announced {
            reactor.announce(Token(5));
        }
        reactor.wait(&mut events, Some(Duration::from_millis(10))).unwrap();
        assert_eq!(events.iter().map(|event| event.token).collect::<Vec<_>>(), vec![Token(5); announced.into()]);
        reactor.poller().delete(&stranger).unwrap();
    }
}
