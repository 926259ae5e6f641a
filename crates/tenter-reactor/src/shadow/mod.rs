//! Two reactors over the same sources: one works, and the other one watches it.
//!
//! A [`Shadow`] passes everything on to its *primary* reactor. A second one, the *shadow*, is asked what each source is
//! ready for: when the primary reports it, and now and then by a thread of its own. Where they differ there is a
//! [`Finding`]:
//!
//! - *missed*: a source is ready, the primary owes a report of that and had the time to make it. A *one-shot* primary
//!   owes a report as long as the source is armed. An *edge* primary owes one of each change: of what was ready when it
//!   was registered, and of what the shadow saw as not ready first and as ready then.
//! - *extra*: the primary reports what the shadow does not see at that moment. The contract allows that, and another
//!   thread may have used it up meanwhile, so a few of these mean little; many mean a busy loop. If it is the shadow
//!   that loses events, this is how that looks.
//!
//! # What it sees, and what not
//! The shadow is asked about states (each time it registers the source anew), so it may be an edge or a one-shot reactor
//! itself, and the primary's `wait` is left as it is: calls that fail to notice something while they last are found out.
//! A miss is reported only if the primary was in `wait` for the whole *patience* since, or came back twice with room to
//! spare. Of an edge primary, changes are missed that begin and end between two looks of the shadow, four in each
//! patience. Urgent data is not looked at.
//!
//! # Examples
//! ```
//! # fn main() -> std::io::Result<()> {
//! use std::time::Duration;
//! use tenter_reactor::{Events, Reactor, shadow::{Findings, Shadow}};
//! # #[cfg(target_os = "linux")] {
//!
//! let findings = Findings::new();
//! let epoll = tenter_reactor_epoll::new(&Default::default())?;
//! let poll = tenter_reactor_poll::new(&Default::default())?;
//! let reactor = Shadow::new(epoll, poll, Duration::from_secs(1), findings.clone())?;
//! reactor.wait(&mut Events::with_capacity(8), Some(Duration::ZERO))?;
//! assert_eq!((findings.missed(), findings.extra()), (0, 0));
//! # }
//! # Ok(())
//! # }
//! ```

mod findings;
mod oracle;
mod state;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub use self::findings::{Finding, Findings, Kind};
use self::oracle::Oracle;
use self::state::State;
use crate::{Capabilities, Completions, Events, Interest, Reactor, Source, Token, Trigger};

/// How often sources are looked at in the time that a miss takes to be one.
const LOOKS: u32 = 4;

/// A reactor that is watched by another, see the [module](self). Name and capabilities are the primary's.
#[derive(Debug)]
pub struct Shadow {
    shared: Arc<Shared>,
    /// Looks at the sources now and then.
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    primary: Arc<dyn Reactor>,
    state: Mutex<State>,
    over: AtomicBool,
}

impl Shadow {
    /// Has `shadow` watch `primary`; what it finds goes to `findings`. A report that is `patience` late is missed.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(
        primary: Arc<dyn Reactor>,
        shadow: Arc<dyn Reactor>,
        patience: Duration,
        findings: Findings,
    ) -> io::Result<Arc<Self>> {
        let one_shot = primary.capabilities().trigger == Trigger::OneShot;
        let state = State::new(one_shot, Oracle::new(shadow), patience, findings);
        let shared = Arc::new(Shared { primary, state: Mutex::new(state), over: AtomicBool::new(false) });
        let watched = shared.clone();
        let watcher = thread::Builder::new().name("tenter-shadow".to_owned()).spawn(move || {
            while !watched.over.load(Ordering::Acquire) {
                thread::park_timeout(patience / LOOKS);
                watched.state().look(Instant::now());
            }
        })?;
        Ok(Arc::new(Self { shared, watcher: Some(watcher) }))
    }
}

impl Shared {
    /// A poisoned lock is taken all the same: what it guards is whole after every statement.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        if let Some(watcher) = self.watcher.take() {
            watcher.thread().unpark();
            // If it has panicked, its message is out already.
            let _ = watcher.join();
        }
    }
}

impl Reactor for Shadow {
    fn name(&self) -> &'static str {
        self.shared.primary.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.shared.primary.capabilities()
    }

    #[allow(unsafe_code, reason = "the trait's method is unsafe to call")]
    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        let since = Instant::now();
        // SAFETY: the caller's promise. The state keeps the number only until `deregister`.
        unsafe { self.shared.primary.register(source, token)? };
        self.shared.state().registered(source, token, since);
        Ok(())
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        // Under the lock, so that an event of this arming is taken in after it.
        let mut state = self.shared.state();
        self.shared.primary.arm(source, token, interest)?;
        state.armed(token, interest);
        Ok(())
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        // First, for afterwards the number may be someone else's.
        self.shared.state().forget(token);
        self.shared.primary.deregister(source, token)
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let entered = self.shared.state().enter(Instant::now());
        let result = self.shared.primary.wait(events, timeout);
        if entered {
            self.shared.state().leave(events);
        }
        result
    }

    fn wake(&self) -> io::Result<()> {
        self.shared.primary.wake()
    }

    fn completions(&self) -> Option<&dyn Completions> {
        self.shared.primary.completions()
    }
}
