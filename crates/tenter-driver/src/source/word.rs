//! The packed word of a source: generation, tick, readiness and who waits, in one atomic.
//!
//! The protocol and why it loses no event are in this crate's `README.md`.

use tenter_core::sync::atomic::{AtomicU64, Ordering};
use tenter_reactor::Readiness;

use super::direction::Direction;
use super::slot::Generation;

/// What a source was seen to be ready for, and at which tick.
///
/// It is the evidence that [`Registration::clear_ready`](crate::Registration::clear_ready) asks for: readiness that
/// came after it was taken stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    tick: u32,
    readiness: Readiness,
    /// Whether the operation that was tried took all there was, see [`Ready::drained`].
    drained: bool,
}

impl Ready {
    /// What a new source is taken for, both ways, until its first event comes.
    ///
    /// Clearing with this makes the next wait one for that event, without an attempt before: for a socket that is
    /// known not to be ready, because it has only just begun to connect. It does nothing once an event has come.
    pub const ASSUMED: Self = Self { tick: 0, readiness: Readiness::READ.union(Readiness::WRITE), drained: false };

    /// What a finished registration shows.
    pub(crate) const NOTHING: Self = Self { tick: 0, readiness: Readiness::NONE, drained: false };

    /// All bits that are set. Closed and error bits stay set once they were seen.
    #[must_use]
    pub const fn readiness(self) -> Readiness {
        self.readiness
    }

    /// The same evidence for an operation that went through and moved fewer bytes than it could: a short read or write
    /// of a stream socket, which so found it empty or full without asking once more.
    ///
    /// Clearing with this does nothing if an end, an error or urgent data was reported (an end can come as one edge with
    /// the last bytes, and a read stops short at urgent data), or if the reactor has no
    /// [true edges](tenter_reactor::Capabilities::true_edges). So it is never needed, but spares the attempt that would
    /// say [`WouldBlock`](std::io::ErrorKind::WouldBlock). Not for an operation that moved nothing, and not for
    /// objects whose reads end at message boundaries.
    #[must_use]
    #[inline]
    pub const fn drained(self) -> Self {
        Self { drained: true, ..self }
    }

    pub(crate) const fn is_drained(self) -> bool {
        self.drained
    }

    /// Whether an operation of `direction` is worth a try.
    #[must_use]
    #[inline]
    pub const fn is_ready(self, direction: Direction) -> bool {
        self.readiness.contains(direction.ready())
    }
}

/// What [`SourceWord::begin_wait`] found.
#[derive(Debug)]
pub(crate) enum Begin {
    /// Nothing is ready: the waiting bit is set.
    Waiting,
    /// Something came in the meantime.
    Ready(Ready),
    /// The registration is over.
    Gone,
}

/// The fields of the word, from the low bits up.
///
/// | bits | field | set by | cleared by |
/// |---|---|---|---|
/// | 0–5 | readiness | `open` (read, write), `publish` | `clear*` (read and write with their tick unchanged), `close` |
/// | 6, 7 | read / write has waiters | `begin_wait`, under the entry's lock | `publish`, whose caller then takes the waiters; `end_wait` and `close`, under the entry's lock |
/// | 9–31 | tick, modulo 2^23 | `publish` adds one | `open` starts at 0 |
/// | 32–63 | generation | `close` adds one, under the entry's lock | – |
///
/// `clear` with a tick that is 2^23 events old to the number could take readiness away; an operation would have to
/// sleep between its system call and its `clear` for that many events of its own source.
#[derive(Clone, Copy)]
struct State(u64);

const WAITING_SHIFT: u32 = 6;
const TICK_SHIFT: u32 = 9;
const TICK_MASK: u64 = (1 << 23) - 1;
const GENERATION_SHIFT: u32 = 32;

impl State {
    fn generation(self) -> Generation {
        Generation::new((self.0 >> GENERATION_SHIFT) as u32)
    }

    fn is_of(self, generation: Generation) -> bool {
        self.generation() == generation
    }

    fn tick(self) -> u32 {
        ((self.0 >> TICK_SHIFT) & TICK_MASK) as u32
    }

    fn readiness(self) -> Readiness {
        Readiness::from_bits((self.0 & u64::from(Readiness::ALL.bits())) as u8)
    }

    fn ready(self) -> Ready {
        Ready { tick: self.tick(), readiness: self.readiness(), drained: false }
    }

    fn waiting(direction: Direction) -> u64 {
        1 << (WAITING_SHIFT + direction.index() as u32)
    }

    fn has_waiters(self, direction: Direction) -> bool {
        self.0 & Self::waiting(direction) != 0
    }

    /// Adds what an event said, and counts it. A closed or failed direction counts as ready: an operation will say
    /// how it ended.
    fn with_event(self, readiness: Readiness) -> Self {
        let mut added = readiness;
        for direction in Direction::BOTH {
            if direction.is_hit_by(readiness) {
                added |= direction.ready();
            }
        }
        let tick = u64::from(self.tick()).wrapping_add(1) & TICK_MASK;
        let rest = self.0 & !(TICK_MASK << TICK_SHIFT);
        Self(rest | u64::from(added.bits()) | (tick << TICK_SHIFT))
    }

