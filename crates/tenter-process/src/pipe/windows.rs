//! Pipes to children on the blocking pool: those that the standard library makes can be read and written in no other way.

use std::io;
use std::process::Stdio;

use tenter_io::Unblock;

/// An end from which is read.
pub(crate) type Reader<T> = Unblock<T>;

/// The end to which is written.
pub(crate) type Writer = Unblock<std::process::ChildStdin>;

#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn reader<T>(pipe: T) -> io::Result<Reader<T>> {
    Ok(Unblock::new(pipe))
}

#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn writer(pipe: std::process::ChildStdin) -> io::Result<Writer> {
    Ok(Unblock::new(pipe))
}

/// For another child.
pub(crate) async fn reader_stdio<T: Into<Stdio>>(pipe: Reader<T>) -> io::Result<Stdio> {
    Ok(pipe.into_inner().await.into())
}

/// As [`reader_stdio`].
pub(crate) async fn writer_stdio(pipe: Writer) -> io::Result<Stdio> {
    Ok(pipe.into_inner().await.into())
}
