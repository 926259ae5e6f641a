//! Bugs that other reactors had, by what must not happen.
#![cfg(any(unix, windows))]

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tenter_reactor::conformance::{self, Outcome};
use tenter_reactor::{Events, Reactor, ReactorConfig, Trigger};
use tenter_reactor_polling::PollingReactor;

type Make = fn() -> io::Result<Arc<dyn Reactor>>;

/// As polling is at its best here, and one-shot.
const BOTH: [Make; 2] =
    [|| tenter_reactor_polling::new(&ReactorConfig::default()), || Ok(Arc::new(PollingReactor::one_shot()?))];

/// Tries one promise of the suite.
#[track_caller]
fn keeps(case: &str) {
    let case = conformance::case(case).expect("a case of that name");
    for make in BOTH {
        let outcome = case.run(make).outcome;
        // What the system cannot be asked to do (no signals on Windows, a number that is not given out again).
        assert!(matches!(outcome, Outcome::Passed | Outcome::Skipped(_)), "{outcome:?}");
    }
}

#[test]
fn closed_source_must_not_be_polled() {
    keeps("a_deregistered_token_is_silent_while_its_file_lives");
    keeps("deregister_lets_go_of_the_file");
}

#[test]
fn stale_event_must_not_reach_reused_fd() {
    keeps("a_stale_event_does_not_reach_a_reused_number");
    keeps("a_number_reused_during_a_wait_hears_nothing_stale");
}

#[test]
fn signals_must_not_end_or_shorten_a_wait() {
    keeps("signals_neither_end_nor_shorten_a_wait");
}

#[test]
fn far_timeouts_must_not_wrap_around() {
    keeps("far_timeouts_do_not_wrap_around");
}

#[test]
fn what_nobody_awaits_must_not_spin() {
    keeps("an_idle_wait_uses_no_processor");
    keeps("an_unarmed_reset_uses_no_processor");
    keeps("what_is_not_armed_is_silent");
}

#[test]
fn it_is_as_edge_as_polling() {
    let edge = polling::Poller::new().unwrap().supports_edge();
    assert_eq!(PollingReactor::new().unwrap().capabilities().trigger == Trigger::Edge, edge);
    assert_eq!(PollingReactor::one_shot().unwrap().capabilities().trigger, Trigger::OneShot);
}

#[test]
fn the_factory_makes_reactors_that_are_strangers() {
    let factory = tenter_reactor_polling::factory();
    let (one, two) = (factory(&ReactorConfig::default()).unwrap(), factory(&ReactorConfig::default()).unwrap());
    assert_eq!(one.name(), tenter_reactor_polling::NAME);
    one.wake().unwrap();
    let start = Instant::now();
    two.wait(&mut Events::with_capacity(1), Some(Duration::from_millis(10))).unwrap();
    assert!(start.elapsed() >= Duration::from_millis(10), "one reactor's wake ended another's wait");
}
