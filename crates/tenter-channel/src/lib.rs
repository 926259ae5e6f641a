//! Channels that know no runtime: mpmc and oneshot.
