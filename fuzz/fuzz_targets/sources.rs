//! Sources over a scripted reactor, with edges or one-shot, against a model of descriptor and driver: no event is lost,
//! and one of a finished registration reaches nobody.
#![no_main]

#[path = "sources/source.rs"]
mod source;

use std::sync::Arc;
use std::task::Waker;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use source::{DIRECTIONS, Source, TASKS, WITHOUT_KEY, causes, interest};
use tenter_driver::{Direction, Driver};
use tenter_fuzz::mock::{self, Mock};
use tenter_fuzz::{Sleeper, pick};
use tenter_reactor::{Readiness, Token, Trigger};

/// Indices are taken modulo the number of things there are; readiness is taken from the low bits of a byte.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    /// With `blocked` operations of both directions were tried before it became ready for anything.
    Register {
        level: u8,
        blocked: bool,
    },
    Deregister(u8),
    Drop(u8),
    /// The source becomes ready for something.
    Raise(u8, u8),
    /// An event without cause.
    PostSpurious(u8, u8),
    PostStale(u8, u8),
    /// An operation is tried, and takes all there is. With `tell` the driver hears of it at once.
    Try {
        source: u8,
        write: bool,
        tell: bool,
    },
    /// What was tried last says that it would block, or (where edges are true) that it moved less than it could.
    Clear(u8),
    Wait {
        source: u8,
        write: bool,
        task: u8,
        renew: bool,
    },
    StopWaiting {
        source: u8,
        write: bool,
        task: u8,
    },
    Turn,
    WakeAll,
    RefuseArm(bool),
    RefuseRegister(bool),
}

struct Model {
    mock: Arc<Mock>,
    driver: Arc<Driver>,
    trigger: Trigger,
    sources: Vec<Source>,
    stale: Vec<Token>,
    /// What the next turn finds.
    posted: Vec<(Token, Readiness)>,
    refuses_arm: bool,
    refuses_register: bool,
}

impl Model {
    fn apply(&mut self, step: Step) {
        let find = |i| pick(i, self.sources.len());
        let (edges, refuses_arm) = (self.trigger == Trigger::Edge, self.refuses_arm);
        match step {
            Step::Register { level, blocked } => self.register(Readiness::from_bits(level), blocked),
            Step::Deregister(i) => find(i).into_iter().for_each(|i| self.deregister(i)),
            Step::Drop(i) => find(i).into_iter().for_each(|i| self.drop_source(i)),
            Step::Raise(i, bits) => find(i).into_iter().for_each(|i| self.raise(i, Readiness::from_bits(bits))),
            Step::PostSpurious(i, bits) => find(i).into_iter().for_each(|i| self.post(self.sources[i].token, bits)),
            Step::PostStale(i, bits) => {
                pick(i, self.stale.len()).into_iter().for_each(|i| self.post(self.stale[i], bits));
            }
            Step::Try { source, write, tell } => find(source).into_iter().for_each(|i| {
                self.sources[i].attempt(usize::from(write));
                if tell {
                    self.sources[i].clear(edges);
                }
            }),
            Step::Clear(i) => find(i).into_iter().for_each(|i| self.sources[i].clear(edges)),
            Step::Wait { source, write, task, renew } => {
                let (direction, task) = (usize::from(write), usize::from(task) % TASKS);
                find(source).into_iter().for_each(|i| self.sources[i].wait(direction, task, renew, refuses_arm));
            }
            Step::StopWaiting { source, write, task } => {
                let task = WITHOUT_KEY + usize::from(task) % (TASKS - WITHOUT_KEY);
                find(source).into_iter().for_each(|i| self.sources[i].stop_waiting(usize::from(write), task));
            }
            Step::Turn => self.turn(),
            Step::WakeAll => self.wake_all(),
            Step::RefuseArm(refuses) => {
                self.refuses_arm = refuses;
                self.mock.state(|state| state.refuse_arm = refuses);
            }
            Step::RefuseRegister(refuses) => {
                self.refuses_register = refuses;
                self.mock.state(|state| state.refuse_register = refuses);
            }
        }
        self.check();
    }

    fn register(&mut self, level: Readiness, blocked: bool) {
        let registered = mock::register(&self.driver);
        assert_eq!(registered.is_err(), self.refuses_register);
        let Ok(registration) = registered else { return };
        let token = self.mock.last_token();
        let known = self.sources.iter().any(|source| source.token == token) || self.stale.contains(&token);
        assert!(!known && token != Token::RESERVED, "a token is issued once");
        if blocked {
            mock::clear_both(&registration);
        }
        self.sources.push(Source::new(registration, token, !blocked));
        self.raise(self.sources.len() - 1, level);
    }

