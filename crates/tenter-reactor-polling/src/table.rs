//! Which sources are registered, and which of them polling knows.

use std::collections::HashMap;

use tenter_reactor::{ReactorError, Token};

use crate::kernel::Key;

/// A registered source.
#[derive(Debug)]
pub(crate) struct Entry {
    token: Token,
    /// Whether it has been added to the poller and not deleted since.
    pub(crate) added: bool,
}

/// The sources, by what they are and by what they are called.
#[derive(Debug, Default)]
pub(crate) struct Table {
    sources: HashMap<Key, Entry>,
    keys: HashMap<Token, Key>,
    /// Tokens of no source whose events are due, with how many.
    posted: HashMap<Token, usize>,
}

impl Table {
    /// Says whether `key` can be inserted.
    pub(crate) fn vacant(&self, key: Key) -> Result<(), ReactorError> {
        if self.sources.contains_key(&key) { Err(ReactorError::AlreadyRegistered) } else { Ok(()) }
    }

    pub(crate) fn insert(&mut self, key: Key, token: Token, added: bool) {
        self.sources.insert(key, Entry { token, added });
        self.keys.insert(token, key);
    }

    pub(crate) fn get(&mut self, key: Key, token: Token) -> Result<&mut Entry, ReactorError> {
        let entry = self.sources.get_mut(&key).filter(|entry| entry.token == token);
        entry.ok_or(ReactorError::NotRegistered)
    }

    pub(crate) fn remove(&mut self, key: Key, token: Token) -> Result<Entry, ReactorError> {
        self.get(key, token)?;
        if self.keys.get(&token) == Some(&key) {
            self.keys.remove(&token);
        }
        self.sources.remove(&key).ok_or(ReactorError::NotRegistered)
    }

    /// The source of this token.
    pub(crate) fn source(&mut self, token: Token) -> Option<(Key, &mut Entry)> {
        let key = *self.keys.get(&token)?;
        Some((key, self.sources.get_mut(&key)?))
    }

    /// Lets one event of `token` through although no source has it.
    pub(crate) fn expect(&mut self, token: Token) {
        *self.posted.entry(token).or_default() += 1;
    }

    /// Whether an event of `token` that no source has was expected; it is no longer.
    pub(crate) fn expected(&mut self, token: Token) -> bool {
        let Some(count) = self.posted.get_mut(&token) else { return false };
        *count -= 1;
        if *count == 0 {
            self.posted.remove(&token);
        }
        true
    }
}
