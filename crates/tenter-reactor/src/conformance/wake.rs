//! That a wake ends a wait.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::rig::{PATIENCE, QUIET, Rig};
use super::system::pair;
use super::{Case, Maker, Stop, Tried, ensure};
use crate::{Interest, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("a_wake_before_a_wait_ends_it", before),
    Case::new("a_wake_during_a_wait_ends_it", during),
    Case::new("a_wake_ends_an_endless_timeout", endless),
    Case::new("many_wakes_end_a_wait_and_then_stop", many),
    Case::new("every_wake_is_followed_by_the_end_of_a_wait", every_wake),
    Case::new("a_wake_does_not_hide_an_event", beside_an_event),
];

/// Waits for a wake, which must come long before the timeout.
fn expect_wake(rig: &mut Rig, what: &str) -> Tried {
    let start = Instant::now();
    rig.wait(Some(PATIENCE))?;
    ensure!(start.elapsed() < PATIENCE, "{what} did not end a wait within {PATIENCE:?}");
    Ok(())
}

/// Wakes the reactor of `rig` from another thread, a moment from now.
fn wake_soon(rig: &Rig) -> thread::JoinHandle<std::io::Result<()>> {
    let reactor = Arc::clone(&rig.reactor);
    thread::spawn(move || {
        thread::sleep(QUIET);
        reactor.wake()
    })
}

fn joined(thread: thread::JoinHandle<std::io::Result<()>>) -> Tried {
    Ok(thread.join().map_err(|_| Stop::Failed("a helping thread panicked".to_owned()))??)
}

fn before(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    for _ in 0..20 {
        rig.reactor.wake()?;
        expect_wake(&mut rig, "a wake before the wait")?;
    }
    Ok(())
}

fn during(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    for _ in 0..5 {
        let thread = wake_soon(&rig);
        expect_wake(&mut rig, "a wake during the wait")?;
        joined(thread)?;
    }
    Ok(())
}

fn endless(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    for timeout in [None, Some(Duration::MAX)] {
        let start = Instant::now();
        let thread = wake_soon(&rig);
        rig.wait(timeout)?;
        ensure!(start.elapsed() >= QUIET / 2, "a wait of {timeout:?} returned by itself after {:?}", start.elapsed());
        joined(thread)?;
    }
    Ok(())
}

fn many(make: &Maker) -> Tried {
    const WAKES: usize = 1000;
    let mut rig = Rig::new(make)?;
    for _ in 0..WAKES {
        rig.reactor.wake()?;
    }
    expect_wake(&mut rig, "a thousand wakes before the wait")?;
    for _ in 0..WAKES {
        let start = Instant::now();
        rig.wait(Some(QUIET))?;
        if start.elapsed() >= QUIET {
            return Ok(());
        }
    }
    Err(Stop::Failed(format!("{WAKES} wakes ended more than {WAKES} waits: a wake is never used up")))
}

/// A thread publishes a number and wakes; the waiter must see each number without a timeout's help.
fn every_wake(make: &Maker) -> Tried {
    const ROUNDS: usize = 2000;
    let mut rig = Rig::new(make)?;
    let (published, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let waker = {
        let (reactor, published, seen) = (Arc::clone(&rig.reactor), Arc::clone(&published), Arc::clone(&seen));
        thread::spawn(move || {
            for round in 1..=ROUNDS {
                published.store(round, Ordering::Release);
                reactor.wake()?;
                let end = Instant::now() + PATIENCE;
                while seen.load(Ordering::Acquire) < round && Instant::now() < end {
                    thread::yield_now();
                }
            }
            Ok(())
        })
    };
    for round in 1..=ROUNDS {
        while published.load(Ordering::Acquire) < round {
            expect_wake(&mut rig, &format!("wake {round} of {ROUNDS}"))?;
        }
        seen.store(round, Ordering::Release);
    }
    joined(waker)
}

fn beside_an_event(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, Token(1))?;
    for _ in 0..20 {
        super::fixture::drain(&a)?;
        rig.used_up(Token(1), Interest::READ);
        rig.want(&a, Token(1), Interest::READ)?;
        rig.reactor.wake()?;
        b.write_all(b"x")?;
        rig.reactor.wake()?;
        rig.expect(&a, Token(1), Interest::READ)?;
    }
    Ok(rig.deregister(&a, Token(1))?)
}
