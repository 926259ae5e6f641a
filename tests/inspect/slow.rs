//! Polls that take too long are told of, in debug mode, while they go on.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use tenter::{Builder, Runtime};
use tenter_tests::{MINUTE, within};

/// What was told: the task's name, and whether the poll was over.
type Told = Receiver<(Option<String>, bool)>;

const THRESHOLD: Duration = Duration::from_millis(2);

fn told(builder: Builder) -> (Runtime, Told) {
    let (sender, told) = mpsc::sync_channel(100);
    let builder = builder.debug(true).slow_poll_threshold(THRESHOLD).on_slow_poll(move |poll| {
        assert!(poll.elapsed > THRESHOLD && poll.to_string().contains("slow.rs"), "{poll}");
        sender.send((poll.name.map(str::to_owned), poll.is_over)).unwrap();
        panic!("a hook that panics costs no more than itself");
    });
    (builder.build().unwrap(), told)
}

#[test]
fn a_slow_poll_is_told_of_while_it_goes_on_and_at_its_end() {
    within(MINUTE, || {
        let (runtime, told) = told(Builder::new_multi_thread().worker_threads(2));
        let (sender, heard) = mpsc::channel();
        let task = runtime.task().name("slow").spawn(async move {
            // It ends only once it was told of.
            let told_of = told.recv().unwrap();
            sender.send((told_of, told)).unwrap();
        });
        runtime.block_on(task);
        let (first, told) = heard.recv().unwrap();
        assert_eq!(first, (Some("slow".to_owned()), false));
        assert_eq!(told.recv().unwrap(), (Some("slow".to_owned()), true));
    });
}

#[test]
fn with_one_thread_a_slow_poll_is_told_of_at_its_end() {
    within(MINUTE, || {
        let (runtime, told) = told(Builder::new_current_thread());
        let quick = runtime.spawn(async {});
        let slow = runtime.task().name("slow").spawn(async { thread::sleep(2 * THRESHOLD) });
        runtime.block_on(async {
            quick.await;
            slow.await;
        });
        let told: Vec<_> = told.try_iter().filter(|(name, _)| name.is_some()).collect();
        assert_eq!(told, [(Some("slow".to_owned()), true)]);
    });
}
