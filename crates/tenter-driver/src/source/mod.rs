//! One registered source, and the slab of all of them.

mod direction;
mod entry;
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
