//! Latencies, counted in buckets whose width is a sixty-fourth of what they hold, or less.

use std::time::Duration;

const SUB_BITS: u32 = 6;
const SUB: u64 = 1 << SUB_BITS;

#[derive(Debug)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Histogram { buckets: vec![0; bucket(u64::MAX) + 1], count: 0 }
    }

    pub(super) fn add(&mut self, latency: Duration) {
        let nanos = latency.as_nanos().try_into().unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)] += 1;
        self.count += 1;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The latency that `share` of all (0 to 1) don't exceed, in nanoseconds; 0 if there are none.
    pub(super) fn quantile(&self, share: f64) -> u64 {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (i, &n) in self.buckets.iter().enumerate() {
            seen += n;
            if n > 0 && seen >= rank {
                return most(i);
            }
        }
        0
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < SUB {
        return nanos as usize;
    }
    let shift = nanos.ilog2() - SUB_BITS;
    (u64::from(shift + 1) * SUB + ((nanos >> shift) - SUB)) as usize
}

/// The greatest value in a bucket.
fn most(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB {
        return bucket;
    }
    let shift = bucket / SUB - 1;
    let first = (bucket % SUB + SUB) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_no_wider_than_a_sixty_fourth() {
        for nanos in (0..64).map(|bit| 1_u64 << bit).flat_map(|n| [n - 1, n, n + n / 3, n + (n - 1)]) {
            let most = most(bucket(nanos));
            assert!(most >= nanos && most - nanos <= nanos / 64, "{nanos} is in the bucket up to {most}");
        }
    }

    #[test]
    fn quantiles_are_those_of_the_values() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), 0);
        (1..=100).for_each(|n| histogram.add(Duration::from_nanos(n)));
        assert_eq!(histogram.count(), 100);
        assert_eq!(histogram.quantile(0.5), 50);
        assert_eq!(histogram.quantile(0.99), 99);
        assert_eq!(histogram.quantile(1.0), 100);
    }
}
