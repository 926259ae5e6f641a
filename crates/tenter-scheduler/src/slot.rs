//! Where a runtime's shared state lives: in a slot that is recycled but never freed.
//!
//! A task names its runtime by slot index, and a wake may still be on its way through a slot after the runtime in it
//! has ended: it has pushed its runnable (else the runtime would not have ended) and is about to look for a worker to
//! wake. The slot is still there; at worst the wake reaches a worker of the slot's next runtime, for nothing.

use std::cell::RefCell;
use std::panic::Location;
use std::sync::atomic::{
    AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst},
    fence,
};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock, Weak};
use std::task::Waker;

use tenter_task::{Meta, Runnable};

use crate::chaos::Seeds;
use crate::context::{self, Context, Role};
use crate::idle::Idle;
use crate::injector::Injector;
use crate::load::Load;
use crate::numbers;
use crate::registry::{Key, MAX_TAG, Registry, TURN};
use crate::scheduler::Core;
use crate::seat::Seat;
use crate::signal::Signal;
use crate::tally::{self, Tally};
use crate::watch::{Rouse, Watch};
use crate::weak::WeakScheduler;

/// As many runtimes as can live at once.
pub(crate) const MAX_SLOTS: usize = MAX_TAG as usize;

/// Registry shards per seat; a shard has [so many](crate::registry::TURN) tasks in a row.
const SHARDS: usize = 8;

/// Places in a block of the injector: half a kilobyte.
const INJECT_BLOCK: usize = 64;

/// Threads without a seat count their tasks in one of so many pairs.
const OUTSIDE: usize = 8;

/// Set once in a slot's state, by whoever closes the runtime; cleared when the slot is recycled.
const CLOSED: u8 = 1;
/// Set in it if the tasks of its runtime have records. Set or cleared when a runtime moves in.
pub(crate) const DEBUG: u8 = 2;

/// On lines of its own, because any thread writes here.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Outside(Tally);

/// The shared state of a runtime's scheduler.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) index: u16,
    pub(crate) inject: Injector<Runnable, INJECT_BLOCK>,
    pub(crate) idle: Idle,
    /// Where chaos comes from, if it was asked for.
    pub(crate) seeds: Seeds,
    /// The workers' seats, then the one for `block_on`.
    pub(crate) seats: Box<[Seat]>,
    /// The tasks that have waited.
    registry: Registry<Waker>,
    /// The tasks that were spawned and ended elsewhere than in a seat.
    outside: Box<[Outside]>,
    /// Workers in their loops: who counts spawns and ends without a fence. Raised by a worker before its loop, lowered after it.
    crew: AtomicUsize,
    /// How many worker threads there are; starting one counts.
    pub(crate) started: AtomicUsize,
    /// Which parked worker looks after what the others do not get to.
    pub(crate) watch: Watch,
    /// How many workers are blocked in a nested `block_on`.
    pub(crate) nested: AtomicUsize,
    /// 1 while the thread in `block_on`'s seat is awake there. Set and cleared by that thread.
    pub(crate) rooted: AtomicUsize,
    /// Turns of the driver, wrapping; stored by whoever took one. Tells the watch that somebody takes them.
    pub(crate) turns: AtomicU32,
    /// Whether another awake thread would have a processor.
    pub(crate) load: Load,
    /// [`CLOSED`] and [`DEBUG`]; 0 for most.
    pub(crate) state: AtomicU8,
    /// How many tasks of this runtime had a record and were never polled.
    pub(crate) unpolled: AtomicU64,
    /// Where threads wait for the last task to go, or for a runnable to drop.
    drain: (Mutex<()>, Condvar),
    /// The runtime that lives here now.
    home: RwLock<Weak<Core>>,
    /// How many runtimes have lived here, wrapping; changed by who makes one.
    incarnations: AtomicU32,
    /// `block_on` callers of a current-thread runtime that wait for the seat.
    pub(crate) guests: Mutex<Vec<Arc<Signal>>>,
}

impl Slot {
    /// The most worker threads; the seat after theirs is `block_on`'s.
    #[inline]
    pub(crate) fn workers(&self) -> usize {
        self.seats.len() - 1
    }

    /// The seat of `block_on`.
    pub(crate) fn root_seat(&self) -> usize {
        self.workers()
    }

