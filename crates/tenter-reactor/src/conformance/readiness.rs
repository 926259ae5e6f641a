//! That what becomes ready is reported, and what is not armed is not.

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fd::AsFd;
use rustix::net::sockopt;

use super::fixture::{drain, fill, receive, tcp_pair};
use super::rig::{PATIENCE, QUIET, Rig};
use super::system::{Stream, pair, processor_time};
use super::{Case, Maker, Stop, Tried, ensure};
use crate::{Interest, Readiness, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("current_readiness_is_reported", current_readiness),
    Case::new("both_directions_are_reported", both_directions),
    Case::new("every_write_is_reported", every_write),
    Case::new("every_write_of_another_thread_is_reported", every_foreign_write),
    Case::new("an_event_does_not_lose_the_other_direction", other_direction),
    Case::new("unread_data_is_not_forgotten", unread_data),
    Case::new("declared_true_edges_are_true", true_edges),
    Case::new("declared_true_edges_tell_an_end_that_came_with_data", true_edges_at_the_end),
    Case::new("what_is_not_armed_is_silent", not_armed),
    Case::new("an_event_disarms", disarmed_by_event),
    Case::new("arming_replaces_the_interest", replaced_interest),
    Case::new("no_source_starves_behind_a_small_buffer", small_buffer),
    Case::new("an_idle_wait_uses_no_processor", idle),
    Case::new("an_unarmed_reset_uses_no_processor", idle_after_a_reset),
];

const A: Token = Token(1);

fn current_readiness(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    b.write_all(b"x")?;
    rig.register(&a, A)?;
    rig.expect(&a, A, Interest::READ)?;
    rig.expect(&a, A, Interest::WRITE)?;
    Ok(rig.deregister(&a, A)?)
}

fn both_directions(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    for _ in 0..5 {
        rig.expect(&a, A, Interest::WRITE)?;
        let written = fill(&a)?;
        rig.used_up(A, Interest::WRITE);
        receive(&b, written)?;
        rig.expect(&a, A, Interest::WRITE)?;

        drain(&a)?;
        rig.used_up(A, Interest::READ);
        b.write_all(b"x")?;
        rig.expect(&a, A, Interest::READ)?;
    }
    Ok(rig.deregister(&a, A)?)
}

fn every_write(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    for round in 0..200 {
        ensure!(drain(&a)? == (0, false), "data in round {round} that nobody wrote");
        rig.used_up(A, Interest::READ);
        b.write_all(b"x")?;
        rig.expect(&a, A, Interest::READ)?;
        ensure!(drain(&a)?.0 == 1, "the system lost data");
    }
    Ok(rig.deregister(&a, A)?)
}

/// Each write waits until the one before was read, so that no later event makes up for a lost one.
fn every_foreign_write(make: &Maker) -> Tried {
    const COUNT: usize = 500;
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    let read = Arc::new(AtomicUsize::new(0));
    let writer = thread::spawn({
        let read = Arc::clone(&read);
        move || -> std::io::Result<Stream> {
            for round in 0..COUNT {
                let end = Instant::now() + PATIENCE;
                while read.load(Ordering::Acquire) < round {
                    if Instant::now() >= end {
                        return Err(std::io::ErrorKind::TimedOut.into());
                    }
                    thread::yield_now();
                }
                // Pauses of several lengths, so that writes meet the reader before, in and after the start of its waits.
                if round % 3 == 0 {
                    thread::sleep(Duration::from_micros(round as u64 % 50));
                }
                b.write_all(b"x")?;
            }
            Ok(b)
        }
    });
    let mut received = 0;
    while received < COUNT {
        received += drain(&a)?.0;
        rig.used_up(A, Interest::READ);
        read.store(received, Ordering::Release);
        if received < COUNT {
            rig.expect(&a, A, Interest::READ)?;
        }
    }
    let _b = writer.join().map_err(|_| Stop::Failed("the writer panicked".to_owned()))??;
    Ok(rig.deregister(&a, A)?)
}

