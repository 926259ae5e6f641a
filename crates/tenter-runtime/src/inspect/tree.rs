//! Tasks by who spawned whom, and those that wait for each other in a circle.

use std::collections::HashMap;
use std::fmt;

use tenter_task::TaskId;

use super::json::Json;
use super::{TaskInfo, TaskList};

/// Deeper than this a tree is not indented, so that its text does not grow with the square of its depth.
const DEPTH: usize = 64;

/// Tasks by who spawned whom; made by [`TaskList::tree`].
///
/// A task whose parent has ended, or is another runtime's, is a root. Each task is there once, and printing takes time in
/// proportion to their number, however deep the tree is.
///
/// ```
/// use tenter_runtime::Builder;
///
/// let runtime = Builder::new_current_thread().debug(true).build()?;
/// let handle = runtime.handle().clone();
/// let tree = runtime.block_on(runtime.task().name("parent").spawn(async move {
///     let _child = handle.task().name("child").spawn(std::future::pending::<()>());
///     handle.tasks().tree().to_string()
/// }));
/// assert!(tree.starts_with("└── "));
/// assert!(tree.lines().nth(1).unwrap().starts_with("    └── "));
/// # Ok::<(), tenter_runtime::BuildError>(())
/// ```
#[derive(Debug)]
pub struct TaskTree<'a> {
    list: &'a TaskList,
    roots: Vec<usize>,
    /// Of each task, by its place in the list.
    children: Vec<Vec<usize>>,
    cycles: Vec<Vec<usize>>,
}

impl<'a> TaskTree<'a> {
    pub(super) fn of(list: &'a TaskList) -> Self {
        let places: HashMap<_, _> = list.iter().enumerate().map(|(place, task)| (task.id, place)).collect();
        let mut children = vec![Vec::new(); list.len()];
        let mut roots = Vec::new();
        for (place, task) in list.iter().enumerate() {
            let parent = task.details.as_ref().and_then(|details| details.parent);
            // Older ones come first. An id that was used again is no parent's.
            match parent.and_then(|parent| places.get(&parent)).filter(|parent| **parent < place) {
                Some(&parent) => children[parent].push(place),
                None => roots.push(place),
            }
        }
        let cycles = cycles(list, &places);
        Self { list, roots, children, cycles }
    }

    /// The tasks without a parent.
    pub fn roots(&self) -> impl Iterator<Item = &'a TaskInfo> {
        self.roots.iter().map(|&place| &self.list[place])
    }

    /// The tasks that a task has spawned and that live.
    pub fn children(&self, id: TaskId) -> impl Iterator<Item = &'a TaskInfo> {
        let place = self.list.iter().position(|task| task.id == id);
        place.into_iter().flat_map(|place| &self.children[place]).map(|&child| &self.list[child])
    }

    /// Tasks that wait for each other's end in a circle, each for the next and the last for the first: they wait for ever, unless
    /// one of them waits for something else as well.
    pub fn cycles(&self) -> impl Iterator<Item = Vec<&'a TaskInfo>> {
        self.cycles.iter().map(|cycle| cycle.iter().map(|&place| &self.list[place]).collect())
    }

    /// As one line of JSON: as [`TaskList::to_json`], with `roots`, ids, each task's `children`, ids, and `cycles`, lists of ids.
    #[must_use]
    pub fn to_json(&self) -> String {
        let id = |json: &mut Json, place: &usize| json.text(&self.list[*place].id.to_string());
        let mut json = Json::new();
        json.object(|object| {
            self.list.write_head(object);
            object.member("roots").list(&self.roots, id);
            object.member("tasks").list(self.list.iter().zip(&self.children), |json, (task, children)| {
                json.object(|object| {
                    task.write_json(object);
                    object.member("children").list(children, id);
                });
            });
            object.member("cycles").list(&self.cycles, |json, cycle| json.list(cycle, id));
        });
        json.finish()
    }

    fn write_cycles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cycle in &self.cycles {
            let titles: Vec<_> = cycle.iter().chain(cycle.first()).map(|&place| self.list[place].title()).collect();
            write!(f, "\ncycle, each waits for the next: {}", titles.join(" → "))?;
        }
        Ok(())
    }
}

impl fmt::Display for TaskTree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is to be written next is on top: a task, its depth, and whether it is its parent's last child.
        let push = |stack: &mut Vec<_>, places: &[usize], depth| {
            stack.extend(places.iter().rev().enumerate().map(|(at, &place)| (place, depth, at == 0)));
        };
        let mut stack = Vec::new();
        push(&mut stack, &self.roots, 0);
        // Of the present line's ancestors: whether a sibling follows.
        let mut rails: Vec<bool> = Vec::new();
        while let Some((place, depth, is_last)) = stack.pop() {
            rails.truncate(depth);
            for rail in rails.iter().take(DEPTH) {
                f.write_str(if *rail { "│   " } else { "    " })?;
            }
            f.write_str(if is_last { "└── " } else { "├── " })?;
            if depth > DEPTH {
                write!(f, "(at depth {depth}) ")?;
            }
            writeln!(f, "{}", self.list[place])?;
            rails.push(!is_last);
            push(&mut stack, &self.children[place], depth + 1);
        }
        write!(f, "{}", self.list.summary())?;
        self.write_cycles(f)
    }
}

/// The circles of tasks of which each waits for the next.
fn cycles(list: &TaskList, places: &HashMap<TaskId, usize>) -> Vec<Vec<usize>> {
    let awaiter = |place: usize| {
        let details = list[place].details.as_ref().filter(|details| details.is_awaited_now)?;
        places.get(&details.awaited_by?).copied()
    };
    let mut cycles = Vec::new();
    // By which walk a task was met first: each has one awaiter at most, so a walk that meets its own path has gone round.
    let mut met = vec![usize::MAX; list.len()];
    for start in 0..list.len() {
        let mut at = Some(start);
        while let Some(place) = at.filter(|&place| met[place] == usize::MAX) {
            met[place] = start;
            at = awaiter(place);
        }
        if let Some(first) = at.filter(|&place| met[place] == start) {
            let mut cycle = vec![first];
            cycle.extend(
                std::iter::successors(awaiter(first), |&place| awaiter(place)).take_while(|&place| place != first),
            );
            // From who waits to what it waits for.
            cycle.reverse();
            cycles.push(cycle);
        }
    }
    cycles
}
