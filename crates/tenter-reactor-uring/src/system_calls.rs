//! How often the kernel is entered when more happens than the ring has room for.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tenter_reactor::{Events, Readiness, Token};

use crate::desk::Desk;
use crate::kernel::{Answer, Command, Kernel};
use crate::ring::Ring;

const COMMANDS: usize = 16;
const ANSWERS: usize = 128;
const SOURCES: usize = ANSWERS * 6;

/// Enough to submit each source's poll four times, twice for each time that all are ready, and to take as many answers.
const MOST: usize = 4 * (SOURCES / COMMANDS + SOURCES / ANSWERS);

/// A ring that counts, and gives up if it is too much.
struct Counted {
    ring: Ring,
    entered: AtomicUsize,
}

impl Counted {
    fn count(&self) {
        let entered = self.entered.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(entered <= MOST, "more than {MOST} system calls for {SOURCES} sources");
    }
}

impl Kernel for Counted {
    fn push(&self, command: Command) -> bool {
        self.ring.push(command)
    }

    fn has_work(&self) -> bool {
        self.ring.has_work()
    }

    fn room(&self) -> usize {
        self.ring.room()
    }

    fn submit(&self) -> io::Result<bool> {
        self.count();
        self.ring.submit()
    }

    fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.count();
        self.ring.wait(timeout)
    }

    fn reap(&self, take: &mut dyn FnMut(Answer)) {
        self.ring.reap(take);
    }

    fn settle(&self) {
        self.ring.settle();
    }
}

/// Waits until all are ready in this way and nothing more is said.
fn expect_all(desk: &Desk<Counted>, readiness: Readiness) {
    let mut events = Events::with_capacity(ANSWERS);
    let mut ready = vec![false; SOURCES];
    loop {
        let all = ready.iter().all(|ready| *ready);
        desk.wait(&mut events, Some(if all { Duration::ZERO } else { Duration::from_secs(10) })).unwrap();
        if all && events.is_empty() {
            return;
        }
        events.iter().filter(|event| event.readiness.contains(readiness)).for_each(|event| ready[event.token.0] = true);
        events.clear();
    }
}

/// Polls that end because their answers have no place are asked for again. If that were done while the kernel keeps answers
/// or beyond the room there is, those would end as well: six times as many sources as places took hundreds of thousands of
/// calls.
#[test]
fn many_sources_that_are_ready_at_once_must_take_few_system_calls() {
    let ring = Ring::new(COMMANDS as u32, ANSWERS as u32).unwrap();
    let desk = Desk::new(Counted { ring, entered: AtomicUsize::new(0) });
    let (source, mut peer) = UnixStream::pair().unwrap();
    let sources: Vec<OwnedFd> = (0..SOURCES).map(|_| source.try_clone().unwrap().into()).collect();
    for (index, source) in sources.iter().enumerate() {
        desk.register(source.as_raw_fd(), Token(index)).unwrap();
    }
    expect_all(&desk, Readiness::WRITE);
    peer.write_all(b"x").unwrap();
    expect_all(&desk, Readiness::READ);
}
