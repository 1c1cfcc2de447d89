//! The files that are served: made afresh for each run, and what each must come back as.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use crate::packages;

/// A file with the extension in which browsers expect nothing, by its size in bytes: around the sizes at which a server
/// changes how it sends.
pub(crate) const SIZED: [(&str, usize); 8] = [
    ("empty.bin", 0),
    ("one.bin", 1),
    ("small.bin", 100),
    ("below.bin", 4_095),
    ("page.bin", 4_096),
    ("above.bin", 4_097),
    (MEDIUM, 1 << 20),
    (LARGE, 64 << 20),
];
pub(crate) const MEDIUM: &str = "medium.bin";
pub(crate) const LARGE: &str = "large.bin";
/// Text that has a compressed sibling.
pub(crate) const TEXT: &str = "text.txt";
pub(crate) const COMPRESSED: &str = "text.txt.gz";
pub(crate) const VIDEO: &str = "video.mp4";
pub(crate) const VIDEO_SIZE: [u32; 2] = [320, 180];
pub(crate) const VIDEO_S: u32 = 60;
pub(crate) const IMAGE_SIZE: [u32; 2] = [64, 48];

/// Names that have to be encoded, in an address and in a listing: as they are, and as an address has them.
pub(crate) const NAMES: [(&str, &str); 7] = [
    ("a b.txt", "a%20b.txt"),
    ("ü.txt", "%C3%BC.txt"),
    ("100%.txt", "100%25.txt"),
    ("plus+.txt", "plus+.txt"),
    ("what?.txt", "what%3F.txt"),
    ("#1.txt", "%231.txt"),
    ("<b>&'\".txt", "%3Cb%3E%26%27%22.txt"),
];
/// A folder with those names and no index.
pub(crate) const NAMES_FOLDER: &str = "names";
/// A folder with an index.
pub(crate) const FOLDER: &str = "folder";

/// Longer than the range that REDbot asks for.
const FOLDER_INDEX: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>A folder</title></head>\n\
    <body><p>This is what a folder shows in place of a list of what is in it.</p></body>\n</html>\n";

/// What is in files that are not to be served.
pub(crate) const SECRET: &[u8] = b"nobody is to read this";
/// Links in the root that lead out of it.
pub(crate) const LINKS_OUT: [&str; 3] = ["link-out.txt", "absolute-link-out.txt", "folder-out/secret.txt"];

/// Some day long past, when all files were last modified: no server has a reason to take it for uncertain.
const MODIFIED_S: u64 = 1_767_323_045;
/// The same as a header has it.
pub(crate) const MODIFIED: &str = "Fri, 02 Jan 2026 03:04:05 GMT";
/// Days before and after it.
pub(crate) const BEFORE: &str = "Thu, 01 Jan 2026 03:04:05 GMT";
pub(crate) const AFTER: &str = "Sat, 03 Jan 2026 03:04:05 GMT";

/// A folder that is served, in a folder that is not.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) root: PathBuf,
}

impl Site {
    /// Makes all files in `folder`, which does not exist yet.
    pub(crate) fn make(folder: &Path) -> anyhow::Result<Self> {
        let site = Self { root: folder.join("root") };
        fs::create_dir_all(&site.root).with_context(|| format!("creating {}", site.root.display()))?;
        for (name, bytes) in SIZED {
            site.write(name, &noise(bytes))?;
        }
        let line = |number| format!("{number}: the quick brown fox jumps over the lazy dog\n");
        site.write(TEXT, (0..2_000).map(line).collect::<String>().as_bytes())?;
        site.run("gzip", &["--keep", "--no-name", TEXT])?;
        for (name, _) in NAMES {
            site.write(&format!("{NAMES_FOLDER}/{name}"), name.as_bytes())?;
        }
        site.write(&format!("{FOLDER}/index.html"), FOLDER_INDEX.as_bytes())?;
        site.page()?;
        site.links_out(folder)?;
        for file in files_under(&site.root)? {
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED_S);
            File::options().write(true).open(&file)?.set_modified(modified)?;
        }
        Ok(site)
    }

    /// What is in a file, by its path in the root.
    pub(crate) fn bytes(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        fs::read(self.root.join(name)).with_context(|| format!("reading {name}"))
    }

    /// A page with all that browsers load: style, script, image and video.
    fn page(&self) -> anyhow::Result<()> {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("http/page");
        for name in ["index.html", "style.css", "script.js"] {
            self.write(name, &fs::read(page.join(name))?)?;
        }
        let source = |[width, height]: [u32; 2]| format!("testsrc2=size={width}x{height}:rate=10");
        let image = source(IMAGE_SIZE);
        self.run(
            "ffmpeg",
            &["-loglevel", "error", "-f", "lavfi", "-i", &image, "-frames:v", "1", "image.png"],
        )?;
        // Its index comes last, as ffmpeg writes it: a browser has to ask for ranges to play it.
        let (video, seconds) = (source(VIDEO_SIZE), VIDEO_S.to_string());
        let encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-qp", "10"];
        self.run(
            "ffmpeg",
            &[&["-loglevel", "error", "-f", "lavfi", "-i", &video, "-t", &seconds], &encode[..], &[VIDEO]]
                .concat(),
        )
    }

    fn links_out(&self, folder: &Path) -> anyhow::Result<()> {
        let outside = folder.join("outside");
        fs::create_dir_all(&outside)?;
        for secret in [folder.join("secret.txt"), outside.join("secret.txt")] {
            fs::write(secret, SECRET)?;
        }
        symlink("../secret.txt", self.root.join(LINKS_OUT[0]))?;
        symlink(folder.join("secret.txt"), self.root.join(LINKS_OUT[1]))?;
        symlink("../outside", self.root.join("folder-out"))?;
        Ok(())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
    }

    /// Runs a program in the root.
    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        packages::run(Command::new(program).args(arguments).current_dir(&self.root))
    }
}

/// Bytes of which no part looks like another (xorshift).
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ bytes as u64;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend(state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}

/// All files below a folder; links are not followed and not listed.
fn files_under(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files.extend(files_under(&entry.path())?);
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}
