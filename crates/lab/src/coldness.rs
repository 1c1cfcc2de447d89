//! Can the data be made cold here, and how is that known?

use std::io;
use std::time::{Duration, Instant};

use rustix::fs::{Advice, fadvise};
use transfer::cached_pages;

use crate::goods::Goods;

/// While a disk is busy, the kernel keeps some pages at first.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file with more of its pages left than one in so many is not cold.
const LEFT_ONE_IN: u64 = 100;

/// What cold samples are worth here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Coldness {
    /// The kernel says that no page is left.
    Verified,
    /// The kernel is asked to let go of the pages, and does not say whether it did (Linux before 6.5).
    Trusted,
    /// There are no cold files here, for this reason.
    Impossible(&'static str),
}

/// Tries it once.
pub(crate) fn probe(goods: &Goods) -> io::Result<Coldness> {
    goods.make_warm()?;
    match cached_pages(&goods.whole()) {
        Err(_) => {
            evict(goods)?;
            Ok(Coldness::Trusted)
        }
        Ok(0) => Ok(Coldness::Impossible(
            "the kernel does not tell which of this file system's pages are in memory (an overlay?)",
        )),
        Ok(pages) => match evict(goods)? {
            left if left <= pages / LEFT_ONE_IN => Ok(Coldness::Verified),
            _ => Ok(Coldness::Impossible(
                "the pages do not leave memory: this file system keeps its files there",
            )),
        },
    }
}

/// Drops the data from the page cache; how many pages are left, as far as the kernel tells.
pub(crate) fn evict(goods: &Goods) -> io::Result<u64> {
    let given_up = Instant::now() + PATIENCE;
    loop {
        goods.file().sync_all()?;
        fadvise(goods.file(), 0, None, Advice::DontNeed)?;
        let left = cached_pages(&goods.whole()).unwrap_or(0);
        if left == 0 || Instant::now() > given_up {
            return Ok(left);
        }
    }
}
