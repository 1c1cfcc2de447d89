//! The kernel: its version, and the system calls that spare copies.

use rustix::system::uname;
use transfer::Capabilities;

use super::{Area, Finding, Verdict};

/// The oldest kernel that is supported.
const OLDEST: (u32, u32) = (5, 10);
/// The first kernel with cachestat(2).
const BETTER_FROM: (u32, u32) = (6, 5);

pub(super) fn examine() -> Vec<Finding> {
    let release = uname().release().to_string_lossy().into_owned();
    let mut findings = vec![version(&release)];
    findings.extend(Capabilities::probe().report().into_iter().map(|capability| Finding {
        area: Area::Kernel,
        name: capability.name.to_owned(),
        value: if capability.present { "yes" } else { "no" }.to_owned(),
        wanted: capability.meaning.to_owned(),
        verdict: match capability.present {
            true => Verdict::Good,
            false if capability.name == "sendfile" => Verdict::Matters,
            false => Verdict::Advice,
        },
        command: None,
    }));
    findings.push(kernel_tls());
    findings
}

fn version(release: &str) -> Finding {
    let verdict = match major_and_minor(release) {
        None => Verdict::Unknown,
        Some(version) if version < OLDEST => Verdict::Matters,
        Some(version) if version < BETTER_FROM => Verdict::Advice,
        Some(_) => Verdict::Good,
    };
    Finding {
        area: Area::Kernel,
        name: "version".to_owned(),
        value: release.to_owned(),
        wanted: "5.10 or newer, 6.5 to ask the page cache before sending (cachestat)".to_owned(),
        verdict,
        command: None,
    }
}

fn kernel_tls() -> Finding {
    let protocols = super::read_trimmed("/proc/sys/net/ipv4/tcp_available_ulp".as_ref());
    let (value, verdict) = match &protocols {
        None => ("not readable", Verdict::Unknown),
        Some(names) if names.split_whitespace().any(|name| name == "tls") => ("available", Verdict::Good),
        Some(_) => ("not loaded", Verdict::Advice),
    };
    Finding {
        area: Area::Kernel,
        name: "kTLS".to_owned(),
        value: value.to_owned(),
        wanted: "available: what sendfile needs to encrypt; only for TLS listeners".to_owned(),
        verdict,
        command: (verdict == Verdict::Advice).then(|| "sudo modprobe tls".to_owned()),
    }
}

/// `6.8` of `6.8.0-45-generic`.
fn major_and_minor(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_compared_by_number_not_by_text() {
        assert_eq!(version("5.4.0-150-generic").verdict, Verdict::Matters);
        assert_eq!(version("5.10.0").verdict, Verdict::Advice);
        assert_eq!(version("6.18.44-custom").verdict, Verdict::Good);
        assert_eq!(version("six").verdict, Verdict::Unknown);
    }
}
