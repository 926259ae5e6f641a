//! Events of Windows' console.

mod console;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::listeners::Listener;

macro_rules! events {
    ($($(#[$doc:meta])* $function:ident, $name:ident = $event:ident;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// What the system says.
            pub fn $function() -> io::Result<$name> {
                Ok($name(console::listen(windows_sys::Win32::System::Console::$event)?))
            }

            #[doc = concat!("Listens; made by [`", stringify!($function), "`]. A [`Stream`] that does not end.")]
            ///
            /// Each listener hears of each event, in whatever runtime; events that nobody has asked for yet are one. When the last
            /// listener is dropped the event does again what it did before.
            #[derive(Debug)]
            #[must_use = "events are listened for as long as this is there"]
            pub struct $name(Arc<Listener>);

            impl $name {
                /// Waits for an event that this has not heard of. Never `None`.
                ///
                /// # Cancel safety
                /// Nothing is lost.
                pub async fn recv(&mut self) -> Option<()> {
                    std::future::poll_fn(|cx| self.poll_recv(cx)).await
                }

                /// Polls for an event, as [`recv`](Self::recv) does.
                pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
                    console::poll(&self.0, cx).map(Some)
                }
            }

            impl Stream for $name {
                type Item = ();

                fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
                    self.poll_recv(cx)
                }
            }

            impl Drop for $name {
                fn drop(&mut self) {
                    console::leave(&self.0);
                }
            }
        )*
    };
}

events! {
    /// Listens for Ctrl-C.
    ctrl_c, CtrlC = CTRL_C_EVENT;
    /// Listens for Ctrl-Break.
    ctrl_break, CtrlBreak = CTRL_BREAK_EVENT;
    /// Listens for the console being closed. The system ends the program a few seconds later.
    ctrl_close, CtrlClose = CTRL_CLOSE_EVENT;
    /// Listens for a user logging off; only services hear of it. The system ends the program a few seconds later.
    ctrl_logoff, CtrlLogoff = CTRL_LOGOFF_EVENT;
    /// Listens for the system going down; only services hear of it. The system ends the program a few seconds later.
    ctrl_shutdown, CtrlShutdown = CTRL_SHUTDOWN_EVENT;
}

/// For `ctrl_c`.
pub(crate) fn interrupt() -> io::Result<CtrlC> {
    ctrl_c()
}
