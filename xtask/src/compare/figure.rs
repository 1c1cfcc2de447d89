//! Which figures there are, and what is aimed at.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::results::Measured;
use super::server;
use crate::static_server;

/// A figure of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Figure {
    /// Produce 1 KiB records with the Java client: broker CPU per GB.
    Produce,
    /// Consume them with librdkafka and with the Java client, beside a bare sendfile loop: broker CPU per GB.
    Consume,
    /// 100-byte records, both ways: broker CPU per million records.
    Small,
    /// Resident memory after that work.
    Memory,
    /// From starting the process to the first Metadata answer, with data, after a clean stop and after kill -9.
    Start,
    /// Produce to consume, one record at a time.
    Latency,
    /// Broker CPU per GB at 1, 100 and 1,000 partitions.
    Partitions,
    /// Broker CPU per GB at 1, 100 and 1,000 connections.
    Connections,
    /// Socket buffers of 100 KiB against the kernel's own sizing: broker CPU per GB.
    SocketBuffers,
    /// A tail beside readers of cold data: latencies, what the readers get, and what stays in memory.
    Backfill,
    /// A million records of 1 KB a second, produced and consumed at once, generator included.
    Headline,
    /// Static files over HTTP, beside nginx: CPU per GB, requests per second and memory of a server on one core.
    Http,
    /// Files copied beside cp and rclone on ext4, XFS and Btrfs: how long it takes.
    Copy,
    /// Asking whether a region is in memory before it is sent: what that adds to the cost of sending it.
    Asking,
    /// A TCP proxy, beside nginx and HAProxy: CPU per GB and per message, and memory, of a proxy on one core.
    Proxy,
}