fn other_direction(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    for _ in 0..20 {
        drain(&a)?;
        rig.used_up(A, Interest::ALL);
        fill(&a)?;
        // Both are awaited; writing comes first, and reading is awaited on.
        rig.want(&a, A, Interest::READ | Interest::WRITE)?;
        drain(&b)?;
        rig.expect(&a, A, Interest::WRITE)?;
        b.write_all(b"x")?;
        rig.expect(&a, A, Interest::READ)?;
    }
    Ok(rig.deregister(&a, A)?)
}

fn unread_data(make: &Maker) -> Tried {
    use std::io::Read;
    let mut rig = Rig::new(make)?;
    let (mut a, mut b) = pair()?;
    rig.register(&a, A)?;
    b.write_all(b"0123456789")?;
    for _ in 0..10 {
        rig.expect(&a, A, Interest::READ)?;
        if rig.one_shot {
            // One event for each arming, as long as there is something left. An edge reactor has said it all.
            rig.used_up(A, Interest::READ);
        }
        a.read_exact(&mut [0])?;
    }
    ensure!(drain(&a)? == (0, false), "the system made up data");
    rig.used_up(A, Interest::READ);
    b.write_all(b"x")?;
    rig.expect(&a, A, Interest::READ)?;
    Ok(rig.deregister(&a, A)?)
}

fn true_edges(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    if !rig.reactor.capabilities().true_edges {
        return Err(Stop::Skipped("the reactor does not declare true edges".to_owned()));
    }
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    for _ in 0..20 {
        b.write_all(b"x")?;
        rig.expect(&a, A, Interest::READ)?;
        // Nothing is read, so the source stays readable; the next arrival is an event all the same.
        rig.used_up(A, Interest::READ);
    }
    drop(b);
    rig.expect(&a, A, Interest::READ)?;
    Ok(rig.deregister(&a, A)?)
}

/// A reader that takes a short read for "drained" does not read again: it has to have been told.
fn true_edges_at_the_end(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    if !rig.reactor.capabilities().true_edges {
        return Err(Stop::Skipped("the reactor does not declare true edges".to_owned()));
    }
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    rig.wait(Some(Duration::ZERO))?;
    // Only that direction: that both have ended is told by every system.
    b.write_all(b"x")?;
    b.shutdown(Shutdown::Write)?;
    let said = rig.expect(&a, A, Interest::READ)?;
    if !said.contains(Readiness::READ_CLOSED) {
        rig.used_up(A, Interest::READ);
        rig.expect(&a, A, Interest::READ)?;
    }
    Ok(rig.deregister(&a, A)?)
}

fn not_armed(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    if !rig.one_shot {
        return Err(Stop::Skipped("the reactor is not armed".to_owned()));
    }
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    b.write_all(b"x")?;
    rig.expect_silence(A, "it was never armed")?;
    drop(b);
    rig.expect_silence(A, "it was never armed; its peer hung up")?;
    rig.expect(&a, A, Interest::READ)?;
    rig.want(&a, A, Interest::READ)?;
    rig.replace(&a, A, Interest::NONE)?;
    rig.expect_silence(A, "it was armed for nothing")?;
    Ok(rig.deregister(&a, A)?)
}

fn disarmed_by_event(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    if !rig.one_shot {
        return Err(Stop::Skipped("the reactor is not armed".to_owned()));
    }
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    rig.want(&a, A, Interest::READ | Interest::WRITE)?;
    rig.expect(&a, A, Interest::WRITE)?;
    b.write_all(b"x")?;
    rig.expect_silence(A, "an event has disarmed it, both ways")?;
    rig.expect(&a, A, Interest::READ)?;
    Ok(rig.deregister(&a, A)?)
}

fn replaced_interest(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    if !rig.one_shot {
        return Err(Stop::Skipped("the reactor is not armed".to_owned()));
    }
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    rig.want(&a, A, Interest::WRITE)?;
    rig.replace(&a, A, Interest::READ)?;
    rig.expect_silence(A, "only reading is still awaited")?;
    b.write_all(b"x")?;
    rig.expect(&a, A, Interest::READ)?;
    Ok(rig.deregister(&a, A)?)
}

