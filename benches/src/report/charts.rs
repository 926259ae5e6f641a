//! Charts: bars for a case, lines of cost against size for a sweep.

use crate::case::{Measure, Role};
use crate::measure::Spread;
use crate::report::svg::{Anchor, Svg};
use crate::report::{CaseResult, digits, measure_name, spread};

const WIDTH: f64 = 760.0;
/// Left of the bars stand the names.
const NAMES: f64 = 130.0;
const BAR: f64 = 22.0;

/// File names without extension, and pictures.
pub(crate) fn charts(results: &[CaseResult]) -> Vec<(String, String)> {
    let single = results.iter().filter(|result| result.case.sweep.is_none());
    let mut charts: Vec<(String, String)> = single.map(|result| (result.case.name.clone(), bars(result))).collect();
    let mut sweeps: Vec<&str> = results.iter().filter_map(|result| Some(result.case.sweep?.0)).collect();
    sweeps.dedup();
    for sweep in sweeps {
        let points = results.iter().filter(|result| result.case.sweep.is_some_and(|(name, _)| name == sweep));
        let points: Vec<&CaseResult> = points.collect();
        charts.push((sweep.to_owned(), lines(sweep, &points)));
    }
    charts
}

fn colour(name: &str, role: Role) -> &'static str {
    match (role, name) {
        (Role::Tenter, "tenter") => "#0b6e4f",
        (Role::Tenter, _) => "#6bbf9b",
        (Role::Bound, _) => "#bbbbbb",
        (_, "tokio") => "#d1495b",
        (_, "tokio-ct") => "#e8909c",
        (_, "smol") => "#30638e",
        (_, "nio") => "#edae49",
        (_, "monoio") => "#7b5ea7",
        (_, "compio") => "#8c6d46",
        _ => "#555555",
    }
}

fn unit(result: &CaseResult, by: Measure) -> String {
    if by == Measure::Cpu { "ns of CPU per operation".to_owned() } else { result.case.unit.to_string() }
}

/// A bar per entrant, as long as its median, with a whisker from the least to the most.
fn bars(result: &CaseResult) -> String {
    let by = result.case.measure();
    let rows: Vec<(&str, Role, Spread)> = result
        .entrants()
        .filter_map(|(entrant, samples)| Some((entrant.name, entrant.role, spread(samples, by)?)))
        .collect();
    let most = rows.iter().map(|(.., spread)| spread.max).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - NAMES - 80.0) / most;
    let mut svg = Svg::new(WIDTH, 62.0 + rows.len() as f64 * (BAR + 8.0));
    let title = format!("{} – {}, {}", result.case.name, measure_name(&result.case, by), unit(result, by));
    svg.text(10.0, 22.0, 16, Anchor::Start, &title);
    svg.text(10.0, 40.0, 11, Anchor::Start, result.case.about);
    for (i, &(name, role, spread)) in rows.iter().enumerate() {
        let y = 54.0 + i as f64 * (BAR + 8.0);
        let middle = y + BAR / 2.0;
        svg.text(NAMES - 8.0, middle + 4.0, 12, Anchor::End, name);
        svg.rect(NAMES, y, spread.median * scale, BAR, colour(name, role));
        let (min, max) = (NAMES + spread.min * scale, NAMES + spread.max * scale);
        svg.line(&[(min, middle), (max, middle)], "#222222", 1.5);
        svg.text(max + 6.0, middle + 4.0, 12, Anchor::Start, &digits(spread.median));
    }
    svg.finish()
}

