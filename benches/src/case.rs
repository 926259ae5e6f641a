//! What a measurement is made of: a case, who enters it, and what is expected of tenter there.

use std::fmt;
use std::time::Duration;

use crate::measure::Sample;
use crate::runtimes::Runtime;

/// What a run may depend on.
#[derive(Clone, Debug)]
pub(crate) struct Env {
    /// Worker threads of a multi-threaded runtime.
    pub(crate) workers: usize,
    /// Less work, less exact.
    pub(crate) quick: bool,
    /// Socket cases: server on the first CPU, load generator on the second.
    pub(crate) pinned: bool,
    /// The size, for a case of a sweep; else 0.
    pub(crate) size: usize,
}

impl Env {
    /// How long one run of a case should take, roughly.
    pub(crate) fn budget(&self) -> Duration {
        Duration::from_millis(if self.quick { 15 } else { 80 })
    }

    /// A number of operations, a tenth of it if it has to be quick.
    pub(crate) fn scale(&self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }
}

/// A row of tables: something that everyone in it does in their own way.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) about: &'static str,
    /// Of the samples' `wall` and `tail`.
    pub(crate) unit: Unit,
    /// What the samples' `tail` is, if they have one.
    pub(crate) tail: &'static str,
    pub(crate) entrants: Vec<Entrant>,
    /// The lines of the summary; the first one's measure is what charts show.
    pub(crate) rows: Vec<Row>,
    /// The sweep that this case is a point of, and its size there.
    pub(crate) sweep: Option<(&'static str, usize)>,
    /// Left out of quick runs.
    pub(crate) slow: bool,
    /// At most so many rounds, for cases that take long.
    pub(crate) rounds: usize,
}

impl Case {
    pub(crate) fn new(name: &str, about: &'static str) -> Self {
        Case {
            name: name.to_owned(),
            about,
            unit: Unit::Ns,
            tail: "",
            entrants: Vec::new(),
            rows: Vec::new(),
            sweep: None,
            slow: false,
            rounds: usize::MAX,
        }
    }

    /// One case per size, of the same entrants.
    pub(crate) fn sweep(name: &'static str, sizes: &[usize], make: impl Fn(Case, usize) -> Case) -> Vec<Case> {
        let point = |&size: &usize| {
            let mut case = make(Case::new(&format!("{name}-{size}"), ""), size);
            case.sweep = Some((name, size));
            case
        };
        sizes.iter().map(point).collect()
    }

    pub(crate) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    pub(crate) fn unit(mut self, unit: Unit) -> Self {
        self.unit = unit;
        self
    }

    pub(crate) fn tail(mut self, name: &'static str) -> Self {
        self.tail = name;
        self
    }

    pub(crate) fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    pub(crate) fn rounds(mut self, most: usize) -> Self {
        self.rounds = most;
        self
    }

    /// Keeps only these entrants, where all of them would take minutes.
    pub(crate) fn among(mut self, names: &[&str]) -> Self {
        self.entrants.retain(|entrant| names.contains(&entrant.name));
        self
    }

    /// Adds a runtime.
    pub(crate) fn on<R: Runtime>(self, run: fn(&Env) -> Sample) -> Self {
        self.entrant(R::NAME, R::ROLE, run)
    }

    /// Adds what can't be undercut, or hardly.
    pub(crate) fn bound(self, name: &'static str, run: fn(&Env) -> Sample) -> Self {
        self.entrant(name, Role::Bound, run)
    }

    pub(crate) fn entrant(mut self, name: &'static str, role: Role, run: fn(&Env) -> Sample) -> Self {
        self.entrants.push(Entrant { name, role, run });
        self
    }

    /// Adds a line to the summary that says how `tenter` stands by this measure.
    pub(crate) fn judged(self, by: Measure) -> Self {
        self.row("tenter", by, None)
    }

    /// As [`judged`](Self::judged), with a goal.
    pub(crate) fn goal(self, by: Measure, most: f64, than: Than) -> Self {
        self.row("tenter", by, Some(Goal { most, than }))
    }

    /// Adds a line to the summary about one of tenter's entrants.
    pub(crate) fn row(mut self, who: &'static str, by: Measure, goal: Option<Goal>) -> Self {
        self.rows.push(Row { who, by, goal });
        self
    }

    /// What charts show.
    pub(crate) fn measure(&self) -> Measure {
        self.rows.first().map_or(Measure::Wall, |row| row.by)
    }
}

/// Someone that can run a case.
#[derive(Clone, Debug)]
pub(crate) struct Entrant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Runs the case once, on a runtime that is started for it.
    pub(crate) run: fn(&Env) -> Sample,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// tenter, as it comes or with an option.
    Tenter,
    Peer,
    /// What the machine asks for, written by hand for this case: the physical lower bound or near it.
    Bound,
}

/// What a sample's `wall` is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Nanoseconds per operation.
    Ns,
    /// Microseconds from here to there.
    Us,
    Bytes,
    Kib,
    Crates,
    Seconds,
    /// Times what would be ideal.
    Times,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::Ns => "ns/op",
            Unit::Us => "µs",
            Unit::Bytes => "bytes",
            Unit::Kib => "KiB",
            Unit::Crates => "crates",
            Unit::Seconds => "s",
            Unit::Times => "x ideal",
        })
    }
}

/// Which of a sample's numbers is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Wall,
    Cpu,
    Tail,
}

/// A line of the summary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The name of one of tenter's entrants.
    pub(crate) who: &'static str,
    pub(crate) by: Measure,
    pub(crate) goal: Option<Goal>,
}

/// At most so many times someone's cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Goal {
    pub(crate) most: f64,
    pub(crate) than: Than,
}

/// Whose cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Than {
    /// The entrant `tokio`.
    Tokio,
    /// The best of the peers.
    Best,
    /// The best of the bounds.
    Bound,
    /// Nobody's: the number itself.
    Absolute,
}

/// Names a function that is generic over the runtime, and the runtimes that it runs on.
macro_rules! runtimes {
    ($case:expr, $run:ident: $($runtime:ty),+ $(,)?) => {
        $case$(.on::<$runtime>($run::<$runtime>))+
    };
}
pub(crate) use runtimes;
