//! The work-stealing scheduler of the tenter runtime.
