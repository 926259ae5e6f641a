//! A reactor that reports what a test posts, and wakers that count.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses a part")]

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Count;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tenter_core::clock::Clock;
use tenter_core::sync::atomic::Ordering;
use tenter_core::sync::{Condvar, Mutex};
use tenter_driver::{Direction, Driver, Ready, Registration};
use tenter_reactor::{Capabilities, Event, Events, Interest, Reactor, Readiness, Source, Token, Trigger};

/// The reactor of a test.
#[derive(Debug)]
pub struct Mock {
    trigger: Trigger,
    /// Timeouts up to this elapse at once, longer ones only by a wake or an event.
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
    /// What happens while a source is being deregistered, once.
    pub during_deregister: Mutex<Option<Hook>>,
}

/// Something to run, which prints as nothing.
pub struct Hook(pub Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hook")
    }
}

#[derive(Debug, Default)]
pub struct State {
    /// What the next wait reports.
    posted: Vec<Event>,
    woken: bool,
    /// Tokens in the order of their registration.
    pub tokens: Vec<Token>,
    /// What is armed now.
    pub armed: BTreeMap<Token, Interest>,
    pub arm_calls: usize,
    pub deregistered: Vec<Token>,
    /// The timeouts of all waits.
    pub timeouts: Vec<Option<Duration>>,
    pub wakes: usize,
    /// What a source is ready for when it is registered: that is its first event.
    pub current: Readiness,
    /// What the next calls of these functions say.
    pub refuse_register: bool,
    pub refuse_arm: bool,
    pub wait_error: Option<io::ErrorKind>,
}

impl Mock {
    pub fn new(trigger: Trigger) -> Arc<Self> {
        Self::with_patience(trigger, Duration::MAX)
    }

    pub fn with_patience(trigger: Trigger, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            trigger,
            patience,
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            during_deregister: Mutex::new(None),
        })
    }

    pub fn state<R>(&self, look: impl FnOnce(&mut State) -> R) -> R {
        look(&mut self.state.lock().unwrap())
    }

    /// Has the next wait report an event; a one-shot source is disarmed by it when it is reported.
    pub fn post(&self, token: Token, readiness: Readiness) {
        self.state(|state| state.posted.push(Event { token, readiness }));
        self.changed.notify_one();
    }

    pub fn last_token(&self) -> Token {
        self.state(|state| *state.tokens.last().unwrap())
    }

    pub fn armed(&self, token: Token) -> Interest {
        self.state(|state| state.armed.get(&token).copied().unwrap_or_default())
    }
}

impl Reactor for Mock {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::new(self.trigger);
        capabilities.true_edges = self.trigger == Trigger::Edge;
        capabilities
    }

    unsafe fn register(&self, _: Source<'_>, token: Token) -> io::Result<()> {
        self.state(|state| {
            if state.refuse_register {
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            state.tokens.push(token);
            if !state.current.is_empty() {
                let readiness = state.current;
                state.posted.push(Event { token, readiness });
            }
            Ok(())
        })
    }

    fn arm(&self, _: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        assert_eq!(self.trigger, Trigger::OneShot, "edge reactors are not armed");
        self.state(|state| {
            state.arm_calls += 1;
            if state.refuse_arm {
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            assert!(!state.deregistered.contains(&token), "armed after deregister");
            state.armed.insert(token, interest);
            Ok(())
        })
    }

    fn deregister(&self, _: Source<'_>, token: Token) -> io::Result<()> {
        let hook = self.during_deregister.lock().unwrap().take();
        if let Some(Hook(run)) = hook {
            run();
        }
        self.state(|state| {
            state.armed.remove(&token);
            state.deregistered.push(token);
        });
        Ok(())
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.timeouts.push(timeout);
        if let Some(kind) = state.wait_error.take() {
            return Err(kind.into());
        }
        while state.posted.is_empty() && !state.woken && timeout.is_none_or(|timeout| timeout > self.patience) {
            state = self.changed.wait(state).unwrap();
        }
        state.woken = false;
        for event in std::mem::take(&mut state.posted) {
            state.armed.remove(&event.token);
            events.push(event);
        }
        Ok(())
    }

    fn wake(&self) -> io::Result<()> {
        self.state(|state| {
            state.woken = true;
            state.wakes += 1;
        });
        self.changed.notify_one();
        Ok(())
    }
}

/// A waker that counts its wakes.
#[derive(Debug, Default)]
pub struct Counter(Count);

impl Counter {
    pub fn new() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (counter.clone(), Waker::from(counter))
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A driver with one worker's wheel over a mock.
pub fn driver(mock: &Arc<Mock>) -> Arc<Driver> {
    Driver::new(mock.clone(), Clock::System, 1)
}

/// Registers a descriptor that stays open; the mock never looks at it.
pub fn register(driver: &Arc<Driver>) -> io::Result<Registration> {
    let stdin = std::io::stdin();
    // SAFETY: the standard input is not closed by these tests.
    unsafe { Registration::new(driver, Source::from(stdin.as_fd())) }
}

/// As [`register`], but watched from the first wait on.
pub fn register_later(driver: &Arc<Driver>) -> io::Result<Registration> {
    let stdin = std::io::stdin();
    // SAFETY: as in `register`.
    unsafe { Registration::watched_when_awaited(driver, Source::from(stdin.as_fd())) }
}

/// Says that an operation of each direction would block.
pub fn clear_both(registration: &Registration) {
    for direction in [Direction::Read, Direction::Write] {
        registration.clear_ready(registration.ready(direction), direction);
    }
}

pub fn poll(registration: &Registration, direction: Direction, waker: &Waker) -> Poll<io::Result<Ready>> {
    registration.poll_ready(&mut Context::from_waker(waker), direction)
}

/// One turn without waiting; wakes what it gives, and says how many that were.
pub fn turn(driver: &Driver) -> usize {
    let mut woken = Vec::new();
    driver.try_seat().expect("the seat is free").turn(Some(Duration::ZERO), &mut woken).unwrap();
    let count = woken.len();
    woken.into_iter().for_each(Waker::wake);
    count
}
