//! The engine beneath one-shot reactors: everything about select and poll but the system call.
//!
//! # Protocol
//!
//! A mutex guards the table of sources. The thread in `wait` takes a *snapshot* of what is armed, lets go of the mutex,
//! makes the system call, and takes the mutex again to turn what the call said into events. Two facts carry the proof:
//!
//! 1. *Places are never used twice.* Each arming gets a new number; the snapshot remembers it, and firing removes exactly
//!    that number from the queue. What a call says about an arming that was replaced, fired or deregistered since finds
//!    no place and is dropped, whatever has the source's number or the token by then. Dropping it loses nothing: the
//!    call is level-triggered, so the arming that replaced it is in the next snapshot and gets its own report.
//! 2. *Who changes the snapshot ends the call.* While `calling` is set, a change (arming, removal of an armed source, wake)
//!    signals the channel that every call watches. The signal is sent once for each call (`kicked`); nobody calls, nobody
//!    signals, so arming between waits costs no system call.
//!
//! `deregister` of a source that the call in progress may be watching waits until that call has ended: the kernel holds a
//! reference to every file that a thread polls, so the last close would send no FIN before. It cannot wait for itself,
//! because the thread in `wait` calls nothing else meanwhile; and the call ends, because it has been kicked.
//!
//! The state bits, all under the mutex:
//!
//! | bit | set by | cleared by |
//! |---|---|---|
//! | `calling` | the waiter, before the call | the waiter, after it, also when it unwinds |
//! | `kicked` | the first to change what a call in progress sees | the waiter, before the next call |
//! | `woken` | `wake` | a `wait` that returns |

#[cfg(unix)]
#[path = "unix.rs"]
mod system;
#[cfg(windows)]
#[path = "windows.rs"]
mod system;
mod table;

use std::fmt;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

pub use self::system::{BorrowedSource, RawSource};
use self::system::{Channel, number};
pub use self::table::Armed;
use self::table::{Round, Table};
use crate::{Capabilities, Deadline, Event, Events, Interest, Reactor, ReactorError, Readiness, Source, Token};

/// The longest single call. Longer timeouts take several, because systems differ in what they accept (Apple's select
/// refuses more than 10⁸ s).
const LONGEST_CALL: Duration = Duration::from_secs(24 * 60 * 60);

/// A level-triggered system call that watches many sources at once.
pub trait Multiplexer: fmt::Debug + Send + Sized + 'static {
    /// The reactor's name.
    const NAME: &'static str;

    /// Prepares the buffers of the call.
    ///
    /// # Errors
    /// If the system does not have the call.
    fn new() -> io::Result<Self>;

    /// What a reactor on this call can do; the trigger is `OneShot`.
    fn capabilities() -> Capabilities;

    /// Whether the call can watch `source` at all.
    ///
    /// # Errors
    /// If it cannot, such as beyond the size of select's sets.
    fn admit(source: RawSource) -> Result<(), ReactorError> {
        let _ = source;
        Ok(())
    }

    /// Waits until something in `armed` is ready, `channel` is readable, or `timeout` is over (`None`: no timeout).
    ///
    /// Pushes onto `ready` the index and readiness of what is ready in `armed`, in ascending order, and returns whether
    /// `channel` is readable.
    ///
    /// # Errors
    /// Those of the system; `Interrupted` repeats the call.
    fn call(
        &mut self,
        channel: BorrowedSource<'_>,
        armed: &[Armed],
        timeout: Option<Duration>,
        ready: &mut Vec<(usize, Readiness)>,
    ) -> io::Result<bool>;
}

/// A one-shot reactor on any [`Multiplexer`].
pub struct OneShot<M> {
    state: Mutex<State>,
    /// Signalled when a call ends while someone waits for that.
    let_go: Condvar,
    /// Held by the thread in `wait`.
    seat: Mutex<Seat<M>>,
    channel: Channel,
}

#[derive(Default)]
struct State {
    table: Table,
    calling: Option<Round>,
    kicked: bool,
    woken: bool,
    /// The calls so far.
    rounds: u64,
    /// How many threads wait for the call in progress to end.
    leaving: usize,
}

struct Seat<M> {
    multiplexer: M,
    armed: Vec<Armed>,
    ready: Vec<(usize, Readiness)>,
}

impl<M: Multiplexer> OneShot<M> {
    /// A reactor that watches nothing yet.
    ///
    /// # Errors
    /// If the system does not have the call, or no descriptor is left.
    pub fn new() -> io::Result<Self> {
        let channel = Channel::new()?;
        M::admit(number(channel.watched().into())?)?;
        let seat = Seat { multiplexer: M::new()?, armed: Vec::new(), ready: Vec::new() };
        Ok(Self { state: Mutex::default(), let_go: Condvar::new(), seat: Mutex::new(seat), channel })
    }

