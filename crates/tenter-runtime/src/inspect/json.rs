//! Just enough JSON to be written, on one line.

use std::fmt::{self, Write};
use std::time::Duration;

/// A text that a JSON document is appended to.
#[derive(Debug, Default)]
pub(super) struct Json(String);

impl Json {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    pub(super) fn object(&mut self, write: impl FnOnce(&mut Members<'_>)) {
        self.0.push('{');
        write(&mut Members { json: self, any: false });
        self.0.push('}');
    }

    pub(super) fn list<T>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.0.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            write(self, item);
        }
        self.0.push(']');
    }

    /// A number, or what else its text is as it stands.
    pub(super) fn plain(&mut self, value: impl fmt::Display) {
        write!(self.0, "{value}").expect("a string takes everything");
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' | '\\' => self.0.extend(['\\', c]),
                c if c.is_control() => self.plain(format_args!("\\u{:04x}", c as u32)),
                c => self.0.push(c),
            }
        }
        self.0.push('"');
    }
}

/// What an object consists of.
pub(super) struct Members<'a> {
    json: &'a mut Json,
    any: bool,
}

impl Members<'_> {
    /// Begins a member, whose value is to follow.
    pub(super) fn member(&mut self, name: &str) -> &mut Json {
        if std::mem::replace(&mut self.any, true) {
            self.json.0.push(',');
        }
        self.json.text(name);
        self.json.0.push(':');
        self.json
    }

    pub(super) fn plain(&mut self, name: &str, value: impl fmt::Display) {
        self.member(name).plain(value);
    }

    pub(super) fn text(&mut self, name: &str, value: impl fmt::Display) {
        self.member(name).text(&value.to_string());
    }

    pub(super) fn maybe_text(&mut self, name: &str, value: Option<impl fmt::Display>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.plain(name, "null"),
        }
    }

    pub(super) fn nanos(&mut self, name: &str, value: Option<Duration>) {
        match value {
            Some(value) => self.plain(name, value.as_nanos()),
            None => self.plain(name, "null"),
        }
    }
}

#[test]
fn it_is_json() {
    let mut json = Json::new();
    json.object(|object| {
        object.text("text", "a \"b\"\\\n\u{1}\u{7f}é");
        object.maybe_text("none", None::<u8>);
        object.nanos("time", Some(Duration::from_micros(1)));
        object.member("list").list([1, 2], |json, item| json.object(|object| object.plain("n", item)));
        object.member("empty").list([0; 0], |json, item| json.plain(item));
    });
    let expected =
        r#"{"text":"a \"b\"\\\u000a\u0001\u007fé","none":null,"time":1000,"list":[{"n":1},{"n":2}],"empty":[]}"#;
    assert_eq!(json.finish(), expected);
}
