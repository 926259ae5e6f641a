//! TCP for the tenter runtime.
