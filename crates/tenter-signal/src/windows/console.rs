//! The handler of the console's events. The system calls it on a thread of its own, where it may do what any thread may.
#![allow(unsafe_code, reason = "a handler is called by the system")]

use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

use crate::listeners::{self, Listener, lock};

/// One more than the largest number of an event.
const EVENTS: usize = 7;

/// How often each came while somebody listened.
static DELIVERED: [AtomicUsize; EVENTS] = [const { AtomicUsize::new(0) }; EVENTS];

static TABLE: Mutex<Table> = Mutex::new(Table { listeners: Vec::new(), installed: false });

struct Table {
    listeners: Vec<Arc<Listener>>,
    /// The handler stays: for what nobody listens for, it leaves it to the others.
    installed: bool,
}

/// Adds a listener.
pub(super) fn listen(event: u32) -> io::Result<Arc<Listener>> {
    let mut table = lock(&TABLE);
    if !table.installed {
        // SAFETY: the handler may be called from any thread at any time.
        if unsafe { SetConsoleCtrlHandler(Some(handle), 1) } == 0 {
            return Err(io::Error::last_os_error());
        }
        table.installed = true;
    }
    let event = event as usize;
    let listener = Listener::new(event, DELIVERED[event].load(SeqCst));
    table.listeners.push(listener.clone());
    Ok(listener)
}

/// Takes a listener out.
pub(super) fn leave(listener: &Arc<Listener>) {
    lock(&TABLE).listeners.retain(|other| !Arc::ptr_eq(other, listener));
}

/// Whether there was an event: looks, says that one waits, looks again.
pub(super) fn poll(listener: &Listener, cx: &mut Context<'_>) -> Poll<()> {
    let delivered = || DELIVERED[listener.signal].load(SeqCst);
    if listener.hears(delivered()) {
        return Poll::Ready(());
    }
    listener.wait(cx.waker());
    if !listener.hears(delivered()) {
        return Poll::Pending;
    }
    listener.stay();
    Poll::Ready(())
}

/// Counts an event if somebody listens for it, and wakes them.
fn deliver(event: u32) -> bool {
    let table = lock(&TABLE);
    let event = event as usize;
    let listening: Vec<_> = table.listeners.iter().filter(|listener| listener.signal == event).cloned().collect();
    drop(table);
    if listening.is_empty() {
        return false;
    }
    DELIVERED[event].fetch_add(1, SeqCst);
    listeners::wake_all(listening);
    true
}

unsafe extern "system" fn handle(event: u32) -> BOOL {
    let handled = deliver(event);
    // At the other events the system ends the program when this returns.
    if handled && !matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
        loop {
            thread::park();
        }
    }
    BOOL::from(handled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::{ctrl_break, ctrl_c};

    /// As the system does, which can't be asked to without a console.
    fn send(event: u32) -> bool {
        // SAFETY: it may be called from any thread at any time.
        unsafe { handle(event) != 0 }
    }

    #[test]
    fn every_listener_hears_and_the_last_one_gives_the_event_back() {
        tenter_runtime::block_on(async {
            assert!(!send(CTRL_C_EVENT));
            let (mut first, mut second) = (ctrl_c().unwrap(), ctrl_c().unwrap());
            let mut other = ctrl_break().unwrap();
            let waiting = tenter_runtime::spawn(async move { first.recv().await });
            assert!(send(CTRL_C_EVENT) && send(CTRL_C_EVENT));
            assert_eq!((waiting.await, second.recv().await), (Some(()), Some(())));
            assert!(futures_lite::future::poll_once(second.recv()).await.is_none());
            assert!(futures_lite::future::poll_once(other.recv()).await.is_none());
            assert!(send(CTRL_BREAK_EVENT));
            assert_eq!(other.recv().await, Some(()));
            drop(second);
            assert!(!send(CTRL_C_EVENT));
            let heard = crate::ctrl_c();
            assert!(send(CTRL_C_EVENT));
            heard.await.unwrap();
            assert!(!send(CTRL_C_EVENT));
        });
    }
}
