//! The results as plots.

use super::figure::Figure;
use super::headline::SHARE;
use super::results::{Measured, Results};
use super::session::CPU_PER_GB;
use super::svg::{Anchor, Face, Svg};

const WIDTH: f64 = 860.0;
/// Where bars begin, and what is left for the numbers at their ends.
const LEFT: f64 = 300.0;
const RIGHT: f64 = 80.0;
/// Where the first bar is, below title and legend.
const TOP: f64 = 74.0;
const BAR: f64 = 17.0;
const GAP: f64 = 15.0;
const MARGIN: f64 = 20.0;
const PANEL_HEIGHT: f64 = 230.0;

const GRID: &str = "#d1d9e0";
/// Told apart also by those who do not see red and green.
const GREY: &str = "#afb8c1";
const DARK_GREY: &str = "#6e7781";
const LIGHT_ORANGE: &str = "#f5b183";
const BROWN: &str = "#953800";
const BLUE: &str = "#0969da";
const ORANGE: &str = "#e16f24";

/// File names and drawings of all that was measured.
pub(crate) fn draw(results: &Results) -> Vec<(&'static str, String)> {
    let draw = |(&figure, measured): (&Figure, &Measured)| (file_name(figure), plot(figure, measured));
    results.figures.iter().map(draw).collect()
}

/// The name of a figure's plot.
pub(crate) fn file_name(figure: Figure) -> &'static str {
    match figure {
        Figure::Produce => "produce.svg",
        Figure::Consume => "consume.svg",
        Figure::Small => "small.svg",
        Figure::Memory => "memory.svg",
        Figure::Start => "start.svg",
        Figure::Latency => "latency.svg",
        Figure::Partitions => "partitions.svg",
        Figure::Connections => "connections.svg",
        Figure::SocketBuffers => "socket-buffers.svg",
        Figure::Backfill => "backfill.svg",
        Figure::Headline => "headline.svg",
        Figure::Http => "http.svg",
        Figure::Copy => "copy.svg",
        Figure::Asking => "asking.svg",
        Figure::Proxy => "proxy.svg",
    }
}

/// A value with the digits that mean something.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        1e6.. => format!("{:.2} M", value / 1e6),
        1e4.. => format!("{:.0} k", value / 1e3),
        1e2.. => format!("{value:.0}"),
        1e1.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn plot(figure: Figure, measured: &Measured) -> String {
    match figure {
        Figure::Partitions | Figure::Connections => scaling(figure.title(), measured),
        Figure::Headline => shares("Where the time goes at 1,000,000 records a second, both ways", measured),
        // Other units have values of other sizes.
        Figure::Http | Figure::Proxy | Figure::Asking => bars(figure.title(), &measured.only(CPU_PER_GB)),
        _ => bars(figure.title(), measured),
    }
}

fn colour(who: &str) -> &'static str {
    match who {
        "Apache Kafka" | "nginx" | "cp" => GREY,
        "Crossdock" => BLUE,
        "nginx 64k" => DARK_GREY,
        "haproxy splice" => LIGHT_ORANGE,
        "haproxy 1M pipes" => BROWN,
        _ => ORANGE,
    }
}

/// A bar for each case and each who.
fn bars(title: &str, measured: &Measured) -> String {
    let cases = measured.cases();
    let height = TOP + measured.series.len() as f64 * BAR + cases.len() as f64 * GAP + MARGIN;
    let mut svg = Svg::new(WIDTH, height);
    let unit = cases.first().map_or("", |&(_, unit)| unit);
    head(&mut svg, title, &format!("{unit}, median of the rounds; shorter is better"), measured);
    let longest = measured.series.iter().map(|series| series.median()).fold(f64::MIN_POSITIVE, f64::max);
    let mut y = TOP;
    for (case, unit) in cases {
        let series: Vec<_> = measured.series.iter().filter(|s| s.case == case && s.unit == unit).collect();
        let middle = y + series.len() as f64 * BAR / 2.0 + 4.0;
        svg.text([LEFT - 12.0, middle], Anchor::End, Face::Label, case);
        for series in series {
            bar(&mut svg, y, series.median() / longest, colour(&series.who), series.median(), &series.who);
            y += BAR;
        }
        y += GAP;
    }
    svg.line([LEFT, TOP - 6.0], [LEFT, y - GAP + 6.0], GRID);
    svg.finish()
}

/// The share of each group of samples in the CPU time.
fn shares(title: &str, measured: &Measured) -> String {
    let mut groups: Vec<_> =
        measured.series.iter().filter(|s| s.unit == SHARE).map(|s| (s.case.as_str(), s.median())).collect();
    groups.sort_by(|one, other| other.1.total_cmp(&one.1));
    let height = TOP + groups.len() as f64 * (BAR + 6.0) + MARGIN;
    let mut svg = Svg::new(WIDTH, height);
    svg.text([MARGIN, 28.0], Anchor::Start, Face::Title, title);
    legend(&mut svg, [("broker", BLUE), ("generator", ORANGE), ("idle and others", GREY)]);
    let note = "% of the time of both cores, Crossdock";
    svg.text(
        [MARGIN, 50.0],
        Anchor::Start,
        Face::Note,
        if groups.is_empty() { "not profiled" } else { note },
    );
    let longest = groups.first().map_or(1.0, |&(_, share)| share);
    let mut y = TOP;
    for (group, share) in groups {
        let colour = match group.split(':').next() {
            Some("broker") => BLUE,
            Some("generator") => ORANGE,
            _ => GREY,
        };
        svg.text([LEFT - 12.0, y + 13.0], Anchor::End, Face::Label, group);
        bar(&mut svg, y, share / longest, colour, share, group);
        y += BAR + 6.0;
    }
    svg.finish()
}

