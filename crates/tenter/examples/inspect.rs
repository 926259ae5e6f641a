//! A program to look at from outside, with `tenter ps`, `tenter pstree` and `tenter stat`:
//!
//! ```sh
//! cargo run --release --example inspect &
//! cargo run --release -p tenter-cli -- pstree $!
//! ```
//!
//! `$!` is cargo's number; the program prints its own. It has a listener with a task per connection, a ticker, two tasks that wait for
//! each other, and one that blocks its thread now and then, as no task should. It ends after a time in seconds, its
//! first argument, or 60.

use std::future::pending;
use std::io;
use std::thread;
use std::time::Duration;

use tenter::{Builder, Handle, Task, Timer, channel};

/// Spawns a task with a name, for its caller: it is the caller's line that is to be shown.
#[track_caller]
fn spawn<T: Send + 'static>(name: &str, future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    Handle::current().task().name(name).spawn(future)
}

/// Two tasks, each of which has the other's handle and awaits it.
async fn deadlock() {
    let (to_first, first_gets) = channel::bounded::<Task<()>>(1);
    let (to_second, second_gets) = channel::bounded::<Task<()>>(1);
    let first = spawn("chicken", async move { first_gets.recv().await.expect("an egg comes").await });
    let second = spawn("egg", async move { second_gets.recv().await.expect("a chicken comes").await });
    to_first.send(second).await.expect("the chicken waits");
    to_second.send(first).await.expect("the egg waits");
}

async fn serve() {
    for client in 0..3 {
        spawn(&format!("client {client}"), pending::<()>()).detach();
    }
    pending::<()>().await;
}

async fn tick() {
    loop {
        Timer::after(Duration::from_millis(10)).await;
    }
}

async fn block() {
    loop {
        Timer::after(Duration::from_secs(1)).await;
        // What blocks belongs into `unblock`.
        thread::sleep(Duration::from_millis(300));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(60.0), |text| text.parse())?;
    let runtime = Builder::new_multi_thread().worker_threads(2).debug(true).inspect(true).build()?;
    runtime.block_on(async {
        let server = spawn("server", serve());
        spawn("ticker", tick()).detach();
        spawn("blocks", block()).detach();
        deadlock().await;
        println!("process {}", std::process::id());
        let limit = Timer::after(Duration::try_from_secs_f64(seconds).map_err(io::Error::other)?);
        futures_lite::future::or(server, async { _ = limit.await }).await;
        Ok::<(), io::Error>(())
    })?;
    Ok(())
}
