//! The queue itself.

use std::fmt;
use std::mem;
use std::sync::PoisonError;

use tenter_core::sync::{Arc, Mutex, MutexGuard};
use tenter_core::wait_list::WaitList;
use tenter_core::{coop, park};

use crate::error::{PutError, ShutDown, TooManyTaskDone, TryGetError, TryPutError};
use crate::item::Item;
use crate::ledger::Ledger;
use crate::order::{Fifo, Lifo, Order, Priority};

/// A joinable queue that hands out items in the order in which they were put.
pub type Queue<T> = JoinableQueue<T, Fifo<T>>;

/// A joinable queue that hands out the latest item first.
///
/// ```
/// let queue = tenter_queue::LifoQueue::unbounded();
/// queue.try_put(1).unwrap();
/// queue.try_put(2).unwrap();
/// assert_eq!(queue.try_get().unwrap().into_inner(), 2);
/// ```
pub type LifoQueue<T> = JoinableQueue<T, Lifo<T>>;

/// A joinable queue that hands out the smallest item first, and equal ones in the order in which they were put.
///
/// Items are compared under the queue's lock: their `Ord` must not use the queue.
///
/// ```
/// let queue = tenter_queue::PriorityQueue::unbounded();
/// queue.try_put((2, "later")).unwrap();
/// queue.try_put((1, "sooner")).unwrap();
/// assert_eq!(queue.try_get().unwrap().1, "sooner");
/// ```
pub type PriorityQueue<T> = JoinableQueue<T, Priority<T>>;

/// A queue that knows which of its items are not finished; use it by the names [`Queue`], [`LifoQueue`] and
/// [`PriorityQueue`].
///
/// It is a handle: clones share one queue. Dropping handles ends nothing; call [`shutdown`](Self::shutdown) when no more
/// items will come.
///
/// Waiting putters and getters are served in the order in which they began to wait, except that a newcomer may be
/// faster than one who is just being woken.
pub struct JoinableQueue<T, O = Fifo<T>> {
    shared: Arc<Shared<O>>,
    _items: std::marker::PhantomData<fn(T) -> T>,
}

struct Shared<O> {
    state: Mutex<State<O>>,
    /// `usize::MAX` if unbounded.
    maxsize: usize,
    /// Apart, because items on loan hold it too.
    ledger: Arc<Ledger>,
    putters: WaitList,
    getters: WaitList,
}

struct State<O> {
    items: O,
    shut_down: bool,
}

impl<T, O: Order<T>> JoinableQueue<T, O> {
    /// A queue that holds at most `maxsize` items.
    ///
    /// # Panics
    ///
    /// If `maxsize` is zero (asyncio's way to ask for [`unbounded`](Self::unbounded)).
    pub fn bounded(maxsize: usize) -> Self {
        assert!(maxsize > 0, "a bounded queue needs a maxsize of at least 1; for no limit use `unbounded`");
        Self::with_maxsize(maxsize)
    }

    /// A queue that holds any number of items.
    pub fn unbounded() -> Self {
        Self::with_maxsize(usize::MAX)
    }

    fn with_maxsize(maxsize: usize) -> Self {
        let shared = Shared {
            state: Mutex::new(State { items: O::default(), shut_down: false }),
            maxsize,
            ledger: Arc::new(Ledger::new()),
            putters: WaitList::new(),
            getters: WaitList::new(),
        };
        Self { shared: Arc::new(shared), _items: std::marker::PhantomData }
    }

    /// Puts an item, waiting for room.
    ///
    /// # Errors
    ///
    /// The item comes back if the queue is shut down, also while waiting.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it ends, the item has not been put and is dropped with it. A wake-up that the future
    /// had received goes to the next waiting putter.
    pub async fn put(&self, item: T) -> Result<(), PutError<T>> {
        let mut item = Some(item);
        let put = || match self.try_put(item.take()?) {
            Ok(()) => Some(Ok(())),
            Err(TryPutError::ShutDown(back)) => Some(Err(PutError(back))),
            Err(TryPutError::Full(back)) => {
                item = Some(back);
                None
            }
        };
        coop::cooperative(self.shared.putters.wait_until(put)).await
    }

