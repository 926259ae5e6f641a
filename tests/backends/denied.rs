//! A system that forbids io_uring: a runtime that may use something else does, and says why.
#![cfg(all(target_os = "linux", feature = "uring"))]

#[path = "../../crates/tenter-reactor-uring/tests/seccomp/mod.rs"]
mod seccomp;

use seccomp::without;
use tenter::reactor::ChosenBy;
use tenter::{Backend, BuildError, Builder};

const MANY: [Backend; 3] = [Backend::Uring, Backend::Epoll, Backend::Poll];

#[test]
fn a_runtime_that_may_must_start_on_the_next_reactor_and_say_so() {
    without(libc::SYS_io_uring_setup, libc::EPERM, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).reactors(MANY).faulty(None).build().unwrap();
        let report = runtime.reactor_report();
        assert_eq!((report.name, report.chosen_by), ("epoll", ChosenBy::Builder));
        let text = report.to_string();
        assert!(
            text.starts_with("epoll (as the program asked); not uring: io_uring is forbidden here (EPERM)"),
            "{text}"
        );
        assert_eq!(runtime.block_on(runtime.spawn(async { 6 * 7 })), 42);
        assert!(!Backend::working().contains(&Backend::Uring));
    });
    let allowed = Builder::new_current_thread().reactors(MANY).faulty(None).build().unwrap();
    assert_eq!(allowed.reactor_report().to_string(), "uring (as the program asked)");
}

#[test]
fn a_runtime_that_must_have_it_must_not_be_given_another() {
    without(libc::SYS_io_uring_setup, libc::ENOSYS, || {
        let error = Builder::new_current_thread().reactor(Backend::Uring).build().unwrap_err();
        assert!(matches!(error, BuildError::Reactor { .. }), "{error}");
        assert!(error.to_string().contains("the system has no io_uring (ENOSYS)"), "{error}");
    });
}

#[test]
fn a_list_of_which_nothing_works_must_be_an_error_with_every_reason() {
    without(libc::SYS_io_uring_setup, libc::EPERM, || {
        let error = Builder::new_current_thread().reactors([Backend::Uring, Backend::Uring]).build().unwrap_err();
        assert!(matches!(&error, BuildError::NoReactor(tried) if tried.len() == 2), "{error}");
        assert_eq!(error.to_string().matches("uring: io_uring is forbidden here").count(), 2, "{error}");
    });
}
