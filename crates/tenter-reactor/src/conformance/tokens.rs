//! That events bear the right name: after deregistering, with duplicates, and on descriptor numbers used again.

use std::io::{Read, Write};

use super::fixture::drain;
use super::rig::Rig;
use super::system::{pair, take_over};
use super::{Case, Maker, Tried, ensure};
use crate::{Interest, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("a_deregistered_token_is_silent", deregistered),
    Case::new("a_deregistered_token_is_silent_while_its_file_lives", deregistered_file_lives),
    Case::new("a_stale_event_does_not_reach_a_reused_number", reused_number),
    Case::new("a_registration_on_a_reused_number_works", reused_number_works),
    Case::new("duplicates_are_two_sources", duplicates),
];

const A: Token = Token(1);
const B: Token = Token(2);

fn deregistered(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    rig.register(&a, A)?;
    rig.want(&a, A, Interest::READ | Interest::WRITE)?;
    b.write_all(b"x")?;
    rig.deregister(&a, A)?;
    rig.expect_silence(A, "it was deregistered before the wait began")?;
    // Registered anew, under another name, it is reported under that name only.
    rig.register(&a, B)?;
    rig.expect(&a, B, Interest::READ)?;
    ensure!(rig.said(A).is_empty(), "the source's former token was reported");
    Ok(rig.deregister(&a, B)?)
}

/// The file stays open as a duplicate, as it does when a child process or another part of the program has it.
fn deregistered_file_lives(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut b) = pair()?;
    let _alive = a.try_clone()?;
    rig.register(&a, A)?;
    rig.want(&a, A, Interest::READ)?;
    rig.wait(Some(std::time::Duration::ZERO))?;
    rig.deregister(&a, A)?;
    drop(a);
    b.write_all(b"x")?;
    rig.expect_silence(A, "it was deregistered and closed")
}

/// A is deregistered and closed while a duplicate keeps its file alive; B gets A's number.
fn reused_number(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let ((a, mut a_peer), (b, mut b_peer)) = (pair()?, pair()?);
    let alive = a.try_clone()?;
    rig.register(&a, A)?;
    rig.want(&a, A, Interest::READ)?;
    rig.wait(Some(std::time::Duration::ZERO))?;
    rig.deregister(&a, A)?;
    let b = take_over(a, &b)?;
    rig.register(&b, B)?;
    rig.expect(&b, B, Interest::WRITE)?;
    rig.want(&b, B, Interest::READ)?;

    a_peer.write_all(b"x")?;
    rig.expect_silence(B, "only the file that had its number before became ready")?;
    ensure!(rig.said(A).is_empty(), "{A:?} was reported after it was deregistered");

    b_peer.write_all(b"y")?;
    rig.expect(&b, B, Interest::READ)?;
    ensure!(rig.said(A).is_empty(), "{A:?} was reported for what happened to the heir of its number");
    ensure!(drain(&b)?.0 == 1 && drain(&alive)?.0 == 1, "the system mixed up the files");
    Ok(rig.deregister(&b, B)?)
}

fn reused_number_works(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (mut current, mut peer) = pair()?;
    for token in (0..50).map(Token) {
        rig.register(&current, token)?;
        peer.write_all(b"x")?;
        rig.expect(&current, token, Interest::READ)?;
        current.read_exact(&mut [0])?;
        rig.deregister(&current, token)?;
        let (next, next_peer) = pair()?;
        current = take_over(current, &next)?;
        peer = next_peer;
    }
    Ok(())
}

fn duplicates(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (a, mut peer) = pair()?;
    let duplicate = a.try_clone()?;
    rig.register(&a, A)?;
    rig.register(&duplicate, B)?;
    rig.want(&a, A, Interest::READ)?;
    rig.want(&duplicate, B, Interest::READ)?;
    peer.write_all(b"x")?;
    rig.expect(&a, A, Interest::READ)?;
    rig.expect(&duplicate, B, Interest::READ)?;
    drain(&a)?;
    rig.used_up(B, Interest::READ);
    rig.deregister(&a, A)?;
    drop(a);
    peer.write_all(b"x")?;
    rig.expect(&duplicate, B, Interest::READ)?;
    ensure!(rig.said(A).is_empty(), "{A:?} was reported after it was deregistered");
    Ok(rig.deregister(&duplicate, B)?)
}
