//! Models of the ring, the LIFO slot and the injector: each item is taken exactly once, and whoever takes it sees what it is.
#![cfg(tenter_loom)]

use std::ptr::{self, NonNull};
use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{
    AtomicUsize,
    Ordering::{Relaxed, SeqCst},
    fence,
};
use loom::thread;
use tenter_scheduler::Item;
use tenter_scheduler::injector::Injector;
use tenter_scheduler::lifo::Lifo;
use tenter_scheduler::ring::Ring;

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A number that is its own pointer; taking it twice does no harm by itself.
struct Token(usize);

// SAFETY: the address is the number, from 1 on, and nothing is behind it.
unsafe impl Item for Token {
    fn into_raw(self) -> NonNull<()> {
        NonNull::new(ptr::without_provenance_mut(self.0)).expect("tokens count from 1")
    }

    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // A slot that was never filled is 0, which no cell stands for.
        Self(raw.as_ptr().addr())
    }
}

/// What the tokens stand for: written before the push, read and written by whoever takes.
struct Cells {
    cells: Vec<UnsafeCell<(bool, bool)>>,
    /// Touched, relaxed, by each thread before each operation. Loom reorders threads where they meet, and compares with
    /// the last access alone: a thread that reads and then swaps the same atomic hides from it who read before.
    meeting: AtomicUsize,
}

// SAFETY: loom checks that accesses to the cells do not race.
unsafe impl Sync for Cells {}

impl Cells {
    fn new(count: usize) -> Arc<Self> {
        let cells = (0..=count).map(|_| UnsafeCell::new((false, false))).collect();
        Arc::new(Self { cells, meeting: AtomicUsize::new(0) })
    }

    fn meet(&self) {
        self.meeting.fetch_add(1, Relaxed);
    }

    fn make(&self, id: usize) -> Token {
        self.meet();
        // SAFETY: loom checks that no access races.
        self.cells[id].with_mut(|cell| unsafe { (*cell).0 = true });
        Token(id)
    }

    fn take(&self, token: Token) -> usize {
        assert_ne!(token.0, 0, "a slot was taken that was never filled");
        self.cells[token.0].with_mut(|cell| {
            // SAFETY: loom checks that no access races.
            let cell = unsafe { &mut *cell };
            assert!(cell.0, "taken before it was made");
            assert!(!std::mem::replace(&mut cell.1, true), "taken twice");
        });
        1
    }
}

/// A ring of 2 that is full, so that a push reuses a slot as soon as its item is claimed.
#[test]
fn a_reused_slot_must_not_be_read_by_who_lost_it() {
    check(3, || {
        let (ring, cells) = (Arc::new(Ring::<Token, 2>::new()), Cells::new(4));
        let push = |id| {
            // SAFETY: only this thread pushes.
            let pushed = unsafe { ring.push(cells.make(id)) };
            pushed.map_or_else(|token| cells.take(token), |()| 0)
        };
        assert_eq!(push(1) + push(2), 0);
        let thieves: Vec<_> = (0..2)
            .map(|_| {
                let (ring, cells) = (ring.clone(), cells.clone());
                thread::spawn(move || {
                    cells.meet();
                    ring.pop().map_or(0, |token| cells.take(token))
                })
            })
            .collect();
        let mut taken = push(3) + push(4);
        taken += ring.pop().map_or(0, |token| cells.take(token));
        taken += thieves.into_iter().map(|thief| thief.join().unwrap()).sum::<usize>();
        while let Some(token) = ring.pop() {
            taken += cells.take(token);
        }
        assert_eq!(taken, 4);
    });
}

/// The same with one thief and every interleaving.
#[test]
fn a_reused_slot_must_not_be_read_after_it_was_claimed() {
    for how in 0..3 {
        check(100, move || {
            let (ring, cells) = (Arc::new(Ring::<Token, 2>::new()), Cells::new(3));
            for id in 1..=2 {
                // SAFETY: only this thread pushes.
                assert!(unsafe { ring.push(cells.make(id)) }.is_ok());
            }
            let thief = {
                let (ring, cells) = (ring.clone(), cells.clone());
                thread::spawn(move || {
                    let own = Ring::<Token, 2>::new();
                    cells.meet();
                    let token = match how {
                        0 => ring.pop(),
                        // SAFETY: `own` is this thread's, and empty.
                        1 => unsafe { ring.steal_into(&own) },
                        _ => {
                            let mut taken = 0;
                            ring.take_all(|token| taken += cells.take(token));
                            return taken;
                        }
                    };
                    token.map_or(0, |token| cells.take(token))
                })
            };
            // SAFETY: only this thread pushes.
            let pushed = unsafe { ring.push(cells.make(3)) };
            let mut taken = pushed.map_or_else(|token| cells.take(token), |()| 0);
            taken += thief.join().unwrap();
            while let Some(token) = ring.pop() {
                taken += cells.take(token);
            }
            assert_eq!(taken, 3);
        });
    }
}

