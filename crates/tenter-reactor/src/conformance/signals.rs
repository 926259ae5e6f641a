//! That signals neither end nor shorten a wait.
#![allow(unsafe_code, reason = "there is no safe way to send a signal to one thread")]

use std::io::Write;
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::rig::Rig;
use super::system::pair;
use super::{Case, Maker, Tried, ensure};
use crate::{Interest, Token};

pub(super) const CASES: &[Case] = &[Case::new("signals_neither_end_nor_shorten_a_wait", storm)];

const SIGNAL: libc::c_int = libc::SIGUSR2;

/// How many signals were handled.
static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn handle(_: libc::c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Interrupts the thread that made it, again and again, until it is dropped.
struct Storm {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Storm {
    fn begin() -> std::io::Result<Self> {
        install_handler()?;
        // SAFETY: no precondition.
        let target = unsafe { libc::pthread_self() } as usize;
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let over = Arc::clone(&over);
            move || {
                while !over.load(Ordering::Relaxed) {
                    // SAFETY: the target outlives this thread, which it joins in `Storm::drop`.
                    unsafe { libc::pthread_kill(target as libc::pthread_t, SIGNAL) };
                    thread::sleep(Duration::from_micros(200));
                }
            }
        });
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Has `SIGNAL` interrupt system calls, and do nothing else.
fn install_handler() -> std::io::Result<()> {
    let handler: extern "C" fn(libc::c_int) = handle;
    // SAFETY: all zeros is a valid `sigaction`: no flags (no SA_RESTART), an empty mask; the handler does only what a
    // signal handler may.
    let installed = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        libc::sigaction(SIGNAL, &action, ptr::null_mut())
    };
    if installed == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

fn storm(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, Token(1))?;
    rig.expect(&a, Token(1), Interest::WRITE)?;
    let handled = HANDLED.load(Ordering::Relaxed);
    let storm = Storm::begin()?;
    for timeout in [1, 10, 50, 100].map(Duration::from_millis) {
        rig.want(&a, Token(1), Interest::READ)?;
        let start = Instant::now();
        let events = rig.wait(Some(timeout))?;
        let elapsed = start.elapsed();
        ensure!(events == 0, "{events} events though only signals came");
        ensure!(elapsed >= timeout, "under signals, a timeout of {timeout:?} was over after {elapsed:?}");
    }
    for _ in 0..20 {
        rig.want(&a, Token(1), Interest::READ)?;
        b.write_all(b"x")?;
        rig.expect(&a, Token(1), Interest::READ)?;
        super::fixture::drain(&a)?;
        rig.used_up(Token(1), Interest::READ);
    }
    drop(storm);
    ensure!(HANDLED.load(Ordering::Relaxed) > handled, "no signal arrived: the case has shown nothing");
    Ok(rig.deregister(&a, Token(1))?)
}
