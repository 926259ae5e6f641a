//! Objects that block, fail, and tell what was done to them.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// One step of a [`Script`].
pub(crate) enum Step {
    /// These bytes come, or these at most are taken.
    Bytes(&'static [u8]),
    Fail(io::ErrorKind),
    Panic,
    /// Blocks until there is a message, or the sender is gone.
    Block(Receiver<()>),
    /// Sends a message, and goes on.
    Tell(Sender<()>),
}

/// A step that blocks, and what ends it.
pub(crate) fn block() -> (Step, Sender<()>) {
    let (release, blocked) = channel();
    (Step::Block(blocked), release)
}

/// A step that tells that it was come to, and what hears it.
pub(crate) fn tell() -> (Step, Receiver<()>) {
    let (teller, told) = channel();
    (Step::Tell(teller), told)
}

/// Reads step by step, then the end.
pub(crate) struct Script(VecDeque<Step>);

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(steps.into_iter().collect())
    }

    /// How many steps are left.
    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    fn next(&mut self) -> io::Result<&'static [u8]> {
        loop {
            match self.0.pop_front() {
                None => return Ok(&[]),
                Some(Step::Bytes(bytes)) => return Ok(bytes),
                Some(Step::Fail(kind)) => return Err(kind.into()),
                Some(Step::Panic) => panic!("as the script says"),
                Some(Step::Block(blocked)) => drop(blocked.recv()),
                Some(Step::Tell(teller)) => drop(teller.send(())),
            }
        }
    }
}

impl Read for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next()?;
        let (now, later) = bytes.split_at(bytes.len().min(buf.len()));
        buf[..now.len()].copy_from_slice(now);
        if !later.is_empty() {
            self.0.push_front(Step::Bytes(later));
        }
        Ok(now.len())
    }
}

/// What a [`Sink`] was asked for, in order.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<String>>>);

impl Record {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Waits, without any help from the runtime, until the record is this.
    pub(crate) fn wait_for(&self, expected: &[&str]) {
        let start = Instant::now();
        while self.all() != expected {
            assert!(start.elapsed() < Duration::from_secs(60), "{:?} and not {expected:?}", self.all());
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Records what is written, flushed, read and dropped; goes through the script's steps before each write.
pub(crate) struct Sink {
    pub(crate) record: Record,
    script: Script,
}

impl Sink {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> (Self, Record) {
        let record = Record::default();
        (Self { record: record.clone(), script: Script::new(steps) }, record)
    }
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.script.next()?;
        self.record.add(String::from_utf8_lossy(buf));
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.record.add("flush");
        Ok(())
    }
}

impl Read for Sink {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.record.add("read");
        buf[0] = b'!';
        Ok(1)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let pool = thread::current().name().is_some_and(|name| name.contains("blocking"));
        self.record.add(if pool { "dropped on the pool" } else { "dropped" });
    }
}
