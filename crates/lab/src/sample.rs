//! What does one method cost in one situation, once?

use std::fs::File;
use std::io::{self, Read};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use rustix::event::{Timespec, epoll};
use serde::Serialize;
use transfer::bare::{InFlight, Method, Sender, Tally, ThreadUsage};
use transfer::{Region, SendError};

use crate::cores::{Cores, pin};
use crate::goods::Goods;
use crate::lanes::{Lanes, PATIENCE};
use crate::plan::HEADER_BYTES;
use crate::{Cell, LabError};

/// A single connection gets so much of a large file with one turn: far more than fits into a socket's buffers.
const TURN_BYTES: u64 = 16 << 20;

/// Where there are many connections, each gets so much, as the engine gives to each.
const MANY_TURN_BYTES: u64 = 512 << 10;

/// Received at once: beyond this the cost per byte no longer falls.
const RECEIVE_BYTES: usize = 256 << 10;

/// What one sample came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sample {
    /// Bytes of files, without headers.
    pub bytes: u64,
    /// From the first call of the sender to the last byte at the receiver.
    pub elapsed_s: f64,
    /// What the sender has cost.
    pub sender: Side,
    /// What the receiver has cost.
    pub receiver: Side,
    /// Bytes that the CPU copied on the sender's side; those that are copied twice count twice.
    pub copied_bytes: u64,
    /// Bytes that were to go by `MSG_ZEROCOPY` and that the kernel copied all the same.
    pub zerocopy_copied_bytes: u64,
}

/// What one thread has cost during a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Side {
    /// CPU time, in user space and in the kernel, in seconds.
    pub cpu_s: f64,
    /// Calls into the kernel.
    pub system_calls: u64,
    /// Context switches because it had to wait.
    pub voluntary_switches: u64,
    /// Context switches because another one's turn came.
    pub involuntary_switches: u64,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that waited for the disk.
    pub major_faults: u64,
}

impl Side {
    fn new(usage: &ThreadUsage, system_calls: u64) -> Self {
        Self {
            cpu_s: usage.cpu.as_secs_f64(),
            system_calls,
            voluntary_switches: usage.voluntary_switches,
            involuntary_switches: usage.involuntary_switches,
            minor_faults: usage.minor_faults,
            major_faults: usage.major_faults,
        }
    }
}

/// The turns in which files are sent: the same for every method.
#[derive(Debug)]
pub(crate) struct Schedule {
    turns: Vec<Turn>,
    header_bytes: usize,
    bytes: u64,
}

#[derive(Debug)]
struct Turn {
    lane: usize,
    begins_file: bool,
    region: Region,
}

impl Schedule {
    /// Files from number `first` on, until `wanted_bytes` are reached. The last ones may be parts of files: a longer
    /// rest costs the same. A schedule serves once: what the kernel has learned about its readers is then known.
    pub(crate) fn new(goods: &Goods, cell: &Cell, first: u64, wanted_bytes: u64) -> io::Result<Self> {
        let readers: Vec<Arc<File>> =
            (0..cell.connections).map(|_| goods.reopen()).collect::<io::Result<_>>()?;
        let turn_bytes = if cell.connections > 1 { MANY_TURN_BYTES } else { TURN_BYTES };
        let mut schedule = Self { turns: Vec::new(), header_bytes: cell.header_bytes, bytes: 0 };
        let mut numbers = first..;
        while schedule.bytes < wanted_bytes {
            // One file for each connection, which all get a part of theirs in turn.
            let region = |reader: &Arc<File>, number| {
                Region::new(Arc::clone(reader), goods.position(number, cell.size_bytes), cell.size_bytes)
            };
            let mut files: Vec<(usize, Region)> = readers
                .iter()
                .enumerate()
                .zip(numbers.by_ref())
                .map(|((lane, reader), number)| (lane, region(reader, number)))
                .collect();
            let mut begins_file = true;
            while !files.is_empty() && schedule.bytes < wanted_bytes {
                for (lane, rest) in &mut files {
                    let region = rest.split_to(turn_bytes);
                    schedule.bytes += region.len();
                    schedule.turns.push(Turn { lane: *lane, begins_file, region });
                }
                begins_file = false;
                files.retain(|(_, rest)| !rest.is_empty());
            }
        }
        Ok(schedule)
    }

