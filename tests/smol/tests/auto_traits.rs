//! What can go anywhere: auto traits that smol's types have, and a program may count on.

use std::panic::{RefUnwindSafe, UnwindSafe};

use smol::channel::{Receiver, Sender};
use smol::net::{TcpListener, TcpStream, UdpSocket};
use smol::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use smol::{Async, Executor, LocalExecutor, Task, Timer, Unblock};

fn sent<T: Send + Sync + Unpin>() {}
fn unwound<T: UnwindSafe + RefUnwindSafe>() {}

#[test]
fn types_can_go_wherever_smols_can() {
    sent::<TcpStream>();
    sent::<TcpListener>();
    sent::<UdpSocket>();
    sent::<Async<std::net::TcpStream>>();
    sent::<Unblock<std::fs::File>>();
    sent::<Timer>();
    sent::<Command>();
    sent::<Child>();
    sent::<ChildStdin>();
    sent::<ChildStdout>();
    sent::<ChildStderr>();
    sent::<Task<u8>>();
    sent::<Executor<'_>>();
    sent::<Sender<u8>>();
    sent::<Receiver<u8>>();
    unwound::<TcpStream>();
    unwound::<TcpListener>();
    unwound::<UdpSocket>();
    unwound::<Async<std::net::TcpStream>>();
    unwound::<Executor<'_>>();
    unwound::<LocalExecutor<'_>>();
    unwound::<Task<u8>>();
    unwound::<Sender<u8>>();
    unwound::<Receiver<u8>>();
}

#[test]
#[cfg(unix)]
fn unix_sockets_too() {
    use smol::net::unix::{UnixDatagram, UnixListener, UnixStream};

    sent::<UnixStream>();
    sent::<UnixListener>();
    sent::<UnixDatagram>();
    unwound::<UnixStream>();
    unwound::<UnixListener>();
    unwound::<UnixDatagram>();
}

/// On Windows a pipe is an `Unblock`, which is neither, so a child that holds it is neither.
#[cfg(unix)]
#[test]
fn children_can_be_unwound_through() {
    unwound::<Child>();
    unwound::<ChildStdin>();
    unwound::<ChildStdout>();
    unwound::<ChildStderr>();
}
