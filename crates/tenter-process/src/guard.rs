//! A child and how its end is noticed; what all who wait for it share.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exit::{self, Exit};
use crate::wait_thread::WaitThread;

/// By what the end of a child is noticed.
#[derive(Clone, Debug)]
pub(crate) enum Watch {
    /// A runtime's reactor.
    Reactor(Arc<Exit>),
    /// A thread.
    Thread(Arc<WaitThread>),
}

impl Watch {
    /// By the ambient runtime's reactor if it can, else by a thread.
    fn new(child: &Child) -> io::Result<Self> {
        match Exit::watch(child) {
            Ok(exit) => Ok(Self::Reactor(Arc::new(exit))),
            Err(_) => Self::by_thread(child),
        }
    }

    /// The child has not been collected.
    pub(crate) fn by_thread(child: &Child) -> io::Result<Self> {
        Ok(Self::Thread(WaitThread::start(exit::Waited::new(child)?)?))
    }
}

/// What becomes of the child when nobody has it any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnDrop {
    pub(crate) reap: bool,
    pub(crate) kill: bool,
}

/// Dropped with the last of the `Child` and the futures that wait for it.
#[derive(Debug)]
pub(crate) struct Guard {
    id: u32,
    on_drop: OnDrop,
    /// Collecting and signalling happen under this lock, so no signal is sent to a number that is the child's no more.
    inner: Mutex<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    /// There until the guard is dropped.
    child: Option<Child>,
    pub(crate) watch: Watch,
    /// It is over, its status was collected, and its number is somebody else's.
    pub(crate) collected: bool,
    /// Why there is no status, as the system said when it was asked: it is not asked again for a number that is somebody else's.
    lost: Option<i32>,
}

impl Guard {
    /// Watches a child that was just started. One that can't be watched is killed: nobody would hear of its end.
    pub(crate) fn new(child: Child, on_drop: OnDrop) -> io::Result<Self> {
        match Watch::new(&child) {
            Ok(watch) => {
                let id = child.id();
                let inner = Inner { child: Some(child), watch, collected: false, lost: None };
                Ok(Self { id, on_drop, inner: Mutex::new(inner) })
            }
            Err(error) => {
                discard(child);
                Err(error)
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end.
    pub(crate) async fn status(self: Arc<Self>) -> io::Result<ExitStatus> {
        let mut told = false;
        loop {
            let watch = {
                let mut inner = self.lock();
                if let Some(status) = inner.try_status()? {
                    return Ok(status);
                }
                if told || !inner.is_driven() {
                    inner.watch_by_thread()?;
                }
                inner.watch.clone()
            };
            match watch {
                // What is over and can't be collected is held by a debugger; the thread waits until that lets go. Where the reactor
                // is at its end, the thread takes over too.
                Watch::Reactor(exit) => {
                    let _ = exit.over().await;
                    told = true;
                }
                Watch::Thread(thread) => thread.over().await?,
            }
        }
    }
}

impl Inner {
    pub(crate) fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it is there until the guard is dropped")
    }

    /// The status if the child is over; it is collected then.
    pub(crate) fn try_status(&mut self) -> io::Result<Option<ExitStatus>> {
        if let Some(code) = self.lost {
            return Err(io::Error::from_raw_os_error(code));
        }
        match &self.watch {
            // The number must stay the child's while the thread asks for it.
            Watch::Thread(thread) if !thread.is_over() => return Ok(None),
            _ => {}
        }
        let status = self.child().try_wait();
        // An error means that somebody else has collected it.
        self.collected |= !matches!(status, Ok(None));
        self.lost = status.as_ref().err().and_then(io::Error::raw_os_error);
        status
    }

    /// Whether somebody notices the end while this thread waits for it.
    fn is_driven(&self) -> bool {
        match &self.watch {
            Watch::Reactor(exit) => exit.is_driven(),
            Watch::Thread(_) => true,
        }
    }

    /// Whether its status was collected, here or, as far as is known, elsewhere.
    pub(crate) fn is_collected(&mut self) -> bool {
        let over = matches!(&self.watch, Watch::Thread(thread) if thread.is_over());
        if over && !self.collected {
            // What the thread has waited for is over or somebody else's; asking collects it, and the answer is kept.
            let _ = self.try_status();
        }
        self.collected
    }

    /// Has nothing to do for a child whose status was collected.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        if self.is_collected() {
            return Ok(());
        }
        match &self.watch {
            Watch::Reactor(exit) => exit.clone().kill(self.child()),
            Watch::Thread(_) => self.child().kill(),
        }
    }

    /// From now on, for a child that has not been collected.
    fn watch_by_thread(&mut self) -> io::Result<()> {
        if matches!(self.watch, Watch::Reactor(_)) {
            self.watch = Watch::by_thread(self.child())?;
        }
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.on_drop.kill {
            let _ = inner.kill();
        }
        let reap = self.on_drop.reap && !inner.collected;
        if let Some(child) = inner.child.take().filter(|_| reap) {
            exit::reap(child, &inner.watch);
        }
    }
}

/// For a child that nobody will get.
pub(crate) fn discard(mut child: Child) {
    match child.kill() {
        Ok(()) => {
            let _ = child.wait();
        }
        // It is another user's by now, and may go on for long.
        Err(_) => exit::abandon(child),
    }
}
