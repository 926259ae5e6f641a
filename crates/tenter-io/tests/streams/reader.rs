//! `StreamReader`: asyncio's meaning, in whatever pieces bytes arrive, and with every future dropped at every await.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_lite::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, future};
use proptest::prelude::*;
use tenter_io::{ReadError, StreamReader};

use crate::{Pieces, once};

/// One call of a reader's method.
#[derive(Clone, Debug)]
enum Call {
    Line,
    Until(Vec<Vec<u8>>),
    Exact(usize),
}

/// What came of it; of an overrun, only that it was one: how much was there depends on the pieces.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Bytes(Vec<u8>),
    Partial(Vec<u8>),
    Overrun,
}

/// A call, dropped and made again whenever it waits.
fn call(reader: &mut StreamReader<Pieces>, call: &Call) -> Came {
    let result = loop {
        let polled = match call {
            Call::Line => once(async { reader.read_line().await.map(<[u8]>::to_vec) }),
            Call::Exact(len) => once(async { reader.read_exact(*len).await.map(<[u8]>::to_vec) }),
            Call::Until(delimiters) => {
                let delimiters: Vec<_> = delimiters.iter().map(Vec::as_slice).collect();
                once(async { reader.read_until_any(&delimiters).await.map(<[u8]>::to_vec) })
            }
        };
        if let Poll::Ready(result) = polled {
            break result;
        }
    };
    match result {
        Ok(bytes) => Came::Bytes(bytes),
        Err(ReadError::Incomplete { partial, .. }) => Came::Partial(partial),
        Err(ReadError::LimitOverrun { limit, buffered, skippable, .. }) => {
            assert!(limit < skippable && skippable <= buffered, "{skippable} of {buffered} over {limit}");
            assert_eq!(buffered, reader.buffer().len());
            Came::Overrun
        }
        Err(other) => panic!("{other}"),
    }
}

/// The same of a whole text, by trying each end, as asyncio's documentation has it; what it leaves.
fn plainly<'a>(text: &'a [u8], limit: usize, call: &Call) -> (Came, &'a [u8]) {
    let came = |len: usize| (Came::Bytes(text[..len].to_vec()), &text[len..]);
    let newline = vec![b"\n".to_vec()];
    let delimiters = match call {
        Call::Exact(len) if *len <= text.len() => return came(*len),
        Call::Exact(_) => return (Came::Partial(text.to_vec()), &[]),
        Call::Line => &newline,
        Call::Until(delimiters) => delimiters,
    };
    for end in 1..=text.len() {
        let ending = delimiters.iter().filter(|delimiter| text[..end].ends_with(delimiter));
        if let Some(len) = ending.map(Vec::len).min() {
            return if end - len > limit { (Came::Overrun, text) } else { came(end) };
        }
    }
    let longest = delimiters.iter().map(Vec::len).max().unwrap();
    match call {
        _ if (text.len() + 1).saturating_sub(longest) > limit => (Came::Overrun, text),
        Call::Line => came(text.len()),
        _ => (Came::Partial(text.to_vec()), &[]),
    }
}

fn letters(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&b"ab\n"[..]), len)
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        Just(Call::Line),
        (0..9_usize).prop_map(Call::Exact),
        prop::collection::vec(letters(1..4), 1..5).prop_map(Call::Until),
    ];
    prop::collection::vec(call, 1..12)
}

proptest! {
    #[test]
    fn pieces_and_drops_change_nothing(
        text in letters(0..60),
        lengths in prop::collection::vec(1..9_usize, 1..6),
        limit in 0..20_usize,
        calls in calls(),
    ) {
        let mut reader = StreamReader::with_limit(limit, Pieces::new(&text, &lengths));
        let mut rest = &text[..];
        for each in &calls {
            let (expected, left) = plainly(rest, limit, each);
            prop_assert_eq!(call(&mut reader, each), expected, "{:?} of {:?}", each, rest);
            rest = left;
        }
        let mut read = Vec::new();
        future::block_on(reader.read_to_end(&mut read)).unwrap();
        prop_assert_eq!(read, rest);
        prop_assert!(reader.at_eof());
    }
}

