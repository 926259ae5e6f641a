//! What was found out on one system, and the file it is kept in.
//!
//! ```text
//! system: Windows (Wine 8.0)
//! setting: what the figures are of, in one line
//! iocp | conformance | 40 passed, 6 do not apply
//! iocp | suite | 321 passed
//! # a comment
//! ```
//!
//! The columns are `conformance`, `suite`, `echo` (requests per second), `cpu` (per request) and `sources`. A reactor of
//! which nothing is said was compiled at most. The name of the system starts with that in the table.

use std::str::FromStr;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Conformance,
    Suite,
    Echo,
    Cpu,
    Sources,
}

impl Column {
    pub(super) const ALL: [Self; 5] = [Self::Conformance, Self::Suite, Self::Echo, Self::Cpu, Self::Sources];

    /// In result files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Conformance => "conformance",
            Self::Suite => "suite",
            Self::Echo => "echo",
            Self::Cpu => "cpu",
            Self::Sources => "sources",
        }
    }
}

/// What was found out on one system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Results {
    pub(super) system: String,
    pub(super) setting: String,
    cells: Vec<(String, Column, String)>,
}

impl Results {
    pub(super) fn new(system: &str, setting: &str) -> Self {
        Self { system: system.to_owned(), setting: setting.to_owned(), cells: Vec::new() }
    }

    pub(super) fn add(&mut self, backend: &str, column: Column, text: String) {
        self.cells.push((backend.to_owned(), column, text));
    }

    /// What is known of a reactor; what was added last counts.
    pub(super) fn get(&self, backend: &str, column: Column) -> Option<&str> {
        let found = self.cells.iter().rev().find(|(name, what, _)| name == backend && *what == column);
        found.map(|(_, _, text)| text.as_str())
    }

    /// The reactors of which something is known.
    pub(super) fn backends(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|(name, _, _)| name.as_str())
    }
}

impl FromStr for Results {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut results = Self::new("", "");
        for (number, line) in (1..).zip(text.lines()) {
            let wrong = |what: &str| format!("line {number}: {what}: {line:?}");
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(system) = line.strip_prefix("system:") {
                results.system = system.trim().to_owned();
            } else if let Some(setting) = line.strip_prefix("setting:") {
                results.setting = setting.trim().to_owned();
            } else {
                let mut parts = line.splitn(3, '|').map(str::trim);
                let (Some(backend), Some(column), Some(cell)) = (parts.next(), parts.next(), parts.next()) else {
                    return Err(wrong("neither `system:`, `setting:` nor `reactor | column | text`"));
                };
                let column = Column::ALL.into_iter().find(|known| known.name() == column);
                let column = column.ok_or_else(|| wrong("there is no such column"))?;
                if backend.is_empty() || cell.is_empty() || cell.contains('|') {
                    return Err(wrong("a cell is empty, or has a bar in it"));
                }
                results.add(backend, column, cell.to_owned());
            }
        }
        if results.system.is_empty() { Err("it does not say `system:`".to_owned()) } else { Ok(results) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read() {
        let text = "# hello\nsystem: Windows (Wine 8.0)\n\niocp | suite | 3 passed\niocp|suite|4 passed\n";
        let results: Results = text.parse().unwrap();
        assert_eq!(results.system, "Windows (Wine 8.0)");
        assert_eq!(results.get("iocp", Column::Suite), Some("4 passed"));
        assert_eq!(results.get("iocp", Column::Echo), None);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("iocp | suite | 3", "system:"),
            ("system: x\niocp | speed | 3", "line 2: there is no such column"),
            ("system: x\niocp suite 3", "line 2"),
            ("system: x\niocp | suite |", "empty"),
            ("system: x\niocp | suite | a | b", "a bar"),
        ] {
            let error = text.parse::<Results>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
