//! How much a writer holds.

/// When a [`StreamWriter`](crate::StreamWriter) holds its callers up, in bytes: asyncio's `set_write_buffer_limits`.
///
/// The default: [`drain`](crate::StreamWriter::drain) waits from more than 64 KiB down to 16 KiB, and at 1 MiB nothing more
/// is taken.
///
/// ```
/// use tenter_io::{StreamWriter, WriteMarks, duplex};
///
/// tenter_runtime::block_on(async {
///     let (near, _far) = duplex(1);
///     let writer = StreamWriter::with_marks(WriteMarks::high(4).most(8), near);
///     writer.write(b"12345678")?; // nothing is there yet, so all of it is taken
///     assert!(writer.write(b"9").is_err());
///     Ok::<(), tenter_io::WriteError>(())
/// })?;
/// # Ok::<(), tenter_io::WriteError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteMarks {
    high: usize,
    low: Option<usize>,
    most: Option<usize>,
}

impl WriteMarks {
    /// Callers wait if more than `high` bytes are held, until a quarter of it is left.
    pub const fn high(high: usize) -> Self {
        Self { high, low: None, most: None }
    }

    /// Callers wait until at most `low` bytes are left; more than the high mark counts as that.
    #[must_use]
    pub const fn low(self, low: usize) -> Self {
        Self { low: Some(low), ..self }
    }

    /// Nothing is taken while `most` bytes are held, 16 times the high mark if it is not said; no less than one above the high
    /// mark, so that there is something to wait for. What comes before that is taken as a whole, whatever its length.
    #[must_use]
    pub const fn most(self, most: usize) -> Self {
        Self { most: Some(most), ..self }
    }

    pub(super) fn high_mark(&self) -> usize {
        self.high
    }

    pub(super) fn low_mark(&self) -> usize {
        self.low.unwrap_or(self.high / 4).min(self.high)
    }

    /// What holds callers up comes first: who has waited for the low mark is not refused.
    pub(super) fn most_held(&self) -> usize {
        self.most.unwrap_or(self.high.saturating_mul(16)).max(self.high.saturating_add(1))
    }
}

impl Default for WriteMarks {
    fn default() -> Self {
        Self::high(64 * 1024)
    }
}
