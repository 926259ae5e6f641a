//! The tasks of a runtime at one moment.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::time::{Duration, Instant};

use tenter_task::TaskId;
use tenter_task::record::{Activity, Record};

use super::TaskTree;
use super::json::{Json, Members};
use crate::Handle;

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// It is ready, and waits for its turn.
    Scheduled,
    /// It is being polled by the worker thread with this number.
    Running(usize),
    /// It is being polled by the thread in `block_on`.
    RunningInBlockOn,
    /// It waits to be woken.
    Waiting,
}

impl TaskState {
    fn of(activity: Activity, workers: usize) -> Self {
        match activity {
            Activity::Scheduled => Self::Scheduled,
            Activity::Waiting => Self::Waiting,
            Activity::Running(seat) if seat < workers => Self::Running(seat),
            Activity::Running(_) => Self::RunningInBlockOn,
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduled => f.pad("scheduled"),
            Self::Running(worker) => f.pad(&format!("running on worker {worker}")),
            Self::RunningInBlockOn => f.pad("running in block_on"),
            Self::Waiting => f.pad("waiting"),
        }
    }
}

/// A task at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its id, as [`Task::id`](crate::Task::id) gives it.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// What else is known in debug mode.
    pub details: Option<TaskDetails>,
}

/// What is known of a task in debug mode.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskDetails {
    /// What it does.
    pub state: TaskState,
    /// The task that spawned it, if a task did. That one may have ended.
    pub parent: Option<TaskId>,
    /// The task that polled its handle last.
    pub awaited_by: Option<TaskId>,
    /// The time since it was spawned.
    pub age: Duration,
    /// How often its future was polled, the present poll included.
    pub polls: u64,
    /// The time in its polls that have ended.
    pub busy: Duration,
    /// The longest of these.
    pub longest_poll: Duration,
    /// For how long its present poll goes on, if it is in one.
    pub running_for: Option<Duration>,
    /// The time since it was woken last; `None` if it was not.
    pub since_wake: Option<Duration>,
    /// Whether `awaited_by` waits for it still: it was not polled since. It may wait for others as well.
    pub(super) is_awaited_now: bool,
}

impl TaskInfo {
    fn of(record: &Record, now: Instant, workers: usize) -> Self {
        let progress = record.progress();
        let since = |then: Instant| now.saturating_duration_since(then);
        let awaiter = progress.awaiter;
        let is_awaited_now = awaiter.is_some_and(|awaiter| {
            let polls = tenter_task::record::find(awaiter.id).map(|record| record.progress().polls);
            awaiter.poll.is_some() && awaiter.poll == polls
        });
        let details = TaskDetails {
            state: TaskState::of(progress.activity, workers),
            parent: record.parent(),
            awaited_by: awaiter.map(|awaiter| awaiter.id),
            age: since(record.created()),
            polls: progress.polls,
            busy: progress.busy,
            longest_poll: progress.longest,
            running_for: progress.running_since.map(since),
            since_wake: progress.woken.map(since),
            is_awaited_now,
        };
        let (id, name) = (record.id(), record.name().map(str::to_owned));
        Self { id, name, spawned_at: record.spawned_at(), details: Some(details) }
    }

    /// Its id, and its name if it has one, for a line of text: what could upset a terminal is escaped.
    pub(super) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} '{}'", self.id, name.escape_debug()),
            None => self.id.to_string(),
        }
    }

    pub(super) fn write_json(&self, object: &mut Members<'_>) {
        object.text("id", self.id);
        object.maybe_text("name", self.name.as_deref());
        object.text("spawned_at", self.spawned_at);
        let Some(details) = &self.details else { return };
        object.text("state", details.state);
        object.maybe_text("parent", details.parent);
        object.maybe_text("awaited_by", details.awaited_by);
        object.nanos("age_ns", Some(details.age));
        object.plain("polls", details.polls);
        object.nanos("busy_ns", Some(details.busy));
        object.nanos("longest_poll_ns", Some(details.longest_poll));
        object.nanos("running_for_ns", details.running_for);
        object.nanos("since_wake_ns", details.since_wake);
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} spawned at {}", self.title(), self.spawned_at)?;
        let Some(details) = &self.details else { return Ok(()) };
        write!(f, ", {}", details.state)?;
        if let Some(time) = details.running_for {
            write!(f, " for {}", short(time))?;
        }
        let polls = if details.polls == 1 { "poll" } else { "polls" };
        write!(f, ", {} {polls} in {}", details.polls, short(details.busy))?;
        match details.awaited_by {
            Some(id) => write!(f, ", awaited by {id}"),
            None => Ok(()),
        }
    }
}

/// The tasks of a runtime at one moment, the oldest first; made by [`Handle::tasks`].
///
/// It prints as a table; see also [`tree`](Self::tree) and [`to_json`](Self::to_json).
#[derive(Clone, Debug)]
pub struct TaskList {
    tasks: Vec<TaskInfo>,
    live: usize,
    unpolled: u64,
    is_debug: bool,
}

impl TaskList {
    pub(super) fn of(handle: &Handle) -> Self {
        let scheduler = handle.scheduler();
        let (workers, now) = (scheduler.workers(), Instant::now());
        let mut records = scheduler.records();
        records.sort_by_key(|record| record.order());
        let tasks = records.iter().map(|record| TaskInfo::of(record, now, workers)).collect();
        let (live, unpolled) = (scheduler.live_tasks(), scheduler.unpolled_tasks());
        Self { tasks, live, unpolled, is_debug: scheduler.is_debug() }
    }