    /// Leaves the waiters of the directions that an event concerns to whoever published it.
    fn without_waiting(self, readiness: Readiness) -> Self {
        let hit = Direction::BOTH.into_iter().filter(|direction| direction.is_hit_by(readiness));
        Self(hit.fold(self.0, |state, direction| state & !Self::waiting(direction)))
    }

    fn without_ready(self, direction: Direction) -> Self {
        let gone = match direction {
            Direction::Read => Readiness::READ | Readiness::PRIORITY,
            Direction::Write => Readiness::WRITE,
        };
        Self(self.0 & !u64::from(gone.bits()))
    }
}

/// Which directions had waiters when an event was published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited([bool; 2]);

impl Waited {
    /// Whether the event has someone to wake.
    pub(crate) fn is_hit_by(self, readiness: Readiness) -> bool {
        Direction::BOTH.into_iter().any(|direction| self.0[direction.index()] && direction.is_hit_by(readiness))
    }
}

/// The atomic word of one source. All orderings of the protocol are here.
#[derive(Debug)]
pub(crate) struct SourceWord(AtomicU64);

impl SourceWord {
    /// The word of a slot that nobody has used yet.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The present life of the slot.
    pub(crate) fn generation(&self) -> Generation {
        State(self.0.load(Ordering::Acquire)).generation()
    }

    /// Starts a life: assumed ready both ways, so that the first operation is tried at once. Excluded from all else
    /// by the slab: the slot is on no list and its token was never given out.
    pub(crate) fn open(&self) {
        let assumed = Readiness::READ | Readiness::WRITE;
        let generation = u64::from(self.generation().get());
        self.0.swap((generation << GENERATION_SHIFT) | u64::from(assumed.bits()), Ordering::AcqRel);
    }

    /// Ends a life: tokens and registrations of it no longer match. Called under the entry's lock. An exchange, so
    /// that the word's history is one chain of read-modify-writes and a late `publish` can only come before it.
    pub(crate) fn close(&self) {
        let next = u64::from(self.generation().next().get());
        self.0.swap(next << GENERATION_SHIFT, Ordering::AcqRel);
    }

    /// What the source is ready for; `None` if its registration is over. Acquire: an operation tried after this
    /// sees what the events up to its tick announced.
    #[inline]
    pub(crate) fn look(&self, generation: Generation) -> Option<Ready> {
        let state = State(self.0.load(Ordering::Acquire));
        state.is_of(generation).then(|| state.ready())
    }

    /// Adds an event and takes the waiting bits of the directions that it concerns: whoever waits there is now the
    /// caller's to wake. `None` if the event is stale.
    #[inline]
    pub(crate) fn publish(&self, generation: Generation, readiness: Readiness) -> Option<Waited> {
        self.update(|state| state.is_of(generation).then(|| state.with_event(readiness).without_waiting(readiness)))
            .map(|before| Waited(Direction::BOTH.map(|direction| before.has_waiters(direction))))
            .ok()
    }

    /// Takes the readiness of `direction` away, unless an event came since `seen`, or `seen` says no more than that the
    /// source was drained, and there is more to it than bytes.
    #[inline]
    pub(crate) fn clear(&self, generation: Generation, seen: Ready, direction: Direction) {
        // Nothing to do when it fails: newer readiness, or a finished registration.
        let _ = self.update(|state| {
            let kept = seen.is_drained() && state.readiness().intersects(direction.undrainable());
            (state.is_of(generation) && state.tick() == seen.tick && !kept).then(|| state.without_ready(direction))
        });
    }

    /// Sets the waiting bit of `direction`, unless it is ready. Called under the entry's lock.
    #[inline]
    pub(crate) fn begin_wait(&self, generation: Generation, direction: Direction) -> Begin {
        let waits = |state: State| {
            let may_wait = state.is_of(generation) && !state.ready().is_ready(direction);
            may_wait.then_some(State(state.0 | State::waiting(direction)))
        };
        match self.update(waits) {
            Ok(_) => Begin::Waiting,
            Err(state) if state.is_of(generation) => Begin::Ready(state.ready()),
            Err(_) => Begin::Gone,
        }
    }

    /// Takes the waiting bit of `direction` away. Called under the entry's lock, which orders it.
    pub(crate) fn end_wait(&self, direction: Direction) {
        self.0.fetch_and(!State::waiting(direction), Ordering::Relaxed);
    }

    /// Compare-and-swaps until `change` is applied (the state before) or declines (the state it declined).
    ///
    /// AcqRel and Acquire: each change continues the release sequence of the events before it.
    #[inline]
    fn update(&self, mut change: impl FnMut(State) -> Option<State>) -> Result<State, State> {
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| change(State(state)).map(|state| state.0))
            .map(State)
            .map_err(State)
    }
}
