//! What a program pays before it runs: a hello-world with one task and one timer is built from nothing, with each runtime.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::case::{Case, Env, Measure, Role, Than, Unit};
use crate::measure::Sample;

/// A runtime as its users write it down.
#[derive(Clone, Copy, Debug)]
struct Project {
    name: &'static str,
    dependencies: &'static str,
    main: &'static str,
}

const TENTER: Project = Project {
    name: "tenter",
    dependencies: r#"tenter = { path = "TENTER" }"#,
    main: "#[tenter::main]\nasync fn main() {\n    \
        let task = tenter::spawn(async { tenter::Timer::after(std::time::Duration::from_millis(1)).await; 42 });\n    \
        println!(\"hello, {}\", task.await);\n}\n",
};

/// What `tokio-minimal` has: tasks on several threads, timers and sockets.
const TENTER_MINIMAL: Project = Project {
    name: "tenter-minimal",
    dependencies: r#"tenter = { path = "TENTER", default-features = false, features = ["epoll", "net"] }"#,
    main: "fn main() {\n    \
        let answer = tenter::block_on(async {\n        \
            tenter::spawn(async { tenter::Timer::after(std::time::Duration::from_millis(1)).await; 42 }).await\n    \
        });\n    println!(\"hello, {answer}\");\n}\n",
};

const TOKIO: Project = Project {
    name: "tokio",
    dependencies: r#"tokio = { version = "1", features = ["full"] }"#,
    main: "#[tokio::main]\nasync fn main() {\n    \
        let task = tokio::spawn(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await; 42 });\n    \
        println!(\"hello, {}\", task.await.unwrap());\n}\n",
};

const TOKIO_MINIMAL: Project = Project {
    name: "tokio-minimal",
    dependencies: r#"tokio = { version = "1", features = ["net", "rt-multi-thread", "time"] }"#,
    main: "fn main() {\n    \
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();\n    \
        let answer = runtime.block_on(async {\n        \
            tokio::spawn(async { tokio::time::sleep(std::time::Duration::from_millis(1)).await; 42 }).await\n    \
        });\n    println!(\"hello, {}\", answer.unwrap());\n}\n",
};

const SMOL: Project = Project {
    name: "smol",
    dependencies: r#"smol = "2""#,
    main: "fn main() {\n    smol::block_on(async {\n        \
        let task = smol::spawn(async { smol::Timer::after(std::time::Duration::from_millis(1)).await; 42 });\n        \
        println!(\"hello, {}\", task.await);\n    });\n}\n",
};

const NIO: Project = Project {
    name: "nio",
    dependencies: r#"nio = "0.1""#,
    main: "fn main() {\n    \
        let runtime = nio::RuntimeBuilder::new().rt().unwrap();\n    \
        let answer = runtime.block_on(|| async {\n        \
            nio::spawn_pinned(|| async { nio::sleep(std::time::Duration::from_millis(1)).await; 42 }).await\n    \
        });\n    println!(\"hello, {}\", answer.unwrap());\n}\n",
};

/// One entry for each of the three questions that a build answers.
macro_rules! projects {
    ($case:expr, $answer:expr) => {
        $case
            .entrant(TENTER.name, Role::Tenter, |_: &Env| $answer(TENTER))
            .entrant(TENTER_MINIMAL.name, Role::Tenter, |_: &Env| $answer(TENTER_MINIMAL))
            .entrant(TOKIO.name, Role::Peer, |_: &Env| $answer(TOKIO))
            .entrant(TOKIO_MINIMAL.name, Role::Peer, |_: &Env| $answer(TOKIO_MINIMAL))
            .entrant(SMOL.name, Role::Peer, |_: &Env| $answer(SMOL))
            .entrant(NIO.name, Role::Peer, |_: &Env| $answer(NIO))
            .slow()
    };
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        projects!(
            Case::new("hello-build", "a hello-world with one task and one timer is built, all from nothing"),
            |project| { Sample { wall: build(project).seconds, ..Sample::default() } }
        )
        .unit(Unit::Seconds)
        .rounds(2)
        .goal(Measure::Wall, 8.0, Than::Absolute),
        projects!(Case::new("hello-size", "that program's file, stripped"), |project| {
            Sample { wall: known(project).kib, ..Sample::default() }
        })
        .unit(Unit::Kib)
        .rounds(1)
        .goal(Measure::Wall, 560.0, Than::Absolute),
        projects!(
            Case::new("hello-crates", "crates of others in that program, the runtime's own not counted"),
            |project| { Sample { wall: known(project).crates as f64, ..Sample::default() } }
        )
        .unit(Unit::Crates)
        .rounds(1)
        .goal(Measure::Wall, 20.0, Than::Absolute),
    ]
}

