//! What a read that was dropped has left is for the next one that goes on there, and for nobody else.
#![cfg(not(miri))]

mod common;

use std::future::poll_fn;
use std::io::SeekFrom;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;

use common::{Scratch, backends, everywhere};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, future};
use tenter_fs::{File, OpenOptions};
use tenter_runtime::Builder;

/// More than is ever asked for again.
const LENGTH: usize = 8000;

/// A byte says where it is.
fn content() -> Vec<u8> {
    (0..LENGTH).map(|index| (index % 251) as u8).collect()
}

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

/// Begins to read all that is there, and has one byte of it. The rest is kept, unless the read was over at once.
async fn begin(file: &mut File) -> bool {
    let kept = once(file.read(&mut [0; LENGTH])).await.is_none();
    if kept {
        assert_eq!(byte(file).await, Some(0));
    }
    kept
}

/// The same until it is so, in a file that is at its beginning.
async fn keep(file: &mut File) {
    while !begin(file).await {
        file.seek(SeekFrom::Start(0)).await.unwrap();
    }
}

async fn byte(file: &mut File) -> Option<u8> {
    let mut byte = [0];
    (file.read(&mut byte).await.unwrap() > 0).then_some(byte[0])
}

/// Readers and writers of a file with [`content`]: one that writes where it is, one that writes at the end.
async fn files(scratch: &Scratch) -> [File; 2] {
    let path = scratch.path("file");
    tenter_fs::write(&path, content()).await.unwrap();
    let mut options = OpenOptions::new();
    let writes = options.read(true).write(true).open(&path).await.unwrap();
    [writes, options.append(true).open(&path).await.unwrap()]
}

#[test]
fn what_was_cut_off_must_not_be_read() {
    everywhere(|scratch| async move {
        for (appends, mut file) in files(&scratch).await.into_iter().enumerate() {
            keep(&mut file).await;
            file.set_len(2).await.unwrap();
            assert_eq!(byte(&mut file).await, Some(1), "what is left, appends: {appends}");
            assert_eq!(byte(&mut file).await, None, "what was cut off, appends: {appends}");
            file.set_len(3).await.unwrap();
            assert_eq!(byte(&mut file).await, Some(0), "what it was filled up with, appends: {appends}");
            file.write_all(&content()[3..]).await.unwrap();
            file.flush().await.unwrap();
            tenter_fs::write(scratch.path("file"), content()).await.unwrap();
        }
    });
}

#[test]
fn a_change_of_length_that_fails_must_lose_no_byte() {
    everywhere(|scratch| async move {
        let [_, mut file] = files(&scratch).await;
        keep(&mut file).await;
        file.set_len(u64::MAX).await.unwrap_err();
        assert_eq!(byte(&mut file).await, Some(1));
    });
}

#[test]
fn a_change_of_length_that_is_dropped_must_take_place_before_what_follows() {
    for backend in backends() {
        let runtime = Builder::new_current_thread().reactor(backend).max_blocking_threads(1).build().unwrap();
        let scratch = Scratch::new();
        runtime.block_on(async {
            let [mut file, _] = files(&scratch).await;
            file.seek(SeekFrom::Start(5)).await.unwrap();
            // The pool's thread has something else to do.
            let (release, held) = mpsc::channel::<()>();
            let busy = tenter_runtime::unblock(move || held.recv().is_err());
            assert!(once(file.set_len(0)).await.is_none());
            drop(release);
            file.write_all(b"after").await.unwrap();
            file.flush().await.unwrap();
            assert!(busy.await);
            assert_eq!(tenter_fs::read(scratch.path("file")).await.unwrap(), b"\0\0\0\0\0after", "{backend}");
        });
    }
}

#[test]
fn several_changes_of_length_must_each_be_told_how_they_went() {
    everywhere(|scratch| async move {
        let [file, _] = files(&scratch).await;
        for _ in 0..50 {
            let both = future::zip(file.set_len(2), file.set_len(5000));
            let ((two, more), never) = future::zip(both, file.set_len(u64::MAX)).await;
            two.unwrap();
            more.unwrap();
            never.unwrap_err();
            assert_eq!(file.metadata().await.unwrap().len(), 5000);
        }
    });
}

/// A write at the end moves a file there, as the system has it; one of nothing does not.
#[test]
fn what_is_read_after_a_write_must_be_what_is_after_it() {
    everywhere(|scratch| async move {
        let [_, mut file] = files(&scratch).await;
        for round in 1..10 {
            keep(&mut file).await;
            assert_eq!(file.write(&[]).await.unwrap(), 0);
            assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap(), 1);
            file.seek(SeekFrom::Start(0)).await.unwrap();
            keep(&mut file).await;
            file.write_all(b"end").await.unwrap();
            assert_eq!(byte(&mut file).await, None, "what was before the end");
            file.seek(SeekFrom::Start(0)).await.unwrap();
            keep(&mut file).await;
            file.write_all(b"end").await.unwrap();
            assert_eq!(file.seek(SeekFrom::Current(0)).await.unwrap() as usize, LENGTH + 6 * round);
            file.seek(SeekFrom::Start(0)).await.unwrap();
        }
    });
}

#[test]
fn a_seek_that_is_dropped_must_take_place_before_the_next_read() {
    everywhere(|scratch| async move {
        let [_, mut file] = files(&scratch).await;
        for by in [0, 100, -1].into_iter().cycle().take(60) {
            file.seek(SeekFrom::Start(0)).await.unwrap();
            keep(&mut file).await;
            once(file.seek(SeekFrom::Current(by))).await;
            let mut some = [0; 200];
            let count = file.read(&mut some).await.unwrap();
            let position = file.seek(SeekFrom::Current(0)).await.unwrap() as usize;
            assert_eq!(some[..count], content()[position - count..position], "{by} from there, then at {position}");
        }
    });
}

#[cfg(unix)]
#[test]
fn a_seek_that_fails_must_lose_no_byte_of_a_stream() {
    everywhere(|_| async move {
        for _ in 0..20 {
            let (reader, mut writer) = std::os::unix::net::UnixStream::pair().unwrap();
            std::io::Write::write_all(&mut writer, &content()).unwrap();
            drop(writer);
            let mut file = File::from(std::os::fd::OwnedFd::from(reader));
            if begin(&mut file).await {
                once(file.seek(SeekFrom::Start(0))).await;
                file.set_len(0).await.unwrap_err();
                file.seek(SeekFrom::End(0)).await.unwrap_err();
                let mut rest = Vec::new();
                file.read_to_end(&mut rest).await.unwrap();
                assert!(rest == content()[1..], "{} bytes of {LENGTH}", rest.len());
            }
        }
    });
}
