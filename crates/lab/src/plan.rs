//! What is measured?

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use transfer::bare::Method;

use crate::LabError;
use crate::results::size_name;

/// The sizes of the answers that are measured with a header, to find where copying them next to it ends to pay.
const ANSWER_BYTES: [u64; 7] = [512, 1 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];

/// As long as the header of a fetch answer or of an HTTP response.
pub(crate) const HEADER_BYTES: usize = 100;

/// Files larger than this are not measured with many connections: each gets a part of its file in turn, and a longer
/// rest behind that part costs the same.
const MANY_UP_TO_BYTES: u64 = 16 << 20;

/// A list of sizes is for people to look at.
const MAX_SIZES: usize = 16;

/// No page cache holds more.
const MAX_SIZE_BYTES: u64 = 1 << 40;

/// Beyond this a plain user's limit of open files is the bound, not the lab.
const MAX_CONNECTIONS: usize = 10_000;

/// How much is measured, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where the data lies while it is measured.
    pub dir: PathBuf,
    /// The sizes of the files, in bytes.
    pub sizes_bytes: Vec<u64>,
    /// How many connections "many" are.
    pub connections: usize,
    /// How long the whole run is to take, about. The least number of rounds is made whatever it takes.
    pub budget: Duration,
    /// How long one sample is to take, about.
    pub sample: Duration,
    /// The least rounds.
    pub min_rounds: usize,
    /// Whether connections keep the system's congestion control also where it paces, as BBR does.
    pub system_pacing: bool,
}

/// What is in the page cache before a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cache {
    /// The whole file.
    Warm,
    /// Nothing of it.
    Cold,
}

/// One situation, in which all methods are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Cell {
    /// What is in the page cache.
    pub cache: Cache,
    /// How many connections are served in turn by one thread.
    pub connections: usize,
    /// Bytes of a header before each file; 0 for files alone.
    pub header_bytes: usize,
    /// The size of each file, in bytes.
    pub size_bytes: u64,
}

impl Options {
    /// About a minute.
    pub fn usual(dir: PathBuf) -> Self {
        Self {
            dir,
            sizes_bytes: vec![4 << 10, 64 << 10, 1 << 20, 16 << 20, 256 << 20, 1 << 30],
            connections: 64,
            budget: Duration::from_secs(60),
            sample: Duration::from_millis(50),
            min_rounds: 3,
            system_pacing: false,
        }
    }

    /// About fifteen seconds, without the largest files.
    pub fn quick(dir: PathBuf) -> Self {
        Self {
            sizes_bytes: vec![4 << 10, 64 << 10, 1 << 20, 16 << 20],
            budget: Duration::from_secs(15),
            sample: Duration::from_millis(20),
            ..Self::usual(dir)
        }
    }

    /// About five minutes, with more rounds and longer samples.
    pub fn thorough(dir: PathBuf) -> Self {
        Self {
            budget: Duration::from_secs(300),
            sample: Duration::from_millis(150),
            min_rounds: 5,
            ..Self::usual(dir)
        }
    }

    /// The situations, those that are warm first.
    pub(crate) fn cells(&self) -> Result<Vec<Cell>, LabError> {
        self.check()?;
        let mut sizes = self.sizes_bytes.clone();
        sizes.sort_unstable();
        sizes.dedup();
        let largest = self.largest_bytes();
        let files = |cache, connections, up_to: u64| {
            let sizes = sizes.iter().filter(move |&&size_bytes| size_bytes <= up_to);
            sizes.map(move |&size_bytes| Cell { cache, connections, header_bytes: 0, size_bytes })
        };
        let answers =
            ANSWER_BYTES.into_iter().filter(|&size_bytes| size_bytes <= largest).map(|size_bytes| Cell {
                cache: Cache::Warm,
                connections: 1,
                header_bytes: HEADER_BYTES,
                size_bytes,
            });
        let mut cells: Vec<Cell> = answers.collect();
        for cache in [Cache::Warm, Cache::Cold] {
            cells.extend(files(cache, 1, u64::MAX));
            if self.connections > 1 {
                cells.extend(files(cache, self.connections, MANY_UP_TO_BYTES));
            }
        }
        Ok(cells)
    }

