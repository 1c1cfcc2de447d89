//! What is in a file, by its name?

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What is said of a file that nothing is known of.
const BYTES: &str = "application/octet-stream";

/// A content type, as it stands in a field.
///
/// Text is said to be UTF-8, which nearly all of it is: browsers guess where nobody says, and guess wrong for some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContentType(&'static str);

impl ContentType {
    /// Of a file with this name: by its extension, or bytes.
    pub(crate) fn of(file_name: &[u8]) -> Self {
        let guess = mime_guess::from_path(Path::new(OsStr::from_bytes(file_name)));
        Self(guess.first_raw().unwrap_or(BYTES))
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        if self.0.starts_with("text/") { f.write_str("; charset=utf-8") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &[u8]) -> String {
        ContentType::of(name).to_string()
    }

    #[test]
    fn extensions_tell_the_type_whatever_their_case() {
        assert_eq!(of(b"index.html"), "text/html; charset=utf-8");
        assert_eq!(of(b"LOGO.PNG"), "image/png");
        assert_eq!(of(b"app.js"), "text/javascript; charset=utf-8");
        assert_eq!(of(b"module.wasm"), "application/wasm");
        assert_eq!(of(b"data.json"), "application/json");
        assert_eq!(of(b"film.mp4"), "video/mp4");
        assert_eq!(of(b"archive.tar.gz"), "application/gzip");
    }

    #[test]
    fn what_has_no_known_extension_is_bytes() {
        for name in [&b"README"[..], b"", b".htaccess", b"x.unheardof", b"\xff\xfe"] {
            assert_eq!(of(name), BYTES);
        }
    }
}
