//! A producer that takes its time, a consumer that waits, and the engine they ran on.

use std::time::Duration;
use tenter::{Handle, Timer, channel, spawn};

#[tenter::main]
async fn main() {
    let (sender, receiver) = channel::bounded(2);
    let producer = spawn(async move {
        for word in ["hello,", "world"] {
            Timer::after(Duration::from_millis(10)).await;
            sender.send(word).await.expect("the receiver is there");
        }
    });
    while let Ok(word) = receiver.recv().await {
        print!("{word} ");
    }
    producer.await;
    println!("(on {})", Handle::current().reactor_name());
}
