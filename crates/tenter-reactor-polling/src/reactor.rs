//! The reactor.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use polling::{PollMode, Poller};
use tenter_reactor::{Capabilities, Deadline, Event, Events, Interest, Reactor, ReactorError, Source, Token, Trigger};

use crate::kernel::{self, Interface, Kernel, Key};
use crate::table::Table;

/// The longest single call: what every system can take.
const LONGEST_CALL: Duration = Duration::from_secs(24 * 60 * 60);

/// A reactor on a [`Poller`].
#[derive(Debug)]
pub struct PollingReactor {
    name: &'static str,
    poller: Poller,
    capabilities: Capabilities,
    state: Mutex<State>,
    /// Held by the thread in `wait`.
    seat: Mutex<Seat>,
}

#[derive(Debug, Default)]
struct State {
    table: Table,
    /// Whether a thread is in polling's `wait`, or about to be.
    calling: bool,
    /// Whether that call has been told to end.
    kicked: bool,
    /// Whether there was a wake that has not ended a `wait` yet.
    woken: bool,
}

#[derive(Debug)]
struct Seat {
    buffer: polling::Events,
    /// Events beyond the caller's capacity: polling's own on poll(2) knows none.
    surplus: VecDeque<Event>,
    /// Whether the last call failed. polling may then still think that it has been notified.
    failed: bool,
}

impl PollingReactor {
    /// A reactor that watches nothing yet; edge-triggered where polling is.
    ///
    /// # Errors
    /// What polling says: no descriptor is left, or the system lacks the interface (`\Device\Afd` on old versions of
    /// Wine).
    ///
    /// # Examples
    /// ```
    /// use tenter_reactor::{Reactor, Trigger};
    /// use tenter_reactor_polling::PollingReactor;
    ///
    /// let trigger = PollingReactor::new()?.capabilities().trigger;
    /// assert_eq!(trigger == Trigger::Edge, polling::Poller::new()?.supports_edge());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        let trigger = if poller.supports_edge() { Trigger::Edge } else { Trigger::OneShot };
        Ok(Self::with_trigger(poller, trigger))
    }

    /// A one-shot reactor that watches nothing yet, also where polling has edges.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn one_shot() -> io::Result<Self> {
        Ok(Self::with_trigger(Poller::new()?, Trigger::OneShot))
    }

    fn with_trigger(poller: Poller, trigger: Trigger) -> Self {
        let mut capabilities = Capabilities::new(trigger);
        capabilities.timer_granularity = Kernel::granularity();
        // Not `true_edges`, on no system: polling does not ask for half-closes (`EPOLLRDHUP`), so an end that comes with
        // data is told by another read only.
        capabilities.regular_files = Kernel::REGULAR_FILES;
        capabilities.urgent_data = Kernel::URGENT_DATA;
        capabilities.waitable_handles = Kernel::WAITABLE_HANDLES;
        let seat = Seat { buffer: polling::Events::new(), surplus: VecDeque::new(), failed: false };
        Self { name: crate::NAME, poller, capabilities, state: Mutex::default(), seat: Mutex::new(seat) }
    }

    /// The same reactor under another name, for crates that are names of it.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// The interface that polling uses on this system: `"epoll"`, `"kqueue"`, `"event ports"`, `"IOCP"` or `"poll"`.
    #[must_use]
    pub const fn interface() -> &'static str {
        Kernel::NAME
    }

    /// The poller, for what polling offers beyond this trait (`polling::os`). Sources that are registered here must not
    /// be changed there.
    #[must_use]
    pub fn poller(&self) -> &Poller {
        &self.poller
    }

    /// Announces one event under a token of no source, such as one that is [posted](Self::poller). A one-shot reactor
    /// would drop it otherwise: it could be that of a source which was deregistered.
    pub fn announce(&self, token: Token) {
        self.state().table.expect(token);
    }

    /// Takes an [announcement](Self::announce) back.
    pub fn retract(&self, token: Token) {
        self.state().table.expected(token);
    }

    /// The state. A poisoned mutex is taken all the same: each critical section leaves the state whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_edge(&self) -> bool {
        self.capabilities.trigger == Trigger::Edge
    }

    /// Makes the call in progress, if there is one, end. Notifies without the mutex, so that the waiter it wakes does
    /// not run into it; a notification that arrives only in a later call ends that one for nothing.
    fn kick(&self, mut state: MutexGuard<'_, State>) -> io::Result<()> {
        if !state.calling || state.kicked {
            return Ok(());
        }
        state.kicked = true;
        drop(state);
        self.poller.notify().inspect_err(|_| self.state().kicked = false)
    }

    /// Adds a source, or leaves nothing behind.
    fn add(&self, key: Key, token: Token, interest: Interest, mode: PollMode) -> io::Result<()> {
        kernel::add(&self.poller, key, kernel::event(token, interest), mode).map_err(|error| {
            // polling may remember a source that the system has refused.
            let _ = kernel::delete(&self.poller, key);
            typed(error)
        })
    }

    /// Makes one call.
    fn call(&self, seat: &mut Seat, deadline: &Deadline) -> io::Result<()> {
        let Seat { buffer, surplus, failed } = seat;
        let (_calling, timeout) = Calling::begin(self, deadline, !surplus.is_empty() || *failed);
        buffer.clear();
        *failed = true;
        self.poller.wait(buffer, timeout)?;
        *failed = false;
        Ok(())
    }

    /// Turns what the call said into events; says whether the wait is over.
    fn collect(&self, seat: &mut Seat, events: &mut Events, over: bool) -> bool {
        let Seat { buffer, surplus, .. } = seat;
        let mut state = self.state();
        while let Some(event) = (events.len() < events.capacity()).then(|| surplus.pop_front()).flatten() {
            if self.is_edge() || state.table.source(event.token).is_some() {
                events.push(event);
            }
        }
        for said in buffer.iter() {
            let event = Event { token: Token(said.key), readiness: kernel::readiness(&said) };
            if event.readiness.is_empty() || !(self.is_edge() || self.fires(&mut state.table, event.token)) {
                continue;
            }
            if events.len() < events.capacity() { events.push(event) } else { surplus.push_back(event) }
        }
        let over = over || state.woken || !events.is_empty();
        if over {
            state.woken = false;
        }
        over
    }

    /// One-shot: whether an event of `token` is somebody's. Its source is disarmed.
    fn fires(&self, table: &mut Table, token: Token) -> bool {
        match table.source(token) {
            None => table.expected(token),
            Some((key, entry)) => {
                if !Kernel::EVENTS_DISARM {
                    // The source is in the list, so this cannot fail but by a broken promise to `register`.
                    let _ = kernel::delete(&self.poller, key);
                    entry.added = false;
                }
                true
            }
        }
    }
}

