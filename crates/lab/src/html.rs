//! The results as a page that needs nothing else: no network, no script, no font.

use std::fmt::Write as _;

use crate::chart::chart;
use crate::markdown::{capitalised, facts};
use crate::results::{shown, size_name};
use crate::{Cell, Figure, Recommendation, Results, distortions, verdicts};

/// Told apart also by those who do not see red and green, on light and on dark.
const STYLE: &str = "
:root { color-scheme: light dark; --page: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0; --box: #f6f8fa;
  --m0: #b93a0a; --m1: #d9822b; --m2: #94700a; --m3: #8b3fd9; --m4: #0969da; --m5: #0f8a5f; --m6: #cf2f6f; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0d1117; --ink: #e6edf3; --soft: #9aa4af; --grid: #343b44; --box: #161b22;
    --m0: #ff8a5c; --m1: #ffb570; --m2: #d9b44a; --m3: #c79bff; --m4: #58a6ff; --m5: #4cc38a; --m6: #ff7eb0; } }
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif;
  max-width: 60rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; } h2 { margin-top: 2.2rem; } h3 { margin-bottom: 0.3rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid var(--grid); text-align: right; }
th[scope='row'], td.name { text-align: left; font-weight: normal; white-space: nowrap; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.4rem; }
.wide { overflow-x: auto; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; }
svg { width: 100%; height: auto; font-size: 13px; }
svg text { fill: var(--ink); } svg text.note { fill: var(--soft); font-size: 12px; }
svg line.grid { stroke: var(--grid); } svg line.range { stroke: currentColor; stroke-width: 1.5; opacity: 0.55; }
svg polyline { fill: none; stroke: currentColor; stroke-width: 2; }
svg circle, svg polygon { fill: currentColor; }
.m0 { color: var(--m0); } .m1 { color: var(--m1); } .m2 { color: var(--m2); } .m3 { color: var(--m3); }
.m4 { color: var(--m4); } .m5 { color: var(--m5); } .m6 { color: var(--m6); }
dt { font-weight: 600; margin-top: 1rem; } dd { margin-left: 0; }
dd ul, details ul { color: var(--soft); font-size: 0.92rem; }
summary { cursor: pointer; color: var(--soft); }
pre { background: var(--box); border: 1px solid var(--grid); border-radius: 6px; padding: 0.8rem; overflow-x: auto; }
.avoidable { border-left: 4px solid var(--m1); padding-left: 0.6rem; }
";

/// The page. It is well-formed XML, too.
pub fn to_html(results: &Results) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>crossdock lab: what moving bytes costs on this machine</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>What moving bytes costs on this machine</h1>\n"
    );
    machine(&mut page, results);
    findings(&mut page, results);
    charts(&mut page, results);
    policy(&mut page, results);
    tables(&mut page, results);
    page.push_str("</body>\n</html>\n");
    page
}

