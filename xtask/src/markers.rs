//! The parts of pages that a command writes: what is between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Writes `section`, which ends with a line's end, in place of what is there.
pub(crate) fn replace(file: &Path, name: &str, section: &str) -> anyhow::Result<()> {
    let page = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let page = replaced(&page, name, section)
        .with_context(|| format!("{}: no lines <!-- {name}: begin --> and end", file.display()))?;
    fs::write(file, page).with_context(|| format!("writing {}", file.display()))
}

fn replaced(page: &str, name: &str, section: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{section}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let page = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";
        let expected = "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n";
        assert_eq!(replaced(page, "x", "new\n").as_deref(), Some(expected));
        assert_eq!(replaced(page, "y", "new\n"), None);
    }
}
