//! A short run of the lab, as a user makes it.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use broker::config::Sources;
use serde_json::Value;

/// Runs the lab with little to measure; the files are in `output`.
fn run(dir: &Path, output: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crossdock"))
        .args(["lab", "--quick", "--sizes", "4K,64K", "--connections", "3", "--dir"])
        .arg(dir)
        .arg("--output")
        .arg(output)
        .args(more)
        .output()
        .unwrap()
}

#[test]
fn a_run_leaves_its_results_in_every_form_and_a_policy_that_the_broker_takes() {
    let dir = tempfile::tempdir().unwrap();
    let output = dir.path().join("new/results");
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();

    let ran = run(&data, &output, &[]);

    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let printed = String::from_utf8(ran.stdout).unwrap();
    for said in ["warm, 1 connection", "warm, 3 connections", "What the numbers say", "sendfile"] {
        assert!(printed.contains(said), "{said} in {printed}");
    }
    let json: Value = serde_json::from_slice(&fs::read(output.join("lab.json")).unwrap()).unwrap();
    let rows = json["measured"]["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["samples"].as_array().unwrap().len() >= 3), "{rows:?}");
    assert!(fs::read_to_string(output.join("lab.html")).unwrap().contains("<svg"));
    assert!(fs::read_to_string(output.join("lab.md")).unwrap().contains("| sendfile |"));
    let policy = output.join("policy.properties");
    let loaded = Sources::new().file(&policy).load().unwrap_or_else(|errors| panic!("{errors}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    let wanted = json["policy"]["crossdock.transfer.copy.below.bytes"].as_u64().unwrap();
    assert_eq!(loaded.config.transfer_copy_below_bytes, wanted);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "the data is gone");
}

#[test]
fn what_cannot_be_measured_is_said_before_anything_is() {
    let dir = tempfile::tempdir().unwrap();
    for (more, said) in [
        (["--sizes", "0"], "a file of 0 bytes"),
        (["--connections", "0"], "connections can be measured, not 0"),
        (["--dir", "/nonexistent"], "the data in /nonexistent cannot be used"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_crossdock"))
            .args(["lab", "--quick", "--output"])
            .arg(dir.path())
            .args(more)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(said), "{error}");
    }
}