/// Two thieves meet the owner at an almost empty ring; the first may take by batch.
#[test]
fn an_emptied_ring_must_not_give_a_slot_that_is_not_filled() {
    for steal in [false, true] {
        check(3, move || {
            let (ring, cells) = (Arc::new(Ring::<Token, 2>::new()), Cells::new(2));
            let thieves: Vec<_> = (0..2)
                .map(|thief| {
                    let (ring, cells) = (ring.clone(), cells.clone());
                    thread::spawn(move || {
                        let own = Ring::<Token, 2>::new();
                        cells.meet();
                        let take = |_| {
                            // SAFETY: `own` is this thread's, and stays empty: half of two is one.
                            let token = if steal && thief == 0 { unsafe { ring.steal_into(&own) } } else { ring.pop() };
                            token.map_or(0, |token| cells.take(token))
                        };
                        (0..2).map(take).sum::<usize>()
                    })
                })
                .collect();
            let mut taken = 0;
            for id in 1..=2 {
                // SAFETY: only this thread pushes.
                assert!(unsafe { ring.push(cells.make(id)) }.is_ok());
            }
            taken += thieves.into_iter().map(|thief| thief.join().unwrap()).sum::<usize>();
            while let Some(token) = ring.pop() {
                taken += cells.take(token);
            }
            assert_eq!(taken, 2);
        });
    }
}

/// A batch is claimed from a full ring, past its wrap-around, while the owner pops and pushes and another pops.
#[test]
fn a_stolen_batch_must_be_the_thiefs_alone() {
    check(2, || {
        let (ring, cells) = (Arc::new(Ring::<Token, 4>::new()), Cells::new(6));
        for _ in 0..3 {
            // SAFETY: only this thread pushes.
            assert!(unsafe { ring.push(Token(1)) }.is_ok());
            assert_eq!(ring.pop().unwrap().0, 1);
        }
        for id in 1..=4 {
            // SAFETY: only this thread pushes.
            assert!(unsafe { ring.push(cells.make(id)) }.is_ok());
        }
        let thief = {
            let (ring, cells) = (ring.clone(), cells.clone());
            thread::spawn(move || {
                let own = Ring::<Token, 4>::new();
                cells.meet();
                // SAFETY: `own` is this thread's, and empty.
                let mut taken = unsafe { ring.steal_into(&own) }.map_or(0, |token| cells.take(token));
                while let Some(token) = own.pop() {
                    taken += cells.take(token);
                }
                taken
            })
        };
        let other = {
            let (ring, cells) = (ring.clone(), cells.clone());
            thread::spawn(move || {
                cells.meet();
                ring.pop().map_or(0, |token| cells.take(token))
            })
        };
        let mut taken = 0;
        for id in 5..=6 {
            // SAFETY: only this thread pushes.
            let pushed = unsafe { ring.push(cells.make(id)) };
            taken += pushed.map_or_else(|token| cells.take(token), |()| 0);
        }
        taken += thief.join().unwrap() + other.join().unwrap();
        while let Some(token) = ring.pop() {
            taken += cells.take(token);
        }
        assert_eq!(taken, 6);
    });
}

/// A third thread pops from the thief's ring what the thief has just moved there.
#[test]
fn what_is_stolen_again_must_be_seen_whole() {
    check(2, || {
        let (ring, own, cells) = (Arc::new(Ring::<Token, 4>::new()), Arc::new(Ring::<Token, 4>::new()), Cells::new(3));
        let thief = {
            let (ring, own, cells) = (ring.clone(), own.clone(), cells.clone());
            thread::spawn(move || {
                cells.meet();
                // SAFETY: only this thread pushes to `own`, which is empty.
                unsafe { ring.steal_into(&own) }.map_or(0, |token| cells.take(token))
            })
        };
        let second = {
            let (own, cells) = (own.clone(), cells.clone());
            thread::spawn(move || {
                cells.meet();
                own.pop().map_or(0, |token| cells.take(token))
            })
        };
        for id in 1..=3 {
            // SAFETY: only this thread pushes.
            assert!(unsafe { ring.push(cells.make(id)) }.is_ok());
        }
        let mut taken = thief.join().unwrap() + second.join().unwrap();
        while let Some(token) = ring.pop().or_else(|| own.pop()) {
            taken += cells.take(token);
        }
        assert_eq!(taken, 3);
    });
}

