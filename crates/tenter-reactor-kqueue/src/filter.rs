//! What kqueue watches beside descriptors.

use std::io;

use tenter_reactor::{Reactor, ReactorError, Token, Trigger};
use tenter_reactor_polling::polling::PollMode;
use tenter_reactor_polling::polling::os::kqueue::{Filter, PollerKqueueExt};

use crate::KqueueReactor;

/// Filters of kqueue: signals, what children do, timers.
///
/// What a filter has seen is an event under its token, with [`READ`](tenter_reactor::Readiness::READ) and nothing else.
///
/// # Examples
/// The exit of a child:
/// ```no_run
/// use std::process::Command;
/// use tenter_reactor::{Events, Reactor, Token};
/// use tenter_reactor_kqueue::{KqueueExt, Process, ProcessOps};
///
/// let reactor = tenter_reactor_kqueue::reactor()?;
/// let mut child = Command::new("true").spawn()?;
/// // SAFETY: `child` is not waited for, so its number stays its own, until the filter has fired.
/// reactor.watch(unsafe { Process::new(&child, ProcessOps::Exit) }, Token(7))?;
///
/// let mut events = Events::with_capacity(8);
/// reactor.wait(&mut events, None)?;
/// assert_eq!(events.iter().next().unwrap().token, Token(7));
/// child.wait()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait KqueueExt {
    /// Reports what `filter` sees under `token`, once.
    ///
    /// A signal is reported also if the process ignores it; it is *not* kept from its handler, or from ending the process
    /// if there is none. A timer counts from this call.
    ///
    /// # Errors
    /// - [`ReservedToken`](ReactorError::ReservedToken): `token` is [`Token::RESERVED`].
    /// - [`AlreadyRegistered`](ReactorError::AlreadyRegistered): the signal, process or timer is watched already;
    ///   [`unwatch`](Self::unwatch) it first, also if it has been reported.
    /// - [`Unwatchable`](ReactorError::Unwatchable): the reactor is one-shot.
    /// - Errors of the system; `ESRCH` if the process has ended already.
    fn watch<F: Filter>(&self, filter: F, token: Token) -> io::Result<()>;

    /// Stops watching.
    ///
    /// # Errors
    /// Those of the system; [`NotRegistered`](ReactorError::NotRegistered) if it is not watched.
    fn unwatch<F: Filter>(&self, filter: F) -> io::Result<()>;
}

impl KqueueExt for KqueueReactor {
    fn watch<F: Filter>(&self, filter: F, token: Token) -> io::Result<()> {
        if token == Token::RESERVED {
            return Err(ReactorError::ReservedToken.into());
        }
        if self.capabilities().trigger != Trigger::Edge {
            return Err(ReactorError::Unwatchable.into());
        }
        match self.poller().add_filter(&filter, token.0, PollMode::Oneshot) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(ReactorError::AlreadyRegistered.into()),
            Err(error) => {
                // polling remembers what the system has refused.
                let _ = self.poller().delete_filter(&filter);
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    fn unwatch<F: Filter>(&self, filter: F) -> io::Result<()> {
        self.poller().delete_filter(filter).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ReactorError::NotRegistered.into(),
            _ => error,
        })
    }
}
