//! How late sleeps end.

use std::thread;
use std::time::{Duration, Instant};

use tenter::{Backend, Builder, Timer};

/// How long each sleep is.
const SLEEP: Duration = Duration::from_millis(1);

/// How many sleeps are looked at, on each reactor.
const SLEEPS: usize = 100;

/// By how much sleeps of a length are late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lateness {
    pub(crate) sleep: Duration,
    pub(crate) median: Duration,
    pub(crate) p99: Duration,
}

impl Lateness {
    fn of(mut late: Vec<Duration>) -> Option<Self> {
        late.sort();
        let at = |hundredths: usize| late.get((late.len() * hundredths / 100).min(late.len().checked_sub(1)?)).copied();
        Some(Self { sleep: SLEEP, median: at(50)?, p99: at(99)? })
    }
}

/// Of a thread's own sleep, and of timers on each reactor that works.
pub(super) fn measure() -> Vec<(&'static str, Lateness)> {
    let thread = (0..SLEEPS).map(|_| {
        let start = Instant::now();
        thread::sleep(SLEEP);
        start.elapsed().saturating_sub(SLEEP)
    });
    let thread = Lateness::of(thread.collect()).map(|late| ("thread", late));
    let reactors = Backend::working().into_iter().filter_map(|backend| Some((backend.name(), on(backend)?)));
    thread.into_iter().chain(reactors).collect()
}

/// Of timers in a runtime of one thread, which sleeps in the reactor itself.
fn on(backend: Backend) -> Option<Lateness> {
    let runtime = Builder::new_current_thread().reactor(backend).chaos(None).build().ok()?;
    let late = runtime.block_on(async {
        let mut late = Vec::with_capacity(SLEEPS);
        for _ in 0..SLEEPS {
            let start = Instant::now();
            Timer::after(SLEEP).await;
            late.push(start.elapsed().saturating_sub(SLEEP));
        }
        late
    });
    Lateness::of(late)
}
