//! Events of the program's own.

use std::io;

use tenter_reactor::{Interest, ReactorError, Token};
use tenter_reactor_polling::polling::Event;
use tenter_reactor_polling::polling::os::iocp::{CompletionPacket, PollerIocpExt};

use crate::IocpReactor;

/// What only a completion port has.
pub trait IocpExt {
    /// Puts a completion packet on the port: one event under `token`, ready for what `ready` says of reading and writing.
    ///
    /// # Errors
    /// - [`ReservedToken`](ReactorError::ReservedToken): `token` is [`Token::RESERVED`].
    /// - `InvalidInput`: `ready` names neither direction, so that there would be no event.
    /// - Errors of the system.
    ///
    /// # Examples
    /// ```
    /// use tenter_reactor::{Events, Interest, Reactor, Token};
    /// use tenter_reactor_iocp::IocpExt;
    ///
    /// let reactor = tenter_reactor_iocp::reactor()?;
    /// reactor.post(Token(7), Interest::READ)?;
    /// let mut events = Events::with_capacity(8);
    /// reactor.wait(&mut events, None)?;
    /// assert_eq!(events.iter().next().unwrap().token, Token(7));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    fn post(&self, token: Token, ready: Interest) -> io::Result<()>;
}

impl IocpExt for IocpReactor {
    fn post(&self, token: Token, ready: Interest) -> io::Result<()> {
        if token == Token::RESERVED {
            return Err(ReactorError::ReservedToken.into());
        }
        if !ready.intersects(Interest::READ | Interest::WRITE) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a posted event is ready for reading or writing"));
        }
        let event = Event::new(token.0, ready.contains(Interest::READ), ready.contains(Interest::WRITE));
        self.announce(token);
        self.poller().post(CompletionPacket::new(event)).inspect_err(|_| self.retract(token))
    }
}
