//! All listeners of the process, and for which signals there is a handler.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use super::handler::{self, Disposition};
use crate::listeners::{self, Listener, lock};

static TABLE: Mutex<Table> = Mutex::new(Table { listeners: Vec::new(), installed: BTreeMap::new() });

struct Table {
    listeners: Vec<Arc<Listener>>,
    /// What our handler stands in for, of each signal that has it in place, or beneath somebody else's that calls it.
    installed: BTreeMap<i32, Disposition>,
}

/// Those that can't be caught, and those after which a program that goes on would be back where it was.
const FORBIDDEN: [i32; 5] = [libc::SIGKILL, libc::SIGSTOP, libc::SIGILL, libc::SIGFPE, libc::SIGSEGV];

/// Adds a listener.
pub(super) fn listen(signal: i32) -> io::Result<Arc<Listener>> {
    if FORBIDDEN.contains(&signal) || !handler::is_known(signal) {
        let message = format!("signal {signal} can't be listened for");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut table = lock(&TABLE);
    let present = Disposition::of(signal)?;
    // A handler above ours that calls it would be called by it, and so on, if ours came on top of that.
    if !(present.is_handler() && table.installed.contains_key(&signal)) {
        handler::install(signal, &present)?;
        table.installed.insert(signal, present);
    }
    let signal = signal as usize;
    let listener = Listener::new(signal, handler::delivered(signal));
    table.listeners.push(listener.clone());
    Ok(listener)
}

/// Takes a listener out; the last one of its kind gives the signal back.
pub(super) fn leave(listener: &Arc<Listener>) {
    let mut table = lock(&TABLE);
    table.listeners.retain(|other| !Arc::ptr_eq(other, listener));
    if table.listeners.iter().any(|other| other.signal == listener.signal) {
        return;
    }
    let signal = listener.signal as i32;
    // Somebody else's handler stays, and may call ours.
    if Disposition::of(signal).is_ok_and(|present| present.is_ours()) {
        if let Some(before) = table.installed.remove(&signal) {
            // The system has taken the same before.
            let _ = before.restore(signal);
        }
    }
}

/// Wakes all who wait, of whatever kind.
pub(super) fn wake_all() {
    let all = lock(&TABLE).listeners.clone();
    listeners::wake_all(all);
}
