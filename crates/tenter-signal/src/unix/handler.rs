//! What runs when a signal comes: two atomics and one write, and what was there before.
//!
//! A handler may interrupt anything, so it takes no lock, allocates nothing, and leaves `errno` alone: its write finds room, because there is
//! one byte in the socket at a time, or a few if handlers run at once.
#![allow(unsafe_code, reason = "a handler is called by the system, and calls what was there before it")]

use std::io;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize};

use libc::{c_int, c_void, sighandler_t, siginfo_t};

/// One more than the largest number of a signal anywhere (128, on Linux on MIPS).
const SIGNALS: usize = 129;

/// What there is of each signal. It stays as long as the process.
static SLOTS: [Slot; SIGNALS] = [const { Slot::new() }; SIGNALS];

/// A byte was written, or is about to be, and who takes it has not said so yet: one more is not needed.
static WRITTEN: AtomicBool = AtomicBool::new(false);

/// Where to.
static WRITER: AtomicI32 = AtomicI32::new(-1);

struct Slot {
    delivered: AtomicUsize,
    /// The handler that was there before, if it takes a number alone; else 0.
    plain: AtomicUsize,
    /// The handler that was there before, if it takes all that is known; else 0.
    informed: AtomicUsize,
}

impl Slot {
    const fn new() -> Self {
        Self { delivered: AtomicUsize::new(0), plain: AtomicUsize::new(0), informed: AtomicUsize::new(0) }
    }
}

/// How often a signal was delivered while there was a handler.
pub(super) fn delivered(signal: usize) -> usize {
    SLOTS[signal].delivered.load(SeqCst)
}

/// Whether there is room for such a number.
pub(super) fn is_known(signal: c_int) -> bool {
    usize::try_from(signal).is_ok_and(|signal| 0 < signal && signal < SIGNALS)
}

/// Handlers write to this descriptor, which is never closed.
pub(super) fn write_to(writer: c_int) {
    WRITER.store(writer, SeqCst);
}

/// What was written has been taken.
pub(super) fn taken() {
    WRITTEN.swap(false, SeqCst);
}

extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let slot = &SLOTS[signal as usize % SIGNALS];
    slot.delivered.fetch_add(1, SeqCst);
    if !WRITTEN.swap(true, SeqCst) {
        // SAFETY: the byte lives as long as the process, and the descriptor is open as long.
        unsafe { libc::write(WRITER.load(SeqCst), b"!".as_ptr().cast(), 1) };
    }
    let (plain, informed) = (slot.plain.load(SeqCst), slot.informed.load(SeqCst));
    // SAFETY: such handlers were in place with these flags (see `install`), so the system would have called them in this way.
    unsafe {
        if plain != 0 {
            std::mem::transmute::<usize, extern "C" fn(c_int)>(plain)(signal);
        }
        if informed != 0 {
            std::mem::transmute::<usize, extern "C" fn(c_int, *mut siginfo_t, *mut c_void)>(informed)(
                signal, info, context,
            );
        }
    }
}

fn ours() -> sighandler_t {
    handle as *const () as sighandler_t
}

/// What the system does with a signal.
pub(super) struct Disposition(libc::sigaction);

impl Disposition {
    /// The present one.
    pub(super) fn of(signal: c_int) -> io::Result<Self> {
        // SAFETY: all zeroes is a valid `sigaction`, which the call fills in.
        unsafe {
            let mut action = std::mem::zeroed();
            done(libc::sigaction(signal, std::ptr::null(), &raw mut action))?;
            Ok(Self(action))
        }
    }

    /// Whether that is our handler.
    pub(super) fn is_ours(&self) -> bool {
        self.0.sa_sigaction == ours()
    }

    /// Whether anybody's handler is called.
    pub(super) fn is_handler(&self) -> bool {
        !matches!(self.0.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN)
    }

    /// Puts it in place.
    pub(super) fn restore(&self, signal: c_int) -> io::Result<()> {
        // SAFETY: the system has given it to us.
        done(unsafe { libc::sigaction(signal, &raw const self.0, std::ptr::null_mut()) })
    }
}

/// Puts our handler in place, and has it call the one that is `before`.
pub(super) fn install(signal: c_int, before: &Disposition) -> io::Result<()> {
    let slot = &SLOTS[signal as usize];
    let handler = if before.is_handler() { before.0.sa_sigaction } else { 0 };
    let informed = before.0.sa_flags & libc::SA_SIGINFO != 0;
    slot.plain.store(if informed { 0 } else { handler }, SeqCst);
    slot.informed.store(if informed { handler } else { 0 }, SeqCst);
    // SAFETY: all zeroes is a valid `sigaction`; the handler takes what the flags say, and does only what a handler may.
    done(unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ours();
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, std::ptr::null_mut())
    })
}

fn done(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
