//! The options between the parentheses of an attribute.
//!
//! `proc_macro`'s types work only inside of a running macro. So options are parsed from a small token model of their own,
//! which tests can build; [`crate::expand`] translates.

/// Which of the macros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Macro {
    Main,
    Test,
}

/// As much of a token as options need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Ident(String),
    Punct(char),
    /// The text between the quotes.
    Text(String),
    /// An integer, as written.
    Number(String),
    /// What stands between `[` and `]`.
    List(Vec<Word>),
    Other,
}

/// The kind of runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    MultiThread,
    CurrentThread,
}

/// What the attribute asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) flavor: Option<Flavor>,
    pub(crate) worker_threads: Option<usize>,
    pub(crate) reactor: Option<String>,
    pub(crate) crate_path: Option<String>,
    pub(crate) backends: Option<Vec<String>>,
}

/// What is wrong, and at which token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) at: usize,
    pub(crate) message: String,
}

fn mistake<T>(at: usize, message: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake { at, message: message.into() })
}

impl Macro {
    fn valid_options(self) -> &'static str {
        match self {
            Macro::Main => {
                "valid options: flavor = \"multi_thread\" | \"current_thread\", worker_threads = N, \
                 reactor = \"NAME\", crate = \"PATH\""
            }
            Macro::Test => {
                "valid options: flavor = \"multi_thread\" | \"current_thread\", worker_threads = N, \
                 reactor = \"NAME\", backends = [\"NAME\", ...], crate = \"PATH\""
            }
        }
    }
}

impl Options {
    /// Parses `name = value, name = value`, with an optional comma at the end.
    pub(crate) fn parse(which: Macro, words: &[Word]) -> Result<Options, Mistake> {
        let mut options = Options::default();
        let mut seen: Vec<(String, usize)> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let Word::Ident(name) = &words[at] else {
                return mistake(at, format!("expected an option; {}", which.valid_options()));
            };
            if seen.iter().any(|(other, _)| other == name) {
                return mistake(at, format!("the option `{name}` is given twice"));
            }
            seen.push((name.clone(), at));
            let value = match (words.get(at + 1), words.get(at + 2)) {
                (Some(Word::Punct('=')), Some(value)) => Some(value),
                _ => None,
            };
            options.set(which, name, value, at)?;
            at += 3;
            match words.get(at) {
                None | Some(Word::Punct(',')) => at += 1,
                Some(_) => return mistake(at, "expected `,` between two options"),
            }
        }
        options.check(&seen)?;
        Ok(options)
    }

    fn set(&mut self, which: Macro, name: &str, value: Option<&Word>, at: usize) -> Result<(), Mistake> {
        let value_at = at + 2;
        match (name, value) {
            ("flavor", Some(Word::Text(text))) if text == "multi_thread" => self.flavor = Some(Flavor::MultiThread),
            ("flavor", Some(Word::Text(text))) if text == "current_thread" => self.flavor = Some(Flavor::CurrentThread),
            ("flavor", _) => return mistake(at, "flavor is either \"multi_thread\" or \"current_thread\""),
            ("worker_threads", Some(Word::Number(text))) => match text.replace('_', "").parse() {
                Ok(n) if n > 0 => self.worker_threads = Some(n),
                _ => return mistake(value_at, "worker_threads is a plain number from 1 on"),
            },
            ("worker_threads", _) => return mistake(at, "worker_threads is a plain number from 1 on"),
            ("reactor", Some(Word::Text(text))) => self.reactor = Some(backend(text, value_at)?),
            ("reactor", _) => return mistake(at, "reactor is a backend's name in quotes, such as \"epoll\""),
            ("crate", Some(Word::Text(text))) => self.crate_path = Some(path(text, value_at)?),
            ("crate", _) => return mistake(at, "crate is a path in quotes, such as \"::tenter\""),
            ("backends", _) if which == Macro::Main => {
                return mistake(at, format!("`backends` is an option of `test` only; {}", which.valid_options()));
            }
            ("backends", Some(Word::List(words))) => self.backends = Some(backends(words, value_at)?),
            ("backends", _) => return mistake(at, "backends is a list of names, such as [\"select\", \"epoll\"]"),
            _ => return mistake(at, format!("unknown option `{name}`; {}", which.valid_options())),
        }
        Ok(())
    }

    /// Refuses options that contradict each other.
    fn check(&self, seen: &[(String, usize)]) -> Result<(), Mistake> {
        let at = |name: &str| seen.iter().find(|(other, _)| other == name).map_or(0, |(_, at)| *at);
        if self.flavor == Some(Flavor::CurrentThread) && self.worker_threads.is_some() {
            return mistake(
                at("worker_threads"),
                "a \"current_thread\" runtime has no worker threads: leave worker_threads out or use \"multi_thread\"",
            );
        }
        if self.backends.is_some() && self.reactor.is_some() {
            return mistake(at("reactor"), "`backends` already names the reactors: leave `reactor` out");
        }
        Ok(())
    }

    /// Whether the function needs a runtime of its own, rather than the ambient one.
    pub(crate) fn own_runtime(&self) -> bool {
        self.flavor.is_some() || self.worker_threads.is_some() || self.reactor.is_some() || self.backends.is_some()
    }
}

/// A backend's name: which of them exist is known to `tenter`, not here.
fn backend(text: &str, at: usize) -> Result<String, Mistake> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        mistake(at, format!("{text:?} can't be a backend's name: those look like \"epoll\" or \"io_uring\""))
    }
}

fn backends(words: &[Word], at: usize) -> Result<Vec<String>, Mistake> {
    let mut names: Vec<String> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        match word {
            Word::Text(text) if i % 2 == 0 => {
                let name = backend(text, at)?;
                if names.contains(&name) {
                    return mistake(at, format!("the backend \"{name}\" is listed twice"));
                }
                names.push(name);
            }
            Word::Punct(',') if i % 2 == 1 => {}
            _ => return mistake(at, "backends is a list of names, such as [\"select\", \"epoll\"]"),
        }
    }
    if names.is_empty() {
        return mistake(at, "backends lists no backend: name at least one, or leave the option out");
    }
    Ok(names)
}

/// A path such as `tenter`, `::tenter` or `crate::runtime`.
fn path(text: &str, at: usize) -> Result<String, Mistake> {
    let segment = |s: &str| {
        s.starts_with(|c: char| c.is_alphabetic() || c == '_') && s.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if text.strip_prefix("::").unwrap_or(text).split("::").all(segment) {
        Ok(text.to_owned())
    } else {
        mistake(at, format!("{text:?} isn't a path: write it like \"::tenter\" or \"crate::runtime\""))
    }
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
