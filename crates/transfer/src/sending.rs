//! Where in its plan is a send, and what is its next step?

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use bytes::Buf;
use rustix::io::Errno;

use crate::error::{Obstacle, is_lack};
use crate::last_move::LastMove;
use crate::passing::Lease;
use crate::policy::{Choice, next_best};
use crate::scratch::{SCRATCH_BYTES, Scratch};
use crate::seen::{FileId, Resident, Seen, WINDOW_BYTES, WORTH_BYTES};
use crate::warm::{WARM_BYTES, WarmPool};
use crate::{
    Capabilities, Ledger, Mechanism, Part, Path, Plan, Policy, Reason, Region, Residency, SendError, attempt,
    sys,
};

/// One step moves at most this much. A worker of the event loop is busy with it for some ten microseconds: long
/// against the cost of a system call, short against what other connections notice.
const CHUNK_BYTES: u64 = 512 * 1024;

/// A step that took longer has most likely waited for the disk: pages have gone since they were seen, and the file is
/// asked about again before the next step. From memory a step takes a tenth of it.
const SLOW: Duration = Duration::from_micros(500);

/// Small regions are copied together up to this size.
const GATHER_BYTES: u64 = SCRATCH_BYTES as u64;

/// Slices that leave in one `sendmsg(2)`.
const GATHER_SLICES: usize = 64;

/// How small regions go.
const SMALL: Choice = Choice { mechanism: Mechanism::ReadWrite, reason: Reason::Small };

/// What a send needs from its engine.
#[derive(Clone, Copy)]
pub(crate) struct Means<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) capabilities: &'a Capabilities,
    pub(crate) ledger: &'a Ledger,
    pub(crate) warm: &'a WarmPool,
    pub(crate) seen: &'a Seen,
    /// Told of every move but the last.
    pub(crate) last_move: &'a LastMove,
}

/// A plan on its way, without a thought about waiting.
pub(crate) struct Sending<'a> {
    means: Means<'a>,
    path: Path,
    /// What is left. The first part shrinks as it is sent.
    parts: VecDeque<Part>,
    front: Front,
    /// The pipe of `splice`, empty; kept from chunk to chunk.
    pipe: Option<sys::Pipe>,
}

/// What is known about the region at the front of the plan.
#[derive(Default)]
struct Front {
    choice: Option<Choice>,
    resident: Option<Resident>,
    /// Whether what was said of it has turned out to be wrong.
    was_stale: bool,
    /// Of pages that were read in order to be sent.
    leases: Vec<Lease>,
}

/// What a step came to.
pub(crate) enum Step {
    /// The socket took all that it was given.
    Moved,
    /// It took a part, for want of room or because there was no more to be had from the file.
    MovedInPart,
    /// This range has to be brought into the page cache first. Tell [`Sending::brought_in`].
    Cold(Region),
}

