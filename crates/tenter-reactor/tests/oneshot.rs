//! The one-shot engine on a system call that the tests play themselves, so that every interleaving is one they chose.
#![cfg(unix)]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tenter_reactor::oneshot::{Armed, Multiplexer, OneShot};
use tenter_reactor::{Capabilities, Event, Events, Interest, Reactor, ReactorError, Readiness, Token, Trigger};

/// What one call does: it sees the descriptors and the timeout, and says what is ready.
type Act = Box<dyn FnMut(&[Armed], Option<Duration>) -> io::Result<Vec<(usize, Readiness)>> + Send>;

thread_local! {
    /// What the next engine made on this thread will be told by its calls, one after the other.
    static SCRIPT: RefCell<VecDeque<Act>> = const { RefCell::new(VecDeque::new()) };
}

#[derive(Default)]
struct Played(VecDeque<Act>);

impl std::fmt::Debug for Played {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Played").field("left", &self.0.len()).finish()
    }
}

impl Multiplexer for Played {
    const NAME: &'static str = "played";

    fn new() -> io::Result<Self> {
        Ok(Self(SCRIPT.take()))
    }

    fn capabilities() -> Capabilities {
        Capabilities::new(Trigger::OneShot)
    }

    fn admit(fd: i32) -> Result<(), ReactorError> {
        if fd < 1 << 20 { Ok(()) } else { Err(ReactorError::SourceLimit { limit: Some(1 << 20) }) }
    }

