//! Configuration: the input as a properties file, as arguments of `--set`, and as the settings of a topic, one a line.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use broker::config::{BrokerConfig, Sources, all_broker_settings, all_topic_settings};
use fuzz::{corpus, folder};
use libfuzzer_sys::fuzz_target;

/// Names in one seed: the fuzzer is faster with short inputs.
const NAMES_IN_A_SEED: usize = 8;

/// What a topic has no setting of its own for.
static DEFAULTS: LazyLock<BrokerConfig> =
    LazyLock::new(|| Sources::new().load().expect("the defaults are a configuration").config);

fuzz_target!(init: corpus::seed("properties", seeds()), |input: &[u8]| {
    let folder = folder::new();
    let file = folder.path().join("server.properties");
    fs::write(&file, input).expect("a file in memory");
    let _ = Sources::new().file(&file).load().map_err(|errors| errors.to_string());

    let Ok(text) = str::from_utf8(input) else { return };
    let _ = text.lines().fold(Sources::new(), Sources::set).load();
    let settings: BTreeMap<_, _> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // Settings that are refused may still stand in a metadata log.
    let _ = DEFAULTS.check_topic(&settings);
    let _ = DEFAULTS.log_config(&settings);
});

/// Every setting, some to a seed, and what is particular about the format.
fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    let names: Vec<_> =
        all_broker_settings().chain(all_topic_settings()).map(|setting| setting.name).collect();
    let lines = |names: &[&str]| names.iter().map(|name| format!("{name}=1\n")).collect::<String>();
    let names: Vec<_> = names.chunks(NAMES_IN_A_SEED).map(lines).enumerate().collect();
    let escapes =
        "# comment\n! too\nbroker.rack = a\\u00e9\\ud83e\\udd80\\\n  b\nlog.dirs:/a,/b\nnode.id 7\n";
    let listeners = "listeners=PLAINTEXT://:9092,CONTROLLER://[::1]:9093\nadvertised.listeners=PLAINTEXT://a:0\n\
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\ncleanup.policy=compact,delete\n";
    let names = names.into_iter().map(|(index, lines)| (format!("names-{index}"), lines.into_bytes()));
    let others = [("escapes", escapes), ("listeners", listeners)];
    names.chain(others.map(|(name, text)| (name.to_owned(), text.into())))
}
