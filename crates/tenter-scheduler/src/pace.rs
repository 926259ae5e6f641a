//! How long the polls of one thread take, from few looks at the clock (a look costs as much as half a small poll).

use std::time::{Duration, Instant};

use crate::seat::RING;

/// Polls until the first look after a rest: what came up then may be quite another work.
const FIRST: u32 = 2;

/// The most polls between two looks. A look then costs less than a nanosecond a poll.
const MOST: u32 = 64;

/// Between two looks shall be about so many nanoseconds: well below what makes surplus worth another thread's wake.
const SPAN: u32 = 20_000;

/// While all processors are taken, the mean may at least rise to this at one look, in nanoseconds.
const LEAST_RISE: u32 = 1_000;

/// The driver is looked at, without waiting, about this often while there are tasks to poll, in nanoseconds; and at
/// least every so many polls.
const DRIVE_SPAN: u32 = 100_000;
const DRIVE_MOST: u32 = 244;

/// So many events are taken from the driver at once even if polls are so long that fewer will do until the next look.
const FEW_EVENTS: usize = 8;

/// The factor by which more are taken while a processor is free: it makes the queue worth a third thread's wake as well.
const SPARE: usize = 4;

/// Mean time of a poll, in nanoseconds: rises at once, falls by a quarter of the way at each look. Who is too pessimistic
/// wakes another thread for little; who is too optimistic lets work wait for the watch. While all processors are taken it at
/// most doubles at a look: a poll that seems to last for milliseconds most likely has been interrupted for that long, and where
/// that happens another thread helps least.
#[derive(Debug)]
pub(crate) struct Pace {
    mean: u32,
    /// Polls until the next look.
    left: u32,
    /// Polls since the last look.
    counted: u32,
    /// The last look; `None` after a rest whose end nobody timed.
    since: Option<Instant>,
}

impl Pace {
    /// Knows nothing yet, and takes every poll for one of `mean` nanoseconds.
    pub(crate) fn new(mean: u32) -> Self {
        Self { mean, left: FIRST, counted: 0, since: None }
    }

    /// The mean time of a poll, in nanoseconds.
    #[inline]
    pub(crate) fn mean(&self) -> u32 {
        self.mean
    }

    /// Counts a poll; `true` if it is time to [look](Self::look).
    #[inline]
    pub(crate) fn count(&mut self) -> bool {
        self.counted += 1;
        self.left -= 1;
        self.left == 0
    }

    /// The end of a time without polls.
    pub(crate) fn begin(&mut self, now: Option<Instant>) {
        (self.left, self.counted, self.since) = (self.left.min(FIRST), 0, now);
    }

    /// So much time since the last look was not spent in polls: the next look leaves it out.
    pub(crate) fn skip(&mut self, time: Duration) {
        self.since = self.since.map(|since| since + time);
    }

    /// How many polls there are between two looks at the driver.
    pub(crate) fn polls_until_turn(&self) -> u32 {
        (DRIVE_SPAN / self.mean.max(1)).clamp(1, DRIVE_MOST)
    }

    /// How many events to take from the driver, beside so many tasks in the ring: as many as are polled until the next look at it,
    /// less what is queued. The others stay there in their order, where any thread finds them, should this one be interrupted.
    /// While much is queued, half as many, so that the queue gets shorter; but what has no room in the ring would run after what
    /// comes later.
    ///
    /// Unless all processors are taken (`busy`), four times as many: a thread that has so much to do wakes another one for it.
    pub(crate) fn room(&self, queued: usize, busy: bool) -> usize {
        let until_turn = self.polls_until_turn() as usize;
        let spare = if busy { 1 } else { SPARE };
        let soon = (until_turn * spare).clamp(FEW_EVENTS, RING);
        soon.saturating_sub(queued).max((until_turn / 2).clamp(1, RING / 8))
    }

