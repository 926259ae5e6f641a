//! Takes the annotated function apart, token by token.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

/// An `async fn` without arguments and generics.
pub(crate) struct Function {
    /// Each attribute with its `#`.
    pub(crate) attributes: Vec<Attribute>,
    /// `pub`, `pub(crate)` or nothing.
    pub(crate) visibility: Vec<TokenTree>,
    pub(crate) name: Ident,
    /// `-> T`, or nothing.
    pub(crate) output: Vec<TokenTree>,
    pub(crate) body: Group,
}

/// `#[name …]`
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) tokens: [TokenTree; 2],
}

/// What is wrong, and where.
pub(crate) struct Refusal {
    pub(crate) span: Span,
    pub(crate) message: String,
}

fn refuse<T>(span: Span, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { span, message: message.into() })
}

fn is_punct(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

fn is_group(token: Option<&TokenTree>, delimiter: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

/// The item's tokens, without the invisible groups that `macro_rules!` puts around its fragments.
fn visible(item: TokenStream) -> Vec<TokenTree> {
    let mut tokens = Vec::new();
    for token in item {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => tokens.extend(visible(group.stream())),
            token => tokens.push(token),
        }
    }
    tokens
}

impl Function {
    pub(crate) fn parse(item: TokenStream) -> Result<Function, Refusal> {
        let mut tokens = visible(item);
        let body = match tokens.pop() {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => group,
            Some(other) => return refuse(other.span(), "expected an `async fn` with a body"),
            None => return refuse(Span::call_site(), "expected an `async fn` with a body"),
        };
        let mut tokens = tokens.into_iter().peekable();
        let mut attributes = Vec::new();
        while is_punct(tokens.peek(), '#') {
            let (Some(hash), Some(group)) = (tokens.next(), tokens.next()) else { break };
            attributes.push(Attribute { name: attribute_name(&group), tokens: [hash, group] });
        }
        let mut visibility = Vec::new();
        if matches!(tokens.peek(), Some(TokenTree::Ident(ident)) if ident.to_string() == "pub") {
            visibility.extend(tokens.next());
            if is_group(tokens.peek(), Delimiter::Parenthesis) {
                visibility.extend(tokens.next());
            }
        }
        qualifiers(&mut tokens)?;
        let name = match tokens.next() {
            Some(TokenTree::Ident(name)) => name,
            _ => return refuse(body.span(), "expected the function's name"),
        };
        arguments(&mut tokens, &name)?;
        let output: Vec<TokenTree> = tokens.collect();
        if let Some(first) = output.first() {
            if !is_punct(Some(first), '-') {
                return refuse(
                    first.span(),
                    "expected `->` or the function's body: a `where` clause has nothing to bind",
                );
            }
        }
        Ok(Function { attributes, visibility, name, output, body })
    }
}

/// The first word of `[should_panic(…)]`, for paths the last: `[rustfmt::skip]` is `skip`.
fn attribute_name(group: &TokenTree) -> String {
    let TokenTree::Group(group) = group else { return String::new() };
    let mut name = String::new();
    for token in group.stream() {
        match token {
            TokenTree::Ident(ident) => name = ident.to_string(),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => break,
        }
    }
    name
}

/// Reads `async fn`, and says what is in the way if it is something else.
fn qualifiers(tokens: &mut impl Iterator<Item = TokenTree>) -> Result<(), Refusal> {
    let mut is_async = false;
    for token in tokens {
        match token.to_string().as_str() {
            "async" => is_async = true,
            "fn" if is_async => return Ok(()),
            "fn" => return refuse(token.span(), "the function must be async: write `async fn`"),
            other => return refuse(token.span(), format!("expected `async fn`, found `{other}`")),
        }
    }
    refuse(Span::call_site(), "expected an `async fn`")
}

/// Reads `()`, and refuses anything else that can follow a function's name.
fn arguments(tokens: &mut impl Iterator<Item = TokenTree>, name: &Ident) -> Result<(), Refusal> {
    match tokens.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            if group.stream().is_empty() {
                Ok(())
            } else {
                refuse(group.span(), format!("`{name}` can't take arguments: nobody would pass them"))
            }
        }
        Some(token) if is_punct(Some(&token), '<') => {
            refuse(token.span(), format!("`{name}` can't be generic: nobody would choose the parameters"))
        }
        _ => refuse(name.span(), format!("expected `()` after `{name}`")),
    }
}