/// A line per entrant over sizes; both axes are logarithmic.
fn lines(sweep: &str, points: &[&CaseResult]) -> String {
    const HEIGHT: f64 = 420.0;
    let area = Area::of(points, HEIGHT);
    let mut svg = Svg::new(WIDTH, HEIGHT);
    let Some(first) = points.first() else { return svg.finish() };
    let by = first.case.measure();
    svg.text(10.0, 22.0, 16, Anchor::Start, &format!("{sweep} – cost per item, {}, against size", unit(first, by)));
    svg.text(10.0, 40.0, 11, Anchor::Start, first.case.about);
    for point in points {
        let (_, size) = point.case.sweep.expect("a point of a sweep");
        let x = area.x(size);
        svg.line(&[(x, area.top), (x, area.bottom)], "#eeeeee", 1.0);
        svg.text(x, area.bottom + 18.0, 11, Anchor::Middle, &size.to_string());
    }
    for value in area.ticks() {
        let y = area.y(value);
        svg.line(&[(area.left, y), (area.right, y)], "#eeeeee", 1.0);
        svg.text(area.left - 6.0, y + 4.0, 11, Anchor::End, &digits(value));
    }
    for (i, entrant) in first.case.entrants.iter().enumerate() {
        let colour = colour(entrant.name, entrant.role);
        let values = points.iter().filter_map(|point| {
            Some((area.x(point.case.sweep?.1), area.y(point.mark(point.case.measure(), entrant.name)?.value)))
        });
        svg.line(&values.collect::<Vec<_>>(), colour, 2.5);
        let y = area.top + 14.0 + i as f64 * 18.0;
        svg.rect(area.right + 14.0, y - 9.0, 10.0, 10.0, colour);
        svg.text(area.right + 30.0, y, 12, Anchor::Start, entrant.name);
    }
    svg.finish()
}

/// Where a size and a cost are in the picture.
#[derive(Debug)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    sizes: (f64, f64),
    costs: (f64, f64),
}

impl Area {
    fn of(points: &[&CaseResult], height: f64) -> Self {
        let sizes = points.iter().filter_map(|point| Some(point.case.sweep?.1 as f64));
        let costs = points.iter().flat_map(|point| point.marks(point.case.measure(), |_| true)).map(|mark| mark.value);
        Area {
            left: 70.0,
            right: WIDTH - 140.0,
            top: 60.0,
            bottom: height - 40.0,
            sizes: logarithms(sizes),
            costs: logarithms(costs.filter(|&cost| cost > 0.0)),
        }
    }

    fn x(&self, size: usize) -> f64 {
        let (least, most) = self.sizes;
        self.left + (size as f64).log10().clamp(least, most).sub_over(least, most) * (self.right - self.left)
    }

    fn y(&self, cost: f64) -> f64 {
        let (least, most) = self.costs;
        self.bottom - cost.log10().clamp(least, most).sub_over(least, most) * (self.bottom - self.top)
    }

    /// 1, 2 and 5 times powers of ten within the costs.
    fn ticks(&self) -> Vec<f64> {
        let (least, most) = self.costs;
        let tens = (least.floor() as i32)..=(most.ceil() as i32);
        let values = tens.flat_map(|ten| [1.0, 2.0, 5.0].map(|n| n * 10f64.powi(ten)));
        values.filter(|value| (least..=most).contains(&value.log10())).collect()
    }
}

/// The least and the most of some logarithms, a little apart in any case.
fn logarithms(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let fold = |(least, most): (f64, f64), value: f64| (least.min(value), most.max(value));
    let (least, most) = values.map(f64::log10).fold((f64::INFINITY, f64::NEG_INFINITY), fold);
    if least > most { (0.0, 1.0) } else { (least - 0.05, most + 0.05) }
}

trait SubOver {
    /// Where this is between two ends, from 0 to 1.
    fn sub_over(self, least: f64, most: f64) -> f64;
}

impl SubOver for f64 {
    fn sub_over(self, least: f64, most: f64) -> f64 {
        (self - least) / (most - least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::example;

    #[test]
    fn a_case_has_a_bar_per_entrant() {
        let (name, svg) = charts(&[example()]).pop().unwrap();
        assert_eq!(name, "nap");
        // One is the background.
        assert_eq!(svg.matches("<rect ").count(), 1 + 4);
        assert!(svg.contains(">smol</text>") && !svg.contains("NaN"), "{svg}");
    }

    #[test]
    fn a_sweep_is_one_chart_with_a_line_per_entrant() {
        let point = |size| {
            let mut point = example();
            point.case.sweep = Some(("naps", size));
            point
        };
        let charts = charts(&[point(1000), point(10_000), point(100_000)]);
        assert_eq!(charts.len(), 1);
        let (name, svg) = &charts[0];
        assert_eq!(name, "naps");
        assert_eq!(svg.matches("stroke-width=\"2.5\"").count(), 4);
        assert!(svg.contains(">100000</text>") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn ticks_are_round_numbers() {
        let area = Area { left: 0.0, right: 1.0, top: 0.0, bottom: 1.0, sizes: (0.0, 1.0), costs: (1.5, 2.5) };
        assert_eq!(area.ticks(), [50.0, 100.0, 200.0]);
    }
}
