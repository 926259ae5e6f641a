//! A thread that answers what a runtime is asked through a socket. It exists only where that was asked for, and is none of the
//! runtime's workers, so that it answers while those are stuck.
//!
//! It serves one connection after the other, each for a bounded time, however slowly the other end reads or writes.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Place, place, question, user};
use crate::Handle;

/// A connection is over after this, whatever was sent by then.
const LIMIT: Duration = Duration::from_secs(5);

/// After a failure to accept, for want of descriptors for instance.
const PAUSE: Duration = Duration::from_millis(100);

/// The thread and its socket; both are gone after its drop.
#[derive(Debug)]
pub(crate) struct Server {
    path: PathBuf,
    /// Its end ends the thread.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Binds the socket and starts the thread.
    pub(crate) fn start(place: &Place, handle: Handle) -> io::Result<Self> {
        let (listener, path) = match place {
            Place::Default => place::bind_default()?,
            Place::At(path) => (place::bind(path)?, path.clone()),
        };
        // From here on the path is removed whatever fails.
        let mut server = Self { path, stop: None, thread: None };
        listener.set_nonblocking(true)?;
        let (stop, stopped) = UnixStream::pair()?;
        server.stop = Some(stop);
        let serve = move || serve(&listener, &stopped, &handle);
        server.thread = Some(thread::Builder::new().name("tenter-inspect".to_owned()).spawn(serve)?);
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It runs no foreign code, and waits for nothing without looking for the end.
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.path);
    }
}

fn serve(listener: &UnixListener, stopped: &UnixStream, handle: &Handle) {
    while wait(listener.as_raw_fd(), libc::POLLIN, stopped, None).is_ok() {
        match listener.accept() {
            // Who is told nothing, or not all, sees that.
            Ok((stream, _)) => drop(converse(stream, stopped, handle)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// A question and its answer.
fn converse(mut stream: UnixStream, stopped: &UnixStream, handle: &Handle) -> io::Result<()> {
    if !user::is_own(&stream) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    stream.set_nonblocking(true)?;
    let deadline = Instant::now() + LIMIT;
    let mut question = [0; question::LONGEST];
    let mut len = 0;
    while len < question.len() && !question[..len].contains(&b'\n') {
        match stream.read(&mut question[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) => again(error, &stream, libc::POLLIN, stopped, deadline)?,
        }
    }
    let answer = question::answer(handle, &question[..len]);
    let mut left = answer.as_bytes();
    while !left.is_empty() {
        match stream.write(left) {
            Ok(written) => left = &left[written..],
            Err(error) => again(error, &stream, libc::POLLOUT, stopped, deadline)?,
        }
    }
    Ok(())
}

/// Waits until what would have blocked is worth another try.
fn again(
    error: io::Error,
    stream: &UnixStream,
    events: libc::c_short,
    stopped: &UnixStream,
    deadline: Instant,
) -> io::Result<()> {
    match error.kind() {
        ErrorKind::Interrupted => Ok(()),
        ErrorKind::WouldBlock => wait(stream.as_raw_fd(), events, stopped, Some(deadline)),
        _ => Err(error),
    }
}

/// Waits for a descriptor, or fails: at the deadline, or if the thread is to end.
fn wait(descriptor: RawFd, events: libc::c_short, stopped: &UnixStream, deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let timeout = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
            None => -1,
            Some(Duration::ZERO) => return Err(ErrorKind::TimedOut.into()),
            Some(left) => left.as_millis() as libc::c_int + 1,
        };
        let entry = |fd, events| libc::pollfd { fd, events, revents: 0 };
        let mut entries = [entry(descriptor, events), entry(stopped.as_raw_fd(), libc::POLLIN)];
        // SAFETY: the pointer is to as many entries as are told, and the call does not keep it.
        let count = unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, timeout) };
        let error = io::Error::last_os_error();
        if count < 0 && error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
        if count > 0 && entries[1].revents != 0 {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if count > 0 {
            return Ok(());
        }
    }
}
