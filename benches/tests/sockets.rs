//! The socket cases as they are run: the program, its load generator and its servers, each in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tenter-benches");

/// The lines of the tables that a run prints, by their first word.
fn run(words: &[&str]) -> Vec<Vec<String>> {
    let output = Command::new(PROGRAM).args(["--quick", "--rounds", "1"]).args(words).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

fn numbers_of(lines: &[Vec<String>], entrant: &str) -> Vec<f64> {
    let line = lines.iter().find(|line| line.first().is_some_and(|word| word == entrant));
    let line = line.unwrap_or_else(|| panic!("{entrant} is not in {lines:?}"));
    line[1..].iter().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn everyone_echoes() {
    let lines = run(&["connections-10", "echo-1"]);
    for entrant in ["tenter", "tokio", "tokio-ct", "smol", "nio", "raw-epoll", "threads"] {
        let numbers = numbers_of(&lines, entrant);
        assert!(numbers[..5].iter().all(|&number| number > 0.0), "{entrant}: {numbers:?}");
    }
}

#[test]
fn the_other_services_answer_on_all_runtimes_with_several_workers() {
    for case in ["hyper", "accept", "echo-16k", "idle-connection"] {
        let lines = run(&[case]);
        for entrant in ["tenter", "tokio", "smol", "nio"] {
            assert!(numbers_of(&lines, entrant)[1] > 0.0, "{case}: {lines:?}");
        }
    }
}

#[test]
fn a_pinned_run_measures_too() {
    let lines = run(&["connections-10", "--pinned", "--peers", "tokio"]);
    assert!(numbers_of(&lines, "tenter")[3] > 0.0, "{lines:?}");
}

#[test]
fn the_generator_says_what_went_wrong_and_goes_on() {
    let mut generator = Command::new(PROGRAM)
        .args(["--child", "load-generator"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut orders = generator.stdin.take().unwrap();
    let mut answers = BufReader::new(generator.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(answers.next().unwrap(), "ok ready");
    // A port that nobody listens on any more.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (order, answer) in [
        (format!("connect {address} 1 echo 64"), "err Connection refused"),
        ("run 10".to_owned(), "err there are no connections"),
        ("close".to_owned(), "ok"),
    ] {
        writeln!(orders, "{order}").unwrap();
        let line = answers.next().unwrap();
        assert!(line.starts_with(answer), "{order}: {line}");
    }
    // It ends when nobody can ask any more.
    drop(orders);
    assert!(generator.wait().unwrap().success());
    assert_eq!(answers.next(), None);
}
