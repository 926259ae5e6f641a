//! `block_on`: the thread that calls it takes a seat, or is a guest with a parker of its own.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::{Arc, PoisonError};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread;

use tenter_core::coop;

use crate::context::{self, Context, Role};
use crate::park::Park;
use crate::parker::Parker;
use crate::scheduler::Core;
use crate::signal::{Signal, Sleeper};
use crate::slot::Slot;
use crate::worker::{Worker, settle};

/// A `block_on` future together with its output.
struct Root<'f, F: Future> {
    future: Pin<&'f mut F>,
    /// Its end; a panic waits here if a nested `block_on` polled the future.
    output: Option<thread::Result<F::Output>>,
    signal: Arc<Signal>,
    waker: Waker,
}

/// A [`Root`] without its type, for a nested `block_on`.
pub(crate) trait RootPoll {
    /// Polls the future if it was woken and has not ended; `true` once it has.
    fn poll_if_woken(&mut self) -> bool;

    /// Whether its thread must not sleep: the future was woken, or has ended in a nested `block_on`.
    fn is_due(&self) -> bool;

    /// What its waker sets.
    fn signal(&self) -> &Arc<Signal>;
}

impl<'f, F: Future> Root<'f, F> {
    fn new(future: Pin<&'f mut F>, sleeper: Sleeper) -> Self {
        let signal = Signal::new(sleeper);
        Self { future, output: None, waker: Waker::from(signal.clone()), signal }
    }

    /// The output, or the future's panic; to be asked once, when the future has ended.
    fn finish(&mut self) -> F::Output {
        match self.output.take().expect("the future has ended") {
            Ok(output) => output,
            Err(payload) => resume_unwind(payload),
        }
    }
}

impl<F: Future> RootPoll for Root<'_, F> {
    fn poll_if_woken(&mut self) -> bool {
        if self.output.is_none() && self.signal.take() {
            let (future, waker) = (self.future.as_mut(), &self.waker);
            let poll = AssertUnwindSafe(|| future.poll(&mut TaskContext::from_waker(waker)));
            self.output = match catch_unwind(poll) {
                Ok(Poll::Pending) => None,
                Ok(Poll::Ready(output)) => Some(Ok(output)),
                Err(payload) => Some(Err(payload)),
            };
        }
        self.output.is_some()
    }

    fn is_due(&self) -> bool {
        self.output.is_some() || self.signal.is_set()
    }

    fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }
}

/// See [`Scheduler::block_on`](crate::Scheduler::block_on).
pub(crate) fn block_on<F: Future>(core: &Arc<Core>, future: F) -> F::Output {
    let slot = core.slot;
    // Of the task that calls this, if one does.
    let _budget = coop::pause();
    let future = pin!(future);
    // However deep: between the two there may be `block_on`s of other runtimes.
    let own = context::find(|outer| outer.own_seat().filter(|_| ptr::eq(outer.slot(), slot)).map(|_| outer.place()));
    if let Some((_, seat, role)) = own {
        return nest(core, seat, role, future);
    }
    match context::find(|outer| outer.own_seat().map(|_| outer.place())) {
        Some((blocked, seat, role)) => {
            let _nested = Nested::new(blocked, role);
            hand_over_outer();
            // Woken by the future beneath as well, so that it is polled meanwhile.
            wait(core, Root::new(future, Sleeper::Seat(blocked, seat)))
        }
        None if slot.seats[slot.root_seat()].claim() => sit(core, future),
        None => wait(core, Root::new(future, Sleeper::Own(Parker::new()))),
    }
}

/// A thread in a seat that is blocked: a worker is counted, `block_on`'s thread is not counted as awake.
struct Nested {
    slot: &'static Slot,
    role: Role,
    /// How many workers were blocked, this one included, when it was counted.
    count: usize,
}

