//! Signals that a test sends to its own process. One test at a time: they are the whole process's.
#![cfg(unix)]
#![allow(unsafe_code, reason = "signals are sent, and their dispositions asked for, by system calls")]

use std::io::ErrorKind;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;

use futures_lite::StreamExt;
use futures_lite::future::{poll_once, yield_now, zip};
use tenter_runtime::{Builder, Runtime, block_on};
use tenter_signal::ctrl_c;
use tenter_signal::unix::{Signal, SignalKind, signal};

static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Delivered, to whatever thread, before this returns or soon after.
fn send(kind: SignalKind) {
    // SAFETY: two numbers.
    assert_eq!(unsafe { libc::kill(libc::getpid(), kind.as_raw_value()) }, 0);
}

/// Delivered to this thread before this returns.
fn raise(kind: SignalKind) {
    // SAFETY: a number.
    assert_eq!(unsafe { libc::raise(kind.as_raw_value()) }, 0);
}

fn disposition(kind: SignalKind) -> usize {
    // SAFETY: all zeroes is a valid `sigaction`, which the call fills in.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        assert_eq!(libc::sigaction(kind.as_raw_value(), std::ptr::null(), &raw mut action), 0);
        action.sa_sigaction
    }
}

fn set_disposition(kind: SignalKind, handler: usize) -> usize {
    // SAFETY: a handler of this file, or what was there before.
    unsafe { libc::signal(kind.as_raw_value(), handler) }
}

const USR1: SignalKind = SignalKind::user_defined1();
const USR2: SignalKind = SignalKind::user_defined2();

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

#[test]
fn every_listener_of_a_kind_hears_in_whatever_runtime() {
    let _alone = alone();
    let (first, second) = (two_workers(), current_thread());
    let mut listeners: Vec<Signal> = (0..2).map(|_| first.enter(|| signal(USR1).unwrap())).collect();
    listeners.extend((0..2).map(|_| second.enter(|| signal(USR1).unwrap())));
    let mut other = signal(USR2).unwrap();
    let early: Vec<_> =
        listeners.drain(1..3).map(|mut one| first.spawn(async move { (one.recv().await, one) })).collect();
    send(USR1);
    for listener in &mut listeners {
        assert_eq!(second.block_on(listener.recv()), Some(()));
    }
    for heard in early {
        assert_eq!(first.block_on(heard).0, Some(()));
    }
    assert!(second.block_on(poll_once(other.recv())).is_none());
}

#[test]
fn deliveries_that_nobody_has_asked_for_are_one() {
    let _alone = alone();
    block_on(async {
        let mut before = signal(USR1).unwrap();
        (0..3).for_each(|_| raise(USR1));
        let mut after = signal(USR1).unwrap();
        assert_eq!(before.next().await, Some(()));
        assert!(poll_once(before.recv()).await.is_none());
        assert!(poll_once(after.recv()).await.is_none(), "what came before is not heard");
        // A wait that is dropped takes nothing along.
        raise(USR1);
        assert_eq!(zip(before.recv(), after.recv()).await, (Some(()), Some(())));
    });
}

