//! Keys and values of the records in internal topics, and the small messages inside control records and group metadata:
//! a byte that chooses the message, a byte that chooses the version, and the message; and the same bytes as a whole
//! record.

#![no_main]

use bytes::Bytes;
use fuzz::{corpus, memory, messages};
use libfuzzer_sys::fuzz_target;
use protocol::codec::{Kind, MessageSpec};
use protocol::messages::group_records::GroupRecordKey;
use protocol::messages::metadata_records::MetadataRecord;
use protocol::messages::remote_log_records::RemoteLogRecord;
use protocol::messages::share_records::ShareRecordKey;
use protocol::messages::transaction_records::TransactionRecordKey;

fuzz_target!(init: corpus::seed("stored_records", seeds()), |input: &[u8]| {
    let [message, version, bytes @ ..] = input else { return };
    let specs: Vec<_> = stored().collect();
    let spec = specs[usize::from(*message) % specs.len()];
    let bytes = Bytes::copy_from_slice(bytes);
    messages::read_twice(spec, bytes.clone(), i16::from(*version));
    // A record that was read is there twice, and once more as bytes.
    memory::within(3 * memory::of_decoding(bytes.len()), || whole_records(&bytes));
});

/// Reads the bytes as every kind of record that names itself.
fn whole_records(bytes: &Bytes) {
    if let Ok((record, version)) = MetadataRecord::decode(bytes.clone()) {
        assert_eq!(MetadataRecord::decode(record.encode(version)), Ok((record, version)));
    }
    if let Ok((record, version)) = RemoteLogRecord::decode(bytes.clone()) {
        assert_eq!(RemoteLogRecord::decode(record.encode(version)), Ok((record, version)));
    }
    if let Ok(key) = GroupRecordKey::decode(bytes.clone()) {
        assert_eq!(GroupRecordKey::decode(key.encode()), Ok(key));
    }
    if let Ok(key) = TransactionRecordKey::decode(bytes.clone()) {
        assert_eq!(TransactionRecordKey::decode(key.encode()), Ok(key));
    }
    if let Ok(key) = ShareRecordKey::decode(bytes.clone()) {
        assert_eq!(ShareRecordKey::decode(key.encode()), Ok(key));
    }
}

fn stored() -> impl Iterator<Item = &'static MessageSpec> {
    protocol::messages::all()
        .filter(|spec| !matches!(spec.kind, Kind::Request | Kind::Response | Kind::Header))
}

/// Every stored message in its last version.
fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    stored().zip(0..).map(|(spec, index)| {
        let version = spec.versions.last;
        let mut input = vec![index, version as u8];
        input.extend(messages::arbitrary(spec, version));
        (spec.name.to_owned(), input)
    })
}