    /// Bytes of files.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many files are begun.
    pub(crate) fn files(&self) -> u64 {
        self.turns.iter().filter(|turn| turn.begins_file).count() as u64
    }

    /// Bytes that arrive: those of files and headers.
    fn arriving_bytes(&self) -> u64 {
        self.bytes + self.files() * self.header_bytes as u64
    }
}

/// Measures `method` once.
///
/// After an error the lanes are cut.
pub(crate) fn measure(
    lanes: &Lanes,
    method: Method,
    schedule: &Schedule,
    cores: Cores,
) -> Result<Sample, LabError> {
    let of_system = |source| LabError::System { what: "measuring a thread", source };
    let of_method = |source| LabError::Send { method, source: SendError::Kernel(source) };
    let mut sender = Sender::new(method).map_err(of_method)?;
    for socket in &lanes.senders {
        sender.prepare(socket.as_fd()).map_err(of_method)?;
    }
    let start = Barrier::new(2);
    let [sending_core, receiving_core] = cores.pinned.map_or([None; 2], |pinned| pinned.map(Some));
    let (sent, received) = thread::scope(|scope| {
        let receiving = scope.spawn(|| {
            pin(receiving_core);
            let mut receiver = Receiver::new();
            start.wait();
            receiver.receive(lanes, schedule.arriving_bytes()).inspect_err(|_| lanes.cut())
        });
        let sending = scope.spawn(|| {
            pin(sending_core);
            start.wait();
            send(&mut sender, lanes, schedule).inspect_err(|_| lanes.cut())
        });
        (join(sending), join(receiving))
    });
    let sent = sent.map_err(|source| LabError::Send { method, source })?;
    let received = received.map_err(of_system)?;
    if received.bytes != schedule.arriving_bytes() {
        return Err(LabError::Lost {
            method,
            sent_bytes: schedule.arriving_bytes(),
            received_bytes: received.bytes,
        });
    }
    Ok(Sample {
        bytes: schedule.bytes,
        elapsed_s: received.ended.saturating_duration_since(sent.began).as_secs_f64(),
        sender: Side::new(&sent.usage, sent.tally.system_calls),
        receiver: Side::new(&received.usage, received.system_calls),
        copied_bytes: sent.tally.copied_bytes,
        zerocopy_copied_bytes: sent.tally.zerocopy_copied_bytes,
    })
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

struct Sent {
    began: Instant,
    usage: ThreadUsage,
    tally: Tally,
}

fn send(sender: &mut Sender, lanes: &Lanes, schedule: &Schedule) -> Result<Sent, SendError> {
    let header = [b'h'; HEADER_BYTES];
    let header = header.get(..schedule.header_bytes).unwrap_or(&header);
    let mut in_flight: Vec<InFlight> = lanes.senders.iter().map(|_| InFlight::default()).collect();
    let before = ThreadUsage::now().map_err(SendError::Kernel)?;
    let began = Instant::now();
    for turn in &schedule.turns {
        let (Some(socket), Some(in_flight)) = (lanes.senders.get(turn.lane), in_flight.get_mut(turn.lane))
        else {
            continue;
        };
        let header = if turn.begins_file { header } else { &[] };
        sender.send(socket.as_fd(), in_flight, header, &turn.region)?;
    }
    for (socket, in_flight) in lanes.senders.iter().zip(&mut in_flight) {
        sender.finish(socket.as_fd(), in_flight).map_err(SendError::Kernel)?;
    }
    let usage = ThreadUsage::now().map_err(SendError::Kernel)?.since(&before);
    Ok(Sent { began, usage, tally: sender.tally() })
}

struct Receiver {
    buffer: Vec<u8>,
    bytes: u64,
    system_calls: u64,
}

struct Received {
    ended: Instant,
    usage: ThreadUsage,
    bytes: u64,
    system_calls: u64,
}

impl Receiver {
    fn new() -> Self {
        // Touched, so that no page of it is touched while it is measured.
        Self { buffer: vec![1; RECEIVE_BYTES], bytes: 0, system_calls: 0 }
    }

    /// Receives until `expected_bytes` have come, or a connection ends.
    fn receive(&mut self, lanes: &Lanes, expected_bytes: u64) -> io::Result<Received> {
        let before = ThreadUsage::now()?;
        match &lanes.receivers[..] {
            [only] => while self.bytes < expected_bytes && self.take(only)? {},
            many => self.receive_from_many(many, expected_bytes)?,
        }
        let ended = Instant::now();
        let usage = ThreadUsage::now()?.since(&before);
        Ok(Received { ended, usage, bytes: self.bytes, system_calls: self.system_calls })
    }

    fn receive_from_many(&mut self, receivers: &[TcpStream], expected_bytes: u64) -> io::Result<()> {
        let readiness = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (number, receiver) in receivers.iter().enumerate() {
            let data = epoll::EventData::new_u64(number as u64);
            epoll::add(&readiness, receiver, data, epoll::EventFlags::IN)?;
        }
        let patience = Timespec::try_from(PATIENCE).ok();
        let mut events = Vec::with_capacity(receivers.len());
        while self.bytes < expected_bytes {
            self.system_calls += 1;
            events.clear();
            let woken = rustix::io::retry_on_intr(|| {
                epoll::wait(&readiness, rustix::buffer::spare_capacity(&mut events), patience.as_ref())
            })?;
            if woken == 0 {
                return Err(io::ErrorKind::TimedOut.into());
            }
            for event in &events {
                let number = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
                if let Some(receiver) = receivers.get(number)
                    && !self.take(receiver)?
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// False at the end of the connection.
    fn take(&mut self, mut receiver: &TcpStream) -> io::Result<bool> {
        self.system_calls += 1;
        let received = loop {
            match receiver.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                received => break received?,
            }
        };
        self.bytes += received as u64;
        Ok(received > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cache;

    fn cell(connections: usize, header_bytes: usize, size_bytes: u64) -> Cell {
        Cell { cache: Cache::Warm, connections, header_bytes, size_bytes }
    }

    #[test]
    fn every_method_delivers_all_to_one_connection_and_to_many() {
        let dir = tempfile::tempdir().unwrap();
        let goods = Goods::create(dir.path(), 8 << 20, |_| {}).unwrap();
        let cores = Cores::choose();
        for (connections, header_bytes) in [(1, 0), (1, HEADER_BYTES), (7, 0)] {
            let lanes = Lanes::connect(connections, false).unwrap();
            let schedule =
                Schedule::new(&goods, &cell(connections, header_bytes, 700_000), 0, 3_000_000).unwrap();
            assert!(schedule.bytes() >= 3_000_000);
            for method in Method::ALL {
                match measure(&lanes, method, &schedule, cores) {
                    Ok(sample) => {
                        assert_eq!(sample.bytes, schedule.bytes(), "{method}");
                        assert!(
                            sample.sender.system_calls > 0 && sample.receiver.system_calls > 0,
                            "{method}"
                        );
                    }
                    Err(LabError::Send { method: Method::Zerocopy, source: SendError::Kernel(error) }) => {
                        println!("skipped: no MSG_ZEROCOPY: {error}");
                        return;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    #[test]
    fn many_connections_get_their_files_a_part_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let goods = Goods::create(dir.path(), 8 << 20, |_| {}).unwrap();
        let schedule = Schedule::new(&goods, &cell(3, 0, 1 << 20), 0, 4 << 20).unwrap();
        let lanes: Vec<usize> = schedule.turns.iter().map(|turn| turn.lane).collect();
        assert_eq!(lanes[..6], [0, 1, 2, 0, 1, 2]);
        assert_eq!(schedule.files(), 6);
        assert!(schedule.turns.iter().all(|turn| turn.region.len() == MANY_TURN_BYTES));
    }

    #[test]
    fn a_sender_that_fails_does_not_leave_the_receiver_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let goods = Goods::create(dir.path(), 8 << 20, |_| {}).unwrap();
        let lanes = Lanes::connect(2, false).unwrap();
        let mut schedule = Schedule::new(&goods, &cell(2, 0, 1 << 20), 0, 4 << 20).unwrap();
        let beyond = Region::new(Arc::clone(goods.whole().file()), goods.len() + 4_096, 100);
        schedule.turns[2].region = beyond;
        let error = measure(&lanes, Method::Sendfile, &schedule, Cores::choose()).unwrap_err();
        assert!(matches!(error, LabError::Send { source: SendError::Truncated { .. }, .. }), "{error:?}");
    }
}
