//! Where a chunk ends that ends with one of several delimiters.

use memchr::{memchr, memchr2, memchr3};

/// What a chunk may end with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delimiters<'a> {
    all: &'a [&'a [u8]],
    /// The longest one's length in bytes.
    longest: usize,
}

/// Where a delimiter is, from the first byte of the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'a> Delimiters<'a> {
    /// # Panics
    /// If there is none, or one is empty: such a chunk has no end.
    pub(crate) fn new(all: &'a [&'a [u8]]) -> Self {
        let longest = all.iter().map(|delimiter| delimiter.len()).max().expect("there is a delimiter");
        assert!(all.iter().all(|delimiter| !delimiter.is_empty()), "a delimiter has at least one byte");
        Self { all, longest }
    }

    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// The first delimiter by its end, of those that end behind the first `seen` bytes; of several that end there, the
    /// shortest. One pass, whatever there is: candidates are the places of a delimiter's last byte.
    pub(crate) fn find(&self, bytes: &[u8], seen: usize) -> Option<Found> {
        let mut at = seen;
        while let Some(next) = self.next_last_byte(&bytes[at..]) {
            let end = at + next + 1;
            let ending = self.all.iter().filter(|delimiter| bytes[..end].ends_with(delimiter));
            if let Some(len) = ending.map(|delimiter| delimiter.len()).min() {
                return Some(Found { start: end - len, end });
            }
            at = end;
        }
        None
    }

    /// The next byte that is some delimiter's last.
    fn next_last_byte(&self, bytes: &[u8]) -> Option<usize> {
        let last = |delimiter: &[u8]| delimiter[delimiter.len() - 1];
        match *self.all {
            [a] => memchr(last(a), bytes),
            [a, b] => memchr2(last(a), last(b), bytes),
            [a, b, c] => memchr3(last(a), last(b), last(c), bytes),
            _ => bytes.iter().position(|&byte| self.all.iter().any(|delimiter| last(delimiter) == byte)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shortest start of `bytes` that ends with a delimiter, by trying each.
    fn plainly(all: &[&[u8]], bytes: &[u8]) -> Option<Found> {
        (1..=bytes.len()).find_map(|end| {
            let len = all.iter().filter(|delimiter| bytes[..end].ends_with(delimiter)).map(|it| it.len()).min()?;
            Some(Found { start: end - len, end })
        })
    }

    #[test]
    fn all_texts_of_three_letters_end_where_trying_each_end_says() {
        let sets: [&[&[u8]]; 6] = [
            &[b"a"],
            &[b"ab", b"b"],
            &[b"aab", b"ba", b"c"],
            &[b"abc", b"bc", b"ca", b"aaa"],
            &[b"abcabc", b"cab"],
            &[b"aa", b"aaa"],
        ];
        for (code, all) in (0..3_usize.pow(8)).flat_map(|code| sets.map(|all| (code, all))) {
            let text: Vec<u8> = (0..8).map(|at| b'a' + (code / 3_usize.pow(at) % 3) as u8).collect();
            let expected = plainly(all, &text);
            let delimiters = Delimiters::new(all);
            assert_eq!(delimiters.find(&text, 0), expected, "{text:?}");
            // Looked at as it grows.
            let grown = (0..8).find_map(|seen| delimiters.find(&text[..=seen], seen));
            assert_eq!(grown, expected, "{text:?}, byte by byte");
        }
    }

    #[test]
    #[should_panic(expected = "at least one byte")]
    fn an_empty_delimiter_is_refused() {
        Delimiters::new(&[b"a", b""]);
    }

    #[test]
    #[should_panic(expected = "there is a delimiter")]
    fn no_delimiter_is_refused() {
        Delimiters::new(&[]);
    }
}
