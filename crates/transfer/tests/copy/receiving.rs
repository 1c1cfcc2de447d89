//! What comes in on a socket is in the file, each byte at its place, or there is an error that says what was wrong.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use denying::{Call, where_are_interrupted};
use transfer::copy::{Copier, CopyError, Method, PIECE_BYTES, Receiver};
use transfer::{Capabilities, Reason};

use crate::common::{assert_contents, bytes, empty, file_in, ways};
use crate::disks::Disk;

/// Both ends of a connection: the one that receives, and the one that sends.
fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let sender = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (listener.accept().unwrap().0, sender)
}

/// Receives what a thread sends, and what belongs before it, as a whole file; the socket is ended behind it.
fn receive(
    copier: &Copier,
    target: &Arc<File>,
    early: &[u8],
    sent: &[u8],
    len: u64,
) -> Result<(), CopyError> {
    let (socket, mut sender) = connection();
    let receiver = Receiver::begin(copier, Arc::clone(target), 0, len)?;
    std::thread::scope(|scope| {
        // A receiver that gives up closes the connection.
        scope.spawn(move || sender.write_all(sent));
        let received = receiver.receive(&socket, early, 0..len, &|_| {});
        drop(socket);
        received
    })
}

#[test]
fn bytes_arrive_by_splice_and_by_copying_and_are_counted() {
    let bytes = bytes((3 << 20) + 17);
    let (early, rest) = bytes.split_at(1000);
    let len = bytes.len() as u64;
    for (copier, expected) in [
        (
            Copier::automatic(),
            &[(Method::Splice, Reason::FirstChoice, len - 1000), (Method::ReadWrite, Reason::Small, 1000)][..],
        ),
        (
            Copier::force(Method::Splice),
            &[(Method::Splice, Reason::Forced, len - 1000), (Method::ReadWrite, Reason::Small, 1000)],
        ),
        (Copier::force(Method::ReadWrite), &[(Method::ReadWrite, Reason::Forced, len)]),
        (
            Copier::automatic().with_capabilities(Capabilities::none()),
            &[(Method::ReadWrite, Reason::KernelLacks, len)],
        ),
    ] {
        let target = empty();
        receive(&copier, &target, early, rest, len).unwrap();
        assert_contents(&target, &bytes, &format!("{expected:?}"));
        assert_eq!(ways(&copier), expected);
    }
}

#[test]
fn bytes_arrive_though_every_call_is_interrupted() {
    let bytes = bytes((3 << 20) + 17);
    let len = bytes.len() as u64;
    for (method, calls) in
        [(Method::Splice, &[Call::Splice][..]), (Method::ReadWrite, &[Call::Recv, Call::Pwrite])]
    {
        let (copier, target) = (Copier::force(method), empty());
        let received = where_are_interrupted(calls, || {
            let received = receive(&copier, &target, &[], &bytes, len);
            received.unwrap_or_else(|error| panic!("{calls:?}: {error}"));
        });
        let Some(()) = received else { return };
        assert_contents(&target, &bytes, method.as_str());
        assert_eq!(ways(&copier), [(method, Reason::Forced, len)]);
    }
}

#[test]
fn ranges_arrive_at_their_places_over_connections_of_their_own() {
    let bytes = bytes(2 << 20);
    let (begin, len) = (PIECE_BYTES - (1 << 20), PIECE_BYTES + (1 << 20));
    let (copier, target, observed) = (Copier::automatic(), empty(), AtomicU64::new(0));
    let receiver = Receiver::begin(&copier, Arc::clone(&target), begin, len).unwrap();
    let (first, second) = (receiver.take().unwrap(), receiver.take().unwrap());
    assert_eq!((first.clone(), second.clone()), (begin..PIECE_BYTES, PIECE_BYTES..len));
    assert_eq!(receiver.take(), None);
    for (range, bytes, complete_to) in [(second, &bytes[1 << 20..], begin), (first, &bytes[..1 << 20], len)] {
        let (socket, mut sender) = connection();
        std::thread::scope(|scope| {
            scope.spawn(move || sender.write_all(bytes).unwrap());
            let observe = |bytes| {
                observed.fetch_add(bytes, Ordering::Relaxed);
            };
            receiver.receive(&socket, &[], range.clone(), &observe).unwrap();
        });
        assert_eq!(receiver.complete(&range), complete_to);
    }
    assert_eq!(observed.into_inner(), 2 << 20);
    let found = transfer::file::read_up_to_at(&target, begin, len).unwrap();
    assert!(found == bytes, "the contents differ");
}

#[test]
fn a_range_that_is_given_up_is_never_complete_and_ends_the_work() {
    let (copier, target) = (Copier::automatic(), empty());
    let receiver = Receiver::begin(&copier, target, 0, 3 * PIECE_BYTES).unwrap();
    let (first, second) = (receiver.take().unwrap(), receiver.take().unwrap());
    receiver.give_up(&first);
    assert_eq!((receiver.take(), receiver.complete(&second)), (None, 0));
}

