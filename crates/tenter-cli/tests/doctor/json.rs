//! Just enough JSON to be read.

use std::iter::Peekable;
use std::str::Chars;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Truth(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text that is one value.
    pub(crate) fn parse(text: &str) -> Self {
        let mut rest = text.chars().peekable();
        let value = value(&mut rest);
        assert_eq!(after_space(&mut rest), None, "something follows the value");
        value
    }

    /// The member of an object.
    pub(crate) fn get(&self, name: &str) -> &Self {
        let Self::Object(members) = self else { panic!("{self:?} is no object") };
        &members.iter().find(|(found, _)| found == name).unwrap_or_else(|| panic!("no {name} in {self:?}")).1
    }

    pub(crate) fn list(&self) -> &[Self] {
        let Self::List(items) = self else { panic!("{self:?} is no list") };
        items
    }

    pub(crate) fn text(&self) -> &str {
        let Self::Text(text) = self else { panic!("{self:?} is no text") };
        text
    }

    pub(crate) fn number(&self) -> f64 {
        let Self::Number(number) = self else { panic!("{self:?} is no number") };
        *number
    }

    /// The object of a list whose member `name` is `text`.
    pub(crate) fn find(&self, name: &str, text: &str) -> Option<&Self> {
        self.list().iter().find(|item| item.get(name).text() == text)
    }
}

type Rest<'a> = Peekable<Chars<'a>>;

fn after_space(rest: &mut Rest<'_>) -> Option<char> {
    while rest.next_if(char::is_ascii_whitespace).is_some() {}
    rest.peek().copied()
}

fn value(rest: &mut Rest<'_>) -> Json {
    match after_space(rest).expect("a value") {
        '"' => Json::Text(text(rest)),
        '[' => Json::List(items(rest, ']', value)),
        '{' => Json::Object(items(rest, '}', |rest| {
            assert_eq!(after_space(rest), Some('"'));
            let name = text(rest);
            assert_eq!((after_space(rest), rest.next()), (Some(':'), Some(':')));
            (name, value(rest))
        })),
        _ => {
            let mut word = String::new();
            while let Some(c) = rest.next_if(|c| !",]}".contains(*c) && !c.is_ascii_whitespace()) {
                word.push(c);
            }
            match &*word {
                "null" => Json::Null,
                "true" => Json::Truth(true),
                "false" => Json::Truth(false),
                number => Json::Number(number.parse().expect("a number")),
            }
        }
    }
}

fn items<T>(rest: &mut Rest<'_>, close: char, mut item: impl FnMut(&mut Rest<'_>) -> T) -> Vec<T> {
    rest.next();
    let mut found = Vec::new();
    while after_space(rest) != Some(close) {
        found.push(item(rest));
        match after_space(rest) {
            Some(',') => drop(rest.next()),
            next => assert_eq!(next, Some(close)),
        }
    }
    rest.next();
    found
}

fn text(rest: &mut Rest<'_>) -> String {
    rest.next();
    let mut found = String::new();
    loop {
        match rest.next().expect("the end of a text") {
            '"' => return found,
            '\\' => match rest.next() {
                Some('u') => {
                    let code: String = rest.by_ref().take(4).collect();
                    found.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).expect("a character"));
                }
                Some(c @ ('"' | '\\')) => found.push(c),
                other => panic!("no escape: {other:?}"),
            },
            c => {
                assert!(c >= ' ', "a bare control character");
                found.push(c);
            }
        }
    }
}
