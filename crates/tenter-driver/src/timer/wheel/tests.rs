//! The wheel against a sorted map, and what the map cannot show.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use proptest::prelude::*;

use super::*;
use crate::timer::LAST;

/// Writes its number down when it is woken.
struct Named(usize, Arc<Mutex<Vec<usize>>>);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.lock().unwrap().push(self.0);
    }
}

/// A wheel whose timers have numbers.
struct Numbered {
    wheel: Wheel,
    keys: Vec<(u32, u32)>,
    wakers: Vec<Waker>,
    /// Their deadlines; `None` for those that were past when they were inserted.
    ahead: Vec<Option<Nanos>>,
    woken: Arc<Mutex<Vec<usize>>>,
}

impl Numbered {
    fn new() -> Self {
        Self { wheel: Wheel::new(), keys: Vec::new(), wakers: Vec::new(), ahead: Vec::new(), woken: Arc::default() }
    }

    fn insert(&mut self, deadline: Nanos) -> usize {
        let number = self.keys.len();
        let waker = Waker::from(Arc::new(Named(number, self.woken.clone())));
        self.ahead.push((deadline >= self.wheel.now()).then_some(deadline));
        self.keys.push(self.wheel.insert(deadline, waker.clone()));
        self.wakers.push(waker);
        number
    }

    fn renew(&mut self, number: usize, deadline: Nanos) -> bool {
        let (index, generation) = self.keys[number];
        let ahead = (deadline >= self.wheel.now()).then_some(deadline);
        let renewed = self.wheel.renew(index, generation, deadline, &self.wakers[number]);
        if let Some(key) = renewed {
            (self.keys[number], self.ahead[number]) = (key, ahead);
        }
        renewed.is_some()
    }

    fn remove(&mut self, number: usize) -> bool {
        let (index, generation) = self.keys[number];
        self.wheel.remove(index, generation).is_some()
    }

    /// Also in the middle of a burst, what is before the wheel's time has fired unless it was inserted too late.
    fn check_passed(&self) {
        for (&(index, generation), ahead) in self.keys.iter().zip(&self.ahead) {
            if self.wheel.arena.find(index, generation).is_some() {
                assert!(ahead.is_none_or(|deadline| deadline >= self.wheel.now()), "{ahead:?} at {}", self.wheel.now());
            }
        }
    }

    fn advance(&mut self, now: Nanos) -> Vec<usize> {
        let mut due = Vec::new();
        loop {
            let before = due.len();
            self.wheel.advance(now, &mut due);
            assert!(due.len() - before <= MOST_FIRED);
            self.check_passed();
            // Until the wheel says that nothing more is due; one call at least.
            if self.wheel.next_deadline() > now.max(self.wheel.now) {
                break;
            }
        }
        due.into_iter().for_each(Waker::wake);
        std::mem::take(&mut self.woken.lock().unwrap())
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A timer so much after the present time, or so much before it.
    Insert(Nanos),
    InsertPast(Nanos),
    /// The timer with this number, modulo how many there are.
    Remove(usize),
    /// It gets a deadline so much after the present time.
    Renew(usize, Nanos),
    Advance(Nanos),
    /// Straight to the next deadline.
    AdvanceToNext,
    /// The clock shows an earlier time than before.
    GoBack(Nanos),
}

/// Spans of every magnitude, from nanoseconds to centuries.
fn span() -> impl Strategy<Value = Nanos> {
    (0_u32..64, any::<u64>()).prop_map(|(bits, random)| random & ((1 << bits) - 1))
}

/// Spans that are close together, so that slots are shared.
fn near() -> impl Strategy<Value = Nanos> {
    0_u64..400_000
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => span().prop_map(Step::Insert),
        4 => near().prop_map(Step::Insert),
        1 => span().prop_map(Step::InsertPast),
        3 => any::<usize>().prop_map(Step::Remove),
        2 => (any::<usize>(), span()).prop_map(|(number, span)| Step::Renew(number, span)),
        3 => (any::<usize>(), near()).prop_map(|(number, span)| Step::Renew(number, span)),
        2 => span().prop_map(Step::Advance),
        3 => near().prop_map(Step::Advance),
        3 => Just(Step::AdvanceToNext),
        1 => span().prop_map(Step::GoBack),
    ]
}

/// What the wheel promises after each step.
struct Checked {
    subject: Numbered,
    model: BTreeMap<usize, Nanos>,
    now: Nanos,
    cancelled: bool,
}

