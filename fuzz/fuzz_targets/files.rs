//! Files on io_uring's ring and on the pool, whose futures are dropped at any poll, against a vector of bytes: none is lost
//! or invented, and no descriptor or buffer is left.
#![no_main]

#[path = "files/left.rs"]
mod left;
#[path = "files/model.rs"]
mod model;

use std::io::SeekFrom;
use std::sync::OnceLock;

use arbitrary::Arbitrary;
use left::Left;
use libfuzzer_sys::fuzz_target;
use model::Model;
use tenter::{Backend, Builder};

/// So many polls, then the future is dropped; `None`: it is awaited.
type Polls = Option<u8>;

/// Lengths and positions are taken modulo what the model allows.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Step {
    /// Closes what is open.
    Open {
        append: bool,
        polls: Polls,
    },
    Read {
        length: u16,
        polls: Polls,
    },
    Write {
        length: u16,
        fill: u8,
        polls: Polls,
    },
    SeekStart {
        to: u16,
        polls: Polls,
    },
    SeekCurrent {
        by: i16,
        polls: Polls,
    },
    SeekEnd {
        by: i16,
        polls: Polls,
    },
    SetLen {
        to: u16,
        polls: Polls,
    },
    /// A short read: what is left of a longer one that was dropped is for the next.
    ReadSome {
        length: u8,
        polls: Polls,
    },
    Flush {
        polls: Polls,
    },
    Close,
    /// What is under way goes on.
    GoOn(u8),
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Ring,
    Pool,
}

async fn apply(model: &mut Model, step: Step) {
    match step {
        Step::Open { append, polls } => model.open(append, polls).await,
        Step::Read { length, polls } => model.read(model::length(length), polls).await,
        Step::ReadSome { length, polls } => model.read(length.into(), polls).await,
        Step::Write { length, fill, polls } => model.write(length, fill, polls).await,
        Step::SeekStart { to, polls } => model.seek(SeekFrom::Start(to.into()), polls).await,
        Step::SeekCurrent { by, polls } => model.seek(SeekFrom::Current(by.into()), polls).await,
        Step::SeekEnd { by, polls } => model.seek(SeekFrom::End(by.into()), polls).await,
        Step::SetLen { to, polls } => model.set_len(to, polls).await,
        Step::Flush { polls } => model.flush(polls).await,
        Step::Close => model.close().await,
        Step::GoOn(turns) => model::go_on(turns % 8).await,
    }
}

/// A runtime of its own, which ends with what is under way.
fn run(way: Way, steps: &[Step]) {
    let mut model = Model::new();
    let before = Left::now();
    let backend = if way == Way::Ring { Backend::Uring } else { Backend::Epoll };
    let runtime = Builder::new_current_thread().reactor(backend).build().expect("the system has this reactor");
    model.begin();
    runtime.block_on(async {
        for step in steps {
            apply(&mut model, *step).await;
        }
    });
    if way == Way::Ring && model.is_odd() {
        // The file outlives its runtime.
        drop(runtime);
        model.end();
    } else {
        model.end();
        drop(runtime);
    }
    before.expect_again();
    model.check_end(way == Way::Ring);
}

/// What is made once in a process is made.
fn warm_up() {
    let steps = [
        Step::Open { append: false, polls: None },
        Step::Write { length: 1, fill: 1, polls: None },
        Step::SeekEnd { by: 0, polls: None },
        Step::Read { length: 1, polls: None },
        Step::Flush { polls: None },
    ];
    run(Way::Ring, &steps);
    run(Way::Pool, &steps);
}

fuzz_target!(|input: (Way, Vec<Step>)| {
    static WARM: OnceLock<()> = OnceLock::new();
    WARM.get_or_init(warm_up);
    run(input.0, &input.1);
});
