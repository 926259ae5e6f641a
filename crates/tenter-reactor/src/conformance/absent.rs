//! Cases that need what Windows does not have. They keep their names, so that reports of all systems can be compared.

use super::{Case, Maker, Stop, Tried};

pub(super) const CASES: &[Case] = &[
    Case::new("a_regular_file_is_ready_or_refused_as_declared", no_files),
    Case::new("a_pipe_reports_that_its_writer_is_gone", no_pipes),
    Case::new("a_pipe_reports_that_its_reader_is_gone", no_pipes),
    Case::new("signals_neither_end_nor_shorten_a_wait", no_signals),
];

fn no_files(_: &Maker) -> Tried {
    Err(Stop::Skipped("files are no sources on this system".to_owned()))
}

fn no_pipes(_: &Maker) -> Tried {
    Err(Stop::Skipped("pipes are no sources on this system".to_owned()))
}

fn no_signals(_: &Maker) -> Tried {
    Err(Stop::Skipped("no signal interrupts a call on this system".to_owned()))
}
