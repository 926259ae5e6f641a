//! The table as Markdown, and its place in the guide.

use std::fmt::Write;

use super::results::{Column, Results};

/// Which reactors a system has.
struct System {
    name: &'static str,
    reactors: &'static [&'static str],
}

/// Every reactor of tenter's.
const REACTORS: [&str; 7] = ["epoll", "uring", "kqueue", "iocp", "poll", "select", "polling"];

/// Every system that tenter is compiled for and has reactors on.
const SYSTEMS: [System; 4] = [
    System { name: "Linux", reactors: &["epoll", "uring", "poll", "select", "polling"] },
    System { name: "macOS", reactors: &["kqueue", "poll", "select", "polling"] },
    System { name: "FreeBSD, NetBSD", reactors: &["kqueue", "poll", "select", "polling"] },
    System { name: "Windows", reactors: &["iocp", "poll", "select", "polling"] },
];

const BEGIN: &str = "<!-- `cargo run --release -p tenter-benches -- reactors --write` writes from here … -->";
const END: &str = "<!-- … to here. -->";

const HEAD: &str = "\
| system | reactor | conformance | full suite | echo requests/s | CPU per request | sources |
|---|---|---|---|---|---|---|
";

/// What nobody has measured of a reactor that has run.
const UNMEASURED: &str = "not measured";
/// What nobody has run.
const COMPILED: &str = "compile-checked only";
/// What there is nothing to run of.
const ABSENT: &str = "not there";

/// The table of all that is known, between its marks.
pub(super) fn table(known: &[Results]) -> String {
    let mut text = format!("{BEGIN}\n{HEAD}");
    for system in &SYSTEMS {
        let here: Vec<&Results> = known.iter().filter(|results| results.system.starts_with(system.name)).collect();
        let name = here.iter().rev().map(|results| results.system.as_str()).max_by_key(|name| name.len());
        rows(&mut text, name.unwrap_or(system.name), system, &here);
    }
    for results in known.iter().filter(|results| !results.setting.is_empty()) {
        let _ = write!(text, "\n{}: {}.\n", results.system, results.setting);
    }
    text + END + "\n"
}

/// The rows of one system.
fn rows(text: &mut String, name: &str, system: &System, here: &[&Results]) {
    let mut reactors = system.reactors.to_vec();
    for reactor in here.iter().flat_map(|results| results.backends()) {
        if !reactors.contains(&reactor) {
            reactors.push(reactor);
        }
    }
    for reactor in &reactors {
        let known = Column::ALL.map(|column| here.iter().rev().find_map(|results| results.get(reactor, column)));
        let unknown = if known.iter().any(Option::is_some) { UNMEASURED } else { COMPILED };
        let cells = known.map(|cell| cell.unwrap_or(unknown));
        let _ = writeln!(text, "| {name} | {reactor} | {} |", cells.join(" | "));
    }
    let absent: Vec<_> = REACTORS.into_iter().filter(|reactor| !reactors.contains(reactor)).collect();
    if !absent.is_empty() {
        let cells = [ABSENT; Column::ALL.len()].join(" | ");
        let _ = writeln!(text, "| {name} | {} | {cells} |", absent.join(", "));
    }
}

/// The guide with another table; `None` if it has no place for one.
pub(super) fn replaced(guide: &str, table: &str) -> Option<String> {
    let (before, rest) = guide.split_once(BEGIN)?;
    let (_, after) = rest.split_once(&format!("{END}\n"))?;
    Some([before, table, after].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(text: &str) -> Results {
        text.parse().unwrap()
    }

    #[test]
    fn each_cell_is_known_or_said_to_be_unknown() {
        let wine = results("system: Windows (Wine 8.0)\nsetting: x\niocp | conformance | 40 passed");
        let linux = results("system: Linux\nepoll | suite | 9 passed\nnew | suite | 1 passed");
        let table = table(&[linux, wine]);
        assert!(table.contains(
            "| Windows (Wine 8.0) | iocp | 40 passed | not measured | not measured | not measured | not measured |"
        ));
        assert!(table.contains("| Linux | epoll | not measured | 9 passed |"), "{table}");
        assert!(table.contains("| Linux | new | not measured | 1 passed |"), "{table}");
        assert!(table.contains("| Linux | uring | compile-checked only | compile-checked only |"), "{table}");
        assert!(table.contains("| macOS | epoll, uring, iocp | not there |"), "{table}");
        let width = |line: &&str| line.starts_with('|').then(|| line.matches('|').count());
        assert!(table.lines().filter_map(|line| width(&line)).all(|bars| bars == 8), "{table}");
    }

    #[test]
    fn the_guide_has_a_place_for_it() {
        let guide = include_str!("../../../docs/REACTORS.md");
        let new = replaced(guide, &table(&[])).expect("the marks are there");
        assert_eq!(replaced(&new, &table(&[])).unwrap(), new);
        assert_eq!(replaced("nothing", ""), None);
    }
}
