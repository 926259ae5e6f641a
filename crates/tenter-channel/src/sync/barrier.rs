//! asyncio's `Barrier`.

use std::error::Error;
use std::fmt;
use std::mem;

use tenter_core::coop;
use tenter_core::sync::atomic::{AtomicUsize, Ordering};
use tenter_core::sync::{Arc, Mutex};
use tenter_core::wait_list::WaitList;

use crate::lock;

/// Tasks wait until so many of them do, and then all go on; again and again.
///
/// Unlike async-lock's it can be [reset](Self::reset) and [aborted](Self::abort), so that nobody waits for who will not come.
///
/// ```
/// # futures_lite::future::block_on(async {
/// use futures_lite::future::zip;
/// use tenter_channel::sync::Barrier;
///
/// let barrier = Barrier::new(2);
/// let (first, second) = zip(barrier.wait(), barrier.wait()).await;
/// assert_eq!(first.unwrap() + second.unwrap(), 1, "each has another number, from 0");
/// # });
/// ```
pub struct Barrier {
    parties: usize,
    state: Mutex<State>,
    waits: WaitList,
}

struct State {
    /// Those who wait in this round.
    waiting: usize,
    /// The round that fills.
    round: Arc<Round>,
    broken: bool,
}

/// How a round has ended, and how many know. Those who wait in it hold it.
struct Round(AtomicUsize);

/// It fills.
const OPEN: usize = usize::MAX;
/// Those who wait will wait in vain.
const BROKEN: usize = usize::MAX - 1;
// Else: full, and so many have gone on.

impl Round {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(OPEN)))
    }

    /// Under the barrier's lock, once.
    fn end(&self, how: usize) {
        self.0.store(how, Ordering::Release);
    }

    fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) == OPEN
    }

    /// Whether it has ended, and if it was full, the number of who asks.
    fn outcome(&self) -> Option<Result<usize, BrokenBarrierError>> {
        match self.0.load(Ordering::Acquire) {
            OPEN => None,
            BROKEN => Some(Err(BrokenBarrierError)),
            // Full: the only change from here on is this one.
            _ => Some(Ok(self.0.fetch_add(1, Ordering::AcqRel))),
        }
    }
}

impl Barrier {
    /// A barrier for so many parties.
    ///
    /// # Panics
    ///
    /// If there are none, or more than memory has room for.
    #[must_use]
    pub fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier needs at least 1 party");
        assert!(parties < BROKEN, "a barrier can't have {parties} parties");
        let state = State { waiting: 0, round: Round::new(), broken: false };
        Self { parties, state: Mutex::new(state), waits: WaitList::new() }
    }

    /// Waits for the others; each party gets another number from 0 to one less than there are.
    ///
    /// # Errors
    ///
    /// [`BrokenBarrierError`] if the barrier is or gets [aborted](Self::abort), or is [reset](Self::reset) meanwhile.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while others are missing, it counts as not having come. Later its number is missing from
    /// those of the round.
    pub async fn wait(&self) -> Result<usize, BrokenBarrierError> {
        coop::consume_budget().await;
        let Some(party) = self.arrive()? else {
            self.waits.notify_all();
            return Ok(0);
        };
        self.waits.wait_until(|| party.round.outcome()).await
    }

    /// Counts another one; `None` if it is the last, which is number 0.
    fn arrive(&self) -> Result<Option<Party<'_>>, BrokenBarrierError> {
        let mut state = lock(&self.state);
        if state.broken {
            return Err(BrokenBarrierError);
        }
        state.waiting += 1;
        if state.waiting < self.parties {
            return Ok(Some(Party { barrier: self, round: state.round.clone() }));
        }
        state.waiting = 0;
        mem::replace(&mut state.round, Round::new()).end(1);
        Ok(None)
    }

    /// Sends away those who wait, with an error, and begins anew; also after an [`abort`](Self::abort).
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// use futures_lite::future::{poll_once, zip};
    /// use tenter_channel::sync::Barrier;
    ///
    /// let barrier = Barrier::new(2);
    /// let mut early = Box::pin(barrier.wait());
    /// assert!(poll_once(&mut early).await.is_none());
    /// barrier.reset();
    /// assert!(early.await.is_err());
    /// assert!(zip(barrier.wait(), barrier.wait()).await.0.is_ok());
    /// # });
    /// ```
    pub fn reset(&self) {
        self.break_round(false);
    }

    /// Breaks the barrier: those who wait and those who come get an error, until it is [reset](Self::reset).
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let barrier = tenter_channel::sync::Barrier::new(2);
    /// barrier.abort();
    /// assert!(barrier.is_broken());
    /// assert!(barrier.wait().await.is_err());
    /// # });
    /// ```
    pub fn abort(&self) {
        self.break_round(true);
    }

    fn break_round(&self, broken: bool) {
        {
            let mut state = lock(&self.state);
            state.broken = broken;
            state.waiting = 0;
            mem::replace(&mut state.round, Round::new()).end(BROKEN);
        }
        self.waits.notify_all();
    }

    /// How many parties it takes.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.parties
    }

    /// How many wait for the others.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        lock(&self.state).waiting
    }

    /// Whether it was [aborted](Self::abort) and not reset since.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        lock(&self.state).broken
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").field("parties", &self.parties).finish_non_exhaustive()
    }
}

/// One who waits. If it goes while its round is open, it has not come.
struct Party<'a> {
    barrier: &'a Barrier,
    round: Arc<Round>,
}

impl Drop for Party<'_> {
    fn drop(&mut self) {
        if !self.round.is_open() {
            return;
        }
        let mut state = lock(&self.barrier.state);
        // Rounds end under the lock.
        if self.round.is_open() {
            state.waiting -= 1;
        }
    }
}

/// The barrier was aborted, or was reset while one waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError;

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("waiting at a broken barrier")
    }
}

impl Error for BrokenBarrierError {}
