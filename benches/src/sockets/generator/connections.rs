//! Many connections to one server, and the two ways to load them.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::super::poller::Poller;
use super::connection::Connection;
use super::exchange::Exchange;
use super::histogram::Histogram;
use super::{PATIENCE, Report, timed_out};

/// Connections that are opened before any of them has to have had a response. Fewer than a listener's usual backlog, so
/// that no connection is refused or has to be tried again after a second.
const OPENED_AT_ONCE: usize = 64;

/// How often a paced load sends. The requests of one tick are sent together.
const TICK: Duration = Duration::from_millis(1);

pub(super) struct Connections {
    poller: Poller,
    list: Vec<Connection>,
    exchange: Exchange,
    scratch: Vec<u8>,
}

impl Connections {
    /// Opens `n` connections. Each has had one response when this returns, so the server has a task for each.
    pub(super) fn open(server: SocketAddr, n: usize, exchange: Exchange) -> io::Result<Self> {
        let scratch = vec![0; 64 * 1024];
        let mut this = Connections { poller: Poller::new()?, list: Vec::with_capacity(n), exchange, scratch };
        while this.list.len() < n {
            let first = this.list.len();
            for key in first..n.min(first + OPENED_AT_ONCE) {
                let mut connection = Connection::open(server)?;
                if this.exchange.expected == 0 {
                    connection.learn(&mut this.exchange)?;
                }
                this.poller.add(&connection.socket, key)?;
                connection.start(&this.exchange, Instant::now())?;
                this.list.push(connection);
            }
            let outstanding = this.list.len() - first;
            this.until_answered(outstanding, |_, _, _| Ok(false))?;
        }
        Ok(this)
    }

    /// Each connection sends a request as soon as it has the response to the last one.
    pub(super) fn run(&mut self, duration: Duration) -> io::Result<Report> {
        let mut histogram = Histogram::new();
        let started = Instant::now();
        for connection in &mut self.list {
            connection.start(&self.exchange, Instant::now())?;
        }
        self.until_answered(self.list.len(), |connection, exchange, now| {
            histogram.add(now - connection.sent_at);
            let again = now - started < duration;
            if again {
                connection.start(exchange, now)?;
            }
            Ok(again)
        })?;
        Ok(Report::of(&histogram, started))
    }

    /// Handles events until `outstanding` responses have come. `answered` says whether it sent another request.
    fn until_answered(
        &mut self,
        mut outstanding: usize,
        mut answered: impl FnMut(&mut Connection, &Exchange, Instant) -> io::Result<bool>,
    ) -> io::Result<()> {
        let mut last = Instant::now();
        while outstanding > 0 {
            let events = self.poller.wait(Some(Duration::from_millis(100)))?;
            for i in 0..events {
                let connection = &mut self.list[self.poller.key(i)];
                if connection.ready(&self.exchange, &mut self.scratch)? {
                    last = Instant::now();
                    if !answered(connection, &self.exchange, last)? {
                        outstanding -= 1;
                    }
                }
            }
            if events == 0 && last.elapsed() > PATIENCE {
                return Err(timed_out(format!("{outstanding} requests")));
            }
        }
        Ok(())
    }

    /// Starts `per_second` requests a second, on each connection in turn, however long responses take. A request whose
    /// connection is still busy waits for it, and its latency starts when it should have been sent.
    pub(super) fn pace(&mut self, duration: Duration, per_second: u32) -> io::Result<Report> {
        let mut histogram = Histogram::new();
        let mut waiting: Vec<VecDeque<Instant>> = vec![VecDeque::new(); self.list.len()];
        let total = (duration.as_secs_f64() * f64::from(per_second)) as usize;
        let (started, mut sent, mut answered, mut last) = (Instant::now(), 0, 0, Instant::now());
        while answered < total {
            let now = Instant::now();
            let due = ((now - started).as_secs_f64() * f64::from(per_second)) as usize;
            while sent < total.min(due) {
                let key = sent % self.list.len();
                let connection = &mut self.list[key];
                if connection.is_idle() {
                    connection.start(&self.exchange, Instant::now())?;
                } else {
                    waiting[key].push_back(now);
                }
                sent += 1;
            }
            let next = TICK.saturating_sub(now.elapsed());
            for i in 0..self.poller.wait(Some(if sent < total { next } else { TICK }))? {
                let key = self.poller.key(i);
                let connection = &mut self.list[key];
                if connection.ready(&self.exchange, &mut self.scratch)? {
                    last = Instant::now();
                    histogram.add(last - connection.sent_at);
                    answered += 1;
                    if let Some(since) = waiting[key].pop_front() {
                        connection.start(&self.exchange, since)?;
                    }
                }
            }
            if last.elapsed() > PATIENCE {
                return Err(timed_out(format!("{} requests", total - answered)));
            }
        }
        Ok(Report::of(&histogram, started))
    }
}
