//! What kernel and file systems refuse is replaced by the next best and counted, or is an error if it was asked for.

use std::path::Path;

use transfer::copy::{Copier, CopyError, Method};
use transfer::{Capabilities, Reason};

use crate::common::{assert_contents, bytes, copy, dense, empty, file_in, ways};

/// Whether files of the usual place for temporary files can be cloned: then nothing below a clone is tried.
fn clones_here() -> bool {
    let copier = Copier::automatic();
    copy(&copier, &dense(b"x"), &empty()).unwrap();
    let clones = ways(&copier)[0].0 == Method::Reflink;
    if clones {
        println!("skipped: temporary files can be cloned here");
    }
    clones
}

#[test]
fn what_the_kernel_lacks_is_replaced_by_the_next_best_and_counted() {
    if clones_here() {
        return;
    }
    let bytes = bytes(300_000);
    let source = dense(&bytes);
    let found = Capabilities::probe();
    let without_range = Capabilities { copy_file_range: false, ..found };
    let bare = Capabilities { copy_file_range: false, sendfile: false, ..found };
    for (capabilities, method, reason) in [
        (found, Method::CopyFileRange, Reason::Refused),
        (without_range, Method::Sendfile, Reason::KernelLacks),
        (bare, Method::ReadWrite, Reason::KernelLacks),
        (Capabilities::none(), Method::ReadWrite, Reason::KernelLacks),
    ] {
        let (copier, target) = (Copier::automatic().with_capabilities(capabilities), empty());
        copy(&copier, &source, &target).unwrap();
        assert_contents(&target, &bytes, method.as_str());
        assert_eq!(ways(&copier), [(method, reason, 300_000)]);
    }
}

#[test]
fn a_method_that_was_asked_for_and_is_refused_is_an_error_with_its_name() {
    if clones_here() {
        return;
    }
    let (source, target) = (dense(b"goods"), empty());
    let error = copy(&Copier::force(Method::Reflink), &source, &target).unwrap_err();
    assert!(matches!(error, CopyError::Refused { method: Method::Reflink, .. }), "{error:?}");
    assert!(error.to_string().starts_with("the method reflink is refused: "), "{error}");
    for method in [Method::CopyFileRange, Method::Sendfile, Method::Splice] {
        let copier = Copier::force(method).with_capabilities(Capabilities::none());
        let error = copy(&copier, &source, &target).unwrap_err();
        assert!(matches!(error, CopyError::Refused { method: named, .. } if named == method), "{error:?}");
        assert_eq!(ways(&copier), []);
    }
}

#[test]
fn between_file_systems_a_copy_is_made_all_the_same() {
    let memory = Path::new("/dev/shm");
    let elsewhere = rustix::fs::statfs(memory).map(|stat| stat.f_type);
    let here = rustix::fs::statfs(std::env::temp_dir()).unwrap().f_type;
    if elsewhere.is_err() || elsewhere == Ok(here) {
        println!("skipped: no second kind of file system");
        return;
    }
    let bytes = bytes(300_000);
    let source = dense(&bytes);
    let (copier, target) = (Copier::automatic(), file_in(memory, 0, &[]));
    copy(&copier, &source, &target).unwrap();
    assert_contents(&target, &bytes, "auto");
    let [(method, Reason::Refused, 300_000)] = ways(&copier)[..] else { panic!("{:?}", ways(&copier)) };
    assert!(method == Method::Sendfile || method == Method::ReadWrite, "{method}");
    for method in [Method::Reflink, Method::CopyFileRange] {
        let error = copy(&Copier::force(method), &source, &file_in(memory, 0, &[])).unwrap_err();
        assert!(error.to_string().starts_with(&format!("the method {method} is refused: ")), "{error}");
    }
}
