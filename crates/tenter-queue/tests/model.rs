//! A queue against a `VecDeque` and two counters: any sequence of puts, gets, polls, drops and shutdowns.
#![cfg(not(tenter_loom))]

// The channel crate's: both are tried with the same counting wakers.
#[path = "../../tenter-channel/tests/common/mod.rs"]
mod common;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use common::Task;
use proptest::prelude::*;
use tenter_queue::{Item, PutError, Queue, ShutDown, TryGetError, TryPutError};

/// Indices are taken modulo the number of things there are.
#[derive(Clone, Debug)]
enum Step {
    TryPut,
    TryGet,
    StartPut,
    StartGet,
    PollPut(usize),
    PollGet(usize),
    DropPut(usize),
    DropGet(usize),
    DropItem(usize),
    Join,
    ShutDown { immediate: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..8usize;
    prop_oneof![
        3 => Just(Step::TryPut),
        3 => Just(Step::TryGet),
        4 => Just(Step::StartPut),
        4 => Just(Step::StartGet),
        4 => index().prop_map(Step::PollPut),
        4 => index().prop_map(Step::PollGet),
        2 => index().prop_map(Step::DropPut),
        2 => index().prop_map(Step::DropGet),
        4 => index().prop_map(Step::DropItem),
        1 => Just(Step::Join),
    ]
}

/// A run of steps with at most one shutdown, somewhere near the end.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let shutdown = prop::option::of(any::<bool>().prop_map(|immediate| Step::ShutDown { immediate }));
    (prop::collection::vec(step(), 0..80), shutdown, prop::collection::vec(step(), 0..20)).prop_map(
        |(mut first, shutdown, rest)| {
            first.extend(shutdown);
            first.extend(rest);
            first
        },
    )
}

type Boxed<'a, T> = Task<Pin<Box<dyn Future<Output = T> + 'a>>>;

type Put<'a> = Boxed<'a, Result<(), PutError<u32>>>;

fn boxed<'a, T>(future: impl Future<Output = T> + 'a) -> Boxed<'a, T> {
    Task::new(Box::pin(future))
}

struct Model<'a> {
    queue: &'a Queue<u32>,
    items: VecDeque<u32>,
    maxsize: usize,
    shut_down: bool,
    next: u32,
    puts: Vec<(u32, Put<'a>)>,
    gets: Vec<Boxed<'a, Result<Item<u32>, ShutDown>>>,
    loans: Vec<Item<u32>>,
    joins: Vec<Boxed<'a, ()>>,
}

impl Model<'_> {
    fn apply(&mut self, step: &Step) {
        match *step {
            Step::TryPut => self.try_put(),
            Step::TryGet => self.try_get(),
            Step::StartPut => {
                let item = self.item();
                self.puts.push((item, boxed(self.queue.put(item))));
                self.poll_put(self.puts.len() - 1);
            }
            Step::StartGet => {
                self.gets.push(boxed(self.queue.get()));
                self.poll_get(self.gets.len() - 1);
            }
            Step::PollPut(i) if !self.puts.is_empty() => self.poll_put(i % self.puts.len()),
            Step::PollGet(i) if !self.gets.is_empty() => self.poll_get(i % self.gets.len()),
            Step::DropPut(i) if !self.puts.is_empty() => drop(self.puts.remove(i % self.puts.len())),
            Step::DropGet(i) if !self.gets.is_empty() => drop(self.gets.remove(i % self.gets.len())),
            Step::DropItem(i) if !self.loans.is_empty() => drop(self.loans.remove(i % self.loans.len())),
            Step::Join => {
                let mut join = boxed(self.queue.join());
                assert_eq!(join.poll().is_ready(), self.unfinished() == 0);
                if self.unfinished() > 0 {
                    self.joins.push(join);
                }
            }
            Step::ShutDown { immediate } => {
                self.queue.shutdown(immediate);
                self.shut_down = true;
                if immediate {
                    self.items.clear();
                }
            }
            _ => {}
        }
        self.check();
    }

    fn item(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn unfinished(&self) -> usize {
        self.items.len() + self.loans.len()
    }

    fn full(&self) -> bool {
        self.items.len() == self.maxsize
    }

    fn try_put(&mut self) {
        let item = self.item();
        let outcome = self.queue.try_put(item);
        if self.shut_down {
            assert_eq!(outcome, Err(TryPutError::ShutDown(item)));
        } else if self.full() {
            assert_eq!(outcome, Err(TryPutError::Full(item)));
        } else {
            assert_eq!(outcome, Ok(()));
            self.items.push_back(item);
        }
    }

    fn try_get(&mut self) {
        match (self.queue.try_get(), self.items.pop_front()) {
            (Ok(got), Some(expected)) => {
                assert_eq!(*got, expected);
                self.loans.push(got);
            }
            (Err(TryGetError::ShutDown), None) => assert!(self.shut_down),
            (Err(TryGetError::Empty), None) => assert!(!self.shut_down),
            mismatch => panic!("got and expected differ: {mismatch:?}"),
        }
    }

    fn poll_put(&mut self, i: usize) {
        let (item, task) = &mut self.puts[i];
        let (item, poll) = (*item, task.poll());
        if self.shut_down {
            assert_eq!(poll, Poll::Ready(Err(PutError(item))));
        } else if self.full() {
            assert_eq!(poll, Poll::Pending);
            return;
        } else {
            assert_eq!(poll, Poll::Ready(Ok(())));
            self.items.push_back(item);
        }
        drop(self.puts.remove(i));
    }

    fn poll_get(&mut self, i: usize) {
        match (self.gets[i].poll(), self.items.pop_front()) {
            (Poll::Ready(Ok(got)), Some(expected)) => {
                assert_eq!(*got, expected);
                self.loans.push(got);
            }
            (Poll::Ready(Err(ShutDown)), None) => assert!(self.shut_down),
            (Poll::Pending, None) => {
                assert!(!self.shut_down);
                return;
            }
            mismatch => panic!("got and expected differ: {mismatch:?}"),
        }
        drop(self.gets.remove(i));
    }

    /// The queue agrees with the model, and nobody sleeps who could go on.
    fn check(&mut self) {
        assert_eq!((self.queue.len(), self.queue.unfinished()), (self.items.len(), self.unfinished()));
        let woken = self.gets.iter().filter(|get| get.woken()).count();
        let needed = if self.shut_down { usize::MAX } else { self.items.len() };
        assert!(woken >= needed.min(self.gets.len()), "an item is there and its getter sleeps");
        let woken = self.puts.iter().filter(|(_, put)| put.woken()).count();
        let needed = if self.shut_down { usize::MAX } else { self.maxsize - self.items.len() };
        assert!(woken >= needed.min(self.puts.len()), "there is room and the putter for it sleeps");
        if self.unfinished() == 0 {
            assert!(self.joins.drain(..).all(|mut join| join.woken() && join.poll().is_ready()));
        } else {
            assert!(!self.joins.iter().any(Task::woken));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_matches_its_model(maxsize in prop::option::of(1..4usize), steps in steps()) {
        let queue = maxsize.map_or_else(Queue::unbounded, Queue::bounded);
        let mut model = Model {
            queue: &queue,
            items: VecDeque::new(),
            maxsize: maxsize.unwrap_or(usize::MAX),
            shut_down: false,
            next: 0,
            puts: Vec::new(),
            gets: Vec::new(),
            loans: Vec::new(),
            joins: Vec::new(),
        };
        for step in &steps {
            model.apply(step);
        }
    }
}
