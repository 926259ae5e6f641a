//! Finds the links on a page.

use html5gum::{HtmlString, Token, Tokenizer};
use url::Url;

/// What a page says.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// Where it leads within the site, in the page's order, each in canonical form; duplicates are kept.
    pub(crate) urls: Vec<Url>,
    /// Whether the HTML standard calls the page a parse error somewhere. Its links are found all the same.
    pub(crate) malformed: bool,
}

/// The links to the page's own site: `<a href>`, resolved against the page or its `<base href>`.
pub(crate) fn links(page: &Url, html: &[u8]) -> Links {
    let mut found = Links::default();
    let mut base = page.clone();
    for Ok(token) in Tokenizer::new(html) {
        let tag = match token {
            Token::StartTag(tag) => tag,
            Token::Error(_) => {
                found.malformed = true;
                continue;
            }
            _ => continue,
        };
        let Some(href) = tag.attributes.get(&HtmlString(b"href".to_vec())) else { continue };
        let href = String::from_utf8_lossy(&href.value);
        match tag.name.0.as_slice() {
            b"base" => base = page.join(href.trim()).unwrap_or(base),
            b"a" => found.urls.extend(base.join(href.trim()).ok().and_then(|url| canonical(page, url))),
            _ => {}
        }
    }
    found
}

/// The form in which a link is compared, if it belongs to the page's site: the same scheme and host, on any port.
fn canonical(page: &Url, mut url: Url) -> Option<Url> {
    if url.scheme() != page.scheme() || url.host() != page.host() {
        return None;
    }
    url.set_fragment(None);
    Some(url)
}

/// What a request line asks for.
pub(crate) fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_page(html: &str) -> (Vec<String>, bool) {
        let page = Url::parse("http://127.0.0.1:80/a/b").unwrap();
        let found = links(&page, html.as_bytes());
        (found.urls.into_iter().map(String::from).collect(), found.malformed)
    }

    #[test]
    fn links_are_resolved_and_made_canonical() {
        let html =
            r##"<a href="c">1</a> <a class=x href='/d?q=1#part'>2</a> <A HREF="../e/./f">3</A> <a name=n>4</a>"##;
        let expected = ["http://127.0.0.1/a/c", "http://127.0.0.1/d?q=1", "http://127.0.0.1/e/f"];
        assert_eq!(on_page(html), (expected.map(str::to_owned).to_vec(), false));
    }

    #[test]
    fn other_sites_and_schemes_are_left_out_but_other_ports_are_not() {
        let html = r#"<a href="http://example.org/"></a><a href="https://127.0.0.1/"></a><a href="mailto:x@127.0.0.1"></a>
            <a href="http://127.0.0.1:1/"></a><a href="http://[bad/"></a>"#;
        assert_eq!(on_page(html), (vec!["http://127.0.0.1:1/".to_owned()], false));
    }

    #[test]
    fn text_that_looks_like_links_is_no_link() {
        let html = r#"<!-- <a href="/comment"> --> &lt;a href="/escaped"&gt; <p title="<a href=/attribute>">"#;
        assert_eq!(on_page(html), (Vec::new(), false));
    }

    #[test]
    fn malformed_pages_still_give_their_links() {
        let (urls, malformed) = on_page(r#"<p <b>><a href=/one">x<a href="/two" href="/three"><a href="/four""#);
        assert!(malformed);
        assert!(urls.contains(&"http://127.0.0.1/two".to_owned()), "{urls:?}");
    }

    #[test]
    fn a_base_element_moves_relative_links() {
        let (urls, _) = on_page(r#"<base href="/z/"><a href="y">"#);
        assert_eq!(urls, ["http://127.0.0.1/z/y"]);
    }
}
