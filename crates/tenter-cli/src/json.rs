//! Just enough JSON to be written.

use std::fmt::{self, Write};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Truth(bool),
    Whole(u64),
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

pub(crate) fn object<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    Value::Object(members.into())
}

pub(crate) fn list<T>(items: &[T], value: impl Fn(&T) -> Value) -> Value {
    Value::List(items.iter().map(value).collect())
}

macro_rules! from {
    ($($type:ty: $value:ident => $make:expr;)*) => {
        $(
            impl From<$type> for Value {
                fn from($value: $type) -> Self {
                    $make
                }
            }
        )*
    };
}

from! {
    bool: value => Self::Truth(value);
    u64: value => Self::Whole(value);
    usize: value => Self::Whole(value as u64);
    f64: value => Self::Number(value);
    String: value => Self::Text(value);
    &str: value => Self::Text(value.to_owned());
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    fn write(&self, f: &mut fmt::Formatter<'_>, indent: usize) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Truth(value) => write!(f, "{value}"),
            Self::Whole(value) => write!(f, "{value}"),
            // JSON has no infinity.
            Self::Number(value) if !value.is_finite() => f.write_str("null"),
            Self::Number(value) => write!(f, "{value:.3}"),
            Self::Text(text) => write_text(f, text),
            Self::List(items) => {
                let items = items.iter().map(|item| (None, item));
                write_all(f, ['[', ']'], items, indent)
            }
            Self::Object(members) => {
                let members = members.iter().map(|(name, value)| (Some(*name), value));
                write_all(f, ['{', '}'], members, indent)
            }
        }
    }
}

fn write_all<'a>(
    f: &mut fmt::Formatter<'_>,
    [open, close]: [char; 2],
    items: impl Iterator<Item = (Option<&'static str>, &'a Value)>,
    indent: usize,
) -> fmt::Result {
    f.write_char(open)?;
    let mut any = false;
    for (name, value) in items {
        write!(f, "{}\n{:indent$}", if any { "," } else { "" }, "", indent = indent + 2)?;
        if let Some(name) = name {
            write_text(f, name)?;
            f.write_str(": ")?;
        }
        value.write(f, indent + 2)?;
        any = true;
    }
    if any {
        write!(f, "\n{:indent$}", "")?;
    }
    f.write_char(close)
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c < ' ' => write!(f, "\\u{:04x}", c as u32)?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

#[test]
fn it_is_json() {
    let value = object([
        ("none", Value::from(None::<bool>)),
        ("text", Value::from("a \"b\"\\\n\u{1}é")),
        ("list", list(&[1u64, 2], |item| Value::from(*item))),
        ("empty", Value::List(Vec::new())),
        ("number", Value::from(1.5)),
        ("infinite", Value::from(f64::INFINITY)),
    ]);
    let expected = r#"{
  "none": null,
  "text": "a \"b\"\\\u000a\u0001é",
  "list": [
    1,
    2
  ],
  "empty": [],
  "number": 1.500,
  "infinite": null
}"#;
    assert_eq!(value.to_string(), expected);
}
