//! An echo server in a process of its own, and a thread for each of its connections here.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout};
use std::thread;
use std::time::{Duration, Instant};

use tenter::io::{AsyncReadExt, AsyncWriteExt};
use tenter::{Backend, Builder, net};

use crate::cpu_time::cpu_time;
use crate::{Extent, child};

/// The name of the child process that is the server. It prints its address, and then for each line that it reads the CPU
/// time that it has used, in nanoseconds.
pub(crate) const CHILD: &str = "echo";

/// Connections of the server.
pub(crate) const CONNECTIONS: usize = 50;

/// How long the load lasts, and before that its warming up.
const LOAD: Duration = Duration::from_millis(700);
const WARMING_UP: Duration = Duration::from_millis(150);

/// An answer that takes longer will not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one run gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echo {
    pub(crate) per_second: f64,
    /// CPU time of the server's process per request, in microseconds.
    pub(crate) cpu_micros: f64,
}

/// Is the server, until standard input ends.
pub(crate) fn serve(backend: Backend) -> io::Result<()> {
    let builder = Builder::new_multi_thread().worker_threads(2).reactor(backend);
    let runtime = builder.build().map_err(io::Error::other)?;
    let listener = runtime.block_on(net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    println!("{}", listener.local_addr()?);
    let accepting = runtime.spawn(accept(listener));
    for line in io::stdin().lines() {
        line?;
        println!("{}", cpu_time()?.as_nanos());
    }
    drop(accepting);
    Ok(())
}

async fn accept(listener: net::TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tenter::spawn(answer(stream)).detach();
    }
}

async fn answer(mut stream: net::TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buf = vec![0; 1024];
    loop {
        let n = stream.read(&mut buf).await?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buf[..n]).await?;
    }
}

/// The server, seen from here. Dropping it ends it.
struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    fn start(backend: Backend, extent: Extent) -> io::Result<Self> {
        let mut process = child(CHILD, backend, extent)?.spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (input, output) = pipes.ok_or_else(|| io::Error::other("a child without pipes"))?;
        let mut output = BufReader::new(output);
        let address = line(&mut output)?.parse().map_err(io::Error::other)?;
        Ok(Self { process, input, output, address })
    }

    fn cpu_time(&mut self) -> io::Result<Duration> {
        writeln!(self.input)?;
        let nanos = line(&mut self.output)?.parse().map_err(io::Error::other)?;
        Ok(Duration::from_nanos(nanos))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

fn line(output: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// One run.
pub(crate) fn measure(backend: Backend, extent: Extent) -> io::Result<Echo> {
    let mut server = Server::start(backend, extent)?;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let connection = TcpStream::connect(server.address)?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connections.push(connection);
    }
    load(&mut connections, WARMING_UP)?;
    let (started, before) = (Instant::now(), server.cpu_time()?);
    let requests = load(&mut connections, LOAD)? as f64;
    let (elapsed, cpu) = (started.elapsed(), server.cpu_time()?.saturating_sub(before));
    Ok(Echo { per_second: requests / elapsed.as_secs_f64(), cpu_micros: cpu.as_secs_f64() * 1e6 / requests })
}

/// Requests without a pause on all connections; returns how many.
fn load(connections: &mut [TcpStream], duration: Duration) -> io::Result<usize> {
    let end = Instant::now() + duration;
    thread::scope(|scope| {
        let threads: Vec<_> =
            connections.iter_mut().map(|connection| scope.spawn(move || requests(connection, end))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client does not panic")).sum()
    })
}

/// At least one.
fn requests(connection: &mut TcpStream, end: Instant) -> io::Result<usize> {
    let (sent, mut received) = ([7; 64], [0; 64]);
    for count in 1.. {
        connection.write_all(&sent)?;
        connection.read_exact(&mut received)?;
        if received != sent {
            return Err(io::Error::other("what came back is not what was sent"));
        }
        if Instant::now() >= end {
            return Ok(count);
        }
    }
    unreachable!("the end comes sooner")
}