    /// Counts a new task, spawned by the thread in `seat`, and gives its key, which is [`Key::UNTRACKED`] on a closed runtime, and
    /// what its header says.
    // Always, as it was before it had to give two things: they stay in registers.
    #[inline(always)]
    pub(crate) fn take_in(
        &'static self,
        seat: Option<&Context>,
        name: Option<&str>,
        site: &'static Location<'static>,
    ) -> (Key, Meta) {
        if self.state.load(Relaxed) != 0 {
            return self.take_in_marked(seat, name, site);
        }
        (self.count(seat), Meta::in_slot(self.index))
    }

    #[inline(always)]
    pub(crate) fn count(&'static self, seat: Option<&Context>) -> Key {
        let key = Key::new(numbers::next(), self.index);
        match seat {
            Some(context) => {
                self.seats[context.seat].tally.take_alone();
                if context.role == Role::Worker {
                    // One of the crew: the drain waits for it before it reads this count.
                    return key;
                }
            }
            None => self.outside(key).take(),
        }
        // Pairs with the fence of `close`: whoever drains sees the task, or it is refused here.
        fence(SeqCst);
        if self.is_closed() {
            self.count_end(key);
            return Key::UNTRACKED;
        }
        key
    }

    fn outside(&self, key: Key) -> &Tally {
        &self.outside[(key.number() / TURN) as usize % OUTSIDE].0
    }

    /// Enters a task whose first poll was `Pending`. If the runtime was closed it is woken, so that it has a runnable to drop.
    pub(crate) fn enter(&self, key: Key, waker: &Waker) -> Key {
        let entered = self.registry.insert(key, |key| (waker.clone(), key));
        entered.unwrap_or_else(|| {
            waker.wake_by_ref();
            key
        })
    }

    /// Forgets a task whose future is gone.
    #[inline]
    pub(crate) fn forget(&'static self, key: Key) {
        if key.is_entered() {
            drop(self.registry.remove(key));
        }
        self.count_end(key);
    }

    fn count_end(&'static self, key: Key) {
        context::with_seat_of(self, |seat| match seat {
            Some(context) => {
                self.seats[context.seat].tally.end_alone();
                if context.role != Role::Worker {
                    fence(SeqCst);
                }
            }
            None => {
                self.outside(key).end();
                fence(SeqCst);
            }
        });
        // Without the fence, a worker that reads too old a flag tells the drain when it leaves the crew.
        if self.state.load(Relaxed) != 0 {
            self.end_marked(key);
        }
    }

    /// How many tasks have not ended; a snapshot.
    pub(crate) fn live_tasks(&self) -> usize {
        let seats = self.seats.iter().map(|seat| &seat.tally);
        tally::live(seats.chain(self.outside.iter().map(|outside| &outside.0)))
    }

    /// How many tasks have waited and not ended; a snapshot.
    pub(crate) fn entered(&self) -> usize {
        self.registry.len()
    }

    /// On a closed runtime: whether no task lives any more, and none will.
    pub(crate) fn is_drained(&self) -> bool {
        // In this order: when no worker is left, what each of them has counted is visible.
        self.crew.load(Acquire) == 0 && self.live_tasks() == 0
    }

    /// Counts the calling worker among those that spawn and end tasks without a fence.
    pub(crate) fn join_crew(&self) {
        self.crew.fetch_add(1, AcqRel);
        // Pairs with the fence of `close`: whoever drains sees this worker, or it sees the flag and polls nothing.
        fence(SeqCst);
    }

    /// The opposite, on a closed runtime.
    pub(crate) fn leave_crew(&self) {
        self.crew.fetch_sub(1, AcqRel);
        self.wake_drainers();
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.state.load(Relaxed) & CLOSED != 0
    }

    /// The runtime that lives here now.
    pub(crate) fn home(&self) -> Option<Arc<Core>> {
        self.home.read().unwrap_or_else(PoisonError::into_inner).upgrade()
    }

    /// The name of a runtime that is about to live here.
    pub(crate) fn next_name(&self) -> WeakScheduler {
        WeakScheduler::new(self.index, self.incarnations.fetch_add(1, Relaxed))
    }

    /// Queues a runnable from outside, and sees to it that someone runs it.
    pub(crate) fn inject(&'static self, runnable: Runnable) {
        self.inject_quietly(runnable);
        // Pairs with the fence of a worker that parks: it looks at the injector after it has ceased to be brisk.
        fence(SeqCst);
        let brisk = self.seats.iter().any(|seat| seat.mood.brisk.load(Relaxed));
        if !brisk || self.is_closed() {
            self.notify();
        }
    }

    pub(crate) fn inject_quietly(&self, runnable: Runnable) {
        self.inject.push(runnable);
    }

