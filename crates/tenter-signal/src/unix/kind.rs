//! Kinds of signals.

/// A kind of signal, for [`signal`](super::signal).
///
/// What each means is in `signal(7)`; in brackets is what it does when nobody listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignalKind(i32);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:ident;)*) => {
        impl SignalKind {
            $($(#[$doc])*
            #[must_use]
            pub const fn $name() -> Self {
                Self(libc::$number)
            })*
        }
    };
}

kinds! {
    /// `SIGALRM`: a timer (ends the program).
    alarm = SIGALRM;
    /// `SIGCHLD`: a child has stopped or ended (nothing).
    child = SIGCHLD;
    /// `SIGHUP`: the terminal is gone; by custom, to read the configuration again (ends the program).
    hangup = SIGHUP;
    /// `SIGINT`: Ctrl-C (ends the program).
    interrupt = SIGINT;
    /// `SIGIO`: input or output is possible (ends the program, or nothing).
    io = SIGIO;
    /// `SIGPIPE`: a pipe without a reader. Rust programs ignore it from their start.
    pipe = SIGPIPE;
    /// `SIGQUIT`: Ctrl-\ (ends the program with a core dump).
    quit = SIGQUIT;
    /// `SIGTERM`: to be asked to end (ends the program).
    terminate = SIGTERM;
    /// `SIGUSR1`: whatever the program says (ends it).
    user_defined1 = SIGUSR1;
    /// `SIGUSR2`: whatever the program says (ends it).
    user_defined2 = SIGUSR2;
    /// `SIGWINCH`: the terminal has another size (nothing).
    window_change = SIGWINCH;
}

impl SignalKind {
    /// The kind with this number.
    #[must_use]
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn as_raw_value(self) -> i32 {
        self.0
    }
}

impl From<i32> for SignalKind {
    fn from(number: i32) -> Self {
        Self(number)
    }
}

impl From<SignalKind> for i32 {
    fn from(kind: SignalKind) -> Self {
        kind.0
    }
}
