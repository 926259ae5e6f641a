//! Files on every reactor: what is read and written, in which order, and what a drop at any moment loses.
#![cfg(not(miri))]

mod common;

use std::future::poll_fn;
use std::io::SeekFrom;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use common::everywhere;
use fastrand::Rng;
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt, future};
use tenter_fs::{DirBuilder, File, OpenOptions};

#[test]
fn a_file_must_have_what_was_written() {
    everywhere(|scratch| async move {
        let path = scratch.path("file");
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(&path).await.unwrap();
        for part in 0..100u8 {
            file.write_all(&vec![part; 1000]).await.unwrap();
        }
        file.seek(SeekFrom::Start(50_500)).await.unwrap();
        let mut middle = [0; 1000];
        file.read_exact(&mut middle).await.unwrap();
        assert_eq!((middle[0], middle[499], middle[500], middle[999]), (50, 50, 51, 51));
        assert_eq!(file.seek(SeekFrom::End(-10)).await.unwrap(), 99_990);
        file.write_all(b"end").await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(-3)).await.unwrap(), 99_990);
        let mut end = Vec::new();
        file.read_to_end(&mut end).await.unwrap();
        assert_eq!(end, b"endccccccc");
        assert!(file.seek(SeekFrom::Current(-1_000_000)).await.is_err());
        file.set_len(3).await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 3);
        file.sync_all().await.unwrap();
        drop(file);
        assert_eq!(tenter_fs::read(&path).await.unwrap(), [0, 0, 0]);
    });
}

#[test]
fn what_is_appended_must_be_at_the_end_whoever_appends() {
    everywhere(|scratch| async move {
        let path = scratch.path("log");
        tenter_fs::write(&path, "begin ").await.unwrap();
        let mut one = OpenOptions::new().append(true).open(&path).await.unwrap();
        let mut two = File::from(std::fs::OpenOptions::new().append(true).open(&path).unwrap());
        for _ in 0..3 {
            one.write_all(b"one ").await.unwrap();
            one.flush().await.unwrap();
            two.write_all(b"two ").await.unwrap();
            two.flush().await.unwrap();
        }
        let text = tenter_fs::read_to_string(&path).await.unwrap();
        assert_eq!(text, "begin one two one two one two ");
    });
}

#[test]
fn a_write_that_fails_late_must_be_told_by_the_next_or_by_flush() {
    everywhere(|scratch| async move {
        let path = scratch.path("file");
        tenter_fs::write(&path, "abc").await.unwrap();
        let mut file = File::open(&path).await.unwrap();
        assert_eq!(file.write(b"x").await.unwrap(), 1);
        file.flush().await.unwrap_err();
        // It was told once, and nothing was written.
        file.flush().await.unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "abc");
    });
}

#[test]
fn several_tasks_that_wait_for_one_write_must_all_be_woken() {
    everywhere(|scratch| async move {
        let mut file = File::create(scratch.path("file")).await.unwrap();
        for _ in 0..50 {
            file.write_all(&[7; 500_000]).await.unwrap();
            let shared = Arc::new(file);
            let waits = [0; 3].map(|_| {
                let shared = shared.clone();
                tenter_runtime::spawn(async move { shared.metadata().await.unwrap().len() })
            });
            for wait in waits {
                wait.await;
            }
            file = Arc::into_inner(shared).unwrap();
        }
    });
}

#[test]
fn directories_must_be_made_listed_and_removed() {
    everywhere(|scratch| async move {
        let (top, deep) = (scratch.path("top"), scratch.path("top/a/b"));
        tenter_fs::create_dir_all(&deep).await.unwrap();
        DirBuilder::new().recursive(true).create(&deep).await.unwrap();
        // More than one portion.
        for index in 0..200 {
            tenter_fs::write(top.join(format!("{index:03}")), "x").await.unwrap();
        }
        tenter_fs::rename(top.join("000"), deep.join("moved")).await.unwrap();
        // Wine copies and says 0; what is asked here is that nothing is lost on the way from the standard library.
        let said = std::fs::copy(top.join("001"), top.join("copy")).unwrap();
        assert_eq!(tenter_fs::copy(top.join("001"), top.join("copy")).await.unwrap(), said);
        assert_eq!(tenter_fs::read(top.join("copy")).await.unwrap(), b"x");
        let entries: Vec<_> = tenter_fs::read_dir(&top).await.unwrap().try_collect().await.unwrap();
        assert_eq!(entries.len(), 201);
        let mut files = 0;
        for entry in &entries {
            files += usize::from(entry.file_type().await.unwrap().is_file());
            entry.metadata().await.unwrap();
        }
        assert_eq!(files, 200);
        tenter_fs::remove_file(top.join("copy")).await.unwrap();
        tenter_fs::remove_dir(&deep).await.unwrap_err();
        tenter_fs::remove_dir_all(&top).await.unwrap();
        assert!(tenter_fs::metadata(&top).await.is_err());
    });
}

