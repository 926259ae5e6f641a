//! hyper 1 on the tenter runtime.
//!
//! hyper knows no runtime: it asks for a stream, and for some uses an executor and a timer, through the traits of
//! [`hyper::rt`]. This crate is the thin layer between those traits and tenter.
//!
//! - [`Io`] makes any futures-io stream, such as `tenter::net::TcpStream`, a hyper stream. The other way round it makes
//!   a hyper stream, such as an upgraded connection, a futures-io stream.
//! - [`Executor`] spawns hyper's background tasks on a tenter runtime.
//! - [`Timer`] lets hyper's timeouts run on tenter's clock.

#![forbid(unsafe_code)]

mod executor;
mod io;
mod timer;

pub use executor::Executor;
pub use io::Io;
pub use timer::Timer;
