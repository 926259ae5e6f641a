//! The pages' HTML.

use std::collections::BTreeSet;
use std::fmt::Write;

use pulldown_cmark::{Event, Options, Parser, Tag, html};
use url::Url;

use crate::site::{BAD_PREFIX, Content, Node, Tree};

/// Tag soup: an unquoted attribute with quotes in it, duplicate attributes, unclosed elements, an unclosed comment.
pub(crate) const MALFORMED: &str = "<title>Malformed<p <b>><a href=/.bad/found>one<a href=\"/.bad/found\" href=\"/lost\">two\
    </title></p></p><table><a href='/.bad/found'>three</i></a <br/ x=\"<\">&#xFFFFFFF;<!-- and no end";

/// A page that only the malformed one links to.
pub(crate) const FOUND: &str = "<!DOCTYPE html><title>Found</title><p>You have found me.</p>";

/// The page of a node.
pub(crate) fn page(tree: &Tree, index: usize) -> String {
    let node = &tree.nodes[index];
    let mut out = String::new();
    let title = escape(&node.url);
    let _ = write!(out, "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head><body>\n");
    navigation(&mut out, tree, index);
    let _ = writeln!(out, "<h1>{title}</h1>");
    match &node.content {
        Content::Folder(children) => folder(&mut out, tree, children, node.parent.is_none()),
        Content::Text(text) if node.name.ends_with(".md") => markdown(&mut out, tree, node, text),
        Content::Text(text) => {
            let _ = writeln!(out, "<pre>\n{}</pre>", escape(text));
            mentions(&mut out, tree, node, text);
        }
    }
    out.push_str("</body></html>\n");
    out
}

/// Links to the folder above and to the neighbours within it.
fn navigation(out: &mut String, tree: &Tree, index: usize) {
    let Some(parent) = tree.nodes[index].parent.map(|parent| &tree.nodes[parent]) else { return };
    let mut link = |label: &str, node: &Node| {
        let _ = write!(out, "<a href=\"{}\">{label}: {}</a> ", escape(&node.url), escape(&node.name));
    };
    link("up", parent);
    if let Content::Folder(siblings) = &parent.content {
        let at = siblings.iter().position(|sibling| *sibling == index).unwrap_or(0);
        if let Some(previous) = at.checked_sub(1).and_then(|at| siblings.get(at)) {
            link("previous", &tree.nodes[*previous]);
        }
        if let Some(next) = siblings.get(at + 1) {
            link("next", &tree.nodes[*next]);
        }
    }
    out.push('\n');
}

fn folder(out: &mut String, tree: &Tree, children: &[usize], is_root: bool) {
    out.push_str("<ul>\n");
    for child in children {
        let child = &tree.nodes[*child];
        let _ = writeln!(out, "<li><a href=\"{}\">{}</a></li>", escape(&child.url), escape(&child.name));
    }
    if is_root {
        let _ = writeln!(out, "<li><a href=\"{BAD_PREFIX}\">pages that misbehave</a></li>");
    }
    out.push_str("</ul>\n");
}

/// The page as Markdown means it. Links to files that the site doesn't have lead back to the page itself; raw HTML is
/// shown as text, because it is as well-formed as its author made it.
fn markdown(out: &mut String, tree: &Tree, node: &Node, text: &str) {
    let base = Url::parse("http://site/").and_then(|base| base.join(&node.url)).expect("made by the url crate");
    let has =
        |link: &str| base.join(link).is_ok_and(|url| url.host() != base.host() || tree.by_url.contains_key(url.path()));
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = if has(&dest_url) { dest_url } else { "#".into() };
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        event => event,
    });
    html::push_html(out, events);
}