impl Figure {
    /// Whom Crossdock is measured beside.
    pub(crate) fn peer(self) -> &'static str {
        match self {
            Self::Http => static_server::Kind::Nginx.name(),
            Self::Copy => "cp and rclone: best",
            Self::Proxy => "nginx and HAProxy: best",
            _ => server::Kind::Kafka.name(),
        }
    }

    /// Whether brokers are measured.
    pub(crate) fn is_of_brokers(self) -> bool {
        !matches!(self, Self::Http | Self::Copy | Self::Proxy | Self::Asking)
    }

    /// What Crossdock's median is held against, if it was measured.
    pub(crate) fn peers_median(self, measured: &Measured, case: &str, unit: &str) -> Option<f64> {
        match self {
            Self::Copy | Self::Proxy => measured.least_median_but(server::Kind::Crossdock.name(), case, unit),
            _ => measured.median(case, self.peer(), unit),
        }
    }

    /// What has to be measured before this can be, besides itself.
    pub(crate) fn needs(self) -> &'static [Self] {
        match self {
            Self::Consume | Self::Start => &[Self::Produce],
            Self::Memory => &[Self::Produce, Self::Consume, Self::Small],
            _ => &[],
        }
    }

    /// The title of its section.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Produce => "Produce, 1 KiB records",
            Self::Consume => "Consume, 1 KiB records",
            Self::Small => "100-byte records, both ways",
            Self::Memory => "Resident memory after that work",
            Self::Start => "Start to first Metadata answer",
            Self::Latency => "Produce to consume, one record at a time",
            Self::Partitions => "Cost by number of partitions",
            Self::Connections => "Cost by number of connections",
            Self::SocketBuffers => "Socket buffers: a set size against the kernel's own sizing",
            Self::Backfill => "A tail beside readers of cold data",
            Self::Headline => "A million records a second, both ways, on two cores",
            Self::Http => "Static files over HTTP",
            Self::Copy => "Copying 1.2 GB",
            Self::Asking => "Asking what is in memory",
            Self::Proxy => "A TCP proxy",
        }
    }

    /// How it is measured.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Produce => {
                "Kafka's `ProducerPerformance` sends 2,000,000 records of 1,024 bytes to 6 partitions with `acks=1`, \
                 `linger.ms=5`, `batch.size=131072`, as fast as it goes. The broker's CPU time, all threads, user and \
                 kernel, divided by the bytes of the records."
            }
            Self::Consume => {
                "The same records, from the page cache, by kcat (librdkafka, `fetch.message.max.bytes=10485760`) and by \
                 Kafka's `ConsumerPerformance`. The floor is a process that does nothing but call `sendfile(2)` on a \
                 segment that Crossdock has just written, 1 MiB a call, with a reader that does nothing but `read(2)`. \
                 On loopback the receiver's side of TCP runs in part on the sender's CPU time. \
                 `crossdock bench` asks for 1 MiB of a partition and looks at no record. \"No pacing\" is the same with \
                 `net.ipv4.tcp_congestion_control=cubic`: where the machine has BBR, that sets a timer for every 64 KiB \
                 sent, and Crossdock alone does without for connections within its host."
            }
            Self::Small => {
                "5,000,000 records of 100 bytes, produced as above and consumed with kcat: the broker's CPU time per \
                 million records."
            }
            Self::Memory => {
                "VmRSS of the broker's process after all of the above; Kafka's heap is the default 1 GiB."
            }
            Self::Start => {
                "From starting the process to the first answer to Metadata that names a broker, on a data directory \
                 with all of the above, both cores free for the broker; after SIGTERM, and after `kill -9`."
            }
            Self::Latency => {
                "A record of 100 bytes is sent, `acks=1`, and the next one when a waiting consumer has it: 30,000 times \
                 with Kafka's `EndToEndLatency`, whose percentiles are whole milliseconds and which may use both cores (on \
                 one it waits for its own compiler), and with `crossdock bench latency` on the clients' core, which adds \
                 less time of its own."
            }
            Self::Partitions => {
                "`crossdock bench` produces 1 GB in batches of 64 KiB over one connection to all partitions in turn, \
                 and consumes it five times over one connection with one fetch session."
            }
            Self::Connections => {
                "`crossdock bench` produces 1 GB in batches of 64 KiB to 6 partitions over so many connections, one \
                 request under way on each, and consumes it five times over as many."
            }
            Self::SocketBuffers => {
                "`crossdock bench` produces 1 GB over one connection in batches of 256 KiB and consumes it three times. \
                 A buffer that is set, as Kafka's defaults do (`socket.send.buffer.bytes`, \
                 `socket.receive.buffer.bytes`: 102400), no longer grows with its connection. Crossdock leaves \
                 buffers to the kernel unless `crossdock.socket.buffers=fixed`; Kafka does with the value -1."
            }
            Self::Backfill => {
                "A steady tail to 6 partitions with `acks=1`, first alone, then beside eight kcat consumers that read \
                 four topics of 1.25 GB from their beginning; the broker's disk reads are held to 100 MiB/s (blkio, \
                 control groups version 1), and the page cache is emptied 5 s before. The tail is Kafka's \
                 ProducerPerformance with 5,000 records of 1 KiB a second and `linger.ms=0` for 20 s, on both cores \
                 because of its own compiler; then for 20 s `crossdock bench both` with 1,000 records a second in \
                 requests of their own, which consumes what it produces, and whose latencies count from the time a \
                 record was due. A tail during which the host took more than 1 % of the CPU time is measured again, up to \
                 three times, for both brokers alike. The cold readers have what is left of the clients' core. The eight read each topic \
                 twice, so that together they can get twice what the disk gives. At last, with 1 GiB of memory for the \
                 broker and its pages (memory, control groups version 1): 300 MB are produced and consumed, then the \
                 four topics are read once; how much of the 300 MB is still in the page cache?"
            }
            Self::Headline => {
                "`crossdock bench both` produces records of 1,000 bytes in batches of 256 KiB over 4 connections to 8 partitions \
                 and consumes them as they come over 4 others. First on a schedule of 1,000,000 records a second that does not \
                 wait for answers: latency counts from when a batch was due. Then as fast as it goes, until the memory is full. \
                 Broker and generator share the two cores; the scheduler places them. The data lies in memory (tmpfs with \
                 `huge=always`: large pages, as XFS, Btrfs and ext4 have them; `--headline-dir` for a disk that can write 1 GB a \
                 second), which files hold until a second or two before it is written to: the host takes free memory back within \
                 seconds, and provides it again at a quarter of a gigabyte a second."
            }
            Self::Http => {
                "`crossdock http` and Debian's nginx (one worker, `sendfile`, `tcp_nopush`, no access log, connections without \
                 end; otherwise Debian's defaults) on the first core, wrk with keep-alive on the second, the files in the page \
                 cache. Both take four turns under each load, one after the other. In a turn wrk asks 100 times for 100 MB over \
                 100 connections, or 10,000 times for 1 MB over 64, each answer whole, so that the bytes are known exactly, or \
                 for 3 s for 4 KiB over 64. CPU and memory (VmRSS) are those of the process that serves, nginx's worker. On \
                 loopback packets are freed on either core, as it happens: what one side saves may be what the other spends, so \
                 the CPU time of both is told as well. Any error makes the run invalid. wrk has one core, too, and may be what \
                 limits the requests per second: then the server's core is not busy, and the requests per second of its CPU time \
                 tell them apart. \"No pacing\" is as for Consume: with `net.ipv4.tcp_congestion_control=cubic`, which takes from \
                 nginx the timers that BBR has it set for every 64 KiB, and which Crossdock alone does without for connections \
                 within its host."
            }
            Self::Copy => {
                "`crossdock copy`, `cp` and `rclone copyto` copy 1.2 GB within a file system, each as it is by default: one \
                 file whose pages are in memory, the same file with none of its pages there, and 12 files in memory (`cp \
                 --recursive`, `rclone copy`). The file systems lie on loop devices over the machine's disk, past its cache \
                 (`losetup --direct-io`). Seconds until the command ends: as none of them waits for the disk, much of the \
                 copy may be in memory then. Before each, the last copy is deleted and everything written out; each copies \
                 twice, and the second time counts, so that what a file system still has to do for what was deleted is its own."
            }
            Self::Asking => {
                "One thread sends regions of a file in memory to a reader on the other core, half of the time after asking \
                 `cachestat(2)` and `preadv2(2)` whether they are there, which others then believe for a second, half of the time \
                 without; the two take turns every 16 MiB on one connection. CPU time of the sending thread per GB, and how much \
                 asking adds. Fetches of what was appended in the last seconds do not ask. And what a wrong answer costs: how \
                 long nobody else on the event loop gets a turn while 64 MiB are sent, the longest of five times, if all are in \
                 memory, if they went a moment after they had been seen, and if they are known to be on the disk, where other \
                 threads read."
            }
            Self::Proxy => {
                "`crossdock proxy`, nginx's `stream` (one worker, `proxy_half_close on`) with its own buffers and with \
                 `proxy_buffer_size 64k`, and HAProxy (one thread) as it is, with `option splice-request` and `splice-response`, \
                 and with pipes of 1 MiB besides (`tune.pipesize`), on the first core, in four turns under each load; `crossdock \
                 bench through-proxy` plays 100 clients and their target on the second. Streams come to 5.2 GB in all turns, in \
                 messages of 64 KiB, one way or half of it each way; then each client sends a message of 100 bytes 2,000 times, \
                 or of 16 KiB 1,000 times, and waits for one of the same length. CPU time is that of the process that passes \
                 bytes on, from when all connections are there until they have ended, and memory the most that it had by then \
                 (VmHWM); pipes are the kernel's. Both ends check that all bytes have come. Socket buffers are the kernel's own \
                 sizing for everybody, bounded to 2 MiB (`net.ipv4.tcp_rmem`, `tcp_wmem`): at the default bound 400 sockets use \
                 up the memory for all of TCP, and the kernel drops packets. The column names the least of the five others' \
                 medians. \"No pacing\" is as for Consume: BBR's timers are no proxy's doing, and Crossdock alone does without on \
                 connections within its host."
            }
        }
    }
}
