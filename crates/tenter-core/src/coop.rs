//! A budget per task poll, so that a task whose resources are always ready still gives way to others.
//!
//! An executor calls [`begin`] before it polls a task. Each operation of a resource (a receive, a read, a timer that has
//! fired) asks [`poll_proceed`] first and spends one unit when it completes. Once all 128 are spent, every resource
//! answers `Pending` after waking the task, which so goes to the end of the line with nothing lost: the operation
//! was not begun.
//!
//! The budget belongs to the thread, in one thread-local byte. *Nothing is withheld outside a task's poll*: a thread
//! that never called [`begin`], a future run by [`block_on`](crate::park::block_on) or by a foreign executor has no limit.
//! A `block_on` inside a task's poll lifts the limit while it lasts (see [`pause`]): it would otherwise spin, as no poll
//! of the task beneath it can begin.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// Operations per task poll: tokio's number, so that programs moved from there see the same turns.
pub const BUDGET: u8 = 128;

/// No limit: nobody has begun a task's poll, or the limit is lifted. Any other value is at most [`BUDGET`].
const UNLIMITED: u8 = u8::MAX;

thread_local! {
    /// Units left to the task poll on this thread, or [`UNLIMITED`].
    static LEFT: Cell<u8> = const { Cell::new(UNLIMITED) };
}

/// Gives the task that this thread is about to poll a full budget.
///
/// For executors. It stays in force until the next `begin` or [`end`].
#[inline]
pub fn begin() {
    LEFT.set(BUDGET);
}

/// Lifts the limit: this thread goes on with something that is not a task.
///
/// For executors, when they leave the loop that polls tasks.
#[inline]
pub fn end() {
    LEFT.set(UNLIMITED);
}

/// Lifts the limit until the guard is dropped, which puts the budget back as it was.
///
/// For whoever polls a future to its end in the midst of a task's poll.
#[inline]
pub fn pause() -> Paused {
    Paused { left: LEFT.replace(UNLIMITED), thread: PhantomData }
}

/// The limit is lifted while this lives; made by [`pause`].
#[derive(Debug)]
#[must_use = "the limit returns when this is dropped"]
pub struct Paused {
    left: u8,
    /// A thread's budget goes back to that thread.
    thread: PhantomData<*const ()>,
}

impl Drop for Paused {
    #[inline]
    fn drop(&mut self) {
        LEFT.set(self.left);
    }
}

/// Spends one unit of the task's budget; the first thing that a resource's poll does.
///
/// With the budget used up it wakes the task and returns `Pending`, and so must the caller. Otherwise the operation may
/// go on, and says by [`Spent::made_progress`] that it has completed; if it has to wait, the unit goes back.
///
/// ```
/// use std::task::{Context, Poll, Waker, ready};
/// use tenter_core::coop;
///
/// fn poll_take(stock: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<u8> {
///     let unit = ready!(coop::poll_proceed(cx));
///     match stock.pop() {
///         Some(item) => {
///             unit.made_progress();
///             Poll::Ready(item)
///         }
///         None => Poll::Pending, // a real one would note the waker here
///     }
/// }
///
/// let mut stock = vec![0; 200];
/// let mut cx = Context::from_waker(Waker::noop());
/// coop::begin();
/// let taken = (0..200).filter(|_| poll_take(&mut stock, &mut cx).is_ready()).count();
/// assert_eq!(taken, 128);
/// ```
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<Spent> {
    let left = LEFT.get();
    if left == UNLIMITED {
        return Poll::Ready(Spent { returnable: false, thread: PhantomData });
    }
    if left == 0 {
        return withhold(cx);
    }
    LEFT.set(left - 1);
    Poll::Ready(Spent { returnable: true, thread: PhantomData })
}

#[cold]
fn withhold(cx: &mut Context<'_>) -> Poll<Spent> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// One unit of the budget, spent by [`poll_proceed`]; dropping it gives the unit back.
#[must_use = "the unit goes back when this is dropped; say `made_progress` if the operation has completed"]
pub struct Spent {
    /// Taken from a limited budget, so that there is something to give back.
    returnable: bool,
    /// A thread's unit goes back to that thread.
    thread: PhantomData<*const ()>,
}

impl Spent {
    /// The operation has completed: the unit stays spent.
    #[inline]
    pub fn made_progress(self) {
        std::mem::forget(self);
    }
}

impl Drop for Spent {
    #[inline]
    fn drop(&mut self) {
        if self.returnable {
            give_back();
        }
    }
}

/// The limit may have been lifted since, or a new poll begun if a caller kept the unit; neither gains by it.
#[inline]
fn give_back() {
    let left = LEFT.get();
    if left < BUDGET {
        LEFT.set(left + 1);
    }
}

impl fmt::Debug for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spent").finish_non_exhaustive()
    }
}

/// Whether an operation would go on now; for loops that would rather stop by themselves.
#[inline]
#[must_use]
pub fn has_budget_remaining() -> bool {
    LEFT.get() != 0
}

/// Spends one unit, waiting for the task's next poll if there is none: a point to give way in a long computation.
///
/// ```
/// # tenter_core::park::block_on(async {
/// let mut sum = 0_u64;
/// for i in 0..1_000 {
///     sum += i;
///     tenter_core::coop::consume_budget().await;
/// }
/// # assert_eq!(sum, 499_500);
/// # });
/// ```
///
/// # Cancel safety
///
/// Dropping the future loses nothing.
pub async fn consume_budget() {
    std::future::poll_fn(|cx| poll_proceed(cx).map(Spent::made_progress)).await;
}

/// Makes a future an operation of the budget: it is not polled once the budget is spent, and spends one unit when it ends.
pub fn cooperative<F>(future: F) -> Cooperative<F> {
    Cooperative { future }
}

pin_project! {
    /// The future of [`cooperative`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Cooperative<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Cooperative<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let unit = ready!(poll_proceed(cx));
        let output = ready!(self.project().future.poll(cx));
        unit.made_progress();
        Poll::Ready(output)
    }
}

/// Runs a future without a limit: nothing that it polls is withheld, and it spends nothing of its task's budget.
///
/// It can hold up the other tasks of its thread for as long as its resources stay ready.
pub fn unconstrained<F>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project! {
    /// The future of [`unconstrained`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _unlimited = pause();
        self.project().future.poll(cx)
    }
}
