//! The system's slack: how much later than asked it ends a thread's sleeps, to end several at once.

use std::time::Duration;

/// The timeout to ask for, so that the sleep ends after `timeout` if the system makes full use of its slack. If it does
/// not, the sleep ends too early by at most the slack; timers do not fire for that, they are compared with the clock.
#[cfg(all(target_os = "linux", not(tenter_loom)))]
pub(crate) fn shortened(timeout: Duration) -> Duration {
    use std::cell::Cell;

    thread_local! {
        /// What the thread's slack was when it first slept; a program that changes it later gets sleeps that are less exact.
        static SLACK: Cell<Option<Duration>> = const { Cell::new(None) };
    }
    let slack = SLACK.get().unwrap_or_else(|| {
        let slack = of_this_thread();
        SLACK.set(Some(slack));
        slack
    });
    // A sleep that is hardly longer than the slack is left as it is: it would not be one.
    if timeout >= 2 * slack { timeout - slack } else { timeout }
}

/// The slack of this thread; zero if the system does not say.
#[cfg(all(target_os = "linux", not(tenter_loom)))]
fn of_this_thread() -> Duration {
    // SAFETY: this request takes no arguments and touches no memory.
    let nanos = unsafe { libc::prctl(libc::PR_GET_TIMERSLACK) };
    Duration::from_nanos(nanos.try_into().unwrap_or(0))
}

/// Other systems do not say.
#[cfg(not(all(target_os = "linux", not(tenter_loom))))]
pub(crate) fn shortened(timeout: Duration) -> Duration {
    timeout
}

#[cfg(all(test, target_os = "linux", not(miri), not(tenter_loom)))]
mod tests {
    use super::*;

    #[test]
    fn long_sleeps_are_shortened_by_the_slack_and_short_ones_are_not() {
        let slack = of_this_thread();
        assert!(!slack.is_zero(), "tests are not real-time threads");
        for long in [2 * slack, Duration::from_secs(3600), Duration::MAX] {
            assert_eq!(shortened(long), long - slack);
        }
        for short in [Duration::ZERO, slack, (2 * slack).saturating_sub(Duration::from_nanos(1))] {
            assert_eq!(shortened(short), short);
        }
    }
}
