//! What only Unix has: pipes, and files that can be asked after.

use std::fs::File;

use super::rig::{Rig, expect_error};
use super::system::pipe;
use super::{Case, Maker, Tried};
use crate::{Interest, ReactorError, Token};

pub(super) const CASES: &[Case] = &[
    Case::new("a_regular_file_is_ready_or_refused_as_declared", regular_file),
    Case::new("a_pipe_reports_that_its_writer_is_gone", pipe_writer_gone),
    Case::new("a_pipe_reports_that_its_reader_is_gone", pipe_reader_gone),
];

const A: Token = Token(1);

fn regular_file(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let path = std::env::current_exe()?;
    let file = File::open(path)?;
    if rig.reactor.capabilities().regular_files {
        rig.register(&file, Token(1))?;
        rig.expect(&file, Token(1), Interest::READ)?;
        return Ok(rig.deregister(&file, Token(1))?);
    }
    expect_error(rig.register(&file, Token(1)), ReactorError::Unwatchable, "registering a regular file")
}

fn pipe_writer_gone(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (read, write) = pipe()?;
    rig.register(&read, A)?;
    rig.want(&read, A, Interest::READ)?;
    drop(write);
    rig.expect(&read, A, Interest::READ)?;
    Ok(rig.deregister(&read, A)?)
}

fn pipe_reader_gone(make: &Maker) -> Tried {
    let mut rig = Rig::new(make)?;
    let (read, write) = pipe()?;
    rig.register(&write, A)?;
    rig.expect(&write, A, Interest::WRITE)?;
    while rustix::io::write(&write, &[0; 4096]).is_ok() {}
    rig.used_up(A, Interest::WRITE);
    rig.want(&write, A, Interest::WRITE)?;
    drop(read);
    rig.expect(&write, A, Interest::WRITE)?;
    Ok(rig.deregister(&write, A)?)
}
