//! A running process asked about its runtimes, through their sockets.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a process has no answer for within this, it has none for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is taken: of some million tasks.
const LONGEST: usize = 1 << 28;

/// Of an answer's first line.
const LONGEST_HEAD: usize = 64;

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    Process(u32),
    Socket(PathBuf),
}

/// Asks all runtimes of a process; the answers as they are to be printed.
pub(crate) fn ask(whom: &Whom, command: &str, json: bool) -> Result<String, String> {
    let sockets = match whom {
        Whom::Socket(path) => vec![path.clone()],
        Whom::Process(pid) => tenter::inspect_sockets(*pid).map_err(|error| error.to_string())?,
    };
    let format = if json { "json" } else { "text" };
    let mut text = String::new();
    let mut refused = None;
    for path in &sockets {
        match ask_one(path, &format!("tenter 1 {command} {format}\n")) {
            Ok(answer) => {
                if !json && !text.is_empty() {
                    text.push('\n');
                }
                text += &printable(&answer);
            }
            // Of a process that is gone, or a runtime that just ended.
            Err(error) => refused = Some(format!("{}: {error}", path.display())),
        }
    }
    match (text.is_empty(), refused, whom) {
        (false, ..) => Ok(text),
        (true, Some(refused), _) => Err(refused),
        (true, None, Whom::Process(pid)) => Err(format!(
            "process {pid} has no socket to be asked through: start it with TENTER_INSPECT=1, or have it call `Builder::inspect`"
        )),
        (true, None, Whom::Socket(path)) => Err(format!("{}: there was no answer", path.display())),
    }
}

fn ask_one(path: &Path, question: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    converse(&mut stream, question)
}

/// Sends the question and takes the answer, from whoever it is.
fn converse(stream: &mut (impl Read + Write), question: &str) -> io::Result<String> {
    let wrong = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    stream.write_all(question.as_bytes())?;
    let mut head = Vec::new();
    while head.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > LONGEST_HEAD {
            return Err(wrong("the answer is none of tenter's"));
        }
    }
    let head = String::from_utf8(head).map_err(|_| wrong("the answer is none of tenter's"))?;
    let words: Vec<_> = head.split_whitespace().collect();
    let ["tenter", _, word, len] = words[..] else { return Err(wrong("the answer is none of tenter's")) };
    let len = len.parse().ok().filter(|len| *len <= LONGEST).ok_or_else(|| wrong("the answer is too long"))?;
    let mut text = Vec::new();
    stream.take(len as u64).read_to_end(&mut text)?;
    if text.len() < len {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    if word == "ok" { Ok(text) } else { Err(io::Error::other(printable(&text))) }
}

/// Without what could upset a terminal: a process may have put anything into its answer.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// An answer that was recorded, to whatever is asked.
    struct Tape(Cursor<Vec<u8>>);

    impl Read for Tape {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }

    impl Write for Tape {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answer(tape: &[u8]) -> io::Result<String> {
        converse(&mut Tape(Cursor::new(tape.to_vec())), "tenter 1 ps text\n")
    }

    #[test]
    fn answers_are_taken_whole_or_not_at_all() {
        assert_eq!(answer(b"tenter 1 ok 5\nhello").unwrap(), "hello");
        assert_eq!(answer(b"tenter 1 ok 0\n").unwrap(), "");
        assert_eq!(answer(b"tenter 1 error 2\nno").unwrap_err().to_string(), "no");
        assert_eq!(answer(b"tenter 1 ok 6\nhello").unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(answer(b"").unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let long = [b'x'; 1000];
        for wrong in [&b"HTTP/1.1 400\n"[..], b"tenter 1 ok -1\n", b"tenter 1 ok 99999999999\n", b"\xff\xff\n", &long] {
            assert_eq!(answer(wrong).unwrap_err().kind(), ErrorKind::InvalidData, "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        assert_eq!(printable("a\u{1b}[2J\r\n\u{9b}é"), "a\u{fffd}[2J\u{fffd}\n\u{fffd}é");
    }
}
