//! Bugs that other reactors had, by what must not happen.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tenter_reactor::conformance::{self, Outcome};
use tenter_reactor::{Events, Interest, Reactor, ReactorConfig, ReactorError, Readiness, Source, Token};
use tenter_reactor_uring::UringReactor;

/// More than any of this takes.
const LONG: Duration = Duration::from_secs(10);

/// Tries one promise of the suite.
#[track_caller]
fn keeps(case: &str) {
    let case = conformance::case(case).expect("a case of that name");
    let outcome = case.run(|| tenter_reactor_uring::new(&ReactorConfig::default())).outcome;
    assert_eq!(outcome, Outcome::Passed);
}

fn register(reactor: &UringReactor, source: &impl AsFd, token: Token) -> std::io::Result<()> {
    // SAFETY: each test deregisters its sources before it closes them, or drops the reactor first.
    unsafe { reactor.register(Source::from(source.as_fd()), token) }
}

/// Runs `act` on a thread that then ends.
fn elsewhere(act: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(act).join().expect("it does not panic"));
}

/// Waits until `token` is ready in this way.
fn expect(reactor: &UringReactor, token: Token, readiness: Readiness) {
    let mut events = Events::with_capacity(64);
    let end = Instant::now() + LONG;
    loop {
        reactor.wait(&mut events, Some(LONG)).unwrap();
        let mut said = events.iter().filter(|event| event.token == token);
        if said.any(|event| event.readiness.contains(readiness)) {
            return;
        }
        assert!(Instant::now() < end, "{token:?} was not reported as {readiness:?}");
    }
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
fn a_duplicate_must_be_a_source_of_its_own() {
    keeps("duplicates_are_two_sources");
}

/// The kernel's poll holds the file: closing sends the end of the stream only if it has let go of it, whichever thread the
/// poll belongs to, and whether that thread runs, sleeps or has ended.
#[test]
fn closing_after_deregister_must_send_the_end_at_once_whoever_registered() {
    let reactor = Arc::new(UringReactor::new().unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let waiter = thread::spawn({
        let (reactor, over) = (Arc::clone(&reactor), Arc::clone(&over));
        move || {
            let mut events = Events::with_capacity(64);
            while !over.load(Ordering::Acquire) {
                reactor.wait(&mut events, None).unwrap();
            }
        }
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for round in 0..200 {
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        if round % 2 == 0 {
            register(&reactor, &ours, Token(1)).unwrap();
        } else {
            elsewhere(|| register(&reactor, &ours, Token(1)).unwrap());
        }
        if round % 3 == 0 {
            thread::sleep(Duration::from_micros(50));
        }
        reactor.deregister(ours.as_fd().into(), Token(1)).unwrap();
        drop(ours);
        let end = peer.read(&mut [0]);
        assert_eq!(end.expect("the end of the stream, which loopback delivers soon"), 0, "round {round}");
    }
    over.store(true, Ordering::Release);
    reactor.wake().unwrap();
    waiter.join().unwrap();
}

/// The kernel cancels what a thread has submitted when the thread ends.
#[test]
fn a_source_must_be_watched_on_when_the_thread_that_registered_it_ends() {
    let reactor = Arc::new(UringReactor::new().unwrap());
    let (source, mut peer) = UnixStream::pair().unwrap();
    let waiter = thread::spawn({
        let reactor = Arc::clone(&reactor);
        move || expect(&reactor, Token(1), Readiness::READ)
    });
    thread::sleep(Duration::from_millis(20));
    // During a wait, whoever registers submits.
    elsewhere(|| register(&reactor, &source, Token(1)).unwrap());
    thread::sleep(Duration::from_millis(20));
    peer.write_all(b"x").unwrap();
    waiter.join().unwrap();
    reactor.deregister(source.as_fd().into(), Token(1)).unwrap();
}

/// As above, when the thread that waited ends: everything it submitted ends with it.
#[test]
fn a_source_must_be_watched_on_when_the_thread_that_waited_ends() {
    let reactor = Arc::new(UringReactor::new().unwrap());
    let (source, mut peer) = UnixStream::pair().unwrap();
    register(&reactor, &source, Token(1)).unwrap();
    elsewhere(|| expect(&reactor, Token(1), Readiness::WRITE));
    peer.write_all(b"x").unwrap();
    expect(&reactor, Token(1), Readiness::READ);
    reactor.deregister(source.as_fd().into(), Token(1)).unwrap();
}

/// More happens than the ring has room for: what the kernel keeps meanwhile must come, and polls that end for want of room
/// must go on.
#[test]
fn more_events_than_the_ring_holds_must_all_be_reported() {
    const SOURCES: usize = 300;
    const ROUNDS: usize = 5;
    let reactor = UringReactor::with_room(2, 4).unwrap();
    let mut pairs: Vec<_> = (0..SOURCES).map(|_| UnixStream::pair().unwrap()).collect();
    for (index, (source, _)) in pairs.iter().enumerate() {
        source.set_nonblocking(true).unwrap();
        register(&reactor, source, Token(index)).unwrap();
    }
    let mut events = Events::with_capacity(16);
    for round in 0..ROUNDS {
        pairs.iter_mut().for_each(|(_, peer)| peer.write_all(b"x").unwrap());
        let mut missing: Vec<bool> = vec![true; SOURCES];
        let end = Instant::now() + LONG;
        while missing.iter().any(|missing| *missing) {
            assert!(Instant::now() < end, "round {round}: {missing:?}");
            // A wait that does not block fetches what the kernel keeps, too.
            reactor.wait(&mut events, Some(if round % 2 == 0 { LONG } else { Duration::ZERO })).unwrap();
            for event in events.iter().filter(|event| event.readiness.contains(Readiness::READ)) {
                missing[event.token.0] = false;
            }
        }
        pairs.iter_mut().for_each(|(source, _)| assert_eq!(source.read(&mut [0; 8]).unwrap(), 1));
    }
    for (index, (source, _)) in pairs.iter().enumerate() {
        reactor.deregister(source.as_fd().into(), Token(index)).unwrap();
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
fn data_and_end_that_come_at_once_must_both_be_reported() {
    let reactor = UringReactor::new().unwrap();
    let (source, mut peer) = UnixStream::pair().unwrap();
    peer.write_all(b"x").unwrap();
    drop(peer);
    register(&reactor, &source, Token(1)).unwrap();
    expect(&reactor, Token(1), Readiness::READ | Readiness::READ_CLOSED);
    reactor.deregister(source.as_fd().into(), Token(1)).unwrap();
}

#[test]
fn an_edge_reactor_must_not_be_armed() {
    let reactor = UringReactor::new().unwrap();
    let (source, _peer) = UnixStream::pair().unwrap();
    register(&reactor, &source, Token(1)).unwrap();
    let error = reactor.arm(source.as_fd().into(), Token(1), Interest::READ).unwrap_err();
    assert_eq!(ReactorError::of(&error), Some(ReactorError::NotArmable));
    reactor.deregister(source.as_fd().into(), Token(1)).unwrap();
}

#[test]
fn a_reactor_that_is_dropped_must_leave_no_descriptor() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let (source, _peer) = UnixStream::pair().unwrap();
    // Other tests of this process open and close descriptors: the least of several tries is this one's alone.
    let leaked = (0..50).map(|_| {
        let before = count();
        let reactor = UringReactor::new().unwrap();
        register(&reactor, &source, Token(1)).unwrap();
        expect(&reactor, Token(1), Readiness::WRITE);
        reactor.deregister(source.as_fd().into(), Token(1)).unwrap();
        drop(reactor);
        count() as i64 - before as i64
    });
    assert!(leaked.min().unwrap() <= 0);
}

#[test]
fn the_factory_makes_reactors_that_are_strangers() {
    let factory = tenter_reactor_uring::factory();
    let (one, two) = (factory(&ReactorConfig::default()).unwrap(), factory(&ReactorConfig::default()).unwrap());
    assert_eq!(one.name(), tenter_reactor_uring::NAME);
    one.wake().unwrap();
    let start = Instant::now();
    two.wait(&mut Events::with_capacity(1), Some(Duration::from_millis(10))).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(10), "one reactor's wake ended another's wait");
}
