//! What the system's congestion control adds to everything that is sent: BBR paces, also where there is no network.

use std::fs;

use anyhow::Context as _;

const SETTING: &str = "/proc/sys/net/ipv4/tcp_congestion_control";
/// Every kernel of a distribution has it, and it does not pace.
const WITHOUT_PACING: &str = "cubic";

/// The congestion control that new connections of this machine get.
pub(crate) fn congestion_control() -> anyhow::Result<String> {
    Ok(fs::read_to_string(SETTING).with_context(|| format!("reading {SETTING}"))?.trim().to_owned())
}

/// New connections of the whole machine go without pacing until this is dropped.
#[derive(Debug)]
pub(crate) struct WithoutPacing {
    before: String,
}

impl WithoutPacing {
    /// Needs root.
    pub(crate) fn begin() -> anyhow::Result<Self> {
        let before = congestion_control()?;
        fs::write(SETTING, WITHOUT_PACING).with_context(|| format!("writing {SETTING}: are you root?"))?;
        Ok(Self { before })
    }
}

impl Drop for WithoutPacing {
    fn drop(&mut self) {
        if let Err(error) = fs::write(SETTING, &self.before) {
            eprintln!("{SETTING} was {} and could not be set back: {error}", self.before);
        }
    }
}
