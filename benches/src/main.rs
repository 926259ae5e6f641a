//! Benchmarks of tenter beside its peers.
fn main() {}
