//! What the tests of this crate share: a file with known bytes, pairs of sockets, and peers that read.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use transfer::{Capabilities, Mechanism, Region, Residency};

use crate::noise::Noise;
pub(crate) use crate::sockets::{Buffers, assert_same_bytes, socket_pair};

/// How long the kernel may take to let go of a file's pages.
const EVICTION_PATIENCE: Duration = Duration::from_secs(30);

/// A file on disk and what is in it.
pub(crate) struct Goods {
    pub(crate) file: Arc<File>,
    pub(crate) bytes: Vec<u8>,
}

impl Goods {
    /// A file of `len` bytes in which no two pages are alike.
    pub(crate) fn new(len: usize) -> Self {
        let bytes = Noise::seeded(0x9e37_79b9_7f4a_7c15).bytes(len);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        Self { file: Arc::new(file), bytes }
    }

    pub(crate) fn region(&self, position: u64, len: u64) -> Region {
        Region::new(Arc::clone(&self.file), position, len)
    }

    pub(crate) fn whole(&self) -> Region {
        self.region(0, self.bytes.len() as u64)
    }

    /// Writes the file back and drops it from the page cache. False if the file system keeps its files nowhere else.
    pub(crate) fn evict(&self) -> bool {
        const TMPFS_MAGIC: i64 = 0x0102_1994;
        const OVERLAYFS_MAGIC: i64 = 0x794c_7630;
        let kind = rustix::fs::fstatfs(&self.file).unwrap().f_type as i64;
        if kind == TMPFS_MAGIC || kind == OVERLAYFS_MAGIC {
            return false;
        }
        // While the disk is busy, the kernel keeps some pages all the same.
        let given_up = Instant::now() + EVICTION_PATIENCE;
        while {
            self.file.sync_all().unwrap();
            rustix::fs::fadvise(&self.file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
            self.has_cached_pages()
        } {
            assert!(Instant::now() < given_up, "the kernel does not let go of the file's pages");
        }
        true
    }

    /// Whether the kernel says so; looking does not read anything.
    fn has_cached_pages(&self) -> bool {
        let only_cachestat = Capabilities { read_nowait: false, ..Capabilities::probe() };
        let page_bytes = rustix::param::page_size();
        only_cachestat.cachestat
            && (0..self.bytes.len()).step_by(page_bytes).any(|position| {
                Residency::of(&self.region(position as u64, 1), &only_cachestat) == Residency::Resident
            })
    }
}

/// Reads until the other end closes.
pub(crate) async fn receive_all(mut peer: TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    peer.read_to_end(&mut received).await.unwrap();
    received
}

/// Runs a test once for each mechanism.
pub(crate) async fn for_each_mechanism<F: Future<Output = ()>>(test: impl Fn(Mechanism) -> F) {
    for mechanism in Mechanism::ALL {
        println!("mechanism: {mechanism}");
        test(mechanism).await;
    }
}