#[test]
fn a_stream_that_ends_early_is_an_error_with_numbers() {
    for method in Method::RECEIVING {
        let error = receive(&Copier::force(method), &empty(), b"1234", &bytes(100_000), 200_000).unwrap_err();
        assert!(
            matches!(error, CopyError::WrongLength { came: 100_004, len: 200_000 }),
            "{method}: {error:?}"
        );
        assert_eq!(error.to_string(), "100004 bytes came where 200000 were to come");
    }
}

#[test]
fn what_comes_behind_the_range_is_not_taken() {
    for method in Method::RECEIVING {
        let (copier, target) = (Copier::force(method), empty());
        let (mut socket, mut sender) = connection();
        sender.write_all(b"rangebehind").unwrap();
        let receiver = Receiver::begin(&copier, Arc::clone(&target), 0, 5).unwrap();
        receiver.receive(&socket, &[], 0..5, &|_| {}).unwrap();
        assert_contents(&target, b"range", method.as_str());
        let mut behind = [0; 6];
        std::io::Read::read_exact(&mut socket, &mut behind).unwrap();
        assert_eq!(&behind, b"behind");
        let error = receiver.receive(&socket, b"rangeb", 0..5, &|_| {}).unwrap_err();
        assert!(matches!(error, CopyError::WrongLength { came: 6, len: 5 }), "{error:?}");
    }
}

#[test]
fn a_peer_that_is_silent_for_the_timeout_is_an_error() {
    for method in Method::RECEIVING {
        let copier = Copier::force(method);
        let (socket, _sender) = connection();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let receiver = Receiver::begin(&copier, empty(), 0, 5).unwrap();
        let error = receiver.receive(&socket, &[], 0..5, &|_| {}).unwrap_err();
        let CopyError::Source(error) = error else { panic!("{method}: {error:?}") };
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{method}");
    }
}

#[test]
fn bytes_that_a_file_refuses_from_a_pipe_are_written_and_none_is_lost() {
    let bytes = bytes((2 << 20) + 5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("appended to");
    // splice(2) does not write to a file that is open for appending.
    let open = || Arc::new(File::options().create(true).append(true).read(true).open(&path).unwrap());
    let (copier, target, len) = (Copier::automatic(), open(), bytes.len() as u64);
    let (socket, mut sender) = connection();
    let sent = &bytes;
    // For such a file every write goes to the end: it is left empty.
    let receiver = Receiver::begin(&copier, Arc::clone(&target), 0, 0).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || sender.write_all(sent).unwrap());
        receiver.receive(&socket, &[], 0..len, &|_| {}).unwrap();
    });
    assert_contents(&target, &bytes, "appended");
    assert_eq!(ways(&copier), [(Method::ReadWrite, Reason::Refused, len)]);

    let error = receive(&Copier::force(Method::Splice), &open(), &[], b"goods", 5).unwrap_err();
    assert!(error.to_string().starts_with("the method splice is refused: "), "{error}");
}

#[test]
fn a_target_that_cannot_be_written_is_the_targets_fault() {
    let flags = rustix::fs::MemfdFlags::CLOEXEC | rustix::fs::MemfdFlags::ALLOW_SEALING;
    let target = Arc::new(File::from(rustix::fs::memfd_create("sealed", flags).unwrap()));
    let copier = Copier::automatic();
    let receiver = Receiver::begin(&copier, Arc::clone(&target), 0, 5).unwrap();
    rustix::fs::fcntl_add_seals(&target, rustix::fs::SealFlags::WRITE).unwrap();
    for (early, sent) in [(&b""[..], &b"goods"[..]), (b"goods", b"")] {
        let (socket, mut sender) = connection();
        sender.write_all(sent).unwrap();
        drop(sender);
        let error = receiver.receive(&socket, early, 0..5, &|_| {}).unwrap_err();
        assert!(matches!(error, CopyError::Target(_)), "{error:?}");
    }
    assert_eq!(ways(&copier), []);
}

#[test]
fn a_disk_that_gets_full_is_the_targets_fault() {
    let Some(disk) = Disk::mount("ext4") else { return };
    let bytes = vec![1; 400 << 20];
    for method in Method::RECEIVING {
        let target = file_in(&disk.path(), 0, &[]);
        let error = receive(&Copier::force(method), &target, &[], &bytes, 400 << 20).unwrap_err();
        assert!(matches!(error, CopyError::Target(_)), "{method}: {error:?}");
        assert!(error.to_string().contains("No space left"), "{error}");
    }
}

#[test]
fn methods_that_need_a_file_as_source_are_refused() {
    for method in [Method::Reflink, Method::CopyFileRange, Method::Sendfile, Method::Mmap] {
        let error = Receiver::begin(&Copier::force(method), empty(), 0, 5).unwrap_err();
        assert!(matches!(error, CopyError::Refused { method: named, .. } if named == method), "{error:?}");
    }
}