    fn deregister(&mut self, at: usize) {
        let source = &mut self.sources[at];
        source.registration.deregister().unwrap();
        if std::mem::replace(&mut source.registered, false) {
            self.stale.push(source.token);
            source.ready = [false; 2];
            source.sticky = Readiness::NONE;
        }
        assert!(!source.has_sleeper(), "a waiter sleeps past the end");
    }

    fn drop_source(&mut self, at: usize) {
        let source = self.sources.swap_remove(at);
        self.stale.extend(source.registered.then_some(source.token));
        assert!(source.drop_registration().iter().all(|sleeper| !sleeper.is_asleep()), "a waiter sleeps past the drop");
    }

    fn raise(&mut self, at: usize, readiness: Readiness) {
        let source = &mut self.sources[at];
        let new = readiness.difference(source.level);
        source.level |= new;
        let token = source.token;
        if self.trigger == Trigger::Edge {
            self.post(token, new.bits());
        }
    }

    fn post(&mut self, token: Token, bits: u8) {
        let readiness = Readiness::from_bits(bits);
        if !readiness.is_empty() {
            self.mock.post(token, readiness);
            self.posted.push((token, readiness));
        }
    }

    fn turn(&mut self) {
        if self.trigger == Trigger::OneShot {
            let armed = |source: &Source| source.level.satisfies(self.mock.armed(source.token));
            let due: Vec<_> = self.sources.iter().filter(|source| armed(source)).map(|s| (s.token, s.level)).collect();
            due.into_iter().for_each(|(token, level)| self.post(token, level.bits()));
        }
        let asleep = self.asleep();
        let woken = mock::turn(&self.driver);
        let posted = std::mem::take(&mut self.posted);
        let mut hit = false;
        for event in &posted {
            for source in self.sources.iter_mut().filter(|source| source.registered && source.token == event.0) {
                source.take_event(event.1);
                hit = true;
            }
        }
        assert!(hit || woken == 0, "a stale event woke someone");
        for (at, direction, task) in asleep {
            let source = &self.sources[at];
            let expected = posted.iter().any(|event| source.is_hit(event, direction));
            let is_asleep = source.is_asleep(direction, task);
            assert!(!expected || !is_asleep, "an event is lost");
            assert!(expected || is_asleep || self.refuses_arm, "who waits is woken for nothing");
        }
    }

    fn wake_all(&mut self) {
        let mut woken = Vec::new();
        self.driver.wake_all(&mut woken);
        woken.into_iter().for_each(Waker::wake);
        assert!(self.asleep().is_empty(), "the end of a runtime leaves someone asleep");
        for source in self.sources.iter_mut().filter(|source| source.registered) {
            source.take_event(Readiness::READ | Readiness::WRITE);
        }
    }

    fn asleep(&self) -> Vec<(usize, usize, usize)> {
        let places =
            (0..self.sources.len()).flat_map(|at| (0..2).flat_map(move |d| (0..TASKS).map(move |t| (at, d, t))));
        places.filter(|&(at, direction, task)| self.sources[at].is_asleep(direction, task)).collect()
    }

    /// The driver agrees with the model, and whoever sleeps will be woken when there is something to be had.
    fn check(&self) {
        assert_eq!(self.driver.source_count(), self.sources.iter().filter(|source| source.registered).count());
        for source in &self.sources {
            let seen = source.registration.ready(Direction::Read);
            assert_eq!(DIRECTIONS.map(|direction| seen.is_ready(direction)), source.ready);
            assert!(seen.readiness().contains(source.sticky), "a closed end stays visible");
            for direction in (0..2).filter(|&direction| source.sleepers(direction).any(Sleeper::is_asleep)) {
                assert!(source.registered && !source.ready[direction]);
                let is_watched = match self.trigger {
                    Trigger::OneShot => self.mock.armed(source.token).contains(interest(direction)),
                    _ => {
                        let comes = self.posted.iter().any(|event| source.is_hit(event, direction));
                        comes || !source.level.intersects(causes(direction))
                    }
                };
                assert!(is_watched, "an event is lost: a task waits, and nothing will wake it");
            }
        }
    }
}

fuzz_target!(|input: (bool, Vec<Step>)| {
    let trigger = if input.0 { Trigger::Edge } else { Trigger::OneShot };
    let mock = Mock::new(trigger);
    let mut model = Model {
        driver: mock::driver(&mock),
        mock,
        trigger,
        sources: Vec::new(),
        stale: Vec::new(),
        posted: Vec::new(),
        refuses_arm: false,
        refuses_register: false,
    };
    for step in input.1 {
        model.apply(step);
    }
});
