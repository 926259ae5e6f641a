//! How Windows' sockets differ.
#![cfg(windows)]

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::io;

use tenter_net::{ListenOptions, TcpListener};

use crate::common::each;

/// The option of that name would let anybody take a port away.
#[test]
fn a_port_is_shared_with_nobody() {
    each(|| async {
        let options = ListenOptions::new().reuse_port(true);
        let refused = TcpListener::bind_with("127.0.0.1:0", &options).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported, "{refused}");
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let second = TcpListener::bind(first.local_addr().unwrap()).await.unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse, "{second}");
    });
}
