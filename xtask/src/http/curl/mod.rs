//! curl: every kind of request that people's scripts send.

mod conditional;
mod hostile;
mod partial;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::answer::Answer;
use super::site::{FOLDER, MEDIUM, MODIFIED, NAMES, NAMES_FOLDER, SIZED, TEXT};
use super::{Client, PATIENCE, Promise, Served, until};
use crate::clients::Report;
use crate::static_server::Kind;
use crate::tool;

/// What curl can do.
pub(crate) fn check(served: &Served<'_>, report: &mut Report) {
    let curl = Curl { served, body: served.folder.join("body") };
    let promises: [Promise<Curl<'_>>; 24] = [
        ("files of all sizes come whole, with their length and type", Curl::gets),
        ("HEAD answers as GET does, without the body", Curl::head),
        ("names that have to be encoded are found", Curl::names),
        ("a range is answered with just its bytes", Curl::range),
        ("several ranges come in parts, each right", Curl::ranges),
        ("ranges that cannot be satisfied or read are answered as such", Curl::bad_ranges),
        ("many overlapping ranges do not multiply a file", Curl::overlapping_ranges),
        ("If-None-Match is answered with 304 for the tag that was given", Curl::if_none_match),
        ("If-Modified-Since is answered with 304 unless the file is newer", Curl::if_modified_since),
        ("If-Match and If-Unmodified-Since are answered with 412 where they fail", Curl::preconditions),
        ("If-Range gives the range of the same file, and all of another", Curl::if_range),
        ("a compressed sibling goes to those who accept it", Curl::compressed),
        ("one connection carries request after request", Curl::keep_alive),
        ("HTTP/1.0 is answered, and its connection closed", Curl::http_1_0),
        ("Connection: close is honoured", Curl::close),
        ("a folder without its slash is sent to the one with it", Curl::redirect),
        ("a listing shows names and not markup", Curl::listing),
        ("what is not there is 404", Curl::missing),
        ("methods that change something are refused", Curl::methods),
        ("no path leads out of the root", Curl::traversal),
        ("no link leads out of the root", Curl::links_out),
        ("huge heads are refused, and others served", Curl::huge_heads),
        ("200 downloads at once are whole", Curl::parallel),
        ("the access log has a line for each request", Curl::access_log),
    ];
    for (promise, check) in promises {
        report.check(Client::Curl.name(), promise, || check(&curl));
    }
}

/// Runs curl.
pub(crate) struct Curl<'a> {
    pub(crate) served: &'a Served<'a>,
    /// Where it writes bodies.
    pub(crate) body: PathBuf,
}

