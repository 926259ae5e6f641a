//! What a process says through its socket, whatever its threads do and whoever asks.
#![cfg(unix)]

use std::fs;
use std::future::pending;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use tenter::{BuildError, Builder, Runtime};
use tenter_tests::{MINUTE, within};

/// A path for a socket that no other test has.
fn fresh(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("tenter-test-{name}-{}", std::process::id()))
}

fn inspected(name: &str) -> (Runtime, PathBuf) {
    let path = fresh(name);
    (Builder::new_multi_thread().worker_threads(1).debug(true).inspect_at(&path).build().unwrap(), path)
}

/// All that comes back for what is sent.
fn ask(path: &Path, question: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).unwrap();
    // Who sends too much may find that it isn't read.
    let _ = stream.write_all(question);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn a_process_whose_only_worker_is_stuck_is_asked() {
    within(MINUTE, || {
        let (runtime, path) = inspected("stuck");
        let ((stuck, is_stuck), (release, released)) = (mpsc::channel(), mpsc::channel::<()>());
        let task = runtime.task().name("stuck").spawn(async move {
            stuck.send(()).unwrap();
            let _ = released.recv();
        });
        is_stuck.recv().unwrap();
        for (command, expected) in
            [("ps", "running on worker 0"), ("pstree", "'stuck' spawned at"), ("stat", "live_tasks")]
        {
            let answer = ask(&path, format!("tenter 1 {command} text\n").as_bytes());
            let (head, text) = answer.split_once('\n').unwrap();
            assert_eq!(head, format!("tenter 1 ok {}", text.len()));
            assert!(text.contains(expected), "{text}");
            let answer = ask(&path, format!("tenter 1 {command} json\n").as_bytes());
            assert!(answer.lines().nth(1).is_some_and(|json| json.starts_with('{') && json.ends_with('}')), "{answer}");
        }
        drop(release);
        runtime.block_on(task);
    });
}

#[test]
fn nonsense_is_refused_and_others_are_served_all_the_same() {
    within(MINUTE, || {
        let (_runtime, path) = inspected("nonsense");
        let long = vec![b'x'; 1 << 20];
        for nonsense in [&b""[..], b"\n", b"\xff\xfe\n", b"GET / HTTP/1.1\r\n\r\n", b"tenter 9 ps text\n", &long] {
            let answer = ask(&path, nonsense);
            assert!(answer.is_empty() || answer.starts_with("tenter 1 error "), "{answer}");
        }
        // Two that go away in the middle.
        drop(UnixStream::connect(&path).unwrap());
        UnixStream::connect(&path).unwrap().write_all(b"tenter 1 ps").unwrap();
        assert!(ask(&path, b"tenter 1 ps text\n").starts_with("tenter 1 ok "));
    });
}

#[test]
fn a_client_that_neither_writes_nor_reads_does_not_keep_the_runtime() {
    within(MINUTE, || {
        let (runtime, path) = inspected("silent");
        let silent = UnixStream::connect(&path).unwrap();
        drop(runtime);
        assert!(!path.exists());
        drop(silent);

        let (runtime, path) = inspected("deaf");
        for _ in 0..5_000 {
            runtime.task().name(&"x".repeat(200)).spawn(pending::<()>()).detach();
        }
        // More than a socket holds.
        let mut deaf = UnixStream::connect(&path).unwrap();
        deaf.write_all(b"tenter 1 ps json\n").unwrap();
        deaf.read_exact(&mut [0]).unwrap();
        drop(runtime);
        let mut rest = Vec::new();
        let _ = deaf.read_to_end(&mut rest);
        assert!(rest.len() < 5_000 * 200);
    });
}

#[test]
fn only_its_user_reaches_a_socket_and_it_goes_with_the_runtime() {
    within(MINUTE, || {
        let (runtime, path) = inspected("mode");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let error = Builder::new_current_thread().inspect_at(&path).build().unwrap_err();
        assert!(matches!(&error, BuildError::Inspect(error) if error.kind() == ErrorKind::AddrInUse), "{error}");
        drop(runtime);
        assert!(!path.exists());

        let unasked = Builder::new_current_thread().inspect(false).build().unwrap();
        assert!(tenter::inspect_sockets(std::process::id()).unwrap().is_empty());
        drop(unasked);
        let runtime = Builder::new_current_thread().inspect(true).build().unwrap();
        let sockets = tenter::inspect_sockets(std::process::id()).unwrap();
        let directory = fs::symlink_metadata(sockets[0].parent().unwrap()).unwrap();
        assert!(directory.is_dir() && directory.mode() & 0o777 == 0o700);
        assert!(ask(&sockets[0], b"tenter 1 stat text\n").starts_with("tenter 1 ok "));
        drop(runtime);
        assert!(!sockets[0].exists());
    });
}

#[test]
fn a_place_that_cannot_be_is_in_the_error() {
    let nowhere = Path::new("/nonexistent/tenter.sock");
    let error = Builder::new_current_thread().inspect_at(nowhere).build().unwrap_err();
    assert!(matches!(&error, BuildError::Inspect(error) if error.kind() == ErrorKind::NotFound), "{error}");
}