    /// Whether a thief would find something. What is in LIFO slots, and in rings that are not offered, does not count: its
    /// thread comes to it, or the watch sees that it does not.
    pub(crate) fn has_visible_work(&self) -> bool {
        let offers = |seat: &Seat| seat.is_offered() && seat.queued() > 0;
        !self.inject.is_empty() || self.seats.iter().any(offers)
    }

    /// After a push: wakes or starts a worker unless one is searching.
    pub(crate) fn notify(&'static self) {
        let woken = match self.seeds.draw() {
            None => self.idle.wake_one_but(self.watch.seat().unwrap_or(usize::MAX)),
            Some(any) => self.idle.wake_one_from(any as usize % self.seats.len()),
        };
        if let Some(worker) = woken {
            return self.unpark(worker);
        }
        // `wake_one` began with the fence that orders this load after the push.
        if self.is_closed() {
            self.wake_drainers();
            // A `block_on` that goes on in the closed runtime sleeps in its seat, and may wait for this very task.
            return self.unpark_all();
        }
        if self.workers() == 0 {
            return self.unpark(0);
        }
        let word = self.idle.word();
        if word.searching() == 0 && word.parked() == 0 && self.started.load(Relaxed) < self.workers() {
            self.start_worker();
        }
    }

    /// How many threads in seats are inside a poll, or about to be; those that are blocked in a nested `block_on` have handed
    /// over what they had.
    pub(crate) fn active(&self) -> usize {
        let idle = self.idle.word().parked() + self.nested.load(Relaxed);
        self.started.load(Relaxed).saturating_sub(idle) + self.rooted.load(Relaxed)
    }

    /// For a thread in a seat that is about to poll: makes sure that a worker watches, if there can be another one.
    pub(crate) fn rouse_watch(&'static self) {
        match self.watch.rouse() {
            Rouse::Ticking => {}
            Rouse::Asleep(seat) => self.unpark(seat),
            Rouse::Nobody => match self.idle.choose() {
                Some(worker) => self.unpark(worker),
                None if self.started.load(Relaxed) < self.workers() => self.start_worker(),
                None => {}
            },
        }
    }

    /// Makes sure that a thread drives, or is about to look for work and then drive.
    pub(crate) fn cover(&'static self) {
        fence(SeqCst);
        let Some(home) = self.home() else { return };
        if !home.park.is_needed() || home.park.is_driven() {
            return;
        }
        if let Some(worker) = self.idle.choose() {
            self.unpark(worker);
        } else if self.workers() == 0 {
            self.unpark(0);
        } else if self.started.load(Relaxed) == 0 {
            self.start_worker();
        }
    }

    /// Gives the token to the thread in a seat.
    pub(crate) fn unpark(&self, seat: usize) {
        self.seats[seat].parker.unpark(|| {
            if let Some(home) = self.home() {
                home.park.wake();
            }
        });
    }

    fn start_worker(&'static self) {
        if self.is_closed() {
            return;
        }
        let Some(home) = self.home() else { return };
        if !Core::start_worker(&home) {
            // No thread to be had: the `block_on` thread takes injected work while there is no worker.
            self.unpark(self.root_seat());
        }
    }

