//! `Unblock<T>`: an object that blocks, made asynchronous on the blocking pool.
//!
//! The object is at *home* in the [`Unblock`], or *away* with a job on the pool, one at a time. What jobs bring back lies
//! here ([`Inbox`], [`Items`](items::Items)) until somebody takes it, so a future that is dropped while its job is under
//! way loses nothing: the next operation waits for the same job.

mod errand;
mod inbox;
mod items;
mod outbox;
mod state;
mod streams;

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::sync::{Arc, Mutex};

use self::errand::lock;
use self::inbox::Inbox;
use self::state::{Report, State, What};

/// An object whose operations block ([`Read`](std::io::Read), [`Write`](std::io::Write), [`Seek`](std::io::Seek),
/// [`Iterator`], or any other), used from async code: they run on the ambient runtime's blocking pool, one at a time.
///
/// It has [`AsyncRead`](futures_io::AsyncRead), [`AsyncWrite`](futures_io::AsyncWrite),
/// [`AsyncSeek`](futures_io::AsyncSeek) or [`Stream`](futures_core::Stream), as far as `T` has what they stand for; for
/// all else there is [`with_mut`](Self::with_mut).
///
/// ```
/// use std::fs::File;
/// use std::io::SeekFrom;
/// use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
/// use tenter_io::Unblock;
///
/// # let path = std::env::temp_dir().join(format!("tenter-unblock-{}", std::process::id()));
/// tenter_runtime::block_on(async {
///     let file = File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
///     let mut file = Unblock::new(file);
///     file.write_all(b"to the disk and back").await?;
///     file.seek(SeekFrom::Start(7)).await?;
///     let mut text = String::new();
///     file.read_to_string(&mut text).await?;
///     assert_eq!(text, "disk and back");
///     file.close().await?;
///     std::fs::remove_file(&path)
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # How it goes about it
/// - *Reading* fetches one buffer at a time, 8 KiB at first and up to 1 MiB while that is filled. It reads when asked and
///   not before. What one read brings and nobody takes is there for the next.
/// - *Writing* copies and returns; a job writes it in the background, whether or not somebody waits. Errors meet the
///   next write or flush. What was written last is with the object for certain only after
///   [`flush`](futures_io::AsyncWrite::poll_flush): flush before dropping, or exiting.
/// - A *stream* of an iterator's items runs up to 1024 items ahead.
/// - *Seeking* counts from where the reader is, not from where the object is, which may be ahead. As with the C library's
///   files, seek between reading and writing.
///
/// # Errors
/// Those of the object come through. If the blocking pool was shut down or can't start a thread, operations give an
/// error, the object stays, and [`into_inner`](Self::into_inner) gives it back. After
/// [`close`](futures_io::AsyncWrite::poll_close) there is none, and operations say
/// [`NotConnected`](io::ErrorKind::NotConnected).
///
/// # Panics
/// A panic of the object's own code is resumed where the operation, or the next one if that was dropped, is awaited. The
/// object stays, as the panic left it. A stream, which has no other way to say so, panics if the pool refuses its job.
///
/// # Cancel safety
/// Dropping a future of it loses nothing; what its job does goes on, and the next operation waits for it. So a read that
/// blocks for ever, of a terminal say, makes all further ones wait. Dropping the `Unblock` itself leaves a job that has
/// begun to its end, writes all that was written (but does not flush), and calls off any other job. The end of a runtime
/// waits for none.
pub struct Unblock<T> {
    state: State<T>,
    /// How much may lie here, if it was said.
    capacity: Option<usize>,
    inbox: Inbox,
    /// An `Arc<Items<T::Item>>`, once it was used as a stream.
    items: Option<Box<dyn Any + Send + Sync>>,
    /// How to flush, if there is something to be.
    unflushed: Option<fn(&mut T) -> io::Result<()>>,
    /// What went wrong with writing since that was last told.
    write_error: Option<io::Error>,
    /// Where a seek went that nobody has asked about since, and how.
    sought: Option<(SeekFrom, io::Result<u64>)>,
}

impl<T> Unblock<T> {
    /// Wraps an object.
    ///
    /// ```
    /// use futures_lite::StreamExt;
    /// use tenter_io::Unblock;
    ///
    /// tenter_runtime::block_on(async {
    ///     let mut entries = Unblock::new(std::fs::read_dir(".")?);
    ///     while let Some(entry) = entries.next().await {
    ///         assert!(!entry?.file_name().is_empty());
    ///     }
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn new(object: T) -> Self {
        Self::build(None, object)
    }

