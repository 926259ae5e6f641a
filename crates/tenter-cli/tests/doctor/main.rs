//! The command as it is used.

mod json;

use std::process::{Command, Output};

use json::Json;

const TENTER: &str = env!("CARGO_BIN_EXE_tenter");

fn run(command: &mut Command) -> Output {
    command.env_remove("TENTER_REACTOR").env_remove("TENTER_CHAOS").output().expect("the command starts")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("it writes UTF-8")
}

fn examined(command: &mut Command) -> Json {
    let output = run(command);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    Json::parse(stdout(&output))
}

#[test]
fn the_report_for_programs_is_json_and_has_it_all() {
    let report = examined(Command::new(TENTER).args(["doctor", "--json"]));
    assert_eq!(report.get("system").get("os").text(), std::env::consts::OS);
    let backends = report.get("backends");
    let compiled: Vec<_> = tenter::Backend::compiled_in().iter().map(|backend| backend.name()).collect();
    for backend in tenter::Backend::all() {
        let found = backends.find("name", backend.name()).expect("every name is there");
        assert_eq!(found.get("compiled_in"), &Json::Truth(compiled.contains(&backend.name())), "{backend}");
        let works = backend.probe().is_ok();
        assert_eq!(found.get("works"), &Json::Truth(works), "{backend}");
        assert_eq!(found.get("error") == &Json::Null, works, "{backend}");
    }
    assert!(!report.get("chosen").text().is_empty());
    for timer in report.get("timers").list() {
        let [median, p99] = ["late_p50_us", "late_p99_us"].map(|name| timer.get(name).number());
        assert!(0.0 <= median && median <= p99, "{timer:?}");
    }
    let timed: Vec<_> = report.get("timers").list().iter().map(|timer| timer.get("name").text()).collect();
    let expected: Vec<_> =
        ["thread"].into_iter().chain(tenter::Backend::working().iter().map(|backend| backend.name())).collect();
    assert_eq!(timed, expected);
    assert!(report.get("cpus").get("two_threads_do").number() > 0.0);
    for finding in report.get("findings").list() {
        assert!(["problem", "warning", "note"].contains(&finding.get("severity").text()), "{finding:?}");
    }
}

#[test]
fn the_report_for_people_has_its_parts() {
    let output = run(Command::new(TENTER).arg("doctor"));
    assert_eq!(output.status.code(), Some(0));
    for part in ["tenter ", "\nReactors\n", "\nCPUs\n", "\nHow late sleeps end\n", "\nFindings\n"] {
        assert!(stdout(&output).contains(part), "{part:?} is missing in\n{}", stdout(&output));
    }
}

#[test]
fn a_wrong_command_line_says_how_to_do_it() {
    for wrong in [&[][..], &["physician"], &["doctor", "--jsno"]] {
        let output = run(Command::new(TENTER).args(wrong));
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""));
        assert!(String::from_utf8_lossy(&output.stderr).contains("usage: tenter doctor"));
    }
    let output = run(Command::new(TENTER).arg("--help"));
    assert!(output.status.success() && stdout(&output).contains("exit codes"));
}

#[test]
fn what_the_environment_asks_for_is_examined_too() {
    let command = |name: &str, value: &str| {
        let mut command = Command::new(TENTER);
        command.args(["doctor", "--json"]).env_remove("TENTER_REACTOR").env_remove("TENTER_CHAOS").env(name, value);
        Json::parse(stdout(&command.output().expect("the command starts")))
    };
    let wrong = command("TENTER_REACTOR", "kpoll");
    assert_eq!(wrong.get("chosen"), &Json::Null);
    let found = wrong.get("findings").find("id", "no-runtime").expect("it is found");
    assert!(found.get("text").text().contains("'kpoll'"), "{found:?}");
    assert_eq!(found.get("severity").text(), "problem");
    assert!(command("TENTER_CHAOS", "7").get("findings").find("id", "chaos").is_some());
}

#[cfg(unix)]
mod unix {
    use super::*;

    /// The command after shell commands.
    fn after(commands: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{commands}; exec \"$0\" doctor --json"), TENTER]);
        shell
    }

    #[test]
    fn few_files_are_found_with_advice() {
        let report = examined(&mut after("ulimit -S -n 200"));
        assert_eq!(
            report.get("limits").find("name", "nofile").expect("it is a limit").get("soft"),
            &Json::Number(200.0)
        );
        let found = report.get("findings").find("id", "nofile").expect("it is found");
        assert!(found.get("text").text().contains("at most 200 files"), "{found:?}");
        assert!(found.get("advice").text().contains("ulimit -n"), "{found:?}");
        let report = examined(&mut after("ulimit -n 200"));
        let found = report.get("findings").find("id", "nofile").expect("it is found");
        assert!(found.get("advice").text().contains("can't be raised from here"), "{found:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_reactor_that_can_not_be_made_is_told_with_its_cause() {
        // The standard streams take three, and epoll two more; poll makes do with one.
        let report = examined(&mut after("ulimit -n 4"));
        let epoll = report.get("backends").find("name", "epoll").expect("every name is there");
        assert_eq!((epoll.get("compiled_in"), epoll.get("works")), (&Json::Truth(true), &Json::Truth(false)));
        assert!(epoll.get("error").text().contains("os error 24"), "{epoll:?}");
        let found = report.get("findings").find("id", "reactor").expect("it is found");
        assert!(found.get("advice").text().contains("ulimit -n"), "{found:?}");
        assert!(report.get("chosen").text().starts_with("poll"), "{report:?}");
    }

    #[test]
    fn a_reader_that_has_gone_is_no_failure() {
        use std::process::Stdio;

        let mut child = Command::new(TENTER)
            .arg("doctor")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