    /// How many tasks have not ended; in debug mode as many as are listed, but for those that came or went meanwhile.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live
    }

    /// How many tasks the runtime has had that were dropped or cancelled before their first poll; counted in debug mode.
    #[must_use]
    pub fn unpolled(&self) -> u64 {
        self.unpolled
    }

    /// Whether the runtime is in debug mode; see [`Builder::debug`](crate::Builder::debug).
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.is_debug
    }

    /// The same by who spawned whom, with the tasks that wait for each other in a circle.
    #[must_use]
    pub fn tree(&self) -> TaskTree<'_> {
        TaskTree::of(self)
    }

    /// As one line of JSON: an object with `debug`, `live`, `unpolled`, and `tasks`, whose times end in `_ns`, nanoseconds.
    /// Names stay, new ones may come.
    ///
    /// ```
    /// let runtime = tenter_runtime::Builder::new_current_thread().debug(true).build()?;
    /// let json = runtime.tasks().to_json();
    /// assert_eq!(json, r#"{"debug":true,"live":0,"unpolled":0,"tasks":[]}"#);
    /// # Ok::<(), tenter_runtime::BuildError>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = Json::new();
        json.object(|object| {
            self.write_head(object);
            object.member("tasks").list(&self.tasks, |json, task| json.object(|object| task.write_json(object)));
        });
        json.finish()
    }

    pub(super) fn write_head(&self, object: &mut Members<'_>) {
        object.plain("debug", self.is_debug);
        object.plain("live", self.live);
        object.plain("unpolled", self.unpolled);
    }

    /// What there is to say about all of them, as a line.
    pub(super) fn summary(&self) -> String {
        let mut line = match self.live {
            1 => "1 task".to_owned(),
            live => format!("{live} tasks"),
        };
        if self.unpolled > 0 {
            line += &format!(", {} dropped before the first poll", self.unpolled);
        }
        if !self.is_debug {
            line += "; more is known in debug mode (TENTER_DEBUG=1)";
        }
        line
    }
}

impl Deref for TaskList {
    type Target = [TaskInfo];

    fn deref(&self) -> &[TaskInfo] {
        &self.tasks
    }
}

impl IntoIterator for TaskList {
    type Item = TaskInfo;
    type IntoIter = std::vec::IntoIter<TaskInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.tasks.into_iter()
    }
}

impl<'a> IntoIterator for &'a TaskList {
    type Item = &'a TaskInfo;
    type IntoIter = std::slice::Iter<'a, TaskInfo>;

    fn into_iter(self) -> Self::IntoIter {
        self.tasks.iter()
    }
}

const HEAD: [&str; 10] =
    ["id", "state", "age", "polls", "busy", "longest", "woken", "awaited by", "spawned at", "name"];

fn row(task: &TaskInfo) -> [String; 10] {
    let dash = || "-".to_owned();
    let details = task.details.as_ref();
    let name = task.name.as_deref().map_or_else(dash, |name| name.escape_debug().to_string());
    [
        task.id.to_string(),
        details.map_or_else(dash, |details| details.state.to_string()),
        details.map_or_else(dash, |details| short(details.age)),
        details.map_or_else(dash, |details| details.polls.to_string()),
        details.map_or_else(dash, |details| short(details.busy + details.running_for.unwrap_or_default())),
        details.map_or_else(dash, |details| short(details.longest_poll.max(details.running_for.unwrap_or_default()))),
        details.and_then(|details| details.since_wake).map_or_else(dash, |time| format!("{} ago", short(time))),
        details.and_then(|details| details.awaited_by).map_or_else(dash, |id| id.to_string()),
        task.spawned_at.to_string(),
        name,
    ]
}

impl fmt::Display for TaskList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<_> = self.tasks.iter().map(row).collect();
        let mut widths = HEAD.map(str::len);
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut line = |cells: &[&str]| {
            let (last, cells) = cells.split_last().expect("there are columns");
            for (cell, width) in cells.iter().zip(widths) {
                write!(f, "{cell:<width$}  ")?;
            }
            writeln!(f, "{last}")
        };
        if !rows.is_empty() {
            line(&HEAD)?;
        }
        for row in &rows {
            line(&row.each_ref().map(String::as_str))?;
        }
        write!(f, "{}", self.summary())
    }
}

/// A time with about three digits.
pub(super) fn short(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match time.as_nanos() {
        0 => "0".to_owned(),
        1..1_000 => format!("{} ns", time.as_nanos()),
        1_000..1_000_000 => format!("{:.1} µs", seconds * 1e6),
        1_000_000..1_000_000_000 => format!("{:.1} ms", seconds * 1e3),
        1_000_000_000..60_000_000_000 => format!("{seconds:.1} s"),
        _ if seconds < 3600.0 => format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60),
        _ => format!("{}:{:02} h", time.as_secs() / 3600, time.as_secs() / 60 % 60),
    }
}

#[test]
fn times_are_short() {
    let texts = [0, 999, 1_500, 2_340_000, 59_900_000_000, 61_000_000_000, 7_260_000_000_000];
    let texts = texts.map(|nanos| short(Duration::from_nanos(nanos)));
    assert_eq!(texts, ["0", "999 ns", "1.5 µs", "2.3 ms", "59.9 s", "1:01 min", "2:01 h"]);
}
