//! What every Unix tells.

use rustix::process::{Resource, getrlimit};
use rustix::system::uname;

use super::Limit;

pub(super) fn limits() -> Vec<Limit> {
    let limit = |name, resource, unit| {
        let found = getrlimit(resource);
        Limit { name, soft: found.current, hard: found.maximum, unit }
    };
    vec![
        limit("nofile", Resource::Nofile, "open files"),
        limit("nproc", Resource::Nproc, "threads and processes"),
        limit("memlock", Resource::Memlock, "bytes of locked memory"),
    ]
}

pub(super) fn kernel() -> Option<String> {
    uname().release().to_str().ok().map(str::to_owned)
}
