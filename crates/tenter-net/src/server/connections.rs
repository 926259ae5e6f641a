//! The connections that a server has: who they are, that they end, and how they are told to.
//!
//! The table is under one lock, under which nothing foreign runs. Whoever changes it notifies the [`WaitList`] after, and who
//! waits there looks at the table under its lock: the list's protocol does the rest. A connection is in the table from before its
//! task is spawned until its [`Entry`] is dropped, which the task owns: by its end, a panic, or the end of the runtime.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenter_core::wait_list::WaitList;
use tenter_io::time::timeout;

use super::door::Door;
use super::listener::Listener;

/// One connection, as its server sees it.
struct Connection<L: Listener> {
    peer: L::Addr,
    stream: L::Weak,
    /// Closed when the handler is to go.
    stay: Door,
    /// Closed when nothing is to be left of the connection either.
    whole: Door,
}

/// The table's contents.
struct Table<L: Listener> {
    /// By the order in which they came.
    live: BTreeMap<u64, Arc<Connection<L>>>,
    next: u64,
    /// The listener is there.
    listening: bool,
}

pub(super) struct Connections<L: Listener> {
    table: Mutex<Table<L>>,
    /// Who waits for the end of a connection or of the listener.
    ended: WaitList,
}

impl<L: Listener> Connections<L> {
    pub(super) fn new() -> Self {
        let table = Table { live: BTreeMap::new(), next: 0, listening: true };
        Self { table: Mutex::new(table), ended: WaitList::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Table<L>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(self: &Arc<Self>, stream: &L::Stream, peer: L::Addr) -> Entry<L> {
        let connection = Connection { peer, stream: L::weak(stream), stay: Door::default(), whole: Door::default() };
        let connection = Arc::new(connection);
        let mut table = self.lock();
        let id = table.next;
        table.next += 1;
        table.live.insert(id, connection.clone());
        drop(table);
        Entry { connections: self.clone(), connection, id }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().live.len()
    }

    pub(super) fn peers(&self) -> Vec<L::Addr> {
        self.lock().live.values().map(|connection| connection.peer.clone()).collect()
    }

    /// Waits until there are fewer than `most`.
    pub(super) async fn room(&self, most: usize) {
        self.ended.wait_until(|| (self.len() < most).then_some(())).await;
    }

    /// How many have ended so far.
    pub(super) fn ended(&self) -> u64 {
        let table = self.lock();
        table.next - table.live.len() as u64
    }

    /// Waits until more than so many have ended, but not longer than `pause`.
    pub(super) async fn ended_more_than(&self, before: u64, pause: Duration) {
        let ended = self.ended.wait_until(|| (self.ended() > before).then_some(()));
        // Both are reasons to go on.
        let _ = timeout(pause, ended).await;
    }

    /// Waits until there is neither a listener nor a connection.
    pub(super) async fn all_gone(&self) {
        let gone = || {
            let table = self.lock();
            (!table.listening && table.live.is_empty()).then_some(())
        };
        self.ended.wait_until(gone).await;
    }

    /// The listener is gone.
    pub(super) fn listener_gone(&self) {
        self.lock().listening = false;
        self.ended.notify_all();
    }

    /// Tells all handlers to go; what is sent already, or is in a buffered writer, still arrives.
    pub(super) fn close(&self) {
        for connection in self.all() {
            connection.stay.close();
        }
    }

    /// Tells all handlers to go, and leaves nothing of their connections.
    pub(super) fn abort(&self) {
        for connection in self.all() {
            L::reset_when_closed(&connection.stream);
            connection.whole.close();
            connection.stay.close();
        }
    }

    fn all(&self) -> Vec<Arc<Connection<L>>> {
        self.lock().live.values().cloned().collect()
    }
}

/// A connection's place in the table, for as long as this lives.
pub(super) struct Entry<L: Listener> {
    connections: Arc<Connections<L>>,
    connection: Arc<Connection<L>>,
    id: u64,
}

impl<L: Listener> Entry<L> {
    /// Runs the handler until it ends or is told to go.
    pub(super) async fn run(self, handler: impl Future<Output = ()>) {
        // The handler is dropped by then, whether or not it ended.
        self.connection.stay.unless_closed(handler).await;
    }
}

impl<L: Listener> Drop for Entry<L> {
    fn drop(&mut self) {
        if self.connection.whole.is_closed() {
            L::break_off(&self.connection.stream);
        }
        let gone = self.connections.lock().live.remove(&self.id);
        drop(gone);
        self.connections.ended.notify_all();
    }
}
