//! Panics, and pools that take no jobs.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::channel;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt, FutureExt, StreamExt, future};
use tenter_io::Unblock;
use tenter_runtime::{Backend, Builder};

use crate::common::{each, is_pending, watched};
use crate::objects::{Script, Sink, Step, block};

async fn panics<T>(future: impl Future<Output = T>) -> bool {
    AssertUnwindSafe(future).catch_unwind().await.is_err()
}

#[test]
fn a_panic_meets_the_operation_and_the_object_stays() {
    each(|| async {
        let mut input = Unblock::new(Script::new([Step::Panic, Step::Bytes(b"after")]));
        let mut buf = [0; 8];
        assert!(panics(input.read(&mut buf)).await);
        assert_eq!(input.read(&mut buf).await.unwrap(), 5);

        let (sink, _) = Sink::new([Step::Panic]);
        let mut output = Unblock::new(sink);
        output.write_all(b"x").await.unwrap();
        assert!(panics(output.flush()).await);
        output.flush().await.unwrap();

        let mut items = Unblock::new((0..3).inspect(|i| assert!(*i != 1, "one is too many")));
        assert_eq!(items.next().await, Some(0));
        assert!(panics(items.next()).await);
        assert_eq!(items.next().await, Some(2));

        let mut number = Unblock::new(1);
        assert!(panics(number.with_mut(|number| assert_eq!(*number, 2))).await);
        assert_eq!(number.into_inner().await, 1);
    });
}

#[test]
fn a_panic_of_a_dropped_operation_meets_the_next_one() {
    each(|| async {
        let (blocked, release) = block();
        let mut input = Unblock::new(Script::new([blocked, Step::Panic, Step::Bytes(b"after")]));
        let mut buf = [0; 8];
        assert!(is_pending(&mut Box::pin(input.read(&mut buf))));
        release.send(()).unwrap();
        assert!(panics(input.get_mut()).await);
        assert_eq!(input.read(&mut buf).await.unwrap(), 5);
    });
}

#[test]
fn a_runtime_ends_though_a_read_blocks() {
    for &backend in Backend::compiled_in() {
        let release = watched("the end of the runtime", move || {
            let runtime = Builder::new_multi_thread().worker_threads(1).reactor(backend).build().unwrap();
            let (blocked, release) = block();
            let (started, start) = channel();
            let reading = runtime.spawn(async move {
                let mut input = Unblock::new(Script::new([blocked]));
                started.send(()).unwrap();
                input.read(&mut [0]).await
            });
            start.recv().unwrap();
            std::thread::sleep(Duration::from_millis(2));
            drop(runtime);
            // Cancelled; or refused by the pool, if it came to its read only now.
            assert!(!matches!(future::block_on(reading.fallible()), Some(Ok(_))));
            release
        });
        drop(release);
    }
}

#[test]
fn a_job_that_a_shutdown_drops_is_an_error_and_the_object_stays() {
    watched("who waits for a pool that was shut down", || {
        let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();
        let (release, blocked) = channel::<()>();
        let (started, start) = channel();
        let mut first = Unblock::new(1);
        let (sink, record) = Sink::new([]);
        let (mut input, mut output) = (Unblock::new(Script::new([Step::Bytes(b"late")])), Unblock::new(sink));
        let mut another = Unblock::new(Sink::new([]).0);
        let (mut buf, mut number) = ([0; 8], Unblock::new(7));
        runtime.enter(|| {
            let work = move |first: &mut i32| {
                started.send(()).unwrap();
                let _ = blocked.recv();
                *first += 1;
            };
            assert!(is_pending(&mut Box::pin(first.with_mut(work))));
            // From now on the only thread is busy.
            start.recv().unwrap();
            assert!(is_pending(&mut Box::pin(input.read(&mut buf))));
            future::block_on(output.write_all(b"taken, and never written")).unwrap();
            future::block_on(another.write_all(b"taken, too")).unwrap();
            let mut call = Box::pin(number.with_mut(|number| *number += 1));
            assert!(is_pending(&mut call));
        });
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(future::block_on(input.read(&mut buf)).unwrap_err().kind(), io::ErrorKind::Other);
        assert_eq!(future::block_on(output.flush()).unwrap_err().kind(), io::ErrorKind::Other);
        let more = future::block_on(another.write(b"not taken any more"));
        assert_eq!(more.unwrap_err().kind(), io::ErrorKind::Other);
        // Now the pool refuses.
        let refused = handle.enter(|| future::block_on(input.read(&mut buf))).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Other);
        let refused = handle.enter(|| future::block_on(output.write(b"x"))).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Other);
        assert_eq!(future::block_on(input.into_inner()).left(), 1);
        drop(future::block_on(output.into_inner()));
        assert_eq!(record.all(), ["dropped"]);
        assert_eq!(future::block_on(number.into_inner()), 7);
        // In another runtime all goes on.
        drop(release);
        assert_eq!(future::block_on(first.into_inner()), 2);
        let text = Builder::new_current_thread().build().unwrap().block_on(async {
            let mut text = String::new();
            Unblock::new(&b"on"[..]).read_to_string(&mut text).await.map(|_| text)
        });
        assert_eq!(text.unwrap(), "on");
    });
}
