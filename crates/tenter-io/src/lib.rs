//! Async I/O over any file descriptor, blocking objects made asynchronous, and time, for the tenter runtime.
//!
//! [`Async<T>`] makes any object with a file descriptor (on Windows: with a socket) asynchronous; [`Timer`] and the
//! functions of [`time`] wait for a moment. Both bind to the ambient runtime when they are made and can be polled from any
//! thread. [`Unblock`] has what blocks work on the blocking pool.
//!
//! Over any stream of bytes: [`StreamReader`] and [`StreamWriter`] are asyncio's, [`codec`] makes frames of bytes,
//! [`copy_bidirectional`] is a proxy, and [`duplex`] a stream in memory.

mod attempt;
mod buffer;
pub mod codec;
mod copy;
mod delimiters;
mod duplex;
mod listen;
#[cfg(unix)]
#[path = "raw/unix.rs"]
mod raw;
#[cfg(windows)]
#[path = "raw/windows.rs"]
mod raw;
mod reader;
mod ready;
mod sockets;
#[cfg(unix)]
#[path = "sys/unix.rs"]
mod sys;
#[cfg(windows)]
#[path = "sys/windows.rs"]
mod sys;
pub mod time;
mod timer;
mod udp;
mod unblock;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod waitable;
mod wrapper;
mod writer;

pub use copy::{CopyError, copy_bidirectional};
pub use duplex::{DuplexReader, DuplexStream, DuplexWriter, duplex};
pub use listen::ListenOptions;
pub use reader::{ReadError, StreamReader};
pub use ready::{Readable, ReadableOwned, Writable, WritableOwned};
pub use timer::Timer;
pub use unblock::Unblock;
#[cfg(windows)]
pub use waitable::{IntoInnerError, Waitable};
pub use wrapper::{Async, IoSafe};
pub use writer::{StreamWriter, WriteError, WriteMarks};
