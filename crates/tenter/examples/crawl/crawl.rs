//! What both crawlers share: what to fetch, and what came of it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use url::Url;

use crate::html;
use crate::site::BAD_PREFIX;

/// Which of the site's pages a crawl visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The folder's pages.
    Pages,
    /// The pages that misbehave, and where they lead.
    Hostile,
    /// All of a site that is not ours: one host and port.
    Web,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Pages fetched at a time.
    pub(crate) concurrency: usize,
    /// How long one attempt at a page may take.
    pub(crate) timeout: Duration,
    /// Further attempts at a page that fails to come.
    pub(crate) retries: usize,
    /// The longest body taken, in bytes.
    pub(crate) max_body: usize,
}

/// One crawl.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) start: Url,
    pub(crate) scope: Scope,
    pub(crate) limits: Limits,
    /// Set on Ctrl-C.
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) bar: ProgressBar,
}

impl Plan {
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Whether a link, already known to be of the same site, belongs to this crawl.
    fn includes(&self, url: &Url) -> bool {
        let other_port = url.port_or_known_default() != self.start.port_or_known_default();
        let hostile = other_port || url.path().starts_with(BAD_PREFIX);
        match self.scope {
            Scope::Pages => !hostile,
            Scope::Hostile => hostile,
            Scope::Web => !other_port,
        }
    }

    /// How a page is called in reports: the server's port differs from run to run, so it isn't part of the name.
    fn key(&self, url: &Url) -> String {
        if url.port() == self.start.port() { html::path_and_query(url) } else { "(another port)".to_owned() }
    }
}

/// A page that came.
#[derive(Clone, Debug)]
pub(crate) struct Fetched {
    pub(crate) body: Vec<u8>,
    /// Whether it is said to be HTML, which has links.
    pub(crate) html: bool,
}

/// Why a page did not come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Failure {
    Status(u16),
    TooLarge,
    TimedOut,
    Refused,
    /// It is said to be elsewhere: a URL, as it was said.
    Moved(String),
    /// It is said to be under https, which takes TLS.
    NeedsTls,
    /// The connection could not be made or broke, or what came wasn't HTTP.
    Broken(String),
    /// The user pressed Ctrl-C.
    Stopped,
}

impl Failure {
    /// Whether another attempt may do better.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Failure::Status(code) => *code >= 500,
            Failure::TimedOut | Failure::Refused | Failure::Broken(_) => true,
            Failure::TooLarge | Failure::Stopped | Failure::Moved(_) | Failure::NeedsTls => false,
        }
    }

    /// What it is, without what differs from one to the next.
    pub(crate) fn kind(&self) -> String {
        match self {
            Failure::Broken(_) => "broken".to_owned(),
            Failure::Moved(_) => "moved".to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Status(code) => write!(f, "status {code}"),
            Failure::TooLarge => write!(f, "too large"),
            Failure::TimedOut => write!(f, "timed out"),
            Failure::Refused => write!(f, "refused"),
            Failure::Moved(place) => write!(f, "moved to {place}"),
            Failure::NeedsTls => write!(f, "needs TLS, which this example does not have"),
            Failure::Broken(cause) => write!(f, "broken ({cause})"),
            Failure::Stopped => write!(f, "stopped"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Failure::Refused,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::TimedOut,
            _ => Failure::Broken(error.to_string()),
        }
    }
}

/// What a crawl found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Each page's name and the hash of its body.
    pub(crate) pages: BTreeMap<String, u64>,
    pub(crate) bytes: usize,
    /// Pages that came, but aren't well-formed HTML.
    pub(crate) malformed: usize,
    /// Pages that came, but aren't HTML.
    pub(crate) other: usize,
    pub(crate) retries: usize,
    pub(crate) failures: BTreeMap<String, Failure>,
}

impl Tally {
    /// One number for the set of pages and their contents.
    pub(crate) fn digest(&self) -> u64 {
        self.pages.iter().fold(FNV_OFFSET, |hash, (name, body)| {
            fnv1a(fnv1a(fnv1a(hash, name.as_bytes()), &[0]), &body.to_le_bytes())
        })
    }
}

/// FNV-1a's 64-bit starting value and prime: a checksum that is quick to write and to compute. Nobody attacks it here.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

/// What was seen and found so far; workers share it.
#[derive(Debug)]
pub(crate) struct Frontier {
    plan: Plan,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    seen: HashSet<Url>,
    tally: Tally,
}

impl Frontier {
    pub(crate) fn new(plan: Plan) -> Self {
        let state = State { seen: HashSet::from([plan.start.clone()]), tally: Tally::default() };
        Frontier { plan, state: Mutex::new(state) }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn retried(&self) {
        self.with(|state| state.tally.retries += 1);
    }

    /// Records a page's result and returns the links on it that nobody has seen yet.
    pub(crate) fn record(&self, url: &Url, result: Result<Fetched, Failure>) -> Vec<Url> {
        let key = self.plan.key(url);
        let Fetched { body, html } = match result {
            Ok(fetched) => fetched,
            Err(Failure::Stopped) => return Vec::new(),
            Err(failure) => {
                self.with(|state| state.tally.failures.insert(key, failure));
                return Vec::new();
            }
        };
        // The costly part stays outside of the lock.
        let found = if html { html::links(url, &body) } else { html::Links::default() };
        let hash = fnv1a(FNV_OFFSET, &body);
        self.plan.bar.inc(1);
        self.with(|state| {
            state.tally.bytes += body.len();
            state.tally.malformed += usize::from(found.malformed);
            state.tally.other += usize::from(!html);
            state.tally.pages.insert(key, hash);
        });
        self.unseen(found.urls)
    }

    /// Those of some links that belong to this crawl and that nobody has seen yet.
    pub(crate) fn unseen(&self, urls: Vec<Url>) -> Vec<Url> {
        let mut unseen = urls;
        unseen.retain(|url| self.plan.includes(url));
        self.with(|state| unseen.retain(|url| state.seen.insert(url.clone())));
        unseen
    }

    pub(crate) fn tally(&self) -> Tally {
        self.with(|state| state.tally.clone())
    }
}

#[test]
fn a_failure_is_shown_with_its_cause_and_counted_by_its_kind() {
    let none_left = Failure::from(io::Error::from_raw_os_error(24));
    assert!(none_left.to_string().contains("(os error 24)"), "{none_left}");
    assert_eq!(none_left.kind(), "broken");
    assert_eq!(Failure::Moved("/x".to_owned()).kind(), "moved");
}