    /// Takes the polls since the last look into the mean. `busy`: all processors are taken.
    pub(crate) fn look(&mut self, now: Instant, busy: bool) {
        if let Some(since) = self.since {
            let nanos = now.saturating_duration_since(since).as_nanos() / u128::from(self.counted.max(1));
            let mut nanos = u32::try_from(nanos).unwrap_or(u32::MAX);
            if busy {
                nanos = nanos.min(self.mean.saturating_mul(2).max(LEAST_RISE));
            }
            self.mean = if nanos >= self.mean { nanos } else { self.mean - (self.mean - nanos).div_ceil(4) };
        }
        (self.since, self.counted) = (Some(now), 0);
        self.left = (SPAN / self.mean.max(1)).clamp(1, MOST);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_mean_rises_at_once_and_falls_slowly() {
        let start = Instant::now();
        let mut pace = Pace::new(50_000);
        pace.begin(Some(start));
        assert!(!pace.count());
        assert!(pace.count());
        pace.look(start + Duration::from_nanos(200), false);
        assert_eq!(pace.mean(), 50_000 - (50_000 - 100) / 4);
        for _ in 0..64 {
            (pace.left, pace.counted, pace.since) = (0, 1, Some(start));
            pace.look(start + Duration::from_nanos(100), false);
        }
        assert_eq!((pace.mean(), pace.left), (100, MOST));
        (pace.left, pace.counted, pace.since) = (0, 2, Some(start));
        pace.look(start + Duration::from_millis(2), false);
        assert_eq!((pace.mean(), pace.left), (1_000_000, 1));
    }

    #[test]
    fn an_interruption_on_a_busy_machine_is_not_taken_for_long_polls() {
        let start = Instant::now();
        let mut pace = Pace::new(5_000);
        for mean in [10_000, 20_000] {
            (pace.left, pace.counted, pace.since) = (0, 1, Some(start));
            pace.look(start + Duration::from_millis(3), true);
            assert_eq!(pace.mean(), mean);
        }
        let mut pace = Pace::new(0);
        (pace.left, pace.counted, pace.since) = (0, 1, Some(start));
        pace.look(start + Duration::from_millis(3), true);
        assert_eq!(pace.mean(), LEAST_RISE);
    }

    #[test]
    fn a_turn_of_the_driver_is_not_taken_for_polls() {
        let start = Instant::now();
        let mut pace = Pace::new(1_000);
        pace.begin(Some(start));
        pace.count();
        pace.skip(Duration::from_millis(5));
        pace.count();
        pace.look(start + Duration::from_micros(5_002), false);
        assert_eq!(pace.mean(), 1_000);
        pace.begin(None);
        pace.skip(Duration::from_millis(5));
    }

    #[test]
    fn no_more_events_are_taken_than_are_polled_until_the_next_turn() {
        let room = |mean, queued, busy| Pace::new(mean).room(queued, busy);
        // 20 polls of 5 µs; four times as many while a processor is free.
        assert_eq!([room(5_000, 0, true), room(5_000, 0, false)], [20, 80]);
        // Less what is queued, but half as many as are polled.
        assert_eq!([room(5_000, 7, true), room(5_000, 15, true), room(5_000, 200, true)], [13, 10, 10]);
        // Short polls: as many as the ring holds, and with much in it an eighth of that.
        assert_eq!(
            [room(50, 0, true), room(50, 0, false), room(50, RING, false)],
            [DRIVE_MOST as usize, RING, RING / 8]
        );
        // Long ones: a few, and beside a queue one at a time.
        assert_eq!([room(1_000_000, 0, true), room(1_000_000, 0, false)], [FEW_EVENTS, FEW_EVENTS]);
        assert_eq!(room(1_000_000, FEW_EVENTS, false), 1);
    }

    #[test]
    fn a_rest_that_nobody_timed_is_not_taken_for_polls() {
        let mut pace = Pace::new(7);
        pace.begin(None);
        pace.count();
        pace.look(Instant::now() + Duration::from_secs(9), false);
        assert_eq!(pace.mean(), 7);
    }
}
