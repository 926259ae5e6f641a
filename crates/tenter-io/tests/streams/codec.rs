//! Frames: any pieces give the same ones, hostile bytes give typed errors, and no future that is dropped loses any.

use std::fmt::Debug;
use std::io;
use std::task::Poll;

use futures_lite::{AsyncRead, Stream, StreamExt, future};
use proptest::prelude::*;
use tenter_io::codec::{
    BytesCodec, Decoder, Encoder, FrameError, Framed, LengthDelimited, LengthWidth, LineError, LinesCodec,
};

use crate::{Pieces, Slow, once};

/// All frames and errors, as texts; each `next` is dropped and made again whenever it waits.
fn frames<R, C>(stream: R, codec: C) -> Vec<String>
where
    R: AsyncRead + Unpin,
    C: Decoder<Item: Debug, Error: Debug> + Unpin,
{
    let mut framed = Framed::new(stream, codec);
    let mut found = Vec::new();
    loop {
        match once(framed.next()) {
            Poll::Ready(Some(frame)) => found.push(format!("{frame:?}")),
            Poll::Ready(None) => return found,
            Poll::Pending => {}
        }
    }
}

fn lengths() -> impl Strategy<Value = LengthDelimited> {
    let width = prop::sample::select(vec![LengthWidth::One, LengthWidth::Two, LengthWidth::Four, LengthWidth::Eight]);
    (width, any::<bool>(), 0..40_usize).prop_map(|(width, little, max)| {
        let codec = LengthDelimited::new().max_length(max).width(width);
        if little { codec.little_endian() } else { codec }
    })
}

proptest! {
    #[test]
    fn any_pieces_of_lines_give_the_same(
        text in prop::collection::vec(prop::sample::select(&b"abc\r\n\n\xff"[..]), 0..60),
        pieces in prop::collection::vec(1..7_usize, 1..6),
        max in 0..9_usize,
    ) {
        let codec = LinesCodec::new().max_length(max);
        let whole = frames(&text[..], codec.clone());
        prop_assert_eq!(frames(Pieces::new(&text, &pieces), codec), &whole[..]);
        // As `str::lines` has it, but for what is refused.
        let mut lines: Vec<_> = text.split(|&byte| byte == b'\n').collect();
        let last = lines.pop().filter(|last| !last.is_empty());
        let lines = lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line)).chain(last);
        let expected: Vec<_> = lines.map(|line| match std::str::from_utf8(line) {
            _ if line.len() > max => format!("Err(TooLong {{ max: {max} }})"),
            Ok(line) => format!("Ok({line:?})"),
            Err(_) => format!("Err(NotUtf8 {{ line: {line:?} }})"),
        }).collect();
        prop_assert_eq!(whole, expected);
    }

    #[test]
    fn any_pieces_of_frames_give_the_same(
        text in prop::collection::vec(0..5_u8, 0..60),
        pieces in prop::collection::vec(1..7_usize, 1..6),
        codec in lengths(),
    ) {
        let whole = frames(&text[..], codec.clone());
        prop_assert_eq!(frames(Pieces::new(&text, &pieces), codec), whole);
    }

    #[test]
    fn frames_arrive_as_they_were_sent(
        items in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12),
        pieces in prop::collection::vec(1..7_usize, 1..6),
        codec in lengths(),
    ) {
        let mut framed = Framed::new(Slow { at_once: pieces[0], ..Slow::default() }, codec.clone());
        let mut sent = Vec::new();
        for item in &items {
            match future::block_on(framed.feed(item)) {
                Ok(()) => sent.push(format!("Ok({item:?})")),
                Err(FrameError::TooLong { length, .. }) => prop_assert_eq!(length, item.len() as u64),
                Err(other) => panic!("{other}"),
            }
        }
        while once(framed.close()).is_pending() {}
        let bytes = framed.into_inner().taken;
        prop_assert_eq!(frames(Pieces::new(&bytes, &pieces), codec), sent);
    }

    /// A `send` that is dropped when it first waits has its frame taken, and the next call goes on with it.
    #[test]
    fn dropped_sends_lose_and_repeat_nothing(items in prop::collection::vec("[a-z]{0,20}", 0..20), at_once in 1..9_usize) {
        let mut framed = Framed::new(Slow { at_once, ..Slow::default() }, LinesCodec::new());
        for item in &items {
            let _ = once(framed.send(item));
        }
        while once(framed.flush()).is_pending() {}
        let expected: String = items.iter().map(|item| format!("{item}\n")).collect();
        prop_assert_eq!(&framed.get_ref().taken[..], expected.as_bytes());
    }
}

/// tokio#3555: there was an error for each piece of one long line.
#[test]
fn a_line_that_is_too_long_is_one_error_and_is_not_held() {
    let text = [&[b'x'; 1_000_000][..], b"\nnext\n", &[b'y'; 100_000]].concat();
    let mut framed = Framed::new(Pieces::new(&text, &[1000]), LinesCodec::new().max_length(2000));
    let mut found = Vec::new();
    loop {
        match once(framed.next()) {
            Poll::Ready(Some(line)) => found.push(line),
            Poll::Ready(None) => break,
            Poll::Pending => assert!(framed.read_buffer().len() <= 2001),
        }
    }
    assert!(matches!(
        &found[..],
        [Err(LineError::TooLong { max: 2000, .. }), Ok(next), Err(LineError::TooLong { .. })] if next == "next"
    ));
}

