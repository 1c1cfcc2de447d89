//! Which machine do the numbers belong to?

use std::fs;
use std::path::Path;

use serde::Serialize;

/// What one has to know of a machine to read numbers measured on it. What the system does not tell is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// Cores that this program may use.
    pub cores: usize,
    /// Whether the kernel runs as the guest of another one.
    pub is_virtual: bool,
    /// All memory, in bytes.
    pub memory_bytes: u64,
    /// The kernel's version.
    pub kernel: String,
    /// The system's TCP congestion control.
    pub congestion_control: String,
    /// The type of the file system that the data lies on.
    pub file_system: String,
    /// How many programs wanted to run in the last minute, on average.
    pub load: Option<f64>,
}

impl Machine {
    /// This one, with the file system of `dir`.
    pub fn describe(dir: &Path) -> Self {
        let cpuinfo = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name))?;
            line.split_once(':').map(|(_, value)| value.trim().to_owned())
        };
        Self {
            cpu: field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            is_virtual: field("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            memory_bytes: memory_bytes(&read("/proc/meminfo")),
            // The build's own suffix says nothing about the kernel.
            kernel: release().split('-').next().unwrap_or_default().to_owned(),
            congestion_control: read("/proc/sys/net/ipv4/tcp_congestion_control").trim().to_owned(),
            file_system: file_system(
                &read("/proc/self/mountinfo"),
                &std::path::absolute(dir).unwrap_or_default(),
            ),
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()),
        }
    }
}

/// Ticks of all cores since the start of the system: those that a hypervisor gave to others, and all.
#[derive(Clone, Copy, Debug, Default)]
pub struct StolenTime {
    stolen: u64,
    all: u64,
}

impl StolenTime {
    /// As they are now; zeros where `/proc/stat` does not tell.
    pub fn now() -> Self {
        parse_stat(&read("/proc/stat"))
    }

    /// The share of the time since then that a hypervisor gave to others.
    pub fn share_since(self) -> f64 {
        let now = Self::now();
        let all = now.all.saturating_sub(self.all).max(1);
        now.stolen.saturating_sub(self.stolen) as f64 / all as f64
    }
}

/// The line of all cores (proc(5)): user, nice, system, idle, iowait, irq, softirq, steal.
fn parse_stat(stat: &str) -> StolenTime {
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> =
        line.split_ascii_whitespace().skip(1).filter_map(|tick| tick.parse().ok()).collect();
    StolenTime { stolen: ticks.get(7).copied().unwrap_or_default(), all: ticks.iter().take(8).sum() }
}

fn memory_bytes(meminfo: &str) -> u64 {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

/// The type of the mount with the longest path above `dir` (proc_pid_mountinfo(5)).
fn file_system(mountinfo: &str, dir: &Path) -> String {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        let at = mount.split(' ').nth(4)?;
        // Of several on the same place the last one is seen.
        dir.starts_with(at).then_some((at.len(), source.split(' ').next()?))
    });
    mounts.max_by_key(|&(length, _)| length).map_or(String::new(), |(_, kind)| kind.to_owned())
}

fn release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_says_which_file_system_it_is() {
        let mountinfo = "21 1 254:0 / / rw - ext4 /dev/vda rw\n\
                         30 21 0:5 / /tmp rw shared:1 - tmpfs none rw\n\
                         31 21 0:5 / /tmp/a rw - xfs /dev/vdb rw\n";
        for (dir, kind) in [("/home", "ext4"), ("/tmp/b", "tmpfs"), ("/tmp/a/b", "xfs"), ("/tmpfile", "ext4")]
        {
            assert_eq!(file_system(mountinfo, Path::new(dir)), kind, "{dir}");
        }
    }

    #[test]
    fn stolen_time_is_the_eighth_number() {
        let time = parse_stat("cpu  10 0 20 60 0 0 5 5 7 0\ncpu0 1 2 3\n");
        assert_eq!((time.stolen, time.all), (5, 100));
    }

    #[test]
    fn this_machine_has_a_name_a_kernel_and_memory() {
        let machine = Machine::describe(Path::new("."));
        assert!(
            !machine.cpu.is_empty() && !machine.kernel.is_empty() && machine.memory_bytes > 0,
            "{machine:?}"
        );
    }
}