    fn call(
        &mut self,
        _channel: BorrowedFd<'_>,
        armed: &[Armed],
        timeout: Option<Duration>,
        ready: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<bool> {
        let mut act = self.0.pop_front().expect("a call that the test did not foresee");
        ready.extend(act(armed, timeout)?);
        Ok(true)
    }
}

fn engine(script: Vec<Act>) -> Arc<OneShot<Played>> {
    SCRIPT.set(script.into());
    Arc::new(OneShot::new().unwrap())
}

fn register(reactor: &dyn Reactor, source: &impl AsFd, token: Token) -> io::Result<()> {
    // SAFETY: the sources of each test outlive its reactor's last wait.
    unsafe { reactor.register(source.as_fd().into(), token) }
}

fn waited(reactor: &dyn Reactor) -> Vec<Event> {
    let mut events = Events::with_capacity(8);
    reactor.wait(&mut events, Some(Duration::ZERO)).unwrap();
    events.iter().copied().collect()
}

const A: Token = Token(1);
const B: Token = Token(2);

/// While a call is about to report A, A is deregistered and its descriptor's number registered as B.
#[test]
fn stale_event_must_not_reach_reused_fd() {
    let shared: Arc<OnceLock<Arc<OneShot<Played>>>> = Arc::default();
    let (source, _peer) = UnixStream::pair().unwrap();
    let source = Arc::new(source);
    let other_thread: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::default();
    let call: Act = Box::new({
        let (shared, source, other_thread) = (Arc::clone(&shared), Arc::clone(&source), Arc::clone(&other_thread));
        move |armed, _| {
            assert_eq!(armed.len(), 1);
            let reactor = Arc::clone(shared.get().unwrap());
            let removal = {
                let (reactor, source) = (Arc::clone(&reactor), Arc::clone(&source));
                thread::spawn(move || reactor.deregister(source.as_fd().into(), A).unwrap())
            };
            *other_thread.lock().unwrap() = Some(removal);
            // `deregister` returns only after this call, but the number is free before.
            let end = Instant::now() + Duration::from_secs(5);
            while let Err(error) = register(&*reactor, &*source, B) {
                assert_eq!(ReactorError::of(&error), Some(ReactorError::AlreadyRegistered));
                assert!(Instant::now() < end, "the registration was not removed");
                thread::yield_now();
            }
            reactor.arm(source.as_fd().into(), B, Interest::READ).unwrap();
            Ok(vec![(0, Readiness::READ)])
        }
    });
    let reactor = engine(vec![call]);
    shared.set(Arc::clone(&reactor)).unwrap();
    register(&*reactor, &*source, A).unwrap();
    reactor.arm(source.as_fd().into(), A, Interest::READ).unwrap();
    assert_eq!(waited(&*reactor), [], "the call spoke of a registration that was gone");
    other_thread.lock().unwrap().take().unwrap().join().unwrap();
}

#[test]
fn an_arming_that_was_replaced_must_not_fire() {
    let shared: Arc<OnceLock<Arc<OneShot<Played>>>> = Arc::default();
    let (source, _peer) = UnixStream::pair().unwrap();
    let fd = source.as_raw_fd();
    let first: Act = Box::new({
        let shared = Arc::clone(&shared);
        move |armed, _| {
            let reactor = shared.get().unwrap();
            assert_eq!((armed[0].fd().as_raw_fd(), armed[0].interest()), (fd, Interest::READ));
            reactor.arm(armed[0].fd().into(), A, Interest::WRITE).unwrap();
            Ok(vec![(0, Readiness::READ)])
        }
    });
    let second: Act = Box::new(move |armed, _| {
        assert_eq!(armed[0].interest(), Interest::WRITE);
        Ok(vec![(0, Readiness::WRITE)])
    });
    let reactor = engine(vec![first, second]);
    shared.set(Arc::clone(&reactor)).unwrap();
    register(&*reactor, &source, A).unwrap();
    reactor.arm(source.as_fd().into(), A, Interest::READ).unwrap();
    assert_eq!(waited(&*reactor), []);
    assert_eq!(waited(&*reactor), [Event { token: A, readiness: Readiness::WRITE }]);
}

#[test]
fn what_does_not_fit_must_not_be_lost() {
    let (sources, _peers): (Vec<_>, Vec<_>) = (0..3).map(|_| UnixStream::pair().unwrap()).unzip();
    let all = || -> Act { Box::new(|armed, _| Ok((0..armed.len()).map(|index| (index, Readiness::READ)).collect())) };
    let reactor = engine(vec![all(), all(), all()]);
    for (index, source) in sources.iter().enumerate() {
        register(&*reactor, source, Token(index)).unwrap();
        reactor.arm(source.as_fd().into(), Token(index), Interest::READ).unwrap();
    }
    let mut events = Events::with_capacity(1);
    for expected in (0..3).map(Token) {
        reactor.wait(&mut events, None).unwrap();
        let tokens: Vec<_> = events.iter().map(|event| event.token).collect();
        assert_eq!(tokens, [expected]);
    }
}

#[test]
fn an_interrupted_call_is_repeated_with_the_time_that_is_left() {
    const TIMEOUT: Duration = Duration::from_millis(20);
    let interrupted: Act = Box::new(|_, timeout| {
        assert!(timeout.unwrap() <= TIMEOUT);
        thread::sleep(Duration::from_millis(5));
        Err(io::ErrorKind::Interrupted.into())
    });
    let rest: Act = Box::new(|_, timeout| {
        let timeout = timeout.unwrap();
        assert!(timeout <= TIMEOUT - Duration::from_millis(5), "the timeout began anew: {timeout:?}");
        thread::sleep(timeout);
        Ok(Vec::new())
    });
    let reactor = engine(vec![interrupted, rest]);
    let start = Instant::now();
    reactor.wait(&mut Events::with_capacity(1), Some(TIMEOUT)).unwrap();
    assert!(start.elapsed() >= TIMEOUT);
}

#[test]
fn a_call_that_ends_early_must_not_end_the_wait() {
    const TIMEOUT: Duration = Duration::from_millis(10);
    let early = || -> Act { Box::new(|_, _| Ok(Vec::new())) };
    let rest: Act = Box::new(|_, timeout| {
        thread::sleep(timeout.unwrap());
        Ok(Vec::new())
    });
    let reactor = engine(vec![early(), early(), rest]);
    let start = Instant::now();
    reactor.wait(&mut Events::with_capacity(1), Some(TIMEOUT)).unwrap();
    assert!(start.elapsed() >= TIMEOUT);
}

#[test]
fn a_call_that_fails_must_not_hold_what_it_watched() {
    let fails: Act = Box::new(|_, _| Err(io::ErrorKind::OutOfMemory.into()));
    let panics: Act = Box::new(|_, _| panic!("the call panics"));
    let works: Act = Box::new(|_, _| Ok(vec![(0, Readiness::READ)]));
    let (source, other) = UnixStream::pair().unwrap();
    let reactor = engine(vec![fails, panics, works]);
    register(&*reactor, &source, A).unwrap();
    register(&*reactor, &other, B).unwrap();
    reactor.arm(source.as_fd().into(), A, Interest::READ).unwrap();
    reactor.arm(other.as_fd().into(), B, Interest::READ).unwrap();
    let mut events = Events::with_capacity(1);
    assert_eq!(reactor.wait(&mut events, None).unwrap_err().kind(), io::ErrorKind::OutOfMemory);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reactor.wait(&mut events, None)));
    assert!(caught.is_err());
    // Removal waits for nobody, the seat is free, and the arming stands.
    let (done, removed) = mpsc::channel();
    let removal = Arc::clone(&reactor);
    thread::spawn(move || {
        removal.deregister(other.as_fd().into(), B).unwrap();
        done.send(()).unwrap();
    });
    removed.recv_timeout(Duration::from_secs(5)).expect("deregister waits for a call that has ended");
    assert_eq!(waited(&*reactor), [Event { token: A, readiness: Readiness::READ }]);
}

#[test]
fn a_source_that_the_call_cannot_take_is_refused() {
    let reactor = engine(Vec::new());
    // SAFETY: never used as a descriptor: the number is refused before anything happens.
    let large = unsafe { BorrowedFd::borrow_raw(1 << 20) };
    let error = register(&*reactor, &large, A).unwrap_err();
    assert_eq!(ReactorError::of(&error), Some(ReactorError::SourceLimit { limit: Some(1 << 20) }));
}

#[test]
fn the_wrong_token_neither_arms_nor_removes() {
    let (source, _peer) = UnixStream::pair().unwrap();
    let reactor = engine(vec![Box::new(|armed, _| {
        assert_eq!(armed.len(), 1, "the right registration is untouched");
        Ok(vec![(0, Readiness::READ)])
    })]);
    register(&*reactor, &source, A).unwrap();
    reactor.arm(source.as_fd().into(), A, Interest::READ).unwrap();
    let armed = reactor.arm(source.as_fd().into(), B, Interest::NONE).unwrap_err();
    let removed = reactor.deregister(source.as_fd().into(), B).unwrap_err();
    for error in [armed, removed] {
        assert_eq!(ReactorError::of(&error), Some(ReactorError::NotRegistered));
    }
    assert_eq!(waited(&*reactor), [Event { token: A, readiness: Readiness::READ }]);
}
