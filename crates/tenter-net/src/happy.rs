//! Happy eyeballs: several addresses of a name at a time, staggered; the first connection wins. RFC 8305.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tenter_io::{Async, Timer};

use crate::attempts::Attempts;
use crate::{AsyncToSocketAddrs, TcpStream, resolve};

/// Between one attempt and the next, unless something else is said: what RFC 8305, section 5, recommends.
const DELAY: Duration = Duration::from_millis(250);

/// Connects to whichever of a name's addresses answers first: an address that swallows packets holds nobody up for longer than
/// 250 ms. asyncio's `happy_eyeballs_delay`.
///
/// The addresses take turns by family, beginning with the family of the first that the system names, as RFC 8305 has it; within a
/// family the system's order stays. One attempt begins after the other, 250 ms apart or as soon as one fails, and goes on
/// beside them. The first that connects wins; the others are given up.
///
/// ```
/// use tenter_net::{TcpListener, connect_happy};
///
/// tenter_runtime::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let there = listener.local_addr()?;
///     let nobody = TcpListener::bind("127.0.0.1:0").await?.local_addr()?; // closed by now
///     let stream = connect_happy(&[nobody, there][..]).await?;
///     assert_eq!(stream.peer_addr()?, there);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// As [`TcpStream::connect`], when all have failed.
///
/// # Cancel safety
/// All attempts are given up and their sockets closed.
pub async fn connect_happy<A: AsyncToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
    connect_happy_after(addr, DELAY).await
}

/// As [`connect_happy`], with another delay between attempts. RFC 8305 wants it between 10 ms (or the network is flooded) and 2 s.
///
/// # Errors
/// As `connect_happy`.
///
/// # Cancel safety
/// As `connect_happy`.
pub async fn connect_happy_after<A: AsyncToSocketAddrs>(addr: A, delay: Duration) -> io::Result<TcpStream> {
    let addrs = by_turns(resolve(addr).await?);
    let connect = |addr| Async::<std::net::TcpStream>::connect(addr);
    let stream = first(addrs, connect, || Timer::after(delay)).await;
    stream.map(TcpStream::from).map_err(|attempts| attempts.into_error("no address could be connected to"))
}

/// The families take turns, the first address's first; each keeps its order.
fn by_turns(addrs: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let begins_with_v6 = addrs.first().is_some_and(SocketAddr::is_ipv6);
    let (mut these, mut those): (Vec<_>, Vec<_>) = addrs.into_iter().partition(|addr| addr.is_ipv6() == begins_with_v6);
    // From the end: taken off the reversed lists.
    these.reverse();
    those.reverse();
    let mut turns = Vec::with_capacity(these.len() + those.len());
    while !these.is_empty() || !those.is_empty() {
        turns.extend(these.pop());
        turns.extend(those.pop());
    }
    turns
}

/// The outcome of the first attempt that succeeds, of attempts that begin one by one: after a pause, or when one has failed.
async fn first<T, C, P>(
    addrs: Vec<SocketAddr>,
    mut connect: impl FnMut(SocketAddr) -> C,
    mut pause: impl FnMut() -> P,
) -> Result<T, Attempts>
where
    C: Future<Output = io::Result<T>>,
    P: Future,
{
    let mut running = Running { attempts: Vec::new(), failed: Attempts::default() };
    for addr in addrs {
        running.attempts.push((addr, Box::pin(connect(addr))));
        let mut pause = pin!(pause());
        let next = poll_fn(|cx| match running.poll(cx) {
            // A failure, or nothing that runs: the next one begins at once.
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => pause.as_mut().poll(cx).map(|_| None),
        });
        if let Some(stream) = next.await {
            return Ok(stream);
        }
    }
    while !running.attempts.is_empty() {
        if let Some(stream) = poll_fn(|cx| running.poll(cx)).await {
            return Ok(stream);
        }
    }
    Err(running.failed)
}

/// The attempts under way, and those that have failed.
struct Running<C> {
    attempts: Vec<(SocketAddr, Pin<Box<C>>)>,
    failed: Attempts,
}

