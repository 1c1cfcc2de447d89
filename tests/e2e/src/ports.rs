//! Which ports are free? Brokers come back on the port that they had, so it must stay theirs while they are down.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};

/// Below Linux's range of ephemeral ports (ip(7), `ip_local_port_range`), so that no outgoing connection takes one.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// A port, taken from all other tests on this machine for as long as this value lives. The next port is free, too:
/// a foreign broker may want one for its controller.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    /// A port that nobody listens on.
    pub(crate) fn lease() -> Self {
        let folder = std::env::temp_dir().join("crossdock-e2e-ports");
        fs::create_dir_all(&folder).expect("a folder for locks on ports");
        // Processes start at different places so that they seldom meet.
        let pairs = RANGE.len() / 2;
        let first = std::process::id() as usize * 61 % pairs;
        (first..pairs)
            .chain(0..first)
            .map(|pair| RANGE.start + 2 * pair as u16)
            .find_map(|number| {
                let lock = File::create(folder.join(number.to_string())).ok()?;
                lock.try_lock().ok()?;
                (is_free(number) && is_free(number + 1)).then_some(Self { number, _lock: lock })
            })
            .expect("a free port")
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
