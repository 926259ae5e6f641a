//! Dependencies point downward only, and only the runtime, the facade and the tests name reactors.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The crates, bottom up; each may depend on those before it.
const ORDER: &[&str] = &[
    "tenter-core",
    "tenter-task",
    "tenter-scheduler",
    "tenter-reactor",
    "tenter-reactor-select",
    "tenter-reactor-poll",
    "tenter-reactor-epoll",
    "tenter-reactor-uring",
    "tenter-reactor-polling",
    "tenter-reactor-kqueue",
    "tenter-reactor-iocp",
    "tenter-driver",
    "tenter-blocking",
    "tenter-channel",
    "tenter-queue",
    "tenter-runtime",
    "tenter-fs",
    "tenter-io",
    "tenter-net",
    "tenter-process",
    "tenter-signal",
    "tenter-macros",
    "tenter-hyper",
    "tenter",
    "tenter-cli",
];

/// Those that must not know of each other although one comes first.
const APART: &[(&str, &[&str])] = &[
    ("tenter-reactor", &["tenter-core", "tenter-task", "tenter-scheduler"]),
    (
        "tenter-driver",
        &[
            "tenter-task",
            "tenter-scheduler",
            "tenter-reactor-select",
            "tenter-reactor-poll",
            "tenter-reactor-epoll",
            "tenter-reactor-polling",
        ],
    ),
    ("tenter-channel", &["tenter-task", "tenter-scheduler", "tenter-reactor", "tenter-driver", "tenter-blocking"]),
    ("tenter-blocking", &["tenter-scheduler", "tenter-reactor", "tenter-driver"]),
    ("tenter-macros", &["tenter-core", "tenter-runtime"]),
];

/// The crates that may name a reactor.
const NAME_REACTORS: &[&str] = &["tenter-runtime", "tenter"];

/// The crates that are names of another reactor.
const NAMES_OF_POLLING: &[&str] = &["tenter-reactor-kqueue", "tenter-reactor-iocp"];

/// Crates that bring a reactor of their own, or do what tenter is for.
const BANNED: &[&str] =
    &["async-io", "async-net", "async-process", "async-executor", "async-channel", "blocking", "tokio", "smol"];

/// Each crate with its own and its foreign dependencies, tests' ones left out.
fn manifests() -> BTreeMap<String, Vec<String>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("crates");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(crates).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        assert!(text.contains(&format!("name = \"{name}\"")), "the folder {name} is named as its crate");
        found.insert(name, dependencies(&text));
    }
    found
}

/// The keys of the `[dependencies]` and `[target.….dependencies]` tables.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        let line = line.trim();
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-dependencies");
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            names.push(line.split(['.', '=', ' ']).next().unwrap().to_owned());
        }
    }
    names
}

fn place(name: &str) -> usize {
    ORDER.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name} has no place in ORDER"))
}

#[test]
fn dependencies_point_downward() {
    let manifests = manifests();
    assert_eq!(manifests.len(), ORDER.len(), "every crate has its place: {:?}", manifests.keys());
    for (name, dependencies) in &manifests {
        for dependency in dependencies.iter().filter(|name| name.starts_with("tenter")) {
            assert!(place(dependency) < place(name), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn neighbours_that_must_not_know_each_other_do_not() {
    let manifests = manifests();
    for (name, strangers) in APART {
        for stranger in *strangers {
            assert!(!manifests[*name].iter().any(|used| used == stranger), "{name} must not know {stranger}");
        }
    }
}

#[test]
fn only_the_runtime_and_the_facade_name_reactors() {
    for (name, dependencies) in manifests() {
        let thin = |used: &str| used == "tenter-reactor-polling" && NAMES_OF_POLLING.contains(&&*name);
        let named = dependencies.iter().find(|used| used.starts_with("tenter-reactor-") && !thin(used));
        assert!(named.is_none() || NAME_REACTORS.contains(&&*name), "{name} names {named:?}");
    }
}

#[test]
fn no_crate_brings_another_runtime() {
    for (name, dependencies) in manifests() {
        let banned = dependencies.iter().find(|used| BANNED.contains(&used.as_str()));
        assert_eq!(banned, None, "{name} brings a runtime of its own");
    }
}

#[test]
fn a_reversed_dependency_would_be_seen() {
    let manifest =
        "[package]\nname = \"x\"\n[dependencies]\ntenter.workspace = true\n[dev-dependencies]\nloom = \"1\"\n";
    assert_eq!(dependencies(manifest), ["tenter"]);
    assert!(place("tenter") > place("tenter-core"));
}
