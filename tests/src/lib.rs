//! The tests of this package live beside it, a folder per promise.
