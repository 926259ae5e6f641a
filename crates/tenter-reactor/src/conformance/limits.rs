//! Many sources, and what comes after the last one.

use std::io::Write;
use std::time::Instant;

use super::rig::{PATIENCE, Rig};
use super::system::{Stream, affordable_pairs, pair};
use super::{Case, Maker, Stop, Tried, ensure};
use crate::{Interest, ReactorError, Token};

pub(super) const CASES: &[Case] = &[Case::new("thousands_of_sources_are_watched_or_refused", thousands)];

/// How many pairs there are if nothing forbids it.
const PAIRS: usize = 2000;

fn thousands(make: &Maker) -> Tried {
    let mut rig = Rig::with_capacity(make, 128)?;
    let limit = rig.reactor.capabilities().max_sources.unwrap_or(usize::MAX);
    let mut pairs: Vec<(Stream, Stream)> = Vec::new();
    for token in (0..affordable_pairs(PAIRS)).map(Token) {
        let (a, b) = pair()?;
        match rig.register(&a, token) {
            Ok(()) => pairs.push((a, b)),
            Err(error) if matches!(ReactorError::of(&error), Some(ReactorError::SourceLimit { .. })) => break,
            Err(error) => return Err(Stop::Failed(format!("source {} was refused with {error:?}", token.0))),
        }
        ensure!(pairs.len() <= limit, "{} sources were accepted beyond the declared limit {limit}", pairs.len());
    }
    ensure!(!pairs.is_empty(), "not a single source was accepted");

    for (index, (a, b)) in pairs.iter_mut().enumerate() {
        rig.want(a, Token(index), Interest::READ)?;
        b.write_all(b"x")?;
    }
    let end = Instant::now() + PATIENCE;
    let mut missing = pairs.len();
    while missing > 0 {
        ensure!(Instant::now() < end, "{missing} of {} sources were not reported within {PATIENCE:?}", pairs.len());
        rig.wait(Some(PATIENCE))?;
        let mut unready = 0;
        for (index, (a, _)) in pairs.iter().enumerate() {
            if !rig.said(Token(index)).satisfies(Interest::READ) {
                unready += 1;
                rig.want(a, Token(index), Interest::READ)?;
            }
        }
        missing = unready;
    }
    for (index, (a, _)) in pairs.iter().enumerate() {
        rig.deregister(a, Token(index))?;
    }
    Ok(())
}
