//! What the system's congestion control adds to everything that is sent: BBR paces, also where there is no network.

use super::setting::{self, Held};

const SETTING: &str = "/proc/sys/net/ipv4/tcp_congestion_control";
/// Every kernel of a distribution has it, and it does not pace.
const WITHOUT_PACING: &str = "cubic";

/// The congestion control that new connections of this machine get.
pub(crate) fn congestion_control() -> anyhow::Result<String> {
    setting::read(SETTING)
}

/// New connections of the whole machine go without pacing until this is dropped.
#[derive(Debug)]
pub(crate) struct WithoutPacing {
    _until_dropped: Held,
}

impl WithoutPacing {
    /// Needs root.
    pub(crate) fn begin() -> anyhow::Result<Self> {
        Ok(Self { _until_dropped: Held::at(SETTING, WITHOUT_PACING)? })
    }
}
