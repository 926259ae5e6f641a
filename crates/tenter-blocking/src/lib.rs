//! The blocking pool of the tenter runtime.