fn bar(svg: &mut Svg, y: f64, part: f64, colour: &str, value: f64, who: &str) {
    let length = (part * (WIDTH - LEFT - RIGHT)).max(1.0);
    svg.rectangle([LEFT, y], [length, BAR - 3.0], colour, &format!("{who}: {}", shown(value)));
    svg.text([LEFT + length + 6.0, y + 12.0], Anchor::Start, Face::Note, &shown(value));
}

/// Two panels, produce and consume: the cost per GB by how many there are.
fn scaling(title: &str, measured: &Measured) -> String {
    const PANELS: [(&str, &str); 2] = [("produce, ", "produce"), ("consume, ", "consume")];
    let mut svg = Svg::new(WIDTH, TOP + PANEL_HEIGHT + 50.0);
    head(
        &mut svg,
        title,
        &format!("broker {CPU_PER_GB}, median of the rounds; flat and low is better"),
        measured,
    );
    for (panel, (prefix, name)) in PANELS.into_iter().enumerate() {
        let left = 60.0 + panel as f64 * WIDTH / 2.0;
        let (width, bottom) = (WIDTH / 2.0 - 100.0, TOP + PANEL_HEIGHT);
        svg.text([left, TOP], Anchor::Start, Face::Label, name);
        let series: Vec<_> =
            measured.series.iter().filter(|series| series.case.starts_with(prefix)).collect();
        let highest = series.iter().map(|series| series.median()).fold(f64::MIN_POSITIVE, f64::max) * 1.1;
        for step in 0..=4 {
            let value = highest * f64::from(step) / 4.0;
            let y = bottom - (PANEL_HEIGHT - 20.0) * f64::from(step) / 4.0;
            svg.line([left, y], [left + width, y], GRID);
            svg.text([left - 6.0, y + 4.0], Anchor::End, Face::Note, &shown(value));
        }
        let mut cases: Vec<&str> = series.iter().map(|series| series.case.as_str()).collect();
        cases.dedup();
        let mut seen = Vec::new();
        cases.retain(|case| {
            !seen.contains(case) && {
                seen.push(*case);
                true
            }
        });
        let x_of = |at: usize| left + 30.0 + at as f64 * (width - 60.0) / (cases.len().max(2) - 1) as f64;
        for (at, case) in cases.iter().enumerate() {
            let label = case.strip_prefix(prefix).unwrap_or(case);
            svg.text([x_of(at), bottom + 20.0], Anchor::Middle, Face::Label, label);
        }
        for who in whos(measured) {
            let points: Vec<([f64; 2], f64)> = cases
                .iter()
                .enumerate()
                .filter_map(|(at, case)| {
                    let value = measured.median(case, who, CPU_PER_GB)?;
                    Some(([x_of(at), bottom - value / highest * (PANEL_HEIGHT - 20.0)], value))
                })
                .collect();
            svg.polyline(&points.iter().map(|&(point, _)| point).collect::<Vec<_>>(), colour(who));
            for ([x, y], value) in points {
                svg.text([x, y - 9.0], Anchor::Middle, Face::Note, &shown(value));
            }
        }
    }
    svg.finish()
}

fn head(svg: &mut Svg, title: &str, note: &str, measured: &Measured) {
    svg.text([MARGIN, 28.0], Anchor::Start, Face::Title, title);
    svg.text([MARGIN, 50.0], Anchor::Start, Face::Note, note);
    legend(svg, whos(measured).into_iter().map(|who| (who, colour(who))));
}

/// In one line that ends at the right edge.
fn legend<'a>(svg: &mut Svg, entries: impl IntoIterator<Item = (&'a str, &'a str), IntoIter: Clone>) {
    // Wide enough for any common font.
    let width = |name: &str| 18.0 + name.len() as f64 * 7.2 + 14.0;
    let entries = entries.into_iter();
    let mut x = WIDTH - MARGIN - entries.clone().map(|(name, _)| width(name)).sum::<f64>();
    for (name, colour) in entries {
        svg.rectangle([x, 18.0], [12.0, 12.0], colour, name);
        svg.text([x + 18.0, 28.0], Anchor::Start, Face::Label, name);
        x += width(name);
    }
}

/// Who was measured, in the order of the first measurement.
fn whos(measured: &Measured) -> Vec<&str> {
    let mut whos: Vec<&str> = Vec::new();
    for series in &measured.series {
        if !whos.contains(&series.who.as_str()) {
            whos.push(&series.who);
        }
    }
    whos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_show_three_digits_or_so() {
        for (value, text) in [
            (0.0567, "0.057"),
            (2.114, "2.11"),
            (41.26, "41.3"),
            (998.7, "999"),
            (12_345.0, "12 k"),
            (1e6, "1.00 M"),
        ] {
            assert_eq!(shown(value), text);
        }
    }
}