/// Text that may hold what would end it. Names of processors and messages of systems come from elsewhere.
pub(crate) fn escape(text: &str) -> String {
    let printable = text.chars().filter(|letter| !letter.is_control());
    let mut escaped = String::with_capacity(text.len());
    for letter in printable {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn machine(page: &mut String, results: &Results) {
    page.push_str("<table>\n<caption>Where and how it was measured</caption>\n");
    for (name, value) in facts(results) {
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{name}</th><td class=\"name\">{}</td></tr>",
            escape(&value)
        );
    }
    page.push_str("</table>\n");
}

fn findings(page: &mut String, results: &Results) {
    let distortions = distortions(results);
    page.push_str("<h2>What the numbers say</h2>\n");
    if distortions.iter().any(|distortion| distortion.is_avoidable) {
        page.push_str(
            "<p class=\"avoidable\">Something spoiled this run that need not be: see what distorts it.</p>\n",
        );
    }
    page.push_str("<dl>\n");
    for verdict in verdicts(results) {
        let _ = write!(page, "<dt>{}</dt>\n<dd>{}", escape(&verdict.question), escape(&verdict.answer));
        if !verdict.details.is_empty() {
            page.push_str("\n<details><summary>the numbers</summary><ul>\n");
            for detail in &verdict.details {
                let _ = writeln!(page, "<li>{}</li>", escape(detail));
            }
            page.push_str("</ul></details>");
        }
        page.push_str("</dd>\n");
    }
    // A list of definitions is not empty.
    page.push_str("<dt>What is \u{201c}clearly\u{201d}?</dt>\n<dd>Four of five rounds agree, and the medians are 3 % apart or more.</dd>\n");
    page.push_str("</dl>\n<h2>What distorts them</h2>\n<ul>\n");
    for distortion in distortions {
        let class = if distortion.is_avoidable { " class=\"avoidable\"" } else { "" };
        let _ = writeln!(page, "<li{class}>{}</li>", escape(&distortion.text));
    }
    page.push_str("</ul>\n");
}

fn charts(page: &mut String, results: &Results) {
    page.push_str(
        "<h2>By size</h2>\n<p>Medians; the thin lines reach from the least to the most of the rounds. The axes are \
         logarithmic: equal heights are equal ratios.</p>\n",
    );
    for (number, group) in results.groups().iter().enumerate() {
        let Some(first) = group.first() else { continue };
        let _ = writeln!(page, "<h3>{}</h3>", escape(&capitalised(&first.group_name())));
        for (figure, what) in [
            (Figure::SenderCpu, "CPU seconds of the sender per GB (lower is better)"),
            (Figure::Throughput, "GB per second (higher is better)"),
            (Figure::ReceiverCpu, "CPU seconds of the receiver per GB (lower is better)"),
        ] {
            // What receivers of answers pay is no question that answers are measured for.
            if first.header_bytes > 0 && figure != Figure::SenderCpu {
                continue;
            }
            let drawing = chart(results, group, figure, &format!("chart-{number}-{figure:?}"));
            if !drawing.is_empty() {
                let _ = writeln!(page, "<figure><figcaption>{what}</figcaption>\n{drawing}</figure>");
            }
        }
    }
}

fn policy(page: &mut String, results: &Results) {
    let properties = Recommendation::of(results).to_properties(results);
    let lines: Vec<String> = properties.lines().map(escape).collect();
    let _ = writeln!(page, "<h2>Policy</h2>\n<pre>{}</pre>", lines.join("\n"));
}

fn tables(page: &mut String, results: &Results) {
    page.push_str("<h2>All rows</h2>\n");
    for group in results.groups() {
        let Some(first) = group.first() else { continue };
        let name = escape(&capitalised(&first.group_name()));
        let _ = writeln!(
            page,
            "<details><summary>{name}</summary>\n<div class=\"wide\"><table>\n\
            <caption>{name}: medians of the rounds; \u{b1} is half of what lies between the least and the most, for the sender's \
            CPU time</caption>\n<tr><th scope=\"col\">size</th><th scope=\"col\">mechanism</th>"
        );
        for figure in Figure::ALL {
            let _ = write!(page, "<th scope=\"col\">{}</th>", figure.heading());
        }
        page.push_str("<th scope=\"col\">\u{b1} %</th></tr>\n");
        for cell in &group {
            rows(page, results, *cell);
        }
        page.push_str("</table></div></details>\n");
    }
    for unavailable in &results.unavailable {
        let _ = writeln!(
            page,
            "<p>{} is not available: {}.</p>",
            unavailable.method,
            escape(&unavailable.reason)
        );
    }
}

fn rows(page: &mut String, results: &Results, cell: Cell) {
    for row in results.of_cell(cell) {
        let _ = write!(
            page,
            "<tr><td class=\"name\">{}</td><th scope=\"row\">{}</th>",
            size_name(cell.size_bytes),
            row.method
        );
        for figure in Figure::ALL {
            let _ = write!(page, "<td>{}</td>", shown(row.median(figure)));
        }
        let _ = writeln!(page, "<td>{:.0}</td></tr>", row.spread(Figure::SenderCpu) * 50.0);
    }
}

#[cfg(test)]
mod tests {
    use transfer::bare::Method;

    use super::*;
    use crate::results::made_up::{file, results, row};
    use crate::{Cache, Machine, Unavailable};

    /// Made-up results in which everything that comes from elsewhere tries to break out.
    fn hostile() -> Results {
        let cells =
            [file(Cache::Warm, 1, 4_096), file(Cache::Warm, 1, 1 << 20), file(Cache::Cold, 64, 4_096)];
        let rows = cells.iter().flat_map(|&cell| {
            Method::ALL
                .into_iter()
                .enumerate()
                .map(move |(n, method)| row(cell, method, 0.1 * (n + 1) as f64, 1.0))
        });
        let machine = Machine {
            cpu: "<script>\"&' CPU".to_owned(),
            file_system: "a</td>b".to_owned(),
            ..Machine::default()
        };
        let missing = Unavailable { method: Method::Zerocopy, reason: "no <such> & thing\u{1}".to_owned() };
        Results { machine, unavailable: vec![missing], ..results(rows.collect()) }
    }

    /// Checks that every element that begins ends, in order; and returns the elements' names.
    fn elements(page: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        let mut names = Vec::new();
        let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document type");
        while let Some(at) = rest.find('<') {
            assert!(!rest[..at].contains('>'), "a loose > in {:?}", &rest[..at]);
            let end = at + rest[at..].find('>').expect("the end of a tag");
            let tag = &rest[at + 1..end];
            rest = &rest[end + 1..];
            let name: String = tag
                .chars()
                .skip_while(|c| *c == '/')
                .take_while(|c| !c.is_whitespace() && *c != '/')
                .collect();
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_ref(), Some(&name), "{tag}");
            } else {
                names.push(name.clone());
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
        }
        assert_eq!(open, [""; 0], "left open");
        names
    }

    #[test]
    fn the_page_is_well_formed_whatever_the_machine_calls_itself() {
        let page = to_html(&hostile());
        let names = elements(&page);
        assert!(!names.iter().any(|name| name == "script"), "the machine's name broke out");
        let count = |wanted: &str| names.iter().filter(|name| *name == wanted).count();
        assert_eq!(count("svg"), 6, "three figures for each of two groups");
        assert_eq!(count("svg"), count("desc"), "every drawing is described");
        assert!(page.contains("&lt;script&gt;&quot;&amp;' CPU"));
    }

    #[test]
    fn the_page_needs_nothing_from_anywhere() {
        let page = to_html(&hostile());
        for outside in ["http:", "https:", "//", "src=", "href=", "url(", "@import", "<link", "<script"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn ids_are_unique() {
        let page = to_html(&hostile());
        let mut ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(all > 0 && ids.len() == all);
    }

    #[test]
    fn a_run_without_rows_is_a_page_all_the_same() {
        elements(&to_html(&results(vec![])));
    }
}
