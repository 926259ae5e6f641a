//! Bugs that other reactors had, by what must not happen.
#![cfg(all(unix, not(any(target_os = "illumos", target_os = "solaris"))))]

use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use tenter_reactor::conformance::{self, Outcome};
use tenter_reactor::{Events, Interest, Reactor, ReactorConfig, ReactorError, Readiness, Source, Token};
use tenter_reactor_select::SelectReactor;

const A: Token = Token(1);
const B: Token = Token(2);

/// Tries one promise of the suite.
#[track_caller]
fn keeps(case: &str) {
    let case = conformance::case(case).expect("a case of that name");
    let outcome = case.run(|| tenter_reactor_select::new(&ReactorConfig::default())).outcome;
    assert_eq!(outcome, Outcome::Passed);
}

fn register(reactor: &SelectReactor, source: &impl AsFd, token: Token) -> std::io::Result<()> {
    // SAFETY: the sources of each test outlive its last wait, but for the one test that breaks this promise.
    unsafe { reactor.register(Source::from(source.as_fd()), token) }
}

/// A duplicate whose number is at least `least`; `None` if the process may not have such a number.
fn numbered(source: &impl AsFd, least: i32) -> Option<OwnedFd> {
    rustix::io::fcntl_dupfd_cloexec(source, least).ok()
}

#[test]
fn closed_source_must_not_be_polled() {
    keeps("a_deregistered_token_is_silent_while_its_file_lives");
    keeps("deregister_lets_go_of_the_file");
}

/// Against the contract, a registered source is closed: it is reported as in error, once, and the other goes on.
#[test]
fn closed_source_must_not_harm_the_others() {
    let reactor = SelectReactor::new().unwrap();
    let ((a, _a_peer), (b, mut b_peer)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
    // A number that no other thread of this process gets meanwhile.
    let a = numbered(&a, 200).unwrap();
    register(&reactor, &a, A).unwrap();
    register(&reactor, &b, B).unwrap();
    reactor.arm(a.as_fd().into(), A, Interest::READ).unwrap();
    reactor.arm(b.as_fd().into(), B, Interest::READ).unwrap();
    let number = a.into_raw_fd();
    // SAFETY: this is the owner's number; nobody but the reactor knows it any more.
    unsafe { rustix::io::close(number) };

    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, Some(Duration::from_secs(5))).unwrap();
    let found: Vec<_> = events.iter().map(|event| (event.token, event.readiness)).collect();
    assert_eq!(found, [(A, Readiness::ERROR)]);

    let start = Instant::now();
    reactor.wait(&mut events, Some(Duration::from_millis(20))).unwrap();
    assert!(events.is_empty() && start.elapsed() >= Duration::from_millis(20), "{events:?}");

    b_peer.write_all(b"x").unwrap();
    reactor.wait(&mut events, Some(Duration::from_secs(5))).unwrap();
    assert_eq!(events.iter().next().map(|event| event.token), Some(B));
    // SAFETY: only the number is used, to look up the registration.
    let gone = unsafe { BorrowedFd::borrow_raw(number) };
    reactor.deregister(gone.into(), A).unwrap();
}

#[test]
fn stale_event_must_not_reach_reused_fd() {
    keeps("a_stale_event_does_not_reach_a_reused_number");
    keeps("a_number_reused_during_a_wait_hears_nothing_stale");
}

/// C's sets end at 1024, and writing there corrupts what comes after them.
#[test]
fn fd_beyond_the_set_must_not_write_out_of_bounds() {
    for least in [1023, 1024, 1025, 1500, 4095] {
        let reactor = SelectReactor::new().unwrap();
        let (source, mut peer) = UnixStream::pair().unwrap();
        let Some(large) = numbered(&source, least) else { return };
        assert!(large.as_raw_fd() >= least);
        match register(&reactor, &large, A) {
            Ok(()) => {}
            // Where the sets have a fixed length, a typed error.
            Err(error) => {
                if cfg!(target_os = "linux") {
                    panic!("Linux takes sets of any length: {error:?}");
                }
                assert!(matches!(ReactorError::of(&error), Some(ReactorError::SourceLimit { .. })), "{error:?}");
                continue;
            }
        }
        reactor.arm(large.as_fd().into(), A, Interest::ALL).unwrap();
        peer.write_all(b"x").unwrap();
        let mut events = Events::with_capacity(8);
        reactor.wait(&mut events, None).unwrap();
        let event = events.iter().next().unwrap();
        assert_eq!((event.token, event.readiness), (A, Readiness::READ | Readiness::WRITE));
        reactor.deregister(large.as_fd().into(), A).unwrap();
    }
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
fn an_unarmed_hang_up_must_not_spin() {
    keeps("an_idle_wait_uses_no_processor");
    keeps("what_is_not_armed_is_silent");
}

#[test]
fn a_regular_file_is_always_ready() {
    let reactor = SelectReactor::new().unwrap();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    register(&reactor, &file, A).unwrap();
    reactor.arm(file.as_fd().into(), A, Interest::READ | Interest::WRITE).unwrap();
    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, None).unwrap();
    assert_eq!(events.iter().next().unwrap().readiness, Readiness::READ | Readiness::WRITE);
}

#[test]
fn the_factory_makes_reactors_that_are_strangers() {
    let factory = tenter_reactor_select::factory();
    let (one, two) = (factory(&ReactorConfig::default()).unwrap(), factory(&ReactorConfig::default()).unwrap());
    assert_eq!(one.name(), tenter_reactor_select::NAME);
    one.wake().unwrap();
    let start = Instant::now();
    two.wait(&mut Events::with_capacity(1), Some(Duration::from_millis(10))).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(10), "one reactor's wake ended another's wait");
}
