//! Systems that are no Unix: no such limits, and no version that the standard library tells.

use super::Limit;

pub(super) fn limits() -> Vec<Limit> {
    Vec::new()
}

pub(super) fn kernel() -> Option<String> {
    None
}
