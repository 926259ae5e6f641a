//! Async I/O over any file descriptor, and time, for the tenter runtime.
