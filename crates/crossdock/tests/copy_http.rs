//! `crossdock copy` from HTTP servers, as a user runs it: from ours, through a gate that can stop it half-way, and from
//! servers that do not do as they should.
#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

const CROSSDOCK: &str = env!("CARGO_BIN_EXE_crossdock");

/// What is asked for at a time.
const PIECE: usize = 64 << 20;

/// A folder that `crossdock http` serves on a port that the system chose, and one for copies.
struct Served {
    process: Child,
    address: String,
    dir: TempDir,
}

impl Served {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["served", "copies"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let mut process = Command::new(CROSSDOCK)
            .args(["http", "--listen", "127.0.0.1:0", "--root"])
            .arg(dir.path().join("served"))
            .env("RUST_LOG", "error")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("listens on")).unwrap();
        let address = line.split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();
        // The rest of the screen must find a reader.
        thread::spawn(move || lines.count());
        Self { process, address, dir }
    }

    /// Puts a file there, as if it had been changed long ago.
    fn put(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.dir.path().join("served").join(name);
        fs::write(&path, contents).unwrap();
        File::open(&path).unwrap().set_modified(long_ago()).unwrap();
        path
    }

    fn copies(&self) -> PathBuf {
        self.dir.path().join("copies")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

/// Bytes in which no two MiB are alike.
fn bytes(len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        (0..1_u64 << 17).flat_map(|word| word.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
    bytes = bytes.repeat(len.div_ceil(1 << 20));
    for (number, mib) in bytes.chunks_mut(1 << 20).enumerate() {
        mib[..8].copy_from_slice(&(number as u64).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

fn copy(source: &str, destination: &Path, arguments: &[&str]) -> Output {
    Command::new(CROSSDOCK).arg("copy").args(arguments).arg(source).arg(destination).output().unwrap()
}

/// Copies, and returns the summary.
fn succeed(source: &str, destination: &Path, arguments: &[&str]) -> String {
    let output = copy(source, destination, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

/// Fails with status 1, and returns the complaint.
fn fail(source: &str, destination: &Path, arguments: &[&str]) -> String {
    let output = copy(source, destination, arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// What is in a folder, hidden files included.
fn names(dir: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

fn assert_contents(path: &Path, expected: &[u8]) {
    let found = fs::read(path).unwrap();
    assert!(found == expected, "{}: the contents differ, of {} bytes", path.display(), found.len());
}

/// Passes connections on to `to`, and calls `look` with each request before it is passed on.
fn gate(to: &str, look: impl FnMut(&str) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (to, look) = (to.to_owned(), Arc::new(Mutex::new(look)));
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&to).unwrap());
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            // Clients that are killed leave in the middle.
            thread::spawn(move || io::copy(&mut answers, &mut back));
            let look = Arc::clone(&look);
            thread::spawn(move || {
                while let Some(request) = read_request(&mut client) {
                    look.lock().unwrap()(&request);
                    server.write_all(request.as_bytes()).unwrap();
                }
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    address
}

/// A server that answers each request with what `answer` makes of it, and ends the connection.
fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, answer) = (client.unwrap(), Arc::clone(&answer));
            thread::spawn(move || {
                if let Some(request) = read_request(&mut client) {
                    // A client that does not like the head leaves.
                    let _ = client.write_all(&answer(&request));
                }
            });
        }
    });
    address
}

/// A request, which has no body. `None` where the client has left.
fn read_request(client: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    String::from_utf8(request).ok()
}

/// An answer; each of its fields ends its own line.
fn answer(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\n{fields}\r\n").as_bytes(), body].concat()
}

#[test]
fn a_file_arrives_in_parallel_with_its_time_and_nothing_is_left_beside_it() {
    let served = Served::start();
    let (address, target) = (&served.address, served.copies().join("copy"));
    for (name, len) in [("large", 2 * PIECE + 5), ("small", 100_000), ("tiny", 5), ("empty", 0)] {
        let contents = bytes(len);
        served.put(name, &contents);
        for (arguments, ways) in [
            (&["--parallel", "3"][..], &[" by splice", " by read-write"][..]),
            (&["--method", "splice", "--resume"], &[" by splice, as asked for"]),
            (&["--method", "read-write", "--sync", "--parallel", "2"], &[" by read-write, as asked for"]),
        ] {
            let _ = fs::remove_file(&target);
            let said = succeed(&format!("http://{address}/{name}"), &target, arguments);
            assert!(said.starts_with("1 file ("), "{said}");
            assert!(!said.contains("refused"), "{said}");
            if len > 10_000 {
                assert!(ways.iter().any(|way| said.contains(way)), "{said}");
            }
            assert_contents(&target, &contents);
            assert_eq!(fs::metadata(&target).unwrap().modified().unwrap(), long_ago());
            assert_eq!(names(&served.copies()), std::slice::from_ref(&target));
        }
    }
    // As any new file.
    let new = served.dir.path().join("new");
    File::create(&new).unwrap();
    assert_eq!(fs::metadata(&target).unwrap().mode(), fs::metadata(&new).unwrap().mode());
}

#[test]
fn a_folder_takes_a_file_under_its_own_name_and_a_complete_one_is_left_alone() {
    let served = Served::start();
    served.put("a b.img", b"goods");
    let source = format!("http://{}/a%20b.img?v=/1", served.address);
    succeed(&source, &served.copies(), &[]);
    assert_contents(&served.copies().join("a b.img"), b"goods");
    let said = succeed(&source, &served.copies(), &["--resume"]);
    assert!(said.contains("; 1 complete file left alone"), "{said}");
    served.put("a b.img", b"other goods");
    succeed(&source, &served.copies(), &["--resume"]);
    assert_contents(&served.copies().join("a b.img"), b"other goods");
    for (path, complaint) in
        [("/", "say what the copy is to be called"), ("/..%2Fb", "say what the copy is to be called")]
    {
        let said = fail(&format!("http://{}{path}", served.address), &served.copies(), &[]);
        assert!(said.contains(complaint), "{said}");
    }
}

#[test]
fn a_killed_run_leaves_no_final_file_and_the_next_one_asks_for_the_rest_only() {
    let served = Served::start();
    let contents = bytes(2 * PIECE + 5);
    served.put("file", &contents);
    let target = served.copies().join("copy");
    let (reached, has_reached) = mpsc::channel();
    let (release, is_released) = mpsc::channel();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    let mut waits = true;
    let address = gate(&served.address, move |request| {
        let range = request.lines().find_map(|line| line.strip_prefix("Range: bytes=")).unwrap();
        heard.lock().unwrap().push(range.to_owned());
        if range.starts_with(&format!("{PIECE}-")) && waits {
            waits = false;
            reached.send(()).unwrap();
            is_released.recv().unwrap();
        }
    });
    let source = format!("http://{address}/file");
    let mut process =
        Command::new(CROSSDOCK).args(["copy", "--quiet", &source]).arg(&target).spawn().unwrap();
    has_reached.recv().unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    release.send(()).unwrap();
    let partial = served.copies().join(".copy.crossdock-partial");
    assert_eq!(names(&served.copies()), std::slice::from_ref(&partial));
    if rustix::fs::getxattr(&partial, "user.crossdock.copy", &mut [0; 4096][..]).is_err() {
        println!("skipped: extended attributes are not kept here");
        return;
    }
    asked.lock().unwrap().clear();

    let said = succeed(&source, &target, &["--resume"]);

    assert!(said.contains("; 64.0 MiB by an earlier run"), "{said}");
    let rest = [format!("{PIECE}-{}", 2 * PIECE - 1), format!("{}-{}", 2 * PIECE, 2 * PIECE + 4)];
    assert_eq!(asked.lock().unwrap().as_slice(), [&["0-0".to_owned()][..], &rest].concat());
    assert_contents(&target, &contents);
    assert_eq!(names(&served.copies()), [target]);
}

#[test]
fn a_file_that_is_replaced_between_pieces_is_an_error_and_nothing_is_left() {
    let served = Served::start();
    let path = served.put("file", &bytes(2 * PIECE + 5));
    let other = served.put("other", &vec![7; 2 * PIECE + 5]);
    File::open(&other).unwrap().set_modified(long_ago() + Duration::from_secs(1)).unwrap();
    let address = gate(&served.address, move |request| {
        if request.contains(&format!("bytes={PIECE}-")) {
            fs::rename(&other, &path).unwrap();
        }
    });
    let target = served.copies().join("copy");
    let said = fail(&format!("http://{address}/file"), &target, &[]);
    assert!(said.ends_with("copy: the source changed while it was copied\n"), "{said}");
    assert_eq!(names(&served.copies()), Vec::<PathBuf>::new());
}

#[test]
fn ranges_of_another_state_are_noticed_also_where_a_server_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let len = PIECE + 5;
    for (second, complaint) in [
        (
            "ETag: \"b\"\r\nContent-Range: bytes 67108864-67108868/67108869\r\n",
            "the source changed while it was copied",
        ),
        (
            "ETag: \"a\"\r\nContent-Range: bytes 67108864-67108868/67108870\r\n",
            "the source changed while it was copied",
        ),
        (
            "ETag: \"a\"\r\nContent-Range: bytes 67108863-67108867/67108869\r\n",
            "the server sends bytes 67108863-67108867: expected bytes 67108864-67108868",
        ),
    ] {
        let address = serve(move |request| {
            if request.contains("bytes=0-") {
                let fields = format!("ETag: \"a\"\r\nContent-Range: bytes 0-{}/{len}\r\n", PIECE - 1);
                return answer("206 Partial Content", &fields, &vec![1; PIECE]);
            }
            assert!(request.contains("\r\nIf-Range: \"a\"\r\n"), "{request}");
            answer("206 Partial Content", second, b"other")
        });
        let target = dir.path().join("copy");
        let said = fail(&format!("http://{address}/file"), &target, &[]);
        assert!(said.contains(complaint), "{said}");
        assert!(!target.exists());
    }
}

#[test]
fn a_server_without_ranges_or_without_a_way_to_tell_states_sends_it_all_in_one() {
    let dir = tempfile::tempdir().unwrap();
    let contents = Arc::new(bytes(PIECE + 5));
    for has_ranges in [false, true] {
        let (whole, asked) = (Arc::clone(&contents), Arc::new(Mutex::new(0)));
        let heard = Arc::clone(&asked);
        let address = serve(move |request| {
            *heard.lock().unwrap() += 1;
            if has_ranges && request.contains("\r\nRange: ") {
                // Nothing says which state this is of.
                let fields = format!("Content-Range: bytes 0-{}/{}\r\n", PIECE - 1, whole.len());
                return answer("206 Partial Content", &fields, &[]);
            }
            answer("200 OK", &format!("Content-Length: {}\r\n", whole.len()), &whole)
        });
        let target = dir.path().join("copy");
        let said = succeed(&format!("http://{address}/file"), &target, &["--parallel", "4"]);
        assert!(said.starts_with("1 file (64.0 MiB) to "), "{said}");
        assert_contents(&target, &contents);
        assert_eq!(*asked.lock().unwrap(), 1 + usize::from(has_ranges));
        assert_eq!(names(dir.path()), [target]);
    }
}

#[test]
fn answers_that_are_not_the_file_are_errors_that_say_what_was_expected() {
    let dir = tempfile::tempdir().unwrap();
    let ranged = "ETag: \"a\"\r\nContent-Range: bytes 0-9/10\r\n";
    for (status, fields, body, complaint) in [
        ("404 Not Found", "", "", "the server answered 404 Not Found: expected 200 or 206"),
        ("403 Forbidden", "", "", "the server answered 403 Forbidden: expected 200 or 206"),
        (
            "503 Service Unavailable",
            "",
            "",
            "the server answered 503 Service Unavailable: expected 200 or 206",
        ),
        ("200 OK", "", "goods", "the server does not say how long the file is: expected Content-Length"),
        (
            "200 OK",
            "Transfer-Encoding: chunked\r\n",
            "5\r\ngoods",
            "Transfer-Encoding \"chunked\": expected Content-Length",
        ),
        (
            "200 OK",
            "Content-Length: 5\r\nContent-Encoding: gzip\r\n",
            "goods",
            "encoded as \"gzip\": expected the file as it is",
        ),
        ("200 OK", "Content-Length: 10\r\n", "goods", "5 bytes came where 10 were to come"),
        ("200 OK", "Content-Length: 3\r\n", "goods", "5 bytes came where 3 were to come"),
        ("206 Partial Content", ranged, "goods", "5 bytes came where 10 were to come"),
        ("206 Partial Content", ranged, "goods and more", "14 bytes came where 10 were to come"),
        (
            "206 Partial Content",
            "Content-Range: bytes 0-4/10\r\n",
            "goods",
            "the server sends bytes 0-4: expected bytes 0-9",
        ),
        (
            "206 Partial Content",
            "Content-Range: bytes 0-4/*\r\n",
            "goods",
            "the server answered 206 without the length",
        ),
        ("206 Partial Content", "", "goods", "the server answered 206 without the length"),
        (
            "206 Partial Content",
            "Content-Range: bytes 0-9/10\r\nContent-Length: 5\r\n",
            "goods",
            "the server sends 5 bytes by Content-Length: expected 10, as Content-Range says bytes 0-9",
        ),
        ("302 Found", "", "", "the server answered 302 Found without Location: expected where the file is"),
        ("302 Found", "Location: https://a/b\r\n", "", "https://a/b: https is not spoken here"),
        ("302 Found", "Location: b\r\n", "", "expected http://HOST/PATH, or /PATH"),
        (
            "301 Moved Permanently",
            "Location: /again\r\n",
            "",
            "more than 10 redirects: the last one leads to http://127.0.0.1",
        ),
    ] {
        let address = serve(move |_| answer(status, fields, body.as_bytes()));
        let source = format!("http://{address}/file");
        let said = fail(&source, &dir.path().join("copy"), &[]);
        assert!(
            said.starts_with(&format!("crossdock: cannot copy {source} to {}", dir.path().display())),
            "{said}"
        );
        assert!(said.contains(complaint), "{said}");
        assert_eq!(names(dir.path()), Vec::<PathBuf>::new(), "{said}");
    }
}

#[test]
fn redirects_are_followed_and_errors_name_where_they_led() {
    let served = Served::start();
    served.put("file", b"goods");
    let to = served.address.clone();
    let address = serve(move |request| {
        let location = match request.split(' ').nth(1).unwrap() {
            "/first" => "/second".to_owned(),
            "/second" => format!("http://{to}/file"),
            _ => format!("http://{to}/absent"),
        };
        answer("307 Temporary Redirect", &format!("Location: {location}\r\n"), b"")
    });
    succeed(&format!("http://{address}/first"), &served.copies(), &[]);
    assert_contents(&served.copies().join("first"), b"goods");
    let said = fail(&format!("http://{address}/lost"), &served.copies(), &[]);
    let expected =
        format!("redirected to http://{}/absent: the server answered 404 Not Found", served.address);
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let address = serve(|_| panic!("nobody is to ask"));
    let source = format!("http://{address}/file");
    let copy = dir.path().join("copy");
    for (source, to, arguments, complaint) in [
        (source.as_str(), &copy, &["--method", "reflink"][..], "expected auto, splice or read-write"),
        (&source, &copy, &["--method", "mmap"], "expected auto, splice or read-write"),
        (&source, &copy, &["--check"], "--check compares files"),
        ("https://127.0.0.1/file", &copy, &[], "https is not spoken here, expected http://HOST:PORT/PATH"),
        ("http://127.0.0.1:0/file", &copy, &[], "\"0\" is no port"),
        (&source, &copy.join(""), &[], "is not a directory"),
        (&source, &PathBuf::from("/dev/null"), &[], "there is a device, which a file does not replace"),
    ] {
        let said = fail(source, to, arguments);
        assert!(said.contains(complaint), "{said}");
    }
    // A port below those that the system gives out.
    let closed = "127.0.0.1:1";
    let said = fail(&format!("http://{closed}/file"), &copy, &[]);
    assert!(said.contains(&format!("cannot connect to {closed}: Connection refused")), "{said}");
    assert_eq!(names(dir.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_path_that_looks_like_an_address_is_still_a_path() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("http:/a")).unwrap();
    fs::write(dir.path().join("http:/a/b"), b"goods").unwrap();
    let output = Command::new(CROSSDOCK)
        .current_dir(dir.path())
        .args([OsStr::new("copy"), OsStr::new("./http://a/b"), OsStr::new("copy")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_contents(&dir.path().join("copy"), b"goods");
}
