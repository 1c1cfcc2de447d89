//! Requests for what is not to be had, and requests that are too much.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

use super::Curl;
use crate::http::PATIENCE;
use crate::http::site::{LINKS_OUT, SECRET};
use crate::tool;

/// So many addresses go on one command line.
const PATHS_AT_ONCE: usize = 50;

impl Curl<'_> {
    pub(super) fn traversal(&self) -> anyhow::Result<String> {
        // The secret lies beside the root.
        let ups = [
            "..",
            "%2e%2e",
            ".%2e",
            "%2E.",
            "..%2f",
            "%2e%2e%2f",
            "..%5c",
            "..\\",
            "%252e%252e",
            "..;",
            "..%00",
            "..%c0%af",
            "%c0%ae%c0%ae",
            "..%20",
            "....",
            "%u002e%u002e",
        ];
        let mut paths = Vec::new();
        for up in ups {
            for before in ["", "/", "folder/", "folder/../", "./", "%2f", "one.bin/"] {
                paths.push(format!("{before}{up}/secret.txt"));
                paths.push(format!("{before}{up}/{up}/secret.txt"));
                paths.push(format!("{before}{up}secret.txt"));
            }
        }
        let deep = "../".repeat(30);
        for path in ["etc/passwd", "%2fetc%2fpasswd", "/etc/passwd"] {
            paths.extend([
                path.to_owned(),
                format!("{deep}{path}"),
                format!("{}{path}", deep.replace("..", "%2e%2e")),
            ]);
        }
        paths.extend(["%00", "one.bin%00.html", "%", "%zz", "%2", "\\", "C:\\"].map(str::to_owned));
        for paths in paths.chunks(PATHS_AT_ONCE) {
            self.refuses(paths)?;
        }
        // Up and down again within the root is no way out.
        let within = self.ask("folder/../one.bin", &["--path-as-is"])?;
        ensure!(within.status >= 400 || within.body == self.bytes("one.bin")?, "{within:?}");
        Ok(format!("{} paths", paths.len()))
    }

    /// Each of these paths is answered with a redirect or an error, and none with what is not to be read.
    fn refuses(&self, paths: &[String]) -> anyhow::Result<()> {
        // Between the answers stands what is in none of them.
        let (status, end) = ('\u{1e}', '\u{1f}');
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--path-as-is", "--globoff", "--write-out"]);
        curl.arg(format!("{status}%{{http_code}}{end}"));
        curl.args(paths.iter().map(|path| self.served.server.url(&format!("/{path}"))));
        let said = tool::output(&mut curl, &[], PATIENCE)?;
        let answers: Vec<_> = said.split_terminator(end).collect();
        ensure!(answers.len() == paths.len(), "{} answers to {} requests", answers.len(), paths.len());
        let secret = String::from_utf8_lossy(SECRET);
        for (answer, path) in answers.iter().zip(paths) {
            let (body, status) = answer.rsplit_once(status).context("no status")?;
            ensure!(!body.contains(&*secret) && !body.contains("root:"), "/{path} led out of the root");
            ensure!(status.starts_with('3') || status.starts_with('4'), "/{path}: status {status}");
        }
        Ok(())
    }

    pub(super) fn links_out(&self) -> anyhow::Result<String> {
        for link in LINKS_OUT {
            let answer = self.get(link)?;
            ensure!(answer.body != SECRET, "/{link} led out of the root");
            answer.expect_one_of(&[403, 404]).context(link)?;
        }
        Ok(String::new())
    }

    pub(super) fn huge_heads(&self) -> anyhow::Result<String> {
        // curl itself sends no head of 1 MiB.
        let large = "x".repeat(500_000);
        let file = self.body.with_extension("headers");
        let many: String = (0..20_000).map(|number| format!("X-{number}: {number}\n")).collect();
        let mut outcomes = Vec::new();
        for headers in [format!("X-Large: {large}\n"), many] {
            // Longer than an argument may be.
            fs::write(&file, headers)?;
            outcomes.push(self.refused("one.bin", &["--header", &format!("@{}", file.display())])?);
        }
        outcomes.push(self.refused(&"a/".repeat(50_000), &["--path-as-is"])?);
        self.get("one.bin")?.expect_body(200, &self.bytes("one.bin")?)?;
        Ok(outcomes.join(", "))
    }

    /// A request that is answered with 4xx, or whose connection is closed while it is still being sent.
    fn refused(&self, path: &str, options: &[&str]) -> anyhow::Result<String> {
        match self.ask(path, options) {
            Ok(answer) => {
                answer.expect_one_of(&[400, 404, 413, 414, 431, 494])?;
                Ok(answer.status.to_string())
            }
            // curl: 52 is an empty answer, 55 and 56 are failures to send and to receive.
            Err(error)
                if [52, 55, 56]
                    .iter()
                    .any(|code| format!("{error:#}").contains(&format!("exit status: {code}"))) =>
            {
                Ok("closed".to_owned())
            }
            Err(error) => bail!(error),
        }
    }
}
