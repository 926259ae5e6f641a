//! Everything, for programs.

use std::fmt::Write;

use crate::case::{Measure, Role};
use crate::measure::Sample;
use crate::report::{CaseResult, Setting, spread, summary};

/// All results with all samples, and the lines of the summary.
pub(crate) fn json(results: &[CaseResult], setting: &Setting) -> String {
    let cases: Vec<String> = results.iter().map(case).collect();
    format!(
        "{{\n  \"rounds\": {}, \"workers\": {}, \"quick\": {}, \"pinned\": {},\n  \"cpus\": {}, \"cpu\": {}, \
         \"kernel\": {}, \"load\": {},\n  \"cases\": [\n{}\n  ]\n}}\n",
        setting.rounds,
        setting.workers,
        setting.quick,
        setting.pinned,
        setting.cpus,
        string(&setting.cpu),
        string(&setting.kernel),
        string(&setting.load),
        cases.join(",\n")
    )
}

fn case(result: &CaseResult) -> String {
    let case = &result.case;
    let entrants: Vec<String> = result
        .entrants()
        .map(|(entrant, samples)| {
            let role = match entrant.role {
                Role::Tenter => "tenter",
                Role::Peer => "peer",
                Role::Bound => "bound",
            };
            format!("      {{\"name\": {}, \"role\": \"{role}\", {}}}", string(entrant.name), numbers(samples))
        })
        .collect();
    let lines: Vec<String> = case.rows.iter().filter_map(|row| summary::line(result, row)).map(line).collect();
    let sweep =
        case.sweep.map_or_else(String::new, |(name, size)| format!("\"sweep\": {}, \"size\": {size}, ", string(name)));
    format!(
        "    {{\"case\": {}, {sweep}\"about\": {}, \"unit\": {}, \"tail\": {}, \"seconds\": {},\n     \"entrants\": [\n{}\n     ],\n     \
         \"summary\": [\n{}\n     ]}}",
        string(&case.name),
        string(case.about),
        string(&case.unit.to_string()),
        string(case.tail),
        number(result.took.as_secs_f64()),
        entrants.join(",\n"),
        lines.join(",\n")
    )
}

fn numbers(samples: &[Sample]) -> String {
    let mut out = String::new();
    for (by, name) in [(Measure::Wall, "wall"), (Measure::Cpu, "cpu_ns"), (Measure::Tail, "tail")] {
        let Some(spread) = spread(samples, by) else { continue };
        let _ = write!(
            out,
            "\"{name}\": {{\"min\": {}, \"median\": {}, \"max\": {}}}, ",
            number(spread.min),
            number(spread.median),
            number(spread.max)
        );
    }
    let wall: Vec<String> = samples.iter().map(|sample| number(sample.wall)).collect();
    let cpu: Vec<String> = samples.iter().map(|sample| number(sample.cpu)).collect();
    let _ = write!(out, "\"walls\": [{}], \"cpus_ns\": [{}]", wall.join(", "), cpu.join(", "));
    out
}

fn line(line: summary::Line) -> String {
    let maybe = |value: Option<f64>| value.map_or_else(|| "null".to_owned(), number);
    let truth = |value: Option<bool>| value.map_or("null", |value| if value { "true" } else { "false" });
    format!(
        "      {{\"row\": {}, \"tenter\": {}, \"vs_tokio\": {}, \"best\": {}, \"vs_best\": {}, \"vs_bound\": {}, \
         \"goal\": {}, \"met\": {}, \"ahead\": {}}}",
        string(&line.title),
        number(line.own),
        maybe(line.to_tokio),
        line.best.map_or_else(|| "null".to_owned(), string),
        maybe(line.to_best),
        maybe(line.to_bound),
        string(&line.goal),
        truth(line.met),
        truth(line.ahead)
    )
}

/// JSON has no word for what isn't a number.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.3}") } else { "null".to_owned() }
}

fn string(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::example;

    #[test]
    fn strings_are_escaped_and_numbers_are_numbers() {
        assert_eq!(string("a \"b\" \\ \n"), "\"a \\\"b\\\" \\\\ \\u000a\"");
        assert_eq!([number(1.5), number(f64::NAN)], ["1.500", "null"]);
    }

    #[test]
    fn a_case_holds_every_sample_and_its_summary() {
        let text = case(&example());
        for part in [
            "\"case\": \"nap\"",
            "\"walls\": [10.000, 20.000, 90.000]",
            "\"role\": \"bound\"",
            "\"vs_tokio\": 0.500, \"best\": \"smol\"",
            "\"met\": true, \"ahead\": false",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let balance = |open: char, close: char| text.matches(open).count() == text.matches(close).count();
        assert!(balance('{', '}') && balance('[', ']'));
    }
}
