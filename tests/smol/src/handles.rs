//! `Async<T>`, `Unblock<T>`, and `smol::io`.

use std::io::{Cursor, SeekFrom};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;

use smol::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader};
use smol::prelude::*;
use smol::{Async, Unblock};

/// A line that goes through the standard library's TCP sockets.
///
/// # Errors
/// What the system says.
pub async fn over_async_tcp() -> io::Result<String> {
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
    let addr = listener.as_ref().local_addr()?;
    let server = smol::spawn(async move {
        let incoming = listener.incoming();
        smol::pin!(incoming);
        let stream = incoming.next().await.expect("it has no end")?;
        let mut lines = BufReader::new(&stream).lines();
        let line = lines.next().await.expect("one line comes")?;
        (&stream).write_all(format!("{line} and back\n").as_bytes()).await?;
        io::Result::Ok(())
    });
    let stream = Async::<TcpStream>::connect(addr).await?;
    stream.writable().await?;
    stream.write_with(|mut stream| std::io::Write::write(&mut stream, b"there\n")).await?;
    let stream = Arc::new(stream);
    stream.clone().readable_owned().await?;
    let mut first = [0; 1];
    stream.peek(&mut first).await?;
    let mut answer = String::new();
    BufReader::new(&*stream).read_line(&mut answer).await?;
    server.await?;
    let inner: TcpStream = Arc::into_inner(stream).expect("nobody else has it").into_inner()?;
    assert_eq!((inner.peer_addr()?, answer.as_bytes()[0]), (addr, first[0]));
    Ok(answer)
}

/// A datagram each way between the standard library's UDP sockets.
///
/// # Errors
/// What the system says.
pub async fn over_async_udp() -> io::Result<usize> {
    let (a, b) = (Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?, Async::<UdpSocket>::bind(([127, 0, 0, 1], 0))?);
    let mut buf = [0; 16];
    a.send_to(b"one", b.get_ref().local_addr()?).await?;
    let (peeked, _) = b.peek_from(&mut buf).await?;
    let (len, from) = b.recv_from(&mut buf).await?;
    b.get_ref().connect(from)?;
    a.get_ref().connect(b.get_ref().local_addr()?)?;
    b.send(&buf[..len]).await?;
    Ok(peeked + a.peek(&mut buf).await? + a.recv(&mut buf).await?)
}

/// The standard library's Unix sockets.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub async fn over_async_unix(path: &std::path::Path) -> io::Result<String> {
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

    let listener = Async::<UnixListener>::bind(path)?;
    let connecting = smol::spawn(Async::<UnixStream>::connect(path.to_owned()));
    let (accepted, _) = listener.accept().await?;
    let mut stream = connecting.await?;
    stream.write_all(b"named").await?;
    drop(stream);
    let mut text = String::new();
    (&accepted).read_to_string(&mut text).await?;
    let (mut a, mut b) = Async::<UnixStream>::pair()?;
    a.write_all(b" unnamed").await?;
    a.close().await?;
    drop(a);
    let mut more = String::new();
    b.read_to_string(&mut more).await?;
    text.push_str(&more);
    let (c, d) = Async::<UnixDatagram>::pair()?;
    c.send(b" datagram").await?;
    let mut buf = [0; 16];
    let len = d.recv(&mut buf).await?;
    text.push_str(&String::from_utf8_lossy(&buf[..len]));
    std::fs::remove_file(path)?;
    let bound = Async::<UnixDatagram>::bind(path)?;
    Async::<UnixDatagram>::unbound()?.send_to(b" bound", path).await?;
    let (len, _) = bound.recv_from(&mut buf).await?;
    text.push_str(&String::from_utf8_lossy(&buf[..len]));
    std::fs::remove_file(path)?;
    Ok(text)
}

/// What blocks, as a stream of bytes and of items.
///
/// # Errors
/// None that happens here.
pub async fn unblocked() -> io::Result<String> {
    let mut cursor = Unblock::with_capacity(100, Cursor::new(Vec::new()));
    cursor.write_all(b"to be read").await?;
    cursor.flush().await?;
    cursor.seek(SeekFrom::Start(6)).await?;
    let mut text = String::new();
    cursor.read_to_string(&mut text).await?;
    assert_eq!(cursor.get_mut().await.get_ref().len(), 10);
    assert_eq!(cursor.with_mut(|cursor| cursor.position()).await, 10);
    assert_eq!(cursor.into_inner().await.into_inner(), b"to be read");
    let items: Vec<u32> = Unblock::new(0..3).collect().await;
    Ok(format!("{text} {items:?}"))
}
