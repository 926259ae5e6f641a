//! Which reactor a runtime gets, and why.

use std::env;
use std::fmt;
use std::sync::Arc;

use tenter_reactor::faulty::{Faults, Faulty};
use tenter_reactor::{Reactor, ReactorConfig, ReactorFactory};

use crate::{Backend, BuildError};

/// The environment variable that names the reactor of runtimes whose builder does not.
pub(crate) const VARIABLE: &str = "TENTER_REACTOR";

/// What a builder was told about the reactor.
#[derive(Clone, Default)]
pub(crate) enum Wish {
    /// Nothing: the environment, then the best that works.
    #[default]
    Any,
    /// The first of these that works; if there are none, as `Any`.
    Named(Vec<Backend>),
    Made(ReactorFactory),
}

/// Who chose a runtime's reactor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChosenBy {
    /// [`Builder::reactor`](crate::Builder::reactor) or [`Builder::reactor_with`](crate::Builder::reactor_with).
    Builder,
    /// The environment variable `TENTER_REACTOR`.
    Environment,
    /// Nobody: it is the best that works here.
    Probing,
}

/// One reactor that was tried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trial {
    /// Its name.
    pub name: &'static str,
    /// Why it was not taken; `None` for the one that was.
    pub error: Option<String>,
}

/// Which reactor a runtime has, and why.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReactorReport {
    /// The name of the reactor.
    pub name: &'static str,
    /// Who chose it.
    pub chosen_by: ChosenBy,
    /// What was tried, in this order.
    pub trials: Vec<Trial>,
    /// The seed of the faults that it has been given, see [`Builder::faulty`](crate::Builder::faulty).
    pub faulty: Option<u64>,
}

impl fmt::Display for ReactorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.chosen_by {
            ChosenBy::Builder => "as the program asked",
            ChosenBy::Environment => "as TENTER_REACTOR asked",
            ChosenBy::Probing => "the best that works here",
        };
        write!(f, "{} ({why})", self.name)?;
        if let Some(seed) = self.faulty {
            write!(f, ", with faults of seed {seed}")?;
        }
        let failed = self.trials.iter().filter_map(|trial| trial.error.as_ref().map(|error| (trial.name, error)));
        for (name, error) in failed {
            write!(f, "; not {name}: {error}")?;
        }
        Ok(())
    }
}

/// Makes the reactor, and gives it faults if there is a seed of them.
pub(crate) fn choose(wish: &Wish, faulty: Option<u64>) -> Result<(Arc<dyn Reactor>, ReactorReport), BuildError> {
    let ((reactor, mut trials), chosen_by) = match wish {
        Wish::Named(backends) if !backends.is_empty() => (first_of(backends)?, ChosenBy::Builder),
        Wish::Made(make) => {
            let made = make(&ReactorConfig::default());
            let made = made.map_err(|error| BuildError::Reactor { name: "of reactor_with".to_owned(), error });
            ((made?, Vec::new()), ChosenBy::Builder)
        }
        Wish::Any | Wish::Named(_) => match env::var(VARIABLE).ok().filter(|names| !names.trim().is_empty()) {
            Some(names) => (first_of(&from_environment(&names)?)?, ChosenBy::Environment),
            None => (probe(Backend::compiled_in())?, ChosenBy::Probing),
        },
    };
    let name = reactor.name();
    trials.push(Trial { name, error: None });
    let reactor = match faulty {
        Some(seed) => Faulty::new(reactor, Faults::hostile(seed)),
        None => reactor,
    };
    Ok((reactor, ReactorReport { name, chosen_by, trials, faulty }))
}

/// The backends that a list with commas between them names.
fn from_environment(names: &str) -> Result<Vec<Backend>, BuildError> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| name.parse().map_err(|_| BuildError::unknown(name))).collect()
}

type Found = (Arc<dyn Reactor>, Vec<Trial>);

/// One that is named alone must work; of several, the first that does.
fn first_of(backends: &[Backend]) -> Result<Found, BuildError> {
    match backends {
        [backend] => Ok((backend.make()?, Vec::new())),
        _ => probe(backends),
    }
}

/// The first that works, and those before it that did not.
fn probe(backends: &[Backend]) -> Result<Found, BuildError> {
    let mut failed = Vec::new();
    for &backend in backends {
        match backend.make() {
            Ok(reactor) => {
                let trial = |(backend, error): (Backend, String)| Trial { name: backend.name(), error: Some(error) };
                return Ok((reactor, failed.into_iter().map(trial).collect()));
            }
            Err(BuildError::UnknownReactor { .. }) => failed.push((backend, "it is not compiled in".to_owned())),
            Err(BuildError::Reactor { error, .. }) => failed.push((backend, error.to_string())),
            Err(error) => failed.push((backend, error.to_string())),
        }
    }
    Err(BuildError::NoReactor(failed))
}
