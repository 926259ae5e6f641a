//! Calls from other threads while one waits.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::fixture::{drain, tcp_pair};
use super::rig::{PATIENCE, QUIET, arm, deregister, expect_error, register};
use super::system::{pair, take_over};
use super::{Case, Maker, Stop, Tried, ensure};
use crate::{Events, Interest, Reactor, ReactorError, Readiness, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("a_second_waiter_is_refused", second_waiter),
    Case::new("a_registration_during_a_wait_takes_effect", register_during_wait),
    Case::new("an_arming_during_a_wait_takes_effect", arm_during_wait),
    Case::new("deregister_lets_go_of_the_file", lets_go),
    Case::new("a_number_reused_during_a_wait_hears_nothing_stale", reused_during_wait),
    Case::new("concurrent_changes_lose_no_event", changes),
];

/// How many sources a [`Waiter`] keeps book on.
const TOKENS: usize = 16;

/// A thread that does nothing but wait, and writes down what it is told.
struct Waiter {
    reactor: Arc<dyn Reactor>,
    said: Arc<[AtomicUsize; TOKENS]>,
    /// How many waits have ended and been written down.
    turns: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Waiter {
    fn begin(reactor: &Arc<dyn Reactor>) -> Self {
        let said = Arc::new([const { AtomicUsize::new(0) }; TOKENS]);
        let (turns, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let thread = thread::spawn({
            let (reactor, said) = (Arc::clone(reactor), Arc::clone(&said));
            let (turns, over) = (Arc::clone(&turns), Arc::clone(&over));
            move || {
                let mut events = Events::with_capacity(8);
                while !over.load(Ordering::Acquire) {
                    match reactor.wait(&mut events, None) {
                        // It was late, and met a thread that looks whether it is there.
                        Err(error) if ReactorError::of(&error) == Some(ReactorError::AlreadyWaiting) => continue,
                        result => result?,
                    }
                    for event in &events {
                        said[event.token.0].fetch_or(event.readiness.bits().into(), Ordering::AcqRel);
                    }
                    turns.fetch_add(1, Ordering::AcqRel);
                }
                Ok(())
            }
        });
        // Lets the thread arrive in its wait. Nothing depends on it: the cases hold whether it has or not.
        thread::sleep(QUIET);
        Self { reactor: Arc::clone(reactor), said, turns, over, thread: Some(thread) }
    }

    fn said(&self, token: Token) -> Readiness {
        Readiness::from_bits(self.said[token.0].load(Ordering::Acquire) as u8)
    }

    fn forget(&self, token: Token) {
        self.said[token.0].store(0, Ordering::Release);
    }

    /// Returns when what it was told before this call has been written down.
    fn catch_up(&self) -> Tried {
        let before = self.turns.load(Ordering::Acquire);
        self.reactor.wake()?;
        let end = Instant::now() + PATIENCE;
        while self.turns.load(Ordering::Acquire) == before {
            ensure!(Instant::now() < end, "a wake did not end a wait within {PATIENCE:?}");
            thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    fn expect(&self, token: Token, interest: Interest, what: &str) -> Tried {
        let end = Instant::now() + PATIENCE;
        while !self.said(token).satisfies(interest) {
            ensure!(Instant::now() < end, "{what}: no event for {token:?} within {PATIENCE:?}");
            thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    fn end(mut self) -> Tried {
        self.over.store(true, Ordering::Release);
        self.reactor.wake()?;
        let Some(thread) = self.thread.take() else { return Ok(()) };
        Ok(thread.join().map_err(|_| Stop::Failed("the waiting thread panicked".to_owned()))??)
    }
}

fn second_waiter(make: &Maker) -> Tried {
    let reactor = make()?;
    let waiter = Waiter::begin(&reactor);
    let mut events = Events::with_capacity(8);
    let end = Instant::now() + PATIENCE;
    let refused = loop {
        let waited = reactor.wait(&mut events, Some(Duration::ZERO));
        // As long as the other thread has not arrived in its wait, this one is alone.
        if waited.is_err() || Instant::now() >= end {
            break waited;
        }
        thread::sleep(Duration::from_millis(1));
    };
    expect_error(refused, ReactorError::AlreadyWaiting, "waiting while another thread waits")?;
    waiter.end()?;
    // The seat is free again.
    Ok(reactor.wait(&mut events, Some(Duration::ZERO))?)
}

fn register_during_wait(make: &Maker) -> Tried {
    let reactor = make()?;
    let waiter = Waiter::begin(&reactor);
    for token in (0..5).map(Token) {
        let (a, mut b) = pair()?;
        b.write_all(b"x")?;
        register(&*reactor, &a, token)?;
        arm(&*reactor, &a, token, Interest::READ)?;
        waiter.expect(token, Interest::READ, "registered during a wait")?;
        deregister(&*reactor, &a, token)?;
    }
    waiter.end()
}

fn arm_during_wait(make: &Maker) -> Tried {
    let reactor = make()?;
    let (a, mut b) = pair()?;
    register(&*reactor, &a, Token(1))?;
    let waiter = Waiter::begin(&reactor);
    for _ in 0..100 {
        ensure!(!drain(&a)?.1, "an end that was not there");
        waiter.forget(Token(1));
        arm(&*reactor, &a, Token(1), Interest::READ)?;
        b.write_all(b"x")?;
        waiter.expect(Token(1), Interest::READ, "armed during a wait")?;
        drain(&a)?;
        waiter.forget(Token(1));
        b.write_all(b"x")?;
        arm(&*reactor, &a, Token(1), Interest::READ)?;
        waiter.expect(Token(1), Interest::READ, "armed during a wait, when there was data already")?;
    }
    deregister(&*reactor, &a, Token(1))?;
    waiter.end()
}

/// Whoever closes right after `deregister` sends the end of the stream, whatever a wait is doing. A crowded machine may deliver it
/// a moment later.
fn lets_go(make: &Maker) -> Tried {
    let reactor = make()?;
    let waiter = Waiter::begin(&reactor);
    for round in 0..30 {
        let (a, mut b) = tcp_pair()?;
        register(&*reactor, &a, Token(1))?;
        arm(&*reactor, &a, Token(1), Interest::READ)?;
        thread::sleep(Duration::from_millis(1));
        if round % 2 == 1 {
            // Disarmed, but a wait that began before may still hold the file.
            arm(&*reactor, &a, Token(1), Interest::NONE)?;
        }
        deregister(&*reactor, &a, Token(1))?;
        drop(a);
        let end = Instant::now() + PATIENCE;
        while let Some(error) = b.read(&mut [0]).err() {
            ensure!(error.kind() == ErrorKind::WouldBlock, "the peer of a closed socket read {error:?}");
            ensure!(Instant::now() < end, "closing after deregister sent no end of stream: the file is held");
            thread::sleep(Duration::from_millis(1));
        }
    }
    waiter.end()
}

fn reused_during_wait(make: &Maker) -> Tried {
    const A: Token = Token(1);
    const B: Token = Token(2);
    let reactor = make()?;
    let waiter = Waiter::begin(&reactor);
    for _ in 0..30 {
        let ((a, mut a_peer), (b, _b_peer)) = (pair()?, pair()?);
        let _alive = a.try_clone()?;
        register(&*reactor, &a, A)?;
        arm(&*reactor, &a, A, Interest::READ)?;
        thread::sleep(Duration::from_micros(500));
        deregister(&*reactor, &a, A)?;
        let b = take_over(a, &b)?;
        register(&*reactor, &b, B)?;
        arm(&*reactor, &b, B, Interest::READ)?;
        // What a wait took before `deregister` may still be on its way.
        waiter.catch_up()?;
        waiter.forget(A);
        a_peer.write_all(b"x")?;
        thread::sleep(Duration::from_millis(2));
        ensure!(waiter.said(A).is_empty(), "{A:?} was reported after it was deregistered");
        let said = waiter.said(B);
        ensure!(
            !said.satisfies(Interest::READ),
            "{said:?} was reported for the heir of a number, and only the file that had it before was ready"
        );
        deregister(&*reactor, &b, B)?;
        waiter.forget(B);
    }
    waiter.end()
}

/// Threads that register, arm, write and deregister sources of their own, all at once.
fn changes(make: &Maker) -> Tried {
    const THREADS: usize = 4;
    const ROUNDS: usize = 100;
    let reactor = make()?;
    let waiter = Waiter::begin(&reactor);
    let results: Vec<Tried> = thread::scope(|scope| {
        let work = |token: Token| -> Tried {
            let (mut a, mut b) = pair()?;
            for round in 0..ROUNDS {
                waiter.forget(token);
                register(&*reactor, &a, token)?;
                if round % 2 == 0 {
                    b.write_all(b"x")?;
                    arm(&*reactor, &a, token, Interest::READ)?;
                } else {
                    arm(&*reactor, &a, token, Interest::READ)?;
                    b.write_all(b"x")?;
                }
                waiter.expect(token, Interest::READ, "among concurrent changes")?;
                a.read_exact(&mut [0])?;
                deregister(&*reactor, &a, token)?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..THREADS).map(|index| scope.spawn(move || work(Token(index)))).collect();
        let panicked = |_| Err(Stop::Failed("a changing thread panicked".to_owned()));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    });
    results.into_iter().collect::<Tried>()?;
    waiter.end()
}
