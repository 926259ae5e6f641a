//! A shadow is silent about reactors that agree, and finds a lost event on either side.
#![cfg(target_os = "linux")]

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tenter_reactor::faulty::{Faults, Faulty};
use tenter_reactor::shadow::{Findings, Kind, Shadow};
use tenter_reactor::{Capabilities, Events, Interest, Reactor, ReactorConfig, Source, Token, Trigger};

type Make = fn(&ReactorConfig) -> io::Result<Arc<dyn Reactor>>;

const EPOLL: Make = tenter_reactor_epoll::new;
const POLL: Make = tenter_reactor_poll::new;
/// An edge and a one-shot reactor on either side, and two of each.
const PAIRS: [(Make, Make); 4] = [(EPOLL, POLL), (POLL, EPOLL), (EPOLL, EPOLL), (POLL, POLL)];

const PATIENCE: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(20);
const A: Token = Token(1);

fn make(make: Make) -> Arc<dyn Reactor> {
    make(&ReactorConfig::default()).unwrap()
}

/// A reactor that loses every event that says readable, once it is told to.
#[derive(Debug)]
struct Lossy {
    inner: Arc<dyn Reactor>,
    loses: AtomicBool,
}

impl Lossy {
    fn new(inner: Arc<dyn Reactor>, loses: bool) -> Arc<Self> {
        Arc::new(Self { inner, loses: AtomicBool::new(loses) })
    }
}

impl Reactor for Lossy {
    fn name(&self) -> &'static str {
        "lossy"
    }
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        // SAFETY: the caller's promise.
        unsafe { self.inner.register(source, token) }
    }
    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.inner.arm(source, token, interest)
    }
    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.inner.deregister(source, token)
    }
    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let mut found = Events::with_capacity(events.capacity());
        self.inner.wait(&mut found, timeout)?;
        events.clear();
        let loses = self.loses.load(Ordering::SeqCst);
        let kept = found.iter().filter(|event| !(loses && event.readiness.satisfies(Interest::READ)));
        kept.for_each(|event| events.push(*event));
        Ok(())
    }
    fn wake(&self) -> io::Result<()> {
        self.inner.wake()
    }
}

fn register(reactor: &Shadow, source: &impl AsFd) {
    // SAFETY: the tests deregister before they close.
    unsafe { reactor.register(source.as_fd().into(), A) }.unwrap();
}

fn arm(reactor: &Shadow, source: &impl AsFd) {
    if reactor.capabilities().trigger == Trigger::OneShot {
        reactor.arm(source.as_fd().into(), A, Interest::READ).unwrap();
    }
}

fn pair() -> (UnixStream, UnixStream) {
    let (a, b) = UnixStream::pair().unwrap();
    a.set_nonblocking(true).unwrap();
    (a, b)
}

/// Reads `count` bytes that another thread writes one by one, and waits for each.
fn work(reactor: &Shadow, count: usize) {
    let (mut a, mut b) = pair();
    register(reactor, &a);
    let writer = thread::spawn(move || {
        for _ in 0..count {
            thread::sleep(Duration::from_millis(1));
            b.write_all(b"x").unwrap();
        }
        b
    });
    let (mut received, mut events) = (0, Events::with_capacity(8));
    while received < count {
        match a.read(&mut [0; 4]) {
            Ok(got) => received += got,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                arm(reactor, &a);
                reactor.wait(&mut events, Some(LONG)).unwrap();
            }
        }
    }
    writer.join().unwrap();
    reactor.deregister(a.as_fd().into(), A).unwrap();
}

#[test]
fn reactors_that_agree_give_no_findings() {
    for (primary, shadow) in PAIRS {
        let findings = Findings::new();
        // Nothing is to be missed, so nobody has to wait for that to be found.
        let reactor = Shadow::new(make(primary), make(shadow), 5 * PATIENCE, findings.clone()).unwrap();
        work(&reactor, 500);
        assert_eq!(findings.list(), [], "{} beside {}", reactor.name(), make(shadow).name());
        assert!(findings.looks() > 0, "{findings:?}");
    }
}

#[test]
fn an_idle_source_is_no_finding() {
    for (primary, shadow) in PAIRS {
        let findings = Findings::new();
        let reactor = Shadow::new(make(primary), make(shadow), PATIENCE, findings.clone()).unwrap();
        let (a, _b) = pair();
        register(&reactor, &a);
        arm(&reactor, &a);
        let mut events = Events::with_capacity(8);
        for _ in 0..4 {
            reactor.wait(&mut events, Some(PATIENCE)).unwrap();
        }
        reactor.deregister(a.as_fd().into(), A).unwrap();
        assert_eq!(findings.list(), []);
    }
}

#[test]
fn an_event_that_the_primary_loses_is_missed() {
    for (primary, shadow) in PAIRS {
        let findings = Findings::new();
        let lossy = Lossy::new(make(primary), false);
        let reactor = Shadow::new(lossy.clone(), make(shadow), PATIENCE, findings.clone()).unwrap();
        work(&reactor, 20);
        let (a, mut b) = pair();
        register(&reactor, &a);
        let mut events = Events::with_capacity(8);
        // What it is ready for at first is out of the way.
        reactor.wait(&mut events, Some(Duration::ZERO)).unwrap();
        arm(&reactor, &a);
        assert_eq!(findings.missed(), 0);
        lossy.loses.store(true, Ordering::SeqCst);
        b.write_all(b"x").unwrap();
        let start = Instant::now();
        while findings.missed() == 0 {
            assert!(start.elapsed() < LONG, "{} beside {}", reactor.capabilities().true_edges, make(shadow).name());
            reactor.wait(&mut events, Some(2 * PATIENCE)).unwrap();
            assert!(events.is_empty());
        }
        let found = findings.list();
        assert!(found.iter().all(|finding| (finding.kind, finding.token) == (Kind::Missed, A)), "{found:?}");
        assert_eq!(found[0].interest, Interest::READ);
        assert!(found[0].to_string().contains("was not reported"), "{}", found[0]);
        // It is said once, however long it stays so.
        reactor.wait(&mut events, Some(2 * PATIENCE)).unwrap();
        assert_eq!(findings.missed(), 1);
        reactor.deregister(a.as_fd().into(), A).unwrap();
    }
}

#[test]
fn an_event_that_the_shadow_loses_is_extra() {
    for (primary, shadow) in PAIRS {
        let findings = Findings::new();
        let reactor = Shadow::new(make(primary), Lossy::new(make(shadow), true), PATIENCE, findings.clone()).unwrap();
        work(&reactor, 5);
        let found = findings.list();
        assert!(!found.is_empty() && found.iter().all(|finding| finding.kind == Kind::Extra), "{found:?}");
    }
}

#[test]
fn spurious_events_are_extra() {
    for (primary, shadow) in PAIRS {
        let findings = Findings::new();
        let spurious = Faulty::new(make(primary), Faults::none(1).spurious(0.3));
        let reactor = Shadow::new(spurious, make(shadow), 5 * PATIENCE, findings.clone()).unwrap();
        work(&reactor, 50);
        assert!(findings.extra() > 0);
        assert_eq!(findings.missed(), 0, "{:?}", findings.list());
    }
}
