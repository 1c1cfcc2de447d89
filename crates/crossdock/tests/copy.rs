//! `crossdock copy`, as a user runs it: trees, refusals, and runs that are killed.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

const CROSSDOCK: &str = env!("CARGO_BIN_EXE_crossdock");

const MIB: usize = 1 << 20;

fn copy(source: &Path, destination: &Path, arguments: &[&str]) -> Output {
    Command::new(CROSSDOCK).arg("copy").args(arguments).arg(source).arg(destination).output().unwrap()
}

/// Copies, and returns the summary.
fn succeed(source: &Path, destination: &Path, arguments: &[&str]) -> String {
    let output = copy(source, destination, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

/// Fails with status 1, and returns the complaints.
fn fail(source: &Path, destination: &Path, arguments: &[&str]) -> String {
    let output = copy(source, destination, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len.div_ceil(8) as u64)
        .flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
        .take(len)
        .collect()
}

fn write(path: &Path, contents: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// What is below a directory, hidden files included, without what is in it.
fn names(dir: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

fn partial_of(target: &Path) -> PathBuf {
    let mut name = OsStr::new(".").to_owned();
    name.push(target.file_name().unwrap());
    name.push(".crossdock-partial");
    target.with_file_name(name)
}

fn folder() -> (TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (source, target) = (dir.path().join("source"), dir.path().join("target"));
    (dir, source, target)
}

#[test]
fn a_file_arrives_with_its_permissions_and_times_and_nothing_is_left_beside_it() {
    let (dir, source, target) = folder();
    write(&source, &bytes(3 * MIB + 1));
    fs::set_permissions(&source, Permissions::from_mode(0o4640)).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    File::open(&source).unwrap().set_modified(time).unwrap();
    for arguments in [&[][..], &["--check", "--sync", "--parallel", "3"], &["--method", "splice"]] {
        let said = succeed(&source, &target, arguments);
        assert!(said.starts_with("1 file (3.0 MiB) to "), "{said}");
        assert_eq!(said.contains("; compared"), arguments.contains(&"--check"), "{said}");
        assert_eq!(fs::read(&target).unwrap(), fs::read(&source).unwrap());
        let metadata = fs::metadata(&target).unwrap();
        assert_eq!((metadata.mode() & 0o7777, metadata.modified().unwrap()), (0o4640, time));
    }
    assert_eq!(names(dir.path()), [source, target]);
}

#[test]
fn a_tree_arrives_with_odd_names_links_and_permissions() {
    let (dir, source, target) = folder();
    let odd = OsStr::from_bytes(b"n\xff\xfe \n*'\"");
    write(&source.join("a b").join(odd), b"odd");
    write(&source.join("a b/empty"), b"");
    write(&source.join("x".repeat(255)), b"long");
    write(&source.join("big"), &bytes(2 * MIB));
    for number in 0..300 {
        write(&source.join(format!("many/{}/{number}", number % 7)), number.to_string().as_bytes());
    }
    fs::create_dir(source.join("nothing in it")).unwrap();
    symlink("../does not exist", source.join("dangling")).unwrap();
    symlink("a b", source.join("link to a directory")).unwrap();
    fs::hard_link(source.join("big"), source.join("a b/big too")).unwrap();
    write(&source.join("closed/inside"), b"inside");
    fs::set_permissions(source.join("closed"), Permissions::from_mode(0o500)).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::open(source.join("closed")).unwrap().set_modified(time).unwrap();

    let said = succeed(&source, &target, &["--parallel", "4", "--check"]);

    assert!(said.starts_with("305 files ("), "{said}");
    let compared =
        Command::new("diff").args(["-r", "--no-dereference"]).args([&source, &target]).output().unwrap();
    assert!(compared.status.success(), "{compared:?}");
    assert_eq!(fs::read_link(target.join("dangling")).unwrap(), Path::new("../does not exist"));
    let inode = |name: &str| fs::metadata(target.join(name)).unwrap().ino();
    assert_eq!(inode("big"), inode("a b/big too"));
    let closed = fs::metadata(target.join("closed")).unwrap();
    assert_eq!((closed.mode() & 0o7777, closed.modified().unwrap()), (0o500, time));
    fs::set_permissions(target.join("closed"), Permissions::from_mode(0o700)).unwrap();
    // Once more over what is there: replaced or left alone, never twice.
    succeed(&source, &target, &[]);
    let said = succeed(&source, &target, &["--resume"]);
    assert!(said.contains("305 complete files left alone"), "{said}");
    for closed in [&source, &target] {
        fs::set_permissions(closed.join("closed"), Permissions::from_mode(0o700)).unwrap();
    }
    drop(dir);
}

#[test]
fn a_sparse_file_stays_sparse() {
    let (_dir, source, target) = folder();
    write(&source, b"begin");
    File::options().write(true).open(&source).unwrap().set_len(1 << 33).unwrap();
    succeed(&source, &target, &["--parallel", "2", "--check"]);
    let metadata = fs::metadata(&target).unwrap();
    assert_eq!(metadata.len(), 1 << 33);
    assert!(metadata.blocks() <= fs::metadata(&source).unwrap().blocks() + 64, "{}", metadata.blocks());
}

#[test]
fn what_cannot_be_copied_is_told_and_the_rest_is_copied() {
    let (_dir, source, target) = folder();
    write(&source.join("good"), b"good");
    write(&source.join("in the way"), b"file");
    fs::create_dir_all(target.join("in the way")).unwrap();
    assert!(Command::new("mkfifo").arg(source.join("pipe")).status().unwrap().success());
    let complaints = fail(&source, &target, &["--parallel", "2"]);
    for expected in ["/pipe: it is a named pipe", "/in the way: there is a directory", "; 2 NOT copied"] {
        assert!(complaints.contains(expected), "{complaints}");
    }
    assert_eq!(fs::read(target.join("good")).unwrap(), b"good");
    assert_eq!(names(&target), [target.join("good"), target.join("in the way")]);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_written() {
    let (dir, source, target) = folder();
    write(&source.join("file"), b"goods");
    let file = source.join("file");
    fs::hard_link(&file, dir.path().join("other name")).unwrap();
    for (from, to, complaint) in [
        (&source, &source.join("inside/deep"), "or inside of it"),
        (&source, &source, "or inside of it"),
        (&file, &file, "are the same file"),
        (&file, &dir.path().join("other name"), "are the same file"),
        (&file, &target.join(""), "is not a directory"),
        (&dir.path().join("absent"), &target, "absent: No such file"),
        (&PathBuf::from("/dev/null"), &target, "/dev/null is a device"),
        (&file, &PathBuf::from("/dev/null"), "there is a device, which a file does not replace"),
    ] {
        let said = fail(from, to, &[]);
        assert!(said.contains(complaint), "{said}");
    }
    assert_eq!(names(&source), [file]);
    assert!(!target.exists());
}

#[test]
fn a_method_that_is_refused_leaves_nothing_and_names_itself_and_the_file() {
    let (dir, source, target) = folder();
    write(&source, b"goods");
    let output = copy(&source, &target, &["--method", "reflink"]);
    if output.status.success() {
        println!("skipped: temporary files can be cloned here");
        return;
    }
    let said = String::from_utf8(output.stderr).unwrap();
    let expected =
        format!("cannot copy {} to {}: the method reflink is refused: ", source.display(), target.display());
    assert!(said.contains(&expected), "{said}");
    assert_eq!(names(dir.path()), [source]);
}

#[test]
fn what_was_at_the_final_name_is_replaced_not_written_to() {
    let (dir, source, target) = folder();
    write(&source, b"new");
    write(&target, b"old and longer");
    fs::hard_link(&target, dir.path().join("kept")).unwrap();
    succeed(&source, &target, &[]);
    assert_eq!(fs::read(&target).unwrap(), b"new");
    assert_eq!(fs::read(dir.path().join("kept")).unwrap(), b"old and longer");
}

#[test]
fn a_killed_run_leaves_no_final_file_and_the_next_one_goes_on() {
    let (dir, source, target) = folder();
    write(&source, &bytes(640 * MIB));
    let partial = partial_of(&target);
    if !leave_noted_partial(&source, &target, &partial) {
        return;
    }
    assert_eq!(names(dir.path()), [partial.clone(), source.clone()]);
    let inode = fs::metadata(&partial).unwrap().ino();

    // A method that does not begin anew, as a clone does.
    let said = succeed(&source, &target, &["--resume", "--check", "--method", "read-write"]);

    assert!(said.contains(" by an earlier run"), "{said}");
    assert_eq!(fs::metadata(&target).unwrap().ino(), inode);
    assert_eq!(names(dir.path()), [source.clone(), target.clone()]);
    assert!(fs::read(&source).unwrap() == fs::read(&target).unwrap(), "the copy differs");
}

#[test]
fn what_a_killed_run_left_of_another_source_is_not_continued() {
    let (_dir, source, target) = folder();
    write(&source, &bytes(640 * MIB));
    if !leave_noted_partial(&source, &target, &partial_of(&target)) {
        return;
    }
    write(&source, &bytes(MIB));
    let said = succeed(&source, &target, &["--resume"]);
    assert!(!said.contains("by an earlier run"), "{said}");
    assert_eq!(fs::read(&target).unwrap(), bytes(MIB));
}

#[test]
fn a_copy_that_differs_is_found_by_check_and_gets_no_name() {
    let (dir, source, target) = folder();
    write(&source, &bytes(640 * MIB));
    let partial = partial_of(&target);
    if !leave_noted_partial(&source, &target, &partial) {
        return;
    }
    // What an earlier run copied is not read again, but by --check.
    File::options().write(true).open(&partial).unwrap().write_all_at(b"wrong", 1_000_001).unwrap();
    let said = fail(&source, &target, &["--resume", "--check", "--method", "read-write"]);
    assert!(said.contains("the copy differs from the source at byte 1000001"), "{said}");
    assert_eq!(names(dir.path()), [source]);
}

/// Kills a run with signal 9 when it has noted that a part is complete. False, with a line that says so, where no run can
/// be caught at it.
fn leave_noted_partial(source: &Path, target: &Path, partial: &Path) -> bool {
    const ATTEMPTS: usize = 10;
    for _ in 0..ATTEMPTS {
        // By pipe, because a clone is done before anybody looks.
        let mut process = Command::new(CROSSDOCK)
            .args(["copy", "--quiet", "--method", "splice"])
            .args([source, target])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        while process.try_wait().unwrap().is_none() {
            let noted = rustix::fs::getxattr(partial, "user.crossdock.copy", &mut [0; 512][..]).is_ok();
            if noted {
                process.kill().unwrap();
            }
        }
        if partial.exists() {
            assert!(!target.exists(), "a killed run left a file under the final name");
            return true;
        }
        fs::remove_file(target).unwrap();
    }
    println!("skipped: extended attributes are not kept here, or copies are too quick");
    false
}