impl Checked {
    fn advance(&mut self, now: Nanos) {
        self.now = now.max(self.now);
        let mut fired = self.subject.advance(now);
        fired.sort_unstable();
        let due: Vec<usize> = self.model.iter().filter(|(_, at)| **at <= self.now).map(|(number, _)| *number).collect();
        assert_eq!(fired, due, "at {}", self.now);
        self.model.retain(|_, deadline| *deadline > self.now);
        assert!(self.subject.wheel.next_deadline() > self.now, "or the next sleep would not be one");
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Insert(span) => self.insert(self.now.saturating_add(span).min(LAST)),
            Step::InsertPast(span) => self.insert(self.now.saturating_sub(span)),
            Step::Remove(number) if !self.subject.keys.is_empty() => {
                let number = number % self.subject.keys.len();
                let pending = self.model.remove(&number).is_some();
                assert_eq!(self.subject.remove(number), pending);
                self.cancelled |= pending;
            }
            Step::Renew(number, span) if !self.subject.keys.is_empty() => {
                let number = number % self.subject.keys.len();
                let deadline = self.now.saturating_add(span).min(LAST);
                let pending = self.model.contains_key(&number);
                assert_eq!(self.subject.renew(number, deadline), pending);
                if pending {
                    self.model.insert(number, deadline);
                    self.cancelled = true;
                }
            }
            Step::Remove(_) | Step::Renew(..) => {}
            Step::Advance(span) => self.advance(self.now.saturating_add(span).min(LAST)),
            Step::AdvanceToNext => self.advance(self.subject.wheel.next_deadline().min(LAST)),
            Step::GoBack(span) => self.advance(self.now.saturating_sub(span)),
        }
        let earliest = self.model.values().min().copied().unwrap_or(NEVER);
        let published = self.subject.wheel.next_deadline();
        assert!(published <= earliest);
        assert!(self.cancelled || published == earliest, "exact unless a timer was cancelled");
        assert_eq!(self.subject.wheel.len(), self.model.len());
        assert!(!self.model.is_empty() || published == NEVER);
    }

    fn insert(&mut self, deadline: Nanos) {
        let number = self.subject.insert(deadline);
        self.model.insert(number, deadline);
    }
}

// Too slow under Miri, which has nothing to find in a wheel without `unsafe`.
#[cfg(not(miri))]
proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_fires_what_a_sorted_map_says(steps in prop::collection::vec(step(), 1..120)) {
        let mut checked = Checked { subject: Numbered::new(), model: BTreeMap::new(), now: 0, cancelled: false };
        for step in steps {
            checked.apply(step);
        }
        checked.advance(LAST);
        prop_assert_eq!(checked.subject.wheel.len(), 0);
    }
}

#[test]
fn timers_fire_in_the_order_of_their_ticks() {
    let mut timers = Numbered::new();
    let millisecond = 1_000_000;
    for deadline in [5000, 3, 70, 1, 900, 3, 20] {
        timers.insert(deadline * millisecond);
    }
    assert_eq!(timers.advance(10_000 * millisecond), [3, 1, 5, 6, 2, 4, 0]);
}

#[test]
fn a_timer_inserted_past_its_deadline_fires_next_time() {
    let mut timers = Numbered::new();
    timers.advance(1 << 40);
    let number = timers.insert(5);
    assert_eq!(timers.wheel.next_deadline(), 5);
    assert_eq!(timers.advance(1 << 40), [number]);
    assert_eq!(timers.advance(1 << 41), []);
}

#[test]
fn it_is_exact_within_a_tick() {
    let mut timers = Numbered::new();
    let (early, late) = (timers.insert(65_536 + 10), timers.insert(65_536 + 11));
    assert_eq!(timers.advance(65_536 + 9), []);
    assert_eq!(timers.advance(65_536 + 10), [early]);
    assert_eq!(timers.wheel.next_deadline(), 65_536 + 11);
    assert_eq!(timers.advance(65_536 + 11), [late]);
}

#[test]
fn deadlines_beyond_the_levels_cascade() {
    let mut timers = Numbered::new();
    let day = 24 * 3600 * 1_000_000_000_u64;
    let numbers: Vec<usize> = [53, 400, 36_500, 100_000].map(|days| timers.insert(days * day + 7)).to_vec();
    let gone = timers.insert(60 * day);
    assert!(timers.remove(gone));
    for (number, days) in numbers.into_iter().zip([53, 400, 36_500, 100_000]) {
        assert_eq!(timers.advance(days * day), []);
        assert_eq!(timers.advance(days * day + 6), []);
        assert_eq!(timers.advance(days * day + 7), [number]);
    }
}

#[test]
fn a_key_of_a_former_life_does_nothing() {
    let mut timers = Numbered::new();
    let first = timers.insert(10);
    assert!(timers.remove(first));
    let second = timers.insert(10);
    assert_eq!(timers.keys[first].0, timers.keys[second].0, "the place is used again");
    assert!(!timers.remove(first));
    let (index, generation) = timers.keys[first];
    assert!(timers.wheel.waker_mut(index, generation).is_none());
    assert_eq!(timers.advance(10), [second]);
    assert!(!timers.remove(second));
}

