//! What a live runtime says of itself: its tasks as a [list](TaskList) and as a [tree](TaskTree), and itself in numbers; to
//! the program, and through a socket to the command `tenter`.
//!
//! Nothing here polls a task or needs a thread of the runtime, so all of it works while every worker is stuck inside a poll.

mod json;
mod list;
mod metrics;
#[cfg(unix)]
mod place;
#[cfg(unix)]
mod question;
#[cfg(not(unix))]
#[path = "no_server.rs"]
mod server;
#[cfg(unix)]
mod server;
mod tree;
#[cfg(unix)]
mod user;

use std::env;
use std::path::PathBuf;

pub use list::{TaskDetails, TaskInfo, TaskList, TaskState};
pub use metrics::Metrics;
#[cfg(unix)]
pub use place::inspect_sockets;
pub(crate) use server::Server;
#[cfg(not(unix))]
pub use server::inspect_sockets;
pub use tree::TaskTree;

use crate::{BuildError, Handle, switch};

/// Where a runtime's socket is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the command `tenter` looks for it.
    Default,
    At(PathBuf),
}

/// The environment variable that says whether, or where, runtimes have sockets whose builder says nothing.
const VARIABLE: &str = "TENTER_INSPECT";

/// What the environment says.
pub(crate) fn place() -> Result<Option<Place>, BuildError> {
    match env::var_os(VARIABLE).map(PathBuf::from) {
        Some(path) if path.is_absolute() => Ok(Some(Place::At(path))),
        _ => Ok(switch::of(VARIABLE)?.then_some(Place::Default)),
    }
}

impl Handle {
    /// The runtime's tasks, as they are now.
    ///
    /// In [debug mode](crate::Builder::debug) each task that lives is in the list with all that is noted of it. Without,
    /// the list says how many there are. Nothing is polled and no worker is asked, so it also works while all of them are stuck;
    /// of 100,000 tasks it takes some 20 ms, in portions, between which they go on.
    ///
    /// ```
    /// use tenter_runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().debug(true).build()?;
    /// let handle = runtime.handle().clone();
    /// runtime.block_on(runtime.task().name("parent").spawn(async move {
    ///     let child = handle.task().name("child").spawn(std::future::pending::<()>());
    ///     let tasks = handle.tasks();
    ///     let parent = tasks.iter().find(|task| task.name.as_deref() == Some("parent")).unwrap();
    ///     let details = tasks.iter().find(|task| task.id == child.id()).unwrap().details.as_ref().unwrap();
    ///     assert_eq!(details.parent, Some(parent.id));
    ///     println!("{tasks}\n{}", tasks.tree());
    /// }));
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    #[must_use]
    #[doc(alias = "all_tasks")]
    pub fn tasks(&self) -> TaskList {
        TaskList::of(self)
    }

    /// The runtime in numbers, as they are now.
    ///
    /// ```
    /// let runtime = tenter_runtime::Builder::new_current_thread().build()?;
    /// let _task = runtime.spawn(std::future::pending::<()>());
    /// let metrics = runtime.metrics();
    /// assert_eq!((metrics.live_tasks, metrics.injected, metrics.workers), (1, 1, 0));
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics::of(self)
    }

    /// Whether it is in debug mode; see [`Builder::debug`](crate::Builder::debug).
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.scheduler().is_debug()
    }
}

/// The tasks of the ambient runtime; see [`Handle::tasks`].
///
/// ```
/// let tasks = tenter_runtime::tasks();
/// assert_eq!(tasks.live(), 0);
/// ```
///
/// # Panics
/// If there is no runtime and the default one can't be made.
#[must_use]
pub fn tasks() -> TaskList {
    Handle::current().tasks()
}
