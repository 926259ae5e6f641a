//! Addresses and names.

#[path = "../../tenter-io/tests/common/mod.rs"]
mod common;

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::sync::mpsc;

use futures_lite::future;
use tenter_net::{AsyncToSocketAddrs, TcpListener, TcpStream, resolve};
use tenter_runtime::Builder;

use crate::common::each;

const V4: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
const V6: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 80);

/// What a name stands for, if that is known at the first poll, so without the help of a pool.
fn at_once(name: impl AsyncToSocketAddrs) -> Option<Vec<SocketAddr>> {
    future::block_on(future::poll_once(resolve(name))).map(Result::unwrap)
}

#[test]
fn literals_need_no_pool() {
    assert_eq!(at_once(V4), Some(vec![V4]));
    assert_eq!(at_once(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80)), Some(vec![V4]));
    assert_eq!(at_once(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0)), Some(vec![V6]));
    assert_eq!(at_once((V4.ip(), 80)), Some(vec![V4]));
    assert_eq!(at_once((Ipv4Addr::LOCALHOST, 80)), Some(vec![V4]));
    assert_eq!(at_once((Ipv6Addr::LOCALHOST, 80)), Some(vec![V6]));
    assert_eq!(at_once("127.0.0.1:80"), Some(vec![V4]));
    assert_eq!(at_once("[::1]:80".to_owned()), Some(vec![V6]));
    assert_eq!(at_once(("127.0.0.1", 80)), Some(vec![V4]));
    assert_eq!(at_once(("::1".to_owned(), 80)), Some(vec![V6]));
    assert_eq!(at_once([V4, V6].as_slice()), Some(vec![V4, V6]));
    let borrowed: &SocketAddr = &V6;
    assert_eq!(at_once(borrowed), Some(vec![V6]));
}

#[test]
fn what_is_no_address_is_refused_with_advice() {
    for bad in ["", "localhost", "localhost:", "localhost:http", "localhost:65536", ":80", "localhost:-1"] {
        let error = future::block_on(resolve(bad)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{bad}");
        assert!(error.to_string().contains("host:port"), "{error}");
    }
    let none = future::block_on(TcpStream::connect([].as_slice())).unwrap_err();
    assert_eq!(none.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn names_are_looked_up_and_every_address_is_tried() {
    each(|| async {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let addrs = resolve(("localhost", port)).await.unwrap();
        assert!(addrs.iter().all(|addr| addr.ip().is_loopback() && addr.port() == port), "{addrs:?}");
        let stream = TcpStream::connect(("localhost".to_owned(), port)).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
        // The first that accepts, wherever it stands.
        let refused = SocketAddr::from(([127, 0, 0, 1], 1));
        let stream = TcpStream::connect([refused, refused, listener.local_addr().unwrap()].as_slice()).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
        let taken = listener.local_addr().unwrap();
        let other = TcpListener::bind([taken, ([127, 0, 0, 1], 0).into()].as_slice()).await.unwrap();
        assert_ne!(other.local_addr().unwrap(), taken);
    });
}

#[test]
fn when_every_address_fails_the_error_tells_of_each() {
    each(|| async {
        let refused = [1, 2].map(|host| SocketAddr::from(([127, 0, 0, host], 1)));
        let error = TcpStream::connect(refused.as_slice()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        for addr in refused {
            assert!(error.to_string().contains(&addr.to_string()), "{error}");
        }
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = taken.local_addr().unwrap();
        let error = TcpListener::bind([addr, addr].as_slice()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let source = error.get_ref().and_then(Error::source).expect("the last one's error");
        assert!(source.is::<io::Error>());
    });
}

#[test]
fn without_a_thread_for_the_question_a_name_is_an_error() {
    let runtime = Builder::new_current_thread().thread_stack_size(usize::MAX / 2).build().unwrap();
    let error = runtime.block_on(resolve("localhost:80")).unwrap_err();
    assert!(error.to_string().contains("could not start"), "{error}");
    assert_eq!(runtime.block_on(resolve("127.0.0.1:80")).unwrap(), [V4]);
}

#[test]
fn a_question_that_was_not_asked_before_the_end_of_its_runtime_must_be_asked_in_the_next() {
    let runtime = || Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let first = runtime();
    // The pool's thread has something else to do.
    let ((begun, begins), (release, held)) = (mpsc::channel(), mpsc::channel::<()>());
    let busy = first.unblock(move || (begun.send(()).unwrap(), held.recv().unwrap_err()));
    busy.detach();
    begins.recv().unwrap();
    let mut asked = Box::pin(resolve("localhost:80"));
    assert!(first.block_on(future::poll_once(&mut asked)).is_none());
    drop(first);
    drop(release);
    assert!(!runtime().block_on(asked).unwrap().is_empty());
}
