//! `robots.txt`: what a site asks crawlers not to visit (RFC 9309, without its wildcards).

use std::time::Duration;

/// The name that rules may be for.
const NAME: &str = "tenter-crawl";

/// No site is waited for longer than this between two requests.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// The rules for this crawler.
#[derive(Clone, Debug, Default)]
pub(crate) struct Robots {
    /// The start of a path, and whether such paths may be visited.
    rules: Vec<(String, bool)>,
    delay: Duration,
}

impl Robots {
    /// Reads the rules of the group for this crawler, else of that for all.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut ours, mut all) = (None, Self::default());
        let (mut for_us, mut for_all, mut in_rules) = (false, false, true);
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else { continue };
            let (field, value) = (field.trim().to_ascii_lowercase(), value.trim());
            if field == "user-agent" {
                // A group may be for several; rules end its list.
                if std::mem::take(&mut in_rules) {
                    (for_us, for_all) = (false, false);
                }
                for_us |= value.eq_ignore_ascii_case(NAME);
                for_all |= value == "*";
                continue;
            }
            in_rules = true;
            if for_us {
                ours.get_or_insert_with(Self::default).add(&field, value);
            } else if for_all {
                all.add(&field, value);
            }
        }
        ours.unwrap_or(all)
    }

    fn add(&mut self, field: &str, value: &str) {
        match field {
            "allow" | "disallow" if !value.is_empty() => self.rules.push((value.to_owned(), field == "allow")),
            "crawl-delay" => {
                let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                self.delay = seconds.unwrap_or_default().min(LONGEST_DELAY);
            }
            _ => {}
        }
    }

    /// Whether a path may be visited: the longest rule that it starts with says so, or there is none.
    pub(crate) fn allow(&self, path: &str) -> bool {
        let matching = self.rules.iter().filter(|(start, _)| path.starts_with(start.as_str()));
        matching.max_by_key(|(start, allowed)| (start.len(), *allowed)).is_none_or(|(_, allowed)| *allowed)
    }

    /// How long to wait between requests.
    pub(crate) fn delay(&self) -> Duration {
        self.delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rule_counts() {
        let robots = Robots::parse("User-agent: *\nDisallow: /a # all of it\nAllow: /a/b\nCrawl-delay: 0.5\n");
        for (path, allowed) in [("/", true), ("/a", false), ("/a/c", false), ("/a/b/c", true), ("/b", true)] {
            assert_eq!(robots.allow(path), allowed, "{path}");
        }
        assert_eq!(robots.delay(), Duration::from_millis(500));
    }

    #[test]
    fn the_group_for_this_crawler_comes_first() {
        let text = "user-agent: *\ndisallow: /\n\nuser-agent: other\nuser-agent: Tenter-Crawl\ndisallow: /x\ncrawl-delay: 1e9\n";
        let robots = Robots::parse(text);
        assert!(robots.allow("/") && !robots.allow("/x"));
        assert_eq!(robots.delay(), LONGEST_DELAY);
        assert!(!Robots::parse("user-agent: other\ndisallow: /y\nuser-agent: *\ndisallow: /").allow("/z"));
    }

    #[test]
    fn what_makes_no_sense_forbids_nothing() {
        for text in ["", "<html>", "disallow: /", "user-agent: *\ndisallow:\ncrawl-delay: -3"] {
            let robots = Robots::parse(text);
            assert!(robots.allow("/") && robots.delay().is_zero(), "{text}");
        }
    }
}
