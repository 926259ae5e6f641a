//! A joinable queue of each order against a `Vec` and a count: futures polled and dropped at any moment, items finished
//! in every way there is.
#![no_main]

#[path = "queue/input.rs"]
mod input;

use std::rc::Rc;
use std::task::Poll;

use input::{Job, Kind, Known, Step, known};
use libfuzzer_sys::fuzz_target;
use tenter_fuzz::{Polled, asleep_and_awake, pick};
use tenter_queue::{
    DoneGuard, Fifo, Item, JoinableQueue, Lifo, Order, Priority, PutError, ShutDown, TryGetError, TryPutError,
};

/// A put that waits.
type Put = Polled<Result<(), PutError<Job>>>;

struct Model<O> {
    queue: JoinableQueue<Job, O>,
    kind: Kind,
    items: Vec<Known>,
    maxsize: usize,
    unfinished: usize,
    shut_down: bool,
    next: u32,
    puts: Vec<(Known, Put)>,
    gets: Vec<Polled<Result<Item<Job>, ShutDown>>>,
    loans: Vec<Item<Job>>,
    guards: Vec<DoneGuard>,
    /// And whether no item was unfinished at some moment since its first poll.
    joins: Vec<(Polled<()>, bool)>,
    lives: Rc<()>,
}

