//! Bugs that other reactors had, by what must not happen.
#![cfg(any(target_os = "linux", target_os = "android"))]

use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use tenter_reactor::conformance::{self, Outcome};
use tenter_reactor::{Events, Interest, Reactor, ReactorConfig, ReactorError, Readiness, Source, Token};
use tenter_reactor_epoll::EpollReactor;

/// Tries one promise of the suite.
#[track_caller]
fn keeps(case: &str) {
    let case = conformance::case(case).expect("a case of that name");
    let outcome = case.run(|| tenter_reactor_epoll::new(&ReactorConfig::default())).outcome;
    assert_eq!(outcome, Outcome::Passed);
}

fn register(reactor: &EpollReactor, source: &impl AsFd, token: Token) -> std::io::Result<()> {
    // SAFETY: the sources of each test outlive its last wait.
    unsafe { reactor.register(Source::from(source.as_fd()), token) }
}

#[test]
fn closed_source_must_not_be_polled() {
    keeps("a_deregistered_token_is_silent_while_its_file_lives");
    keeps("deregister_lets_go_of_the_file");
}

#[test]
fn stale_event_must_not_reach_reused_fd() {
    keeps("a_stale_event_does_not_reach_a_reused_number");
    keeps("a_number_reused_during_a_wait_hears_nothing_stale");
}

#[test]
fn fd_beyond_any_set_must_work() {
    let reactor = EpollReactor::new().unwrap();
    let (source, _peer) = UnixStream::pair().unwrap();
    let Ok(large) = rustix::io::fcntl_dupfd_cloexec(&source, 1500) else { return };
    assert!(large.as_raw_fd() >= 1500);
    register(&reactor, &large, Token(1)).unwrap();
    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, None).unwrap();
    assert_eq!(events.iter().next().unwrap().token, Token(1));
    reactor.deregister(large.as_fd().into(), Token(1)).unwrap();
}

#[test]
fn signals_must_not_end_or_shorten_a_wait() {
    keeps("signals_neither_end_nor_shorten_a_wait");
}

#[test]
fn far_timeouts_must_not_wrap_around() {
    keeps("far_timeouts_do_not_wrap_around");
}

#[test]
fn coarse_timeouts_must_not_be_kept_secret() {
    for reactor in [EpollReactor::with_milliseconds().unwrap(), EpollReactor::new().unwrap()] {
        let capabilities = reactor.capabilities();
        let coarse = capabilities.timer_granularity == Duration::from_millis(1);
        assert!(coarse || capabilities.timer_granularity == Duration::from_nanos(1));
        assert_eq!(coarse, capabilities.limitation.is_some());
    }
    assert!(EpollReactor::with_milliseconds().unwrap().capabilities().limitation.is_some());
}

#[test]
fn data_and_end_that_come_at_once_must_both_be_reported() {
    use std::io::Write;
    let reactor = EpollReactor::new().unwrap();
    let (source, mut peer) = UnixStream::pair().unwrap();
    peer.write_all(b"x").unwrap();
    drop(peer);
    register(&reactor, &source, Token(1)).unwrap();
    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, None).unwrap();
    let readiness = events.iter().next().unwrap().readiness;
    assert!(readiness.contains(Readiness::READ | Readiness::READ_CLOSED), "{readiness:?}");
}

#[test]
fn an_edge_reactor_must_not_be_armed() {
    let reactor = EpollReactor::new().unwrap();
    let (source, _peer) = UnixStream::pair().unwrap();
    register(&reactor, &source, Token(1)).unwrap();
    let error = reactor.arm(source.as_fd().into(), Token(1), Interest::READ).unwrap_err();
    assert_eq!(ReactorError::of(&error), Some(ReactorError::NotArmable));
}

#[test]
fn a_regular_file_must_be_refused_with_a_typed_error() {
    let reactor = EpollReactor::new().unwrap();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let error = register(&reactor, &file, Token(1)).unwrap_err();
    assert_eq!(ReactorError::of(&error), Some(ReactorError::Unwatchable));
}

#[test]
fn the_factory_makes_reactors_that_are_strangers() {
    let factory = tenter_reactor_epoll::factory();
    let (one, two) = (factory(&ReactorConfig::default()).unwrap(), factory(&ReactorConfig::default()).unwrap());
    assert_eq!(one.name(), tenter_reactor_epoll::NAME);
    one.wake().unwrap();
    let start = Instant::now();
    two.wait(&mut Events::with_capacity(1), Some(Duration::from_millis(10))).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(10), "one reactor's wake ended another's wait");
}
