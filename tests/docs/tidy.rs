//! The rules of `docs/STYLE.md` that a machine can check.

use std::collections::BTreeMap;

use crate::{files, none, read, short};

/// As long as a file may be, in lines.
const FILE: usize = 500;

/// As long as a function may be, in lines: from `fn` to its closing brace.
const FUNCTION: usize = 70;

/// Functions that were longer when the rule came: file, name, lines. They may shrink; what fits must leave the list.
const LONG: &[(&str, &str, usize)] = &[];

/// Files without a description that were there when the rule came. What has one must leave the list.
const UNTITLED: &[&str] = &[];

/// What no source has. Written in halves, so that it isn't found here.
const BANNED: &[&str] = &[concat!("todo", "!("), concat!("unimplemented", "!("), concat!("#[", "ignore")];

/// A function: its name, its first line from 1, and how many it has.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    line: usize,
    length: usize,
}

/// The functions of a source that rustfmt has been over: the closing brace stands below the first letter of the `fn` line.
fn functions(source: &str) -> Vec<Function> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let length = match lines[at..].iter().position(|line| is_end(line, indent)) {
            Some(length) => length + 1,
            None => lines.len() - at,
        };
        found.push(Function { name, line: at + 1, length });
    }
    found
}

/// The name of the function that starts in a line.
fn function_name(line: &str) -> Option<String> {
    let (before, after) = line.split_once("fn ")?;
    let known = |word: &str| {
        matches!(word, "pub" | "const" | "async" | "unsafe" | "extern") || word.starts_with("pub(") || word == "\"C\""
    };
    if !before.split_whitespace().all(known) {
        return None;
    }
    let name: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// Whether a function whose first line has this indent ends with this line.
fn is_end(line: &str, indent: &str) -> bool {
    let Some(rest) = line.strip_prefix(indent) else { return false };
    // A declaration, a body of one line, or the closing brace.
    !rest.starts_with(' ') && (rest == "}" || rest.ends_with(';') || (rest.ends_with('}') && rest.contains('{')))
}

#[test]
fn files_hold_one_idea() {
    let mut faults = Vec::new();
    for file in files("rs") {
        let lines = read(&file).lines().count();
        if lines > FILE {
            faults.push(format!("{} has {lines} lines; at most {FILE} are one idea", short(&file)));
        }
    }
    none(&faults);
}

#[test]
fn functions_fit_a_screen() {
    let mut long: BTreeMap<(String, String), usize> = BTreeMap::new();
    for file in files("rs") {
        for function in functions(&read(&file)) {
            if function.length > FUNCTION {
                long.insert((short(&file), function.name), function.length);
            }
        }
    }
    let mut faults = Vec::new();
    for &(file, name, allowed) in LONG {
        match long.remove(&(file.to_owned(), name.to_owned())) {
            Some(length) if length > allowed => faults.push(format!("{file}: {name} grew from {allowed} to {length}")),
            Some(_) => {}
            None => faults.push(format!("{file}: {name} fits now; take it off the list of long functions")),
        }
    }
    faults.extend(long.into_iter().map(|((file, name), n)| format!("{file}: {name} has {n} lines, over {FUNCTION}")));
    none(&faults);
}

#[test]
fn modules_say_what_they_are() {
    let mut faults = Vec::new();
    for file in files("rs") {
        let source = read(&file);
        let mut opening = source.lines().take_while(|line| line.starts_with("#![") || line.starts_with("//! "));
        let titled = opening.any(|line| line.starts_with("//! ") || line.starts_with("#![doc = include_str!"));
        match (titled, UNTITLED.contains(&&*short(&file))) {
            (false, false) => faults.push(format!("{} does not open with `//!`", short(&file))),
            (true, true) => faults.push(format!("{} has a description; take it off the list", short(&file))),
            _ => {}
        }
    }
    none(&faults);
}

#[test]
fn nothing_is_left_for_later() {
    let mut faults = Vec::new();
    for file in files("rs") {
        for (at, line) in read(&file).lines().enumerate() {
            // Examples in documentation may leave out what is not their matter.
            let code = !line.trim_start().starts_with("//");
            if let Some(word) = BANNED.iter().find(|word| code && line.contains(**word)) {
                faults.push(format!("{}:{} has {word}", short(&file), at + 1));
            }
        }
    }
    none(&faults);
}

#[test]
fn functions_are_measured() {
    let source = "\
trait T {
    fn declared(&self);
}
fn short() {}
pub(crate) async fn three() {
    let closure = || {};
}
impl A {
    /// Calls fn and other fn things.
    unsafe fn many<F>(
        f: F,
    ) -> u8
    where
        F: Fn(),
    {
        0
    }
}
type F = fn (u8) -> u8;
";
    let found: Vec<_> = functions(source).into_iter().map(|f| (f.name, f.line, f.length)).collect();
    let expected = [("declared", 2, 1), ("short", 4, 1), ("three", 5, 3), ("many", 10, 8)];
    assert_eq!(found, expected.map(|(name, line, length)| (name.to_owned(), line, length)));
}
