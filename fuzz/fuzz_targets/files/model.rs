//! A file and what has to be in it.

use std::fs::OpenOptions as Blocking;
use std::future::{Future, poll_fn};
use std::io::{Read, SeekFrom};
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, Instant};

use tenter::fs::{File, OpenOptions};
use tenter::future::yield_now;
use tenter::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use crate::Polls;
use crate::left::{LONG, SIZES, descriptors};

/// The file has no name that could be left behind, but every process has one for what it has open.
fn disk() -> &'static (std::fs::File, String) {
    static DISK: OnceLock<(std::fs::File, String)> = OnceLock::new();
    DISK.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("tenter-fuzz-files-{}", std::process::id()));
        let file = Blocking::new().read(true).write(true).create_new(true).open(&path).expect("a directory for this");
        std::fs::remove_file(path).expect("it was just made");
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        (file, path)
    })
}

/// Polls a future so many times and drops it, or awaits it.
async fn drive<F: Future>(polls: Polls, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let Some(polls) = polls else { return Some(future.await) };
    for _ in 0..polls % 5 {
        if let Poll::Ready(output) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

pub(crate) async fn go_on(turns: u8) {
    for _ in 0..turns {
        yield_now().await;
    }
}

/// A length whose buffer is counted.
pub(crate) fn length(length: u16) -> usize {
    SIZES.start + usize::from(length) % SIZES.len()
}

/// A copy that is larger than what is counted.
fn uncounted(bytes: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len().max(SIZES.end));
    copy.extend_from_slice(bytes);
    copy
}

pub(crate) struct Model {
    /// With whether it appends.
    open: Option<(File, bool)>,
    /// How many descriptors there are while the file is closed.
    closed: usize,
    content: Vec<u8>,
    position: usize,
    /// What was there before the last write, if that was taken and not flushed.
    before: Option<Vec<u8>>,
    steps: usize,
}

impl Model {
    /// An empty file that is closed.
    pub(crate) fn new() -> Self {
        disk().0.set_len(0).expect("it can be emptied");
        Self { open: None, closed: 0, content: uncounted(&[]), position: 0, before: None, steps: 0 }
    }

    /// There is a runtime now, and the file is closed.
    pub(crate) fn begin(&mut self) {
        self.closed = descriptors();
    }

    pub(crate) fn is_odd(&self) -> bool {
        self.steps % 2 == 1
    }

    /// An open that is dropped leaves the file closed.
    pub(crate) async fn open(&mut self, append: bool, polls: Polls) {
        self.close().await;
        let mut options = OpenOptions::new();
        let opening = options.read(true).write(!append).append(append).open(&disk().1);
        match drive(polls, opening).await {
            Some(file) => self.open = Some((file.expect("it can be opened"), append)),
            None => self.expect_closed().await,
        }
        self.position = 0;
    }

    /// A read that is dropped has not moved.
    pub(crate) async fn read(&mut self, length: usize, polls: Polls) {
        self.steps += 1;
        let Some((file, _)) = &mut self.open else { return };
        let mut buffer = vec![0; length];
        let Some(count) = drive(polls, file.read(&mut buffer)).await else { return };
        let count = count.expect("it can be read");
        let there = self.content.get(self.position..).unwrap_or_default();
        assert_eq!(count == 0, there.is_empty() || length == 0, "the end of the file");
        assert!(count <= there.len() && buffer[..count] == there[..count], "bytes that are not there");
        self.position += count;
    }

    /// A write that is dropped took nothing. One that returned took all, and what it took takes place whatever is dropped.
    pub(crate) async fn write(&mut self, given: u16, fill: u8, polls: Polls) {
        self.steps += 1;
        let Some((file, append)) = &mut self.open else { return };
        let bytes: Vec<u8> = (0..length(given)).map(|index| fill.wrapping_add((index % 251) as u8)).collect();
        let Some(count) = drive(polls, file.write(&bytes)).await else { return };
        assert_eq!(count.expect("it can be written"), bytes.len());
        self.before = Some(uncounted(&self.content));
        if *append {
            self.position = self.content.len();
        }
        let end = self.position + bytes.len();
        self.content.resize(self.content.len().max(end), 0);
        self.content[self.position..end].copy_from_slice(&bytes);
        self.position = end;
    }

    /// A seek that is dropped may have taken place; the next one says where the file is.
    pub(crate) async fn seek(&mut self, seek: SeekFrom, polls: Polls) {
        self.steps += 1;
        let Some((file, _)) = &mut self.open else { return };
        let target = match seek {
            SeekFrom::Start(to) => i64::try_from(to).expect("it is small"),
            SeekFrom::Current(by) => self.position as i64 + by,
            SeekFrom::End(by) => self.content.len() as i64 + by,
        };
        let target = usize::try_from(target).ok();
        match drive(polls, file.seek(seek)).await {
            Some(reached) => assert_eq!(reached.ok().map(|reached| reached as usize), target),
            None => {
                let reached = file.seek(SeekFrom::Current(0)).await.expect("it has a position") as usize;
                assert!(reached == self.position || Some(reached) == target, "it is at {reached}");
                self.position = reached;
                return;
            }
        }
        self.position = target.unwrap_or(self.position);
    }

    /// A change of length that is dropped took place or did not; the length says which.
    pub(crate) async fn set_len(&mut self, to: u16, polls: Polls) {
        self.steps += 1;
        let Some((file, _)) = &mut self.open else { return };
        let target = usize::from(to);
        let length = match drive(polls, file.set_len(to.into())).await {
            Some(set) => set.map(|()| target).expect("it can be cut off"),
            None => file.metadata().await.expect("it has a length").len() as usize,
        };
        assert!(length == target || length == self.content.len(), "it is {length} long");
        self.content.resize(length, 0);
        self.before = None;
        self.check();
    }

    /// What was taken is in the file.
    pub(crate) async fn flush(&mut self, polls: Polls) {
        let Some((file, _)) = &mut self.open else { return };
        if let Some(flushed) = drive(polls, file.flush()).await {
            flushed.expect("no write fails");
            self.before = None;
            self.check();
        }
    }

    /// Drops the file with what it has under way. When nobody holds it any more, all that was taken is in it.
    pub(crate) async fn close(&mut self) {
        self.open = None;
        self.expect_closed().await;
        self.before = None;
        self.check();
    }

    async fn expect_closed(&self) {
        let end = Instant::now() + LONG;
        while descriptors() > self.closed {
            assert!(Instant::now() < end, "somebody still holds the file");
            tenter::Timer::after(Duration::from_micros(20)).await;
        }
    }

    /// Drops the file, perhaps after its runtime.
    pub(crate) fn end(&mut self) {
        self.open = None;
    }

    /// The runtime has ended. The ring's writes were waited for; a job of the pool may never have begun.
    pub(crate) fn check_end(&self, waited: bool) {
        let disk = self.disk();
        let undone = !waited && self.before.as_ref().is_some_and(|before| *before == disk);
        assert!(undone || disk == self.content, "what was written is not in the file");
    }

    fn check(&self) {
        assert!(self.disk() == self.content, "what was written is not in the file");
    }

    fn disk(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut file = std::fs::File::open(&disk().1).expect("it can be opened");
        file.read_to_end(&mut bytes).expect("it can be read");
        bytes
    }
}
