//! Options, from words instead of tokens.

use super::*;

/// Splits on spaces: `"text"`, `[`…`]` up to the end of the list, numbers, punctuation, identifiers.
fn words(source: &str) -> Vec<Word> {
    let mut stack = vec![Vec::new()];
    for piece in source.split_whitespace() {
        let word = match piece {
            "[" => {
                stack.push(Vec::new());
                continue;
            }
            "]" => Word::List(stack.pop().unwrap()),
            "=" | "," => Word::Punct(piece.chars().next().unwrap()),
            _ if piece.starts_with('"') => Word::Text(piece.trim_matches('"').to_owned()),
            _ if piece.starts_with(|c: char| c.is_ascii_digit()) => Word::Number(piece.to_owned()),
            _ => Word::Ident(piece.to_owned()),
        };
        stack.last_mut().unwrap().push(word);
    }
    stack.pop().unwrap()
}

fn main(source: &str) -> Result<Options, Mistake> {
    Options::parse(Macro::Main, &words(source))
}

fn test(source: &str) -> Result<Options, Mistake> {
    Options::parse(Macro::Test, &words(source))
}

#[track_caller]
fn assert_mistake(result: Result<Options, Mistake>, at: usize, part: &str) {
    let mistake = result.unwrap_err();
    assert!(mistake.message.contains(part), "{mistake:?} doesn't say {part:?}");
    assert_eq!(mistake.at, at, "{mistake:?}");
}

#[test]
fn no_options_mean_the_ambient_runtime() {
    assert_eq!(main("").unwrap(), Options::default());
    assert!(!main("").unwrap().own_runtime());
    assert!(!main("crate = \"::tenter\"").unwrap().own_runtime());
}

#[test]
fn every_option_is_read() {
    let options = main("flavor = \"multi_thread\" , worker_threads = 1_0 , reactor = \"epoll\" , crate = \"a::b\" ,");
    let expected = Options {
        flavor: Some(Flavor::MultiThread),
        worker_threads: Some(10),
        reactor: Some("epoll".into()),
        crate_path: Some("a::b".into()),
        backends: None,
    };
    assert_eq!(options.unwrap(), expected);
    assert_eq!(main("flavor = \"current_thread\"").unwrap().flavor, Some(Flavor::CurrentThread));
    let backends = test("backends = [ \"select\" , \"epoll\" , ]").unwrap().backends;
    assert_eq!(backends, Some(vec!["select".to_owned(), "epoll".to_owned()]));
}

#[test]
fn each_option_that_needs_a_runtime_of_its_own_says_so() {
    for source in ["flavor = \"current_thread\"", "worker_threads = 2", "reactor = \"poll\"", "backends = [ \"poll\" ]"]
    {
        assert!(test(source).unwrap().own_runtime(), "{source}");
    }
}

#[test]
fn an_unknown_option_lists_the_valid_ones() {
    assert_mistake(main("threads = 2"), 0, "unknown option `threads`; valid options: flavor");
    assert_mistake(main("flavor = \"multi_thread\" , x = 2"), 4, "worker_threads = N");
    assert_mistake(main("7"), 0, "valid options");
    assert_mistake(test("nonsense"), 0, "backends = [");
    assert_mistake(main("backends = [ \"poll\" ]"), 0, "`test` only; valid options");
}

#[test]
fn a_bad_value_says_what_is_wanted() {
    assert_mistake(main("flavor = \"fast\""), 0, "\"multi_thread\" or \"current_thread\"");
    assert_mistake(main("flavor"), 0, "\"multi_thread\" or \"current_thread\"");
    assert_mistake(main("worker_threads = 0"), 2, "from 1 on");
    assert_mistake(main("worker_threads = 2usize"), 2, "from 1 on");
    assert_mistake(main("worker_threads = \"2\""), 0, "from 1 on");
    assert_mistake(main("reactor = epoll"), 0, "in quotes");
    assert_mistake(main("reactor = \"Epoll!\""), 2, "\"io_uring\"");
    assert_mistake(main("crate = \"\""), 2, "isn't a path");
    assert_mistake(main("crate = \"a:b\""), 2, "isn't a path");
    assert_mistake(test("backends = [ ]"), 2, "at least one");
    assert_mistake(test("backends = [ \"poll\" \"epoll\" ]"), 2, "list of names");
    assert_mistake(test("backends = [ \"poll\" , \"poll\" ]"), 2, "twice");
    assert_mistake(test("backends = \"poll\""), 0, "list of names");
}

#[test]
fn contradictions_are_refused() {
    assert_mistake(main("flavor = \"current_thread\" , worker_threads = 2"), 4, "no worker threads");
    assert_mistake(main("reactor = \"poll\" , reactor = \"poll\""), 4, "twice");
    assert_mistake(test("backends = [ \"poll\" ] , reactor = \"epoll\""), 4, "leave `reactor` out");
    assert_mistake(main("reactor = \"poll\" crate = \"a\""), 3, "expected `,`");
}
