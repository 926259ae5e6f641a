//! Reactors that break one promise each, and the case that finds out.
#![cfg(unix)]

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tenter_reactor::conformance::{self, Outcome};
use tenter_reactor::{
    Capabilities, Deadline, Event, Events, Interest, Reactor, ReactorConfig, ReactorError, Readiness, Source, Token,
};

/// What a reactor does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Drops the twentieth event.
    LosesAnEvent,
    /// Counts timeouts in milliseconds and rounds them down.
    RoundsDown,
    /// Waits 5 ms less than told to.
    ReturnsEarly,
    /// Wakes only whoever waits already.
    ForgetsEarlyWakes,
    /// Never wakes whoever waits already.
    ForgetsLateWakes,
    /// Reports a token once more after it was deregistered.
    ReportsDeregistered,
    /// Knows sources by number, and a number by the first token it ever had.
    RemembersNumbers,
    /// Holds a duplicate of every source.
    HoldsTheFile,
    /// Polls without pause.
    Spins,
    /// Arms again by itself after each event.
    StaysArmed,
    /// Refuses a second waiter without saying that this is why.
    RefusesUntyped,
    /// Never returns from a wait.
    Hangs,
}

/// A reactor that works.
type Make = fn(&ReactorConfig) -> io::Result<Arc<dyn Reactor>>;

/// A one-shot reactor, and where there is one an edge reactor.
const WORKING: &[Make] = &[
    tenter_reactor_poll::new,
    #[cfg(target_os = "linux")]
    tenter_reactor_epoll::new,
];

/// A reactor that works, with a fault.
#[derive(Debug)]
struct Broken {
    inner: Arc<dyn Reactor>,
    fault: Fault,
    events: AtomicUsize,
    waiting: AtomicBool,
    woken: AtomicBool,
    deregistered: Mutex<Option<Token>>,
    first_tokens: Mutex<HashMap<RawFd, Token>>,
    tokens: Mutex<HashMap<Token, RawFd>>,
    armed: Mutex<HashMap<Token, Interest>>,
    held: Mutex<Vec<OwnedFd>>,
}

fn broken(make: Make, fault: Fault) -> impl Fn() -> io::Result<Arc<dyn Reactor>> + Send + Sync + 'static {
    move || {
        let inner = make(&ReactorConfig::default())?;
        Ok(Arc::new(Broken {
            inner,
            fault,
            events: AtomicUsize::default(),
            waiting: AtomicBool::default(),
            woken: AtomicBool::default(),
            deregistered: Mutex::default(),
            first_tokens: Mutex::default(),
            tokens: Mutex::default(),
            armed: Mutex::default(),
            held: Mutex::default(),
        }))
    }
}

impl Broken {
    fn inner_wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        match (self.fault, timeout) {
            (Fault::Hangs, _) => loop {
                thread::park();
            },
            (Fault::RoundsDown, Some(timeout)) => {
                let millis = timeout.as_millis().try_into().unwrap_or(u64::MAX);
                self.inner.wait(events, Some(Duration::from_millis(millis)))
            }
            (Fault::ReturnsEarly, Some(timeout)) => {
                self.inner.wait(events, Some(timeout.saturating_sub(Duration::from_millis(5))))
            }
            (Fault::Spins, timeout) => {
                let deadline = Deadline::after(timeout);
                loop {
                    self.inner.wait(events, Some(Duration::ZERO))?;
                    if !events.is_empty() || deadline.is_over() || self.woken.swap(false, Ordering::SeqCst) {
                        return Ok(());
                    }
                }
            }
            (_, timeout) => self.inner.wait(events, timeout),
        }
    }

    fn spoil(&self, event: Event) -> Option<Event> {
        let mut event = event;
        let fd = self.tokens.lock().unwrap().get(&event.token).copied();
        match self.fault {
            Fault::LosesAnEvent if self.events.fetch_add(1, Ordering::Relaxed) == 20 => return None,
            Fault::RemembersNumbers => event.token = self.first_tokens.lock().unwrap()[&fd?],
            Fault::StaysArmed => {
                // SAFETY: the source is registered, so it is open.
                let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd?) };
                let interest = self.armed.lock().unwrap()[&event.token];
                self.inner.arm(Source::Fd(fd), event.token, interest).ok()?;
            }
            _ => {}
        }
        Some(event)
    }
}