    /// Wakes every thread that waits for the drain to go on.
    pub(crate) fn wake_drainers(&self) {
        drop(self.drain.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.drain.1.notify_all();
    }

    /// Refuses new tasks, wakes every task and every thread. The first caller gets `true`.
    pub(crate) fn close(&'static self) -> bool {
        if self.state.fetch_or(CLOSED, AcqRel) & CLOSED != 0 {
            return false;
        }
        fence(SeqCst);
        self.wake_tasks();
        self.unpark_all();
        self.wake_drainers();
        true
    }

    fn unpark_all(&self) {
        for seat in 0..self.seats.len() {
            self.unpark(seat);
        }
    }

    /// On a closed runtime: wakes every task, so that each has a runnable to drop.
    ///
    /// Called once by whoever closes, and once by each thread after it has seen that and polls no more: a task that
    /// had a runnable at the first call may have been polled since, by such a thread, and wait again.
    pub(crate) fn wake_tasks(&self) {
        for waker in self.registry.close() {
            waker.wake();
        }
    }

    /// Drops runnables until no task lives. Any thread may help, also several at once.
    ///
    /// Within the destructor of a task that this thread drops in such a loop it gives up at once: that task lives
    /// until the destructor returns, and the loop further up goes on then.
    pub(crate) fn drain(&'static self) {
        if self.is_draining_here() {
            return;
        }
        let _ = DRAINING.try_with(|slots| slots.borrow_mut().push(self));
        self.drain_to_the_end();
        let _ = DRAINING.try_with(|slots| slots.borrow_mut().pop());
    }

    /// Whether this thread is in [`drain`](Self::drain) further up its stack.
    pub(crate) fn is_draining_here(&self) -> bool {
        DRAINING.try_with(|slots| slots.borrow().iter().any(|&slot| std::ptr::eq(slot, self))).unwrap_or(false)
    }

    fn drain_to_the_end(&self) {
        loop {
            self.drop_queued();
            let guard = self.drain.0.lock().unwrap_or_else(PoisonError::into_inner);
            if self.is_drained() {
                return self.drain.1.notify_all();
            }
            // A push, or the end of the last task, takes the lock after it is visible, and then notifies.
            if !self.has_queued() {
                drop(self.drain.1.wait(guard).unwrap_or_else(PoisonError::into_inner));
            }
        }
    }

    fn has_queued(&self) -> bool {
        fence(SeqCst);
        !self.inject.is_empty() || self.seats.iter().any(|seat| !seat.is_empty())
    }

    pub(crate) fn drop_queued(&self) {
        while let Some(runnable) = self.inject.pop() {
            drop(runnable);
        }
        for seat in &self.seats {
            while let Some(runnable) = seat.take_any() {
                drop(runnable);
            }
        }
    }
}

thread_local! {
    /// The slots that this thread drains, innermost last.
    static DRAINING: RefCell<Vec<&'static Slot>> = const { RefCell::new(Vec::new()) };
}

static TABLE: [AtomicPtr<Slot>; MAX_SLOTS] = [const { AtomicPtr::new(std::ptr::null_mut()) }; MAX_SLOTS];

struct Free {
    made: usize,
    slots: Vec<&'static Slot>,
}

static FREE: Mutex<Free> = Mutex::new(Free { made: 0, slots: Vec::new() });

/// The slot with an index that a task carries.
#[inline]
pub(crate) fn at(index: u16) -> &'static Slot {
    let slot = TABLE[index as usize].load(Acquire);
    debug_assert!(!slot.is_null());
    // SAFETY: tasks carry indices of slots that were in the table before the task was made, slots are leaked boxes,
    // and the table never forgets one.
    unsafe { &*slot }
}

/// A slot for a runtime with `workers` worker threads, in debug mode or not: a recycled one, or a new one.
pub(crate) fn acquire(workers: usize, debug: bool) -> Option<&'static Slot> {
    let state = if debug { DEBUG } else { 0 };
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(at) = free.slots.iter().position(|slot| slot.workers() == workers) {
        let slot = free.slots.swap_remove(at);
        slot.registry.reopen();
        slot.load.reset();
        slot.unpolled.store(0, Relaxed);
        slot.state.store(state, Release);
        return Some(slot);
    }
    if free.made == MAX_SLOTS {
        return None;
    }
    let seats = workers + 1;
    let slot = Box::leak(Box::new(Slot {
        index: free.made as u16,
        inject: Injector::new(),
        idle: Idle::new(seats),
        seeds: Seeds::new(),
        seats: (0..seats).map(|_| Seat::new()).collect(),
        registry: Registry::new(seats * SHARDS),
        outside: (0..OUTSIDE).map(|_| Outside::default()).collect(),
        crew: AtomicUsize::new(0),
        started: AtomicUsize::new(0),
        watch: Watch::new(),
        nested: AtomicUsize::new(0),
        rooted: AtomicUsize::new(0),
        turns: AtomicU32::new(0),
        load: Load::default(),
        state: AtomicU8::new(state),
        unpolled: AtomicU64::new(0),
        drain: (Mutex::new(()), Condvar::new()),
        home: RwLock::new(Weak::new()),
        incarnations: AtomicU32::new(0),
        guests: Mutex::new(Vec::new()),
    }));
    TABLE[free.made].store(slot, Release);
    free.made += 1;
    Some(slot)
}

/// Moves a runtime into its slot.
pub(crate) fn settle(slot: &'static Slot, home: Weak<Core>) {
    *slot.home.write().unwrap_or_else(PoisonError::into_inner) = home;
}

/// Gives a slot back whose runtime is closed, without tasks and without threads.
pub(crate) fn release(slot: &'static Slot) {
    settle(slot, Weak::new());
    slot.strike_off();
    FREE.lock().unwrap_or_else(PoisonError::into_inner).slots.push(slot);
}
