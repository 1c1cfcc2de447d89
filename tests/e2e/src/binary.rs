//! Where is the `crossdock` to test?

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The path of the binary under test: `CROSSDOCK_E2E_BINARY`, or the one of the same target folder and profile as this test.
///
/// Cargo tells only a package's own tests where its binaries are, and need not have built those of another package. So
/// Cargo is asked to, once for each test executable: it builds nothing where nothing changed, and its lock on the target
/// folder lets only one of several tests do it.
///
/// # Panics
///
/// When the binary cannot be built; what Cargo says is printed.
pub fn crossdock() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("CROSSDOCK_E2E_BINARY") {
        Some(binary) => PathBuf::from(binary),
        None => build(),
    })
}

fn build() -> PathBuf {
    // .../TARGET/PROFILE/deps/NAME-HASH
    let test = std::env::current_exe().expect("the path of this test");
    let profile_folder = test.ancestors().nth(2).expect("a test lies in deps/ of its profile's folder");
    let target = profile_folder.parent().expect("a profile's folder lies in the target folder");
    // The profile `dev` has the folder `debug`; all others have their own name.
    let profile = match profile_folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let done = Command::new(env!("CARGO"))
        .args(["build", "--package", "crossdock", "--bin", "crossdock", "--profile", profile])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .stdin(Stdio::null())
        .output()
        .expect("cargo starts");
    assert!(done.status.success(), "building crossdock:\n{}", String::from_utf8_lossy(&done.stderr));
    profile_folder.join("crossdock")
}