/// One place in the buffer, and more sources that are always ready than that.
fn small_buffer(make: &Maker) -> Tried {
    const SOURCES: usize = 7;
    let mut rig = Rig::with_capacity(make, 1)?;
    let mut pairs = Vec::new();
    for token in (0..SOURCES).map(Token) {
        let (a, b) = pair()?;
        rig.register(&a, token)?;
        pairs.push((a, b));
    }
    let end = Instant::now() + PATIENCE;
    while rig.tokens().count() < SOURCES {
        ensure!(Instant::now() < end, "only {} of {SOURCES} sources were reported", rig.tokens().count());
        for (index, (a, _)) in pairs.iter().enumerate() {
            // What was reported is awaited again at once: it must not push itself to the front for ever.
            rig.want(a, Token(index), Interest::WRITE)?;
        }
        rig.wait(Some(PATIENCE))?;
    }
    Ok(())
}

/// A source that hung up, one that is readable, wakes of the past: none of them may keep a wait running.
fn idle(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let ((hung_up, peer), (readable, mut writer)) = (pair()?, pair()?);
    drop(peer);
    writer.write_all(b"x")?;
    rig.register(&hung_up, Token(1))?;
    rig.register(&readable, Token(2))?;
    rig.expect(&hung_up, Token(1), Interest::READ)?;
    rig.expect(&readable, Token(2), Interest::READ)?;
    // Whatever ended a wait, before it began or during it, has been put away.
    rig.reactor.wake()?;
    rig.wait(Some(PATIENCE))?;
    let waker = thread::spawn({
        let reactor = Arc::clone(&rig.reactor);
        move || {
            thread::sleep(QUIET);
            reactor.wake()
        }
    });
    rig.wait(Some(PATIENCE))?;
    waker.join().map_err(|_| Stop::Failed("the waking thread panicked".to_owned()))??;

    expect_idleness(&mut rig)
}

/// A connection that nobody waits for is reset.
fn idle_after_a_reset(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let ((never, never_peer), (no_more, no_more_peer)) = (tcp_pair()?, tcp_pair()?);
    rig.register(&never, Token(1))?;
    rig.register(&no_more, Token(2))?;
    rig.want(&no_more, Token(2), Interest::READ)?;
    if rig.one_shot {
        rig.wait(Some(Duration::ZERO))?;
        rig.replace(&no_more, Token(2), Interest::NONE)?;
    }
    for peer in [never_peer, no_more_peer] {
        // Closing without lingering resets the connection.
        sockopt::set_socket_linger(peer.as_fd(), Some(Duration::ZERO))?;
        drop(peer);
    }
    expect_idleness(&mut rig)?;
    rig.expect(&never, Token(1), Interest::READ)?;
    rig.expect(&no_more, Token(2), Interest::READ)?;
    rig.deregister(&never, Token(1))?;
    Ok(rig.deregister(&no_more, Token(2))?)
}

/// One wait in which nothing happens, and which costs nothing.
fn expect_idleness(rig: &mut Rig) -> Tried {
    const IDLE: Duration = Duration::from_millis(200);
    // Events that are still due end a wait early; not for ever.
    for _ in 0..10 {
        let (start, before) = (Instant::now(), processor_time()?);
        rig.wait(Some(IDLE))?;
        let (elapsed, spent) = (start.elapsed(), processor_time()?.saturating_sub(before));
        if elapsed >= IDLE {
            // Sleeping costs microseconds, which some systems count in ticks of 10 ms; a fifth leaves room to catch one that
            // spins on a crowded processor.
            ensure!(spent < IDLE / 5, "an idle wait of {IDLE:?} spent {spent:?} of processor time: it spins");
            return Ok(());
        }
    }
    Err(Stop::Failed(format!("ten waits of {IDLE:?} ended early though nothing happened")))
}
