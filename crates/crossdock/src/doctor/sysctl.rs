//! Settings of the kernel: memory, the page cache, sockets and TCP.

use std::path::Path;

use super::{Area, Finding, Verdict, read_trimmed};

/// A setting under `/proc/sys` and what a broker wants of it.
struct Setting {
    area: Area,
    name: &'static str,
    /// Of a setting with several numbers (`tcp_wmem` has minimum, default and maximum), the one that counts.
    field: usize,
    good: fn(u64) -> bool,
    /// A value at which a broker fails rather than slows down.
    fails: fn(u64) -> bool,
    wanted: &'static str,
    /// What the command sets it to: all fields.
    set_to: &'static str,
}

const SETTINGS: &[Setting] = &[
    Setting {
        area: Area::Memory,
        name: "vm.max_map_count",
        field: 0,
        good: |count| count >= 65_530,
        fails: |count| count < 16_384,
        wanted: "65530 or more, the kernel's default: indexes are read, not mapped (Apache Kafka maps two a segment)",
        set_to: "65530",
    },
    Setting {
        area: Area::Memory,
        name: "vm.swappiness",
        field: 0,
        good: |percent| percent <= 10,
        fails: |_| false,
        wanted: "1 to 10: the page cache gives way before the broker is swapped out",
        set_to: "1",
    },
    Setting {
        area: Area::Memory,
        name: "vm.dirty_background_ratio",
        field: 0,
        good: |percent| (1..=10).contains(&percent),
        fails: |_| false,
        wanted: "5 to 10 %: the disk begins to write early and steadily",
        set_to: "5",
    },
    Setting {
        area: Area::Memory,
        name: "vm.dirty_ratio",
        field: 0,
        good: |percent| (20..=80).contains(&percent),
        fails: |_| false,
        wanted: "20 to 80 %: appends are not held up by a burst",
        set_to: "60",
    },
    Setting {
        area: Area::Network,
        name: "net.core.somaxconn",
        field: 0,
        good: |count| count >= 1024,
        fails: |count| count < 128,
        wanted: "1024 or more: many clients come back at once after a restart",
        set_to: "4096",
    },
    Setting {
        area: Area::Network,
        name: "net.ipv4.tcp_max_syn_backlog",
        field: 0,
        good: |count| count >= 1024,
        fails: |_| false,
        wanted: "1024 or more: many clients come back at once after a restart",
        set_to: "4096",
    },
    Setting {
        area: Area::Network,
        name: "net.core.wmem_max",
        field: 0,
        good: |bytes| bytes >= 1 << 20,
        fails: |_| false,
        wanted: "1048576 or more: the most that socket.send.buffer.bytes can get",
        set_to: "4194304",
    },
    Setting {
        area: Area::Network,
        name: "net.core.rmem_max",
        field: 0,
        good: |bytes| bytes >= 1 << 20,
        fails: |_| false,
        wanted: "1048576 or more: the most that socket.receive.buffer.bytes can get",
        set_to: "4194304",
    },
    Setting {
        area: Area::Network,
        name: "net.ipv4.tcp_wmem",
        field: 2,
        good: |bytes| bytes >= 4 << 20,
        fails: |_| false,
        wanted: "a maximum of 4194304 or more: bytes under way to a far consumer",
        set_to: "4096 65536 4194304",
    },
    Setting {
        area: Area::Network,
        name: "net.ipv4.tcp_rmem",
        field: 2,
        good: |bytes| bytes >= 4 << 20,
        fails: |_| false,
        wanted: "a maximum of 4194304 or more: bytes under way from a far producer",
        set_to: "4096 131072 6291456",
    },
    Setting {
        area: Area::Network,
        name: "net.ipv4.tcp_slow_start_after_idle",
        field: 0,
        good: |on| on == 0,
        fails: |_| false,
        wanted: "0: a consumer that waited for records gets the next ones at full speed",
        set_to: "0",
    },
    Setting {
        area: Area::Network,
        name: "net.ipv4.tcp_window_scaling",
        field: 0,
        good: |on| on == 1,
        fails: |_| false,
        wanted: "1: windows beyond 64 KiB",
        set_to: "1",
    },
];

