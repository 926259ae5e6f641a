//! Loom models of the desk: who waits in the kernel, who deregisters, who wakes.
#![cfg(tenter_loom)]

use std::io;
use std::sync::Mutex as Plain;
use std::time::Duration;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use tenter_reactor::{Events, Readiness, Token};
use tenter_reactor_uring::desk::Desk;
use tenter_reactor_uring::kernel::{Answer, Command, Kernel, Name};

const A: Token = Token(1);
const B: Token = Token(2);

/// Answers that there is room for; those beyond are kept, as the kernel does, but end their poll.
const ROOM: usize = 1;

/// A kernel that has the queues and the sleep. Its files can always be written, and are readable when the model says so.
#[derive(Default)]
struct Model {
    /// Under the desk's lock, so loom need not watch it.
    queue: Plain<Vec<Command>>,
    /// What is polled. Its lock is the kernel's own, under which commands are executed in their order.
    polled: Mutex<Vec<u32>>,
    answers: Mutex<Vec<Answer>>,
    answered: Condvar,
}

#[derive(Clone, Default)]
struct Handle(Arc<Model>);

impl Model {
    fn room(&self) -> usize {
        ROOM.saturating_sub(self.answers.lock().unwrap().len())
    }

    fn answer(&self, name: Name, result: i32, more: bool) {
        self.answers.lock().unwrap().push(Answer { name, result, more });
        self.answered.notify_all();
    }

    fn act(&self, polled: &mut Vec<u32>, command: Command) {
        match command {
            Command::Watch { source, .. } if self.room() == 0 => {
                self.answer(Name::Source(source), libc::POLLOUT.into(), false);
            }
            Command::Watch { source, .. } => {
                polled.push(source);
                self.answer(Name::Source(source), libc::POLLOUT.into(), true);
            }
            Command::Cancel(name) => {
                let before = polled.len();
                polled.retain(|polled| Name::Source(*polled) != name);
                if polled.len() < before {
                    self.answer(name, -libc::ECANCELED, false);
                }
                self.answer(Name::Nobody, 0, false);
            }
            Command::Transfer(transfer) => self.answer(Name::Operation(transfer.operation), 0, false),
            Command::Answer => self.answer(Name::Nobody, 0, false),
        }
    }
}

impl Handle {
    /// The source becomes readable.
    fn ready(&self, source: u32) {
        self.0.answer(Name::Source(source), libc::POLLIN.into(), true);
    }
}

impl Kernel for Handle {
    fn push(&self, command: Command) -> bool {
        self.0.queue.lock().unwrap().push(command);
        true
    }

    fn has_work(&self) -> bool {
        !self.0.queue.lock().unwrap().is_empty()
    }

    fn room(&self) -> usize {
        self.0.room()
    }

    fn submit(&self) -> io::Result<bool> {
        let mut polled = self.0.polled.lock().unwrap();
        let commands = std::mem::take(&mut *self.0.queue.lock().unwrap());
        commands.into_iter().for_each(|command| self.0.act(&mut polled, command));
        Ok(true)
    }

    fn wait(&self, _: Option<Duration>) -> io::Result<()> {
        self.submit()?;
        let mut answers = self.0.answers.lock().unwrap();
        while answers.is_empty() {
            answers = self.0.answered.wait(answers).unwrap();
        }
        Ok(())
    }

    fn reap(&self, take: &mut dyn FnMut(Answer)) {
        let answers = std::mem::take(&mut *self.0.answers.lock().unwrap());
        answers.into_iter().for_each(take);
    }

    fn settle(&self) {}
}

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

fn desk() -> (Arc<Desk<Handle>>, Handle) {
    let kernel = Handle::default();
    (Arc::new(Desk::new(kernel.clone())), kernel)
}

/// Waits until `token` is ready in this way.
fn expect(desk: &Desk<Handle>, token: Token, readiness: Readiness) {
    let mut events = Events::with_capacity(4);
    while !events.iter().any(|event| event.token == token && event.readiness.contains(readiness)) {
        events.clear();
        desk.wait(&mut events, None).unwrap();
    }
}

#[test]
fn a_wake_must_end_a_wait() {
    model(|| {
        let (desk, _) = desk();
        let over = Arc::new(AtomicBool::new(false));
        let waker = {
            let (desk, over) = (Arc::clone(&desk), Arc::clone(&over));
            thread::spawn(move || {
                over.store(true, Ordering::Relaxed);
                desk.wake().unwrap();
            })
        };
        while !over.load(Ordering::Relaxed) {
            desk.wait(&mut Events::with_capacity(4), None).unwrap();
        }
        waker.join().unwrap();
    });
}

/// A thread that deregisters and one that waits: neither may sleep through what the other took from the kernel.
#[test]
fn a_deregistration_must_end_and_leave_the_event_of_another_source_to_the_wait() {
    model(|| {
        let (desk, kernel) = desk();
        desk.register(10, A).unwrap();
        desk.register(11, B).unwrap();
        let other = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || {
                kernel.ready(1);
                desk.deregister(10, A).unwrap();
            })
        };
        expect(&desk, B, Readiness::READ);
        other.join().unwrap();
    });
}

#[test]
fn two_deregistrations_must_both_end_though_nobody_waits() {
    model(|| {
        let (desk, _) = desk();
        desk.register(10, A).unwrap();
        desk.register(11, B).unwrap();
        let other = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || desk.deregister(10, A).unwrap())
        };
        desk.deregister(11, B).unwrap();
        other.join().unwrap();
    });
}

/// The wait may have to queue behind the deregistration, and must hear of the wake all the same.
#[test]
fn a_wake_during_a_deregistration_must_end_the_wait() {
    model(|| {
        let (desk, _) = desk();
        desk.register(10, A).unwrap();
        let other = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || {
                desk.deregister(10, A).unwrap();
                desk.wake().unwrap();
            })
        };
        desk.wait(&mut Events::with_capacity(4), None).unwrap();
        other.join().unwrap();
    });
}

/// The second poll finds no room for its answer, and the thread that waits has to ask for it.
#[test]
fn two_registrations_during_a_wait_must_both_be_submitted() {
    model(|| {
        let (desk, _) = desk();
        let other = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || {
                desk.register(10, A).unwrap();
                desk.register(11, B).unwrap();
            })
        };
        expect(&desk, B, Readiness::WRITE);
        other.join().unwrap();
    });
}

#[test]
fn a_registration_during_a_wait_must_be_submitted() {
    model(|| {
        let (desk, _) = desk();
        let other = {
            let desk = Arc::clone(&desk);
            thread::spawn(move || desk.register(10, A).unwrap())
        };
        expect(&desk, A, Readiness::WRITE);
        other.join().unwrap();
    });
}