impl<'a> Sending<'a> {
    pub(crate) fn new(means: Means<'a>, plan: Plan, path: Path) -> Self {
        let parts = plan.into_parts();
        let regions = parts.iter().filter(|part| matches!(part, Part::File(_))).count();
        means.ledger.add_plan(regions as u64);
        Self { means, path, parts, front: Front::default(), pipe: None }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether what it is at was read from the disk to be sent, by this send or by one that it follows.
    pub(crate) fn is_passing(&self) -> bool {
        !self.front.leases.is_empty()
    }

    /// Sends what fits, up to a chunk. In the form that [`TcpStream::async_io`](tokio::net::TcpStream::async_io) takes:
    /// the outer error is only ever [`io::ErrorKind::WouldBlock`].
    pub(crate) fn step(&mut self, socket: BorrowedFd<'_>) -> io::Result<Result<Step, SendError>> {
        match self.try_step(socket) {
            // A full socket is asked whether it is full, as trying it once more would have pages looked up in vain, or
            // find room for a few bytes where waiting finds room for many.
            Ok(Step::MovedInPart) if sys::has_room(socket) => Ok(Ok(Step::MovedInPart)),
            Ok(Step::MovedInPart) | Err(Obstacle::Full) => {
                self.wait_without_pipe();
                Err(io::ErrorKind::WouldBlock.into())
            }
            Ok(cold @ Step::Cold(_)) => {
                self.wait_without_pipe();
                Ok(Ok(cold))
            }
            Ok(step) => Ok(Ok(step)),
            Err(obstacle) => Ok(Err(self.blame(obstacle))),
        }
    }

    /// Whoever waits holds no descriptor.
    fn wait_without_pipe(&mut self) {
        self.pipe = None;
    }

    /// Notes that a range handed out by [`Step::Cold`] has been read: it is sent without asking again, so a file
    /// system that keeps nothing in the cache slows a send down, but does not stop it.
    pub(crate) fn brought_in(&mut self, region: &Region, leases: Vec<Lease>) {
        self.front.resident = Some(Resident::now(region.end()));
        self.front.leases = leases;
    }

    fn try_step(&mut self, socket: BorrowedFd<'_>) -> Result<Step, Obstacle> {
        let gathered = match self.gather() {
            Ok(gathered) => gathered,
            Err(NotGathered::Cold(region)) => return Ok(Step::Cold(region)),
            Err(NotGathered::Failed(obstacle)) => return Err(obstacle),
        };
        if gathered.pieces.is_empty() {
            return self.send_chunk(socket);
        }
        let more = gathered.pieces.len() < self.parts.len();
        let slices = self.slices(&gathered);
        let given: usize = slices.iter().map(|slice| slice.len()).sum();
        let taken = sys::send_vectored(socket, &slices, more).map_err(Obstacle::of_socket)?;
        self.advance(taken as u64, SMALL);
        Ok(if taken < given { Step::MovedInPart } else { Step::Moved })
    }

    /// Collects bytes and small regions from the front of the plan, so that they leave in one call.
    fn gather(&mut self) -> Result<Gathered, NotGathered> {
        let mut gathered = Gathered { pieces: Vec::new(), copied: Scratch::take() };
        for (index, part) in self.parts.iter().enumerate().take(GATHER_SLICES) {
            match part {
                Part::Bytes(_) => gathered.pieces.push(Piece::InMemory { index }),
                Part::File(region) => {
                    let is_front = index == 0;
                    let choice = match self.front.choice {
                        Some(choice) if is_front => choice,
                        _ => self.means.policy.choose(region.len(), self.means.capabilities),
                    };
                    let room = GATHER_BYTES.saturating_sub(gathered.copied.len() as u64);
                    if choice != SMALL || region.len() > room {
                        break;
                    }
                    let is_resident = is_front && self.front.covers(region);
                    match gathered.copy(region, is_resident, self.means.capabilities) {
                        Ok(()) => {}
                        Err(not_gathered) if gathered.pieces.is_empty() => return Err(not_gathered),
                        // What comes before it can go; its turn comes at the front.
                        Err(_) => break,
                    }
                }
            }
        }
        Ok(gathered)
    }

    fn slices<'s>(&'s self, gathered: &'s Gathered) -> Vec<IoSlice<'s>> {
        let bytes_of = |piece: &Piece| match piece {
            Piece::InMemory { index } => match self.parts.get(*index) {
                Some(Part::Bytes(bytes)) => bytes.as_ref(),
                Some(Part::File(_)) | None => &[],
            },
            Piece::Copied { range } => gathered.copied.get(range.clone()).unwrap_or_default(),
        };
        gathered.pieces.iter().map(|piece| IoSlice::new(bytes_of(piece))).collect()
    }

    /// Moves a chunk of the region at the front.
    fn send_chunk(&mut self, socket: BorrowedFd<'_>) -> Result<Step, Obstacle> {
        let Some(Part::File(region)) = self.parts.front() else { return Ok(Step::Moved) };
        let region = region.clone();
        let mut choice = match self.front.choice {
            Some(choice) => choice,
            None => self.means.policy.choose(region.len(), self.means.capabilities),
        };
        let resident_len = self.front.resident_len(&region, self.means);
        if resident_len == 0 {
            self.front.choice = Some(choice);
            return Ok(Step::Cold(region.first(WARM_BYTES)));
        }
        let chunk = region.first(resident_len.min(CHUNK_BYTES));
        let more = chunk.len() < region.len() || self.parts.len() > 1;
        let began = Instant::now();
        let moved = loop {
            match attempt::move_bytes(choice.mechanism, socket, &chunk, more, &mut self.pipe) {
                Err(Obstacle::Refused) if choice.mechanism != Mechanism::ReadWrite => {
                    let mechanism = next_best(choice.mechanism, self.means.capabilities);
                    choice = Choice { mechanism, reason: Reason::Refused };
                }
                moved => break moved,
            }
        };
        self.front.choice = Some(choice);
        if began.elapsed() > SLOW {
            self.means.ledger.add_slow_step();
            self.front.distrust(&chunk, self.means.seen);
        }
        let moved = moved?;
        self.advance(moved, choice);
        Ok(if moved < chunk.len() { Step::MovedInPart } else { Step::Moved })
    }

    /// Takes `taken` bytes off the front of the plan and counts them; those of regions under `choice`.
    fn advance(&mut self, mut taken: u64, choice: Choice) {
        while taken > 0
            && let Some(part) = self.parts.front_mut()
        {
            let step = taken.min(part.len());
            match part {
                Part::Bytes(bytes) => {
                    // No longer than `bytes`, so it fits.
                    bytes.advance(step as usize);
                    self.means.ledger.add_header(step);
                }
                Part::File(region) => {
                    region.skip(step);
                    self.means.ledger.add_payload(self.path, choice, step);
                }
            }
            if part.is_empty() {
                self.parts.pop_front();
                self.front = Front::default();
            }
            taken -= step;
        }
        // Nobody waits for more once all has moved.
        if !self.is_done() {
            self.means.last_move.touch();
        }
    }

    /// Turns what stopped the send into an error that says who is at fault.
    fn blame(&self, obstacle: Obstacle) -> SendError {
        obstacle.blame(match self.parts.front() {
            Some(Part::File(region)) => Some(region),
            Some(Part::Bytes(_)) | None => None,
        })
    }
}

impl Front {
    /// Whether all of `region` is known to be in the page cache.
    fn covers(&self, region: &Region) -> bool {
        self.known_len(region) >= region.len()
    }

