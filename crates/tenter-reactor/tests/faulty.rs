//! The reactor that makes mistakes makes those it was told to make, and no others.
#![cfg(unix)]

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use tenter_reactor::faulty::{Faults, Faulty, When};
use tenter_reactor::{
    Capabilities, Event, Events, Interest, Reactor, ReactorConfig, ReactorError, Readiness, Source, Token, Trigger,
    conformance,
};

type Make = fn(&ReactorConfig) -> io::Result<Arc<dyn Reactor>>;

/// A one-shot reactor, and where there is one an edge reactor.
const WORKING: &[Make] = &[
    tenter_reactor_poll::new,
    #[cfg(target_os = "linux")]
    tenter_reactor_epoll::new,
];

const A: Token = Token(1);
const B: Token = Token(2);

/// Far more than an event that is held back takes.
const LONG: Duration = Duration::from_secs(20);

fn each(faults: impl Fn() -> Faults, test: impl Fn(&Faulty)) {
    for make in WORKING {
        test(&Faulty::new(make(&ReactorConfig::default()).unwrap(), faults()));
    }
}

fn pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    (a, b)
}

fn register(reactor: &Faulty, source: &impl AsFd, token: Token) -> io::Result<()> {
    // SAFETY: the tests deregister, or drop the reactor before the source.
    unsafe { reactor.register(source.as_fd().into(), token) }
}

fn one_shot(reactor: &Faulty) -> bool {
    reactor.capabilities().trigger == Trigger::OneShot
}

fn arm(reactor: &Faulty, source: &impl AsFd, token: Token, interest: Interest) {
    if one_shot(reactor) {
        reactor.arm(source.as_fd().into(), token, interest).unwrap();
    }
}

fn wait(reactor: &Faulty, timeout: Duration) -> Vec<Event> {
    let mut events = Events::with_capacity(16);
    reactor.wait(&mut events, Some(timeout)).unwrap();
    events.iter().copied().collect()
}

/// Waits, arming as often as it takes, until the source is reported as readable.
fn until_readable(reactor: &Faulty, source: &impl AsFd, token: Token) {
    let start = Instant::now();
    loop {
        arm(reactor, source, token, Interest::READ);
        let events = wait(reactor, LONG);
        if events.iter().any(|event| event.token == token && event.readiness.satisfies(Interest::READ)) {
            return;
        }
        assert!(start.elapsed() < LONG, "{token:?} is not reported");
    }
}

/// Faults that make up nothing leave a reactor that conforms: whatever is late, shuffled or short, nothing is lost. But
/// a late event is late for a wait that does not wait.
#[test]
fn a_reactor_that_is_only_late_conforms() {
    for make in WORKING {
        let report = conformance::run(move || {
            let inner = make(&ReactorConfig::default())?;
            Ok(Faulty::new(inner, Faults::none(3).late(0.5, 3).reorder(0.5).short(0.5)))
        });
        let mut failures = report.failures().map(|finding| finding.case);
        assert!(failures.all(|case| case == "a_zero_timeout_collects_events"), "{report}");
    }
}

#[test]
fn without_faults_it_conforms() {
    for make in WORKING {
        conformance::assert(move || Ok(Faulty::new(make(&ReactorConfig::default())?, Faults::none(0))));
    }
}

#[test]
fn every_byte_arrives_whatever_goes_wrong() {
    const BYTES: usize = 2_000;
    for seed in 0..3 {
        each(
            || Faults::hostile(seed),
            |reactor| {
                let (mut a, mut b) = pair();
                register(reactor, &a, A).unwrap();
                let writer = thread::spawn(move || (0..BYTES).for_each(|_| b.write_all(b"x").unwrap()));
                let (mut received, mut events) = (0, Events::with_capacity(4));
                let start = Instant::now();
                while received < BYTES {
                    assert!(start.elapsed() < LONG, "{received} bytes of {BYTES}: {:?}", reactor.tally());
                    match a.read(&mut [0; 7]) {
                        Ok(count) => received += count,
                        Err(error) => {
                            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                            arm(reactor, &a, A, Interest::READ);
                            let _ = reactor.wait(&mut events, Some(LONG));
                        }
                    }
                }
                writer.join().unwrap();
                reactor.deregister(a.as_fd().into(), A).unwrap();
            },
        );
    }
}

#[test]
fn a_late_event_comes_and_is_late() {
    each(
        || Faults::none(1).late(1.0, 1),
        |reactor| {
            let (a, mut b) = pair();
            register(reactor, &a, A).unwrap();
            b.write_all(b"x").unwrap();
            arm(reactor, &a, A, Interest::READ);
            assert_eq!(wait(reactor, Duration::ZERO), [], "it is held back");
            assert_eq!(wait(reactor, LONG).len(), 1, "and comes with the next wait");
            assert_eq!(reactor.tally().late, 1);
        },
    );
}

