//! tenter's reactor on select(2).
