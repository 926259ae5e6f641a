//! What is registered, what is held back, and where the faults strike.

use std::io;
use std::time::Duration;

use fastrand::Rng;

use super::faults::{Failure, Faults, When};
use super::{Before, WHILE_HOLDING};
use crate::raw::RawSource;
use crate::{Event, Events, Interest, Reactor, Readiness, Source, Token};

/// The most spurious events of one wait.
const MOST_SPURIOUS: usize = 3;

/// The most deregistered tokens that are kept to be reported once more.
const MOST_DEAD: usize = 16;

/// How often each fault has struck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Events made up.
    pub spurious: u64,
    /// Events held back.
    pub late: u64,
    /// Events reported twice.
    pub duplicates: u64,
    /// Waits whose events were shuffled.
    pub reordered: u64,
    /// Waits that were to report less than fits.
    pub short: u64,
    /// Waits that ended with nothing before their time.
    pub early: u64,
    /// Waits that were interrupted.
    pub interrupted: u64,
    /// Tokens reported after they were deregistered.
    pub stale: u64,
    /// Events of one-shot sources that were not armed.
    pub unarmed: u64,
    /// Events that nobody could have meant.
    pub unknown: u64,
    /// Registrations refused.
    pub refused: u64,
    /// Armings that failed.
    pub arm_failures: u64,
    /// Waits that failed otherwise.
    pub wait_failures: u64,
}

/// A registered source.
#[derive(Debug)]
pub(super) struct Entry {
    raw: Option<RawSource>,
    /// One-shot: what the caller armed, and no event has been taken for since.
    armed: Interest,
}

/// What is registered, by token. (A `BTreeMap` would do as well, and be 20 KB of every program: the environment may ask
/// for faults in each.)
#[derive(Debug, Default)]
struct Sources(Vec<(Token, Entry)>);

impl Sources {
    fn find(&self, token: Token) -> Result<usize, usize> {
        self.0.binary_search_by_key(&token.0, |&(token, _)| token.0)
    }

    fn get(&self, token: Token) -> Option<&Entry> {
        Some(&self.0[self.find(token).ok()?].1)
    }

    fn get_mut(&mut self, token: Token) -> Option<&mut Entry> {
        let at = self.find(token).ok()?;
        Some(&mut self.0[at].1)
    }

    fn insert(&mut self, token: Token, entry: Entry) {
        match self.find(token) {
            Ok(at) => self.0[at].1 = entry,
            Err(at) => self.0.insert(at, (token, entry)),
        }
    }

    fn remove(&mut self, token: Token) -> Option<Entry> {
        Some(self.0.remove(self.find(token).ok()?).1)
    }
}

/// An event that is held back.
#[derive(Debug)]
struct Held {
    event: Event,
    /// How many calls more.
    turns: u32,
}

/// What a call of the reactor within is to be followed by; then it does not wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct MadeUp {
    spurious: bool,
    stale: bool,
    unknown: bool,
}

pub(super) struct State {
    faults: Faults,
    one_shot: bool,
    sources: Sources,
    held: Vec<Held>,
    made_up: MadeUp,
    /// Tokens to report once more.
    dead: Vec<Token>,
    /// Decides about waits; one thread at a time waits, so that these decisions are a sequence.
    waits: Rng,
    /// Decides about the calls of other threads.
    calls: Rng,
    counts: [u64; 3],
    pub(super) tally: Tally,
}

const REGISTER: usize = 0;
const ARM: usize = 1;
const WAIT: usize = 2;

impl State {
    pub(super) fn new(faults: Faults, one_shot: bool) -> Self {
        let mut waits = Rng::with_seed(faults.seed);
        Self {
            faults,
            one_shot,
            sources: Sources::default(),
            held: Vec::new(),
            made_up: MadeUp::default(),
            dead: Vec::new(),
            calls: waits.fork(),
            waits,
            counts: [0; 3],
            tally: Tally::default(),
        }
    }

    fn strikes(&mut self, chance: f64) -> bool {
        // Asked for nothing, the sequence stays what it is without that fault.
        chance > 0.0 && self.waits.f64() < chance
    }

