//! A runtime on a reactor of choice, and what it says about it.

use tenter::{Backend, Builder};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Builder::new_multi_thread().worker_threads(2).reactor(Backend::Poll).build()?;
    println!("{}", runtime.reactor_report()); // poll (as the program asked)
    let answer = runtime.block_on(runtime.spawn(async { 42 }));
    println!("{answer}, and these work here: {:?}", Backend::working());
    Ok(())
}
