//! A runtime with sleeping tasks and open sockets that then does nothing, for tracing.
//!
//! `cargo run --release --example idle [SECONDS]`, then `strace -f -p PID`: once it has settled, nothing is to be seen
//! until the seconds (60 unless told) are over.

use std::time::Duration;

use tenter::Timer;
use tenter::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(60);
    tenter::block_on(async move {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        tenter::spawn(async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.push(stream);
            }
        })
        .detach();
        let mut clients = Vec::new();
        for _ in 0..5 {
            clients.push(TcpStream::connect(addr).await?);
        }
        for client in clients {
            tenter::spawn(async move { drop(client.peek(&mut [0]).await) }).detach();
            tenter::spawn(async { Timer::after(Duration::from_secs(86_400)).await }).detach();
        }
        println!(
            "process {} idles on {} for {seconds} s",
            std::process::id(),
            tenter::Handle::current().reactor_report()
        );
        Timer::after(Duration::from_secs(seconds)).await;
        Ok(())
    })
}
