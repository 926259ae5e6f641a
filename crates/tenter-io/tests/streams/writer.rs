//! `StreamWriter`: what was taken is written in order, whoever waits; marks hold callers up; errors reach everyone.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};

use futures_lite::{AsyncReadExt, AsyncWrite, AsyncWriteExt, future};
use proptest::prelude::*;
use tenter_io::{Async, DuplexStream, StreamReader, StreamWriter, WriteError, WriteMarks, duplex};
use tenter_runtime::{Builder, block_on, spawn};

use crate::common::{self, each, watched};
use crate::{Slow, once};

/// Polls a future again and again, with a turn of everyone else between, as often as it is said.
async fn for_some_turns<T>(turns: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..turns {
        if let Some(done) = future::poll_once(&mut future).await {
            return Some(done);
        }
        future::yield_now().await;
    }
    None
}

async fn rest(mut stream: impl futures_lite::AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    bytes
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize),
    /// Drains or flushes for so many polls.
    Drain(usize),
    Flush(usize),
    Turn,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_was_taken_arrives_in_order_whatever_is_dropped(
        capacity in 1..8_usize,
        high in 0..20_usize,
        steps in prop::collection::vec(prop_oneof![
            (0..30_usize).prop_map(Step::Write),
            (0..5_usize).prop_map(Step::Drain),
            (0..5_usize).prop_map(Step::Flush),
            Just(Step::Turn),
        ], 0..30),
    ) {
        block_on(async {
            let (near, far) = duplex(capacity);
            let reading = spawn(rest(far));
            let writer = StreamWriter::with_marks(WriteMarks::high(high).most(usize::MAX), near);
            let mut sent = Vec::new();
            for step in steps {
                match step {
                    Step::Write(len) => {
                        let bytes: Vec<u8> = (0..len).map(|at| (sent.len() + at) as u8).collect();
                        writer.write(&bytes).unwrap();
                        sent.extend(bytes);
                    }
                    Step::Drain(turns) => {
                        if let Some(done) = for_some_turns(turns, writer.drain()).await {
                            done.unwrap();
                            prop_assert!(writer.buffered() <= high);
                        }
                    }
                    Step::Flush(turns) => {
                        if let Some(done) = for_some_turns(turns, writer.flush()).await {
                            done.unwrap();
                            prop_assert_eq!(writer.buffered(), 0);
                        }
                    }
                    Step::Turn => future::yield_now().await,
                }
            }
            drop(writer);
            prop_assert_eq!(reading.await, sent);
            Ok(())
        })?;
    }
}

#[test]
fn drain_waits_from_the_high_to_the_low_mark() {
    // On one thread, so that nothing is written between a poll and the look after it.
    Builder::new_current_thread().build().unwrap().block_on(async {
        let (near, mut far) = duplex(1);
        let writer = StreamWriter::with_marks(WriteMarks::high(6).low(2).most(100), near);
        writer.write(&[0; 6]).unwrap();
        assert!(once(writer.drain()).is_ready(), "no more than the high mark");
        writer.write(&[0; 4]).unwrap();
        let mut drained = pin!(writer.drain());
        while future::poll_once(&mut drained).await.is_none() {
            assert!(writer.buffered() > 2);
            far.read_exact(&mut [0]).await.unwrap();
            future::yield_now().await;
        }
        assert!(writer.buffered() <= 2);
        assert!(once(writer.drain()).is_ready());
    });
}

#[test]
fn a_writer_that_is_full_takes_nothing_and_says_so() {
    block_on(async {
        let (near, far) = duplex(1);
        let writer = StreamWriter::with_marks(WriteMarks::high(4).most(8), near);
        writer.write(&[1; 20]).expect("below its most, it takes anything");
        match writer.write(&[2]) {
            Err(WriteError::Full { buffered, .. }) => assert!((19..=20).contains(&buffered)),
            other => panic!("{other:?}"),
        }
        let reading = spawn(rest(far));
        writer.drain().await.unwrap();
        writer.write(&[3]).unwrap();
        drop(writer);
        assert_eq!(reading.await, [&[1; 20][..], &[3]].concat());
    });
}