impl<O: Order<Job> + 'static> Model<O> {
    fn apply(&mut self, step: Step) {
        match step {
            Step::TryPut(rank) => self.try_put(rank),
            Step::StartPut(rank) => self.start_put(rank),
            Step::PollPut(i, renew) => self.poll_put(pick(i, self.puts.len()), renew),
            Step::DropPut(i) => drop(pick(i, self.puts.len()).map(|i| self.puts.remove(i))),
            Step::TryGet => self.try_get(),
            Step::TryGetUnguarded => {
                let expected = self.kind.take(&mut self.items).ok_or(self.nothing());
                assert_eq!(self.queue.try_get_unguarded().map(|job| known(&job)), expected);
            }
            Step::StartGet => {
                let queue = self.queue.clone();
                self.gets.push(Polled::new(async move { queue.get().await }));
                self.poll_get(Some(self.gets.len() - 1), false);
            }
            Step::PollGet(i, renew) => self.poll_get(pick(i, self.gets.len()), renew),
            Step::DropGet(i) => drop(pick(i, self.gets.len()).map(|i| self.gets.remove(i))),
            Step::Finish(i) | Step::IntoInner(i) | Step::Split(i) => self.end_loan(step, pick(i, self.loans.len())),
            Step::DropGuard(i) | Step::Disarm(i) => self.end_guard(step, pick(i, self.guards.len())),
            Step::TaskDone => {
                assert_eq!(self.queue.task_done().is_ok(), self.unfinished > 0);
                self.finish(1);
            }
            Step::Join => {
                let queue = self.queue.clone();
                self.joins.push((Polled::new(async move { queue.join().await }), self.unfinished == 0));
                self.poll_join(Some(self.joins.len() - 1), false);
            }
            Step::PollJoin(i, renew) => self.poll_join(pick(i, self.joins.len()), renew),
            Step::DropJoin(i) => drop(pick(i, self.joins.len()).map(|i| self.joins.remove(i))),
            Step::ShutDown { immediate } => {
                self.queue.shutdown(immediate);
                self.shut_down = true;
                if immediate {
                    let drained = std::mem::take(&mut self.items).len();
                    self.finish(drained);
                }
            }
        }
        self.check();
    }

    /// Counts as many as there are: items may have been counted by hand before.
    fn finish(&mut self, count: usize) {
        let before = self.unfinished;
        self.unfinished = before.saturating_sub(count);
        if self.unfinished == 0 && before > 0 {
            self.joins.iter_mut().for_each(|join| join.1 = true);
        }
    }

    fn full(&self) -> bool {
        self.items.len() == self.maxsize
    }

    fn nothing(&self) -> TryGetError {
        if self.shut_down { TryGetError::ShutDown } else { TryGetError::Empty }
    }

    fn job(&mut self, rank: u8) -> Job {
        self.next += 1;
        Job { rank: rank % 4, number: self.next, _life: self.lives.clone() }
    }

    fn put(&mut self, job: Known) {
        self.items.push(job);
        self.unfinished += 1;
    }

    fn try_put(&mut self, rank: u8) {
        let job = self.job(rank);
        let this = known(&job);
        match self.queue.try_put(job) {
            Ok(()) => {
                assert!(!self.shut_down && !self.full());
                self.put(this);
            }
            Err(TryPutError::ShutDown(back)) => assert!(self.shut_down && known(&back) == this),
            Err(TryPutError::Full(back)) => assert!(!self.shut_down && self.full() && known(&back) == this),
        }
    }

    fn start_put(&mut self, rank: u8) {
        let (job, queue) = (self.job(rank), self.queue.clone());
        self.puts.push((known(&job), Polled::new(async move { queue.put(job).await })));
        self.poll_put(Some(self.puts.len() - 1), false);
    }

    fn poll_put(&mut self, at: Option<usize>, renew: bool) {
        let Some(at) = at else { return };
        let polled = self.puts[at].1.poll(renew);
        if polled.is_pending() {
            return assert!(!self.shut_down && self.full(), "a put waits although there is room");
        }
        let this = self.puts.remove(at).0;
        match polled {
            Poll::Ready(Err(PutError(back))) => assert!(self.shut_down && known(&back) == this),
            _ => {
                assert!(!self.shut_down && !self.full());
                self.put(this);
            }
        }
    }

    fn try_get(&mut self) {
        let expected = self.kind.take(&mut self.items).ok_or(self.nothing());
        let got = self.queue.try_get();
        assert_eq!(got.as_ref().map(|item| known(item)), expected.as_ref().copied());
        self.loans.extend(got);
    }

    fn poll_get(&mut self, at: Option<usize>, renew: bool) {
        let Some(at) = at else { return };
        match (self.gets[at].poll(renew), self.kind.take(&mut self.items)) {
            (Poll::Pending, None) => return assert!(!self.shut_down),
            (Poll::Ready(Err(ShutDown)), None) => assert!(self.shut_down),
            (Poll::Ready(Ok(item)), expected) => {
                assert_eq!(Some(known(&item)), expected);
                self.loans.push(item);
            }
            (other, expected) => panic!("{expected:?} should have been got: {other:?}"),
        }
        drop(self.gets.remove(at));
    }

    fn end_loan(&mut self, step: Step, at: Option<usize>) {
        let Some(item) = at.map(|at| self.loans.remove(at)) else { return };
        match step {
            Step::Split(_) => return self.guards.push(item.split().1),
            Step::IntoInner(_) => drop(item.into_inner()),
            _ => item.done(),
        }
        self.finish(1);
    }

    fn end_guard(&mut self, step: Step, at: Option<usize>) {
        let Some(guard) = at.map(|at| self.guards.remove(at)) else { return };
        if matches!(step, Step::Disarm(_)) {
            return guard.disarm();
        }
        drop(guard);
        self.finish(1);
    }

    fn poll_join(&mut self, at: Option<usize>, renew: bool) {
        let Some(at) = at else { return };
        let (join, reached) = &mut self.joins[at];
        let ready = join.poll(renew).is_ready();
        assert_eq!(ready, *reached || self.unfinished == 0);
        if ready {
            drop(self.joins.remove(at));
        }
    }

    /// The queue agrees with the model, and nobody sleeps who could go on.
    fn check(&self) {
        let seen = (self.queue.len(), self.queue.unfinished(), self.queue.is_shut_down(), self.queue.is_full());
        assert_eq!(seen, (self.items.len(), self.unfinished, self.shut_down, self.full()));
        let held = self.items.len() + self.puts.len() + self.loans.len();
        assert_eq!(Rc::strong_count(&self.lives) - 1, held, "a job is lost, or lives on");
        let (asleep, awake) = asleep_and_awake(self.gets.iter().map(|get| &get.sleeper));
        assert!(
            asleep == 0 || (awake >= self.items.len() && !self.shut_down),
            "an item is there and its getter sleeps"
        );
        let (asleep, awake) = asleep_and_awake(self.puts.iter().map(|put| &put.1.sleeper));
        let room = self.maxsize - self.items.len();
        assert!(asleep == 0 || (awake >= room && !self.shut_down), "there is room and the putter for it sleeps");
        for (join, reached) in &self.joins {
            assert!(!reached || join.sleeper.is_awake(), "all was finished and a joiner sleeps on");
        }
    }
}

fn run<O: Order<Job> + 'static>(kind: Kind, maxsize: Option<u8>, steps: Vec<Step>) {
    let maxsize = maxsize.map(|maxsize| 1 + usize::from(maxsize % 4));
    let mut model = Model::<O> {
        queue: maxsize.map_or_else(JoinableQueue::unbounded, JoinableQueue::bounded),
        kind,
        items: Vec::new(),
        maxsize: maxsize.unwrap_or(usize::MAX),
        unfinished: 0,
        shut_down: false,
        next: 0,
        puts: Vec::new(),
        gets: Vec::new(),
        loans: Vec::new(),
        guards: Vec::new(),
        joins: Vec::new(),
        lives: Rc::new(()),
    };
    steps.into_iter().for_each(|step| model.apply(step));
}

fuzz_target!(|input: (Kind, Option<u8>, Vec<Step>)| {
    let (kind, maxsize, steps) = input;
    match kind {
        Kind::Fifo => run::<Fifo<Job>>(kind, maxsize, steps),
        Kind::Lifo => run::<Lifo<Job>>(kind, maxsize, steps),
        Kind::Priority => run::<Priority<Job>>(kind, maxsize, steps),
    }
});