    /// How many bytes from the beginning of `region` are in the page cache; asks if it is not known.
    fn resident_len(&mut self, region: &Region, means: Means<'_>) -> u64 {
        if region.is_fresh() && !self.was_stale {
            return region.len();
        }
        let known = self.known_len(region);
        if known > 0 {
            return known;
        }
        let file = if region.len() < WORTH_BYTES { None } else { FileId::of(region.file()) };
        if let Some(file) = file
            && let Some(seen) = means.seen.from(file, region.position())
            && let Some(leases) = means.warm.follow(&region.first(seen.len_from(region.position())))
        {
            return self.know(seen, leases, region);
        }
        for len in [WINDOW_BYTES - region.position() % WINDOW_BYTES, WARM_BYTES] {
            let asked = region.first(len);
            if Residency::of(&asked, means.capabilities) == Residency::Resident
                && let Some(leases) = means.warm.follow(&asked)
            {
                let resident = Resident::now(asked.end());
                // What was read in order to be sent is given up when nobody has a lease.
                if let Some(file) = file.filter(|_| leases.is_empty()) {
                    means.seen.add(file, asked.position(), resident);
                }
                return self.know(resident, leases, region);
            }
            if region.len() <= WARM_BYTES {
                break;
            }
        }
        if let Some(file) = file {
            means.seen.forget(file, &region.first(WARM_BYTES));
        }
        0
    }

    /// Pages of `chunk` were not there.
    fn distrust(&mut self, chunk: &Region, seen: &Seen) {
        self.resident = None;
        self.was_stale = true;
        if let Some(file) = FileId::of(chunk.file()) {
            seen.forget(file, chunk);
        }
    }

    fn know(&mut self, resident: Resident, leases: Vec<Lease>, region: &Region) -> u64 {
        self.resident = Some(resident);
        self.leases = leases;
        self.known_len(region)
    }

