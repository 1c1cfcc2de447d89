//! Pages that list what is in a folder.

use std::ffi::CStr;
use std::fmt::Write;
use std::os::fd::OwnedFd;
use std::time::SystemTime;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Errno;

use crate::head::date_of;

/// A page lists no more than this: what a folder of millions would cost is not one request's to decide.
const ENTRIES_MAX: usize = 10_000;

/// What a path segment of a link is not written with (RFC 3986, section 3.3), and what would end an attribute.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'\'')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'/');

#[derive(Debug)]
struct Entry {
    name: Vec<u8>,
    is_folder: bool,
    len: u64,
    modified: SystemTime,
}

/// The path of a link to `path`, a folder or a file beneath the root.
pub(crate) fn link_to(path: &[u8], is_folder: bool) -> String {
    let mut link = String::new();
    for segment in path.split(|byte| *byte == b'/').filter(|segment| !segment.is_empty()) {
        let _ = write!(link, "/{}", percent_encode(segment, ESCAPED));
    }
    if is_folder {
        link.push('/');
    }
    link
}

/// The page of `folder`, whose path beneath the root is `path`. Reads the folder: not on the event loop.
///
/// # Errors
/// Those of reading a folder.
pub(crate) fn page(folder: &OwnedFd, path: &[u8]) -> Result<String, Errno> {
    let (entries, is_cut) = entries(folder)?;
    let title = escaped(&format!("/{}", String::from_utf8_lossy(path)));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Index of {title}</title></head>\n<body>\n\
         <h1>Index of {title}</h1>\n<table>\n<tr><th>Name</th><th>Last modified</th><th>Bytes</th></tr>\n"
    );
    if !path.is_empty() {
        page.push_str("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
    }
    for entry in &entries {
        let slash = if entry.is_folder { "/" } else { "" };
        let link = percent_encode(&entry.name, ESCAPED);
        let name = escaped(&String::from_utf8_lossy(&entry.name));
        let bytes = if entry.is_folder { String::new() } else { entry.len.to_string() };
        let modified = httpdate::fmt_http_date(entry.modified);
        // "./" because a name with a colon in it would be read as a scheme.
        let _ = writeln!(
            page,
            "<tr><td><a href=\"./{link}{slash}\">{name}{slash}</a></td><td>{modified}</td><td>{bytes}</td></tr>"
        );
    }
    page.push_str("</table>\n");
    if is_cut {
        let _ = writeln!(page, "<p>Only {ENTRIES_MAX} entries are listed; there are more.</p>");
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

/// Folders first, then by name; and whether there are more.
fn entries(folder: &OwnedFd) -> Result<(Vec<Entry>, bool), Errno> {
    let mut entries = Vec::new();
    let mut is_cut = false;
    for found in Dir::read_from(folder)? {
        let found = found?;
        let name = found.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        is_cut = entries.len() >= ENTRIES_MAX;
        if is_cut {
            break;
        }
        // What has gone meanwhile is not listed.
        entries.extend(entry(folder, name));
    }
    entries.sort_by(|a, b| (!a.is_folder, &a.name).cmp(&(!b.is_folder, &b.name)));
    Ok((entries, is_cut))
}

fn entry(folder: &OwnedFd, name: &CStr) -> Option<Entry> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(Entry {
        name: name.to_bytes().to_vec(),
        is_folder: FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
        len: u64::try_from(stat.st_size).unwrap_or(0),
        modified: date_of(stat.st_mtime),
    })
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
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

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn names_of_any_kind_are_shown_as_they_are_and_lead_where_they_say() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("zoo")).unwrap();
        fs::write(folder.path().join("a<b>&\"c\"?#%.txt"), "12345").unwrap();
        fs::write(folder.path().join("javascript:alert(1)"), "").unwrap();
        let page = page(&File::open(folder.path()).unwrap().into(), b"x/y").unwrap();
        assert!(page.contains("<a href=\"../\">"));
        let folder_at = page.find("<a href=\"./zoo/\">zoo/</a>").unwrap();
        let file = "<a href=\"./a%3Cb%3E&%22c%22%3F%23%25.txt\">a&lt;b&gt;&amp;&quot;c&quot;?#%.txt</a>";
        assert!(page.find(file).unwrap() > folder_at, "{page}");
        assert!(page.contains("<td>5</td>"));
        assert!(page.contains("<a href=\"./javascript:alert(1)\">"));
    }

    #[test]
    fn links_stay_on_this_server() {
        assert_eq!(link_to(b"", true), "/");
        assert_eq!(link_to(b"a b/\\evil.com", true), "/a%20b/%5Cevil.com/");
        assert_eq!(link_to(b"x\r\ny", false), "/x%0D%0Ay");
    }
}
