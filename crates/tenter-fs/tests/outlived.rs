//! A file outlives the runtime in which it was used: what had not begun there begins where it is used next.
#![cfg(not(miri))]

mod common;

use std::future::poll_fn;
use std::io::{ErrorKind, SeekFrom};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use common::{Scratch, backends};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};
use tenter_fs::{File, OpenOptions};
use tenter_runtime::{Backend, Builder, Runtime};

/// Polls a future once and drops it.
async fn once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        Poll::Ready(match future.as_mut().poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

fn runtime(backend: Backend) -> Runtime {
    Builder::new_current_thread().reactor(backend).max_blocking_threads(1).build().unwrap()
}

/// Runs something in a runtime whose pool has no thread for it, and ends that runtime.
fn outlived<T>(backend: Backend, begin: impl AsyncFnOnce() -> T) -> T {
    let runtime = runtime(backend);
    let (begun, begins) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    runtime
        .unblock(move || {
            begun.send(()).unwrap();
            held.recv().unwrap_err();
        })
        .detach();
    begins.recv().unwrap();
    let outcome = runtime.block_on(begin());
    drop(runtime);
    drop(release);
    outcome
}

/// Files with the text `hello`: one that knows where it is, one at the system's position.
fn files(scratch: &Scratch) -> [File; 2] {
    let path = scratch.path("file");
    std::fs::write(&path, b"hello").unwrap();
    let open = |append| {
        tenter_runtime::block_on(OpenOptions::new().read(true).write(true).append(append).open(&path)).unwrap()
    };
    [open(false), open(true)]
}

#[test]
fn a_read_that_had_not_begun_must_begin_again() {
    for backend in backends() {
        let scratch = Scratch::new();
        for mut file in files(&scratch) {
            outlived(backend, async || once(file.read(&mut [0; 9])).await);
            let mut text = String::new();
            runtime(backend).block_on(file.read_to_string(&mut text)).unwrap();
            assert_eq!(text, "hello", "{backend}");
        }
    }
}

#[test]
fn a_write_that_had_not_begun_must_take_place() {
    for backend in backends() {
        let scratch = Scratch::new();
        for (mut file, expected) in files(&scratch).into_iter().zip(["HELlo", "HELloHEL"]) {
            outlived(backend, async || file.write_all(b"HEL").await).unwrap();
            runtime(backend).block_on(file.flush()).unwrap();
            assert_eq!(std::fs::read_to_string(scratch.path("file")).unwrap(), expected, "{backend}");
        }
    }
}

#[test]
fn a_seek_or_change_of_length_that_had_not_begun_must_take_place() {
    for backend in backends() {
        let scratch = Scratch::new();
        for mut file in files(&scratch) {
            outlived(backend, async || once(file.set_len(2)).await);
            runtime(backend).block_on(file.sync_all()).unwrap();
            assert_eq!(std::fs::read(scratch.path("file")).unwrap().len(), 2, "{backend}");
            outlived(backend, async || once(file.seek(SeekFrom::End(-1))).await);
            assert_eq!(runtime(backend).block_on(file.seek(SeekFrom::End(-1))).unwrap(), 1, "{backend}");
        }
    }
}

#[test]
fn whole_operations_that_had_not_begun_must_take_place() {
    for backend in backends() {
        let scratch = Scratch::new();
        std::fs::create_dir(scratch.path("inner")).unwrap();
        std::fs::write(scratch.path("inner/file"), b"hello").unwrap();
        let mut read = Box::pin(tenter_fs::read(scratch.path("inner/file")));
        outlived(backend, async || once(&mut read).await.is_none().then_some(()).expect("it has not begun"));
        assert_eq!(runtime(backend).block_on(read).unwrap(), b"hello", "{backend}");
        let mut entries = tenter_runtime::block_on(tenter_fs::read_dir(scratch.path("inner"))).unwrap();
        outlived(backend, async || assert!(once(entries.next()).await.is_none(), "it has not begun"));
        let entry = runtime(backend).block_on(entries.try_next()).unwrap();
        assert_eq!(entry.unwrap().file_name(), "file", "{backend}");
    }
}

/// Where only the runtime that ended is at hand, there is an error, and the file is as good as before.
#[test]
fn where_nothing_can_begin_there_must_be_an_error() {
    for backend in backends() {
        let scratch = Scratch::new();
        let [mut file, _] = files(&scratch);
        outlived(backend, async || once(file.read(&mut [0; 9])).await);
        let error = ended(backend, || futures_lite::future::block_on(file.read(&mut [0; 9]))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other, "{backend}: {error}");
        assert!(error.to_string().contains("shut down"), "{backend}: {error}");
        let mut text = String::new();
        runtime(backend).block_on(file.read_to_string(&mut text)).unwrap();
        assert_eq!(text, "hello", "{backend}");
    }
}

/// Does something in a runtime that has ended.
fn ended<T>(backend: Backend, act: impl FnOnce() -> T) -> T {
    let handle = runtime(backend).handle().clone();
    handle.enter(act)
}

/// Its bytes were taken, so no error may come of a runtime's end.
#[test]
fn a_write_that_no_pool_does_must_be_done_by_who_waits_for_it() {
    for backend in backends().into_iter().filter(|backend| *backend != Backend::Uring) {
        let scratch = Scratch::new();
        for (mut file, expected) in files(&scratch).into_iter().zip(["HELlo", "HELloHEL"]) {
            outlived(backend, async || file.write_all(b"HEL").await).unwrap();
            ended(backend, || futures_lite::future::block_on(file.flush())).unwrap();
            assert_eq!(std::fs::read_to_string(scratch.path("file")).unwrap(), expected, "{backend}");
        }
    }
}

/// A pool takes nothing any more while the workers of its runtime still run.
#[test]
fn a_write_must_not_be_lost_in_the_moment_in_which_its_runtime_ends() {
    for backend in backends().into_iter().filter(|backend| *backend != Backend::Uring) {
        let scratch = Scratch::new();
        let [mut file, _] = files(&scratch);
        let runtime =
            Builder::new_multi_thread().worker_threads(1).reactor(backend).max_blocking_threads(1).build().unwrap();
        let (begun, begins) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let hold = move || {
            begun.send(()).unwrap();
            let _ = held.recv();
        };
        runtime.unblock(hold).detach();
        // Else the pool's thread may begin with the write.
        begins.recv().unwrap();
        let handle = runtime.handle().clone();
        let ((taken, is_taken), (told, flushed)) = (mpsc::channel(), mpsc::channel());
        let task = async move {
            file.write_all(b"HEL").await.unwrap();
            taken.send(()).unwrap();
            // In one poll, for there is none after this moment.
            while handle.try_unblock(|| ()).is_ok() {}
            // What was queued is called off a little after that.
            let start = Instant::now();
            let flushed = loop {
                if let Some(flushed) = once(file.flush()).await {
                    break flushed;
                }
                assert!(start.elapsed() < Duration::from_secs(30), "nobody else will do it");
                thread::yield_now();
            };
            told.send(flushed).unwrap();
        };
        runtime.spawn(task).detach();
        is_taken.recv().unwrap();
        drop(runtime);
        let flushed = flushed.recv().unwrap();
        flushed.unwrap_or_else(|error| panic!("{backend}: {error}"));
        assert_eq!(std::fs::read_to_string(scratch.path("file")).unwrap(), "HELlo", "{backend}");
        drop(release);
    }
}

/// One that is full would hold up who waits.
#[cfg(unix)]
#[test]
fn a_write_to_a_pipe_that_no_pool_does_must_be_an_error() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    for backend in backends().into_iter().filter(|backend| *backend != Backend::Uring) {
        let (write, _read) = UnixStream::pair().unwrap();
        let mut file = File::from(std::fs::File::from(OwnedFd::from(write)));
        outlived(backend, async || file.write_all(b"HEL").await).unwrap();
        let error = ended(backend, || futures_lite::future::block_on(file.flush())).unwrap_err();
        assert!(error.to_string().contains("shut down"), "{backend}: {error}");
    }
}