    fn known_len(&self, region: &Region) -> u64 {
        let known = self.resident.map_or(0, |resident| resident.len_from(region.position()));
        known.min(region.len())
    }
}

/// Parts that leave in one `sendmsg(2)`, in order from the front of the plan.
struct Gathered {
    pieces: Vec<Piece>,
    /// The bytes of small regions, one behind the other.
    copied: Scratch,
}

enum Piece {
    /// The part at this place of the plan, which is bytes.
    InMemory { index: usize },
    /// A region: this range of the copied bytes.
    Copied { range: Range<usize> },
}

enum NotGathered {
    Cold(Region),
    Failed(Obstacle),
}

impl Gathered {
    /// Copies all of a small region, or nothing of it. Waits for the disk only if the region `is_resident`, as far as
    /// is known.
    fn copy(
        &mut self,
        region: &Region,
        is_resident: bool,
        capabilities: &Capabilities,
    ) -> Result<(), NotGathered> {
        let start = self.copied.len();
        match read_small(region, is_resident, capabilities, &mut self.copied) {
            Ok(()) => {
                self.pieces.push(Piece::Copied { range: start..self.copied.len() });
                Ok(())
            }
            Err(not_gathered) => {
                self.copied.truncate(start);
                Err(not_gathered)
            }
        }
    }
}

fn read_small(
    region: &Region,
    is_resident: bool,
    capabilities: &Capabilities,
    copied: &mut Vec<u8>,
) -> Result<(), NotGathered> {
    let mut rest = region.clone();
    // Small by the policy, and not above what may be gathered.
    copied.reserve(rest.len() as usize);
    let mut may_wait = is_resident;
    while !rest.is_empty() {
        let (file, position, len) = (rest.file().as_fd(), rest.position(), rest.len() as usize);
        let read = if may_wait || !capabilities.read_nowait {
            if !may_wait && Residency::of(&rest, capabilities) != Residency::Resident {
                return Err(NotGathered::Cold(region.clone()));
            }
            sys::pread_append(file, position, copied, len)
        } else {
            sys::pread_append_nowait(file, position, copied, len)
        };
        match read {
            Ok(0) => return Err(NotGathered::Failed(Obstacle::EndOfFile)),
            Ok(read) => rest.skip(read as u64),
            Err(Errno::AGAIN) => return Err(NotGathered::Cold(region.clone())),
            // It cannot be read without waiting: ask before reading.
            Err(errno) if is_lack(errno) && !may_wait => {
                if Residency::of(&rest, capabilities) != Residency::Resident {
                    return Err(NotGathered::Cold(region.clone()));
                }
                may_wait = true;
            }
            Err(errno) => return Err(NotGathered::Failed(Obstacle::of_file(errno))),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_send_that_waits_for_its_peer_holds_no_pipe() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(10_000).unwrap();
        // The region fits into the socket, the bytes behind it do not.
        let plan = Plan::new().file(Region::new(Arc::new(file), 0, 10_000)).bytes(vec![0; 16 << 20]);
        let (socket, _peer) = UnixStream::pair().unwrap();
        socket.set_nonblocking(true).unwrap();
        let means = Means {
            policy: &Policy::force(Mechanism::Splice),
            capabilities: &Capabilities::probe(),
            ledger: &Ledger::new(),
            warm: &WarmPool::default(),
            seen: &Seen::default(),
            last_move: &LastMove::now(),
        };
        let mut sending = Sending::new(means, plan, Path::Consumer);

        let mut held_one = false;
        while let Ok(step) = sending.step(socket.as_fd()) {
            held_one |= sending.pipe.is_some();
            if let Step::Cold(region) = step.unwrap() {
                sending.brought_in(&region, Vec::new());
            }
        }

        assert!(!sending.is_done() && held_one);
        assert!(sending.pipe.is_none());
        let spliced = means.ledger.snapshot();
        assert_eq!(spliced.iter().next().map(|entry| entry.mechanism), Some(Mechanism::Splice));
    }

    #[test]
    fn an_answer_that_was_wrong_is_believed_by_nobody_any_more() {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, &vec![1; 1 << 20]).unwrap();
        let region = Region::new(Arc::new(file), 0, 1 << 20);
        let id = FileId::of(region.file()).unwrap();
        let means = Means {
            policy: &Policy::automatic(),
            capabilities: &Capabilities::none(),
            ledger: &Ledger::new(),
            warm: &WarmPool::default(),
            seen: &Seen::default(),
            last_move: &LastMove::now(),
        };
        means.seen.add(id, 0, Resident::now(region.end()));
        let mut front = Front::default();
        assert_eq!(front.resident_len(&region, means), region.len());
        assert_eq!(front.resident_len(&region.clone().fresh(), means), region.len());
        front.distrust(&region.first(CHUNK_BYTES), means.seen);
        // This kernel tells nothing: all of it has to be brought in.
        assert_eq!(front.resident_len(&region, means), 0);
        assert_eq!(front.resident_len(&region.clone().fresh(), means), 0);
        assert_eq!(Front::default().resident_len(&region, means), 0);
    }
}