/// Looks at every setting under `root`, which is `/proc/sys` on a real machine.
pub(super) fn examine(root: &Path) -> Vec<Finding> {
    let mut findings: Vec<Finding> = SETTINGS.iter().map(|setting| setting.look(root)).collect();
    findings.extend(huge_pages("/sys/kernel/mm/transparent_hugepage/enabled".as_ref()));
    findings.sort_by_key(|finding| finding.area != Area::Memory);
    findings
}

impl Setting {
    fn look(&self, root: &Path) -> Finding {
        let text = read_trimmed(&root.join(self.name.replace('.', "/")));
        let number = text.as_deref().and_then(|text| text.split_whitespace().nth(self.field)?.parse().ok());
        let verdict = match number {
            None => Verdict::Unknown,
            Some(number) if (self.fails)(number) => Verdict::Matters,
            Some(number) if (self.good)(number) => Verdict::Good,
            Some(_) => Verdict::Advice,
        };
        Finding {
            area: self.area,
            name: self.name.to_owned(),
            value: text.map_or("not readable".to_owned(), |text| {
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            }),
            wanted: self.wanted.to_owned(),
            verdict,
            command: (verdict >= Verdict::Advice)
                .then(|| format!("sudo sysctl -w '{}={}'", self.name, self.set_to)),
        }
    }
}

/// The file reads `always [madvise] never`, with the choice in brackets.
fn huge_pages(file: &Path) -> Option<Finding> {
    let text = read_trimmed(file)?;
    let chosen = text.split_once('[')?.1.split_once(']')?.0;
    let verdict = if chosen == "always" { Verdict::Advice } else { Verdict::Good };
    Some(Finding {
        area: Area::Memory,
        name: "transparent huge pages".to_owned(),
        value: chosen.to_owned(),
        wanted: "madvise or never: with always, memory that is given back stays resident".to_owned(),
        verdict,
        command: (verdict == Verdict::Advice).then(|| format!("echo madvise | sudo tee {}", file.display())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_at(name: &str, content: &str) -> Finding {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(name.replace('.', "/"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
        SETTINGS.iter().find(|setting| setting.name == name).unwrap().look(root.path())
    }

    #[test]
    fn a_value_that_falls_short_comes_with_the_command_that_sets_it() {
        let finding = looked_at("vm.swappiness", "60\n");
        assert_eq!(finding.verdict, Verdict::Advice);
        assert_eq!(finding.command.as_deref(), Some("sudo sysctl -w 'vm.swappiness=1'"));
        assert_eq!(looked_at("vm.swappiness", "1\n").command, None);
    }

    #[test]
    fn of_a_setting_with_three_numbers_the_maximum_counts() {
        assert_eq!(looked_at("net.ipv4.tcp_wmem", "4096\t16384\t4194304\n").verdict, Verdict::Good);
        let small = looked_at("net.ipv4.tcp_wmem", "4096\t16384\t65536\n");
        assert_eq!((small.verdict, small.value.as_str()), (Verdict::Advice, "4096 16384 65536"));
    }

    #[test]
    fn what_the_command_sets_is_good() {
        for setting in SETTINGS {
            assert_eq!(looked_at(setting.name, setting.set_to).verdict, Verdict::Good, "{}", setting.name);
        }
    }

    #[test]
    fn what_cannot_be_read_is_unknown_and_no_complaint() {
        let nowhere = tempfile::tempdir().unwrap();
        let finding = SETTINGS[0].look(nowhere.path());
        assert_eq!((finding.verdict, finding.command), (Verdict::Unknown, None));
        assert_eq!(looked_at("vm.max_map_count", "many").verdict, Verdict::Unknown);
    }

    #[test]
    fn huge_pages_are_read_from_the_brackets() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[always] madvise never\n").unwrap();
        assert_eq!(huge_pages(file.path()).unwrap().verdict, Verdict::Advice);
        std::fs::write(file.path(), "always [madvise] never\n").unwrap();
        assert_eq!(huge_pages(file.path()).unwrap().verdict, Verdict::Good);
    }
}
