//! Which reactor a runtime gets, and why.

use std::env;
use std::fmt;
use std::sync::Arc;

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
    Named(Backend),
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
}

impl fmt::Display for ReactorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.chosen_by {
            ChosenBy::Builder => "as the program asked",
            ChosenBy::Environment => "as TENTER_REACTOR asked",
            ChosenBy::Probing => "the best that works here",
        };
        write!(f, "{} ({why})", self.name)?;
        let failed = self.trials.iter().filter_map(|trial| trial.error.as_ref().map(|error| (trial.name, error)));
        for (name, error) in failed {
            write!(f, "; not {name}: {error}")?;
        }
        Ok(())
    }
}

/// Makes the reactor.
pub(crate) fn choose(wish: &Wish) -> Result<(Arc<dyn Reactor>, ReactorReport), BuildError> {
    let (reactor, chosen_by, mut trials) = match wish {
        Wish::Named(backend) => (backend.make()?, ChosenBy::Builder, Vec::new()),
        Wish::Made(make) => {
            let made = make(&ReactorConfig::default());
            let made = made.map_err(|error| BuildError::Reactor { name: "of reactor_with".to_owned(), error });
            (made?, ChosenBy::Builder, Vec::new())
        }
        Wish::Any => match env::var(VARIABLE).ok().filter(|name| !name.trim().is_empty()) {
            Some(name) => (from_environment(&name)?, ChosenBy::Environment, Vec::new()),
            None => {
                let (reactor, trials) = probe()?;
                (reactor, ChosenBy::Probing, trials)
            }
        },
    };
    let name = reactor.name();
    trials.push(Trial { name, error: None });
    Ok((reactor, ReactorReport { name, chosen_by, trials }))
}

fn from_environment(name: &str) -> Result<Arc<dyn Reactor>, BuildError> {
    let backend = name.parse::<Backend>().map_err(|_| BuildError::unknown(name))?;
    backend.make()
}

/// The best that works, and those that did not.
fn probe() -> Result<(Arc<dyn Reactor>, Vec<Trial>), BuildError> {
    let mut failed = Vec::new();
    for &backend in Backend::compiled_in() {
        match backend.make() {
            Ok(reactor) => {
                let trial = |(backend, error): (Backend, String)| Trial { name: backend.name(), error: Some(error) };
                return Ok((reactor, failed.into_iter().map(trial).collect()));
            }
            Err(error) => failed.push((backend, error.to_string())),
        }
    }
    Err(BuildError::NoReactor(failed))
}
