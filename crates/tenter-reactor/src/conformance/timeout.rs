//! That timeouts are never early, and zero never late.

use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::rig::{PATIENCE, QUIET, Rig};
use super::system::{arrived, pair};
use super::{Case, Maker, Stop, Tried, ensure};
use crate::{Interest, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("timeouts_are_never_early", never_early),
    Case::new("timeouts_are_never_early_with_sources", never_early_with_sources),
    Case::new("a_zero_timeout_does_not_block", zero),
    Case::new("a_zero_timeout_collects_events", zero_collects),
    Case::new("far_timeouts_do_not_wrap_around", far),
    Case::new("an_event_ends_a_wait_before_its_timeout", event_first),
];

/// Around every unit that a system call may count in, and around its roundings.
const TIMEOUTS: &[Duration] = &[
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_nanos(999),
    Duration::from_micros(1),
    Duration::from_nanos(1_001),
    Duration::from_micros(50),
    Duration::from_micros(499),
    Duration::from_micros(999),
    Duration::from_millis(1),
    Duration::from_nanos(1_000_001),
    Duration::from_micros(1_500),
    Duration::from_micros(1_999),
    Duration::from_micros(9_999),
    Duration::from_nanos(10_000_001),
    Duration::from_millis(20),
    Duration::from_micros(20_500),
];

/// More than a signed 32-bit number of milliseconds, microseconds or seconds; more than the clock has.
const FAR: &[Duration] = &[
    Duration::from_millis(i32::MAX as u64),
    Duration::from_millis(i32::MAX as u64 + 1),
    Duration::from_millis(u32::MAX as u64),
    Duration::from_millis(u32::MAX as u64 + 1),
    Duration::from_secs(i32::MAX as u64),
    Duration::from_secs(u32::MAX as u64 + 1),
    Duration::from_secs(i64::MAX as u64 / 1_000_000_000),
    Duration::from_secs(i64::MAX as u64 / 1000 + 1),
    Duration::from_secs(i64::MAX as u64 - 1_000_000_000),
    Duration::from_secs(i64::MAX as u64),
    Duration::from_secs(u64::MAX),
    Duration::MAX,
];

fn try_timeout(rig: &mut Rig, timeout: Duration) -> Tried {
    // A spurious event is legal, and ends a wait; not every time, though.
    for _ in 0..10 {
        let start = Instant::now();
        let events = rig.wait(Some(timeout))?;
        let elapsed = start.elapsed();
        if events == 0 {
            ensure!(elapsed >= timeout, "a timeout of {timeout:?} was over after {elapsed:?}");
            return Ok(());
        }
    }
    Err(Stop::Failed("events keep coming though nothing happens".to_owned()))
}

fn never_early(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    for _ in 0..5 {
        for &timeout in TIMEOUTS {
            try_timeout(&mut rig, timeout)?;
        }
    }
    // And no regular pattern: 200 timeouts below 3 ms, by a multiplicative congruential generator.
    let mut random = 0x2545_f491_u64;
    for _ in 0..200 {
        random = random * 48_271 % 0x7fff_ffff;
        try_timeout(&mut rig, Duration::from_nanos(random % 3_000_000))?;
    }
    Ok(())
}

fn never_early_with_sources(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, _b) = pair()?;
    rig.register(&a, Token(1))?;
    rig.expect(&a, Token(1), Interest::WRITE)?;
    rig.want(&a, Token(1), Interest::READ)?;
    for &timeout in TIMEOUTS {
        try_timeout(&mut rig, timeout)?;
    }
    Ok(rig.deregister(&a, Token(1))?)
}

fn zero(make: &Maker) -> Tried {
    const WAITS: usize = 1000;
    let mut rig = Rig::new(make)?;
    let mut quick = 0;
    for _ in 0..WAITS {
        let start = Instant::now();
        rig.wait(Some(Duration::ZERO))?;
        quick += usize::from(start.elapsed() < Duration::from_millis(1));
    }
    // Generous: on a crowded machine many are interrupted. The shortest sleep that a reactor could round up to is 1 ms.
    ensure!(quick >= WAITS / 10, "of {WAITS} waits with a timeout of zero, {quick} took less than a millisecond");
    Ok(())
}

fn zero_collects(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, Token(1))?;
    for _ in 0..20 {
        super::fixture::drain(&a)?;
        rig.used_up(Token(1), Interest::READ);
        rig.want(&a, Token(1), Interest::READ)?;
        b.write_all(b"x")?;
        arrived(&a)?;
        rig.wait(Some(Duration::ZERO))?;
        let said = rig.said(Token(1));
        ensure!(said.satisfies(Interest::READ), "data was there, and a wait with a timeout of zero said {said:?}");
    }
    Ok(rig.deregister(&a, Token(1))?)
}

fn far(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    for &timeout in FAR {
        let reactor = Arc::clone(&rig.reactor);
        let start = Instant::now();
        let thread = thread::spawn(move || {
            thread::sleep(QUIET);
            reactor.wake()
        });
        rig.wait(Some(timeout))?;
        let elapsed = start.elapsed();
        ensure!(elapsed >= QUIET / 2, "a timeout of {timeout:?} was over after {elapsed:?}");
        thread.join().map_err(|_| Stop::Failed("a helping thread panicked".to_owned()))??;
    }
    Ok(())
}

fn event_first(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, Token(1))?;
    rig.expect(&a, Token(1), Interest::WRITE)?;
    rig.want(&a, Token(1), Interest::READ)?;
    let writer = thread::spawn(move || {
        thread::sleep(QUIET);
        b.write_all(b"x").map(|()| b)
    });
    let start = Instant::now();
    while !rig.said(Token(1)).satisfies(Interest::READ) {
        rig.wait(Some(PATIENCE))?;
        ensure!(start.elapsed() < PATIENCE, "data came after {QUIET:?}, and the wait lasted {:?}", start.elapsed());
    }
    let _b = writer.join().map_err(|_| Stop::Failed("the writer panicked".to_owned()))??;
    Ok(rig.deregister(&a, Token(1))?)
}
