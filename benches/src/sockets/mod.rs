//! The cases with sockets: servers under the load of one common client.
//!
//! Three processes take part: this one, which asks and computes; the load generator, the same for everyone, started once;
//! and for each run a server, in a process of its own. What is judged is the server's CPU time per request: with 50
//! connections or more the generator is the limit, so requests per second say more about it than about the server.
//!
//! | module | what it does |
//! |---|---|
//! | `cases` | the cases and who enters them |
//! | `run` | one run: a server, a load, a sample |
//! | `server` | the servers, one file per runtime, and their process |
//! | `generator` | the load, and its process |
//! | `dialog` | questions to child processes and their answers |
//! | `poller` | the epoll loop's wait, for the generator and the hand-written server |
//! | `system` | descriptor limit, CPU binding, memory |

mod cases;
mod dialog;
mod generator;
mod poller;
mod run;
mod server;
mod system;

use tenter::Backend;

use crate::case::{Case, Env};
use crate::child::Child;
use crate::measure::Sample;

pub(crate) use self::system::raise_descriptor_limit;

pub(crate) fn all() -> Vec<Case> {
    cases::all()
}

/// What child processes do for these cases.
pub(crate) fn children() -> Vec<Child> {
    vec![
        Child { name: generator::CHILD, run: |_| generator::main() },
        Child { name: server::CHILD, run: |words| server::main(words) },
    ]
}

/// An echo server of tenter's on one reactor, under the load of some connections.
///
/// # Panics
/// If that fails twice.
pub(crate) fn echo_on(backend: Backend, env: &Env, connections: usize) -> Sample {
    run::echo_on(backend, env, connections)
}
