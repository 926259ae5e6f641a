//! A watch channel against a version number: any sequence of changes, looks, waits, marks and drops.
#![cfg(not(tenter_loom))]

mod common;

use std::task::Poll;

use common::Task;
use proptest::prelude::*;
use tenter_channel::watch::{self, Receiver, RecvError, SendError, Sender};

/// Indices are taken modulo the number of receivers there are.
#[derive(Clone, Debug)]
enum Step {
    Send,
    Replace,
    /// Tells, or not.
    Modify(bool),
    Borrow(usize),
    Update(usize),
    /// Waits if there is nothing new, and then hears of a change.
    ChangedAcrossChange(usize),
    WaitFor(usize, u32),
    MarkChanged(usize),
    MarkUnchanged(usize),
    Clone(usize),
    Subscribe,
    Drop(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let i = || 0..8usize;
    let step = prop_oneof![
        2 => Just(Step::Send),
        1 => Just(Step::Replace),
        1 => any::<bool>().prop_map(Step::Modify),
        1 => i().prop_map(Step::Borrow),
        2 => i().prop_map(Step::Update),
        3 => i().prop_map(Step::ChangedAcrossChange),
        2 => (i(), 0..3u32).prop_map(|(i, ahead)| Step::WaitFor(i, ahead)),
        1 => i().prop_map(Step::MarkChanged),
        1 => i().prop_map(Step::MarkUnchanged),
        1 => i().prop_map(Step::Clone),
        1 => Just(Step::Subscribe),
        1 => i().prop_map(Step::Drop),
    ];
    prop::collection::vec(step, 0..80)
}

struct Model {
    sender: Sender<u32>,
    value: u32,
    /// With whether each has something to hear of.
    receivers: Vec<(Receiver<u32>, bool)>,
}

impl Model {
    fn new() -> Self {
        let (sender, receiver) = watch::channel(0);
        Self { sender, value: 0, receivers: vec![(receiver, false)] }
    }

    fn apply(&mut self, step: &Step) {
        let count = self.receivers.len();
        match *step {
            Step::Send => self.send(),
            Step::Replace => {
                assert_eq!(self.sender.send_replace(self.value + 1), self.value);
                self.changed();
            }
            Step::Modify(tell) => self.modify(tell),
            Step::Subscribe => self.receivers.push((self.sender.subscribe(), false)),
            _ if count == 0 => {}
            Step::ChangedAcrossChange(i) => self.changed_across_change(i % count),
            Step::WaitFor(i, ahead) => self.wait_for(i % count, self.value + ahead),
            Step::Clone(i) => {
                let (receiver, new) = &self.receivers[i % count];
                let clone = (receiver.clone(), *new);
                self.receivers.push(clone);
            }
            Step::Drop(i) => drop(self.receivers.remove(i % count)),
            Step::Borrow(i) | Step::Update(i) | Step::MarkChanged(i) | Step::MarkUnchanged(i) => {
                self.look(step, i % count);
            }
        }
        self.check();
    }

    fn changed(&mut self) {
        self.value += 1;
        self.receivers.iter_mut().for_each(|receiver| receiver.1 = true);
    }

    fn send(&mut self) {
        if self.receivers.is_empty() {
            assert_eq!(self.sender.send(self.value + 1), Err(SendError(self.value + 1)));
        } else {
            assert_eq!(self.sender.send(self.value + 1), Ok(()));
            self.changed();
        }
    }

    fn modify(&mut self, tell: bool) {
        let modify = |value: &mut u32| {
            *value += 1;
            tell
        };
        assert_eq!(self.sender.send_if_modified(modify), tell);
        if tell {
            self.changed();
        } else {
            self.value += 1;
        }
    }

    fn look(&mut self, step: &Step, i: usize) {
        let (receiver, new) = &mut self.receivers[i];
        match step {
            Step::MarkChanged(_) => {
                receiver.mark_changed();
                *new = true;
            }
            Step::MarkUnchanged(_) => {
                receiver.mark_unchanged();
                *new = false;
            }
            Step::Borrow(_) => {
                let value = receiver.borrow();
                assert_eq!((*value, value.has_changed()), (self.value, *new));
            }
            _ => {
                let value = receiver.borrow_and_update();
                assert_eq!((*value, value.has_changed()), (self.value, *new));
                *new = false;
            }
        }
    }

    fn changed_across_change(&mut self, i: usize) {
        let (mut receiver, new) = self.receivers.remove(i);
        {
            let mut changed = Task::new(receiver.changed());
            match changed.poll() {
                Poll::Ready(told) => assert!(new && told.is_ok()),
                Poll::Pending => {
                    assert!(!new);
                    self.sender.send_replace(self.value + 1);
                    self.changed();
                    assert!(changed.woken() && changed.poll().is_ready());
                }
            }
        }
        self.receivers.insert(i, (receiver, false));
    }

    /// Waits for a value, and sees all those before it.
    fn wait_for(&mut self, i: usize, wanted: u32) {
        let (mut receiver, mut new) = self.receivers.remove(i);
        {
            let mut wait = Task::new(receiver.wait_for(|&value| value == wanted));
            while self.value != wanted {
                assert!(wait.poll().is_pending());
                self.sender.send_replace(self.value + 1);
                self.changed();
                assert!(wait.woken());
                new = true;
            }
            match wait.poll() {
                Poll::Ready(found) => {
                    let found = found.unwrap();
                    assert_eq!((*found, found.has_changed()), (wanted, new));
                }
                Poll::Pending => panic!("the value is there"),
            }
        }
        self.receivers.insert(i, (receiver, false));
    }

    fn check(&self) {
        assert_eq!(self.sender.receiver_count(), self.receivers.len());
        assert_eq!(*self.sender.borrow(), self.value);
        for (receiver, new) in &self.receivers {
            assert_eq!(receiver.has_changed(), Ok(*new));
        }
    }

    /// The last sender goes: who has something to hear hears it first.
    fn finish(self) {
        let Self { sender, receivers, value } = self;
        drop(sender);
        for (mut receiver, new) in receivers {
            assert!(receiver.is_closed());
            if new {
                assert_eq!(Task::new(receiver.changed()).poll(), Poll::Ready(Ok(())));
            }
            assert_eq!(Task::new(receiver.changed()).poll(), Poll::Ready(Err(RecvError)));
            assert_eq!(*receiver.borrow(), value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 4 } else { 256 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_agrees_with_the_model(steps in steps()) {
        let mut model = Model::new();
        for step in &steps {
            model.apply(step);
        }
        model.finish();
    }
}
