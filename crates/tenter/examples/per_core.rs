//! An echo server with one runtime and one listener per core, and clients that see which core answers.
//!
//! `cargo run --release --example per_core [CONNECTIONS]` prints how many connections each core served. All listeners
//! have one address; the kernel deals the connections out among them.

use std::io;
use std::net::{self, SocketAddr};
use std::thread;

use tenter::channel::{self, Receiver};
use tenter::net::{ListenOptions, TcpListener, TcpStream};
use tenter::prelude::*;
use tenter::{Builder, future, spawn};

/// A listener for each core; they share an address, of which the kernel chooses the port.
async fn listen(cores: usize) -> io::Result<(SocketAddr, Vec<net::TcpListener>)> {
    let options = ListenOptions::new().reuse_port(true);
    let mut addr: SocketAddr = ([127, 0, 0, 1], 0).into();
    let mut listeners = Vec::new();
    for _ in 0..cores {
        let listener = TcpListener::bind_with(addr, &options).await?;
        addr = listener.local_addr()?;
        // Free of this runtime, so that a core can take it to its own.
        listeners.push(listener.try_into()?);
    }
    Ok((addr, listeners))
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (stream.clone(), stream);
    tenter::io::copy(&mut from, &mut to).await?;
    to.close().await
}

/// The program of one core: serves until it is told to stop; gives how many connections there were.
async fn serve(listener: &net::TcpListener, stop: &Receiver<()>) -> io::Result<usize> {
    let listener = TcpListener::try_from(listener.try_clone()?)?;
    let mut served = 0;
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await?;
            served += 1;
            // The task stays on this core.
            spawn(echo(stream)).detach();
        }
    };
    let stopped = async {
        // Nothing is ever sent: it ends when the sender is gone.
        let _ = stop.recv().await;
        io::Result::Ok(())
    };
    future::or(accept, stopped).await?;
    Ok(served)
}

/// Makes connections one after the other; each sends a line and reads it back.
async fn visit(addr: SocketAddr, connections: usize) -> io::Result<()> {
    for number in 0..connections {
        let mut stream = TcpStream::connect(addr).await?;
        let line = format!("hello {number}\n");
        stream.write_all(line.as_bytes()).await?;
        stream.close().await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        assert_eq!(answer, line, "an echo");
    }
    Ok(())
}

/// Serves and visits; gives how many connections each core had.
fn run(connections: usize) -> io::Result<Vec<usize>> {
    let per_core = Builder::new_current_thread().thread_name("echo").per_core()?;
    let (addr, listeners) = tenter::block_on(listen(per_core.cores().len()))?;
    let (stop, stopped) = channel::bounded(1);
    thread::scope(|scope| {
        let clients = scope.spawn(move || {
            let visited = tenter::block_on(visit(addr, connections));
            drop(stop);
            visited
        });
        let served = per_core.run(|core| serve(&listeners[core.index()], &stopped))?.into_iter().collect();
        clients.join().expect("every answer is an echo")?;
        served
    })
}

fn main() -> io::Result<()> {
    let connections = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(64);
    for (core, served) in run(connections)?.into_iter().enumerate() {
        println!("core {core}: {served} connections");
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn the_cores_share_the_connections() {
    let served = run(64).unwrap();
    assert_eq!(served.iter().sum::<usize>(), 64);
    let busy = served.iter().filter(|&&served| served > 0).count();
    assert!(busy >= served.len().min(2), "{served:?}");
}
