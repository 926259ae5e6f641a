//! The attribute macros of the tenter runtime.