    /// Wraps an object, with limits of choice: so many bytes are read at a time at most, so many written bytes wait, or so
    /// many items of an iterator are fetched ahead. At least one is.
    ///
    /// ```
    /// use futures_lite::AsyncReadExt;
    /// use tenter_io::Unblock;
    ///
    /// let text = tenter_runtime::block_on(async {
    ///     let mut text = String::new();
    ///     Unblock::with_capacity(2, &b"two bytes at a time"[..]).read_to_string(&mut text).await?;
    ///     Ok::<_, std::io::Error>(text)
    /// })?;
    /// assert_eq!(text, "two bytes at a time");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize, object: T) -> Self {
        Self::build(Some(capacity), object)
    }

    fn build(capacity: Option<usize>, object: T) -> Self {
        Self {
            state: State::Home(Box::new(object)),
            capacity,
            inbox: Inbox::new(),
            items: None,
            unflushed: None,
            write_error: None,
            sought: None,
        }
    }

    /// The object itself, as soon as no job has it any more. Its operations block.
    ///
    /// Whoever takes it takes its position: what was read or fetched ahead and not taken is forgotten. To have a file at
    /// the reader's position, `seek(SeekFrom::Current(0))` before.
    ///
    /// ```
    /// use std::process::{Command, Stdio};
    /// use tenter_io::Unblock;
    ///
    /// # #[cfg(unix)]
    /// tenter_runtime::block_on(async {
    ///     let mut child = Unblock::new(Command::new("true").stdin(Stdio::null()).spawn()?);
    ///     assert!(child.get_mut().await.id() > 0);
    ///     assert!(child.with_mut(|child| child.wait()).await?.success());
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// If it was closed; and with the panic of an operation that was dropped.
    ///
    /// # Cancel safety
    /// Nothing but what is forgotten anyway is lost.
    pub async fn get_mut(&mut self) -> &mut T {
        self.come_home().await;
        match &mut self.state {
            State::Home(object) => object,
            State::Away(..) | State::Gone => panic!("{CLOSED}"),
        }
    }

    /// Runs an operation on the object on the blocking pool. What was read ahead is forgotten as with
    /// [`get_mut`](Self::get_mut).
    ///
    /// ```
    /// use tenter_io::Unblock;
    ///
    /// let len = tenter_runtime::block_on(async {
    ///     let mut file = Unblock::new(std::fs::File::open("Cargo.toml")?);
    ///     file.with_mut(|file| file.metadata()).await.map(|metadata| metadata.len())
    /// })?;
    /// assert!(len > 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// With the operation's panic, or that of one that was dropped before; if it was closed; if the pool was shut down or
    /// can't start a thread.
    ///
    /// # Cancel safety
    /// An operation that has begun goes on to its end, and its result is lost.
    pub async fn with_mut<R, F>(&mut self, op: F) -> R
    where
        F: FnOnce(&mut T) -> R + Send + 'static,
        R: Send + 'static,
        T: Send + 'static,
    {
        self.come_home().await;
        let place = Arc::new(Mutex::new(None));
        let result = place.clone();
        let call = move |object: &mut T| {
            let done = op(object);
            *lock(&result) = Some(done);
            Report::Nothing
        };
        if let Err(error) = self.send(What::Calling, call) {
            panic!("{error}");
        }
        poll_fn(|cx| self.poll_home(cx)).await;
        let done = lock(&place).take();
        done.unwrap_or_else(|| panic!("{}", state::CALLED_OFF))
    }

    /// Gives the object back, as soon as no job has it any more. It is not flushed; what was read ahead is forgotten as
    /// with [`get_mut`](Self::get_mut).
    ///
    /// ```
    /// use futures_lite::AsyncWriteExt;
    /// use tenter_io::Unblock;
    ///
    /// let bytes = tenter_runtime::block_on(async {
    ///     let mut sink = Unblock::new(Vec::new());
    ///     sink.write_all(b"kept").await?;
    ///     Ok::<_, std::io::Error>(sink.into_inner().await)
    /// })?;
    /// assert_eq!(bytes, b"kept");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    /// As `get_mut`.
    ///
    /// # Cancel safety
    /// Dropping the future drops the `Unblock`.
    pub async fn into_inner(self) -> T {
        let mut this = self;
        this.come_home().await;
        match std::mem::replace(&mut this.state, State::Gone) {
            State::Home(object) => *object,
            State::Away(..) | State::Gone => panic!("{CLOSED}"),
        }
    }

    /// Waits for the job that is under way, and forgets what jobs have left.
    async fn come_home(&mut self) {
        poll_fn(|cx| self.poll_home(cx)).await;
        self.inbox.forget();
        self.items = None;
        self.sought = None;
    }
}

const CLOSED: &str = "the object was closed and is gone";

impl<T> Drop for Unblock<T> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Away(errand, What::Writing(_)) => errand.detach(),
            State::Away(_, what) => what.stop(),
            State::Home(_) | State::Gone => {}
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Unblock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Unblock");
        match &self.state {
            State::Home(object) => out.field("io", object),
            State::Away(_, what) => out.field("io", &format_args!("<{what}>")),
            State::Gone => out.field("io", &format_args!("<closed>")),
        };
        out.finish()
    }
}
