//! Which pages the site has: the files and folders below a root, in an order that never varies.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hyper::body::Bytes;
use url::Url;

use crate::render;

/// Where the pages that misbehave live. Files whose name starts with a dot aren't served, so nothing else is there.
pub(crate) const BAD_PREFIX: &str = "/.bad/";

/// Larger files than this, in bytes, aren't served.
const MAX_FILE: u64 = 512 * 1024;

/// A file or folder of the site.
#[derive(Debug)]
pub(crate) struct Node {
    /// The path of its URL; a folder's ends with a slash.
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) parent: Option<usize>,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// The folder's files and folders, sorted by name.
    Folder(Vec<usize>),
    Text(String),
}

/// All nodes: the root is first, and a parent comes before its children.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    pub(crate) by_url: HashMap<String, usize>,
    /// Files that aren't served: too large, no text, or unreadable.
    pub(crate) skipped: usize,
}

/// What the server answers.
#[derive(Debug)]
pub(crate) enum Reply {
    Page(Bytes),
    /// A page that takes longer than any client waits.
    Slow(Bytes),
    /// A body that never ends.
    Endless,
    NotFound,
}

/// The rendered pages.
#[derive(Debug)]
pub(crate) struct Site {
    pages: HashMap<String, Bytes>,
    skipped: usize,
}

impl Site {
    /// Reads and renders the first `limit` files and folders below `root`, breadth first.
    ///
    /// Links lead only to pages that the site has, so a crawl finds all of them whatever order it takes.
    pub(crate) fn of_folder(root: &Path, limit: usize) -> Result<Site, String> {
        let tree = walk(root, limit).map_err(|error| format!("can't read {}: {error}", root.display()))?;
        let pages = (0..tree.nodes.len())
            .map(|index| (tree.nodes[index].url.clone(), Bytes::from(render::page(&tree, index))))
            .collect();
        Ok(Site { pages, skipped: tree.skipped })
    }

    /// How many files came up that aren't served: larger than 512 KiB, no text, or unreadable.
    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }

    pub(crate) fn len(&self) -> usize {
        self.pages.len()
    }

    /// The answer to a request for `path`; `refusing` is a URL where nobody listens.
    pub(crate) fn reply(&self, path: &str, refusing: &Url) -> Reply {
        if let Some(page) = self.pages.get(path) {
            return Reply::Page(page.clone());
        }
        match path.strip_prefix(BAD_PREFIX) {
            Some("") => Reply::Page(render::bad_index(refusing).into()),
            Some("malformed") => Reply::Page(Bytes::from_static(render::MALFORMED.as_bytes())),
            Some("found") => Reply::Page(Bytes::from_static(render::FOUND.as_bytes())),
            Some("slow") => Reply::Slow(Bytes::from_static(render::FOUND.as_bytes())),
            Some("endless") => Reply::Endless,
            _ => Reply::NotFound,
        }
    }
}

fn walk(root: &Path, limit: usize) -> io::Result<Tree> {
    let base = Url::parse("http://site/").expect("a constant");
    let root_node = Node { url: "/".into(), name: "/".into(), parent: None, content: Content::Folder(Vec::new()) };
    let mut tree = Tree { by_url: HashMap::from([("/".to_owned(), 0)]), nodes: vec![root_node], skipped: 0 };
    let mut folders = VecDeque::from([(0, root.to_path_buf(), Vec::<String>::new())]);
    while let Some((parent, folder, segments)) = folders.pop_front() {
        for (name, path, is_folder) in
            entries(&folder).or_else(|error| if parent == 0 { Err(error) } else { Ok(Vec::new()) })?
        {
            if tree.nodes.len() >= limit {
                return Ok(tree);
            }
            let content = if is_folder {
                Content::Folder(Vec::new())
            } else {
                let Some(text) = text_of(&path) else {
                    tree.skipped += 1;
                    continue;
                };
                Content::Text(text)
            };
            let index = tree.nodes.len();
            let mut segments = segments.clone();
            segments.push(name.clone());
            let url = url_path(&base, &segments, is_folder);
            tree.by_url.insert(url.clone(), index);
            tree.nodes.push(Node { url, name, parent: Some(parent), content });
            if let Content::Folder(children) = &mut tree.nodes[parent].content {
                children.push(index);
            }
            if is_folder {
                folders.push_back((index, path, segments));
            }
        }
    }
    Ok(tree)
}

/// The folder's entries that are served, sorted by name: no hidden ones, no links, no build output, no unreadable names.
fn entries(folder: &Path) -> io::Result<Vec<(String, PathBuf, bool)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || name == "target" || !(kind.is_dir() || kind.is_file()) {
            continue;
        }
        entries.push((name, entry.path(), kind.is_dir()));
    }
    entries.sort();
    Ok(entries)
}

/// The file's text, if it has one.
fn text_of(path: &Path) -> Option<String> {
    if fs::metadata(path).ok()?.len() > MAX_FILE {
        return None;
    }
    String::from_utf8(fs::read(path).ok()?).ok().filter(|text| !text.contains('\0'))
}

fn url_path(base: &Url, segments: &[String], is_folder: bool) -> String {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.clear().extend(segments);
        if is_folder {
            path.push("");
        }
    }
    url.path().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html;

    fn crate_folder() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn every_page_is_reachable_and_every_link_leads_somewhere() {
        for limit in [1, 2, 7, 1000] {
            let site = Site::of_folder(crate_folder(), limit).unwrap();
            assert!(site.len() <= limit);
            let start = Url::parse("http://127.0.0.1/").unwrap();
            let mut seen = std::collections::BTreeSet::from([start.clone()]);
            let mut waiting = vec![start];
            while let Some(url) = waiting.pop() {
                let page = site.pages.get(url.path()).unwrap_or_else(|| panic!("{url} leads nowhere"));
                let links = html::links(&url, page);
                assert!(!links.malformed, "{url} is malformed");
                let new = links.urls.into_iter().filter(|url| !url.path().starts_with(BAD_PREFIX));
                waiting.extend(new.filter(|url| seen.insert(url.clone())));
            }
            let paths: std::collections::BTreeSet<&str> = seen.iter().map(Url::path).collect();
            assert_eq!(paths.len(), site.len(), "at limit {limit}");
        }
    }

    #[test]
    fn two_walks_give_the_same_pages() {
        let pages = || Site::of_folder(crate_folder(), 20).unwrap().pages;
        assert_eq!(pages(), pages());
    }

    #[test]
    fn files_that_are_not_served_are_counted() {
        let folder = std::env::temp_dir().join(format!("tenter-crawl-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let large = "x".repeat(MAX_FILE as usize + 1);
        for (name, bytes) in [("text", &b"a"[..]), ("binary", b"a\0"), ("large", large.as_bytes()), (".hidden", b"\0")]
        {
            fs::write(folder.join(name), bytes).unwrap();
        }
        let site = Site::of_folder(&folder, 10).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((site.len(), site.skipped()), (2, 2));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(Site::of_folder(Path::new("/no/such/folder"), 5).unwrap_err().contains("/no/such/folder"));
    }
}
