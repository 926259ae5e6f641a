//! How files and directories are made.

use std::future::Future;
use std::io;
use std::path::Path;

use crate::File;
use crate::pool::run;
use crate::position;

/// How a file is opened; as [`std::fs::OpenOptions`].
///
/// ```no_run
/// # tenter_runtime::block_on(async {
/// use tenter_fs::OpenOptions;
///
/// let log = OpenOptions::new().append(true).create(true).open("log.txt").await?;
/// # std::io::Result::Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub(crate) options: std::fs::OpenOptions,
    pub(crate) appends: bool,
}

macro_rules! flags {
    ($($(#[$doc:meta])* $flag:ident;)*) => {
        $($(#[$doc])*
        pub fn $flag(&mut self, yes: bool) -> &mut Self {
            self.options.$flag(yes);
            self
        })*
    };
}

impl OpenOptions {
    /// Nothing is allowed yet.
    #[must_use]
    pub fn new() -> Self {
        Self { options: std::fs::OpenOptions::new(), appends: false }
    }

    flags! {
        /// Whether the file can be read.
        read;
        /// Whether the file can be written.
        write;
        /// Whether its contents are thrown away first.
        truncate;
        /// Whether it is made if it does not exist.
        create;
        /// Whether it is made, and must not exist.
        create_new;
    }

    /// Whether all writes go to the end.
    pub fn append(&mut self, yes: bool) -> &mut Self {
        self.options.append(yes);
        self.appends = yes;
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    /// As [`std::fs::OpenOptions::open`]; and if the pool can't take the job.
    ///
    /// # Cancel safety
    /// A file that has been opened is closed again; it may have been made.
    pub fn open<P: AsRef<Path>>(&self, path: P) -> impl Future<Output = io::Result<File>> + Send + use<P> {
        let (path, options, appends) = (path.as_ref().to_owned(), self.options.clone(), self.appends);
        async move {
            run(move || {
                let file = options.open(path)?;
                // `custom_flags` may have said so as well.
                let appends = appends || position::appends(&file);
                Ok(File::new(file, appends))
            })
            .await
        }
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// How a directory is made; as [`std::fs::DirBuilder`].
#[derive(Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    #[cfg(unix)]
    pub(crate) mode: Option<u32>,
}

impl DirBuilder {
    /// One directory, below one that exists.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether those above it are made too, and it may exist already.
    pub fn recursive(&mut self, yes: bool) -> &mut Self {
        self.recursive = yes;
        self
    }

    /// Makes the directory.
    ///
    /// # Errors
    /// As [`std::fs::DirBuilder::create`]; and if the pool can't take the job.
    ///
    /// # Cancel safety
    /// What has begun takes place nevertheless.
    pub fn create<P: AsRef<Path>>(&self, path: P) -> impl Future<Output = io::Result<()>> + Send + use<P> {
        let path = path.as_ref().to_owned();
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(self.recursive);
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
        }
        async move { run(move || builder.create(path)).await }
    }
}
