//! The driver's wheels against lists of deadlines, in a time that the input sets: nothing early, everything once, and
//! what one call left for the next one is not forgotten.
#![no_main]

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tenter_core::clock::Clock;
use tenter_driver::{Driver, TimerKey};
use tenter_fuzz::mock::{Counter, Mock};
use tenter_fuzz::pick;
use tenter_reactor::Trigger;

/// Where the input's time begins, counted from the driver's start: real time does not come near it during a run, so
/// what a turn fires by the system's clock is known.
const BEGINNING: Duration = Duration::from_secs(3600);

/// The wheels of workers; the remote one comes after them.
const WORKERS: usize = 2;

/// How many timers of a wheel one call fires at most.
const MOST_FIRED: usize = 64;

/// With no more timers than this in a wheel, one call does not reach the most that it moves within the wheel: 256, and
/// each timer at most once per level.
const FEW: usize = 256 / 6;

/// A sleep goes on so much past the first deadline if another one comes until then.
const GATHERED: Duration = Duration::from_nanos(2 << 16);

/// A length of time: of every size, and often with the bits that put it on the edge of a slot.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Span {
    Nanos(u16),
    Millis(u16),
    Bits { low: u16, shift: u8 },
    BitsLessOne { shift: u8 },
}

impl Span {
    fn duration(self) -> Duration {
        match self {
            Self::Nanos(nanos) => Duration::from_nanos(nanos.into()),
            Self::Millis(millis) => Duration::from_millis(millis.into()),
            Self::Bits { low, shift } => Duration::from_nanos(u64::from(low) << (shift % 40)),
            Self::BitsLessOne { shift } => Duration::from_nanos((1 << (shift % 56)) - 1),
        }
    }
}

/// Against the input's present time.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Deadline {
    In(Span),
    Ago(Span),
    /// Before the driver was made.
    Long,
    /// Beyond what a driver counts.
    Never,
}

/// Wheels and indices are taken modulo the number there is.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    Insert {
        wheel: u8,
        deadline: Deadline,
    },
    Update(u8),
    Remove(u8),
    UseStaleKey(u8),
    Advance(Span),
    Fire {
        wheel: u8,
    },
    /// Another thread read the clock earlier.
    FireBehind {
        wheel: u8,
        by: Span,
    },
    SelfTimed {
        wheel: u8,
        on: bool,
    },
    Turn(Option<Span>),
}

struct Timer {
    wheel: usize,
    deadline: Instant,
    key: TimerKey,
    wakes: Arc<Counter>,
}

struct Model {
    mock: Arc<Mock>,
    driver: Arc<Driver>,
    start: Instant,
    now: Instant,
    timers: Vec<Timer>,
    stale: Vec<TimerKey>,
    /// The latest time that each wheel was told.
    reached: [Instant; WORKERS + 1],
    self_timed: [bool; WORKERS + 1],
    /// How often the driver was woken by hand.
    wakes: usize,
}

impl Model {
    fn new() -> Self {
        let before = Instant::now();
        let mock = Mock::new(Trigger::Edge);
        let driver = Driver::new(mock.clone(), Clock::System, WORKERS);
        // What lies before the driver's start is moved to it.
        let probe = driver.insert_timer(Some(0), before, Waker::noop());
        let start = driver.next_deadline(0).expect("a timer was inserted");
        assert!(driver.remove_timer(probe) && start >= before);
        Self {
            mock,
            driver,
            start,
            now: start + BEGINNING,
            timers: Vec::new(),
            stale: vec![probe],
            reached: [start; WORKERS + 1],
            self_timed: [false; WORKERS + 1],
            wakes: 0,
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Insert { wheel, deadline } => self.insert(usize::from(wheel) % (WORKERS + 1), deadline),
            Step::Update(i) => self.update(pick(i, self.timers.len())),
            Step::Remove(i) => self.remove(pick(i, self.timers.len())),
            Step::UseStaleKey(i) => {
                let key = self.stale[usize::from(i) % self.stale.len()];
                assert!(!self.driver.update_timer(key, Waker::noop()) && !self.driver.remove_timer(key));
            }
            // A century is enough, and keeps the sum within what a driver counts.
            Step::Advance(span) => self.now = (self.now + span.duration()).min(self.start + BEGINNING * 876_000),
            Step::Fire { wheel } => self.fire(wheel, self.now),
            Step::FireBehind { wheel, by } => self.fire(wheel, self.before(by)),
            Step::SelfTimed { wheel, on } => {
                let wheel = usize::from(wheel) % WORKERS;
                self.driver.set_self_timed(wheel, on);
                self.self_timed[wheel] = on;
            }
            Step::Turn(timeout) => self.turn(timeout.map(Span::duration)),
        }
        self.check();
    }

    fn before(&self, by: Span) -> Instant {
        self.now.checked_sub(by.duration()).map_or(self.start + BEGINNING, |time| time.max(self.start + BEGINNING))
    }

    fn insert(&mut self, wheel: usize, deadline: Deadline) {
        let deadline = match deadline {
            Deadline::In(span) => self.now + span.duration(),
            Deadline::Ago(span) => self.before(span),
            Deadline::Long => self.start,
            Deadline::Never => self.start + Duration::from_secs(1 << 36),
        };
        let (wakes, waker) = Counter::new();
        let key = self.driver.insert_timer((wheel < WORKERS).then_some(wheel), deadline, &waker);
        assert!(self.timers.iter().all(|timer| timer.key != key) && !self.stale.contains(&key), "a key comes twice");
        self.timers.push(Timer { wheel, deadline, key, wakes });
    }

