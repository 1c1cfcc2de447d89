//! Reads and writes of whole buffers at a file position: all of it, or an error.
//!
//! What std offers is not repeated here: [`FileExt`](std::os::unix::fs::FileExt) reads into a given slice, and
//! [`File::sync_data`] is `fdatasync(2)`.

use std::fs::File;
use std::io::{self, IoSlice};
use std::num::NonZeroU64;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use crate::error::is_lack;
use crate::residency::is_cached;
use crate::sys;

/// `IOV_MAX` of Linux: more slices in one call are `EINVAL`.
const MAX_SLICES: usize = 1_024;

/// Reserved at once by reads whose length may come from a file: a wrong length then costs no more than this before the
/// end of the file shows it.
const READ_STEP_BYTES: u64 = 1024 * 1024;

/// Writes all of `slices`, one behind the other, from byte `position` on; returns the number of bytes.
///
/// On an error any part of the range may have been written: what lies there is garbage until it is written again or
/// cut off. The file must not be open with `O_APPEND`, which makes Linux ignore the position.
///
/// Consumes `slices` in doing so, as [`IoSlice::advance_slices`] does.
pub fn write_all_vectored_at(file: &File, mut slices: &mut [IoSlice<'_>], position: u64) -> io::Result<u64> {
    let mut written = 0;
    // Empty slices in front would let a call that writes nothing look like a full disk.
    IoSlice::advance_slices(&mut slices, 0);
    while !slices.is_empty() {
        let batch = &slices[..slices.len().min(MAX_SLICES)];
        let n = sys::pwritev(file.as_fd(), batch, position + written)?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        written += n as u64;
        IoSlice::advance_slices(&mut slices, n);
    }
    Ok(written)
}

/// Reads up to `len` bytes from byte `position` on: fewer only if the file ends before.
pub fn read_up_to_at(file: &File, position: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut buffer = Vec::new();
    while (buffer.len() as u64) < len {
        let missing = len - buffer.len() as u64;
        let step = missing.min(READ_STEP_BYTES) as usize;
        buffer.reserve(step);
        let at = position.saturating_add(buffer.len() as u64);
        if sys::pread_append(file.as_fd(), at, &mut buffer, step)? == 0 {
            break;
        }
    }
    Ok(buffer)
}

/// Reads exactly `len` bytes from byte `position` on, or fails with [`io::ErrorKind::UnexpectedEof`].
pub fn read_exact_at(file: &File, position: u64, len: u64) -> io::Result<Vec<u8>> {
    let buffer = read_up_to_at(file, position, len)?;
    if (buffer.len() as u64) < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(buffer)
}

/// Fills `slice` from byte `position` on with what is in the page cache, or fails with [`io::ErrorKind::WouldBlock`] where
/// the disk would have to be waited for; also where neither file system nor kernel tell. Fails with
/// [`io::ErrorKind::UnexpectedEof`] if the file ends inside the range.
pub fn read_exact_at_nowait(file: &File, position: u64, slice: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < slice.len() {
        match sys::pread_nowait(file.as_fd(), position + filled as u64, &mut slice[filled..]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            // The file system does not know the flag, as tmpfs, or the kernel not the call: then what is in the cache is
            // read as any other.
            Err(errno) if is_lack(errno) => {
                let is_there =
                    NonZeroU64::new(slice.len() as u64).and_then(|len| is_cached(file, position, len));
                return match is_there {
                    Some(true) => file.read_exact_at(slice, position),
                    Some(false) | None => Err(io::ErrorKind::WouldBlock.into()),
                };
            }
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_slices_are_written_one_behind_the_other() {
        let file = tempfile::tempfile().unwrap();
        let pieces: Vec<Vec<u8>> = (0..3_000_u32).map(|i| vec![i as u8; i as usize % 7]).collect();
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let expected = pieces.concat();

        let written = write_all_vectored_at(&file, &mut slices, 10).unwrap();

        assert_eq!(written, expected.len() as u64);
        assert_eq!(read_exact_at(&file, 10, written).unwrap(), expected);
    }

    #[test]
    fn writing_nothing_succeeds() {
        let file = tempfile::tempfile().unwrap();
        let mut slices = [IoSlice::new(b""), IoSlice::new(b"")];
        assert_eq!(write_all_vectored_at(&file, &mut slices, 0).unwrap(), 0);
        assert_eq!(file.metadata().unwrap().len(), 0);
    }

    #[test]
    fn a_read_that_does_not_wait_gives_what_is_in_memory() {
        let file = tempfile::tempfile().unwrap();
        write_all_vectored_at(&file, &mut [IoSlice::new(b"abcdef")], 0).unwrap();
        let mut slice = [0; 3];
        read_exact_at_nowait(&file, 2, &mut slice).unwrap();
        assert_eq!(&slice, b"cde");
        let error = read_exact_at_nowait(&file, 4, &mut slice).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_read_past_the_end_is_short_or_an_error() {
        let file = tempfile::tempfile().unwrap();
        write_all_vectored_at(&file, &mut [IoSlice::new(b"abcdef")], 0).unwrap();
        assert_eq!(read_up_to_at(&file, 4, 100).unwrap(), b"ef");
        assert_eq!(read_up_to_at(&file, 4, u64::MAX).unwrap(), b"ef");
        let error = read_exact_at(&file, 4, 3).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