    /// Puts an item if there is room now.
    ///
    /// # Errors
    ///
    /// The item comes back if the queue is full or was shut down.
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        let mut state = self.shared.lock();
        if state.shut_down {
            return Err(TryPutError::ShutDown(item));
        }
        if state.items.size() >= self.shared.maxsize {
            return Err(TryPutError::Full(item));
        }
        // Counted first: should the item's `Ord` panic, the heap holds the item all the same.
        self.shared.ledger.begin();
        state.items.push(item);
        drop(state);
        self.shared.getters.notify_one();
        Ok(())
    }

    /// Puts an item, blocking the thread while there is no room.
    ///
    /// For plain threads: in async code it blocks the executor.
    ///
    /// # Errors
    ///
    /// The item comes back if the queue is shut down, also while waiting.
    pub fn put_blocking(&self, item: T) -> Result<(), PutError<T>> {
        park::block_on(self.put(item))
    }

    /// Gets the next item, waiting for one. The item counts as finished when it is dropped.
    ///
    /// # Errors
    ///
    /// [`ShutDown`] if the queue is empty and shut down, also while waiting.
    ///
    /// # Cancel safety
    ///
    /// An item is taken only by the poll that returns it, so dropping the future loses none. A wake-up that the future had
    /// received goes to the next waiting getter.
    pub async fn get(&self) -> Result<Item<T>, ShutDown> {
        Ok(self.guard(self.get_unguarded().await?))
    }

    /// Gets the next item if there is one now. The item counts as finished when it is dropped.
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if there is none yet, [`TryGetError::ShutDown`] if there will never be one.
    pub fn try_get(&self) -> Result<Item<T>, TryGetError> {
        Ok(self.guard(self.try_get_unguarded()?))
    }

    /// Gets the next item, blocking the thread while there is none. The item counts as finished when it is dropped.
    ///
    /// For plain threads: in async code it blocks the executor.
    ///
    /// # Errors
    ///
    /// [`ShutDown`] if the queue is empty and shut down, also while waiting.
    pub fn get_blocking(&self) -> Result<Item<T>, ShutDown> {
        park::block_on(self.get())
    }

    /// Gets the next item without a guard, waiting for one: asyncio's `get`.
    ///
    /// The item counts as unfinished until someone calls [`task_done`](Self::task_done); if its consumer panics or is
    /// cancelled before, [`join`](Self::join) waits for ever. [`get`](Self::get) has no such trap.
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let queue = tenter_queue::Queue::unbounded();
    /// queue.put("job").await.unwrap();
    /// assert_eq!(queue.get_unguarded().await, Ok("job"));
    /// queue.task_done().unwrap();
    /// assert!(queue.task_done().is_err());
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`ShutDown`] if the queue is empty and shut down, also while waiting.
    ///
    /// # Cancel safety
    ///
    /// As for [`get`](Self::get).
    pub async fn get_unguarded(&self) -> Result<T, ShutDown> {
        let get = || match self.try_get_unguarded() {
            Ok(item) => Some(Ok(item)),
            Err(TryGetError::ShutDown) => Some(Err(ShutDown)),
            Err(TryGetError::Empty) => None,
        };
        coop::cooperative(self.shared.getters.wait_until(get)).await
    }

    /// Gets the next item without a guard if there is one now; see [`get_unguarded`](Self::get_unguarded).
    ///
    /// # Errors
    ///
    /// [`TryGetError::Empty`] if there is none yet, [`TryGetError::ShutDown`] if there will never be one.
    pub fn try_get_unguarded(&self) -> Result<T, TryGetError> {
        let mut state = self.shared.lock();
        let Some(item) = state.items.pop() else {
            return Err(if state.shut_down { TryGetError::ShutDown } else { TryGetError::Empty });
        };
        drop(state);
        self.shared.putters.notify_one();
        Ok(item)
    }

    /// Counts an item that was got without a guard as finished.
    ///
    /// # Errors
    ///
    /// [`TooManyTaskDone`] if no item is unfinished.
    pub fn task_done(&self) -> Result<(), TooManyTaskDone> {
        self.shared.ledger.finish()
    }

    /// Waits until every item that was put is finished.
    ///
    /// It ends if that was so at some moment after the first poll, even if more items have been put since.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn join(&self) {
        coop::cooperative(self.shared.ledger.all_finished()).await;
    }

    /// Blocks the thread until every item that was put is finished.
    ///
    /// For plain threads: in async code it blocks the executor.
    pub fn join_blocking(&self) {
        park::block_on(self.join());
    }

    /// Ends the intake: every put fails from now on, waiting ones included.
    ///
    /// What the queue holds can still be got; once it is empty, every get fails, waiting ones included. If `immediate`, the
    /// items in the queue are dropped and count as finished, so that [`join`](Self::join) waits only for those being worked
    /// on. It may be called again, to shut down immediately after all.
    ///
    /// ```
    /// use tenter_queue::{Queue, TryGetError, TryPutError};
    ///
    /// let queue = Queue::unbounded();
    /// queue.try_put(1).unwrap();
    /// queue.try_put(2).unwrap();
    /// queue.shutdown(false);
    /// assert_eq!(queue.try_put(3), Err(TryPutError::ShutDown(3)));
    /// assert_eq!(queue.try_get().unwrap().into_inner(), 1);
    /// queue.shutdown(true);
    /// assert_eq!(queue.try_get_unguarded(), Err(TryGetError::ShutDown));
    /// assert_eq!(queue.unfinished(), 0);
    /// ```
    pub fn shutdown(&self, immediate: bool) {
        let mut state = self.shared.lock();
        state.shut_down = true;
        // Dropped at the end: items may run anything when they go.
        let drained = if immediate { mem::take(&mut state.items) } else { O::default() };
        drop(state);
        self.shared.ledger.finish_drained(drained.size());
        self.shared.getters.notify_all();
        self.shared.putters.notify_all();
    }

    /// Whether [`shutdown`](Self::shutdown) has been called.
    pub fn is_shut_down(&self) -> bool {
        self.shared.lock().shut_down
    }

    /// How many items the queue holds; those being worked on are not among them.
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.shared.lock().items.size()
    }

    /// Whether the queue holds no item.
    #[doc(alias = "empty")]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the queue holds as many items as it can; never true of an unbounded queue.
    #[doc(alias = "full")]
    pub fn is_full(&self) -> bool {
        self.len() >= self.shared.maxsize
    }

    /// How many items the queue can hold; `None` if it is unbounded.
    pub fn maxsize(&self) -> Option<usize> {
        (self.shared.maxsize != usize::MAX).then_some(self.shared.maxsize)
    }

    /// How many items were put and are not finished: those in the queue and those being worked on.
    pub fn unfinished(&self) -> usize {
        self.shared.ledger.unfinished()
    }

    fn guard(&self, item: T) -> Item<T> {
        Item::new(item, self.shared.ledger.clone())
    }
}

impl<O> Shared<O> {
    fn lock(&self) -> MutexGuard<'_, State<O>> {
        // Only an item's own `Ord` can panic under the lock, and the heap survives that.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, O> Clone for JoinableQueue<T, O> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), _items: std::marker::PhantomData }
    }
}

impl<T, O: Order<T>> fmt::Debug for JoinableQueue<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinableQueue")
            .field("len", &self.len())
            .field("maxsize", &self.maxsize())
            .field("unfinished", &self.unfinished())
            .field("shut_down", &self.is_shut_down())
            .finish()
    }
}
