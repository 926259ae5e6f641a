//! tenter's reactor on Linux epoll.
