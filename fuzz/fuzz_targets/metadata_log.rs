//! The metadata log of a data directory, read back at start. The input is parts; each part is a byte that chooses a file
//! and bytes that go behind those that it has.

#![no_main]

use std::fs;
use std::path::Path;

use cluster::{BrokerRegistration, Controller, MetadataLogSettings};
use fuzz::parts::{self, Parts};
use fuzz::{batches, corpus, folder, logs, messages};
use libfuzzer_sys::fuzz_target;
use log::{Checkpoint, MetaProperties};
use protocol::BrokerId;
use protocol::messages::metadata_records::MetadataRecord;

/// The files, those of the partition first. Batches come as they are, or with length and CRC put right.
const FILES: [&str; 10] = [
    "__cluster_metadata-0/00000000000000000000.log",
    "__cluster_metadata-0/00000000000000000000.log",
    "__cluster_metadata-0/00000000000000000005-0000000003.checkpoint",
    "__cluster_metadata-0/00000000000000000005-0000000003.checkpoint",
    "__cluster_metadata-0/quorum-state",
    "__cluster_metadata-0/partition.metadata",
    "__cluster_metadata-0/leader-epoch-checkpoint",
    "meta.properties",
    "recovery-point-offset-checkpoint",
    "replication-offset-checkpoint",
];

fuzz_target!(init: corpus::seed("metadata_log", seeds()), |input: &[u8]| {
    let folder = folder::new();
    fs::create_dir(folder.path().join("__cluster_metadata-0")).expect("a folder in memory");
    for part in Parts::of(input) {
        let [file, bytes @ ..] = part else { continue };
        let file = usize::from(*file) % FILES.len();
        match file {
            1 | 3 => append(&folder.path().join(FILES[file]), &batches::repaired(bytes)),
            _ => append(&folder.path().join(FILES[file]), bytes),
        }
    }
    let _ = MetaProperties::read(folder.path());
    let _ = log::read_topic_id(&folder.path().join("__cluster_metadata-0"));
    for checkpoint in [Checkpoint::RecoveryPoint, Checkpoint::Replication] {
        let _ = checkpoint.read(folder.path());
    }
    if let Ok(controller) = Controller::open(folder.path(), false, &me(), MetadataLogSettings::default(), logs::NOW_MS) {
        let _ = controller.close(logs::NOW_MS);
        drop(controller);
        Controller::open(folder.path(), true, &me(), MetadataLogSettings::default(), logs::NOW_MS).expect("a metadata log that was closed");
    }
});

fn me() -> BrokerRegistration {
    BrokerRegistration {
        id: BrokerId(1),
        endpoints: Vec::new(),
        controller_endpoint: None,
        rack: None,
        log_dirs: Vec::new(),
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let mut whole = fs::read(path).unwrap_or_default();
    whole.extend(bytes);
    fs::write(path, whole).expect("a file in memory");
}

/// A batch with each kind of metadata record, alone and after the files of a directory in use.
fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    let records = MetadataRecord::SPECS.iter().map(|spec| {
        let version = spec.stable_versions().last;
        let id = spec.key.unwrap_or_default();
        let value = [&[1, id as u8, version as u8], &messages::arbitrary(spec, version)[..]].concat();
        (spec.name.to_owned(), [&[1], &batches::of_value(&value)[..]].concat())
    });
    let records: Vec<(String, Vec<u8>)> = records.collect();

    let folder = folder::new();
    let controller =
        Controller::open(folder.path(), false, &me(), MetadataLogSettings::default(), logs::NOW_MS)
            .expect("an empty folder");
    controller.close(logs::NOW_MS).expect("a folder in memory");
    let mut used: Vec<Vec<u8>> = (0..)
        .zip(FILES)
        .filter(|(file, _)| ![1, 3].contains(file))
        .filter_map(|(file, name)| {
            let bytes = fs::read(folder.path().join(name)).ok()?;
            Some([&[file], &bytes[..]].concat())
        })
        .collect();
    let all = used.clone();
    used.extend(records.iter().map(|(_, part)| part.clone()));
    let each = records.into_iter().map(|(name, part)| (name, parts::join(&[], &[part])));
    each.chain([("used".to_owned(), parts::join(&[], &all)), ("all".to_owned(), parts::join(&[], &used))])
}
