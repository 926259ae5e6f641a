//! One suite that every reactor passes.