/// The reactor within is disarmed while the event is held back; arming again arms it again.
#[test]
fn arming_anew_makes_a_held_event_void() {
    let poll = tenter_reactor_poll::new(&ReactorConfig::default()).unwrap();
    let reactor = Faulty::new(poll, Faults::none(1).late(1.0, 1));
    let (a, mut b) = pair();
    register(&reactor, &a, A).unwrap();
    b.write_all(b"x").unwrap();
    arm(&reactor, &a, A, Interest::READ);
    assert_eq!(wait(&reactor, Duration::ZERO), []);
    arm(&reactor, &a, A, Interest::WRITE);
    let events: Vec<_> = (0..3).flat_map(|_| wait(&reactor, Duration::ZERO)).collect();
    assert_eq!(events, [Event { token: A, readiness: Readiness::WRITE }], "one arming, one event, of that arming");
}

#[test]
fn a_held_event_goes_with_its_registration() {
    each(
        || Faults::none(1).late(1.0, 3),
        |reactor| {
            let (a, mut b) = pair();
            register(reactor, &a, A).unwrap();
            b.write_all(b"x").unwrap();
            arm(reactor, &a, A, Interest::READ);
            assert_eq!(wait(reactor, Duration::ZERO), []);
            reactor.deregister(a.as_fd().into(), A).unwrap();
            for _ in 0..5 {
                assert_eq!(wait(reactor, Duration::from_millis(2)), []);
            }
        },
    );
}

#[test]
fn stale_tokens_are_reported_if_wanted() {
    each(
        || Faults::none(1).stale(1.0),
        |reactor| {
            let (a, _b) = pair();
            register(reactor, &a, A).unwrap();
            reactor.deregister(a.as_fd().into(), A).unwrap();
            let events = wait(reactor, LONG);
            assert!(events.iter().all(|event| event.token == A) && events.len() == 1, "{events:?}");
            assert_eq!(wait(reactor, Duration::ZERO), [], "once");
            assert_eq!(reactor.tally().stale, 1);
        },
    );
}

#[test]
fn a_spurious_event_disarms_as_a_true_one_does() {
    each(
        || Faults::none(5).spurious(1.0),
        |reactor| {
            let (a, mut b) = pair();
            register(reactor, &a, A).unwrap();
            if one_shot(reactor) {
                assert_eq!(wait(reactor, Duration::ZERO), [], "it is not armed");
            } else {
                wait(reactor, Duration::ZERO);
            }
            arm(reactor, &a, A, Interest::READ);
            let events = wait(reactor, LONG);
            assert!(!events.is_empty(), "nobody wrote, and yet it is reported");
            assert!(reactor.tally().spurious > 0);
            if one_shot(reactor) {
                b.write_all(b"x").unwrap();
                assert_eq!(wait(reactor, Duration::from_millis(10)), [], "it was disarmed");
            }
            b.write_all(b"x").unwrap();
            until_readable(reactor, &a, A);
        },
    );
}

#[test]
fn duplicates_come_twice() {
    let count = |faults: Faults, make: Make| {
        let reactor = Faulty::new(make(&ReactorConfig::default()).unwrap(), faults);
        let (a, mut b) = pair();
        register(&reactor, &a, A).unwrap();
        b.write_all(b"x").unwrap();
        arm(&reactor, &a, A, Interest::READ);
        (0..4).map(|_| wait(&reactor, Duration::from_millis(2)).len()).sum::<usize>()
    };
    for make in WORKING {
        assert_eq!(count(Faults::none(1), *make), 1);
    }
    assert_eq!(count(Faults::none(1).unarmed(1.0), tenter_reactor_poll::new), 2);
    assert_eq!(count(Faults::none(1).duplicate(1.0), tenter_reactor_poll::new), 1, "one-shot means once");
    #[cfg(target_os = "linux")]
    assert_eq!(count(Faults::none(1).duplicate(1.0), tenter_reactor_epoll::new), 2);
}

#[test]
fn batches_are_short_and_complete() {
    const SOURCES: usize = 8;
    each(
        || Faults::none(1).short(1.0).reorder(1.0),
        |reactor| {
            let pairs: Vec<_> = (0..SOURCES).map(|_| pair()).collect();
            for (index, (a, b)) in pairs.iter().enumerate() {
                register(reactor, a, Token(index)).unwrap();
                (&*b).write_all(b"x").unwrap();
                arm(reactor, a, Token(index), Interest::READ);
            }
            let mut seen = [false; SOURCES];
            let mut events = Events::with_capacity(SOURCES);
            while seen.contains(&false) {
                reactor.wait(&mut events, Some(LONG)).unwrap();
                assert!((1..SOURCES).contains(&events.len()), "{events:?}");
                events.iter().for_each(|event| seen[event.token.0] = true);
            }
            let tally = reactor.tally();
            assert!(tally.short > 1 && tally.reordered > 0, "{tally:?}");
        },
    );
}

