//! The client of the echo case: one thread with a runtime of its own, the same whatever runtime serves.

use std::io;
use std::net::SocketAddr;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::measure::{Sample, Stopwatch, thread_cpu_time};

const MESSAGE: [u8; 64] = [b'x'; 64];

/// Sends `requests` messages on each of `connections`, each as soon as the one before has come back.
pub(crate) fn echo(address: SocketAddr, connections: usize, requests: usize) -> Sample {
    let client = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(drive(address, connections, requests))
    });
    client.join().expect("the client doesn't panic").expect("the server answers")
}

async fn drive(address: SocketAddr, connections: usize, requests: usize) -> io::Result<Sample> {
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let streams = exchange(streams, requests.div_ceil(10)).await?;
    let own = thread_cpu_time();
    let watch = Stopwatch::start();
    let streams = exchange(streams, requests).await?;
    let sample = watch.stop_without(connections * requests, thread_cpu_time().saturating_sub(own));
    drop(streams);
    Ok(sample)
}

async fn exchange(streams: Vec<TcpStream>, requests: usize) -> io::Result<Vec<TcpStream>> {
    let mut set = JoinSet::new();
    for mut stream in streams {
        set.spawn(async move {
            let mut buf = [0; MESSAGE.len()];
            for _ in 0..requests {
                stream.write_all(&MESSAGE).await?;
                stream.read_exact(&mut buf).await?;
            }
            io::Result::Ok(stream)
        });
    }
    set.join_all().await.into_iter().collect()
}
