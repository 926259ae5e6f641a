//! What is always ready gives way: to other tasks, and to the other direction.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, FutureExt, StreamExt, future};
use tenter_io::codec::{Framed, LinesCodec};
use tenter_io::{StreamReader, StreamWriter, WriteMarks, copy_bidirectional, duplex};
use tenter_runtime::{Builder, spawn};

use crate::common::on_each;

/// Ends at the task's second poll: what runs beside it must have given way once.
fn second_poll() -> impl Future<Output = ()> {
    let mut polls = 0;
    poll_fn(move |_| {
        polls += 1;
        if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// Always has bytes, and counts what it takes.
struct Counting(Arc<AtomicUsize>);

impl AsyncRead for Counting {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
}

impl AsyncWrite for Counting {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.fetch_add(buf.len(), SeqCst);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_direction_that_is_always_ready_leaves_turns_to_the_other_one() {
    on_each(|runtime| {
        let (there, here) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (mut a, mut b) = (Counting(here.clone()), Counting(there.clone()));
        runtime.block_on(runtime.spawn(async move {
            let both =
                poll_fn(
                    |_| if there.load(SeqCst) > 0 && here.load(SeqCst) > 0 { Poll::Ready(()) } else { Poll::Pending },
                );
            let mut polls = 0;
            let many_polls = poll_fn(|_| {
                polls += 1;
                if polls == 100 {
                    panic!("{} and {} bytes", there.load(SeqCst), here.load(SeqCst))
                } else {
                    Poll::Pending
                }
            });
            let copying = async { copy_bidirectional(&mut a, &mut b).await.map(drop).unwrap() };
            both.or(many_polls).or(copying).await;
        }));
    });
}

#[test]
fn frames_that_are_there_already_leave_turns_to_others() {
    on_each(|runtime| {
        let bytes = || futures_lite::io::Cursor::new(vec![b'\n'; 4000]);
        let frames = async move {
            let count = Framed::new(bytes(), LinesCodec::new()).count().await;
            panic!("{count} frames in one turn");
        };
        runtime.block_on(runtime.spawn(frames.or(second_poll())));
        let lines = async move {
            let mut reader = StreamReader::new(bytes());
            while !reader.read_line().await.unwrap().is_empty() {}
            panic!("all lines in one turn");
        };
        runtime.block_on(runtime.spawn(lines.or(second_poll())));
    });
}

/// Takes whatever it is given at once, and has more written each time.
struct Eager(Arc<OnceLock<Weak<StreamWriter>>>, Arc<AtomicUsize>);

impl AsyncWrite for Eager {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        // It ends, so that a test that fails does.
        if self.1.fetch_add(1, SeqCst) < 100_000 {
            if let Some(writer) = self.0.get().and_then(Weak::upgrade) {
                writer.write(b"more").unwrap();
            }
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_writer_whose_stream_is_always_ready_leaves_turns_to_others() {
    Builder::new_current_thread().build().unwrap().block_on(async {
        let (to_itself, writes) = (Arc::new(OnceLock::new()), Arc::new(AtomicUsize::new(0)));
        let writer = Arc::new(StreamWriter::new(Eager(to_itself.clone(), writes.clone())));
        to_itself.set(Arc::downgrade(&writer)).unwrap();
        writer.write(b"first").unwrap();
        spawn(async move {
            while writes.load(SeqCst) == 0 {
                future::yield_now().await;
            }
            assert!(writes.load(SeqCst) < 100_000, "all of it in one turn");
        })
        .await;
    });
}

#[test]
fn a_flush_waits_for_what_was_taken_before_it_alone() {
    Builder::new_current_thread().build().unwrap().block_on(async {
        let (near, mut far) = duplex(4);
        let writer = StreamWriter::with_marks(WriteMarks::high(64).most(usize::MAX), near);
        writer.write(&[0; 64]).unwrap();
        let mut flushed = pin!(writer.flush());
        for turn in 0.. {
            assert!(turn < 10_000, "{} bytes are held, and it is not flushed", writer.buffered());
            if future::poll_once(&mut flushed).await.is_some() {
                break;
            }
            // More than is read, so that there is never a moment at which nothing is held.
            writer.write(&[1; 8]).unwrap();
            far.read_exact(&mut [0; 4]).await.unwrap();
            future::yield_now().await;
        }
        assert!(writer.buffered() > 0);
    });
}
