//! Systems that forbid io_uring, or have too little for it: a typed error, which says what to do.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]

mod seccomp;

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seccomp::without;
use tenter_reactor_uring::{UringError, UringReactor};

/// What making a reactor says; it must not need a watchdog, whatever is forbidden.
fn refusal() -> io::Error {
    UringReactor::new().expect_err("a ring is forbidden")
}

#[test]
fn a_forbidden_ring_must_be_a_typed_error() {
    let cases =
        [(libc::EPERM, UringError::Denied), (libc::EACCES, UringError::Denied), (libc::ENOSYS, UringError::Absent)];
    for (errno, expected) in cases {
        let error = without(libc::SYS_io_uring_setup, errno, refusal);
        assert_eq!(UringError::of(&error), Some(expected), "{error:?}");
        assert_eq!(error.kind(), expected.kind());
        assert!(error.to_string().contains("or epoll") || error.to_string().contains("or use epoll"), "{error}");
    }
}

#[test]
fn a_ring_that_may_be_made_but_not_used_must_be_a_typed_error() {
    let error = without(libc::SYS_io_uring_enter, libc::EPERM, refusal);
    assert_eq!(UringError::of(&error), Some(UringError::Denied), "{error:?}");
}

#[test]
fn no_descriptor_left_must_stay_what_it_is() {
    let error = without(libc::SYS_io_uring_setup, libc::EMFILE, refusal);
    assert_eq!((error.raw_os_error(), UringError::of(&error)), (Some(libc::EMFILE), None));
}

/// Since Linux 5.12 a ring's memory is the cgroup's affair; before that, this is the limit of most systems.
#[test]
fn no_lockable_memory_must_be_no_obstacle_or_a_typed_error() {
    let maximum = getrlimit(Resource::Memlock).maximum;
    setrlimit(Resource::Memlock, Rlimit { current: Some(0), maximum }).unwrap();
    if let Err(error) = UringReactor::new() {
        assert_eq!(UringError::of(&error), Some(UringError::Memory), "{error:?}");
    }
    let error = without(libc::SYS_io_uring_setup, libc::ENOMEM, refusal);
    assert_eq!(UringError::of(&error), Some(UringError::Memory), "{error:?}");
}