#[test]
fn cancelled_timers_leave_no_memory_behind() {
    let mut wheel = Wheel::new();
    let hour = 3600 * 1_000_000_000;
    let rounds = if cfg!(miri) { 1000 } else { 1_000_000 };
    for round in 0..rounds {
        let (index, generation) = wheel.insert(hour + round, Waker::noop().clone());
        assert!(wheel.remove(index, generation).is_some());
    }
    assert_eq!(wheel.len(), 0);
    assert!(wheel.arena.room() <= 8, "room for {}", wheel.arena.room());
    assert_eq!(wheel.next_deadline(), NEVER);
}

#[test]
fn a_crowd_in_one_list_is_spread_and_fired_in_portions() {
    let mut timers = Numbered::new();
    // All on one list of a high level, in the order of their deadlines backwards; and one that is due much later.
    let start = 1 << 40;
    let crowd: Vec<usize> = (0..2000).map(|i| timers.insert(start + (2000 - i) * 1_000_000)).collect();
    let late = timers.insert(start + (1 << 36));
    let mut due = Vec::new();
    timers.wheel.advance(start + 1_000_000, &mut due);
    assert!(due.is_empty() && timers.wheel.spreading.is_some(), "it is not spread all at once");
    assert_eq!(timers.wheel.next_deadline(), start + 1_000_000);
    // What is inserted and removed meanwhile finds its place.
    let soon = timers.insert(start + 500_000);
    assert!(timers.remove(crowd[5]) && timers.remove(crowd[1990]));
    let mut fired = timers.advance(start + 2_000_000_000);
    assert_eq!(fired[0], soon);
    fired.retain(|number| *number != soon);
    let expected: Vec<usize> =
        crowd.iter().rev().copied().filter(|number| ![crowd[5], crowd[1990]].contains(number)).collect();
    assert_eq!(fired, expected);
    assert_eq!(timers.advance(start + (1 << 36)), [late]);
}

#[test]
fn a_list_that_is_emptied_while_it_is_spread_is_done() {
    let mut timers = Numbered::new();
    let start = 1 << 40;
    let crowd: Vec<usize> = (0..1000).map(|i| timers.insert(start + i)).collect();
    timers.wheel.advance(start, &mut Vec::new());
    let rest = timers.wheel.spreading.expect("it is not spread all at once");
    for number in crowd {
        timers.remove(number);
    }
    assert_eq!((timers.wheel.spreading, timers.wheel.next_deadline()), (None, NEVER));
    let again = timers.insert(start + (1 << 35));
    assert_eq!(timers.advance(start + (1 << 35)), [again], "list {rest} is as others again");
}

#[test]
fn the_memory_of_a_burst_is_given_back_and_its_keys_stay_dead() {
    let mut wheel = Wheel::new();
    let many = if cfg!(miri) { 5000 } else { 100_000 };
    let keys: Vec<(u32, u32)> = (0..many).map(|i| wheel.insert(i, Waker::noop().clone())).collect();
    let mut due = Vec::new();
    wheel.advance(0, &mut due);
    assert!(wheel.surplus().is_none(), "there are timers");
    while wheel.len() > 0 {
        wheel.advance(many, &mut due);
    }
    assert!(wheel.surplus().is_some_and(|surplus| surplus.capacity() >= many as usize));
    assert_eq!((due.len() as u64, wheel.arena.room()), (many, 0));
    let again: Vec<(u32, u32)> = (0..10).map(|i| wheel.insert(many + i, Waker::noop().clone())).collect();
    for (index, generation) in keys {
        assert!(wheel.remove(index, generation).is_none(), "a key of before names a timer of after");
    }
    assert!(wheel.surplus().is_none() && wheel.len() == again.len());
    for (index, generation) in again {
        assert!(wheel.remove(index, generation).is_some());
    }
    assert!(wheel.surplus().is_none(), "so little is kept");
}

#[test]
fn a_late_deadline_by_a_bound_is_a_deadline_by_the_bound() {
    const TICK: Nanos = 1 << 16;
    let mut timers = Numbered::new();
    assert_eq!(timers.wheel.late_deadline_by(NEVER), None);
    let [a, b, c] = [3 * TICK + 10, 3 * TICK + 20, 5 * TICK];
    let numbers = [c, a, b].map(|deadline| timers.insert(deadline));
    timers.insert(500 * TICK);
    let late = |timers: &Numbered, bound| timers.wheel.late_deadline_by(bound);
    assert_eq!(late(&timers, a - 1), None);
    assert_eq!([late(&timers, b), late(&timers, c - 1)], [Some(b), Some(b)]);
    assert_eq!([late(&timers, c), late(&timers, 400 * TICK)], [Some(c), Some(c)]);
    // Of a list that goes on past the bound, only the first one is known.
    assert_eq!(late(&timers, b - 1), Some(a));
    // Lists of higher levels are looked at, too.
    assert_eq!(late(&timers, 500 * TICK), Some(500 * TICK));
    // What has gone from a list for good is forgotten.
    assert!(timers.remove(numbers[0]));
    assert_eq!(late(&timers, 400 * TICK), Some(b));
    assert_eq!(timers.advance(3 * TICK + 10), [numbers[1]]);
    assert!(late(&timers, b).is_some_and(|late| late == b));
}