    /// The error of the first failure that strikes this call.
    fn fail(rng: &mut Rng, count: u64, failures: &[Failure]) -> io::Result<()> {
        let strikes = |failure: &&Failure| match failure.when {
            When::Chance(chance) => rng.f64() < chance,
            When::Nth(nth) => count == nth,
        };
        failures.iter().find(strikes).map_or(Ok(()), |failure| Err((failure.error)()))
    }

    pub(super) fn may_register(&mut self) -> io::Result<()> {
        self.counts[REGISTER] += 1;
        Self::fail(&mut self.calls, self.counts[REGISTER], &self.faults.refusals)
            .inspect_err(|_| self.tally.refused += 1)
    }

    pub(super) fn may_arm(&mut self) -> io::Result<()> {
        self.counts[ARM] += 1;
        Self::fail(&mut self.calls, self.counts[ARM], &self.faults.arm_failures)
            .inspect_err(|_| self.tally.arm_failures += 1)
    }

    pub(super) fn before_wait(&mut self) -> Before {
        self.counts[WAIT] += 1;
        if let Err(error) = Self::fail(&mut self.waits, self.counts[WAIT], &self.faults.wait_failures) {
            self.tally.wait_failures += 1;
            return Before::Fail(error);
        }
        if self.strikes(self.faults.interrupted) {
            self.tally.interrupted += 1;
            return Before::Fail(io::ErrorKind::Interrupted.into());
        }
        if self.strikes(self.faults.early) {
            self.tally.early += 1;
            return Before::Return;
        }
        Before::Wait
    }

    pub(super) fn registered(&mut self, source: Source<'_>, token: Token) {
        self.remember(token, Entry { raw: RawSource::of(source), armed: Interest::NONE });
    }

    pub(super) fn remember(&mut self, token: Token, entry: Entry) {
        self.sources.insert(token, entry);
    }

    pub(super) fn armed(&mut self, token: Token, interest: Interest) {
        if let Some(entry) = self.sources.get_mut(token) {
            entry.armed = interest;
        }
    }

    /// Forgets a source, with what is held back of it.
    pub(super) fn forget(&mut self, token: Token) -> Option<Entry> {
        let entry = self.sources.remove(token)?;
        self.held.retain(|held| held.event.token != token);
        if self.faults.stale > 0.0 && self.dead.len() < MOST_DEAD {
            self.dead.push(token);
        }
        Some(entry)
    }
}

/// What happens to events.
impl State {
    /// How many events the reactor within may report, and how long its call may last if there is something to report
    /// without it.
    pub(super) fn before_call(&mut self, capacity: usize) -> (usize, Option<Duration>) {
        let short = capacity > 1 && self.strikes(self.faults.short);
        if short {
            self.tally.short += 1;
        }
        let room = if short { self.waits.usize(1..capacity) } else { capacity };
        self.made_up = MadeUp {
            spurious: !self.sources.0.is_empty() && self.strikes(self.faults.spurious),
            stale: !self.dead.is_empty() && self.strikes(self.faults.stale),
            unknown: self.strikes(self.faults.unknown),
        };
        let due = self.made_up != MadeUp::default() || self.held.iter().any(|held| held.turns == 0);
        let most = if due { Some(Duration::ZERO) } else { (!self.held.is_empty()).then_some(WHILE_HOLDING) };
        (room, most)
    }

    /// Takes in what the reactor within reported, and gives out what the caller is to see of it.
    pub(super) fn after_call(&mut self, inner: &dyn Reactor, found: &Events, events: &mut Events) {
        let mut batch = self.release();
        for event in found {
            self.take_in(*event, &mut batch);
        }
        self.make_up(inner, &mut batch);
        // What was held back comes first, so that nothing is put off twice while there is room.
        let rest = batch.split_off(batch.len().min(events.capacity()));
        self.held.extend(rest.into_iter().map(|event| Held { event, turns: 0 }));
        if batch.len() > 1 && self.strikes(self.faults.reorder) {
            self.tally.reordered += 1;
            self.waits.shuffle(&mut batch);
        }
        batch.into_iter().for_each(|event| events.push(event));
    }

