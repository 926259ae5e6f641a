//! What a shadow has found out.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Interest, Token};

/// The most findings that are kept in full; all are counted.
const MOST: usize = 1000;

/// In which way two reactors differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The primary owes a report and does not make it.
    Missed,
    /// The primary reports what the shadow does not see.
    Extra,
}

/// One difference between two reactors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// In which way.
    pub kind: Kind,
    /// On which source.
    pub token: Token,
    /// In which direction: reading or writing.
    pub interest: Interest,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Missed => "is ready, and was not reported as that",
            Kind::Extra => "was reported as ready, and was not",
        };
        write!(f, "{:?} {what}: {:?}", self.token, self.interest)
    }
}

#[derive(Debug, Default)]
struct Book {
    missed: usize,
    extra: usize,
    looks: usize,
    list: Vec<Finding>,
}

/// What shadows have found out; clones are the same book, so one can be kept while a runtime has the reactor.
#[derive(Clone, Debug, Default)]
pub struct Findings(Arc<Mutex<Book>>);

impl Findings {
    /// An empty book.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many reports were missed.
    #[must_use]
    pub fn missed(&self) -> usize {
        self.book().missed
    }

    /// How many reports were of nothing.
    #[must_use]
    pub fn extra(&self) -> usize {
        self.book().extra
    }

    /// How often a source was looked at.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.book().looks
    }

    /// The first thousand findings.
    #[must_use]
    pub fn list(&self) -> Vec<Finding> {
        self.book().list.clone()
    }

    pub(super) fn add(&self, finding: Finding) {
        let mut book = self.book();
        match finding.kind {
            Kind::Missed => book.missed += 1,
            Kind::Extra => book.extra += 1,
        }
        if book.list.len() < MOST {
            book.list.push(finding);
        }
    }

    pub(super) fn count_look(&self) {
        self.book().looks += 1;
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
