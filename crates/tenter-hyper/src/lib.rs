//! hyper 1 on the tenter runtime.