/// A read that a ring has is cancelled by its file's end, also when the ring's runtime has ended before.
#[cfg(target_os = "linux")]
#[test]
fn a_read_of_an_ended_runtime_must_end_with_its_file() {
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    for backend in backends() {
        if backend != Backend::Uring {
            continue;
        }
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut file = File::from(std::fs::File::from(OwnedFd::from(near)));
        let mut byte = [0];
        let first = Builder::new_current_thread().reactor(backend).faulty(None).build().unwrap();
        assert!(first.block_on(once(file.read(&mut byte))).is_none());
        drop(first);
        let second = runtime(backend);
        assert!(second.block_on(once(file.read(&mut byte))).is_none());
        // Until the pool's thread waits for it, or it was not begun and proves less.
        std::thread::sleep(Duration::from_millis(50));
        drop(file);
        far.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        assert_eq!(far.read(&mut byte).expect("the other end is closed"), 0);
        // The pool's only thread has others to serve.
        assert_eq!(second.block_on(second.unblock(|| 7)), 7);
    }
}

/// The runtime's only worker sleeps elsewhere if somebody else is in the reactor, and has to be told when that ends.
#[cfg(target_os = "linux")]
#[test]
fn who_waits_for_an_operation_must_not_take_the_reactor_from_its_runtime() {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    use tenter_runtime::Operation;

    if !backends().contains(&Backend::Uring) {
        return;
    }
    let runtime = Builder::new_multi_thread().worker_threads(1).reactor(Backend::Uring).faulty(None).build().unwrap();
    let read = || {
        let (near, far) = UnixStream::pair().unwrap();
        let file = Arc::new(std::fs::File::from(OwnedFd::from(near)));
        (runtime.handle().submit(Operation::read(file, vec![0; 1], None)).unwrap(), far)
    };
    let ((first, mut first_far), (second, mut second_far)) = (read(), read());
    let waiting = thread::spawn(move || first.wait().unwrap().result.unwrap());
    thread::sleep(Duration::from_millis(50));
    let (done, is_done) = mpsc::channel();
    runtime.spawn(async move { done.send(second.await.unwrap().result.unwrap()).unwrap() }).detach();
    thread::sleep(Duration::from_millis(50));
    first_far.write_all(b"1").unwrap();
    assert_eq!(waiting.join().unwrap(), 1);
    second_far.write_all(b"2").unwrap();
    assert_eq!(is_done.recv_timeout(Duration::from_secs(20)).expect("somebody is in the reactor"), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn who_is_in_a_runtime_must_not_wait_there_for_an_operation() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    use tenter_runtime::Operation;

    if !backends().contains(&Backend::Uring) {
        return;
    }
    let runtime = Builder::new_current_thread().reactor(Backend::Uring).faulty(None).build().unwrap();
    let (near, _far) = UnixStream::pair().unwrap();
    let file = Arc::new(std::fs::File::from(OwnedFd::from(near)));
    let submission = runtime.handle().submit(Operation::read(file, vec![0; 1], None)).unwrap();
    let waited = runtime.block_on(async { submission.wait() });
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::Deadlock);
}
