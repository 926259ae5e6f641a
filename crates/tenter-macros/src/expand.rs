//! Writes the function that runs the async one.
//!
//! The async function is kept whole, inside of the one that replaces it, so that its return type, `?`, its lints and its
//! error messages are what they were:
//!
//! ```text
//! pub fn main() -> Result<(), E> {
//!     async fn main() -> Result<(), E> { … }
//!     ::tenter::block_on(main())
//! }
//! ```
//!
//! With `backends` it stays beside a module of its name (functions and modules have separate namespaces), so that its body
//! sees what it saw:
//!
//! ```text
//! #[cfg(test)] async fn echo() -> R { … }
//! #[cfg(test)] mod echo {
//!     use super::*;
//!     #[test] fn epoll() -> R { ::tenter::Builder::new_multi_thread()….block_on(super::echo()) }
//! }
//! ```

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

use crate::function::{Attribute, Function, Refusal};
use crate::options::{Flavor, Macro, Options, Word};

pub(crate) fn expand(which: Macro, attribute: TokenStream, item: TokenStream) -> TokenStream {
    let name_is_main = which == Macro::Main;
    match try_expand(which, attribute, item) {
        Ok(tokens) => tokens,
        Err(refusal) => {
            let mut tokens = compile_error(&refusal);
            if name_is_main {
                // Else the compiler also complains that there is no `main`.
                tokens.extend(source("fn main() {}"));
            }
            tokens
        }
    }
}

fn try_expand(which: Macro, attribute: TokenStream, item: TokenStream) -> Result<TokenStream, Refusal> {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    let words: Vec<Word> = tokens.iter().map(word).collect();
    let options = Options::parse(which, &words).map_err(|mistake| Refusal {
        span: tokens.get(mistake.at).or(tokens.last()).map_or_else(Span::call_site, TokenTree::span),
        message: mistake.message,
    })?;
    let function = Function::parse(item)?;
    Ok(match &options.backends {
        Some(backends) => one_per_backend(&options, backends, function),
        None => one(which, &options, function),
    })
}

/// The function itself, made synchronous.
fn one(which: Macro, options: &Options, function: Function) -> TokenStream {
    let mut inner = async_fn(&function);
    inner.extend(run(options, options.reactor.as_deref(), &format!("{}()", function.name)));
    let mut tokens = TokenStream::new();
    if which == Macro::Test {
        tokens.extend(source("#[::core::prelude::v1::test]"));
    }
    tokens.extend(function.attributes.into_iter().flat_map(|attribute| attribute.tokens));
    tokens.extend(function.visibility);
    tokens.extend(outer_fn(function.name, function.output, inner));
    tokens
}

/// The async function, and a module of its name with a test per backend.
fn one_per_backend(options: &Options, backends: &[String], function: Function) -> TokenStream {
    let call = format!("super::{}()", function.name);
    let (on_tests, on_function): (Vec<_>, Vec<_>) = function.attributes.iter().partition(|a| belongs_to_the_test(a));
    let mut tests = source("#[allow(unused_imports)] use super::*;");
    for backend in backends {
        tests.extend(source("#[::core::prelude::v1::test]"));
        tests.extend(on_tests.iter().flat_map(|attribute| attribute.tokens.clone()));
        let name = Ident::new(&backend.replace('-', "_"), function.name.span());
        tests.extend(outer_fn(name, function.output.clone(), run(options, Some(backend), &call)));
    }
    let mut tokens = source("#[cfg(test)]");
    tokens.extend(on_function.iter().flat_map(|attribute| attribute.tokens.clone()));
    tokens.extend(async_fn(&function));
    tokens.extend(source("#[cfg(test)]"));
    tokens.extend(function.visibility);
    tokens.extend(source("mod"));
    tokens.extend([TokenTree::Ident(function.name), Group::new(Delimiter::Brace, tests).into()]);
    tokens
}

/// Whether an attribute means something to the test harness, and nothing on a plain function.
///
/// `cfg` and `cfg_attr` need no thought: the compiler deals with them before it calls an attribute macro.
fn belongs_to_the_test(attribute: &Attribute) -> bool {
    matches!(attribute.name.as_str(), "should_panic" | "ignore")
}

/// `async fn name() -> T { … }`
fn async_fn(function: &Function) -> TokenStream {
    let mut tokens = source("async");
    tokens.extend(outer_fn(function.name.clone(), function.output.clone(), function.body.stream()));
    tokens
}

/// `fn name() -> T { body }`
fn outer_fn(name: Ident, output: Vec<TokenTree>, body: TokenStream) -> TokenStream {
    let mut tokens = source("fn");
    tokens.extend([TokenTree::Ident(name), Group::new(Delimiter::Parenthesis, TokenStream::new()).into()]);
    tokens.extend(output);
    tokens.extend([TokenTree::Group(Group::new(Delimiter::Brace, body))]);
    tokens
}

/// The expression that runs `call`'s future on the runtime asked for.
fn run(options: &Options, reactor: Option<&str>, call: &str) -> TokenStream {
    let path = options.crate_path.as_deref().unwrap_or("::tenter");
    if !options.own_runtime() {
        return source(&format!("{path}::block_on({call})"));
    }
    let constructor = match options.flavor {
        Some(Flavor::CurrentThread) => "new_current_thread",
        Some(Flavor::MultiThread) | None => "new_multi_thread",
    };
    let mut text = format!("{path}::Builder::{constructor}()");
    if let Some(n) = options.worker_threads {
        text.push_str(&format!(".worker_threads({n}usize)"));
    }
    if let Some(name) = reactor {
        text.push_str(&format!(
            ".reactor(\"{name}\".parse::<{path}::Backend>().unwrap_or_else(|error| ::core::panic!(\"{{error}}\")))"
        ));
    }
    text.push_str(&format!(".build().unwrap_or_else(|error| ::core::panic!(\"{{error}}\")).block_on({call})"));
    source(&text)
}

/// Parses what this module itself has written.
fn source(text: &str) -> TokenStream {
    text.parse().expect("the macro writes well-formed tokens")
}

fn compile_error(refusal: &Refusal) -> TokenStream {
    let at = |mut token: TokenTree| {
        token.set_span(refusal.span);
        token
    };
    let message = TokenStream::from(at(Literal::string(&refusal.message).into()));
    let mut tokens: TokenStream = source("::core::compile_error").into_iter().map(at).collect();
    tokens.extend([
        at(Punct::new('!', Spacing::Alone).into()),
        at(Group::new(Delimiter::Parenthesis, message).into()),
        at(Punct::new(';', Spacing::Alone).into()),
    ]);
    tokens
}

/// Translates a token for [`Options::parse`].
fn word(token: &TokenTree) -> Word {
    match token {
        TokenTree::Ident(ident) => Word::Ident(ident.to_string()),
        TokenTree::Punct(punct) => Word::Punct(punct.as_char()),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(inner) if !inner.contains('\\') => Word::Text(inner.to_owned()),
                None if text.starts_with(|c: char| c.is_ascii_digit()) => Word::Number(text),
                _ => Word::Other,
            }
        }
        TokenTree::Group(group) => match group.delimiter() {
            Delimiter::Bracket => {
                let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                Word::List(tokens.iter().map(word).collect())
            }
            // A fragment that `macro_rules!` passed on.
            Delimiter::None => match group.stream().into_iter().collect::<Vec<_>>().as_slice() {
                [token] => word(token),
                _ => Word::Other,
            },
            _ => Word::Other,
        },
    }
}