/// Links to the files that a source mentions, by their path from the root or from its own folder.
fn mentions(out: &mut String, tree: &Tree, node: &Node, text: &str) {
    let folder = node.url.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = BTreeSet::new();
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-./".contains(c))) {
        let word = word.trim_start_matches("./").trim_matches(['.', '/']);
        if word.contains('.') {
            found.extend([format!("/{word}"), format!("{folder}/{word}")]);
        }
    }
    for line in text.lines() {
        let line = line.trim_start();
        let line = line.strip_prefix("pub ").unwrap_or(line);
        if let Some(module) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            found.extend([format!("{folder}/{module}.rs"), format!("{folder}/{module}/mod.rs")]);
        }
    }
    found.retain(|url| *url != node.url && tree.by_url.contains_key(url));
    if found.is_empty() {
        return;
    }
    out.push_str("<h2>Mentions</h2>\n<ul>\n");
    for url in found {
        let url = escape(&url);
        let _ = writeln!(out, "<li><a href=\"{url}\">{url}</a></li>");
    }
    out.push_str("</ul>\n");
}

/// The index of the pages that misbehave.
pub(crate) fn bad_index(refusing: &Url) -> String {
    let mut out = "<!DOCTYPE html>\n<title>Pages that misbehave</title>\n<ul>\n".to_owned();
    let links = ["missing", "endless", "malformed", "slow"].map(|name| format!("{BAD_PREFIX}{name}"));
    for link in links.iter().map(String::as_str).chain([refusing.as_str()]) {
        let _ = writeln!(out, "<li><a href=\"{link}\">{link}</a></li>");
    }
    out.push_str("</ul>\n");
    out
}

/// Text as HTML, in an element or between double quotes. Control characters, which HTML doesn't allow, become a mark.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\r' => {}
            c if c.is_control() => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::html::links;

    /// A folder with these files.
    fn tree(files: &[(&str, &str)]) -> Tree {
        let node = |url: String, name: &str, parent, content| Node { url, name: name.to_owned(), parent, content };
        let children = (1..=files.len()).collect();
        let mut nodes = vec![node("/".to_owned(), "/", None, Content::Folder(children))];
        for (name, text) in files {
            nodes.push(node(format!("/{name}"), name, Some(0), Content::Text((*text).to_owned())));
        }
        let by_url = nodes.iter().enumerate().map(|(index, node)| (node.url.clone(), index)).collect::<HashMap<_, _>>();
        Tree { nodes, by_url, skipped: 0 }
    }

    /// Where the page of node `index` leads, and whether it is malformed.
    fn found(tree: &Tree, index: usize) -> (BTreeSet<String>, bool) {
        let url = Url::parse("http://site/").unwrap().join(&tree.nodes[index].url).unwrap();
        let links = links(&url, page(tree, index).as_bytes());
        (links.urls.iter().map(|url| url.path().to_owned()).collect(), links.malformed)
    }

    fn set(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn neighbours_are_linked() {
        let tree = tree(&[("a", ""), ("b", ""), ("c", ""), ("d", "")]);
        assert_eq!(found(&tree, 2), (set(&["/", "/a", "/c"]), false));
        assert_eq!(found(&tree, 0), (set(&["/a", "/b", "/c", "/d", BAD_PREFIX]), false));
    }

    #[test]
    fn markdown_leads_only_to_pages_there_are_and_brings_no_raw_html() {
        let text =
            "[c](./c#part) [gone](gone.md) [web](http://example.org) <b <a href=/raw>\n\n<div <a href='/raw'>>\n";
        let tree = tree(&[("a.md", text), ("b", ""), ("c", "")]);
        assert_eq!(found(&tree, 1), (set(&["/", "/a.md", "/b", "/c"]), false));
    }

    #[test]
    fn sources_lead_to_what_they_mention() {
        let source = "// See c.toml, ./d.rs and /gone.rs.\nmod e;\n\"<a href=/raw>\"\u{1}";
        let tree = tree(&[("a.rs", source), ("b", ""), ("c.toml", ""), ("d.rs", ""), ("e.rs", "")]);
        assert_eq!(found(&tree, 1), (set(&["/", "/b", "/c.toml", "/d.rs", "/e.rs"]), false));
    }
}
