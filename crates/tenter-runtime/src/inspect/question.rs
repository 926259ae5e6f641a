//! What a process is asked through its socket, and how it answers.
//!
//! A question is a line, `tenter 1 COMMAND FORMAT`: the version of the protocol, one of `ps`, `pstree` and `stat`, one of `text`
//! and `json`. The answer is a line, `tenter 1 ok LENGTH` or `tenter 1 error LENGTH`, and a text of so many bytes: what was asked
//! for, or why it can't be had. Then the connection ends.

use crate::Handle;

/// The version of the protocol.
const VERSION: &str = "1";

/// The longest question, its end of line included, in bytes.
pub(super) const LONGEST: usize = 64;

/// The answer to a question, whatever it is: all of what is to be sent.
pub(super) fn answer(handle: &Handle, question: &[u8]) -> String {
    let (word, text) = match parse(question) {
        Ok((command, json)) => ("ok", tell(handle, command, json)),
        Err(error) => ("error", error),
    };
    format!("tenter {VERSION} {word} {}\n{text}", text.len())
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Ps,
    Pstree,
    Stat,
}

/// A question's command, and whether the answer is to be JSON.
fn parse(question: &[u8]) -> Result<(Command, bool), String> {
    let words: Vec<&[u8]> = question.trim_ascii_end().split(|byte| *byte == b' ').collect();
    let [b"tenter", version, command, format] = words[..] else {
        return Err("the question is not understood".to_owned());
    };
    if version != VERSION.as_bytes() {
        return Err(format!("this process speaks version {VERSION} of the protocol; take the command of its version"));
    }
    let command = match command {
        b"ps" => Command::Ps,
        b"pstree" => Command::Pstree,
        b"stat" => Command::Stat,
        _ => return Err("there is no such command; there are ps, pstree, stat".to_owned()),
    };
    match format {
        b"text" => Ok((command, false)),
        b"json" => Ok((command, true)),
        _ => Err("there is no such format; there are text, json".to_owned()),
    }
}

fn tell(handle: &Handle, command: Command, json: bool) -> String {
    let text = match (command, json) {
        (Command::Ps, false) => handle.tasks().to_string(),
        (Command::Ps, true) => handle.tasks().to_json(),
        (Command::Pstree, false) => handle.tasks().tree().to_string(),
        (Command::Pstree, true) => handle.tasks().tree().to_json(),
        (Command::Stat, false) => handle.metrics().to_string(),
        (Command::Stat, true) => handle.metrics().to_json(),
    };
    text + "\n"
}

#[test]
fn questions_are_understood_or_refused() {
    assert_eq!(parse(b"tenter 1 ps text\n"), Ok((Command::Ps, false)));
    assert_eq!(parse(b"tenter 1 pstree json\r\n"), Ok((Command::Pstree, true)));
    assert_eq!(parse(b"tenter 1 stat text"), Ok((Command::Stat, false)));
    assert!(parse(b"tenter 2 ps text\n").unwrap_err().contains("speaks version 1"));
    let wrong = [
        "",
        "\n",
        "ps",
        "tenter 1 ps",
        "tenter 1 ps text more",
        "tenter 1 top text",
        "tenter 1 ps xml",
        "GET / HTTP/1.1",
    ];
    for wrong in wrong.map(str::as_bytes).into_iter().chain([&b"tenter 1 ps \xff"[..], b"\0\0\0\0"]) {
        assert!(parse(wrong).is_err(), "{}", wrong.escape_ascii());
    }
}
