//! An async runtime whose engine can be swapped: select, poll or epoll behind one API.
