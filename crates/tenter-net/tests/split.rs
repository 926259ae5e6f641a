//! Halves of a stream, and what stands on them: buffered readers and writers, proxies.

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::future::Future;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use tenter_io::{StreamReader, StreamWriter, copy_bidirectional};
use tenter_net::{OwnedReadHalf, OwnedWriteHalf, SplitStream, TcpListener, TcpStream};
use tenter_runtime::spawn;

use crate::common::each;

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

async fn heard(stream: &mut (impl futures_lite::AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

type Halves<S> = (OwnedReadHalf<S>, OwnedWriteHalf<S>);

/// What holds for the halves of any stream; `near` and `far` are connected, `other` is not with them.
async fn halves_hold<S>(near: S, mut far: S, other: S, split: fn(S) -> Halves<S>)
where
    S: SplitStream + std::fmt::Debug + Send + 'static,
{
    let ((reader, writer), (_other_reader, other_writer)) = (split(near), split(other));
    let refused = reader.reunite(other_writer).expect_err("another stream's");
    assert_eq!(refused.to_string(), "the halves are not of the same stream");
    let near = refused.0.reunite(writer).expect("of the same stream");

    // Nothing ended so far: it still goes both ways, at a time.
    let (mut reader, mut writer) = split(near);
    let writing = spawn(async move { writer.write_all(&[b'x'; 500_000]).await });
    let far_hears = spawn(async move {
        far.write_all(b"meanwhile").await.unwrap();
        far.close().await.unwrap();
        heard(&mut far).await.len()
    });
    assert_eq!(heard(&mut reader).await, "meanwhile");
    writing.await.unwrap();
    assert_eq!(far_hears.await, 500_000, "the dropped half was the end");
}

#[test]
fn halves_of_a_tcp_stream_are_independent() {
    each(|| async {
        let ((near, far), (other, _)) = (tcp().await, tcp().await);
        halves_hold(near, far, other, TcpStream::into_split).await;
    });
}

#[cfg(unix)]
#[test]
fn halves_of_a_unix_stream_are_independent() {
    use tenter_net::unix::UnixStream;

    each(|| async {
        let ((near, far), (other, _)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        halves_hold(near, far, other, UnixStream::into_split).await;
    });
}

#[test]
fn a_forgotten_half_ends_nothing() {
    each(|| async {
        let (near, mut far) = tcp().await;
        let mut kept = near.clone();
        let (_reader, writer) = near.into_split();
        writer.forget();
        kept.write_all(b"still").await.unwrap();
        kept.close().await.unwrap();
        assert_eq!(heard(&mut far).await, "still");
    });
}

/// The client's requests and the answers go through a proxy; each end is passed on.
#[test]
fn lines_go_through_a_proxy() {
    each(|| async {
        let ((client, mut near), (mut far, server)) = (tcp().await, tcp().await);
        let proxy = spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        let serving = spawn(async move {
            let (reader, writer) = server.into_split();
            let (mut reader, writer) = (StreamReader::new(reader), StreamWriter::new(writer));
            while let Some(line) = reader.next_line().await.unwrap() {
                writer.write(line.to_uppercase().as_bytes()).unwrap();
                writer.write(b"\n").unwrap();
                writer.drain().await.unwrap();
            }
            writer.finish();
            writer.closed().await.unwrap();
        });
        let (reader, writer) = client.into_split();
        let (mut reader, writer) = (StreamReader::new(reader), StreamWriter::new(writer));
        for round in 0..50 {
            writer.write(format!("line {round}\n").as_bytes()).unwrap();
            assert_eq!(reader.read_line().await.unwrap(), format!("LINE {round}\n").as_bytes());
        }
        writer.finish();
        assert_eq!(reader.read_line().await.unwrap(), b"");
        assert!(reader.at_eof());
        serving.await;
        assert_eq!(proxy.await.unwrap(), (390, 390));
    });
}

#[test]
fn halves_can_go_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + std::fmt::Debug + 'static>() {}
    fn movable(_: impl Future + Send) {}
    anywhere::<OwnedReadHalf<TcpStream>>();
    anywhere::<OwnedWriteHalf<TcpStream>>();
    anywhere::<StreamReader<OwnedReadHalf<TcpStream>>>();
    anywhere::<StreamWriter>();
    movable(async {
        let (near, far) = tcp().await;
        let (reader, writer) = near.into_split();
        let (mut reader, writer) = (StreamReader::new(reader), StreamWriter::new(writer));
        let _ = (reader.read_until_any(&[b"a", b"b"]).await.is_ok(), writer.drain().await, far);
    });
}
