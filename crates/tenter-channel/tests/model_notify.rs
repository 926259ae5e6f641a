//! A `Notify` against a list of who waits: any sequence of notifications, polls and drops.
#![cfg(not(tenter_loom))]

mod common;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use common::Task;
use proptest::prelude::*;
use tenter_channel::sync::{Notified, Notify};

/// Indices are taken modulo the number of waiters there are.
#[derive(Clone, Debug)]
enum Step {
    Create,
    Enable(usize),
    Poll(usize),
    Drop(usize),
    One,
    All,
    /// Waiters come until there are so many: more seats than are kept.
    Crowd(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let i = || 0..100usize;
    let step = prop_oneof![
        20 => Just(Step::Create),
        10 => i().prop_map(Step::Enable),
        30 => i().prop_map(Step::Poll),
        20 => i().prop_map(Step::Drop),
        20 => Just(Step::One),
        8 => Just(Step::All),
        1 => (60..80usize).prop_map(Step::Crowd),
    ];
    prop::collection::vec(step, 0..150)
}

/// What a waiter was told and does not know.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Nothing,
    Alone,
    WithAll,
}

struct Waiter<'a> {
    notified: Pin<Box<Notified<'a>>>,
    /// When it got in line.
    line: Option<usize>,
    told: Told,
}

struct Model<'a> {
    notify: &'a Notify,
    waiters: Vec<Waiter<'a>>,
    permit: bool,
    came: usize,
}

impl<'a> Model<'a> {
    fn create(&mut self) {
        let notified = Box::pin(self.notify.notified());
        self.waiters.push(Waiter { notified, line: None, told: Told::Nothing });
    }

    /// What a look of this waiter finds, which gets it in line otherwise.
    fn look(&mut self, i: usize) -> bool {
        let waiter = &mut self.waiters[i];
        if waiter.told == Told::Nothing && waiter.line.is_none() && std::mem::take(&mut self.permit) {
            return true;
        }
        if waiter.told == Told::Nothing && waiter.line.is_none() {
            waiter.line = Some(self.came);
            self.came += 1;
        }
        waiter.told != Told::Nothing
    }

    fn enable(&mut self, i: usize) {
        let expected = self.look(i);
        assert_eq!(self.waiters[i].notified.as_mut().enable(), expected);
        if expected {
            drop(self.waiters.remove(i));
        }
    }

    fn poll(&mut self, i: usize) {
        let expected = self.look(i);
        let waiter = &mut self.waiters[i];
        let polled = Task::new(poll_fn(|cx| Poll::Ready(waiter.notified.as_mut().poll(cx).is_ready()))).poll();
        assert_eq!(polled, Poll::Ready(expected));
        if expected {
            drop(self.waiters.remove(i));
        }
    }

    fn one(&mut self) {
        let waiting = self.waiters.iter_mut().filter(|waiter| waiter.line.is_some() && waiter.told == Told::Nothing);
        match waiting.min_by_key(|waiter| waiter.line) {
            Some(first) => first.told = Told::Alone,
            None => self.permit = true,
        }
    }

    fn apply(&mut self, step: &Step) {
        let count = self.waiters.len();
        match *step {
            Step::Create => self.create(),
            Step::One => {
                self.notify.notify_one();
                self.one();
            }
            Step::All => {
                self.notify.notify_waiters();
                let nothing = self.waiters.iter_mut().filter(|waiter| waiter.told == Told::Nothing);
                nothing.for_each(|waiter| waiter.told = Told::WithAll);
            }
            Step::Crowd(size) => {
                while self.waiters.len() < size {
                    self.create();
                    let last = self.waiters.len() - 1;
                    self.poll(last);
                }
            }
            _ if count == 0 => {}
            Step::Enable(i) => self.enable(i % count),
            Step::Poll(i) => self.poll(i % count),
            Step::Drop(i) => {
                let told = self.waiters.remove(i % count).told;
                if told == Told::Alone {
                    self.one();
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_agrees_with_the_model(steps in steps()) {
        let notify = Notify::new();
        let mut model = Model { notify: &notify, waiters: Vec::new(), permit: false, came: 0 };
        for step in &steps {
            model.apply(step);
        }
        // All leave, and what was told to one of them alone is left.
        while !model.waiters.is_empty() {
            model.apply(&Step::Drop(0));
        }
        model.create();
        let permit = model.permit;
        assert_eq!(model.look(0), permit);
        assert_eq!(model.waiters[0].notified.as_mut().enable(), permit);
    }
}
