//! `Unblock`: nothing read is lost, nothing written is forgotten, and what goes wrong on the pool is told.

#[path = "../common/mod.rs"]
mod common;
mod failing;
mod iterating;
mod moving;
mod objects;
mod reading;
mod writing;
