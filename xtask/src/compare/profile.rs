//! Where the CPU time of both cores goes, by sampling (perf).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// Samples per second and core: off the beat of timers, and few enough to cost nothing.
const FREQUENCY: &str = "997";

/// What the kernel's functions are for, by how their names begin. The first match counts.
const KERNEL_GROUPS: [(&str, &[&str]); 5] = [
    (
        "copies between user space and kernel",
        &[
            "rep_movs",
            "copy_user",
            "_copy_",
            "copy_page",
            "copy_folio",
            "skb_copy_datagram",
            "simple_copy",
            "fault_in_",
        ],
    ),
    (
        "TCP/IP over loopback",
        &[
            "tcp_",
            "__tcp",
            "ip_",
            "__ip",
            "inet_",
            "inet6",
            "skb_",
            "__skb",
            "__alloc_skb",
            "alloc_skb",
            "kfree_skb",
            "napi_",
            "__napi",
            "sk_",
            "__sk_",
            "sock_",
            "__sock",
            "net_",
            "__netif",
            "netif_",
            "process_backlog",
            "loopback",
            "dev_",
            "__dev",
            "validate_xmit",
            "nf_",
            "lock_sock",
            "release_sock",
            "__lock_sock",
            "eth_",
            "enqueue_to_backlog",
            "__local_bh",
            "consume_skb",
            "splice_to_socket",
            "bpf_",
            "cubictcp",
            "bictcp",
        ],
    ),
    (
        "page cache and file system",
        &[
            "ext4_",
            "__ext4",
            "xfs_",
            "btrfs_",
            "iomap_",
            "filemap_",
            "__filemap",
            "folio_",
            "__folio",
            "shmem_",
            "generic_",
            "xas_",
            "xa_",
            "__xa_",
            "jbd2_",
            "block_",
            "__block",
            "mark_",
            "__mark",
            "balance_dirty",
            "splice_",
            "do_splice",
            "sendfile",
            "do_sendfile",
            "vfs_",
            "create_empty",
            "node_dirty",
            "workingset",
            "fs_",
            "simple_write",
            "iov_iter",
        ],
    ),
    (
        "memory management",
        &[
            "get_page",
            "__alloc",
            "alloc_",
            "free_",
            "__free",
            "clear_page",
            "kmem_",
            "kmalloc",
            "kfree",
            "__kmalloc",
            "slab",
            "__slab",
            "___slab",
            "rmqueue",
            "zone_",
            "lru_",
            "__rmqueue",
            "put_page",
            "__put",
            "page_",
            "prep_",
            "post_alloc",
            "handle_mm",
            "__handle_mm",
            "do_anonymous",
            "mem_cgroup",
            "__mem_cgroup",
            "try_charge",
            "charge_",
            "uncharge",
            "memcg",
            "__count_memcg",
            "mod_",
            "__mod_",
            "refill_obj",
            "obj_cgroup",
        ],
    ),
    ("scheduling, epoll and system calls", &[""]),
];

/// What the programs' own functions are for, by what their names contain.
const USER_GROUPS: [(&str, &[&str]); 2] = [("CRC-32C", &["crc32c"]), ("the program's own code", &[""])];

/// The groups of samples and their shares in percent of the time of both cores, largest first, while `work` runs. The
/// broker's are told from the generator's by its process id. Empty without perf, or without the right to sample
/// everything: where the time goes is then not reported.
pub(crate) fn record(
    work: impl FnOnce() -> anyhow::Result<()>,
    broker: u32,
) -> anyhow::Result<Vec<(String, f64)>> {
    let samples = tempfile_path();
    let mut perf = Command::new("perf");
    perf.args(["record", "--all-cpus", "--event", "cpu-clock", "--freq", FREQUENCY, "--output"])
        .arg(&samples);
    let Ok(mut recording) = perf.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    else {
        eprintln!("  perf is not installed: no profile");
        return Ok(Vec::new());
    };
    let worked = work();
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&recording),
        rustix::process::Signal::INT,
    )?;
    recording.wait()?;
    worked?;
    if !samples.exists() {
        eprintln!("  perf may not sample all processes: no profile");
        return Ok(Vec::new());
    }
    let shares = read(&samples, broker);
    std::fs::remove_file(&samples)?;
    shares
}

