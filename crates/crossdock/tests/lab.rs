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

#[test]
fn copying_is_measured_and_leaves_a_policy_that_copy_takes() {
    let dir = tempfile::tempdir().unwrap();
    let (data, output) = (dir.path().join("data"), dir.path().join("results"));
    fs::create_dir(&data).unwrap();
    let lab = Command::new(env!("CARGO_BIN_EXE_crossdock"))
        .args(["lab", "copy", "--size", "16M", "--threads", "2", "--files", "3", "--rounds", "1", "--dir"])
        .arg(&data)
        .arg("--output")
        .arg(&output)
        .output()
        .unwrap();
    assert!(lab.status.success(), "{}", String::from_utf8_lossy(&lab.stderr));
    let printed = String::from_utf8(lab.stdout).unwrap();
    for said in ["one file in memory", "3 files in memory", "What the numbers say", "read-write", "2 threads"]
    {
        assert!(printed.contains(said), "{said} in {printed}");
    }
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0, "the data is gone");
    let json: Value = serde_json::from_slice(&fs::read(output.join("copy.json")).unwrap()).unwrap();
    assert!(
        json["measured"]["rows"].as_array().unwrap().iter().all(|row| row["samples"][0]["copied_s"].is_f64())
    );
    assert!(fs::read_to_string(output.join("copy.md")).unwrap().contains("| read-write | 2 |"));

    let (source, target) = (dir.path().join("source"), dir.path().join("target"));
    fs::write(&source, "goods").unwrap();
    let copied = Command::new(env!("CARGO_BIN_EXE_crossdock"))
        .arg("copy")
        .args([&source, &target])
        .arg("--policy")
        .arg(output.join("copy.properties"))
        .output()
        .unwrap();
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
    assert_eq!(fs::read_to_string(&target).unwrap(), "goods");
}

#[test]
fn a_policy_that_nobody_wrote_stops_everybody_before_they_begin() {
    let dir = tempfile::tempdir().unwrap();
    let policy = dir.path().join("policy.properties");
    fs::write(&policy, "# by hand\ncrossdock.transfer.mechanism=teleport\n").unwrap();
    let (data, root) = (dir.path().join("data"), dir.path());
    for (arguments, status) in [
        (vec!["broker".as_ref(), "--data-dir".as_ref(), data.as_os_str()], 2),
        (vec!["http".as_ref(), "--root".as_ref(), root.as_os_str()], 1),
        (vec!["copy".as_ref(), policy.as_os_str(), data.as_os_str()], 1),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crossdock"));
        let output = command.args(arguments).arg("--policy").arg(&policy).output().unwrap();
        assert_eq!(output.status.code(), Some(status));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("policy.properties:2: crossdock.transfer.mechanism=teleport"), "{error}");
        assert!(!data.exists());
    }
}
