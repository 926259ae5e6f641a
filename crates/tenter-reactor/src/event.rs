//! Tokens, interests, readiness, and the buffer that events are collected in.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// The name a source is registered under. `usize::MAX` is never issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub usize);

impl Token {
    /// The value that no driver issues; reactors may use it for themselves.
    pub const RESERVED: Self = Self(usize::MAX);
}

macro_rules! bits {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $bit:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(u8);

        impl $name {
            /// No bit.
            pub const NONE: Self = Self(0);
            $($(#[$item_doc])* pub const $item: Self = Self($bit);)*
            /// Every bit.
            pub const ALL: Self = Self(0 $(| $bit)*);

            /// The bits as a number.
            #[must_use]
            pub const fn bits(self) -> u8 { self.0 }

            /// From a number; unknown bits are dropped.
            #[must_use]
            pub const fn from_bits(bits: u8) -> Self { Self(bits & Self::ALL.0) }

            /// Whether every bit of `other` is here.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool { self.0 & other.0 == other.0 }

            /// Whether any bit of `other` is here.
            #[must_use]
            pub const fn intersects(self, other: Self) -> bool { self.0 & other.0 != 0 }

            /// Whether there is no bit.
            #[must_use]
            pub const fn is_empty(self) -> bool { self.0 == 0 }

            /// The bits of both.
            #[must_use]
            pub const fn union(self, other: Self) -> Self { Self(self.0 | other.0) }

            /// The bits that `other` does not have.
            #[must_use]
            pub const fn difference(self, other: Self) -> Self { Self(self.0 & !other.0) }
        }

        impl BitOr for $name {
            type Output = Self;
            fn bitor(self, other: Self) -> Self { self.union(other) }
        }

        impl BitOrAssign for $name {
            fn bitor_assign(&mut self, other: Self) { *self = self.union(other); }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))?;
                let mut set = f.debug_set();
                $(if self.contains(Self::$item) { set.entry(&format_args!(stringify!($item))); })*
                set.finish()
            }
        }
    };
}

bits! {
    /// What is awaited on a source.
    Interest {
        /// That it can be read (or accepted from, or that its read side is closed).
        READ = 1;
        /// That it can be written (or is connected, or that its write side is closed).
        WRITE = 2;
        /// That urgent data arrived.
        PRIORITY = 4;
    }
}

bits! {
    /// What a source is ready for. The closed and error bits are sticky: they are not cleared.
    Readiness {
        /// A read would not block.
        READ = 1;
        /// A write would not block.
        WRITE = 2;
        /// Urgent data is there.
        PRIORITY = 4;
        /// The peer will send no more.
        READ_CLOSED = 8;
        /// The peer will take no more.
        WRITE_CLOSED = 16;
        /// The source is in an error state: every operation says so or returns at once.
        ERROR = 32;
    }
}

impl Readiness {
    /// Whether whoever awaits `interest` should try again: one of its directions is ready or closed, or there is an
    /// error.
    ///
    /// # Examples
    /// ```
    /// use tenter_reactor::{Interest, Readiness};
    ///
    /// assert!(Readiness::READ_CLOSED.satisfies(Interest::READ));
    /// assert!(!Readiness::READ_CLOSED.satisfies(Interest::WRITE));
    /// assert!(Readiness::ERROR.satisfies(Interest::WRITE));
    /// ```
    #[must_use]
    pub const fn satisfies(self, interest: Interest) -> bool {
        self.intersects(Self::answers_to(interest))
    }

    /// Every bit that ends the waiting for `interest`.
    #[must_use]
    pub const fn answers_to(interest: Interest) -> Self {
        let mut bits = Self::NONE;
        if interest.contains(Interest::READ) {
            bits = bits.union(Self::READ).union(Self::READ_CLOSED);
        }
        if interest.contains(Interest::WRITE) {
            bits = bits.union(Self::WRITE).union(Self::WRITE_CLOSED);
        }
        if interest.contains(Interest::PRIORITY) {
            bits = bits.union(Self::PRIORITY);
        }
        if interest.is_empty() { bits } else { bits.union(Self::ERROR) }
    }
}

/// One report of a reactor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which source.
    pub token: Token,
    /// What it is ready for; never empty.
    pub readiness: Readiness,
}

/// A buffer that one [`wait`](crate::Reactor::wait) fills.
#[derive(Debug)]
pub struct Events {
    list: Vec<Event>,
    limit: usize,
}

impl Events {
    /// A buffer for at most `limit` events a wait.
    ///
    /// # Panics
    /// If `limit` is 0.
    #[must_use]
    pub fn with_capacity(limit: usize) -> Self {
        assert!(limit > 0, "an event buffer holds at least one event");
        Self { list: Vec::with_capacity(limit), limit }
    }

    /// Adds an event; for reactors.
    pub fn push(&mut self, event: Event) {
        self.list.push(event);
    }

    /// Empties the buffer.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Sets the most events of the next waits.
    ///
    /// # Panics
    /// If `limit` is 0.
    pub fn set_capacity(&mut self, limit: usize) {
        assert!(limit > 0, "an event buffer holds at least one event");
        self.limit = limit;
    }

    /// The most events a reactor should deliver in one wait.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.limit
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The events, in the order of the reactor.
    pub fn iter(&self) -> std::slice::Iter<'_, Event> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