    fn update(&mut self, at: Option<usize>) {
        let Some(at) = at else { return };
        let (wakes, waker) = Counter::new();
        assert!(self.driver.update_timer(self.timers[at].key, &waker));
        assert!(self.driver.update_timer(self.timers[at].key, &waker));
        let old = std::mem::replace(&mut self.timers[at].wakes, wakes);
        assert_eq!((old.count(), Arc::strong_count(&old)), (0, 1), "the old waker is gone");
    }

    fn remove(&mut self, at: Option<usize>) {
        let Some(at) = at else { return };
        let timer = self.timers.swap_remove(at);
        assert!(self.driver.remove_timer(timer.key));
        assert_eq!((timer.wakes.count(), Arc::strong_count(&timer.wakes)), (0, 1), "a removed timer leaves nothing");
        self.stale.push(timer.key);
    }

    fn fire(&mut self, wheel: u8, now: Instant) {
        let wheel = usize::from(wheel) % (WORKERS + 1);
        let mut out = Vec::new();
        self.driver.fire(wheel, now, &mut out);
        self.reached[wheel] = self.reached[wheel].max(now);
        self.take_fired(out, now, |number| number == wheel);
    }

    fn turn(&mut self, timeout: Option<Duration>) {
        let self_timed = self.self_timed;
        let visible = |wheel: usize| !self_timed[wheel];
        let first = self.timers.iter().filter(|timer| visible(timer.wheel)).map(|timer| timer.deadline).min();
        if timeout.is_none() && first.is_none() {
            // Or it would sleep for good.
            self.driver.wake();
            self.wakes += 1;
        }
        let mut out = Vec::new();
        let before = Instant::now();
        self.driver.try_seat().expect("nobody else waits").turn(timeout, &mut out).unwrap();
        let slept = self.mock.state(|state| state.timeouts.pop().expect("the reactor was waited for"));
        let first = first.map(|first| first.saturating_duration_since(before) + GATHERED);
        let limit = first.into_iter().chain(timeout).min();
        assert!(limit.is_none_or(|limit| slept.is_some_and(|slept| slept <= limit)), "{slept:?} is too long");
        self.take_fired(out, before, visible);
    }

    /// Wakes what fired of some wheels that were told a time: all that was due then or a whole portion, and nothing
    /// that the wheel has not reached.
    fn take_fired(&mut self, out: Vec<Waker>, now: Instant, of: impl Fn(usize) -> bool) {
        let count = out.len();
        let before = self.lengths();
        out.into_iter().for_each(Waker::wake);
        let (fired, pending) =
            std::mem::take(&mut self.timers).into_iter().partition(|timer: &Timer| timer.wakes.count() > 0);
        self.timers = pending;
        assert_eq!(fired.len(), count, "a timer fires once");
        let mut portions = [0; WORKERS + 1];
        for timer in fired {
            portions[timer.wheel] += 1;
            assert!(of(timer.wheel), "a timer of another wheel fired");
            assert!(timer.deadline <= self.reached[timer.wheel].max(now), "a timer fired early");
            assert_eq!((timer.wakes.count(), Arc::strong_count(&timer.wakes)), (1, 1));
            self.stale.push(timer.key);
        }
        for late in self.timers.iter().filter(|timer| of(timer.wheel) && timer.deadline <= now) {
            let used_up = portions[late.wheel] == MOST_FIRED || before[late.wheel] > FEW;
            assert!(used_up, "a timer that is due did not fire");
        }
        assert!(portions.iter().all(|fired| *fired <= MOST_FIRED), "a portion is too large");
    }

    /// How many timers each wheel has.
    fn lengths(&self) -> [usize; WORKERS + 1] {
        let mut lengths = [0; WORKERS + 1];
        self.timers.iter().for_each(|timer| lengths[timer.wheel] += 1);
        lengths
    }

    /// Fires what is due, portion by portion.
    fn fire_the_rest(&mut self) {
        for wheel in 0..=WORKERS as u8 {
            // Each but the last fires 64 timers or moves 256, each of them six times at most.
            for _ in 0..2 + self.timers.len() * 8 / MOST_FIRED {
                self.fire(wheel, self.now);
            }
        }
        assert!(self.timers.iter().all(|timer| timer.deadline > self.now), "a timer that is due never fires");
    }

    /// The driver agrees with the model, and would not sleep past a deadline.
    fn check(&self) {
        assert_eq!(self.driver.timer_count(), self.timers.len());
        for wheel in 0..=WORKERS {
            let first = self.timers.iter().filter(|timer| timer.wheel == wheel).map(|timer| timer.deadline).min();
            let told = self.driver.next_deadline(wheel);
            assert_eq!(told.is_some(), first.is_some());
            assert!(told <= first, "the wheel tells {told:?}, but {first:?} comes first");
        }
        assert_eq!(self.mock.state(|state| state.wakes), self.wakes, "nobody sleeps who would have to be woken");
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut model = Model::new();
    for step in steps {
        model.apply(step);
    }
    model.fire_the_rest();
    model.check();
    // At the end of a runtime everyone is told, once.
    let mut out = Vec::new();
    model.driver.wake_all(&mut out);
    assert_eq!(out.len(), model.timers.len());
    out.into_iter().for_each(Waker::wake);
    assert!(model.timers.iter().all(|timer| timer.wakes.count() == 1));
    assert_eq!(model.driver.timer_count(), 0);
});
