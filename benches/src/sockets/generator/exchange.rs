//! What a client says and what it expects to hear.

use std::io;

/// The same request over and over, and its response.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) request: Vec<u8>,
    /// Length of a response.
    pub(super) expected: usize,
    echo: bool,
}

const HELLO: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const HTTP_OK: &[u8] = b"HTTP/1.1 200 OK\r\n";

impl Exchange {
    /// `size` bytes that come back.
    pub(super) fn echo(size: usize) -> Self {
        let request: Vec<u8> = (0..size).map(|i| (i * 31 + 7) as u8).collect();
        Exchange { expected: request.len(), request, echo: true }
    }

    /// A GET request over HTTP/1.1. How long a response is isn't known until one has been seen whole.
    pub(super) fn http() -> Self {
        Exchange { request: HELLO.to_vec(), expected: 0, echo: false }
    }

    /// Looks at the bytes of a response from `offset` on.
    pub(super) fn check(&self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        let right = if self.echo {
            self.request[offset..].starts_with(bytes)
        } else {
            let head = HTTP_OK.get(offset..).unwrap_or_default();
            let n = head.len().min(bytes.len());
            head[..n] == bytes[..n]
        };
        if right { Ok(()) } else { Err(io::Error::other("the server answers something else")) }
    }
}

/// The length of the HTTP response that `bytes` starts with, if its head is all there.
pub(super) fn http_response_len(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).ok()?.to_ascii_lowercase();
    let body = text.lines().find_map(|line| line.strip_prefix("content-length:"))?;
    Some(head + body.trim().parse::<usize>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_response_is_measured_by_its_head() {
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(http_response_len(response), Some(response.len()));
        assert_eq!(http_response_len(&response[..20]), None);
    }

    #[test]
    fn other_bytes_than_expected_are_an_error() {
        let echo = Exchange::echo(64);
        let request = echo.request.clone();
        assert!(echo.check(0, &request).is_ok() && echo.check(10, &request[10..20]).is_ok());
        assert!(echo.check(1, &request[..3]).is_err());
        let http = Exchange::http();
        assert!(http.check(0, b"HTTP/1.1 200").is_ok() && http.check(5, b"1.1 200 OK\r\nDate").is_ok());
        assert!(http.check(300, b"anything").is_ok());
        assert!(http.check(0, b"HTTP/1.1 500").is_err());
    }
}
