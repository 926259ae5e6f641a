//! tenter's reactor on poll(2).
