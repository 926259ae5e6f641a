//! What is no socket. On Windows such a thing can't be made asynchronous: that is an error of the compiler.
#![cfg(unix)]

use tenter::io::AsyncReadExt;
use tenter::reactor::ReactorError;
use tenter::{Async, Unblock};
use tenter_tests::everywhere;

#[test]
fn a_regular_file_is_watched_or_refused_with_what_to_do_instead() {
    const REFUSED_BY: &[&str] = &["epoll", "kqueue", "polling"];
    everywhere(|runtime| {
        let refused = REFUSED_BY.contains(&runtime.reactor_name());
        runtime.block_on(async {
            let open = || std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
            match Async::new(open()) {
                Ok(file) => {
                    assert!(!refused, "it was to be refused");
                    file.readable().await.unwrap();
                }
                Err(error) if ReactorError::of(&error) == Some(ReactorError::Unwatchable) => {
                    assert!(refused, "it was to be watched: {error}");
                    let text = error.to_string();
                    assert!(["`Unblock`", "`unblock`", "poll"].iter().all(|way| text.contains(way)), "{text}");
                    // And that works.
                    let mut start = [0; 4];
                    Unblock::new(open()).read_exact(&mut start).await.unwrap();
                    assert_ne!(start, [0; 4]);
                }
                // `TENTER_FAULTY` makes sources fail to be registered.
                Err(error) => assert!(runtime.reactor_report().faulty.is_some(), "{error}"),
            }
        });
    });
}

/// A pseudo terminal's master, which every reactor of Linux can watch.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_is_watched() {
    everywhere(|runtime| {
        runtime.block_on(async {
            let open = std::fs::OpenOptions::new().read(true).write(true).open("/dev/ptmx").unwrap();
            match Async::new(open) {
                Ok(terminal) => terminal.writable().await.unwrap(),
                Err(error) => assert!(runtime.reactor_report().faulty.is_some(), "{error}"),
            }
        });
    });
}
