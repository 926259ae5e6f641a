//! What the primary owes, and whether it had the time to pay.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::findings::{Finding, Findings, Kind};
use super::oracle::Oracle;
use crate::raw::RawSource;
use crate::{Events, Interest, Readiness, Source, Token};

const DIRECTIONS: [Interest; 2] = [Interest::READ, Interest::WRITE];

/// One direction of a source.
#[derive(Clone, Copy, Debug, Default)]
struct Direction {
    /// Edge: since when the primary owes a report as soon as it is ready. The last look that found it not ready, or the
    /// registration; `None` when the report was made or is known to be missing.
    quiet: Option<Instant>,
    /// Edge: the last report.
    reported: Option<Instant>,
    /// When it was first found to be owed, and how many waits had come back by then.
    owed: Option<(Instant, u64)>,
}

#[derive(Debug)]
struct Entry {
    raw: RawSource,
    /// One-shot: what is armed, and not known to be missing.
    armed: Interest,
    directions: [Direction; 2],
}

#[derive(Debug)]
pub(super) struct State {
    one_shot: bool,
    oracle: Oracle,
    patience: Duration,
    findings: Findings,
    sources: BTreeMap<Token, Entry>,
    /// Since when a thread is in the primary's `wait`.
    waiting: Option<Instant>,
    /// How many waits have come back with room to spare.
    waits: u64,
}

impl State {
    pub(super) fn new(one_shot: bool, oracle: Oracle, patience: Duration, findings: Findings) -> Self {
        Self { one_shot, oracle, patience, findings, sources: BTreeMap::new(), waiting: None, waits: 0 }
    }

    pub(super) fn registered(&mut self, source: Source<'_>, token: Token, since: Instant) {
        let Some(raw) = RawSource::of(source) else { return };
        let direction = Direction { quiet: Some(since), ..Direction::default() };
        self.sources.insert(token, Entry { raw, armed: Interest::NONE, directions: [direction; 2] });
    }

    pub(super) fn forget(&mut self, token: Token) {
        self.sources.remove(&token);
    }

    pub(super) fn armed(&mut self, token: Token, interest: Interest) {
        if let Some(entry) = self.sources.get_mut(&token) {
            entry.armed = interest;
            entry.directions.iter_mut().for_each(|direction| direction.owed = None);
        }
    }

    /// A thread goes into `wait`; false if there is one already.
    pub(super) fn enter(&mut self, now: Instant) -> bool {
        let free = self.waiting.is_none();
        self.waiting.get_or_insert(now);
        free
    }

    /// That thread is back, with these events.
    pub(super) fn leave(&mut self, events: &Events) {
        self.waiting = None;
        self.waits += u64::from(events.len() < events.capacity());
        for event in events {
            self.take_in(event.token, event.readiness);
        }
    }

    fn take_in(&mut self, token: Token, readiness: Readiness) {
        let now = Instant::now();
        let Some(entry) = self.sources.get_mut(&token) else { return };
        entry.armed = Interest::NONE;
        let mut said = Interest::NONE;
        for (direction, interest) in entry.directions.iter_mut().zip(DIRECTIONS) {
            // A one-shot event ends the arming of both.
            if self.one_shot {
                direction.owed = None;
            }
            if readiness.satisfies(interest) {
                said |= interest;
                (direction.owed, direction.reported) = (None, Some(now));
            }
        }
        let raw = entry.raw;
        let Some(seen) = self.ask(raw) else { return };
        for interest in DIRECTIONS {
            if said.contains(interest) && !seen.satisfies(interest) {
                self.findings.add(Finding { kind: Kind::Extra, token, interest });
            }
        }
    }

    /// What a source is ready for, as the shadow sees it; `None` if it cannot say.
    fn ask(&mut self, raw: RawSource) -> Option<Readiness> {
        self.findings.count_look();
        #[allow(unsafe_code, reason = "the number of a registered source is lent out")]
        // SAFETY: the source is registered: `deregister` takes it out of the table, which we have the lock of, before it
        // returns, and until then it is open by `register`'s promise.
        unsafe { raw.with(|source| self.oracle.ask(source)) }.ok()
    }

    /// Looks at every source.
    pub(super) fn look(&mut self, now: Instant) {
        let tokens: Vec<_> = self.sources.iter().map(|(token, entry)| (*token, entry.raw)).collect();
        for (token, raw) in tokens {
            let asked = Instant::now();
            if let Some(seen) = self.ask(raw) {
                self.compare(token, seen, asked, now);
            }
        }
    }

    /// Compares what the shadow sees with what the primary has said.
    fn compare(&mut self, token: Token, seen: Readiness, asked: Instant, now: Instant) {
        let (waits, waiting) = (self.waits, self.waiting);
        let Some(entry) = self.sources.get_mut(&token) else { return };
        for (direction, interest) in entry.directions.iter_mut().zip(DIRECTIONS) {
            let ready = seen.satisfies(interest);
            let owed = if self.one_shot {
                ready && entry.armed.contains(interest)
            } else {
                if !ready {
                    direction.quiet = Some(asked);
                }
                // It has become ready after `quiet`, so the report comes after that, too.
                let silent = |quiet| direction.reported.is_none_or(|reported| reported < quiet);
                ready && direction.quiet.is_some_and(silent)
            };
            if !owed {
                direction.owed = None;
                continue;
            }
            let (since, before) = *direction.owed.get_or_insert((now, waits));
            let waited =
                waiting.is_some_and(|waiting| now.saturating_duration_since(since.max(waiting)) >= self.patience);
            let came_back = waits >= before + 2 && now.saturating_duration_since(since) >= self.patience;
            if waited || came_back {
                // Once for each arming, and for each change.
                (direction.owed, direction.quiet) = (None, None);
                entry.armed = entry.armed.difference(interest);
                self.findings.add(Finding { kind: Kind::Missed, token, interest });
            }
        }
    }
}
