//! Panics of tasks: caught, kept for whoever awaits the task, and reported if nobody does.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, RwLock};

use crate::TaskId;
use crate::site::Site;

/// A panic of a task that nobody awaited.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnhandledPanic<'a> {
    /// The task.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<&'a str>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// What it panicked with.
    pub payload: &'a (dyn Any + Send),
}

impl UnhandledPanic<'_> {
    /// The panic's message, if it has one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let text = self.payload.downcast_ref::<&'static str>().copied();
        text.or_else(|| self.payload.downcast_ref::<String>().map(String::as_str))
    }
}

impl fmt::Display for UnhandledPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = self.name {
            write!(f, " '{name}'")?;
        }
        let message = self.message().unwrap_or("(a payload that is no text)");
        write!(f, " spawned at {} panicked, and nobody awaited it: {message}", self.spawned_at)
    }
}

/// What is called when a task panicked and nobody awaited it.
pub type UnhandledPanicHook = Box<dyn Fn(&UnhandledPanic<'_>) + Send + Sync>;

type Hook = Arc<dyn Fn(&UnhandledPanic<'_>) + Send + Sync>;

static HOOK: RwLock<Option<Hook>> = RwLock::new(None);

/// Sets what is called when a task panicked and nobody awaited it; `None` restores the default, a line on stderr.
///
/// The hook is the process's. A panic of the hook itself is dropped.
///
/// ```
/// tenter_task::set_unhandled_panic_hook(Some(Box::new(|panic| eprintln!("lost: {panic}"))));
/// tenter_task::set_unhandled_panic_hook(None);
/// ```
pub fn set_unhandled_panic_hook(hook: Option<UnhandledPanicHook>) {
    let hook = hook.map(Hook::from);
    let old = {
        let mut place = HOOK.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::replace(&mut *place, hook)
    };
    drop(old);
}

/// Calls the hook; never unwinds.
pub(crate) fn report(panic: &UnhandledPanic<'_>) {
    let hook = HOOK.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let outcome = catch_unwind(AssertUnwindSafe(|| match hook {
        Some(hook) => hook(panic),
        None => eprintln!("{panic}"),
    }));
    if let Err(payload) = outcome {
        forget_payload(payload);
    }
}

/// Drops a payload whose own drop may panic.
pub(crate) fn forget_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

/// What a task ended with if it panicked; reported on drop unless it was [taken](Self::take).
pub(crate) struct Caught {
    id: TaskId,
    site: Site,
    payload: Option<Box<dyn Any + Send>>,
}

impl Caught {
    /// Not inlined: it would be in every task's functions.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(id: TaskId, site: &Site, payload: Box<dyn Any + Send>) -> Box<Self> {
        Box::new(Self { id, site: site.clone(), payload: Some(payload) })
    }

    /// The payload, for whoever awaited the task.
    pub(crate) fn take(&mut self) -> Box<dyn Any + Send> {
        self.payload.take().expect("a payload is taken once")
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        let Some(payload) = self.payload.take() else { return };
        report(&UnhandledPanic {
            id: self.id,
            name: self.site.name(),
            spawned_at: self.site.spawned_at(),
            payload: &*payload,
        });
        forget_payload(payload);
    }
}