impl Reactor for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        let Source::Fd(fd) = source else { unreachable!("Unix has no other sources") };
        // SAFETY: the caller's promise.
        unsafe { self.inner.register(source, token)? };
        self.first_tokens.lock().unwrap().entry(fd.as_raw_fd()).or_insert(token);
        self.tokens.lock().unwrap().insert(token, fd.as_raw_fd());
        if self.fault == Fault::HoldsTheFile {
            self.held.lock().unwrap().push(fd.try_clone_to_owned()?);
        }
        Ok(())
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.armed.lock().unwrap().insert(token, interest);
        self.inner.arm(source, token, interest)
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.inner.deregister(source, token)?;
        self.deregistered.lock().unwrap().replace(token);
        Ok(())
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let mut found = Events::with_capacity(events.capacity());
        self.waiting.store(true, Ordering::SeqCst);
        let result = self.inner_wait(&mut found, timeout);
        if self.fault == Fault::RefusesUntyped && result.as_ref().is_err_and(|error| ReactorError::of(error).is_some())
        {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        result?;
        self.waiting.store(false, Ordering::SeqCst);
        events.clear();
        found.iter().filter_map(|event| self.spoil(*event)).for_each(|event| events.push(event));
        if self.fault == Fault::ReportsDeregistered {
            if let Some(token) = self.deregistered.lock().unwrap().take() {
                events.push(Event { token, readiness: Readiness::READ });
            }
        }
        Ok(())
    }

    fn wake(&self) -> io::Result<()> {
        self.woken.store(true, Ordering::SeqCst);
        match (self.fault, self.waiting.load(Ordering::SeqCst)) {
            (Fault::ForgetsEarlyWakes, false) | (Fault::ForgetsLateWakes, true) => Ok(()),
            _ => self.inner.wake(),
        }
    }
}

/// Asserts that `case` passes without the fault, and fails with it, saying `why`.
#[track_caller]
fn finds(fault: Fault, case: &str, why: &str) {
    for make in WORKING {
        finds_in(*make, fault, case, why);
    }
}

/// The same for one kind of reactor. A machine that stalls can hide a fault from a run, as one of time; not from all.
#[track_caller]
fn finds_in(make: Make, fault: Fault, case: &str, why: &str) {
    const RUNS: usize = 20;
    let case = conformance::case(case).expect("a case of that name");
    assert_eq!(case.run(broken(make, Fault::None)).outcome, Outcome::Passed, "without the fault");
    let mut outcomes = (0..RUNS).map(|_| case.run(broken(make, fault)).outcome);
    match outcomes.find(|outcome| *outcome != Outcome::Passed).unwrap_or(Outcome::Passed) {
        Outcome::Failed(said) => assert!(said.contains(why), "{fault:?} failed for another reason: {said}"),
        outcome => panic!("{fault:?} was not found: {outcome:?}"),
    }
}

#[test]
fn a_lost_event_is_found() {
    finds(Fault::LosesAnEvent, "every_write_is_reported", "no event for");
    finds(Fault::LosesAnEvent, "every_write_of_another_thread_is_reported", "no event for");
}

#[test]
fn a_timeout_rounded_down_is_found() {
    finds(Fault::RoundsDown, "timeouts_are_never_early", "was over after");
}

#[test]
fn an_early_return_is_found() {
    finds(Fault::ReturnsEarly, "timeouts_are_never_early", "was over after");
    finds(Fault::ReturnsEarly, "timeouts_are_never_early_with_sources", "was over after");
    finds(Fault::ReturnsEarly, "signals_neither_end_nor_shorten_a_wait", "was over after");
}

#[test]
fn a_forgotten_wake_is_found() {
    finds(Fault::ForgetsEarlyWakes, "a_wake_before_a_wait_ends_it", "did not end a wait");
    finds(Fault::ForgetsLateWakes, "a_wake_during_a_wait_ends_it", "did not end a wait");
}

#[test]
fn a_stale_token_is_found() {
    finds(Fault::ReportsDeregistered, "a_deregistered_token_is_silent", "though it was deregistered");
    finds(Fault::RemembersNumbers, "a_stale_event_does_not_reach_a_reused_number", "no event for");
}

#[test]
fn a_held_file_is_found() {
    finds(Fault::HoldsTheFile, "deregister_lets_go_of_the_file", "the file is held");
}

#[test]
fn a_spinning_wait_is_found() {
    finds(Fault::Spins, "an_idle_wait_uses_no_processor", "it spins");
}

#[test]
fn a_source_that_stays_armed_is_found() {
    finds_in(tenter_reactor_poll::new, Fault::StaysArmed, "an_event_disarms", "an event has disarmed it");
}

#[test]
fn an_untyped_refusal_is_found() {
    finds(Fault::RefusesUntyped, "a_second_waiter_is_refused", "expected AlreadyWaiting");
}

#[test]
fn a_hanging_wait_is_found() {
    let case = conformance::case("a_zero_timeout_does_not_block").expect("a case of that name");
    let finding = case.run_within(Duration::from_millis(300), broken(WORKING[0], Fault::Hangs));
    assert!(matches!(&finding.outcome, Outcome::Failed(why) if why.contains("hung")), "{finding:?}");
}