/// Not two puts and two takers at once: a swap of null for null is then, for loom, unordered with the next put, though
/// no other write can come between a swap and what it read.
#[test]
fn a_lifo_slots_item_must_be_taken_once() {
    for (puts, takers) in [(1, 2), (2, 1)] {
        check(3, move || {
            let (lifo, cells) = (Arc::new(Lifo::<Token>::new()), Cells::new(puts));
            let takers: Vec<_> = (0..takers)
                .map(|_| {
                    let (lifo, cells) = (lifo.clone(), cells.clone());
                    thread::spawn(move || {
                        cells.meet();
                        lifo.take().map_or(0, |token| cells.take(token))
                    })
                })
                .collect();
            let mut taken = 0;
            for id in 1..=puts {
                // SAFETY: only this thread puts.
                taken += unsafe { lifo.put(cells.make(id)) }.map_or(0, |token| cells.take(token));
            }
            taken += takers.into_iter().map(|taker| taker.join().unwrap()).sum::<usize>();
            taken += lifo.take().map_or(0, |token| cells.take(token));
            assert_eq!(taken, puts);
        });
    }
}

/// Takes up to `most`, and checks that what `pusher` has pushed comes in order.
fn take_in_order(injector: &Injector<Token, 2>, cells: &Cells, most: usize, latest: &mut [usize; 2]) -> usize {
    cells.meet();
    let mut tokens = Vec::new();
    let first = injector.take(most, |token| tokens.push(token));
    let mut taken = 0;
    for token in first.into_iter().chain(tokens) {
        let latest = &mut latest[token.0 % 2];
        assert!(*latest < token.0, "{} came after {latest}", token.0);
        *latest = token.0;
        taken += cells.take(token);
    }
    taken
}

/// Blocks of two: two pushers go from block to block, past each other, while a taker takes the blocks back.
#[test]
fn an_injected_item_must_be_taken_once_and_no_block_reclaimed_beneath_a_pusher() {
    for (before, each) in [(1, 1), (2, 1), (3, 1), (1, 2)] {
        check(if each == 1 { 3 } else { 2 }, move || {
            let (injector, cells) = (Arc::new(Injector::<Token, 2>::new()), Cells::new(before + 2 * each));
            (1..=before).for_each(|id| injector.push(cells.make(id)));
            let pushers: Vec<_> = (0..2)
                .map(|pusher| {
                    let (injector, cells) = (injector.clone(), cells.clone());
                    thread::spawn(move || {
                        for i in 0..each {
                            injector.push(cells.make(before + 1 + 2 * i + pusher));
                        }
                    })
                })
                .collect();
            let mut latest = [0; 2];
            let mut taken = take_in_order(&injector, &cells, 2, &mut latest);
            taken += take_in_order(&injector, &cells, 3, &mut latest);
            pushers.into_iter().for_each(|pusher| pusher.join().unwrap());
            taken += take_in_order(&injector, &cells, usize::MAX, &mut latest);
            assert_eq!((taken, injector.len()), (before + 2 * each, 0));
        });
    }
}

/// Two takers, each a batch, beside a pusher; a block that was taken back is used again.
#[test]
fn a_reclaimed_block_must_be_clear_when_it_is_used_again() {
    check(2, || {
        let (injector, cells) = (Arc::new(Injector::<Token, 2>::new()), Cells::new(7));
        (1..=3).for_each(|id| injector.push(cells.make(id)));
        let mut latest = [0; 2];
        assert_eq!(take_in_order(&injector, &cells, 3, &mut latest), 3);
        injector.push(cells.make(4));
        injector.push(cells.make(5));
        let taker = {
            let (injector, cells) = (injector.clone(), cells.clone());
            thread::spawn(move || take_in_order(&injector, &cells, usize::MAX, &mut [0; 2]))
        };
        injector.push(cells.make(6));
        injector.push(cells.make(7));
        let mut taken = 3 + take_in_order(&injector, &cells, 2, &mut [0; 2]);
        taken += taker.join().unwrap();
        taken += take_in_order(&injector, &cells, usize::MAX, &mut latest);
        assert_eq!(taken, 7);
    });
}

/// The scheduler's lemma: of a pusher that then fences and reads the word, and a sleeper that writes the word, fences and looks,
/// one sees the other; an item that is being pushed counts.
#[test]
fn an_injected_item_must_not_be_slept_past() {
    check(4, || {
        let (injector, cells) = (Arc::new(Injector::<Token, 2>::new()), Cells::new(2));
        let word = Arc::new(AtomicUsize::new(0));
        let pusher = {
            let (injector, cells, word) = (injector.clone(), cells.clone(), word.clone());
            thread::spawn(move || {
                injector.push(cells.make(1));
                fence(SeqCst);
                word.load(Relaxed) != 0
            })
        };
        word.store(1, Relaxed);
        fence(SeqCst);
        let seen = !injector.is_empty();
        assert!(pusher.join().unwrap() | seen, "neither saw the other");
        assert_eq!(injector.take(1, |_| {}).map_or(0, |token| cells.take(token)), 1);
    });
}
