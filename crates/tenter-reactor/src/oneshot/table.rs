//! Which sources are registered, and which of them are armed.

use std::collections::{BTreeMap, HashMap};

use super::RawSource;
use crate::{Interest, ReactorError, Token};

/// The number of an arming. Never used twice, so it tells an armed source from whatever else had its number
/// or its token before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(u64);

/// The number of a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Round(pub(super) u64);

/// A source that the next system call watches.
///
/// Lent to [`Multiplexer::call`](super::Multiplexer::call), and neither kept nor copied by it.
#[derive(Debug)]
pub struct Armed {
    pub(super) raw: RawSource,
    interest: Interest,
    pub(super) token: Token,
    pub(super) place: Place,
}

impl Armed {
    /// What is awaited; never nothing.
    #[must_use]
    pub fn interest(&self) -> Interest {
        self.interest
    }
}

#[derive(Debug)]
struct Registration {
    token: Token,
    /// Where it is in the queue; `None`: not armed.
    armed: Option<(Place, Interest)>,
    /// The last call that began while an arming stood which `arm` has since replaced: that call may watch the
    /// source even though the queue does not say so.
    replaced_in: Option<Round>,
}

/// The sources, and the queue of armed ones in the order in which they were armed. The order makes a wait fair: what was
/// reported and armed again stands behind what has not been reported yet.
#[derive(Debug, Default)]
pub(super) struct Table {
    sources: HashMap<RawSource, Registration>,
    queue: BTreeMap<Place, RawSource>,
    armings: u64,
}

impl Table {
    pub(super) fn add(&mut self, raw: RawSource, token: Token) -> Result<(), ReactorError> {
        if self.sources.contains_key(&raw) {
            return Err(ReactorError::AlreadyRegistered);
        }
        self.sources.insert(raw, Registration { token, armed: None, replaced_in: None });
        Ok(())
    }

    /// Replaces the interest; says whether that changed anything. `calling` is the call in progress.
    pub(super) fn arm(
        &mut self,
        raw: RawSource,
        token: Token,
        interest: Interest,
        calling: Option<Round>,
    ) -> Result<bool, ReactorError> {
        let source = self.sources.get_mut(&raw).filter(|source| source.token == token);
        let source = source.ok_or(ReactorError::NotRegistered)?;
        if source.armed.map_or(Interest::NONE, |(_, interest)| interest) == interest {
            return Ok(false);
        }
        if let Some((place, _)) = source.armed.take() {
            self.queue.remove(&place);
            source.replaced_in = calling.or(source.replaced_in);
        }
        if !interest.is_empty() {
            let place = Place(self.armings);
            self.armings += 1;
            self.queue.insert(place, raw);
            source.armed = Some((place, interest));
        }
        Ok(true)
    }

    /// Removes a source; says whether the call in progress may be watching it.
    pub(super) fn remove(
        &mut self,
        raw: RawSource,
        token: Token,
        calling: Option<Round>,
    ) -> Result<bool, ReactorError> {
        if self.sources.get(&raw).is_none_or(|source| source.token != token) {
            return Err(ReactorError::NotRegistered);
        }
        let Some(source) = self.sources.remove(&raw) else { return Ok(false) };
        if let Some((place, _)) = source.armed {
            self.queue.remove(&place);
        }
        Ok(calling.is_some() && (source.armed.is_some() || source.replaced_in == calling))
    }

    /// Fills `armed` with what is armed, longest-armed first.
    pub(super) fn snapshot(&self, armed: &mut Vec<Armed>) {
        armed.clear();
        armed.extend(self.queue.iter().filter_map(|(&place, &raw)| {
            let source = self.sources.get(&raw)?;
            let (_, interest) = source.armed?;
            Some(Armed { raw, interest, token: source.token, place })
        }));
    }

    /// Disarms what `armed` was a snapshot of; says whether it was still armed at that place. If not, the source has been
    /// armed anew, disarmed or deregistered since, and what the call said about it is void.
    pub(super) fn fire(&mut self, armed: &Armed) -> bool {
        if self.queue.remove(&armed.place).is_none() {
            return false;
        }
        if let Some(source) = self.sources.get_mut(&armed.raw) {
            source.armed = None;
        }
        true
    }
}
