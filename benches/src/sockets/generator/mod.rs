//! The load generator: one process for all runtimes, so that the client costs the same for each.
//!
//! It has one thread and an edge-triggered epoll loop. Orders, and the answers to them:
//!
//! | order | answer |
//! |---|---|
//! | `bind CPU` | moves to a CPU, or to `any` |
//! | `connect ADDRESS N echo SIZE`, `connect ADDRESS N http` | once N connections have each had one response |
//! | `run MILLISECONDS` | a [`Report`]: each connection sends its next request as soon as it has a response |
//! | `pace MILLISECONDS PER_SECOND` | a [`Report`]: requests start at that rate, whether the last ones are answered or not |
//! | `churn ADDRESS N IN_FLIGHT` | a [`Report`]: opens N connections and waits for the server to close each |
//! | `close` | closes all connections |

mod churn;
mod connection;
mod connections;
mod exchange;
mod histogram;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use self::connections::Connections;
use self::exchange::Exchange;
use self::histogram::Histogram;
use super::dialog::{obey, word};
use super::system::{self, Cpu};

/// The name of such a child process.
pub(super) const CHILD: &str = "load-generator";

/// How long a response may take before the run has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a load was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// Requests, or connections.
    pub(super) count: u64,
    pub(super) elapsed: Duration,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
}

impl Report {
    fn of(histogram: &Histogram, started: Instant) -> Self {
        let quantile = |share| Duration::from_nanos(histogram.quantile(share));
        let (count, elapsed) = (histogram.count(), started.elapsed());
        Report { count, elapsed, p50: quantile(0.5), p99: quantile(0.99) }
    }
}

/// As the answer to an order.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { count, elapsed, p50, p99 } = self;
        write!(f, "{count} {} {} {}", elapsed.as_nanos(), p50.as_nanos(), p99.as_nanos())
    }
}

impl FromStr for Report {
    type Err = io::Error;

    fn from_str(answer: &str) -> io::Result<Self> {
        let words = &mut answer.split_whitespace();
        let count = word(words, "a count")?;
        let mut duration = || Ok::<_, io::Error>(Duration::from_nanos(word(words, "a duration")?));
        Ok(Report { count, elapsed: duration()?, p50: duration()?, p99: duration()? })
    }
}

/// Is the generator, until standard input ends.
pub(super) fn main() -> ! {
    system::raise_descriptor_limit();
    let mut connections = None;
    obey(Ok("ready".to_owned()), |order| {
        let answer = answer(order, &mut connections);
        if answer.is_err() {
            connections = None;
        }
        answer
    })
}

fn answer(order: &str, connections: &mut Option<Connections>) -> io::Result<String> {
    let words = &mut order.split_whitespace();
    let millis = |words: &mut _| Ok::<_, io::Error>(Duration::from_millis(word(words, "a duration")?));
    let connected = || io::Error::other("there are no connections");
    match words.next().unwrap_or_default() {
        "bind" => {
            Cpu::parse(&word::<String>(words, "a CPU")?)?.bind()?;
            Ok(String::new())
        }
        "connect" => {
            let server: SocketAddr = word(words, "an address")?;
            let n = word(words, "a number of connections")?;
            let exchange = match word::<String>(words, "a protocol")?.as_str() {
                "echo" => Exchange::echo(word(words, "a size")?),
                "http" => Exchange::http(),
                other => return Err(io::Error::other(format!("there is no protocol {other:?}"))),
            };
            *connections = None;
            *connections = Some(Connections::open(server, n, exchange)?);
            Ok(String::new())
        }
        "run" => {
            let connections = connections.as_mut().ok_or_else(connected)?;
            Ok(connections.run(millis(words)?)?.to_string())
        }
        "pace" => {
            let connections = connections.as_mut().ok_or_else(connected)?;
            Ok(connections.pace(millis(words)?, word(words, "a rate")?)?.to_string())
        }
        "churn" => {
            let server: SocketAddr = word(words, "an address")?;
            let (n, in_flight) = (word(words, "a number of connections")?, word(words, "a number in flight")?);
            Ok(churn::run(server, n, in_flight)?.to_string())
        }
        "close" => {
            *connections = None;
            Ok(String::new())
        }
        other => Err(io::Error::other(format!("there is no order {other:?}"))),
    }
}

fn timed_out(what: impl fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{what} not answered within {} s", PATIENCE.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_the_pipe() {
        let nanos = Duration::from_nanos;
        let report = Report { count: 12, elapsed: nanos(3_000_000_001), p50: nanos(7), p99: nanos(u64::MAX) };
        assert_eq!(report.to_string().parse::<Report>().unwrap(), report);
        assert!("12 3".parse::<Report>().is_err());
    }

    #[test]
    fn wrong_orders_are_errors_that_say_what_is_missing() {
        for (order, part) in [
            ("dance", "dance"),
            ("run 10", "no connections"),
            ("connect 127.0.0.1:1", "number of connections"),
            ("connect here 1 http", "an address"),
            ("bind 100000", "no CPU"),
        ] {
            let error = answer(order, &mut None).unwrap_err().to_string();
            assert!(error.contains(part), "{order}: {error}");
        }
    }
}
