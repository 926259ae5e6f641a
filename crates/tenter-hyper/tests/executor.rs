//! hyper's background tasks on a tenter runtime.

use std::sync::mpsc;
use std::thread;

use hyper::rt::Executor as _;
use tenter_hyper::Executor;
use tenter_runtime::Builder;

#[test]
fn a_task_runs_on_the_runtime_it_was_given_and_to_its_end() {
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("the-runtime").build().unwrap();
    let executor = Executor::new(runtime.handle().clone());
    let (tell, told) = mpsc::channel();
    executor.execute(async move {
        // More than one poll: a task that was dropped with its handle would not come this far.
        futures_lite::future::yield_now().await;
        tell.send(thread::current().name().map(str::to_owned)).unwrap();
    });
    let name = told.recv().expect("the task is not cancelled").expect("workers have names");
    assert!(name.starts_with("the-runtime"), "{name}");
}

#[test]
fn the_current_runtime_is_the_one_that_the_caller_is_in() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let here = thread::current().id();
    let there = runtime.block_on(async {
        let (tell, told) = mpsc::channel();
        Executor::current().execute(async move { tell.send(thread::current().id()).unwrap() });
        loop {
            match told.try_recv() {
                Ok(id) => return id,
                Err(mpsc::TryRecvError::Empty) => futures_lite::future::yield_now().await,
                Err(mpsc::TryRecvError::Disconnected) => panic!("the task was cancelled"),
            }
        }
    });
    assert_eq!(there, here, "a current-thread runtime has no other thread");
}
