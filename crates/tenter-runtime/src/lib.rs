//! Scheduler, driver, blocking pool and reactors, put together: Runtime, Builder, Handle.
