//! The types of the contract.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tenter_reactor::{Deadline, Events, Interest, ReactorError, Readiness};

const ERRORS: [(ReactorError, ErrorKind); 8] = [
    (ReactorError::AlreadyWaiting, ErrorKind::ResourceBusy),
    (ReactorError::SourceLimit { limit: None }, ErrorKind::QuotaExceeded),
    (ReactorError::SourceLimit { limit: Some(1024) }, ErrorKind::QuotaExceeded),
    (ReactorError::Unwatchable, ErrorKind::Unsupported),
    (ReactorError::ReservedToken, ErrorKind::InvalidInput),
    (ReactorError::NotRegistered, ErrorKind::NotFound),
    (ReactorError::AlreadyRegistered, ErrorKind::AlreadyExists),
    (ReactorError::NotArmable, ErrorKind::Unsupported),
];

#[test]
fn typed_errors_survive_the_way_through_io_error() {
    for (error, kind) in ERRORS {
        let wrapped = io::Error::from(error);
        assert_eq!(wrapped.kind(), kind);
        assert_eq!(ReactorError::of(&wrapped), Some(error));
        assert!(wrapped.to_string().contains(": "), "{wrapped} does not say what to do");
    }
}

#[test]
fn a_limit_is_named() {
    let error = ReactorError::SourceLimit { limit: Some(1024) };
    assert!(error.to_string().contains("1024"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn far_deadlines_must_not_wrap_around(seconds in any::<u64>(), nanoseconds in 0u32..1_000_000_000) {
        let timeout = Duration::new(seconds.max(60), nanoseconds);
        let deadline = Deadline::after(Some(timeout));
        prop_assert!(!deadline.is_over());
        let remaining = deadline.remaining().unwrap_or(Duration::MAX);
        prop_assert!(remaining > Duration::from_secs(1));
        prop_assert!(remaining <= timeout || remaining == Duration::MAX);
    }

    #[test]
    fn a_deadline_is_never_early(nanoseconds in 0u64..200_000) {
        let timeout = Duration::from_nanos(nanoseconds);
        let start = Instant::now();
        let deadline = Deadline::after(Some(timeout));
        while !deadline.is_over() {
            prop_assert!(deadline.remaining().is_some_and(|remaining| remaining <= timeout));
        }
        prop_assert!(start.elapsed() >= timeout);
        prop_assert_eq!(deadline.remaining(), Some(Duration::ZERO));
    }

    #[test]
    fn readiness_satisfies_an_interest_bit_by_bit(readiness in 0u8..64, one in 0u8..8, two in 0u8..8) {
        let readiness = Readiness::from_bits(readiness);
        let (one, two) = (Interest::from_bits(one), Interest::from_bits(two));
        prop_assert_eq!(readiness.satisfies(one | two), readiness.satisfies(one) || readiness.satisfies(two));
    }
}

#[test]
fn nothing_awaited_is_never_satisfied() {
    assert!(!Readiness::ALL.satisfies(Interest::NONE));
    assert!(!Readiness::NONE.satisfies(Interest::ALL));
}

#[test]
#[should_panic(expected = "at least one event")]
fn an_event_buffer_must_not_be_empty_of_room() {
    let _ = Events::with_capacity(0);
}