impl Nested {
    fn new(slot: &'static Slot, role: Role) -> Self {
        let count = match role {
            Role::Worker => slot.nested.fetch_add(1, AcqRel) + 1,
            Role::Root | Role::Guest => {
                slot.rooted.store(0, Relaxed);
                0
            }
        };
        Self { slot, role, count }
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        match self.role {
            Role::Worker => drop(self.slot.nested.fetch_sub(1, AcqRel)),
            Role::Root | Role::Guest => self.slot.rooted.store(1, Relaxed),
        }
        self.slot.rouse_watch();
    }
}

/// Within a seat of the same runtime: blocks it if others can go on, else goes on in it.
fn nest<F: Future>(core: &Arc<Core>, seat: usize, role: Role, future: Pin<&mut F>) -> F::Output {
    let slot = core.slot;
    let root = Root::new(future, Sleeper::Seat(slot, seat));
    let nested = Nested::new(slot, role);
    let blocked = nested.count;
    if blocked >= slot.workers() {
        return drive(core, seat, role, root);
    }
    // Starts another worker if there is none; it may be that none can be had.
    hand_over_outer();
    if blocked >= slot.started.load(Acquire) {
        return drive(core, seat, role, root);
    }
    wait(core, root)
}

/// Runs in the seat that was just claimed, and leaves it.
fn sit<F: Future>(core: &Arc<Core>, future: Pin<&mut F>) -> F::Output {
    /// Leaves the seat also if the future panics.
    struct Leave<'a>(&'a Core);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            leave(self.0);
        }
    }
    let slot = core.slot;
    let seat = slot.root_seat();
    slot.rooted.store(1, Relaxed);
    let _leave = Leave(core);
    drive(core, seat, Role::Root, Root::new(future, Sleeper::Seat(slot, seat)))
}

