//! What a writer and its pump share: bytes, how far they are, and who waits for that.
//!
//! Everything is under one lock, held for a few moves of pointers and one copy; no foreign code runs under it: wakers are
//! cloned before, and woken or dropped after. The pump notes its waker at the start of each poll and only then looks for what
//! there is to do, both under the lock. So whoever changes what there is to do either comes before that look, which sees it,
//! or finds the waker. Those who wait for the pump line up in a [`WaitList`], which has the argument for them.

use std::fmt;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tenter_core::wait_list::WaitList;

use super::{WriteError, WriteMarks};

/// How far a writer's life is.
#[derive(Clone, Debug)]
enum Phase {
    /// Takes bytes.
    Open,
    /// Takes no more; the pump is to close the stream when it has written everything.
    Finishing,
    /// The stream is closed, and everything was written before.
    Closed,
    /// It was given up; what was left is gone.
    Broken(WriteError),
}

/// What the pump is to do next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job {
    /// Write the batch that it was given.
    Write,
    /// See to it that everything written, up to this position, arrives.
    Flush { position: u64 },
    /// Close the stream and end.
    Close,
    /// End as it is.
    Leave,
}

pub(super) struct State {
    phase: Phase,
    /// Taken, and not fetched by the pump yet.
    bytes: Vec<u8>,
    /// Fetched by the pump, and not written yet.
    fetched: usize,
    /// More than the high mark was held, and has not sunk to the low one since.
    paused: bool,
    /// How many bytes were ever taken: the position behind the last one.
    taken: u64,
    /// The position up to which all is written and flushed.
    flushed: u64,
    /// The position up to which somebody has asked for that.
    wanted: u64,
    /// The pump's waker, while it is between polls.
    pump: Option<Waker>,
    /// Who polls through `AsyncWrite`.
    poller: Option<Waker>,
}

impl State {
    pub(super) fn held(&self) -> usize {
        self.bytes.len() + self.fetched
    }

    /// Ends the life of what is still alive; what is left of bytes, and the phase that is not to be, go to the caller, to be
    /// dropped without the lock.
    fn end(&mut self, mut phase: Phase) -> (Vec<u8>, Phase) {
        if matches!(self.phase, Phase::Open | Phase::Finishing) {
            mem::swap(&mut self.phase, &mut phase);
        }
        self.fetched = 0;
        (mem::take(&mut self.bytes), phase)
    }

    /// The position up to which all is written.
    fn written(&self) -> u64 {
        self.taken - self.held() as u64
    }