/// Polls a future at most so many times, then drops it; between polls others get on.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        // Long enough, now and then, for what is under way to end.
        for _ in 0..fastrand::usize(..20) {
            future::yield_now().await;
        }
    }
    None
}

/// Reads and seeks that are dropped at any moment: what is read in the end is the file, each byte once.
#[test]
fn reads_that_are_dropped_must_lose_no_byte() {
    const LENGTH: usize = 200_000;
    everywhere(|scratch| async move {
        let path = scratch.path("file");
        let content: Vec<u8> = (0..LENGTH as u32).map(|index| (index * 31 / 7) as u8).collect();
        tenter_fs::write(&path, &content).await.unwrap();
        for seed in 0..3 {
            let mut random = Rng::with_seed(seed);
            let mut file = File::open(&path).await.unwrap();
            let (mut received, mut buffer) = (Vec::new(), vec![0; 8000]);
            loop {
                let (size, polls) = (random.usize(1..8000), random.usize(..4));
                match at_most(polls, file.read(&mut buffer[..size])).await {
                    Some(count) if count.as_ref().is_ok_and(|count| *count == 0) => break,
                    Some(count) => received.extend_from_slice(&buffer[..count.unwrap()]),
                    None if random.u8(..) < 20 => {
                        // A seek to where we are, which may be dropped too.
                        at_most(random.usize(..4), file.seek(SeekFrom::Current(0))).await;
                    }
                    None => {}
                }
            }
            assert_eq!(received.len(), LENGTH, "seed {seed}");
            assert!(received == content, "seed {seed}: other bytes");
        }
    });
}

/// Writes that are dropped at any moment: those that returned are in the file, in order, and no other.
#[test]
fn writes_that_are_dropped_must_have_taken_nothing() {
    everywhere(|scratch| async move {
        for seed in 0..3 {
            let path = scratch.path(&format!("file-{seed}"));
            let mut random = Rng::with_seed(seed);
            let mut file = File::create(&path).await.unwrap();
            let mut expected = Vec::new();
            for round in 0..300u32 {
                let bytes = vec![round as u8; random.usize(1..4000)];
                let written = at_most(random.usize(..4), file.write(&bytes)).await;
                if let Some(count) = written {
                    expected.extend_from_slice(&bytes[..count.unwrap()]);
                }
                if random.u8(..) < 10 {
                    at_most(random.usize(..4), file.flush()).await;
                }
            }
            file.flush().await.unwrap();
            drop(file);
            assert!(tenter_fs::read(&path).await.unwrap() == expected, "seed {seed}");
        }
    });
}

#[test]
fn a_file_that_is_dropped_must_have_its_last_write() {
    everywhere(|scratch| async move {
        for round in 0..30u8 {
            let path = scratch.path("file");
            let mut file = File::create(&path).await.unwrap();
            file.write_all(&[round; 10_000]).await.unwrap();
            drop(file);
            while tenter_fs::metadata(&path).await.unwrap().len() < 10_000 {
                future::yield_now().await;
            }
            assert_eq!(tenter_fs::read(&path).await.unwrap(), [round; 10_000]);
            tenter_fs::remove_file(&path).await.unwrap();
        }
    });
}

#[test]
fn two_handles_to_one_open_file_must_not_disturb_each_other() {
    everywhere(|scratch| async move {
        let path = scratch.path("file");
        tenter_fs::write(&path, "0123456789").await.unwrap();
        let system = std::fs::File::open(&path).unwrap();
        let mut files = [File::from(system.try_clone().unwrap()), File::from(system)];
        for file in &mut files {
            let mut byte = [0];
            let mut pinned = Pin::new(file);
            pinned.read_exact(&mut byte).await.unwrap();
            assert_eq!(&byte, b"0");
        }
    });
}
