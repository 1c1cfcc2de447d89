//! Reading what is in memory, where that cannot be asked for, and reading and writing that are interrupted.

use std::io::{ErrorKind, IoSlice, Write};

use denying::{Call, where_are_interrupted, where_fail};
use rustix::io::Errno;

#[test]
fn what_cannot_be_read_without_waiting_is_read_if_it_is_there_or_waited_for_elsewhere() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"abcdef").unwrap();
    let read = || {
        let mut slice = [0; 3];
        transfer::file::read_exact_at_nowait(&file, 2, &mut slice).map(|()| slice)
    };
    for errno in [Errno::NOSYS, Errno::OPNOTSUPP, Errno::PERM] {
        let told_by_cachestat = where_fail(&[Call::Preadv2], errno, read);
        assert_eq!(told_by_cachestat.unwrap(), *b"cde", "{errno:?}");
        let told_by_nobody = where_fail(&[Call::Preadv2, Call::Cachestat], errno, read);
        assert_eq!(told_by_nobody.unwrap_err().kind(), ErrorKind::WouldBlock, "{errno:?}");
    }
}

#[test]
fn what_is_interrupted_is_read_and_written_all_the_same() {
    let file = tempfile::tempfile().unwrap();
    where_are_interrupted(&[Call::Pwritev, Call::Pread, Call::Preadv2], || {
        let mut slices = [IoSlice::new(b"abc"), IoSlice::new(b"def")];
        assert_eq!(transfer::file::write_all_vectored_at(&file, &mut slices, 0).unwrap(), 6);
        assert_eq!(transfer::file::read_exact_at(&file, 1, 5).unwrap(), b"bcdef");
        let mut slice = [0; 3];
        transfer::file::read_exact_at_nowait(&file, 2, &mut slice).unwrap();
        assert_eq!(&slice, b"cde");
    });
}