    /// The size of the largest file, in bytes.
    pub(crate) fn largest_bytes(&self) -> u64 {
        self.sizes_bytes.iter().copied().max().unwrap_or_default()
    }

    fn check(&self) -> Result<(), LabError> {
        let wrong = |what: String| Err(LabError::Options(what));
        if self.sizes_bytes.is_empty() || self.sizes_bytes.len() > MAX_SIZES {
            return wrong(format!("1 to {MAX_SIZES} sizes can be measured, not {}", self.sizes_bytes.len()));
        }
        if self.sizes_bytes.contains(&0) {
            return wrong("a file of 0 bytes has nothing to measure".to_owned());
        }
        if self.largest_bytes() > MAX_SIZE_BYTES {
            return wrong(format!("files of up to {} can be measured", size_name(MAX_SIZE_BYTES)));
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            return wrong(format!(
                "1 to {MAX_CONNECTIONS} connections can be measured, not {}",
                self.connections
            ));
        }
        Ok(())
    }
}

impl Cache {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
        }
    }
}

impl Cell {
    /// What is measured here. A buffer that is larger than the file is left out where a smaller one already holds all of
    /// it; answers are sent in the two ways between which a server chooses.
    pub fn methods(&self) -> Vec<Method> {
        let mut smaller_holds_all = false;
        let is_wanted = |method: &Method| match *method {
            Method::Sendfile => true,
            Method::ReadWrite { buffer_bytes } if self.header_bytes > 0 => buffer_bytes == 64 << 10,
            _ if self.header_bytes > 0 => false,
            Method::ReadWrite { buffer_bytes } => {
                !std::mem::replace(&mut smaller_holds_all, buffer_bytes as u64 >= self.size_bytes)
            }
            Method::Mmap | Method::Splice | Method::Zerocopy => true,
        };
        Method::ALL.into_iter().filter(is_wanted).collect()
    }

    /// Such as `warm, 64 connections`.
    pub fn group_name(&self) -> String {
        let plural = if self.connections == 1 { "" } else { "s" };
        let answers = if self.header_bytes > 0 { ", small answers with a header" } else { "" };
        format!("{}, {} connection{plural}{answers}", self.cache.name(), self.connections)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::usual(PathBuf::from("."))
    }

    #[test]
    fn warm_cells_come_first_and_every_size_is_in_both_groups_of_one_connection() {
        let cells = options().cells().unwrap();
        assert!(cells.is_sorted_by_key(|cell| cell.cache));
        for cache in [Cache::Warm, Cache::Cold] {
            let group =
                cells.iter().filter(|c| c.cache == cache && c.connections == 1 && c.header_bytes == 0);
            assert_eq!(group.count(), options().sizes_bytes.len());
        }
        assert!(cells.iter().all(|cell| cell.connections == 1 || cell.size_bytes <= MANY_UP_TO_BYTES));
    }

    #[test]
    fn a_buffer_is_left_out_where_a_smaller_one_holds_the_file() {
        let buffers = |size_bytes| {
            let cell = Cell { cache: Cache::Warm, connections: 1, header_bytes: 0, size_bytes };
            cell.methods().iter().filter(|method| matches!(method, Method::ReadWrite { .. })).count()
        };
        assert_eq!([4 << 10, 5 << 10, 64 << 10, 1 << 20].map(buffers), [1, 2, 2, 3]);
    }

    #[test]
    fn options_that_measure_nothing_are_refused_by_what_is_wrong() {
        for (wrong, said) in [
            (Options { sizes_bytes: vec![], ..options() }, "sizes"),
            (Options { sizes_bytes: vec![4_096, 0], ..options() }, "0 bytes"),
            (Options { sizes_bytes: vec![u64::MAX], ..options() }, "up to 1024 GiB"),
            (Options { connections: 0, ..options() }, "connections"),
        ] {
            let error = wrong.cells().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
