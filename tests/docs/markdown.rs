//! The little of Markdown that our documents use: headings, code, links.

/// A line of a document, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// With its text, at a level from 1 on.
    Heading(usize, &'a str),
    Text(&'a str),
    /// Within a fence, with what is written behind the opening fence.
    Code(&'a str, &'a str),
}

/// The lines of a document; fences themselves are left out.
pub(crate) fn lines(text: &str) -> Vec<Line<'_>> {
    let mut fence: Option<(&str, &str)> = None;
    let mut found = Vec::new();
    for line in text.lines() {
        let start = line.trim_start();
        match fence {
            Some((mark, _)) if start.starts_with(mark) => fence = None,
            Some((_, language)) => found.push(Line::Code(language, line)),
            None if start.starts_with("```") => {
                let mark = &start[..start.len() - start.trim_start_matches('`').len()];
                fence = Some((mark, start[mark.len()..].trim()));
            }
            None => found.push(match line.trim_start_matches('#') {
                rest if rest.len() < line.len() && rest.starts_with(' ') => {
                    Line::Heading(line.len() - rest.len(), rest.trim())
                }
                _ => Line::Text(line),
            }),
        }
    }
    found
}

/// The blocks of code in a language, each as one text.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == opening {
            let block: Vec<_> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            found.push(block.join("\n"));
        } else if line.trim_start().starts_with("```") {
            lines.by_ref().take_while(|line| line.trim() != "```").for_each(drop);
        }
    }
    found
}

/// The part of a document under a heading, up to the next one of the same level.
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let level = heading.bytes().take_while(|&byte| byte == b'#').count();
    let start = text.lines().find(|line| *line == heading)?;
    // `start` is a part of `text`, so the difference of the addresses is its place.
    let from = start.as_ptr() as usize - text.as_ptr() as usize + start.len();
    let next = format!("\n{} ", &heading[..level]);
    let rest = &text[from..];
    Some(rest.find(&next).map_or(rest, |end| &rest[..end]))
}

/// The anchors of a document, made from its headings the way forges do it.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in lines(text) {
        let Line::Heading(_, heading) = line else { continue };
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect();
        let same = found.iter().filter(|other| **other == slug).count();
        found.push(if same == 0 { slug } else { format!("{slug}-{same}") });
    }
    found
}

/// A link: what one reads, and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    pub(crate) text: &'a str,
    pub(crate) target: &'a str,
}

/// The links outside of code; references (`[name]: target`) count as links that read as their name.
pub(crate) fn links(text: &str) -> Vec<Link<'_>> {
    let texts = lines(text).into_iter().filter_map(|line| match line {
        Line::Heading(_, text) | Line::Text(text) => Some(text),
        Line::Code(..) => None,
    });
    texts.flat_map(links_in).collect()
}

fn links_in(line: &str) -> Vec<Link<'_>> {
    if let Some((name, target)) = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
        return vec![Link { text: name, target: target.trim() }];
    }
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = line[from..].find("](").map(|at| from + at) {
        from = at + 2;
        let Some(open) = line[..at].rfind('[') else { continue };
        // An odd number of backticks before the bracket: it stands within code.
        if line[..open].matches('`').count() % 2 == 1 {
            continue;
        }
        if let Some(close) = line[from..].find(')') {
            found.push(Link { text: &line[open + 1..at], target: &line[from..from + close] });
        }
    }
    found
}

#[test]
fn links_are_found_and_code_is_left_alone() {
    let text = "# A `b` c!\n\
        see [one](a.md) and [`two`](b.md#x), not `[three](c.md)`\n\
        ```rust\n[four](d.md)\n# no heading\n```\n\
        [five]: e.md\n# A b c";
    let found: Vec<_> = links(text).iter().map(|link| (link.text, link.target)).collect();
    assert_eq!(found, [("one", "a.md"), ("`two`", "b.md#x"), ("five", "e.md")]);
    assert_eq!(anchors(text), ["a-b-c", "a-b-c-1"]);
    assert_eq!(blocks(text, "rust"), ["[four](d.md)\n# no heading"]);
}

#[test]
fn a_section_ends_with_the_next_heading_of_its_level() {
    let text = "# T\n## One\na\n### Sub\nb\n## Two\nc";
    assert_eq!(section(text, "## One"), Some("\na\n### Sub\nb"));
    assert_eq!(section(text, "## Two"), Some("\nc"));
    assert_eq!(section(text, "## Three"), None);
}