#[test]
fn what_may_be_skipped_lets_the_delimiter_be_found() {
    let text = [&[b'x'; 1000][..], b"\r\nrest"].concat();
    for piece in [1, 7, 1001, 1002, 2000] {
        let mut reader = StreamReader::with_limit(100, Pieces::new(&text, &[piece]));
        let mut skipped = 0;
        let chunk = loop {
            match future::block_on(async { reader.read_until(b"\r\n").await.map(<[u8]>::to_vec) }) {
                Ok(chunk) => break chunk,
                Err(ReadError::LimitOverrun { skippable, .. }) => {
                    reader.consume(skippable);
                    skipped += skippable;
                }
                Err(other) => panic!("{other}"),
            }
        };
        assert_eq!(skipped + chunk.len(), 1002, "in pieces of {piece}");
        assert!(chunk.ends_with(b"\r\n"));
    }
}

#[test]
fn lines_are_text_without_their_endings() {
    let text = b"one\r\ntwo\n\n\xff\xfe\nlast\r";
    let mut reader = StreamReader::new(Pieces::new(text, &[3]));
    future::block_on(async {
        assert_eq!(reader.next_line().await.unwrap(), Some("one"));
        assert_eq!(reader.next_line().await.unwrap(), Some("two"));
        assert_eq!(reader.next_line().await.unwrap(), Some(""));
        match reader.next_line().await {
            Err(ReadError::NotUtf8 { line, .. }) => assert_eq!(line, b"\xff\xfe"),
            other => panic!("{other:?}"),
        }
        assert!(!reader.at_eof());
        // What ends the stream and not a line belongs to the text.
        assert_eq!(reader.next_line().await.unwrap(), Some("last\r"));
        assert_eq!(reader.next_line().await.unwrap(), None);
        assert!(reader.at_eof());
    });
}

#[test]
fn errors_say_what_is_missing() {
    future::block_on(async {
        let mut reader = StreamReader::new(&b"abc"[..]);
        let error = reader.read_exact(5).await.unwrap_err();
        assert!(matches!(&error, ReadError::Incomplete { partial, expected: Some(5), .. } if partial == b"abc"));
        assert_eq!(error.to_string(), "the stream ended after 3 of 5 bytes");
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ReadError>());
        assert!(matches!(inner, Some(ReadError::Incomplete { .. })));

        let mut reader = StreamReader::with_limit(1, &b"abc"[..]);
        let error = io::Error::from(reader.read_until(b"c").await.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    });
}

/// A stream that fails between two pieces, and would go on after its end.
struct Fails(Vec<io::Result<&'static [u8]>>);

impl AsyncRead for Fails {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let bytes = if self.0.is_empty() { &[][..] } else { self.0.remove(0)? };
        buf[..bytes.len()].copy_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
}

#[test]
fn an_error_of_the_stream_loses_nothing_and_its_end_is_final() {
    let steps = vec![Ok(&b"ab"[..]), Err(io::ErrorKind::TimedOut.into()), Ok(b"c\nd"), Ok(b""), Ok(b"more")];
    let mut reader = StreamReader::new(Fails(steps));
    future::block_on(async {
        assert!(
            matches!(reader.read_line().await, Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::TimedOut)
        );
        assert_eq!(reader.buffer(), b"ab");
        assert_eq!(reader.read_line().await.unwrap(), b"abc\n");
        assert_eq!(reader.read_line().await.unwrap(), b"d");
        assert_eq!(reader.read_line().await.unwrap(), b"");
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(reader.read(&mut vec![0; 1 << 20]).await.unwrap(), 0);
        assert!(reader.fill_buf().await.unwrap().is_empty());
    });
    assert_eq!(reader.get_ref().0.len(), 1, "nobody asked after the end");
}

#[test]
fn the_traits_read_what_the_methods_left() {
    let mut reader = StreamReader::new(Pieces::new(b"head\nbody of some length", &[9]));
    future::block_on(async {
        assert_eq!(reader.read_line().await.unwrap(), b"head\n");
        let mut large = vec![0; 1 << 17];
        assert_eq!(reader.read(&mut large).await.unwrap(), 4, "what is in the buffer goes first");
        assert_eq!(&large[..4], b"body");
        assert_eq!(reader.read(&mut large).await.unwrap(), 9, "then the stream itself");
        let mut rest = Vec::new();
        AsyncBufReadExt::read_until(&mut reader, b'g', &mut rest).await.unwrap();
        assert_eq!([&large[..9], &rest[..]].concat(), b" of some leng");
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(Pin::new(&mut reader).poll_fill_buf(&mut cx), Poll::Ready(Ok(b"th"))));
    });
}