    fn check(&self) -> Result<(), WriteError> {
        match &self.phase {
            Phase::Broken(error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// What `drain` waits for.
    pub(super) fn drained(&self) -> Option<Result<(), WriteError>> {
        match self.check() {
            Ok(()) if self.paused => None,
            done => Some(done),
        }
    }

    /// What `flush` waits for, of what had been taken when it was called.
    pub(super) fn flushed(&self, position: u64) -> Option<Result<(), WriteError>> {
        match self.check() {
            Ok(()) if self.flushed < position => None,
            done => Some(done),
        }
    }

    /// What `closed` waits for.
    pub(super) fn closed(&self) -> Option<Result<(), WriteError>> {
        match &self.phase {
            Phase::Open | Phase::Finishing => None,
            Phase::Closed => Some(Ok(())),
            Phase::Broken(error) => Some(Err(error.clone())),
        }
    }
}

pub(super) struct Shared {
    pub(super) marks: WriteMarks,
    state: Mutex<State>,
    /// Who waits in `drain`, `flush` or `closed`.
    pub(super) waiting: WaitList,
}

impl Shared {
    pub(super) fn new(marks: WriteMarks) -> Arc<Self> {
        let state = State {
            phase: Phase::Open,
            bytes: Vec::new(),
            fetched: 0,
            paused: false,
            taken: 0,
            flushed: 0,
            wanted: 0,
            pump: None,
            poller: None,
        };
        Arc::new(Self { marks, state: Mutex::new(state), waiting: WaitList::new() })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock, so a poisoned state is a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes all of the bytes, or none.
    pub(super) fn push(&self, bytes: &[u8]) -> Result<(), WriteError> {
        let mut state = self.lock();
        state.check()?;
        if !matches!(state.phase, Phase::Open) {
            return Err(WriteError::Finished);
        }
        let buffered = state.held();
        if buffered >= self.marks.most_held() {
            return Err(WriteError::Full { buffered });
        }
        if bytes.is_empty() {
            return Ok(());
        }
        state.bytes.extend_from_slice(bytes);
        state.taken += bytes.len() as u64;
        state.paused |= state.held() > self.marks.high_mark();
        // While it has a batch to write it will come back for more by itself.
        let pump = if state.fetched == 0 { state.pump.take() } else { None };
        drop(state);
        if let Some(pump) = pump {
            pump.wake();
        }
        Ok(())
    }

    /// Asks for a flush of what was taken up to now; its position. The pump is at work if that is not flushed yet, and sees it
    /// when it looks for its next job.
    pub(super) fn wants_flush(&self) -> u64 {
        let mut state = self.lock();
        state.wanted = state.taken;
        state.taken
    }

    /// Says that nothing more will come.
    pub(super) fn finish(&self) {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Open) {
            state.phase = Phase::Finishing;
        }
        let pump = state.pump.take();
        drop(state);
        if let Some(pump) = pump {
            pump.wake();
        }
    }

    /// Gives everything up that is not written.
    pub(super) fn abort(&self) {
        let mut state = self.lock();
        let rest = state.end(Phase::Broken(WriteError::Aborted));
        let pump = state.pump.take();
        drop(state);
        drop(rest);
        if let Some(pump) = pump {
            pump.wake();
        }
        self.tell();
    }

    /// Looks at the state; if it won't do, the task that polls is woken at its next change.
    pub(super) fn poll<T>(&self, cx: &mut Context<'_>, mut look: impl FnMut(&State) -> Option<T>) -> Poll<T> {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if let Some(done) = look(&state) {
            return Poll::Ready(done);
        }
        let before = state.poller.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// The state changed: wakes everyone who waits for that.
    fn tell(&self) {
        let poller = self.lock().poller.take();
        if let Some(poller) = poller {
            poller.wake();
        }
        self.waiting.notify_all();
    }
}

/// What the pump asks and tells.
impl Shared {
    /// The pump begins a poll; `false` says that it is to end.
    pub(super) fn begin(&self, cx: &mut Context<'_>) -> bool {
        let waker = cx.waker().clone();
        let mut state = self.lock();
        let before = state.pump.replace(waker);
        let alive = matches!(state.phase, Phase::Open | Phase::Finishing);
        drop(state);
        drop(before);
        alive
    }

    /// What there is to do; `None` is nothing, and somebody wakes the pump when there is. Bytes go into `batch`, which is
    /// empty and whose room is used again.
    pub(super) fn next(&self, batch: &mut Vec<u8>) -> Option<Job> {
        let mut state = self.lock();
        let position = state.written();
        // Who waits for a flush does not wait for what others go on writing.
        let asked = state.flushed < state.wanted && state.wanted <= position;
        match state.phase {
            Phase::Open | Phase::Finishing if asked => Some(Job::Flush { position }),
            Phase::Open | Phase::Finishing if !state.bytes.is_empty() => {
                mem::swap(&mut state.bytes, batch);
                state.fetched = batch.len();
                Some(Job::Write)
            }
            Phase::Open | Phase::Finishing if state.flushed < position => Some(Job::Flush { position }),
            Phase::Open => None,
            Phase::Finishing => Some(Job::Close),
            Phase::Closed | Phase::Broken(_) => Some(Job::Leave),
        }
    }

    /// So many bytes of the batch were written.
    pub(super) fn wrote(&self, len: usize) {
        let mut state = self.lock();
        state.fetched = state.fetched.saturating_sub(len);
        let sunk = state.paused && state.held() <= self.marks.low_mark();
        state.paused &= !sunk;
        drop(state);
        if sunk {
            self.tell();
        }
    }

    /// Everything written up to this position has arrived, as far as the stream can tell.
    pub(super) fn has_flushed(&self, position: u64) {
        self.lock().flushed = position;
        self.tell();
    }

    /// The pump ends.
    pub(super) fn ended(&self, result: Result<(), WriteError>) {
        let mut state = self.lock();
        let rest = state.end(result.map_or_else(Phase::Broken, |()| Phase::Closed));
        let pump = state.pump.take();
        drop(state);
        drop((rest, pump));
        self.tell();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (phase, held) = (state.phase.clone(), state.held());
        // An error within and the formatter are foreign code.
        drop(state);
        f.debug_struct("StreamWriter").field("phase", &phase).field("held", &held).finish_non_exhaustive()
    }
}

/// The error of a pump that was dropped with its runtime, or by a panic of the stream within.
pub(super) fn gone() -> WriteError {
    WriteError::Failed(Arc::new(io::Error::other("who wrote for this writer is gone, with its runtime or by a panic")))
}
