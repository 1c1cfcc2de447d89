//! kcat, the command line client on librdkafka.

use std::process::Command;

use anyhow::ensure;

use super::report::Report;
use super::{Client, PATIENCE};
use crate::tool;

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const RECORDS: usize = 10_000;

/// What kcat can do.
pub(crate) fn check(bootstrap: &str, report: &mut Report) {
    let client = Client::Kcat.name();
    for codec in CODECS {
        report.check(client, &format!("{RECORDS} records with keys and headers, {codec}"), || {
            round_trip(bootstrap, codec).map(|()| String::new())
        });
    }
    report.check(client, "lists the broker and its topics", || {
        let list = run(bootstrap, &["-L"], "")?;
        ensure!(list.contains(&format!("broker 1 at {bootstrap}")), "{list}");
        ensure!(
            CODECS.iter().all(|codec| list.contains(&format!("\"{codec}\" with 1 partitions"))),
            "{list}"
        );
        Ok(String::new())
    });
    report.check(client, "finds offsets by time", || {
        let first = run(bootstrap, &["-Q", "-t", "none:0:1"], "")?;
        ensure!(first.trim() == "none [0] offset 0", "{first}");
        Ok(String::new())
    });
    report.check(client, "reads in a group, and goes on where the group stopped", || {
        run(bootstrap, &["-P", "-t", "grouped"], "one\ntwo\n")?;
        let group = ["-q", "-e", "-X", "auto.offset.reset=earliest", "-G", "kcat-group", "grouped"];
        let first = run(bootstrap, &group, "")?;
        ensure!(first == "one\ntwo\n", "{first}");
        run(bootstrap, &["-P", "-t", "grouped"], "three\n")?;
        let second = run(bootstrap, &group, "")?;
        ensure!(second == "three\n", "{second}");
        Ok(String::new())
    });
}

fn round_trip(bootstrap: &str, codec: &str) -> anyhow::Result<()> {
    let lines: String = (0..RECORDS).map(|number| format!("key-{number}:value-{number}\n")).collect();
    run(bootstrap, &["-P", "-t", codec, "-z", codec, "-K", ":", "-H", "from=kcat"], &lines)?;
    let format = "%k:%s:%h\n";
    let read = run(bootstrap, &["-C", "-q", "-e", "-t", codec, "-o", "beginning", "-f", format], "")?;
    let expected: String =
        (0..RECORDS).map(|number| format!("key-{number}:value-{number}:from=kcat\n")).collect();
    ensure!(read == expected, "{} lines came back, and not as they went", read.lines().count());
    Ok(())
}

fn run(bootstrap: &str, arguments: &[&str], input: &str) -> anyhow::Result<String> {
    let mut kcat = Command::new(Client::Kcat.name());
    tool::output(kcat.args(["-b", bootstrap]).args(arguments), input.as_bytes(), PATIENCE)
}
