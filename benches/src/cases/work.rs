//! CPU time that is used up by counting and not by looking at the clock, so that being preempted shows.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Steps per microsecond on this machine.
static PACE: OnceLock<u64> = OnceLock::new();

/// Works as long as this takes when nobody disturbs.
pub(crate) fn work(time: Duration) {
    let pace = *PACE.get_or_init(measure);
    steps(pace * time.as_micros() as u64);
}

fn steps(count: u64) {
    let mut x = black_box(1_u64);
    for _ in 0..count {
        x = black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
    }
}

/// The best of some tries: the others were disturbed.
fn measure() -> u64 {
    const STEPS: u64 = 1_000_000;
    let a_try = || {
        let start = Instant::now();
        steps(STEPS);
        (STEPS as f64 / start.elapsed().as_secs_f64() / 1e6) as u64
    };
    (0..10).map(|_| a_try()).max().unwrap_or(0).max(1)
}
