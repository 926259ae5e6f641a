//! The documents: their links lead somewhere, their commands are those that are run, their example compiles.

use std::fs;
use std::path::Path;

use crate::markdown::{anchors, blocks, links, section};
use crate::{files, none, read, root, short};

/// What is wrong with a link in a document, if anything is.
fn fault(document: &Path, text: &str, target: &str) -> Option<String> {
    if ["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let file = if path.is_empty() { document.to_owned() } else { document.parent()?.join(path) };
    let named = format!("{}: [{text}]({target})", short(document));
    if !file.exists() {
        return Some(format!("{named} leads nowhere"));
    }
    if let Some(anchor) = anchor {
        if !anchors(&read(&file)).iter().any(|found| found == anchor) {
            return Some(format!("{named}: there is no such heading"));
        }
    }
    // A link that reads as a name of code leads to a file that has it.
    let name = text.strip_prefix('`')?.strip_suffix('`')?;
    let is_function = name.contains('_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_function && path.ends_with(".rs") && !read(&file).contains(&format!("fn {name}(")) {
        return Some(format!("{named}: the file has no such function"));
    }
    None
}

#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    for document in files("md") {
        let text = read(&document);
        faults.extend(links(&text).iter().filter_map(|link| fault(&document, link.text, link.target)));
    }
    none(&faults);
}

#[test]
fn a_dead_link_is_found() {
    let document = root().join("README.md");
    assert_eq!(fault(&document, "style", "docs/STYLE.md#concurrency"), None);
    assert_eq!(fault(&document, "`links_lead_somewhere`", "tests/docs/words.rs"), None);
    assert!(fault(&document, "style", "docs/NONE.md").is_some());
    assert!(fault(&document, "style", "docs/STYLE.md#none").is_some());
    assert!(fault(&document, "`no_such_function_here`", "tests/docs/markdown.rs").is_some());
}

#[test]
fn the_commands_of_the_readme_are_those_of_ci() {
    let readme = read(&root().join("README.md"));
    let commands = section(&readme, "## Two commands").expect("README.md has its two commands");
    let commands = blocks(commands, "sh");
    assert_eq!(commands.len(), 2, "{commands:?}");
    let run = read(&root().join(".ci/run"));
    for command in commands {
        assert!(!command.contains('\n') && run.contains(&command), ".ci/run does not run `{command}`");
    }
}

/// The lines between two others, without what all of them are indented by.
fn between<'a>(source: &'a str, first: &str, last: &str) -> Vec<&'a str> {
    let lines = source.lines().skip_while(|line| line.trim() != first).skip(1);
    lines.take_while(|line| *line != last).map(|line| line.strip_prefix("    ").unwrap_or(line)).collect()
}

#[test]
fn the_reactor_of_the_guide_is_the_example() {
    let guide = read(&root().join("docs/REACTORS.md"));
    let example = read(&root().join("crates/tenter/examples/custom_reactor.rs"));
    let shown = blocks(&guide, "rust").into_iter().find(|block| block.contains("impl Reactor for")).unwrap();
    let shown: Vec<_> = shown.lines().filter(|line| !(line.starts_with("# ") || *line == "#")).collect();
    let reactor = between(&example, "mod tiny {", "}");
    let used = between(&example, "use tiny::Tiny;", "    Ok(())");
    assert!(reactor.len() > 80 && used.len() > 10, "the example has its two parts");
    assert_eq!(shown, [reactor, used].concat());
}

#[test]
fn the_examples_of_the_readme_are_examples_that_compile() {
    let shown = blocks(&read(&root().join("README.md")), "rust");
    let names = ["hello", "choose"];
    assert_eq!(shown.len(), names.len());
    for (shown, name) in shown.iter().zip(names) {
        let source = read(&root().join(format!("crates/tenter/examples/{name}.rs")));
        let (docs, code) = source.split_once("\n\n").expect("documentation comes first");
        assert!(docs.starts_with("//! "));
        assert_eq!(shown, code.trim_end(), "README.md shows another {name}.rs");
    }
}

/// The documentation of a crate's sources as it is read: without marks and hidden lines.
fn documentation(krate: &Path) -> String {
    let mut text = String::new();
    for file in files("rs").iter().filter(|file| file.starts_with(krate.join("src"))) {
        for line in read(file).lines().map(str::trim_start) {
            let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else { continue };
            let line = line.strip_prefix(' ').unwrap_or(line);
            if line != "#" && !line.starts_with("# ") {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[test]
fn the_examples_of_the_crates_are_in_their_documentation_and_so_tested() {
    let mut faults = Vec::new();
    for readme in files("md").iter().filter(|file| file.ends_with("README.md")) {
        let krate = readme.parent().expect("a file is in a folder");
        let library = krate.join("src/lib.rs");
        if !library.exists() || read(&library).contains("include_str!(\"../README.md\")") {
            continue;
        }
        let documentation = documentation(krate);
        for block in blocks(&read(readme), "rust") {
            if !documentation.contains(&block) {
                faults.push(format!("{}: this is in no documentation of the crate:\n{block}", short(readme)));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_crate_is_on_the_map_and_has_its_papers() {
    let map = read(&root().join("docs/ARCHITECTURE.md"));
    let mut faults = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path();
        let name = short(&path).replace("crates/", "");
        if !map.contains(&format!("**[`{name}`](../crates/{name})**")) {
            faults.push(format!("docs/ARCHITECTURE.md does not have {name} on its map"));
        }
        for paper in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            if !path.join(paper).exists() {
                faults.push(format!("crates/{name} has no {paper}"));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_module_is_on_the_map() {
    let map = read(&root().join("docs/ARCHITECTURE.md"));
    let mut faults = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let path = entry.unwrap().path();
        let name = short(&path).replace("crates/", "");
        let start = map.find(&format!("**[`{name}`]")).unwrap_or(map.len());
        let place = map[start..].split("\n\n").next().unwrap_or_default();
        for module in fs::read_dir(path.join("src")).unwrap() {
            let module = module.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
            // Whose names say it all.
            let plain = ["lib", "error"].contains(&&*module) || module.ends_with("_tests");
            if !plain && !place.contains(&format!("`{module}`")) {
                faults.push(format!("docs/ARCHITECTURE.md: the place of {name} does not have `{module}`"));
            }
        }
    }
    none(&faults);
}
