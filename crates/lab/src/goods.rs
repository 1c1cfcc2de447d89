//! Where does the data lie that is measured?

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, statvfs};
use rustix::io::Errno;
use transfer::{Region, cached_pages};

use crate::LabError;

/// Fewer bytes would stay in the processor's caches from one lap to the next, as no server's files do.
pub(crate) const LEAST_BYTES: u64 = 64 << 20;

/// Left free on the disk and, as far as can be told, in memory.
const SPARE_BYTES: u64 = 256 << 20;

const BLOCK_BYTES: usize = 1 << 20;

/// Small files are so far apart, so that the processor has none of them in its caches, and the disk reads each alone.
const SPREAD_BYTES: u64 = 256 << 10;

/// One file, whose ranges stand for files of any size.
#[derive(Debug)]
pub(crate) struct Goods {
    file: Arc<File>,
    len: u64,
}

impl Goods {
    /// A file of `len` bytes and a little more in `dir`, written through to the disk. `progress` is told the share that is
    /// done.
    pub(crate) fn create(dir: &Path, len: u64, mut progress: impl FnMut(f64)) -> Result<Self, LabError> {
        let len = len.next_multiple_of(BLOCK_BYTES as u64);
        let of_data = |source: io::Error| LabError::Data { dir: dir.to_owned(), source };
        check_space(dir, len).map_err(of_data)??;
        let mut file = nameless(dir).map_err(of_data)?;
        let mut block = noise();
        for written in (0..len).step_by(BLOCK_BYTES) {
            stamp(&mut block, written);
            file.write_all(&block).map_err(of_data)?;
            progress(written as f64 / len as f64);
        }
        file.sync_all().map_err(of_data)?;
        Ok(Self { file: Arc::new(file), len })
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn whole(&self) -> Region {
        Region::new(Arc::clone(&self.file), 0, self.len)
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The data as a file that was opened by itself: what the kernel reads ahead for one reader does not depend on where
    /// others read. Without `/proc` it is the same for all.
    pub(crate) fn reopen(&self) -> io::Result<Arc<File>> {
        match File::open(format!("/proc/self/fd/{}", self.file.as_raw_fd())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Arc::clone(&self.file)),
            opened => opened.map(Arc::new),
        }
    }

    /// Where the file with this number begins, of `size_bytes`, which is no more than the largest. Numbers that follow each
    /// other are far apart on the disk where files are small.
    pub(crate) fn position(&self, number: u64, size_bytes: u64) -> u64 {
        let stride = size_bytes.max(SPREAD_BYTES);
        let slots = (self.len / stride).max(1);
        let lap = number / slots;
        number % slots * stride + (lap * size_bytes) % (stride - size_bytes + 1)
    }

    /// Reads what is missing in the page cache; whether all of it is there then.
    pub(crate) fn make_warm(&self) -> io::Result<bool> {
        let pages = self.len / rustix::param::page_size() as u64;
        let is_warm = || match cached_pages(&self.whole()) {
            // A file system of which the kernel tells nothing has its pages somewhere all the same.
            Ok(cached) => cached >= pages || cached == 0,
            Err(_) => true,
        };
        if cached_pages(&self.whole()).is_ok_and(|cached| cached >= pages) {
            return Ok(true);
        }
        let mut block = vec![0; BLOCK_BYTES];
        for position in (0..self.len).step_by(BLOCK_BYTES) {
            self.file.read_exact_at(&mut block, position)?;
        }
        Ok(is_warm())
    }
}

/// Files of these many bytes and more do not fit into memory beside everything else; `None` if the system does not tell.
pub(crate) fn fits_in_memory_bytes() -> Option<u64> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let available = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024;
    Some(available.saturating_sub(SPARE_BYTES) / 2)
}

/// Fails where there is no room for `len` bytes and some to spare.
pub(crate) fn check_space(dir: &Path, len: u64) -> io::Result<Result<(), LabError>> {
    let stat = statvfs(dir)?;
    let free_bytes = stat.f_bavail.saturating_mul(stat.f_frsize);
    let needed_bytes = len + SPARE_BYTES;
    if free_bytes < needed_bytes {
        return Ok(Err(LabError::Space { dir: dir.to_owned(), free_bytes, needed_bytes }));
    }
    Ok(Ok(()))
}

/// A file that is gone when it is closed, however that comes about.
pub(crate) fn nameless(dir: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR) {
        Ok(fd) => Ok(File::from(fd)),
        // A file system without O_TMPFILE: it takes two steps.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
            let path = dir.join(format!(".crossdock-lab-{}", std::process::id()));
            let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
            std::fs::remove_file(&path)?;
            Ok(file)
        }
        Err(errno) => Err(errno.into()),
    }
}

/// Bytes that no file system and no host can pack or share.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    while block.len() < BLOCK_BYTES {
        // xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend_from_slice(&state.to_le_bytes());
    }
    block
}

/// Makes every page differ from those of other blocks.
fn stamp(block: &mut [u8], position: u64) {
    for page in block.chunks_mut(4_096) {
        if let Some(place) = page.first_chunk_mut() {
            *place = position.to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_has_no_name_while_it_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let goods = Goods::create(dir.path(), 4_096, |_| {}).unwrap();
        assert!(goods.len() >= 4_096);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn pieces_of_every_size_lie_inside_the_data() {
        let dir = tempfile::tempdir().unwrap();
        let goods = Goods::create(dir.path(), 8 << 20, |_| {}).unwrap();
        for size_bytes in [512, 4_096, 64 << 10, SPREAD_BYTES, 1 << 20, 5 << 20, 8 << 20] {
            for number in (0..2_000).chain([u64::from(u32::MAX)]) {
                let position = goods.position(number, size_bytes);
                assert!(position + size_bytes <= goods.len(), "{number} at {position}");
            }
        }
        assert_ne!(goods.position(0, 4_096), goods.position(1, 4_096));
    }

    #[test]
    fn a_directory_that_is_too_small_is_said_to_be() {
        let dir = tempfile::tempdir().unwrap();
        let error = Goods::create(dir.path(), 1 << 60, |_| {}).unwrap_err();
        assert!(matches!(error, LabError::Space { .. }), "{error}");
    }
}