#[test]
fn a_signal_that_can_not_be_caught_is_an_error() {
    let _alone = alone();
    block_on(async {
        for number in [libc::SIGKILL, libc::SIGSTOP, libc::SIGILL, libc::SIGFPE, libc::SIGSEGV, 0, -1, 100_000] {
            let error = signal(SignalKind::from_raw(number)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{number}");
        }
    });
}

#[test]
fn the_last_listener_gives_the_signal_back() {
    let _alone = alone();
    for before in [libc::SIG_DFL, libc::SIG_IGN] {
        set_disposition(USR1, before);
        let (first, second) = (signal(USR1).unwrap(), signal(USR1).unwrap());
        drop(first);
        assert_ne!(disposition(USR1), before);
        drop(second);
        assert_eq!(disposition(USR1), before);
        // And one that comes afterwards hears.
        block_on(async {
            let mut third = signal(USR1).unwrap();
            raise(USR1);
            assert_eq!(third.recv().await, Some(()));
        });
        assert_eq!(disposition(USR1), before);
    }
    set_disposition(USR1, libc::SIG_DFL);
}

#[test]
fn ctrl_c_is_heard_from_the_call_on_and_given_back() {
    let _alone = alone();
    // A shell has what it starts in the background ignore it.
    let before = disposition(SignalKind::interrupt());
    block_on(async {
        let heard = ctrl_c();
        raise(SignalKind::interrupt());
        heard.await.unwrap();
    });
    assert_eq!(disposition(SignalKind::interrupt()), before);
}

static CALLED: AtomicUsize = AtomicUsize::new(0);
static BENEATH: AtomicUsize = AtomicUsize::new(0);

extern "C" fn counts(_: libc::c_int) {
    CALLED.fetch_add(1, SeqCst);
}

extern "C" fn calls_what_is_beneath(number: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    CALLED.fetch_add(1, SeqCst);
    // SAFETY: our handler takes these.
    unsafe {
        let beneath: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
            mem::transmute(BENEATH.load(SeqCst));
        beneath(number, info, context);
    }
}

#[test]
fn a_handler_that_was_there_is_called_and_given_back() {
    let _alone = alone();
    set_disposition(USR1, counts as *const () as usize);
    let called = CALLED.load(SeqCst);
    block_on(async {
        let mut listener = signal(USR1).unwrap();
        raise(USR1);
        assert_eq!((listener.recv().await, CALLED.load(SeqCst)), (Some(()), called + 1));
    });
    raise(USR1);
    assert_eq!(CALLED.load(SeqCst), called + 2);
    assert_eq!(set_disposition(USR1, libc::SIG_DFL), counts as *const () as usize);
}

#[test]
fn a_handler_that_came_later_stays() {
    let _alone = alone();
    block_on(async {
        let listener = signal(USR2).unwrap();
        BENEATH.store(disposition(USR2), SeqCst);
        let later = calls_what_is_beneath as *const () as usize;
        // SAFETY: all zeroes is a valid `sigaction`; the handler takes what the flags say.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = later;
            action.sa_flags = libc::SA_SIGINFO;
            assert_eq!(libc::sigaction(USR2.as_raw_value(), &raw const action, std::ptr::null_mut()), 0);
        }
        drop(listener);
        assert_eq!(disposition(USR2), later);
        // Ours is called by it, and so must not be put above it.
        let mut listener = signal(USR2).unwrap();
        let called = CALLED.load(SeqCst);
        raise(USR2);
        assert_eq!((listener.recv().await, CALLED.load(SeqCst)), (Some(()), called + 1));
        // Whoever takes the signal away for good is no reason to be deaf later.
        set_disposition(USR2, libc::SIG_DFL);
        let mut listener = signal(USR2).unwrap();
        raise(USR2);
        assert_eq!(listener.recv().await, Some(()));
    });
}

#[test]
fn a_listener_outlives_its_runtime() {
    let _alone = alone();
    for first in [two_workers(), current_thread()] {
        let mut listener = first.enter(|| signal(USR1).unwrap());
        assert!(first.block_on(poll_once(listener.recv())).is_none());
        let second = current_thread();
        let (heard, ()) = second.block_on(zip(listener.recv(), async {
            yield_now().await;
            drop(first);
            raise(USR1);
        }));
        assert_eq!(heard, Some(()));
        raise(USR1);
        assert_eq!(block_on(listener.recv()), Some(()));
    }
}

#[test]
fn none_is_lost_among_many_listeners() {
    const ROUNDS: usize = 200;
    let _alone = alone();
    let meet = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..3)
        .map(|number| {
            let meet = meet.clone();
            thread::spawn(move || {
                let runtime = if number == 0 { two_workers() } else { current_thread() };
                let kind = if number == 2 { USR2 } else { USR1 };
                let mut listener = runtime.enter(|| signal(kind).unwrap());
                meet.wait();
                for _ in 0..ROUNDS {
                    assert_eq!(runtime.block_on(listener.recv()), Some(()));
                    meet.wait();
                }
                // Others may still be sent to.
                meet.wait();
            })
        })
        .collect();
    meet.wait();
    for _ in 0..ROUNDS {
        // Handlers of both at once, if the system so wishes.
        let other = thread::spawn(|| send(USR2));
        send(USR1);
        other.join().unwrap();
        meet.wait();
    }
    meet.wait();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn listeners_and_runtimes_that_come_and_go_leave_no_descriptor() {
    let _alone = alone();
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let once = || {
        let runtime = two_workers();
        runtime.block_on(async {
            let mut listeners = [signal(USR1).unwrap(), signal(USR2).unwrap()];
            let waiting = tenter_runtime::spawn(async move { listeners[0].recv().await });
            raise(USR1);
            assert_eq!(waiting.await, Some(()));
        });
    };
    once();
    let before = descriptors();
    (0..20).for_each(|_| once());
    assert_eq!(descriptors(), before);
}