fn tempfile_path() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("crossdock-compare-{}.perf", std::process::id()))
}

fn read(samples: &Path, broker: u32) -> anyhow::Result<Vec<(String, f64)>> {
    let mut perf = Command::new("perf");
    let output = perf.args(["script", "--fields", "comm,pid,ip,sym,dso", "--input"]).arg(samples).output();
    let output = output.context("running perf script")?;
    ensure!(output.status.success(), "perf script: {}", String::from_utf8_lossy(&output.stderr));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for sample in String::from_utf8_lossy(&output.stdout).lines().filter_map(Sample::parse) {
        *counts.entry(sample.group(broker)).or_default() += 1;
    }
    let all: u64 = counts.values().sum();
    let mut shares: Vec<_> =
        counts.into_iter().map(|(group, count)| (group, 100.0 * count as f64 / all as f64)).collect();
    shares.sort_by(|one, other| other.1.total_cmp(&one.1));
    Ok(shares)
}

/// A line such as `crossdock  4711  ffffffff81234567 tcp_sendmsg+0x12 ([kernel.kallsyms])`.
#[derive(Debug, PartialEq, Eq)]
struct Sample<'a> {
    program: &'a str,
    pid: u32,
    symbol: &'a str,
    in_kernel: bool,
}

impl<'a> Sample<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (rest, object) = line.trim().rsplit_once(" (")?;
        // A program's name may hold spaces, and a symbol may, too: the process id and the address are between them.
        let mut words = rest.split_whitespace();
        let at = words.clone().position(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?;
        let program = words.next()?;
        let pid = words.nth(at.checked_sub(1)?)?.parse().ok()?;
        let address = words.next()?;
        let symbol = rest.split_once(address).map_or("", |(_, symbol)| symbol.trim());
        Some(Self { program, pid, symbol, in_kernel: object.starts_with("[kernel") })
    }

    fn group(&self, broker: u32) -> String {
        let side = match self.program {
            _ if self.pid == 0 => return "idle".to_owned(),
            _ if self.pid == broker => "broker",
            // Threads are called after their work.
            program if program.starts_with("crossdock") || program.starts_with("tokio") => "generator",
            _ => return "others".to_owned(),
        };
        let groups: &[(&str, &[&str])] = if self.in_kernel { &KERNEL_GROUPS } else { &USER_GROUPS };
        let matches = |pattern: &&str| {
            if self.in_kernel { self.symbol.starts_with(*pattern) } else { self.symbol.contains(*pattern) }
        };
        let group = groups.iter().find(|(_, patterns)| patterns.iter().any(matches));
        format!("{side}: {}", group.map_or("", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(line: &str) -> String {
        Sample::parse(line).unwrap().group(4711)
    }

    #[test]
    fn samples_are_told_apart_by_process_and_symbol() {
        let kernel = "([kernel.kallsyms])";
        assert_eq!(group(&format!("swapper     0  ffffffff8 pv_native_safe_halt {kernel}")), "idle");
        assert_eq!(
            group(&format!("crossdock  4711  ffffffff81 tcp_sendmsg_locked {kernel}")),
            "broker: TCP/IP over loopback"
        );
        assert_eq!(
            group(&format!("crossdock  12  ffffffff81 rep_movs_alternative {kernel}")),
            "generator: copies between user space and kernel"
        );
        assert_eq!(
            group("tokio-rt-worker 4711  55d0 crc32c::hw_x86_64::crc32c (/a/crossdock)"),
            "broker: CRC-32C"
        );
        assert_eq!(group("Web Content 9  55d0 f (/usr/bin/x)"), "others");
        assert_eq!(
            Sample::parse("crossdock 1 55d0 <Foo as Bar>::baz (/x)").unwrap().symbol,
            "<Foo as Bar>::baz"
        );
    }
}
