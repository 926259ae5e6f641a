//! Who waits for an operation in the reactor of a runtime that has ended, while that fails.
#![cfg(not(miri))]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tenter_reactor::{
    Abandoned, Capabilities, Completed, Completions, Events, Interest, Operation, Reactor, Refused, Source, Ticket,
    Token, Trigger,
};
use tenter_runtime::{Builder, Submission};

/// Fails to wait, but for every so many waits; carries out the one operation that it is given after some waits.
#[derive(Debug)]
struct Ailing {
    works_every: usize,
    ends_after: usize,
    waits: AtomicUsize,
    operation: Mutex<Option<Operation>>,
}

impl Reactor for Ailing {
    fn name(&self) -> &'static str {
        "ailing"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::new(Trigger::Edge)
    }

    unsafe fn register(&self, _: Source<'_>, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn arm(&self, _: Source<'_>, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&self, _: Source<'_>, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn wait(&self, _: &mut Events, _: Option<Duration>) -> io::Result<()> {
        if (self.waits.fetch_add(1, SeqCst) + 1) % self.works_every == 0 {
            Ok(())
        } else {
            Err(io::Error::other("it ails"))
        }
    }

    fn wake(&self) -> io::Result<()> {
        Ok(())
    }

    fn completions(&self) -> Option<&dyn Completions> {
        Some(self)
    }
}

impl Completions for Ailing {
    fn submit(&self, operation: Operation, _: Token) -> Result<Ticket, Box<Refused>> {
        *self.operation.lock().unwrap() = Some(operation);
        Ok(Ticket::new(0))
    }

    fn take(&self, ticket: Ticket) -> Result<Completed, Ticket> {
        if self.waits.load(SeqCst) < self.ends_after {
            return Err(ticket);
        }
        Ok(Completed::new(self.operation.lock().unwrap().take().unwrap(), Ok(1)))
    }

    fn abandon(&self, _: Ticket, _: Abandoned) {}
}

/// What waiting for an operation comes to, and how often the reactor was asked.
fn waited(works_every: usize, ends_after: usize) -> (io::Result<Completed>, usize) {
    let operation = Mutex::new(None);
    let reactor = Arc::new(Ailing { works_every, ends_after, waits: AtomicUsize::new(0), operation });
    let made = reactor.clone();
    let builder = Builder::new_current_thread().faulty(None).reactor_with(move |_| Ok(made.clone()));
    let runtime = builder.build().unwrap();
    let file = Arc::new(File::open("Cargo.toml").unwrap());
    let submission: Submission = runtime.handle().submit(Operation::read(file, vec![0; 1], Some(0))).unwrap();
    drop(runtime);
    let (end, ended) = mpsc::channel();
    thread::spawn(move || end.send(submission.wait()));
    let outcome = ended.recv_timeout(Duration::from_secs(60)).expect("it waits for ever");
    (outcome, reactor.waits.load(SeqCst))
}

#[test]
fn a_reactor_that_does_not_recover_must_not_be_waited_for() {
    let (outcome, waits) = waited(usize::MAX, usize::MAX);
    assert_eq!(outcome.unwrap_err().to_string(), "it ails");
    assert_eq!(waits, 101, "a second, with a wait each 10 ms");
}

#[test]
fn a_reactor_that_fails_now_and_then_must_be_waited_for() {
    let (outcome, _) = waited(usize::MAX, 90);
    assert_eq!(outcome.unwrap().result.unwrap(), 1, "it recovers before a second is over");
    let (outcome, _) = waited(90, 150);
    assert_eq!(outcome.unwrap().result.unwrap(), 1, "it never failed for a second");
}
