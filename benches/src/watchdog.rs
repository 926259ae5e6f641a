//! Ends the process when a run hangs, and says which.

use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Watchdog {
    /// A name: a run starts. `None`: it has ended.
    runs: Sender<Option<String>>,
}

impl Watchdog {
    pub(crate) fn start() -> Self {
        Self::with(LIMIT, |name, limit| {
            eprintln!("tenter-benches: {name} hangs: no end after {limit:?}");
            process::exit(3);
        })
    }

    fn with(limit: Duration, mut bite: impl FnMut(String, Duration) + Send + 'static) -> Self {
        let (runs, started) = mpsc::channel::<Option<String>>();
        thread::spawn(move || {
            while let Ok(run) = started.recv() {
                let Some(name) = run else { continue };
                match started.recv_timeout(limit) {
                    Err(RecvTimeoutError::Timeout) => bite(name, limit),
                    Err(RecvTimeoutError::Disconnected) => return,
                    Ok(_) => {}
                }
            }
        });
        Watchdog { runs }
    }

    /// Does something that has to end in time.
    pub(crate) fn guard<T>(&self, name: impl Into<String>, run: impl FnOnce() -> T) -> T {
        let _sent = self.runs.send(Some(name.into()));
        let value = run();
        let _sent = self.runs.send(None);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_bites_who_takes_too_long_and_nobody_else() {
        let (bitten, bites) = mpsc::channel();
        let watchdog = Watchdog::with(Duration::from_secs(2), move |name, _| bitten.send(name).unwrap());
        watchdog.guard("fast", || {});
        watchdog.guard("slow", || assert_eq!(bites.recv().unwrap(), "slow"));
        watchdog.guard("fast again", || {});
        drop(watchdog);
        assert!(bites.recv().is_err(), "it ended without another bite");
    }
}
