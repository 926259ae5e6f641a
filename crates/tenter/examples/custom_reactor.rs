//! A reactor written from scratch, proven to conform, and given to a runtime.
//!
//! `docs/REACTORS.md` walks through it; a test keeps the two the same.

#[cfg(target_os = "linux")]
mod tiny {
    use std::io;
    use std::os::fd::{BorrowedFd, OwnedFd};
    use std::sync::{Mutex, TryLockError};
    use std::time::Duration;

    use rustix::event::epoll::{self, EventData, EventFlags};
    use rustix::event::{EventfdFlags, Timespec, eventfd};
    use rustix::io::Errno;
    use tenter_reactor::{
        Capabilities, Deadline, Event, Events, Interest, Reactor, ReactorError, Readiness, Source, Token, Trigger,
    };

    /// 1. What the kernel gives us: a set of sources, and something to wake it with.
    #[derive(Debug)]
    pub(crate) struct Tiny {
        epoll: OwnedFd,
        wake: OwnedFd,
        /// Held by the thread in `wait`: that is how a second one is noticed.
        seat: Mutex<()>,
    }

    impl Tiny {
        pub(crate) fn new() -> io::Result<Self> {
            let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
            let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            // Edge-triggered, so that each write is an event and nobody has to read. Its token is the one never issued.
            epoll::add(&epoll, &wake, EventData::new_u64(u64::MAX), EventFlags::IN | EventFlags::ET)?;
            Ok(Self { epoll, wake, seat: Mutex::new(()) })
        }
    }

    /// 2. What the kernel says, in the contract's words.
    fn readiness(flags: EventFlags) -> Readiness {
        let pairs = [
            (EventFlags::IN, Readiness::READ),
            (EventFlags::OUT, Readiness::WRITE),
            (EventFlags::PRI, Readiness::PRIORITY),
            (EventFlags::RDHUP, Readiness::READ | Readiness::READ_CLOSED),
            (EventFlags::HUP, Readiness::READ_CLOSED | Readiness::WRITE_CLOSED),
            (EventFlags::ERR, Readiness::ERROR),
        ];
        let said = pairs.into_iter().filter(|(flag, _)| flags.contains(*flag));
        said.fold(Readiness::NONE, |all, (_, readiness)| all | readiness)
    }

    fn fd(source: Source<'_>) -> BorrowedFd<'_> {
        match source {
            Source::Fd(fd) => fd,
            _ => unreachable!("Linux has no other sources"),
        }
    }

    impl Reactor for Tiny {
        fn name(&self) -> &'static str {
            "tiny"
        }

        /// 3. What callers must know. Everything else is the same on every reactor.
        fn capabilities(&self) -> Capabilities {
            Capabilities::new(Trigger::Edge)
        }

        /// 4. Both directions at once and for good; the errors that the contract names get their types.
        unsafe fn register(&self, source: Source<'_>, token: Token) -> io::Result<()> {
            if token == Token::RESERVED {
                return Err(ReactorError::ReservedToken.into());
            }
            let watched = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::PRI | EventFlags::ET;
            let data = EventData::new_u64(token.0 as u64);
            epoll::add(&self.epoll, fd(source), data, watched).map_err(|errno| match errno {
                Errno::EXIST => ReactorError::AlreadyRegistered.into(),
                Errno::PERM => ReactorError::Unwatchable.into(),
                Errno::NOSPC => ReactorError::SourceLimit { limit: None }.into(),
                errno => errno.into(),
            })
        }

        fn arm(&self, _: Source<'_>, _: Token, _: Interest) -> io::Result<()> {
            Err(ReactorError::NotArmable.into())
        }

        fn deregister(&self, source: Source<'_>, _: Token) -> io::Result<()> {
            epoll::delete(&self.epoll, fd(source)).map_err(|errno| match errno {
                Errno::NOENT | Errno::PERM => ReactorError::NotRegistered.into(),
                errno => errno.into(),
            })
        }

        /// 5. The wait. `Deadline` makes it punctual: whatever ends the call early, the loop goes on.
        fn wait(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
            events.clear();
            let _seat = match self.seat.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(ReactorError::AlreadyWaiting.into()),
                seat => seat,
            };
            let deadline = Deadline::after(timeout);
            let mut buffer = Vec::with_capacity(events.capacity());
            while buffer.is_empty() {
                // rustix rounds up to milliseconds, and refuses what does not fit an int of them.
                let call = deadline.remaining().map(|left| left.min(Duration::from_secs(24 * 60 * 60)));
                let call = call.and_then(|left| Timespec::try_from(left).ok());
                match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut buffer), call.as_ref()) {
                    Ok(0) if deadline.is_over() => return Ok(()),
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(errno) => return Err(errno.into()),
                }
            }
            // Collect only; whoever called us dispatches.
            for event in buffer.iter().filter(|event| event.data.u64() != u64::MAX) {
                events.push(Event { token: Token(event.data.u64() as usize), readiness: readiness(event.flags) });
            }
            Ok(())
        }

        /// 6. The wake: an edge that stays until a wait takes it, so it cannot come too early.
        fn wake(&self) -> io::Result<()> {
            rustix::io::write(&self.wake, &1u64.to_ne_bytes())?;
            Ok(())
        }
    }
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::{io, os::unix::net::UnixStream, sync::Arc};
    use tenter::io::{AsyncReadExt, AsyncWriteExt};
    use tenter::{Async, Builder};
    use tiny::Tiny;

    // 7. The proof: every case of the contract, on a reactor of its own each.
    tenter_reactor::conformance::assert(|| Ok(Arc::new(Tiny::new()?)));

    // 8. In use: a runtime makes as many as it needs.
    let runtime = Builder::new_multi_thread().reactor_with(|_| Ok(Arc::new(Tiny::new()?))).build()?;
    println!("{}", runtime.reactor_report()); // tiny (as the program asked)
    let answer = runtime.block_on(async {
        let (near, far) = UnixStream::pair()?;
        let (mut near, mut far) = (Async::new(near)?, Async::new(far)?);
        let echo = tenter::spawn(async move {
            let mut line = [0; 5];
            far.read_exact(&mut line).await?;
            far.write_all(&line).await
        });
        near.write_all(b"hello").await?;
        let mut line = [0; 5];
        near.read_exact(&mut line).await?;
        echo.await?;
        Ok::<_, io::Error>(line)
    })?;
    assert_eq!(&answer, b"hello");
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("This reactor is written for Linux.");
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn it_conforms_and_a_runtime_takes_it() {
        super::main().unwrap();
    }
}