    /// The state. A poisoned mutex is taken all the same: each critical section leaves the state whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the call in progress, if there is one, end. Signals without the mutex, so that the waiter it wakes does not
    /// run into it; a signal that arrives only in a later call ends that one for nothing.
    fn kick(&self, mut state: MutexGuard<'_, State>) -> io::Result<()> {
        if state.calling.is_none() || state.kicked {
            return Ok(());
        }
        state.kicked = true;
        drop(state);
        self.channel.signal().inspect_err(|_| self.state().kicked = false)
    }

    /// Waits until the call `round` has ended.
    fn wait_for_end(&self, round: Round) {
        let mut state = self.state();
        state.leaving += 1;
        while state.calling == Some(round) {
            state = self.let_go.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.leaving -= 1;
    }

    /// Makes one call.
    fn call(&self, seat: &mut Seat<M>, deadline: &Deadline) -> io::Result<()> {
        let Seat { multiplexer, armed, ready } = seat;
        let (_calling, timeout) = Calling::begin(self, armed, deadline);
        ready.clear();
        let signalled = match multiplexer.call(self.channel.watched(), armed, timeout, ready) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        };
        if signalled { self.channel.clear() } else { Ok(()) }
    }

    /// Turns what the call said into events; says whether the wait is over.
    fn collect(&self, seat: &Seat<M>, events: &mut Events, over: bool) -> bool {
        let mut state = self.state();
        for &(index, readiness) in &seat.ready {
            if events.len() == events.capacity() {
                break;
            }
            let armed = &seat.armed[index];
            if state.table.fire(armed) {
                events.push(Event { token: armed.token, readiness });
            }
        }
        let over = over || state.woken || !events.is_empty();
        if over {
            state.woken = false;
        }
        over
    }
}

/// Evidence that a call is in progress; dropping it ends that.
struct Calling<'a, M: Multiplexer>(&'a OneShot<M>);

impl<'a, M: Multiplexer> Calling<'a, M> {
    /// Takes the snapshot that the call will watch, and says how long it may last.
    fn begin(reactor: &'a OneShot<M>, armed: &mut Vec<Armed>, deadline: &Deadline) -> (Self, Option<Duration>) {
        let mut state = reactor.state();
        state.table.snapshot(armed);
        state.rounds += 1;
        state.calling = Some(Round(state.rounds));
        state.kicked = false;
        // A wake that came before the call has sent no signal.
        let remaining = if state.woken { Some(Duration::ZERO) } else { deadline.remaining() };
        (Self(reactor), remaining.map(|remaining| remaining.min(LONGEST_CALL)))
    }
}

impl<M: Multiplexer> Drop for Calling<'_, M> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.calling = None;
        let someone_waits = state.leaving > 0;
        drop(state);
        if someone_waits {
            self.0.let_go.notify_all();
        }
    }
}

impl<M: Multiplexer> fmt::Debug for OneShot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneShot").field("name", &M::NAME).finish_non_exhaustive()
    }
}

impl<M: Multiplexer> Reactor for OneShot<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn capabilities(&self) -> Capabilities {
        M::capabilities()
    }

    #[allow(unsafe_code, reason = "the trait's method is unsafe to call")]
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        if token == Token::RESERVED {
            return Err(ReactorError::ReservedToken.into());
        }
        let raw = number(source)?;
        M::admit(raw)?;
        Ok(self.state().table.add(raw, token)?)
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        let raw = number(source)?;
        let mut state = self.state();
        let calling = state.calling;
        if state.table.arm(raw, token, interest, calling)? { self.kick(state) } else { Ok(()) }
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        let raw = number(source)?;
        let mut state = self.state();
        let calling = state.calling;
        let watched = state.table.remove(raw, token, calling)?;
        if let (true, Some(round)) = (watched, calling) {
            self.kick(state)?;
            self.wait_for_end(round);
        }
        Ok(())
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let mut seat = match self.seat.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(seat)) => seat.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ReactorError::AlreadyWaiting.into()),
        };
        let deadline = Deadline::after(timeout);
        loop {
            self.call(&mut seat, &deadline)?;
            if self.collect(&seat, events, deadline.is_over()) {
                return Ok(());
            }
        }
    }

    fn wake(&self) -> io::Result<()> {
        let mut state = self.state();
        state.woken = true;
        self.kick(state)
    }
}