#[test]
fn waits_end_early_or_are_interrupted() {
    each(
        || Faults::none(1).early(1.0),
        |reactor| {
            let start = Instant::now();
            assert_eq!(wait(reactor, LONG), []);
            assert!(start.elapsed() < LONG);
        },
    );
    each(
        || Faults::none(1).interrupted(1.0),
        |reactor| {
            // The wake is not used up by a wait that never began.
            reactor.wake().unwrap();
            let error = reactor.wait(&mut Events::with_capacity(1), None).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        },
    );
    each(
        || Faults::none(1).fail_wait(When::Nth(1), || Errno::NOMEM.into()),
        |reactor| {
            reactor.wake().unwrap();
            let error = reactor.wait(&mut Events::with_capacity(1), None).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(Errno::NOMEM.raw_os_error()));
            reactor.wait(&mut Events::with_capacity(1), None).unwrap();
        },
    );
}

/// Sources that are refused are not registered, whatever the reason, and the next try may succeed.
#[test]
fn registrations_are_refused_with_any_error() {
    const ERRNOS: [Errno; 9] = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::NOSPC,
        Errno::PERM,
        Errno::BADF,
        Errno::EXIST,
        Errno::INVAL,
        Errno::AGAIN,
    ];
    for errno in ERRNOS {
        each(
            || Faults::none(1).refuse(When::Nth(2), move || errno.into()),
            |reactor| {
                let ((a, _a), (b, mut peer)) = (pair(), pair());
                register(reactor, &a, A).unwrap();
                let error = register(reactor, &b, B).unwrap_err();
                assert_eq!(error.raw_os_error(), Some(errno.raw_os_error()));
                let unknown = reactor.deregister(b.as_fd().into(), B).unwrap_err();
                assert_eq!(ReactorError::of(&unknown), Some(ReactorError::NotRegistered));
                register(reactor, &b, B).unwrap();
                peer.write_all(b"x").unwrap();
                until_readable(reactor, &b, B);
                assert_eq!(reactor.tally().refused, 1);
            },
        );
    }
    each(
        || Faults::none(1).refuse(When::Chance(1.0), || ReactorError::Unwatchable.into()),
        |reactor| {
            let (a, _b) = pair();
            let error = register(reactor, &a, A).unwrap_err();
            assert_eq!(ReactorError::of(&error), Some(ReactorError::Unwatchable));
        },
    );
}

#[test]
fn an_arming_that_fails_arms_nothing() {
    let poll = tenter_reactor_poll::new(&ReactorConfig::default()).unwrap();
    let reactor = Faulty::new(poll, Faults::none(1).fail_arm(When::Nth(2), || Errno::NOMEM.into()));
    let (a, mut b) = pair();
    register(&reactor, &a, A).unwrap();
    arm(&reactor, &a, A, Interest::READ);
    let error = reactor.arm(a.as_fd().into(), A, Interest::ALL).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(Errno::NOMEM.raw_os_error()));
    b.write_all(b"x").unwrap();
    assert_eq!(wait(&reactor, Duration::from_millis(10)), []);
    until_readable(&reactor, &a, A);
}

/// A reactor that says the same in every wait.
#[derive(Debug)]
struct Steady;

impl Reactor for Steady {
    fn name(&self) -> &'static str {
        "steady"
    }
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(Trigger::Edge)
    }
    unsafe fn register(&self, _: Source<'_>, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn arm(&self, _: Source<'_>, _: Token, _: Interest) -> io::Result<()> {
        Err(ReactorError::NotArmable.into())
    }
    fn deregister(&self, _: Source<'_>, _: Token) -> io::Result<()> {
        Ok(())
    }
    fn wait(&self, events: &mut Events, _: Option<Duration>) -> io::Result<()> {
        events.clear();
        (0..4.min(events.capacity()))
            .for_each(|token| events.push(Event { token: Token(token), readiness: Readiness::READ }));
        Ok(())
    }
    fn wake(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_seed_decides() {
    let run = |seed| {
        let reactor = Faulty::new(Arc::new(Steady), Faults::hostile(seed));
        let sources: Vec<_> = (0..4).map(|_| pair()).collect();
        for (token, (a, _)) in sources.iter().enumerate() {
            register(&reactor, a, Token(token)).unwrap();
        }
        let mut events = Events::with_capacity(8);
        let mut all = Vec::new();
        for _ in 0..200 {
            let failed = reactor.wait(&mut events, Some(Duration::ZERO)).is_err();
            all.push((failed, events.iter().copied().collect::<Vec<_>>()));
        }
        (all, reactor.tally())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let (_, tally) = run(1);
    for count in [tally.spurious, tally.late, tally.duplicates, tally.reordered, tally.short] {
        assert!(count > 0, "{tally:?}");
    }
    assert!(tally.early > 0 && tally.interrupted > 0 && tally.unknown > 0, "{tally:?}");
}