/// What a build tells.
#[derive(Clone, Copy, Debug)]
struct Built {
    seconds: f64,
    kib: f64,
    crates: usize,
}

static BUILT: Mutex<Option<HashMap<&'static str, Built>>> = Mutex::new(None);

/// What the last build of it told; builds it if there was none.
fn known(project: Project) -> Built {
    let known =
        BUILT.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(|all| all.get(project.name).copied());
    known.unwrap_or_else(|| build(project))
}

fn build(project: Project) -> Built {
    let built = try_build(project).unwrap_or_else(|error| panic!("hello-world on {}: {error}", project.name));
    let mut all = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    all.get_or_insert_default().insert(project.name, built);
    built
}

fn try_build(project: Project) -> Result<Built, String> {
    let folder = Folder::new(project.name)?;
    folder.fill(project)?;
    // What has to be downloaded is not the build's time.
    cargo(&folder.0, &["fetch"])?;
    let crates =
        foreign_crates(&cargo(&folder.0, &["tree", "--edges", "normal,build", "--prefix", "none", "--offline"])?);
    let start = Instant::now();
    cargo(&folder.0, &["build", "--release", "--offline"])?;
    let seconds = start.elapsed().as_secs_f64();
    let program = folder.0.join("target/release/hello");
    let size = fs::metadata(&program).map_err(|error| error.to_string())?.len();
    let output = Command::new(&program).output().map_err(|error| error.to_string())?;
    if output.stdout != b"hello, 42\n" {
        return Err(format!("it printed {:?}", String::from_utf8_lossy(&output.stdout)));
    }
    Ok(Built { seconds, kib: size as f64 / 1024.0, crates })
}

/// How many crates come from elsewhere: neither the program nor the runtime's own.
fn foreign_crates(tree: &str) -> usize {
    let own = |name: &str| name == "hello" || name == "tenter" || name.starts_with("tenter-");
    let mut names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter(|name| !own(name)).count()
}

fn cargo(folder: &Path, words: &[&str]) -> Result<String, String> {
    let mut command = Command::new("cargo");
    // Nothing of how this program was built is to play a part.
    command.args(words).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target")).env_remove("RUSTFLAGS");
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cargo can't be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A project's folder, gone with the value.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("tenter-hello-{}-{name}", std::process::id()));
        fs::create_dir_all(path.join("src")).map_err(|error| error.to_string())?;
        Ok(Self(path))
    }

    fn fill(&self, project: Project) -> Result<(), String> {
        let tenter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/tenter");
        let dependencies = project.dependencies.replace("TENTER", &tenter.display().to_string());
        let manifest = format!(
            "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}\n\n\
             [profile.release]\nstrip = true\n\n[workspace]\n"
        );
        let write = |file: &str, text: &str| fs::write(self.0.join(file), text).map_err(|error| error.to_string());
        write("Cargo.toml", &manifest)?;
        write("src/main.rs", project.main)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_others_crates_count_and_each_once() {
        let tree = "hello v0.1.0 (/x)\ntenter v0.1.0 (/y)\ntenter-io v0.1.0\nslab v0.4\nslab v0.4 (*)\nlibc v0.2\n\n";
        assert_eq!(foreign_crates(tree), 2);
    }
}
