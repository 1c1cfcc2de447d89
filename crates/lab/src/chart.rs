//! A figure by size, as an SVG inside a page: a line for each method.
//!
//! Colours are variables of the page, which knows whether it is read on light or dark; methods also differ by the shapes of
//! their marks and stand in the legend in the order of their last values.

use std::fmt::Write as _;

use transfer::bare::Method;

use crate::html::escape;
use crate::results::{shown, size_name};
use crate::{Cell, Figure, Results, Row};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 62.0;
/// What the legend takes.
const RIGHT: f64 = 170.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 40.0;
const LEGEND_LINE: f64 = 22.0;

/// The drawing; empty where nothing of the group was measured. `id` is unique in the page.
pub(crate) fn chart(results: &Results, group: &[Cell], figure: Figure, id: &str) -> String {
    let methods = results.methods(group);
    let rows: Vec<&Row> = group.iter().flat_map(|cell| results.of_cell(*cell)).collect();
    let Some(scale) = Scale::of(&rows, figure) else { return String::new() };
    let name = group.first().map(Cell::group_name).unwrap_or_default();
    let title = format!("{} by size of file, {name}", figure.heading());
    let mut svg = format!(
        "<svg role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" viewBox=\"0 0 {WIDTH} {HEIGHT}\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
        escape(&title),
        escape(&description(results, group, &methods, figure))
    );
    axes(&mut svg, group, &scale);
    let mut ends: Vec<(Method, f64)> = Vec::new();
    for &method in &methods {
        if let Some(last) = line(&mut svg, results, group, method, figure, &scale) {
            ends.push((method, last));
        }
    }
    ends.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    for (place, (method, _)) in ends.into_iter().enumerate() {
        let y = TOP + 14.0 + place as f64 * LEGEND_LINE;
        let x = WIDTH - RIGHT + 22.0;
        let class = class(method);
        let _ = writeln!(svg, "<g class=\"{class}\">{}</g>", mark(method, x, y));
        let _ = writeln!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{method}</text>", x + 14.0, y + 4.0);
    }
    svg.push_str("</svg>\n");
    svg
}

/// What somebody who does not see the drawing is told: the ends of each line. The table has the rest.
fn description(results: &Results, group: &[Cell], methods: &[Method], figure: Figure) -> String {
    let told = methods.iter().filter_map(|&method| {
        let measured: Vec<&Row> = group.iter().filter_map(|cell| results.row(*cell, method)).collect();
        let (first, last) = (measured.first()?, measured.last()?);
        let at = |row: &Row| format!("{} at {}", shown(row.median(figure)), size_name(row.cell.size_bytes));
        Some(format!("{method}: {}, {}", at(first), at(last)))
    });
    told.collect::<Vec<String>>().join("; ") + "."
}

fn axes(svg: &mut String, group: &[Cell], scale: &Scale) {
    for tick in scale.ticks() {
        let y = scale.y(tick);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"note\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0,
            tick_name(tick)
        );
    }
    for (place, cell) in group.iter().enumerate() {
        let _ = writeln!(
            svg,
            "<text class=\"note\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x_of(place, group.len()),
            HEIGHT - 14.0,
            size_name(cell.size_bytes)
        );
    }
}

/// Draws what was measured of a method and returns its last value.
fn line(
    svg: &mut String,
    results: &Results,
    group: &[Cell],
    method: Method,
    figure: Figure,
    scale: &Scale,
) -> Option<f64> {
    let points: Vec<(f64, &Row)> = group
        .iter()
        .enumerate()
        .filter_map(|(place, cell)| Some((x_of(place, group.len()), results.row(*cell, method)?)))
        .collect();
    let path: Vec<String> =
        points.iter().map(|(x, row)| format!("{x:.1},{:.1}", scale.y(row.median(figure)))).collect();
    let _ = writeln!(svg, "<g class=\"{}\">", class(method));
    let _ = writeln!(svg, "<polyline points=\"{}\"/>", path.join(" "));
    for (x, row) in &points {
        let (least, most) = row.range(figure);
        let _ = writeln!(
            svg,
            "<line class=\"range\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>",
            scale.y(least),
            scale.y(most)
        );
        let hint = format!(
            "{method}, {}: {} {} (rounds from {} to {})",
            size_name(row.cell.size_bytes),
            shown(row.median(figure)),
            figure.heading(),
            shown(least),
            shown(most)
        );
        let shape = mark(method, *x, scale.y(row.median(figure)));
        let _ = writeln!(svg, "<g><title>{}</title>{shape}</g>", escape(&hint));
    }
    svg.push_str("</g>\n");
    points.last().map(|(_, row)| row.median(figure))
}