#[test]
fn a_line_can_not_smuggle_another_one() {
    for text in ["a\nb", "\n", "ends\r"] {
        let mut bytes = b"before".to_vec();
        assert!(matches!(LinesCodec::new().encode(text, &mut bytes), Err(LineError::NotALine)), "{text:?}");
        assert_eq!(bytes, b"before");
    }
    let error = io::Error::from(LineError::NotALine);
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

/// tokio#5080: the length was cut to what its bytes could say.
#[test]
fn a_frame_is_no_longer_than_its_length_can_say() {
    let mut codec = LengthDelimited::new().width(LengthWidth::One);
    let mut bytes = Vec::new();
    codec.encode([7; 255], &mut bytes).unwrap();
    assert_eq!((bytes.len(), bytes[0]), (256, 255));
    assert!(matches!(codec.encode([7; 256], &mut bytes), Err(FrameError::TooLong { length: 256, max: 255, .. })));
    assert_eq!(bytes.len(), 256);
}

#[test]
fn a_length_that_is_a_lie_takes_no_memory_and_ends_the_frames() {
    let lie = u64::MAX.to_be_bytes();
    let codec = LengthDelimited::new().width(LengthWidth::Eight).max_length(usize::MAX);
    let found = frames(&lie[..], codec);
    assert_eq!(found, [format!("Err(TooLong {{ length: {}, max: {} }})", u64::MAX, usize::MAX)]);

    // Allowed, and never sent: what is held is what came.
    let mut framed = Framed::new(Pieces::new(&[0x00, 0x7f, 0xff, 0xff, 1], &[5]), LengthDelimited::new());
    assert!(once(framed.next()).is_pending());
    assert!(once(framed.next()).is_pending());
    assert_eq!(framed.read_buffer().len(), 5);
    match once(framed.next()) {
        Poll::Ready(Some(Err(FrameError::Io(error)))) => assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
        other => panic!("{other:?}"),
    }
    assert!(matches!(once(framed.next()), Poll::Ready(None)));
}

/// A stream of numbers, of which a zero is bad; it is passed over if `skips`.
struct Numbers {
    skips: bool,
}

impl Decoder for Numbers {
    type Item = u8;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut &[u8]) -> io::Result<Option<u8>> {
        match **bytes {
            [] => Ok(None),
            [0, ..] => {
                *bytes = &bytes[usize::from(self.skips)..];
                Err(io::ErrorKind::InvalidData.into())
            }
            [number, ..] => {
                *bytes = &bytes[1..];
                Ok(Some(number))
            }
        }
    }
}

impl Encoder<u8> for Numbers {
    type Error = io::Error;

    fn encode(&mut self, number: u8, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.push(number);
        if number == 0 { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(()) }
    }
}

#[test]
fn an_error_ends_the_frames_unless_it_was_passed_over() {
    let bad = "Err(Kind(InvalidData))";
    assert_eq!(frames(&[1, 0, 2][..], Numbers { skips: true }), ["Ok(1)", bad, "Ok(2)"]);
    assert_eq!(frames(&[1, 0, 2][..], Numbers { skips: false }), ["Ok(1)", bad]);
}

#[test]
fn what_an_encoder_refuses_is_not_sent() {
    let mut framed = Framed::new(Slow { at_once: 9, ..Slow::default() }, Numbers { skips: true });
    future::block_on(async {
        framed.feed(1).await.unwrap();
        assert_eq!(framed.send(0).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        framed.send(2).await.unwrap();
    });
    assert_eq!(framed.into_inner().taken, [1, 2]);
}

#[test]
fn what_is_fed_waits_for_earlier_frames_at_the_high_mark() {
    let mut framed = Framed::new(Slow { at_once: 1, ..Slow::default() }, BytesCodec);
    assert!(once(framed.feed([1; 8192])).is_ready());
    assert!(once(framed.feed([2; 1])).is_pending(), "8 KiB are unwritten");
    future::block_on(framed.feed([3; 1])).unwrap();
    future::block_on(framed.flush()).unwrap();
    assert_eq!(framed.get_ref().taken, [&[1; 8192][..], &[3]].concat());
}

#[test]
fn bytes_are_frames_as_they_come() {
    let framed = Framed::new(Pieces::new(b"abcdef", &[1, 2, 3]), BytesCodec);
    let found: Vec<_> = future::block_on(framed.map(Result::unwrap).collect());
    assert_eq!(found, [&b"a"[..], b"bc", b"def"]);
}

#[test]
fn a_framed_stream_is_a_stream() {
    fn is_stream<T: Stream<Item = Result<String, LineError>> + Send + 'static>(_: &T) {}
    is_stream(&Framed::new(&b""[..], LinesCodec::new()));
}

#[test]
fn a_clone_of_lines_begins_at_the_beginning() {
    let mut first = LinesCodec::new().max_length(7);
    assert!(matches!(first.decode(&mut &b"no end"[..]), Ok(None)));
    let mut second = first.clone();
    let mut bytes = &b"1\n2\n"[..];
    assert_eq!(second.decode(&mut bytes).unwrap().as_deref(), Some("1"));
    assert!(matches!(second.decode(&mut &b"too long"[..]), Ok(None)), "one byte may be of the ending");
    assert!(matches!(second.decode(&mut &b"far too long"[..]), Err(LineError::TooLong { max: 7, .. })));
}
