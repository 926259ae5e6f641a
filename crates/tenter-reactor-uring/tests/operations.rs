//! Reads and writes on the ring: what is given is given back, whatever happens to whom.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::pipe::pipe;
use tenter_reactor::{Abandoned, Completed, Completions, Events, Operation, Reactor, Ticket, Token};
use tenter_reactor_uring::UringReactor;

/// More than any of this takes.
const LONG: Duration = Duration::from_secs(10);

fn file(content: &[u8]) -> Arc<File> {
    let mut file = File::from(memfd_create("operations", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(content).unwrap();
    Arc::new(file)
}

fn content(file: &File) -> Vec<u8> {
    use std::os::unix::fs::FileExt;
    let mut content = vec![0; file.metadata().unwrap().len() as usize];
    file.read_exact_at(&mut content, 0).unwrap();
    content
}

fn ends() -> (Arc<File>, Arc<File>) {
    let (read, write) = pipe().unwrap();
    (Arc::new(File::from(read)), Arc::new(File::from(write)))
}

fn submit(reactor: &UringReactor, operation: Operation, token: Token) -> Ticket {
    reactor.submit(operation, token).unwrap()
}

/// Waits for the end of an operation, which must be an event of its token.
fn finish(reactor: &UringReactor, mut ticket: Ticket, token: Token) -> Completed {
    let mut events = Events::with_capacity(8);
    let end = Instant::now() + LONG;
    let mut reported = false;
    loop {
        match reactor.take(ticket) {
            Ok(completed) => {
                assert!(reported, "over, and no event has said so");
                return completed;
            }
            Err(unfinished) => ticket = unfinished,
        }
        assert!(!reported && Instant::now() < end, "reported: {reported}");
        reactor.wait(&mut events, Some(LONG)).unwrap();
        reported |= events.iter().any(|event| event.token == token);
    }
}

/// Waits until nobody but the caller has the file.
fn expect_alone(reactor: &UringReactor, file: &Arc<File>) {
    let end = Instant::now() + LONG;
    while Arc::strong_count(file) > 1 {
        assert!(Instant::now() < end, "the file is held: {} owners", Arc::strong_count(file));
        reactor.wait(&mut Events::with_capacity(8), Some(Duration::from_millis(1))).unwrap();
    }
}

#[test]
fn what_is_read_and_written_must_be_where_it_belongs() {
    let reactor = UringReactor::new().unwrap();
    let file = file(b"0123456789");
    let ticket = submit(&reactor, Operation::write(file.clone(), b"abc".to_vec(), Some(4)), Token(1));
    let Completed { result, operation, .. } = finish(&reactor, ticket, Token(1));
    assert_eq!((result.unwrap(), operation.buffer), (3, b"abc".to_vec()));
    drop(operation.file);
    assert_eq!(content(&file), b"0123abc789");

    let ticket = submit(&reactor, Operation::read(file.clone(), vec![b'-'; 8], Some(3)), Token(2));
    let Completed { result, operation, .. } = finish(&reactor, ticket, Token(2));
    assert_eq!((result.unwrap(), operation.buffer), (7, b"3abc789-".to_vec()));
    drop(operation.file);
    let ticket = submit(&reactor, Operation::read(file.clone(), vec![0; 8], Some(10)), Token(3));
    let completed = finish(&reactor, ticket, Token(3));
    assert_eq!(completed.result.unwrap(), 0, "the end of the file");
    drop(completed.operation);
    expect_alone(&reactor, &file);
}

#[test]
fn an_operation_that_fails_must_say_so_and_give_the_buffer_back() {
    let reactor = UringReactor::new().unwrap();
    let unwritable = Arc::new(File::open("/proc/self/exe").unwrap());
    let ticket = submit(&reactor, Operation::write(unwritable, b"abc".to_vec(), Some(0)), Token(1));
    let completed = finish(&reactor, ticket, Token(1));
    assert_eq!(completed.result.unwrap_err().raw_os_error(), Some(libc::EBADF));
    assert_eq!(completed.operation.buffer, b"abc");
}

#[test]
fn a_wait_that_is_under_way_must_carry_out_what_another_thread_submits() {
    let reactor = Arc::new(UringReactor::new().unwrap());
    let waiter = thread::spawn({
        let reactor = Arc::clone(&reactor);
        move || {
            let mut events = Events::with_capacity(8);
            reactor.wait(&mut events, Some(LONG)).unwrap();
            events.iter().next().map(|event| event.token)
        }
    });
    thread::sleep(Duration::from_millis(20));
    let ticket = submit(&reactor, Operation::read(file(b"abc"), vec![0; 3], Some(0)), Token(7));
    assert_eq!(waiter.join().unwrap(), Some(Token(7)));
    assert_eq!(reactor.take(ticket).unwrap().operation.buffer, b"abc");
}

/// The kernel cancels what a thread has submitted when the thread ends, or while it is being ended.
#[test]
fn an_operation_must_go_on_when_the_thread_that_submitted_it_ends() {
    let reactor = Arc::new(UringReactor::new().unwrap());
    let (read, write) = ends();
    let ticket = submit(&reactor, Operation::read(read, vec![0; 3], None), Token(1));
    // Submits it, and ends.
    thread::scope(|scope| {
        scope.spawn(|| reactor.wait(&mut Events::with_capacity(8), Some(Duration::from_millis(20))).unwrap());
    });
    (&*write).write_all(b"abc").unwrap();
    let completed = finish(&reactor, ticket, Token(1));
    assert_eq!((completed.result.unwrap(), completed.operation.buffer), (3, b"abc".to_vec()));
}

#[test]
fn an_abandoned_read_must_let_go_of_its_file_and_take_nothing() {
    let reactor = UringReactor::new().unwrap();
    for begun in [false, true] {
        let (read, write) = ends();
        let ticket = submit(&reactor, Operation::read(read.clone(), vec![0; 3], None), Token(1));
        if begun {
            reactor.wait(&mut Events::with_capacity(8), Some(Duration::from_millis(1))).unwrap();
        }
        reactor.abandon(ticket, Abandoned::Cancelled);
        expect_alone(&reactor, &read);
        (&*write).write_all(b"abc").unwrap();
        let mut bytes = [0; 3];
        (&*read).read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"abc");
    }
}

/// More than the pipe holds, so that the kernel writes it in parts, and nobody waits for it.
#[test]
fn an_abandoned_write_must_be_written_whole() {
    const LENGTH: usize = 300_000;
    let reactor = Arc::new(UringReactor::new().unwrap());
    let (read, write) = ends();
    let bytes: Vec<u8> = (0..LENGTH).map(|index| (index % 251) as u8).collect();
    let ticket = submit(&reactor, Operation::write(write.clone(), bytes.clone(), None), Token(1));
    reactor.abandon(ticket, Abandoned::Finished);
    let reader = thread::spawn(move || {
        let mut received = vec![0; LENGTH];
        (&*read).read_exact(&mut received).unwrap();
        received
    });
    expect_alone(&reactor, &write);
    assert_eq!(reader.join().unwrap(), bytes);
}

/// A buffer that is freed while the kernel has it would be written into later, when it is somebody else's.
#[test]
fn a_reactor_that_is_dropped_must_end_its_operations_first() {
    let canary = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0x5a);
    for _ in 0..20 {
        let reactor = UringReactor::new().unwrap();
        let (read, write) = ends();
        let file = file(b"");
        let _reads = submit(&reactor, Operation::read(read.clone(), vec![0; 4096], None), Token(1));
        let _writes = submit(&reactor, Operation::write(file.clone(), b"kept".to_vec(), Some(0)), Token(2));
        reactor.wait(&mut Events::with_capacity(1), Some(Duration::from_millis(1))).unwrap();
        let _late = submit(&reactor, Operation::write(file.clone(), b"also".to_vec(), Some(4)), Token(3));
        drop(reactor);
        assert_eq!((Arc::strong_count(&read), Arc::strong_count(&file)), (1, 1));
        assert_eq!(content(&file), b"keptalso");
        // The same allocation, most likely.
        let reused = vec![0x5a; 4096];
        (&*write).write_all(&[1; 64]).unwrap();
        thread::sleep(Duration::from_millis(1));
        assert!(canary(&reused), "the kernel has written into memory that was freed");
    }
}

#[test]
fn a_dropped_reactor_must_not_wait_for_a_write_for_ever() {
    let reactor = UringReactor::new().unwrap();
    let (read, write) = ends();
    let _ticket = submit(&reactor, Operation::write(write.clone(), vec![1; 1 << 20], None), Token(1));
    reactor.wait(&mut Events::with_capacity(1), Some(Duration::from_millis(1))).unwrap();
    let start = Instant::now();
    drop(reactor);
    assert!(start.elapsed() < LONG);
    assert_eq!(Arc::strong_count(&write), 1);
    drop((OwnedFd::from(Arc::into_inner(write).unwrap()), read));
}
