//! `smol::net` and `smol::net::unix`.

use std::net::Shutdown;

use smol::io;
use smol::net::{AsyncToSocketAddrs, SocketAddr, TcpListener, TcpStream, UdpSocket, resolve};
use smol::prelude::*;

/// What an echo server answers over TCP.
///
/// # Errors
/// What the system says.
pub async fn over_tcp(addr: impl AsyncToSocketAddrs) -> io::Result<Vec<u8>> {
    let listener = TcpListener::bind(addr).await?;
    listener.set_ttl(listener.ttl()?)?;
    let addr = listener.local_addr()?;
    let server = smol::spawn(async move {
        let (stream, _) = listener.accept().await?;
        io::copy(stream.clone(), stream).await
    });
    let mut stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    assert!(stream.nodelay()? && stream.peer_addr()? == addr && stream.ttl()? > 0);
    stream.write_all(b"echo").await?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.peek(&mut [0; 1]).await?;
    stream.read_to_end(&mut answer).await?;
    server.await?;
    Ok(answer)
}

/// What an echo server answers over UDP.
///
/// # Errors
/// What the system says.
pub async fn over_udp() -> io::Result<Vec<u8>> {
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let addr: SocketAddr = resolve(server.local_addr()?).await?[0];
    let client = UdpSocket::bind(("127.0.0.1", 0)).await?;
    client.set_broadcast(client.broadcast()?)?;
    client.connect(addr).await?;
    client.send(b"echo").await?;
    let mut buf = [0; 16];
    let (len, from) = server.recv_from(&mut buf).await?;
    assert_eq!((from, client.peer_addr()?), (client.local_addr()?, addr));
    server.send_to(&buf[..len], from).await?;
    let len = client.recv(&mut buf).await?;
    Ok(buf[..len].to_vec())
}

/// What an echo server answers over a Unix socket.
///
/// # Errors
/// What the system says.
#[cfg(unix)]
pub async fn over_unix(path: &std::path::Path) -> io::Result<Vec<u8>> {
    use smol::net::unix::{UnixDatagram, UnixListener, UnixStream};

    let listener = UnixListener::bind(path)?;
    let server = smol::spawn(async move {
        let stream = listener.incoming().next().await.expect("it has no end")?;
        io::copy(stream.clone(), stream).await
    });
    let mut stream = UnixStream::connect(path).await?;
    stream.write_all(b"echo").await?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    server.await?;
    std::fs::remove_file(path)?;
    let (a, b) = UnixDatagram::pair()?;
    a.send(b"!").await?;
    let mut buf = [0; 16];
    let len = b.recv(&mut buf).await?;
    answer.extend_from_slice(&buf[..len]);
    Ok(answer)
}
