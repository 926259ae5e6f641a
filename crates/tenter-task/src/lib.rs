//! How a future becomes a task of the tenter runtime.