/// Evidence that a call is in progress; dropping it ends that.
struct Calling<'a>(&'a PollingReactor);

impl<'a> Calling<'a> {
    /// Says how long the call may last.
    fn begin(reactor: &'a PollingReactor, deadline: &Deadline, urgent: bool) -> (Self, Option<Duration>) {
        let mut state = reactor.state();
        state.calling = true;
        state.kicked = false;
        // A wake that came before the call has sent no notification.
        let remaining = if state.woken || urgent { Some(Duration::ZERO) } else { deadline.remaining() };
        (Self(reactor), remaining.map(|remaining| remaining.min(LONGEST_CALL)))
    }
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.0.state().calling = false;
    }
}

/// An error of adding a source, in the contract's words.
fn typed(error: io::Error) -> io::Error {
    if Kernel::is_unwatchable(&error) {
        return ReactorError::Unwatchable.into();
    }
    match error.kind() {
        io::ErrorKind::AlreadyExists => ReactorError::AlreadyRegistered.into(),
        // fs.epoll.max_user_watches.
        io::ErrorKind::StorageFull => ReactorError::SourceLimit { limit: None }.into(),
        _ => error,
    }
}

impl Reactor for PollingReactor {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    #[allow(unsafe_code, reason = "the trait's method is unsafe to call")]
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        if token == Token::RESERVED {
            return Err(ReactorError::ReservedToken.into());
        }
        if Kernel::refuses(source) {
            return Err(ReactorError::Unwatchable.into());
        }
        let key = Key::of(source)?;
        let mut state = self.state();
        state.table.vacant(key)?;
        if self.is_edge() {
            self.add(key, token, Interest::ALL, PollMode::Edge)?;
        } else {
            // Only to see whether it can be. What nobody awaits is not left in the poller: errors and hang-ups are
            // reported unasked, or worse (on IOCP) keep a wait busy that reports nothing.
            self.add(key, token, Interest::NONE, PollMode::Oneshot)?;
            kernel::delete(&self.poller, key)?;
        }
        state.table.insert(key, token, self.is_edge());
        Ok(())
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        if self.is_edge() {
            return Err(ReactorError::NotArmable.into());
        }
        let key = Key::of(source)?;
        let mut state = self.state();
        let entry = state.table.get(key, token)?;
        if interest.is_empty() {
            return if std::mem::take(&mut entry.added) { kernel::delete(&self.poller, key) } else { Ok(()) };
        }
        if entry.added {
            kernel::modify(&self.poller, key, kernel::event(token, interest), PollMode::Oneshot)?;
        } else {
            self.add(key, token, interest, PollMode::Oneshot)?;
            entry.added = true;
        }
        if Kernel::CHANGES_REACH_WAITS { Ok(()) } else { self.kick(state) }
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        let key = Key::of(source)?;
        let mut state = self.state();
        let entry = state.table.remove(key, token)?;
        if entry.added { kernel::delete(&self.poller, key) } else { Ok(()) }
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let mut seat = match self.seat.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(seat)) => seat.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ReactorError::AlreadyWaiting.into()),
        };
        let deadline = Deadline::after(timeout);
        if seat.buffer.capacity().get() < events.capacity() {
            let capacity = NonZeroUsize::new(events.capacity()).unwrap_or(NonZeroUsize::MIN);
            seat.buffer = polling::Events::with_capacity(capacity);
        }
        let mut rounds = 0;
        loop {
            self.call(&mut seat, &deadline)?;
            rounds += 1;
            let over = deadline.is_over() && rounds >= Kernel::ROUNDS;
            if self.collect(&mut seat, events, over) {
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
