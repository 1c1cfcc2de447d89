//! The subcommands, one file each, and what those that talk to a broker, or serve, share.

pub(crate) mod bench;
pub(crate) mod broker;
pub(crate) mod consume;
pub(crate) mod copy;
pub(crate) mod doctor;
pub(crate) mod http;
pub(crate) mod lab;
pub(crate) mod log;
pub(crate) mod produce;
pub(crate) mod proxy;
pub(crate) mod serving;
pub(crate) mod topic;

use std::future::Future;

use anyhow::Context;
use clap::Args;
use client::{Address, Client, ClientConfig};

/// Where `crossdock broker` keeps its data unless told otherwise.
pub(crate) const DEFAULT_DATA_DIR: &str = "./crossdock-data";

/// Which brokers to talk to.
#[derive(Clone, Debug, Args)]
pub(crate) struct Bootstrap {
    /// Brokers to begin with, separated by commas.
    #[arg(
        long,
        global = true,
        value_name = "HOST:PORT",
        env = "CROSSDOCK_BOOTSTRAP",
        default_value = "127.0.0.1:9092"
    )]
    bootstrap: String,
}

impl Bootstrap {
    /// The brokers to begin with.
    pub(crate) fn brokers(&self) -> anyhow::Result<Vec<Address>> {
        Ok(Address::parse_list(&self.bootstrap)?)
    }

    /// Connects, and fails at once where nobody answers: whoever waits at a terminal wants to know.
    pub(crate) async fn connect(&self) -> anyhow::Result<Client> {
        Client::connect(ClientConfig::new(self.brokers()?))
            .await
            .context("no broker to talk to (start one with `crossdock broker`, or name one with --bootstrap)")
    }
}

/// Runs a command that talks to brokers. The caller's thread is not one of the runtime's: it may block.
pub(crate) fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("starting the runtime")?
        .block_on(command)
}

/// Reads `name=value`, as clap wants it.
pub(crate) fn parse_property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("give name=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_has_a_name_and_perhaps_an_empty_value() {
        let property = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(parse_property("retention.ms=1000"), property("retention.ms", "1000"));
        assert_eq!(parse_property(" a = b=c "), property("a", "b=c"));
        assert_eq!(parse_property("a="), property("a", ""));
        for text in ["", "a", "=b"] {
            assert!(parse_property(text).is_err(), "{text}");
        }
    }
}
