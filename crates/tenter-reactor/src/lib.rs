#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

mod completions;
mod deadline;
mod error;
mod event;
#[cfg(any(feature = "faulty", feature = "shadow"))]
mod raw;
mod reactor;
mod source;

#[cfg(all(any(unix, windows), feature = "conformance"))]
#[cfg_attr(docsrs, doc(cfg(feature = "conformance")))]
pub mod conformance;
#[cfg(feature = "faulty")]
#[cfg_attr(docsrs, doc(cfg(feature = "faulty")))]
pub mod faulty;
#[cfg(all(any(unix, windows), feature = "oneshot"))]
#[cfg_attr(docsrs, doc(cfg(feature = "oneshot")))]
pub mod oneshot;
#[cfg(feature = "shadow")]
#[cfg_attr(docsrs, doc(cfg(feature = "shadow")))]
pub mod shadow;

pub use completions::{Abandoned, Action, Completed, Completions, Operation, Refused, Ticket};
pub use deadline::Deadline;
pub use error::ReactorError;
pub use event::{Event, Events, Interest, Readiness, Token};
pub use reactor::{Capabilities, Reactor, ReactorConfig, ReactorFactory, Trigger};
pub use source::Source;
