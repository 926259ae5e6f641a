//! The servers that are measured, each the way its runtime's users write one, and the process that one runs in.
//!
//! A server has a process of its own: what other runtimes leave behind in threads and heap can't blur its CPU time and
//! memory, and it can be bound to a CPU. Orders to that process, after it has answered with the server's address:
//!
//! | order | answer |
//! |---|---|
//! | `cpu` | CPU time of the process so far, in nanoseconds |
//! | `memory` | resident memory, in bytes |

#[cfg(target_os = "linux")]
mod compio;
mod hello;
#[cfg(target_os = "linux")]
mod monoio;
mod nio;
mod raw_epoll;
mod smol;
mod tenter;
mod threads;
mod tokio;

#[cfg(target_os = "linux")]
pub(super) use self::compio::Compio;
#[cfg(target_os = "linux")]
pub(super) use self::monoio::Monoio;
pub(super) use self::nio::Nio;
pub(super) use self::raw_epoll::RawEpoll;
pub(super) use self::smol::Smol;
pub(super) use self::tenter::{Tenter, TenterNoSpin};
pub(super) use self::threads::Threads;
pub(super) use self::tokio::{Tokio, TokioCt};

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::str::FromStr;
use std::time::{Duration, Instant};

use ::tenter::Backend;

use super::dialog::{Dialog, obey, word};
use super::system::{self, Cpu};
use crate::case::Role;
use crate::measure::process_cpu_time;

/// The name of such a child process. Its arguments: a runtime, a service, a number of workers, a CPU.
pub(super) const CHILD: &str = "server";

/// What a server does with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Sends back what it gets, read into a buffer of that many bytes.
    Echo(usize),
    /// The same, and from the [`HOGGED`]th connection on one task computes for [`HOG_POLL`] at a time.
    HoggedEcho,
    /// Closes each at once, in a task.
    Close,
    /// hyper's "Hello, World!".
    Hello,
}

/// How long the task of [`Service::HoggedEcho`] computes in one poll, and how long it sleeps between.
const HOG_POLL: Duration = Duration::from_millis(200);
const HOG_PAUSE: Duration = Duration::from_millis(5);

/// How many connections [`Service::HoggedEcho`] waits for.
pub(super) const HOGGED: usize = 1_000;

impl Service {
    /// Should the task that computes start with the `nth` connection?
    fn is_hogged_by(self, nth: usize) -> bool {
        self == Service::HoggedEcho && nth == HOGGED
    }

    fn word(self) -> String {
        match self {
            Service::Echo(size) => format!("echo-{size}"),
            Service::HoggedEcho => "hogged-echo".to_owned(),
            Service::Close => "close".to_owned(),
            Service::Hello => "hello".to_owned(),
        }
    }
}

impl FromStr for Service {
    type Err = io::Error;

    fn from_str(word: &str) -> io::Result<Self> {
        let echo = |size: &str| size.parse().ok().filter(|&size| size > 0).map(Service::Echo);
        let service = match word {
            "hogged-echo" => Some(Service::HoggedEcho),
            "close" => Some(Service::Close),
            "hello" => Some(Service::Hello),
            word => word.strip_prefix("echo-").and_then(echo),
        };
        service.ok_or_else(|| io::Error::other(format!("there is no service {word:?}")))
    }
}

/// Someone with servers.
pub(super) trait Entrant: 'static {
    const NAME: &'static str;
    const ROLE: Role = Role::Peer;

    /// Starts a server on [`ANY_PORT`] that never stops, with that many worker threads if it can have more than one.
    fn start(service: Service, workers: usize) -> io::Result<SocketAddr>;
}

type Start = fn(Service, usize) -> io::Result<SocketAddr>;

const fn named<E: Entrant>() -> (&'static str, Start) {
    (E::NAME, E::start)
}

/// All there are. Which takes part in which case is the case's to say.
const ENTRANTS: &[(&str, Start)] = &[
    named::<Tenter>(),
    named::<TenterNoSpin>(),
    named::<Tokio>(),
    named::<TokioCt>(),
    named::<Smol>(),
    named::<Nio>(),
    #[cfg(target_os = "linux")]
    named::<Monoio>(),
    #[cfg(target_os = "linux")]
    named::<Compio>(),
    named::<RawEpoll>(),
    named::<Threads>(),
];

const ANY_PORT: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

fn unsupported(service: Service) -> io::Error {
    io::Error::other(format!("this runtime has no server for {}", service.word()))
}

/// Computes without giving way.
fn hog() {
    let started = Instant::now();
    while started.elapsed() < HOG_POLL {
        std::hint::spin_loop();
    }
}

/// A server's process, seen by the benchmark. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Server {
    dialog: Dialog,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts one; a runtime of tenter's gets the reactor, if one is named.
    pub(super) fn start<E: Entrant>(
        service: Service,
        workers: usize,
        cpu: Cpu,
        reactor: Option<Backend>,
    ) -> io::Result<Self> {
        let (service, workers, cpu) = (service.word(), workers.to_string(), cpu.word());
        let reactor = reactor.map(|reactor| ("TENTER_REACTOR", reactor.name()));
        let (dialog, address) = Dialog::start(CHILD, &[E::NAME, &service, &workers, &cpu], reactor)?;
        let address = address.parse().map_err(io::Error::other)?;
        Ok(Server { dialog, address })
    }

    pub(super) fn cpu_time(&mut self) -> io::Result<Duration> {
        Ok(Duration::from_nanos(self.ask("cpu")?))
    }

    pub(super) fn resident_bytes(&mut self) -> io::Result<u64> {
        self.ask("memory")
    }

    fn ask(&mut self, order: &str) -> io::Result<u64> {
        self.dialog.ask(order)?.parse().map_err(io::Error::other)
    }
}

/// Is a server, until standard input ends.
pub(super) fn main(words: &[String]) -> ! {
    let address = start(&mut words.iter().map(String::as_str));
    obey(address.map(|address| address.to_string()), |order| match order {
        "cpu" => Ok(process_cpu_time().as_nanos().to_string()),
        "memory" => Ok(system::resident_bytes()?.to_string()),
        other => Err(io::Error::other(format!("there is no order {other:?}"))),
    })
}

fn start<'a>(words: &mut impl Iterator<Item = &'a str>) -> io::Result<SocketAddr> {
    system::raise_descriptor_limit();
    let name: String = word(words, "a runtime")?;
    let entrant = ENTRANTS.iter().find(|(entrant, _)| *entrant == name);
    let (_, start) = entrant.ok_or_else(|| io::Error::other(format!("there is no runtime {name:?}")))?;
    let service = word(words, "a service")?;
    let workers = word(words, "a number of workers")?;
    Cpu::parse(&word::<String>(words, "a CPU")?)?.bind()?;
    start(service, workers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_survive_the_command_line() {
        for service in [Service::Echo(512), Service::HoggedEcho, Service::Close, Service::Hello] {
            assert_eq!(service.word().parse::<Service>().unwrap(), service);
        }
        assert!("echo-0".parse::<Service>().is_err());
        assert!("echo-".parse::<Service>().is_err());
    }

    #[test]
    fn wrong_arguments_are_errors_that_say_what_is_wrong() {
        for (line, part) in [
            ("", "a runtime is missing"),
            ("glommio echo-1 1 any", "glommio"),
            ("tokio sing 1 any", "sing"),
            ("tokio echo-1 one any", "one"),
        ] {
            let error = start(&mut line.split_whitespace()).unwrap_err().to_string();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