fn x_of(place: usize, places: usize) -> f64 {
    let width = WIDTH - LEFT - RIGHT;
    LEFT + (place as f64 + 0.5) * width / places.max(1) as f64
}

/// The class that gives a method its colour.
fn class(method: Method) -> String {
    let place = Method::ALL.iter().position(|other| *other == method).unwrap_or_default();
    format!("m{place}")
}

/// A shape around a point.
fn mark(method: Method, x: f64, y: f64) -> String {
    let polygon = |corners: &[(f64, f64)]| {
        let corners: Vec<String> =
            corners.iter().map(|(dx, dy)| format!("{:.1},{:.1}", x + dx, y + dy)).collect();
        format!("<polygon points=\"{}\"/>", corners.join(" "))
    };
    match method {
        Method::Sendfile => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>"),
        Method::Splice => polygon(&[(0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)]),
        Method::Mmap => polygon(&[(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)]),
        Method::Zerocopy => {
            polygon(&[(-5.0, -3.0), (0.0, -6.0), (5.0, -3.0), (5.0, 3.0), (0.0, 6.0), (-5.0, 3.0)])
        }
        Method::ReadWrite { buffer_bytes: ..8192 } => polygon(&[(0.0, -6.0), (5.5, 4.5), (-5.5, 4.5)]),
        Method::ReadWrite { buffer_bytes: 8192..524_288 } => {
            polygon(&[(0.0, 6.0), (5.5, -4.5), (-5.5, -4.5)])
        }
        Method::ReadWrite { .. } => polygon(&[(-6.0, 0.0), (4.5, -5.5), (4.5, 5.5)]),
    }
}

fn tick_name(tick: f64) -> String {
    let text = format!("{tick:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

/// A logarithmic axis: equal ratios are equal heights.
#[derive(Debug)]
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    /// Holds the values of all rows, zeros apart; `None` where there is nothing else.
    fn of(rows: &[&Row], figure: Figure) -> Option<Self> {
        let values = rows.iter().flat_map(|row| {
            let (least, most) = row.range(figure);
            [least, most]
        });
        let positive = values.filter(|value| *value > 0.0 && value.is_finite());
        let (least, most) =
            positive.fold((f64::MAX, 0.0), |(least, most), value| (value.min(least), value.max(most)));
        // A little room above and below.
        (most > 0.0).then_some(Self { least: least / 1.15, most: most * 1.15 })
    }

    fn y(&self, value: f64) -> f64 {
        let part = (value.clamp(self.least, self.most) / self.least).ln() / (self.most / self.least).ln();
        HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
    }

    /// 1, 2 and 5 times powers of ten.
    fn ticks(&self) -> Vec<f64> {
        let first = self.least.log10().floor() as i32;
        let last = self.most.log10().ceil() as i32;
        (first..=last)
            .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
            .filter(|tick| (self.least..=self.most).contains(tick))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cache;
    use crate::results::made_up::{file, results, row};

    #[test]
    fn dearer_is_higher_and_ratios_are_heights() {
        let cell = file(Cache::Warm, 1, 4_096);
        let rows = [0.1, 0.2, 0.4].map(|cpu| row(cell, Method::Mmap, cpu, 1.0));
        let scale = Scale::of(&rows.iter().collect::<Vec<_>>(), Figure::SenderCpu).unwrap();
        let [low, middle, high] = [0.1, 0.2, 0.4].map(|value| scale.y(value));
        assert!(low > middle && middle > high, "the y axis of a drawing points down");
        assert!(((low - middle) - (middle - high)).abs() < 1e-6);
        assert_eq!(scale.ticks(), [0.1, 0.2]);
    }

    #[test]
    fn every_method_has_its_own_shape_and_class() {
        let mut shapes: Vec<String> = Method::ALL.iter().map(|&method| mark(method, 0.0, 0.0)).collect();
        let mut classes: Vec<String> = Method::ALL.iter().map(|&method| class(method)).collect();
        for names in [&mut shapes, &mut classes] {
            names.sort();
            names.dedup();
            assert_eq!(names.len(), Method::ALL.len());
        }
    }

    #[test]
    fn a_figure_that_is_zero_everywhere_is_not_drawn() {
        let cell = file(Cache::Warm, 1, 4_096);
        let measured = results(vec![row(cell, Method::Mmap, 0.1, 1.0)]);
        assert_eq!(chart(&measured, &[cell], Figure::Copies, "a"), "");
        assert!(chart(&measured, &[cell], Figure::Throughput, "a").contains("mmap+write, 4 KiB: 1.00 GB/s"));
    }
}