impl<T, C: Future<Output = io::Result<T>>> Running<C> {
    /// The first outcome: a success, or `None` for a failure.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let outcome =
            self.attempts.iter_mut().enumerate().find_map(|(at, (_, attempt))| match attempt.as_mut().poll(cx) {
                Poll::Ready(outcome) => Some((at, outcome)),
                Poll::Pending => None,
            });
        let Some((at, outcome)) = outcome else { return Poll::Pending };
        let (addr, _) = self.attempts.remove(at);
        match outcome {
            Ok(stream) => Poll::Ready(Some(stream)),
            Err(error) => {
                self.failed.failed(addr, error);
                Poll::Ready(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;
    use std::rc::Rc;
    use std::task::Waker;

    use super::*;

    fn v4(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn v6(port: u16) -> SocketAddr {
        ([0, 0, 0, 0, 0, 0, 0, 1], port).into()
    }

    #[test]
    fn families_take_turns_and_keep_their_order() {
        let addrs = vec![v6(1), v6(2), v6(3), v4(1), v4(2)];
        assert_eq!(by_turns(addrs), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
        assert_eq!(by_turns(vec![v4(1), v4(2), v6(1)]), [v4(1), v6(1), v4(2)]);
        assert_eq!(by_turns(vec![v4(2), v4(1)]), [v4(2), v4(1)]);
        assert_eq!(by_turns(Vec::new()), []);
    }

    /// A network in which nothing happens unless it is said.
    #[derive(Default)]
    struct Network {
        /// The attempts under way, and what has come of them.
        attempts: RefCell<BTreeMap<u16, Option<io::Result<()>>>>,
        /// Begun, in this order.
        begun: RefCell<Vec<u16>>,
        /// Given up.
        dropped: RefCell<Vec<u16>>,
        pauses: Cell<u32>,
        pause_over: Cell<bool>,
    }

    struct Attempt(Rc<Network>, u16);

    impl Future for Attempt {
        type Output = io::Result<u16>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u16>> {
            match self.0.attempts.borrow_mut().get_mut(&self.1).and_then(Option::take) {
                Some(outcome) => Poll::Ready(outcome.map(|()| self.1)),
                None => Poll::Pending,
            }
        }
    }

    impl Drop for Attempt {
        fn drop(&mut self) {
            self.0.dropped.borrow_mut().push(self.1);
        }
    }

    impl Network {
        fn race(self: &Rc<Self>, ports: &[u16]) -> impl Future<Output = Result<u16, Attempts>> + use<> {
            let (connecting, pausing) = (self.clone(), self.clone());
            let connect = move |addr: SocketAddr| {
                connecting.begun.borrow_mut().push(addr.port());
                Attempt(connecting.clone(), addr.port())
            };
            let pause = move || {
                pausing.pauses.set(pausing.pauses.get() + 1);
                let network = pausing.clone();
                poll_fn(move |_| if network.pause_over.take() { Poll::Ready(()) } else { Poll::Pending })
            };
            first(ports.iter().map(|&port| v4(port)).collect(), connect, pause)
        }

        fn comes(&self, port: u16, outcome: io::Result<()>) {
            self.attempts.borrow_mut().insert(port, Some(outcome));
        }
    }

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_next_attempt_begins_after_a_pause_and_the_first_to_succeed_wins() {
        let network = Rc::new(Network::default());
        let mut race = pin!(network.race(&[1, 2, 3, 4]));
        assert!(poll(race.as_mut()).is_pending());
        assert!(poll(race.as_mut()).is_pending());
        assert_eq!(*network.begun.borrow(), [1]);
        for begun in [2, 3] {
            network.pause_over.set(true);
            assert!(poll(race.as_mut()).is_pending());
            assert_eq!(network.begun.borrow().last(), Some(&begun));
        }
        assert!(network.dropped.borrow().is_empty(), "the earlier ones go on");
        network.comes(2, Ok(()));
        assert!(matches!(poll(race.as_mut()), Poll::Ready(Ok(2))));
        assert_eq!(*network.begun.borrow(), [1, 2, 3], "the fourth was not needed");
        let mut dropped = network.dropped.borrow().clone();
        dropped.sort_unstable();
        assert_eq!(dropped, [1, 2, 3], "the losers are given up");
    }

    #[test]
    fn a_failure_is_not_paused_after() {
        let network = Rc::new(Network::default());
        network.comes(1, Err(io::ErrorKind::ConnectionRefused.into()));
        let mut race = pin!(network.race(&[1, 2]));
        assert!(poll(race.as_mut()).is_pending());
        assert_eq!(*network.begun.borrow(), [1, 2]);
        network.comes(2, Ok(()));
        assert!(matches!(poll(race.as_mut()), Poll::Ready(Ok(2))));
    }

    #[test]
    fn a_late_failure_of_an_early_attempt_begins_the_next_and_a_new_pause() {
        let network = Rc::new(Network::default());
        let mut race = pin!(network.race(&[1, 2, 3]));
        assert!(poll(race.as_mut()).is_pending());
        network.pause_over.set(true);
        assert!(poll(race.as_mut()).is_pending());
        network.comes(1, Err(io::ErrorKind::TimedOut.into()));
        assert!(poll(race.as_mut()).is_pending());
        assert_eq!((&network.begun.borrow()[..], network.pauses.get()), (&[1, 2, 3][..], 3));
    }

    #[test]
    fn when_all_have_failed_all_are_told() {
        let network = Rc::new(Network::default());
        let mut race = pin!(network.race(&[1, 2]));
        assert!(poll(race.as_mut()).is_pending());
        network.pause_over.set(true);
        assert!(poll(race.as_mut()).is_pending());
        network.pause_over.set(true);
        assert!(poll(race.as_mut()).is_pending(), "both still run");
        network.comes(2, Err(io::ErrorKind::ConnectionRefused.into()));
        assert!(poll(race.as_mut()).is_pending());
        network.comes(1, Err(io::ErrorKind::TimedOut.into()));
        let Poll::Ready(Err(attempts)) = poll(race.as_mut()) else { panic!("both failed") };
        let error = attempts.into_error("connect");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "connect: 127.0.0.1:2: connection refused; 127.0.0.1:1: timed out");
    }

    #[test]
    fn no_address_is_a_failure() {
        let network = Rc::new(Network::default());
        assert!(matches!(poll(pin!(network.race(&[]))), Poll::Ready(Err(_))));
        assert_eq!(network.pauses.get(), 0);
    }
}
