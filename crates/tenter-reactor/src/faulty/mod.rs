//! A reactor that makes mistakes on purpose, to see whether what stands on it survives them.
//!
//! [`Faulty`] wraps any reactor. A seed decides where its faults strike: the same calls in the same order meet the same
//! faults. (Threads and the system decide about that order, so that a seed is no replay of a whole program.)
//!
//! | fault | what happens | in the contract? |
//! |---|---|---|
//! | [`spurious`](Faults::spurious) | a source is reported as readable or writable that may not be; a one-shot one only if it is armed, and it is disarmed | yes |
//! | [`late`](Faults::late) | an event is held back for some waits, a few milliseconds at most, and never lost | yes, but for waits with a timeout of zero, which are to collect what is there |
//! | [`duplicate`](Faults::duplicate) | an edge is reported twice | yes |
//! | [`reorder`](Faults::reorder) | the events of a wait are shuffled | yes |
//! | [`short`](Faults::short) | a wait reports less than there is and fits | yes |
//! | [`refuse`](Faults::refuse), [`fail_arm`](Faults::fail_arm), [`fail_wait`](Faults::fail_wait) | the call fails and has done nothing | yes: errors of the system |
//! | [`early`](Faults::early) | a wait ends with nothing, without a wake and before its time | no: the driver looks at its timers and waits again |
//! | [`interrupted`](Faults::interrupted) | a wait fails with `EINTR` | no: for the driver that is a wait without events |
//! | [`stale`](Faults::stale) | a token is reported after it was deregistered, in a wait that began later | no: the driver drops it by its generation |
//! | [`unarmed`](Faults::unarmed) | a one-shot source is reported though it is not armed | no: the driver remembers that it may be ready, as with an edge |
//! | [`unknown`](Faults::unknown) | tokens that nobody issued, and events that say nothing | no: the driver drops them |
//!
//! What nobody can survive is not here: lost events, lost wakes, waits that do not return, memory that is not theirs.
//!
//! # Late events and the trigger
//! An *edge* that is held back still comes after the change it tells of, so whoever hears of it tries again: nothing is
//! lost. A *one-shot* event that is held back has disarmed the source inside already, while the caller takes it for
//! armed. If the caller arms it anew meanwhile, the reactor inside is armed anew too and, being asked about a state,
//! reports again; the event that was held back is void and dropped. Deregistering drops what was held back, unless
//! [`stale`](Faults::stale) wants it.
//!
//! # Examples
//! ```
//! # fn main() -> std::io::Result<()> {
//! use std::time::Duration;
//! use tenter_reactor::{Events, Reactor, faulty::{Faults, Faulty}};
//! # #[cfg(unix)] {
//!
//! let poll = tenter_reactor_poll::new(&Default::default())?;
//! let reactor = Faulty::new(poll, Faults::none(1).early(1.0));
//! let mut events = Events::with_capacity(1);
//! // Early, though nobody woke it: the contract forbids that.
//! reactor.wait(&mut events, None)?;
//! assert!(events.is_empty());
//! assert_eq!(reactor.tally().early, 1);
//! # }
//! # Ok(())
//! # }
//! ```

mod faults;
mod state;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

pub use self::faults::{Faults, When};
use self::state::State;
pub use self::state::Tally;
use crate::{Capabilities, Completions, Deadline, Events, Interest, Reactor, ReactorError, Source, Token, Trigger};

/// The longest call of the reactor within while an event is held back: it must not wait for news that may never come.
const WHILE_HOLDING: Duration = Duration::from_millis(1);

/// A reactor with faults, see the [module](self). Name and capabilities are those of the reactor within.
pub struct Faulty {
    inner: Arc<dyn Reactor>,
    /// Set by `wake` before it wakes the reactor within, taken by the `wait` that it ends. Without it, a call of the
    /// reactor within that ends with nothing could be a wake, or the end of [`WHILE_HOLDING`].
    woken: AtomicBool,
    /// What the reactor within says; held by the thread in `wait`.
    seat: Mutex<Events>,
    state: Mutex<State>,
}

/// What to do before the reactor within is called.
enum Before {
    Wait,
    Return,
    Fail(io::Error),
}

impl Faulty {
    /// Gives `inner` these faults.
    #[must_use]
    pub fn new(inner: Arc<dyn Reactor>, faults: Faults) -> Arc<Self> {
        let one_shot = inner.capabilities().trigger == Trigger::OneShot;
        Arc::new(Self {
            inner,
            woken: AtomicBool::new(false),
            seat: Mutex::new(Events::with_capacity(1)),
            state: Mutex::new(State::new(faults, one_shot)),
        })
    }

    /// How often each fault has struck so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.state().tally
    }

    /// A poisoned lock is taken all the same: what it guards is whole after every statement.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call of the reactor within; moves what it says into `events`, as the faults will have it.
    fn call(&self, found: &mut Events, events: &mut Events, deadline: &Deadline) -> io::Result<()> {
        let (capacity, most) = self.state().before_call(events.capacity());
        found.set_capacity(capacity);
        let timeout = match (deadline.remaining(), most) {
            (remaining, None) => remaining,
            (None, Some(most)) => Some(most),
            (Some(remaining), Some(most)) => Some(remaining.min(most)),
        };
        self.inner.wait(found, timeout)?;
        self.state().after_call(&*self.inner, found, events);
        Ok(())
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").field("inner", &self.inner.name()).finish_non_exhaustive()
    }
}

impl Reactor for Faulty {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    #[allow(unsafe_code, reason = "the trait's method is unsafe to call")]
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.state().may_register()?;
        // SAFETY: the caller's promise. The state keeps the number only until `deregister`.
        unsafe { self.inner.register(source, token)? };
        self.state().registered(source, token);
        Ok(())
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        // Under the lock, so that no spurious event disarms what is about to be armed.
        let mut state = self.state();
        if let Err(error) = state.may_arm() {
            let _ = self.inner.arm(source, token, Interest::NONE);
            state.armed(token, Interest::NONE);
            return Err(error);
        }
        self.inner.arm(source, token, interest)?;
        state.armed(token, interest);
        Ok(())
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        // Before the reactor within, for afterwards the number may be someone else's. Not under the lock: the reactor
        // within may wait for the end of a call, whose thread needs the lock then.
        let forgotten = self.state().forget(token);
        let result = self.inner.deregister(source, token);
        if let (Err(_), Some(entry)) = (&result, forgotten) {
            self.state().remember(token, entry);
        }
        result
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let mut found = match self.seat.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(seat)) => seat.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ReactorError::AlreadyWaiting.into()),
        };
        let before = self.state().before_wait();
        match before {
            Before::Wait => {}
            Before::Return => return Ok(()),
            Before::Fail(error) => return Err(error),
        }
        let deadline = Deadline::after(timeout);
        loop {
            self.call(&mut found, events, &deadline)?;
            // A wake that has set this and not yet woken the reactor within makes a later call of it end for nothing.
            let woken = self.woken.swap(false, Ordering::AcqRel);
            if woken || !events.is_empty() || deadline.is_over() {
                return Ok(());
            }
        }
    }

    fn wake(&self) -> io::Result<()> {
        self.woken.store(true, Ordering::Release);
        self.inner.wake()
    }

    fn completions(&self) -> Option<&dyn Completions> {
        self.inner.completions()
    }
}
