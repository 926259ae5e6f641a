//! The two ways in which a source is waited for.

use tenter_reactor::{Interest, Readiness};

/// Which half of a source an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Reading, accepting, receiving.
    Read,
    /// Writing, connecting, sending.
    Write,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Read, Self::Write];

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Read => 0,
            Self::Write => 1,
        }
    }

    /// The bit of [`Readiness`] that lets an operation of this direction be tried.
    pub(crate) const fn ready(self) -> Readiness {
        match self {
            Self::Read => Readiness::READ,
            Self::Write => Readiness::WRITE,
        }
    }

    /// What is asked of a one-shot reactor.
    pub(crate) const fn interest(self) -> Interest {
        match self {
            Self::Read => Interest::READ,
            Self::Write => Interest::WRITE,
        }
    }

    /// What makes this direction worth a try: its own bit, its closed bit, an error; for reads urgent data too.
    const fn causes(self) -> Readiness {
        match self {
            Self::Read => {
                Readiness::READ.union(Readiness::PRIORITY).union(Readiness::READ_CLOSED).union(Readiness::ERROR)
            }
            Self::Write => Readiness::WRITE.union(Readiness::WRITE_CLOSED).union(Readiness::ERROR),
        }
    }

    /// Whether an event with `readiness` concerns this direction.
    pub(crate) const fn is_hit_by(self, readiness: Readiness) -> bool {
        readiness.intersects(self.causes())
    }

    /// The bits with which a short read or write does not prove that the next one would block: there is an end to be
    /// found, an error, or urgent data, at which reads stop short.
    pub(crate) const fn undrainable(self) -> Readiness {
        match self {
            Self::Read => Readiness::READ_CLOSED.union(Readiness::ERROR).union(Readiness::PRIORITY),
            Self::Write => Readiness::WRITE_CLOSED.union(Readiness::ERROR),
        }
    }
}
