//! Handles that are signalled: every signal ends a wait, also one that came when nobody waited any more.
#![cfg(windows)]

mod common;

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::watched;
use futures_lite::future;
use tenter_io::{Timer, Waitable};
use tenter_reactor::{Capabilities, Events, Interest, Source, Token};
use tenter_runtime::{Backend, Builder, Reactor, Runtime};
use windows_sys::Win32::System::Threading::{CreateEventW, SetEvent};

const QUIET: Duration = Duration::from_millis(50);

/// An event that the end of a wait resets.
fn event() -> OwnedHandle {
    // SAFETY: no attributes, no name; the handle is ours.
    unsafe {
        let handle = CreateEventW(std::ptr::null(), 0, 0, std::ptr::null());
        assert!(!handle.is_null());
        OwnedHandle::from_raw_handle(handle)
    }
}

fn set(event: &Waitable<OwnedHandle>) {
    // SAFETY: the handle is open.
    assert_ne!(unsafe { SetEvent(event.get_ref().as_raw_handle()) }, 0);
}

/// Whether it is signalled soon.
async fn signalled(event: &Waitable<OwnedHandle>) -> bool {
    let ready = async { event.ready().await.map(|()| true).unwrap() };
    future::or(ready, async {
        Timer::after(QUIET).await;
        false
    })
    .await
}

/// Runs a test on every reactor that watches handles, without workers and with two.
fn everywhere(test: impl Fn(&Runtime) + Clone + Send + 'static) {
    for backend in Backend::working().into_iter().filter(|backend| backend.probe().unwrap().waitable_handles) {
        for workers in [0, 2] {
            let test = test.clone();
            watched(&format!("{backend}, {workers} workers"), move || {
                let builder = match workers {
                    0 => Builder::new_current_thread(),
                    workers => Builder::new_multi_thread().worker_threads(workers),
                };
                test(&builder.reactor(backend).build().unwrap());
            });
        }
    }
}

#[test]
fn a_child_that_ends_is_waited_for() {
    everywhere(|runtime| {
        runtime.block_on(async {
            let program = std::env::current_exe().unwrap();
            let child = Command::new(program).arg("--list").stdout(Stdio::null()).spawn().unwrap();
            let child = Waitable::new(child).unwrap();
            child.ready().await.unwrap();
            // It stays signalled.
            child.ready().await.unwrap();
            assert!(child.into_inner().unwrap().try_wait().unwrap().expect("it has ended").success());
        });
    });
}

#[test]
fn each_signal_of_an_event_must_end_one_wait() {
    everywhere(|runtime| {
        runtime.block_on(async {
            let event = Waitable::new(event()).unwrap();
            assert!(!signalled(&event).await, "nobody has set it");
            for _ in 0..3 {
                set(&event);
                event.ready().await.unwrap();
                assert!(!signalled(&event).await, "the wait took it");
            }
            let later = async {
                Timer::after(QUIET).await;
                set(&event);
            };
            let (ended, ()) = future::zip(event.ready(), later).await;
            ended.unwrap();
        });
    });
}

#[test]
fn a_signal_after_a_dropped_wait_must_end_the_next() {
    everywhere(|runtime| {
        runtime.block_on(async {
            let event = Waitable::new(event()).unwrap();
            assert!(!signalled(&event).await);
            set(&event);
            // The reactor takes it for the wait that is no more.
            Timer::after(QUIET).await;
            event.ready().await.unwrap();
            assert!(!signalled(&event).await);
        });
    });
}

#[test]
fn a_reactor_that_watches_no_handles_must_say_so() {
    for backend in Backend::working().into_iter().filter(|backend| !backend.probe().unwrap().waitable_handles) {
        let runtime = Builder::new_current_thread().reactor(backend).build().unwrap();
        let error = runtime.enter(|| Waitable::new(event())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{backend}");
    }
}

#[test]
fn the_end_of_the_runtime_is_no_signal() {
    for backend in Backend::working().into_iter().filter(|backend| backend.probe().unwrap().waitable_handles) {
        let runtime = Builder::new_multi_thread().worker_threads(1).reactor(backend).build().unwrap();
        let event = runtime.block_on(async { Waitable::new(event()).unwrap() });
        let waiting = std::thread::spawn(move || future::block_on(event.ready()).unwrap_err().kind());
        std::thread::sleep(QUIET);
        drop(runtime);
        assert_eq!(waiting.join().unwrap(), io::ErrorKind::NotConnected, "{backend}");
    }
}

/// A reactor that says of everything it lets go of that it does not.
#[derive(Debug)]
struct Clinging(Arc<dyn Reactor>);

impl Reactor for Clinging {
    fn name(&self) -> &'static str {
        "clinging"
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.register(source, token) }
    }

    fn arm(&self, source: Source<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.0.arm(source, token, interest)
    }

    fn deregister(&self, source: Source<'_>, token: Token) -> io::Result<()> {
        self.0.deregister(source, token)?;
        Err(io::ErrorKind::ResourceBusy.into())
    }

    fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.0.wait(events, timeout)
    }

    fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }
}

#[test]
fn a_handle_that_is_not_let_go_of_must_come_back_with_the_error() {
    for backend in Backend::working().into_iter().filter(|backend| backend.probe().unwrap().waitable_handles) {
        let builder = Builder::new_current_thread();
        let runtime = builder.reactor_with(move |_| Ok(Arc::new(Clinging(backend.make()?)))).build().unwrap();
        let event = runtime.enter(|| Waitable::new(event())).unwrap();
        let number = event.get_ref().as_raw_handle();
        let refused = event.into_inner().unwrap_err();
        assert_eq!(refused.error().kind(), io::ErrorKind::ResourceBusy, "{backend}");
        let handle = refused.into_inner();
        assert_eq!(handle.as_raw_handle(), number);
        // SAFETY: the handle is open.
        assert_ne!(unsafe { SetEvent(handle.as_raw_handle()) }, 0, "{backend}: it is open");
    }
}