impl Curl<'_> {
    fn gets(&self) -> anyhow::Result<String> {
        for (name, size) in SIZED {
            let answer = self.get(name)?;
            answer.expect_body(200, &self.bytes(name)?).context(name)?;
            answer.expect_header("content-length", &size.to_string()).context(name)?;
            answer.expect_header("accept-ranges", "bytes").context(name)?;
            answer.expect_header("last-modified", MODIFIED).context(name)?;
        }
        for (name, kind) in [
            ("index.html", "text/html"),
            ("style.css", "text/css"),
            ("script.js", "javascript"),
            ("image.png", "image/png"),
            ("video.mp4", "video/mp4"),
            (TEXT, "text/plain"),
            ("one.bin", "application/octet-stream"),
        ] {
            let answer = self.get(name)?;
            ensure!(answer.required("content-type")?.contains(kind), "{name}: {answer:?}");
        }
        self.get("")?.expect_body(200, &self.bytes("index.html")?).context("the root's index")?;
        self.get("one.bin?a=b&c=d")?
            .expect_body(200, &self.bytes("one.bin")?)
            .context("a query is ignored")?;
        Ok(format!("{} sizes", SIZED.len()))
    }

    fn head(&self) -> anyhow::Result<String> {
        for (name, size) in SIZED {
            let (get, head) = (self.get(name)?, self.ask(name, &["--head"])?);
            head.expect(200)?;
            head.expect_header("content-length", &size.to_string())?;
            for header in ["content-type", "etag", "last-modified", "accept-ranges"] {
                ensure!(head.header(header) == get.header(header), "{name}: {header}: {head:?}, {get:?}");
            }
        }
        self.ask("missing", &["--head"])?.expect(404)?;
        Ok(String::new())
    }

    fn names(&self) -> anyhow::Result<String> {
        for (name, encoded) in NAMES {
            let answer = self.get(&format!("{NAMES_FOLDER}/{encoded}"))?;
            answer.expect_body(200, name.as_bytes()).with_context(|| format!("{name} as {encoded}"))?;
        }
        // Letters may be encoded as well.
        self.get("%6f%6Ee.bin")?.expect_body(200, &self.bytes("one.bin")?)?;
        Ok(format!("{} names", NAMES.len()))
    }

    fn keep_alive(&self) -> anyhow::Result<String> {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--write-out",
            "%{http_code} %{num_connects} %{size_download}\n",
        ]);
        let wanted =
            [("one.bin", 200, 1), ("missing", 404, 0), (MEDIUM, 200, 1 << 20), ("empty.bin", 200, 0)];
        for (name, _, _) in wanted {
            curl.args(["--output", "/dev/null", &self.served.server.url(&format!("/{name}"))]);
        }
        let said = tool::output(&mut curl, &[], PATIENCE)?;
        for (at, (line, (name, status, bytes))) in said.lines().zip(wanted).enumerate() {
            let connects = u32::from(at == 0);
            let begin = format!("{status} {connects} ");
            ensure!(line.starts_with(&begin), "{name}: {line:?}, expected {begin:?}");
            ensure!(status != 200 || line == format!("{begin}{bytes}"), "{name}: {line:?}");
        }
        Ok(String::new())
    }

    fn http_1_0(&self) -> anyhow::Result<String> {
        for (name, _) in SIZED {
            let answer = self.ask(name, &["--http1.0"])?;
            answer.expect_body(200, &self.bytes(name)?).context(name)?;
            ensure!(answer.header("transfer-encoding").is_none(), "HTTP/1.0 has no chunks: {answer:?}");
        }
        self.closes(&["--http1.0"])
    }

    fn close(&self) -> anyhow::Result<String> {
        let answer = self.ask("one.bin", &["--header", "Connection: close"])?;
        answer.expect_header("connection", "close")?;
        self.closes(&["--header", "Connection: close"])
    }

    /// Two requests with these options need two connections.
    fn closes(&self, options: &[&str]) -> anyhow::Result<String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--write-out", "%{num_connects}"]).args(options);
        for name in ["one.bin", "one.bin"] {
            curl.args(["--output", "/dev/null", &self.served.server.url(&format!("/{name}"))]);
        }
        let said = tool::output(&mut curl, &[], PATIENCE)?;
        ensure!(said == "11", "new connections of two requests: {said}");
        Ok(String::new())
    }

    fn redirect(&self) -> anyhow::Result<String> {
        let answer = self.get(FOLDER)?;
        answer.expect_one_of(&[301, 302, 307, 308])?;
        let location = answer.required("location")?;
        ensure!(location.ends_with(&format!("/{FOLDER}/")), "location: {location}");
        let index = self.bytes(&format!("{FOLDER}/index.html"))?;
        self.ask(FOLDER, &["--location"])?.expect_body(200, &index)?;
        // An address that begins with two slashes is a host to those who follow.
        let answer = self.ask(&format!("/{FOLDER}"), &["--path-as-is"])?;
        let elsewhere = answer.header("location").is_some_and(|location| location.starts_with("//"));
        ensure!(!elsewhere, "sent to another host: {answer:?}");
        Ok(String::new())
    }

    fn listing(&self) -> anyhow::Result<String> {
        let answer = self.get(&format!("{NAMES_FOLDER}/"))?;
        answer.expect(200)?;
        ensure!(answer.required("content-type")?.starts_with("text/html"), "{answer:?}");
        let page = String::from_utf8(answer.body)?;
        ensure!(!page.contains("<b>"), "a name is taken for markup:\n{page}");
        ensure!(page.contains("&lt;b&gt;"), "a name is missing:\n{page}");
        Ok(String::new())
    }

    fn missing(&self) -> anyhow::Result<String> {
        for name in ["missing", "missing/", "one.bin/", "one.bin/more", "folder/missing", "FOLDER/"] {
            self.get(name)?.expect_one_of(&[404]).with_context(|| name.to_owned())?;
        }
        let long = "a".repeat(300);
        self.get(&long)?.expect_one_of(&[404, 414]).context("a name longer than any file's")?;
        Ok(String::new())
    }

    fn methods(&self) -> anyhow::Result<String> {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"] {
            let answer = self.ask("one.bin", &["--request", method, "--data", "x=y"])?;
            answer.expect_one_of(&[405, 501]).with_context(|| method.to_owned())?;
            // RFC 9110, 15.5.6; nginx leaves it out.
            if self.served.kind == Kind::Crossdock && answer.status == 405 {
                ensure!(answer.required("allow")?.contains("GET"), "{answer:?}");
            }
        }
        self.get("one.bin")?.expect_body(200, &self.bytes("one.bin")?)?;
        Ok(String::new())
    }

    fn parallel(&self) -> anyhow::Result<String> {
        let folder = self.served.folder.join("parallel");
        fs::create_dir_all(&folder)?;
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--parallel", "--parallel-immediate"]);
        curl.args(["--parallel-max", "200"]).current_dir(&folder);
        for number in 0..200 {
            curl.args(["--output", &number.to_string(), &self.served.server.url(&format!("/{MEDIUM}"))]);
        }
        tool::output(&mut curl, &[], PATIENCE)?;
        let whole = self.bytes(MEDIUM)?;
        for number in 0..200 {
            ensure!(
                fs::read(folder.join(number.to_string()))? == whole,
                "download {number} is not as it was"
            );
        }
        fs::remove_dir_all(folder)?;
        Ok(String::new())
    }

    fn access_log(&self) -> anyhow::Result<String> {
        let marker = format!("one.bin?{}", std::process::id());
        for (path, _) in [(marker.as_str(), 200), ("folder/?x", 200)] {
            self.get(path)?;
        }
        let log = &self.served.server.access_log;
        let line = || {
            let lines = fs::read_to_string(log).ok()?;
            lines.lines().find(|line| line.contains(&marker)).map(str::to_owned)
        };
        until("the request is in the access log", || line().is_some())?;
        let line = line().context("a line")?;
        ensure!(line.contains("127.0.0.1") && line.contains("GET") && line.contains(" 200"), "{line}");
        // What a client sends cannot write lines of its own.
        self.ask("one.bin", &["--header", "User-Agent: a\tb\u{1b}[31m\"c"])?;
        self.ask("forged%0a127.0.0.1%20forged", &[])?;
        let lines = fs::read_to_string(log)?;
        ensure!(!lines.lines().any(|line| line.starts_with("127.0.0.1 forged")), "a line was forged");
        ensure!(!lines.contains('\u{1b}'), "control characters are in the log");
        Ok(String::new())
    }

    fn bytes(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        self.served.site.bytes(name)
    }

    fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.ask(path, &[])
    }

    /// Asks for a path, which is without its leading slash, with these options.
    pub(crate) fn ask(&self, path: &str, options: &[&str]) -> anyhow::Result<Answer> {
        File::create(&self.body)?;
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", &PATIENCE.as_secs().to_string()])
            .args(["--dump-header", "-", "--output"])
            .arg(&self.body)
            .args(options)
            .arg(self.served.server.url(&format!("/{path}")));
        let said = tool::output(&mut curl, &[], PATIENCE)?;
        // One head after another, if there were several answers.
        let head = said.trim_end().rsplit("\r\n\r\n").next().unwrap_or_default();
        let mut answer = Answer::of_head(head)?;
        // With --head curl writes what it has of the answer there: the head.
        if !options.contains(&"--head") {
            answer.body = fs::read(&self.body)?;
        }
        Ok(answer)
    }
}