    /// What has been held back long enough.
    fn release(&mut self) -> Vec<Event> {
        let mut due = Vec::new();
        for mut held in std::mem::take(&mut self.held) {
            if held.turns > 1 {
                held.turns -= 1;
                self.held.push(held);
            } else if !self.is_void(held.event.token) {
                due.push(held.event);
            }
        }
        due
    }

    /// Whether a held event is to be dropped: its source was armed anew, and the reactor within will say what there is.
    fn is_void(&mut self, token: Token) -> bool {
        let armed = self.sources.get(token).is_some_and(|entry| !entry.armed.is_empty());
        if !(self.one_shot && armed) {
            return false;
        }
        let reported = self.strikes(self.faults.unarmed);
        self.tally.unarmed += u64::from(reported);
        !reported
    }

    fn take_in(&mut self, event: Event, batch: &mut Vec<Event>) {
        let Some(entry) = self.sources.get_mut(event.token) else {
            // Taken before it was deregistered: allowed now, and too late afterwards.
            return batch.push(event);
        };
        entry.armed = Interest::NONE;
        let twice = self.strikes(if self.one_shot { self.faults.unarmed } else { self.faults.duplicate });
        if twice {
            self.tally.duplicates += 1;
            self.tally.unarmed += u64::from(self.one_shot);
            let turns = self.waits.u32(0..=self.faults.turns);
            self.held.push(Held { event, turns });
        }
        if self.strikes(self.faults.late) {
            self.tally.late += 1;
            let turns = self.waits.u32(1..=self.faults.turns);
            self.held.push(Held { event, turns });
        } else {
            batch.push(event);
        }
    }

    /// Adds events that nothing has happened for.
    fn make_up(&mut self, inner: &dyn Reactor, batch: &mut Vec<Event>) {
        let made_up = std::mem::take(&mut self.made_up);
        if made_up.spurious {
            for _ in 0..self.waits.usize(1..=MOST_SPURIOUS) {
                self.make_up_one(inner, batch);
            }
        }
        if made_up.stale {
            self.tally.stale += 1;
            let token = self.dead.swap_remove(self.waits.usize(..self.dead.len()));
            batch.push(Event { token, readiness: Readiness::READ | Readiness::WRITE });
        }
        if made_up.unknown {
            self.tally.unknown += 1;
            let token = if self.waits.bool() { Token(usize::MAX / 3) } else { Token::RESERVED };
            batch.push(Event { token, readiness: Readiness::ALL });
            if let Some(&(token, _)) = self.sources.0.first() {
                batch.push(Event { token, readiness: Readiness::NONE });
            }
        }
    }

    /// Reports any source. A one-shot one that is armed is disarmed first, as an event does.
    fn make_up_one(&mut self, inner: &dyn Reactor, batch: &mut Vec<Event>) {
        // Another thread may have deregistered the last one meanwhile.
        let nth = self.waits.usize(..self.sources.0.len().max(1));
        let readiness = match self.waits.u8(0..3) {
            0 => Readiness::READ,
            1 => Readiness::WRITE,
            _ => Readiness::READ | Readiness::WRITE,
        };
        let unarmed = self.one_shot && self.strikes(self.faults.unarmed);
        let Some((token, entry)) = self.sources.0.get_mut(nth) else { return };
        let token = *token;
        if self.one_shot && !unarmed {
            let (Some(raw), false) = (entry.raw, entry.armed.is_empty()) else { return };
            #[allow(unsafe_code, reason = "the number of a registered source is lent out")]
            // SAFETY: the source is registered: `deregister` takes it out of the table, which we have the lock of, before
            // it returns, and until then it is open by `register`'s promise.
            let disarmed = unsafe { raw.with(|source| inner.arm(source, token, Interest::NONE)) };
            if disarmed.is_err() {
                return;
            }
            entry.armed = Interest::NONE;
        }
        self.tally.spurious += 1;
        self.tally.unarmed += u64::from(unarmed);
        batch.push(Event { token, readiness });
    }
}
