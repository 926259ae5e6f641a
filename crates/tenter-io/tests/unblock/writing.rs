//! Writes: in the background, in order, no more at a time than there is room for.

use std::io;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use tenter_io::Unblock;

use crate::common::{each, is_pending};
use crate::objects::{Sink, Step, block, tell};

#[test]
fn written_bytes_need_nobody_to_wait_for_them() {
    each(|| async {
        let (sink, record) = Sink::new([]);
        let mut output = Unblock::new(sink);
        output.write_all(b"one").await.unwrap();
        // This thread sleeps; nothing but the pool goes on.
        record.wait_for(&["one"]);
        output.write_all(b"two").await.unwrap();
        record.wait_for(&["one", "two"]);
    });
}

#[test]
fn bytes_that_come_while_a_write_blocks_are_written_after_it() {
    each(|| async {
        let (blocked, release) = block();
        let (sink, record) = Sink::new([blocked]);
        let mut output = Unblock::new(sink);
        output.write_all(b"one").await.unwrap();
        output.write_all(b"two ").await.unwrap();
        output.write_all(b"three").await.unwrap();
        release.send(()).unwrap();
        output.flush().await.unwrap();
        let said = record.all();
        assert_eq!(said.concat(), "onetwo threeflush", "{said:?}");
        output.flush().await.unwrap();
        assert_eq!(record.all(), said, "there is nothing to flush");
    });
}

#[test]
fn a_full_outbox_makes_writers_wait() {
    each(|| async {
        let (reached, is_reached) = tell();
        let (blocked, release) = block();
        let (sink, record) = Sink::new([reached, blocked]);
        let mut output = Unblock::with_capacity(4, sink);
        assert_eq!(output.write(b"abcdefgh").await.unwrap(), 4);
        // The job has taken those, and blocks. Four more fit.
        is_reached.recv().unwrap();
        assert_eq!(output.write(b"ABCDEFGH").await.unwrap(), 4);
        let mut write = Box::pin(output.write(b"ijkl"));
        assert!(is_pending(&mut write), "a full outbox takes nothing");
        drop(write);
        let mut write = Box::pin(output.write(b"mnop"));
        assert!(is_pending(&mut write), "a dropped write has taken nothing");
        release.send(()).unwrap();
        assert_eq!(write.await.unwrap(), 4);
        output.flush().await.unwrap();
        assert_eq!(record.all().concat(), "abcdABCDmnopflush");
    });
}

#[test]
fn many_writes_of_all_lengths_come_out_as_one() {
    each(|| async {
        let mut output = Unblock::with_capacity(64, Vec::new());
        let mut expected = Vec::new();
        for i in 0..3000usize {
            let bytes = vec![(i % 251) as u8; i % 97];
            output.write_all(&bytes).await.unwrap();
            expected.extend(bytes);
            if i % 100 == 0 {
                output.flush().await.unwrap();
            }
        }
        assert!(output.into_inner().await == expected);
    });
}

#[test]
fn an_error_meets_the_next_write_or_flush() {
    each(|| async {
        let (sink, record) = Sink::new([Step::Fail(io::ErrorKind::StorageFull)]);
        let mut output = Unblock::new(sink);
        output.write_all(b"lost").await.unwrap();
        assert_eq!(output.flush().await.unwrap_err().kind(), io::ErrorKind::StorageFull);
        output.write_all(b"kept").await.unwrap();
        output.flush().await.unwrap();
        assert_eq!(record.all().last().unwrap(), "flush");
        assert!(record.all().contains(&"kept".to_owned()), "{:?}", record.all());

        let (sink, _) = Sink::new([Step::Fail(io::ErrorKind::StorageFull)]);
        let mut output = Unblock::new(sink);
        output.write_all(b"lost").await.unwrap();
        let error = loop {
            // Until the job has met it, bytes are taken.
            if let Err(error) = output.write(b"x").await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    });
}

#[test]
fn reading_flushes_what_was_written() {
    each(|| async {
        let (sink, record) = Sink::new([]);
        let mut both = Unblock::new(sink);
        both.write_all(b"ask").await.unwrap();
        both.read_exact(&mut [0]).await.unwrap();
        assert_eq!(record.all(), ["ask", "flush", "read"]);
    });
}

#[test]
fn a_dropped_output_is_written_to_its_end() {
    each(|| async {
        let (blocked, release) = block();
        let (sink, record) = Sink::new([blocked]);
        let mut output = Unblock::new(sink);
        output.write_all(b"one").await.unwrap();
        output.write_all(b" and two").await.unwrap();
        drop(output);
        release.send(()).unwrap();
        while record.all().last().is_none_or(|last| !last.starts_with("dropped")) {
            std::thread::yield_now();
        }
        let said = record.all();
        assert_eq!(said[..said.len() - 1].concat(), "one and two", "{said:?}");
    });
}

#[test]
fn closing_flushes_and_drops_the_object_on_the_pool() {
    each(|| async {
        let (sink, record) = Sink::new([]);
        let mut output = Unblock::new(sink);
        output.write_all(b"last").await.unwrap();
        output.close().await.unwrap();
        assert_eq!(record.all(), ["last", "flush", "dropped on the pool"]);
        output.close().await.unwrap();
        assert_eq!(output.write(b"x").await.unwrap_err().kind(), io::ErrorKind::NotConnected);
        assert_eq!(output.read(&mut [0]).await.unwrap_err().kind(), io::ErrorKind::NotConnected);
    });
}
