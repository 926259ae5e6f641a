//! Sources and timers over any tenter reactor.