#[test]
fn finished_is_the_end_behind_all_bytes() {
    each(|| async {
        let (near, far) = common::pair().unwrap();
        let (writer, far) = (StreamWriter::new(Async::new(near).unwrap()), Async::new(far).unwrap());
        let reading = spawn(rest(far));
        // More than a socket holds.
        let bytes: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
        writer.write(&bytes).unwrap();
        writer.finish();
        assert!(matches!(writer.write(b"x"), Err(WriteError::Finished)));
        writer.closed().await.unwrap();
        writer.drain().await.unwrap();
        assert_eq!(writer.buffered(), 0);
        assert!(reading.await == bytes);
    });
}

#[test]
fn a_dropped_writer_writes_what_it_took() {
    each(|| async {
        let (near, far) = common::pair().unwrap();
        let (writer, far) = (StreamWriter::new(Async::new(near).unwrap()), Async::new(far).unwrap());
        writer.write(&[7; 300_000]).unwrap();
        drop(writer);
        assert_eq!(rest(far).await.len(), 300_000);
    });
}

#[test]
fn every_call_after_an_error_has_it() {
    watched("errors", || {
        block_on(async {
            let (near, far) = duplex(1);
            let writer = StreamWriter::with_marks(WriteMarks::high(0), near);
            writer.write(b"never read").unwrap();
            let (drained, ()) = future::zip(writer.drain(), async {
                future::yield_now().await;
                drop(far);
            })
            .await;
            let calls = [drained, writer.flush().await, writer.closed().await, writer.write(b"x")];
            for call in calls {
                match call {
                    Err(WriteError::Failed(error)) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(writer.buffered(), 0);
        });
    });
}

#[test]
fn an_aborted_writer_lets_go_of_its_stream_at_once() {
    watched("abort", || {
        block_on(async {
            let (near, far) = duplex(1);
            let writer = StreamWriter::with_marks(WriteMarks::high(0), near);
            writer.write(b"abc").unwrap();
            let mut waiting = pin!(writer.drain());
            assert!(future::poll_once(&mut waiting).await.is_none());
            writer.abort();
            assert!(matches!(waiting.await, Err(WriteError::Aborted)));
            assert!(matches!(writer.closed().await, Err(WriteError::Aborted)));
            assert!(rest(far).await.len() <= 1, "what did not fit is gone, and then the stream is");
        });
    });
}

#[test]
fn who_waits_hears_that_the_runtime_has_ended() {
    watched("the end of a runtime", || {
        let (near, _far) = duplex(1);
        let runtime = Builder::new_current_thread().build().unwrap();
        let writer = runtime.block_on(async { StreamWriter::new(near) });
        writer.write(b"abc").unwrap();
        let mut waiting = pin!(writer.flush());
        assert!(once(waiting.as_mut()).is_pending());
        drop(runtime);
        assert!(matches!(future::block_on(waiting), Err(WriteError::Failed(_))));
        assert!(matches!(writer.write(b"d"), Err(WriteError::Failed(_))));
    });
}

/// Panics when it is written to.
struct Panics;

impl AsyncWrite for Panics {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        panic!("a writer that panics, as a test wants it");
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn who_waits_hears_that_the_stream_has_panicked() {
    watched("a panic", || {
        block_on(async {
            let writer = StreamWriter::new(Panics);
            writer.write(b"abc").unwrap();
            assert!(matches!(writer.flush().await, Err(WriteError::Failed(_))));
        });
    });
}

#[test]
fn messages_of_several_tasks_stay_whole() {
    each(|| async {
        let (near, far) = duplex(3);
        let writer = Arc::new(StreamWriter::with_marks(WriteMarks::high(40), near));
        let tasks: Vec<_> = (0..8_usize)
            .map(|id| {
                let writer = writer.clone();
                spawn(async move {
                    for _ in 0..20 {
                        writer.write(format!("{}\n", "abcdefgh"[id..=id].repeat(20)).as_bytes()).unwrap();
                        writer.drain().await.unwrap();
                    }
                })
            })
            .collect();
        drop(writer);
        let mut reader = StreamReader::new(far);
        let mut lines = 0;
        while let Some(line) = reader.next_line().await.unwrap() {
            assert!(line.len() == 20 && line.chars().all(|letter| line.starts_with(letter)), "{line}");
            lines += 1;
        }
        assert_eq!(lines, 160);
        for task in tasks {
            task.await;
        }
    });
}

#[test]
fn as_a_trait_it_holds_no_more_than_the_high_mark() {
    each(|| async {
        let (near, far): (DuplexStream, _) = duplex(5);
        let mut writer = StreamWriter::with_marks(WriteMarks::high(16).low(4), near);
        let reading = spawn(rest(far));
        let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let mut left = &bytes[..];
        while !left.is_empty() {
            let len = AsyncWriteExt::write(&mut writer, left).await.unwrap();
            assert!(writer.buffered() <= 17);
            left = &left[len..];
        }
        AsyncWriteExt::flush(&mut writer).await.unwrap();
        writer.close().await.unwrap();
        assert!(reading.await == bytes);
        assert_eq!(AsyncWriteExt::write(&mut writer, b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_stream_that_takes_nothing_is_an_error() {
    block_on(async {
        let writer = StreamWriter::new(Slow { at_once: 0, ..Slow::default() });
        writer.write(b"abc").unwrap();
        match writer.closed().await {
            Err(WriteError::Failed(error)) => assert_eq!(error.kind(), io::ErrorKind::WriteZero),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn whoever_drains_is_not_refused_whatever_the_marks() {
    block_on(async {
        for marks in [WriteMarks::high(10).most(3), WriteMarks::high(usize::MAX), WriteMarks::high(0)] {
            let (near, far) = duplex(1);
            let reading = spawn(rest(far));
            let mut writer = StreamWriter::with_marks(marks, near);
            for _ in 0..5 {
                writer.write(&[1; 6]).unwrap();
                writer.drain().await.unwrap();
            }
            writer.write_all(&[1; 50]).await.unwrap();
            drop(writer);
            assert_eq!(reading.await.len(), 80);
        }
    });
}

/// Counts as alive as long as it is there.
struct Held<W>(W, #[expect(dead_code, reason = "its drop is looked for")] Arc<()>);

impl<W> Drop for Held<W> {
    /// Takes its time, in which who is told too early looks.
    fn drop(&mut self) {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Held<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

#[test]
fn who_is_told_that_a_writer_has_ended_finds_its_stream_dropped() {
    each(|| async {
        for _ in 0..5 {
            let (near, far) = duplex(100);
            let alive = Arc::new(());
            let writer = StreamWriter::new(Held(near, alive.clone()));
            writer.write(b"last words").unwrap();
            writer.finish();
            writer.closed().await.unwrap();
            assert_eq!(Arc::strong_count(&alive), 1);
            assert_eq!(rest(far).await, b"last words");
        }
    });
}

/// An error that looks at the writer when it is shown.
struct Curious(Weak<StreamWriter>);

impl fmt::Debug for Curious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} bytes held", self.0.upgrade().map(|writer| writer.buffered()))
    }
}

impl fmt::Display for Curious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Curious {}

/// Fails with an error that knows the writer.
struct Failing(Arc<OnceLock<Weak<StreamWriter>>>);

impl AsyncWrite for Failing {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::Error::other(Curious(self.0.get().unwrap().clone()))))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn an_error_that_looks_at_the_writer_can_be_shown() {
    block_on(async {
        let itself = Arc::default();
        let writer = Arc::new(StreamWriter::new(Failing(Arc::clone(&itself))));
        itself.set(Arc::downgrade(&writer)).unwrap();
        writer.write(b"lost").unwrap();
        writer.flush().await.unwrap_err();
        assert!(format!("{writer:?}").contains("Some(0) bytes held"), "{writer:?}");
    });
}
