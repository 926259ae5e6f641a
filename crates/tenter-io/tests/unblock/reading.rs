//! Reads: what they ask for, and what a dropped one leaves.

use std::fs::File;
use std::io;
use std::sync::atomic::Ordering::SeqCst;

use futures_lite::AsyncReadExt;
use tenter_io::Unblock;
use tenter_runtime::spawn;

use crate::common::{Counted, each, is_pending};
use crate::objects::{Script, Step, block};

#[test]
fn unblocks_can_go_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + std::fmt::Debug + 'static>() {}
    anywhere::<Unblock<File>>();
    anywhere::<Unblock<std::fs::ReadDir>>();
    fn movable(_: impl Future + Send) {}
    movable(Unblock::new(Vec::<u8>::new()).into_inner());
}

#[test]
#[cfg(unix)]
fn everything_comes_through_a_pipe() {
    each(|| async {
        let (read, write) = rustix::pipe::pipe().unwrap();
        let sent: Vec<u8> = (0..3 << 20).map(|i| (i % 251) as u8).collect();
        let expected = sent.clone();
        let writing = std::thread::spawn(move || io::Write::write_all(&mut File::from(write), &sent));
        let mut heard = Vec::new();
        Unblock::new(File::from(read)).read_to_end(&mut heard).await.unwrap();
        writing.join().unwrap().unwrap();
        assert!(heard == expected, "{} of {} bytes, or others", heard.len(), expected.len());
    });
}

#[test]
fn a_dropped_read_loses_nothing() {
    each(|| async {
        let (blocked, release) = block();
        let mut input = Unblock::new(Script::new([blocked, Step::Bytes(b"first"), Step::Bytes(b"second")]));
        let mut buf = [0; 64];
        for _ in 0..3 {
            let mut read = Box::pin(input.read(&mut buf));
            assert!(is_pending(&mut read), "nothing has come");
        }
        release.send(()).unwrap();
        let mut text = String::new();
        input.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "firstsecond");
    });
}

#[test]
fn it_reads_when_asked_and_not_before() {
    each(|| async {
        let mut input = Unblock::new(Script::new([Step::Bytes(b"one"), Step::Bytes(b"two"), Step::Bytes(b"three")]));
        let mut buf = [0; 2];
        assert_eq!(input.read(&mut buf).await.unwrap(), 2);
        assert_eq!(input.read(&mut buf).await.unwrap(), 1);
        assert_eq!(input.into_inner().await.left(), 2, "nobody has asked for the others");
    });
}

#[test]
fn the_capacity_bounds_a_read() {
    each(|| async {
        let mut input = Unblock::with_capacity(2, Script::new([Step::Bytes(b"abcde")]));
        let mut buf = [0; 64];
        assert_eq!(input.read(&mut buf).await.unwrap(), 2);
        assert_eq!(input.read(&mut buf).await.unwrap(), 2);
        assert_eq!(input.read(&mut buf).await.unwrap(), 1);
        assert_eq!(input.read(&mut buf).await.unwrap(), 0);
        assert_eq!(Unblock::with_capacity(0, &b"x"[..]).read(&mut buf).await.unwrap(), 1);
    });
}

#[test]
fn the_end_is_no_end_for_what_grows() {
    each(|| async {
        let (mut buf, nothing) = ([0; 8], Step::Bytes(b""));
        let mut input = Unblock::new(Script::new([Step::Bytes(b"a"), nothing, Step::Bytes(b"b")]));
        let mut heard = Vec::new();
        for _ in 0..4 {
            heard.push(input.read(&mut buf).await.unwrap());
        }
        assert_eq!(heard, [1, 0, 1, 0]);
    });
}

#[test]
fn an_interrupted_read_is_tried_again_and_others_are_told() {
    each(|| async {
        let steps = [
            Step::Fail(io::ErrorKind::Interrupted),
            Step::Bytes(b"a"),
            Step::Fail(io::ErrorKind::PermissionDenied),
            Step::Bytes(b"b"),
        ];
        let mut input = Unblock::new(Script::new(steps));
        let mut buf = [0; 8];
        assert_eq!(input.read(&mut buf).await.unwrap(), 1);
        assert_eq!(input.read(&mut buf).await.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(input.read(&mut buf).await.unwrap(), 1, "it goes on after an error");
        assert_eq!(input.read(&mut []).await.unwrap(), 0);
    });
}

#[test]
fn reading_what_is_there_gives_way_now_and_then() {
    async fn read_bytewise() {
        let mut input = Unblock::new(io::Read::take(io::repeat(7), 5000));
        let mut byte = [0];
        while input.read(&mut byte).await.unwrap() == 1 {}
    }
    each(|| async {
        let (reading, polls) = Counted::new(read_bytewise());
        spawn(reading).await;
        let polls = polls.load(SeqCst);
        assert!(polls >= 5000 / 128, "{polls} polls");
    });
}