/// Polls the future and whatever runs in the seat.
fn drive<F: Future>(core: &Arc<Core>, seat: usize, role: Role, mut root: Root<'_, F>) -> F::Output {
    let _beneath = Beneath::wake(&root.signal);
    let context = Context::new(core.clone(), seat, role);
    let _entered = context.enter();
    let slot = core.slot;
    let mut worker = Worker::new(&context, false);
    let mut closed = false;
    let signal = worker.chaos.is_some().then(|| root.signal.clone());
    let this: *mut (dyn RootPoll + '_) = &raw mut root;
    // SAFETY: only the lifetime bound is changed; the pointer is cleared (with its context) before `root` goes.
    let this = unsafe { std::mem::transmute::<*mut (dyn RootPoll + '_), *mut (dyn RootPoll + 'static)>(this) };
    loop {
        context.root.set(None);
        if let Some(signal) = signal.as_ref().filter(|_| worker.startles_root()) {
            signal.wake_by_ref();
        }
        // SAFETY: `root` is alive, and nobody else uses it: a nested `block_on` does only while `context.root` is set.
        if unsafe { (*this).poll_if_woken() } {
            break;
        }
        poll_outer();
        context.root.set(Some(this));
        if slot.is_closed() {
            if !std::mem::replace(&mut closed, true) {
                slot.wake_tasks();
            }
            slot.drop_queued();
            // SAFETY: as above; what was dropped has returned.
            if unsafe { !(*this).is_due() } {
                // SAFETY: as above; nothing is polled meanwhile.
                worker.rest_as_root(|| unsafe { (*this).is_due() });
            }
            continue;
        }
        match worker.find() {
            Some(runnable) => worker.poll(runnable),
            // SAFETY: as above.
            None if unsafe { (*this).is_due() } => {}
            // SAFETY: as above; nothing is polled meanwhile.
            None if role == Role::Root => worker.rest_as_root(|| unsafe { (*this).is_due() }),
            None => match worker.search() {
                Some(runnable) => worker.poll(runnable),
                None => worker.rest(),
            },
        }
    }
    context.root.set(None);
    worker.hand_over();
    root.finish()
}

/// Polls the future alone, on a thread without a seat or deep inside one.
fn wait<F: Future>(core: &Arc<Core>, mut root: Root<'_, F>) -> F::Output {
    let slot = core.slot;
    let _beneath = Beneath::wake(&root.signal);
    let context = Context::new(core.clone(), 0, Role::Guest);
    let _entered = context.enter();
    let guest = (slot.workers() == 0).then(|| Guest::new(slot, root.signal.clone()));
    loop {
        if root.poll_if_woken() {
            return root.finish();
        }
        poll_outer();
        if guest.is_some() && slot.seats[0].claim() {
            drop(guest);
            let Root { future, .. } = root;
            return sit(core, future);
        }
        if !root.signal.is_set() {
            root.signal.park();
        }
    }
}

/// While it lives, what wakes the futures of the `block_on`s beneath wakes this thread where it sleeps meanwhile.
struct Beneath(Vec<(Arc<Signal>, Option<Arc<Signal>>)>);

impl Beneath {
    fn wake(here: &Arc<Signal>) -> Self {
        let mut signals = Vec::new();
        context::find(|context| -> Option<()> {
            // SAFETY: as in `poll_outer`; it is only looked at.
            let signal = unsafe { (*context.root.get()?).signal() }.clone();
            let before = signal.pass_on(Some(here.clone()));
            signals.push((signal, before));
            None
        });
        Self(signals)
    }
}

impl Drop for Beneath {
    fn drop(&mut self) {
        for (signal, before) in self.0.drain(..) {
            signal.pass_on(before);
        }
    }
}

/// Polls the futures of the `block_on`s beneath that are between polls.
fn poll_outer() {
    context::find(|context| -> Option<()> {
        let root = context.root.take()?;
        // SAFETY: that `block_on` is further up this thread's stack, and it set the pointer while it does not use the
        // future; taken out of its place, nobody else finds it until it is put back.
        unsafe { (*root).poll_if_woken() };
        context.root.set(Some(root));
        None
    });
}

/// Whether the future of the `block_on` in this context, if it is one's and between polls, keeps its thread from sleeping.
pub(crate) fn is_root_due(context: &Context) -> bool {
    // SAFETY: as in `poll_outer`; it is only looked at.
    context.root.get().is_some_and(|root| unsafe { (*root).is_due() })
}

/// Gives the queues of the seat this thread sits in to the other threads, because it will block.
fn hand_over_outer() {
    context::find(|outer| {
        let seat = outer.own_seat()?;
        let slot = outer.slot();
        // First, because it may wake tasks of this seat.
        settle(&outer.core);
        seat.settle();
        while let Some(runnable) = seat.take_any() {
            slot.inject_quietly(runnable);
        }
        slot.notify();
        leave_wheel(&*outer.core.park, outer.seat);
        slot.cover();
        Some(())
    });
}

/// Has the driver look at a wheel that its owner will not look after for a while: it may sleep past its deadlines.
fn leave_wheel(park: &dyn Park, wheel: usize) {
    if park.next_deadline(wheel).is_some() {
        park.wake();
    }
}

/// Leaves `block_on`'s seat: what is queued and registered is for others now.
fn leave(core: &Core) {
    let slot = core.slot;
    slot.rooted.store(0, Relaxed);
    settle(core);
    slot.seats[slot.root_seat()].leave();
    if slot.is_closed() {
        slot.wake_tasks();
        return slot.drain();
    }
    if slot.workers() == 0 {
        for guest in slot.guests.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            guest.unpark();
        }
        return;
    }
    if slot.has_visible_work() {
        slot.notify();
    }
    leave_wheel(&*core.park, slot.root_seat());
    slot.cover();
}

/// An entry in a current-thread runtime's list of those that wait for its seat.
struct Guest {
    slot: &'static Slot,
    signal: Arc<Signal>,
}

impl Guest {
    fn new(slot: &'static Slot, signal: Arc<Signal>) -> Self {
        slot.guests.lock().unwrap_or_else(PoisonError::into_inner).push(signal.clone());
        Self { slot, signal }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut guests = self.slot.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.retain(|guest| !Arc::ptr_eq(guest, &self.signal));
    }
}
