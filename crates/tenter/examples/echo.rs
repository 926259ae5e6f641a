//! A server that gives each line back, and a client of it.
//!
//! `cargo run --example echo` serves on a free port, makes a visit to itself and ends; `cargo run --example echo ADDRESS` serves there,
//! say on 127.0.0.1:7007, until it is killed. A line may have 1024 bytes, and a client may say nothing for a minute.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tenter::io::{StreamReader, StreamWriter};
use tenter::net::{Closing, Server, TcpListener, TcpStream, open_connection};
use tenter::prelude::*;
use tenter::time::timeout;

const LONGEST: usize = 1024;
const IDLE: Duration = Duration::from_secs(60);

/// Gives line after line back, until the client ends, or the server is closed.
async fn echo(stream: TcpStream, closing: Closing) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut reader = StreamReader::with_limit(LONGEST, reader);
    let writer = StreamWriter::new(writer);
    loop {
        let closed = async {
            closing.asked().await;
            Ok(None)
        };
        // A line that is not whole yet when this is dropped is still in the reader.
        let line = match timeout(IDLE, reader.next_line().or(closed)).await {
            Ok(line) => line?,
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        };
        let Some(line) = line else { return Ok(()) };
        writer.write(line.as_bytes())?;
        writer.write(b"\n")?;
        // A client that does not read its echoes is not read from either.
        writer.drain().await?;
    }
}

async fn serve(addr: SocketAddr) -> io::Result<Server<TcpListener>> {
    let server = Server::bind(addr).await?.max_connections(1000);
    let closing = server.closing();
    Ok(server.serve(move |stream, peer| {
        let closing = closing.clone();
        async move {
            if let Err(error) = echo(stream, closing).await {
                eprintln!("{peer}: {error}");
            }
        }
    }))
}

/// Sends lines, then reads them back.
async fn visit(addr: SocketAddr, lines: &[&str]) -> io::Result<Vec<String>> {
    let (mut reader, writer) = open_connection(addr).await?;
    for line in lines {
        writer.write(line.as_bytes())?;
        writer.write(b"\n")?;
    }
    writer.finish();
    let mut echoes = Vec::new();
    while let Some(line) = reader.next_line().await? {
        echoes.push(line.to_owned());
    }
    Ok(echoes)
}

#[tenter::main]
async fn main() -> io::Result<()> {
    if let Some(addr) = std::env::args().nth(1) {
        let addr = addr.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let server = serve(addr).await?;
        println!("serving on {}", server.local_addr());
        server.serve_forever().await;
        return Ok(());
    }
    let server = serve(([127, 0, 0, 1], 0).into()).await?;
    for line in visit(server.local_addr(), &["hello", "world"]).await? {
        println!("{line}");
    }
    let cut_off = server.shutdown(Duration::from_secs(1)).await;
    println!("{} clients cut off", cut_off.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_no_one_is_cut_off() {
        tenter::block_on(async {
            let server = serve(([127, 0, 0, 1], 0).into()).await.unwrap();
            let addr = server.local_addr();
            let mut idle = TcpStream::connect(addr).await.unwrap();
            assert_eq!(visit(addr, &["one", "", "three"]).await.unwrap(), ["one", "", "three"]);
            assert_eq!(server.shutdown(Duration::from_secs(100)).await, []);
            assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
        });
    }

    #[test]
    fn a_line_that_is_too_long_ends_its_connection_alone() {
        tenter::block_on(async {
            let server = serve(([127, 0, 0, 1], 0).into()).await.unwrap();
            let addr = server.local_addr();
            let long = "x".repeat(LONGEST + 1);
            // Closed with bytes that it has not read, the connection may be reset, what it has sent lost.
            if let Ok(echoes) = visit(addr, &["short", &long]).await {
                assert_eq!(echoes, ["short"]);
            }
            assert_eq!(visit(addr, &["next"]).await.unwrap(), ["next"]);
        });
    }
}
