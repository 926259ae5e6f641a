//! The nodes of a [`WaitList`](super::WaitList): an index-linked queue in a slab.
//!
//! Nothing here runs foreign code: wakers come in as values and leave as values, so that the caller can clone, wake
//! and drop them outside the lock.

use std::task::Waker;

/// "No node": the end of a chain.
const NIL: u32 = u32::MAX;

/// Slabs larger than this give their memory back once nobody waits; smaller ones stay warm.
const KEEP: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// On the free chain; set by `remove`, left by `push`.
    Free,
    /// In the queue with a waker; set by `push` and `renew`, left by `pop_front` and `remove`.
    Waiting,
    /// Popped by a notification, out of the queue, without a waker; set by `pop_front` alone, left by `renew` (which
    /// queues the node again) and `remove`.
    Notified,
}

#[derive(Debug)]
struct Node {
    state: State,
    waker: Option<Waker>,
    /// Towards the head; meaningful while waiting.
    prev: u32,
    /// Towards the tail while waiting; the next free node while free.
    next: u32,
}

#[derive(Debug)]
pub(super) struct Slab {
    nodes: Vec<Node>,
    head: u32,
    tail: u32,
    free: u32,
    /// Nodes that are not free.
    occupied: usize,
    /// Nodes in the queue.
    waiting: usize,
}

impl Slab {
    pub(super) const fn new() -> Self {
        Self { nodes: Vec::new(), head: NIL, tail: NIL, free: NIL, occupied: 0, waiting: 0 }
    }

    /// How many nodes wait and have not been notified.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Queues a new node at the tail.
    pub(super) fn push(&mut self, waker: Waker) -> u32 {
        let index = match self.free {
            NIL => {
                let index = u32::try_from(self.nodes.len()).ok().filter(|&index| index != NIL);
                let index = index.expect("a wait list holds at most u32::MAX - 1 waiters");
                self.nodes.push(Node { state: State::Free, waker: None, prev: NIL, next: NIL });
                index
            }
            index => {
                self.free = self.node(index).next;
                index
            }
        };
        self.occupied += 1;
        self.append(index, waker);
        index
    }

    /// Whether the node waits and would wake the same task.
    pub(super) fn waits_with(&self, index: u32, waker: &Waker) -> bool {
        let node = &self.nodes[index as usize];
        node.state == State::Waiting && node.waker.as_ref().is_some_and(|held| held.will_wake(waker))
    }

    /// Gives a waiting node another waker, or queues a notified one again. Says whether it queued, and returns the
    /// waker that was replaced.
    pub(super) fn renew(&mut self, index: u32, waker: Waker) -> (bool, Option<Waker>) {
        if self.node(index).state == State::Waiting {
            return (false, self.node(index).waker.replace(waker));
        }
        self.append(index, waker);
        (true, None)
    }

    /// Marks the longest-waiting node as notified and hands out its waker.
    pub(super) fn pop_front(&mut self) -> Option<Waker> {
        if self.head == NIL {
            return None;
        }
        let index = self.head;
        self.unlink(index);
        let node = self.node(index);
        node.state = State::Notified;
        node.waker.take()
    }

    /// Frees the node if it has been notified.
    pub(super) fn accept(&mut self, index: u32) -> bool {
        let notified = self.node(index).state == State::Notified;
        if notified {
            // A notified node holds no waker, so nothing foreign is dropped here.
            self.remove(index);
        }
        notified
    }

    /// Takes a node out, whatever its state. Says whether it had been notified, and returns its waker.
    pub(super) fn remove(&mut self, index: u32) -> (bool, Option<Waker>) {
        let notified = self.node(index).state == State::Notified;
        if !notified {
            self.unlink(index);
        }
        let free = self.free;
        let node = self.node(index);
        let waker = node.waker.take();
        node.state = State::Free;
        node.next = free;
        self.free = index;
        self.occupied -= 1;
        if self.occupied == 0 && self.nodes.len() > KEEP {
            self.nodes = Vec::new();
            self.free = NIL;
        }
        (notified, waker)
    }

    fn append(&mut self, index: u32, waker: Waker) {
        let tail = self.tail;
        let node = self.node(index);
        node.state = State::Waiting;
        node.waker = Some(waker);
        node.prev = tail;
        node.next = NIL;
        match tail {
            NIL => self.head = index,
            tail => self.node(tail).next = index,
        }
        self.tail = index;
        self.waiting += 1;
    }

    fn unlink(&mut self, index: u32) {
        let (prev, next) = (self.node(index).prev, self.node(index).next);
        match prev {
            NIL => self.head = next,
            prev => self.node(prev).next = next,
        }
        match next {
            NIL => self.tail = prev,
            next => self.node(next).prev = prev,
        }
        self.waiting -= 1;
    }

    fn node(&mut self, index: u32) -> &mut Node {
        &mut self.nodes[index as usize]
    }
}
