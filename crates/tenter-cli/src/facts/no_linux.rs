//! Systems without Linux's files about itself.

pub(super) fn number_in(_: &str) -> Option<u64> {
    None
}

pub(super) fn seccomp() -> Option<bool> {
    None
}

pub(super) fn online() -> Option<usize> {
    None
}

pub(super) fn quota() -> Option<f64> {
    None
}
