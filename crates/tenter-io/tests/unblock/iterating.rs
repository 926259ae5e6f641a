//! Iterators as streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;

use futures_lite::StreamExt;
use tenter_io::Unblock;

use crate::common::{each, is_pending};

#[test]
fn all_items_come_in_their_order() {
    each(|| async {
        // Where there is no room to run ahead each item is a way to the pool and back.
        for (capacity, count) in [(0, 300), (1, 300), (7, 3000), (5000, 3000)] {
            let items: Vec<_> = Unblock::with_capacity(capacity, 0..count).collect().await;
            assert!(items.iter().copied().eq(0..count));
        }
        let strings: Vec<_> = Unblock::new(["a", "b"].iter().map(|text| text.to_string())).collect().await;
        assert_eq!(strings, ["a", "b"]);
    });
}

#[test]
fn an_item_comes_at_once_though_the_next_one_blocks() {
    each(|| async {
        let (sender, receiver) = channel();
        let mut items = Unblock::new(receiver.into_iter());
        for i in 0..10 {
            sender.send(i).unwrap();
            assert_eq!(items.next().await, Some(i));
        }
        // A dropped wait loses nothing.
        assert!(is_pending(&mut Box::pin(items.next())));
        sender.send(10).unwrap();
        assert_eq!(items.next().await, Some(10));
        drop(sender);
        assert_eq!(items.next().await, None);
    });
}

#[test]
fn it_runs_ahead_as_far_as_it_may() {
    each(|| async {
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = taken.clone();
        let mut items = Unblock::with_capacity(
            3,
            (0..100).inspect(move |_| {
                counter.fetch_add(1, SeqCst);
            }),
        );
        assert_eq!(items.next().await, Some(0));
        let next = items.get_mut().await.next().unwrap();
        assert!((1..=4).contains(&next), "{next} comes after at most one taken and three ahead");
        assert_eq!(taken.load(SeqCst), next + 1);
    });
}

#[test]
fn the_end_is_told_once_and_then_asked_for_again() {
    each(|| async {
        let mut ends = 0;
        let iterator = std::iter::from_fn(move || {
            ends += 1;
            (ends % 2 == 0).then_some(ends)
        });
        let mut items = Unblock::new(iterator);
        for expected in [None, Some(2), None, Some(4)] {
            assert_eq!(items.next().await, expected);
        }
    });
}
