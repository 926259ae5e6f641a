//! A source as the model knows it: what its descriptor is ready for, and what the driver was told of it.

use std::io;
use std::task::Poll;

use tenter_driver::{Direction, Ready, Registration, WaiterKey};
use tenter_fuzz::Sleeper;
use tenter_reactor::{Interest, Readiness, Token};

pub(crate) const DIRECTIONS: [Direction; 2] = [Direction::Read, Direction::Write];

/// How many tasks wait for each direction of a source: the first two leave their wakers there, the others take them
/// along.
pub(crate) const TASKS: usize = 4;
pub(crate) const WITHOUT_KEY: usize = 2;

/// What makes an operation of a direction worth a try.
pub(crate) fn causes(direction: usize) -> Readiness {
    match direction {
        0 => Readiness::READ | Readiness::PRIORITY | Readiness::READ_CLOSED | Readiness::ERROR,
        _ => Readiness::WRITE | Readiness::WRITE_CLOSED | Readiness::ERROR,
    }
}

pub(crate) fn interest(direction: usize) -> Interest {
    [Interest::READ, Interest::WRITE][direction]
}

#[derive(Default)]
pub(crate) struct Task {
    sleeper: Sleeper,
    key: Option<WaiterKey>,
}

/// An operation that was tried, and what was known before.
pub(crate) struct Attempt {
    direction: usize,
    seen: Ready,
    pub(crate) tick: usize,
    would_block: bool,
}

pub(crate) struct Source {
    pub(crate) registration: Registration,
    pub(crate) token: Token,
    pub(crate) registered: bool,
    /// What the descriptor is ready for.
    pub(crate) level: Readiness,
    /// What the driver knows: each direction's readiness, how many events, what stays (urgent data: until reads are
    /// cleared).
    pub(crate) ready: [bool; 2],
    pub(crate) tick: usize,
    pub(crate) sticky: Readiness,
    attempt: Option<Attempt>,
    tasks: [[Task; TASKS]; 2],
}

impl Source {
    pub(crate) fn new(registration: Registration, token: Token, ready: bool) -> Self {
        Self {
            registration,
            token,
            registered: true,
            level: Readiness::NONE,
            ready: [ready; 2],
            tick: 0,
            sticky: Readiness::NONE,
            attempt: None,
            tasks: Default::default(),
        }
    }

    /// Tries an operation, which takes all there is.
    pub(crate) fn attempt(&mut self, direction: usize) {
        let seen = self.registration.ready(DIRECTIONS[direction]);
        assert_eq!(DIRECTIONS.map(|direction| seen.is_ready(direction)), self.ready);
        let would_block = !self.level.intersects(causes(direction));
        let taken = [Readiness::READ | Readiness::PRIORITY, Readiness::WRITE][direction];
        self.level = self.level.difference(taken);
        self.attempt = Some(Attempt { direction, seen, tick: self.tick, would_block });
    }

    /// Tells how the last attempt went; a short read proves something only with `true_edges`.
    pub(crate) fn clear(&mut self, true_edges: bool) {
        let Some(Attempt { direction, seen, tick, would_block }) = self.attempt.take() else { return };
        let finished = self.sticky.intersects(causes(direction));
        let cleared = if would_block {
            self.registration.clear_ready(seen, DIRECTIONS[direction]);
            tick == self.tick
        } else {
            self.registration.clear_ready(seen.drained(), DIRECTIONS[direction]);
            true_edges && tick == self.tick && !finished
        };
        if cleared {
            self.ready[direction] = false;
            if direction == 0 {
                self.sticky = self.sticky.difference(Readiness::PRIORITY);
            }
        }
    }

    pub(crate) fn wait(&mut self, direction: usize, task: usize, renew: bool, refuses_arm: bool) {
        let Self { registration, registered, ready, tasks, .. } = self;
        let Task { sleeper, key } = &mut tasks[direction][task];
        let polled = sleeper.poll(renew, |cx| match task {
            0..WITHOUT_KEY => registration.poll_ready(cx, DIRECTIONS[direction]),
            _ => registration.poll_ready_keyed(cx, DIRECTIONS[direction], key),
        });
        match polled {
            Poll::Pending => assert!(*registered && !ready[direction], "a ready source is waited for"),
            Poll::Ready(Ok(seen)) => assert!(ready[direction] && seen.is_ready(DIRECTIONS[direction])),
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::NotConnected => assert!(!*registered),
            Poll::Ready(Err(error)) => {
                assert!(refuses_arm && !ready[direction], "{error}");
                assert!(!self.has_sleeper(), "who waits is not told that nothing is watched any more");
            }
        }
    }

    pub(crate) fn stop_waiting(&mut self, direction: usize, task: usize) {
        let task = &mut self.tasks[direction][task];
        task.sleeper.stop();
        if let Some(key) = task.key.take() {
            self.registration.remove_waiter(DIRECTIONS[direction], key);
        }
    }

    /// Drops the registration, and gives those who waited.
    pub(crate) fn drop_registration(self) -> Vec<Sleeper> {
        drop(self.registration);
        self.tasks.into_iter().flatten().map(|task| task.sleeper).collect()
    }

    /// Whether anyone sleeps.
    pub(crate) fn has_sleeper(&self) -> bool {
        (0..2).any(|direction| self.sleepers(direction).any(Sleeper::is_asleep))
    }

    pub(crate) fn is_asleep(&self, direction: usize, task: usize) -> bool {
        self.tasks[direction][task].sleeper.is_asleep()
    }

    pub(crate) fn is_hit(&self, event: &(Token, Readiness), direction: usize) -> bool {
        self.registered && event.0 == self.token && event.1.intersects(causes(direction))
    }

    pub(crate) fn take_event(&mut self, readiness: Readiness) {
        self.tick += 1;
        self.sticky |= readiness.difference(Readiness::READ | Readiness::WRITE);
        for direction in 0..2 {
            self.ready[direction] |= readiness.intersects(causes(direction));
        }
    }

    pub(crate) fn sleepers(&self, direction: usize) -> impl Iterator<Item = &Sleeper> {
        self.tasks[direction].iter().map(|task| &task.sleeper)
    }
}
