//! One registered source, and the slab of all of them.

mod direction;
mod entry;
#[cfg_attr(unix, path = "raw/unix.rs")]
#[cfg_attr(windows, path = "raw/windows.rs")]
#[cfg_attr(not(any(unix, windows)), path = "raw/nothing.rs")]
mod raw;
mod registration;
mod slab;
mod slot;
mod submission;
mod waiters;
mod word;

pub use direction::Direction;
pub use registration::Registration;
pub use submission::Submission;
pub use waiters::WaiterKey;
pub use word::Ready;

pub(crate) use entry::Site;
pub(crate) use slab::Slab;
pub(crate) use slot::Slot;
