//! Record sets as they come from producers, leaders and disks: a byte of options, and the record set. CRCs are not looked
//! at on the way to the records, so that the fuzzer gets there.

#![no_main]

use bytes::Bytes;
use fuzz::{batches, corpus, memory};
use libfuzzer_sys::fuzz_target;
use protocol::records::{Batches, Body, Codec, Compression, HEADER_BYTES, RecordBatch, seal};

/// What a batch may inflate to.
const INFLATE_LIMIT_BYTES: usize = 1 << 20;

/// What inflating may hold at its peak: the buffer while it grows, and the windows of the codecs written in Rust.
const MEMORY_LIMIT_BYTES: u64 = 4 * INFLATE_LIMIT_BYTES as u64 + (16 << 20);

fuzz_target!(init: corpus::seed("record_batches", seeds()), |input: &[u8]| {
    let [options, record_set @ ..] = input else { return };
    let (codec, _) = Compression::ALL[usize::from(*options) % Compression::ALL.len()];
    let record_set = Bytes::copy_from_slice(record_set);
    let mut bytes = 0;
    for batch in Batches::new(record_set.clone()).map_while(Result::ok) {
        assert_eq!(batch.bytes(), &record_set[bytes..bytes + batch.bytes().len()]);
        bytes += batch.bytes().len();
        check(&batch, codec);
    }
    let _ = RecordBatch::take_from(&mut batches::repaired(&record_set)).map(|batch| check(&batch, codec));
});

fn check(batch: &RecordBatch, codec: Compression) {
    let header = batch.header();
    assert_eq!(header.encode(), batch.bytes()[..HEADER_BYTES]);
    assert_eq!(header.size_bytes(), batch.bytes().len());
    assert!(header.next_offset() > header.base_offset);
    assert_eq!(header.last_sequence() < 0, header.base_sequence < 0);
    let _ = batch.verify_crc();

    let Ok(body) = memory::within(MEMORY_LIMIT_BYTES, || batch.body(INFLATE_LIMIT_BYTES)) else { return };
    let stored = header.attributes.compression() == Ok(Compression::None);
    assert!(stored || body.bytes().len() <= INFLATE_LIMIT_BYTES);
    walk(&body, header.record_count);
    let strict = body.records().require_consecutive().filter_map(Result::ok).count();
    assert!(strict <= header.record_count as usize);

    let sealed = seal(*header, body.bytes(), Codec::new(codec)).expect("a body of a megabyte");
    let again = RecordBatch::take_from(&mut sealed.clone()).expect("a batch that was just written");
    assert_eq!(again.verify_crc(), Ok(()));
    let limit_bytes = body.bytes().len();
    assert_eq!(again.body(limit_bytes).expect("a body that was just written").bytes(), body.bytes());
}

/// Every record lies within the body.
fn walk(body: &Body, record_count: i32) {
    let mut records = 0;
    for record in body.records().map_while(Result::ok) {
        let fields = [record.key, record.value].into_iter().flatten();
        let headers = record.headers.flat_map(|header| [Some(header.key), header.value]).flatten();
        fields.chain(headers).for_each(|bytes| drop(body.bytes().slice_ref(bytes)));
        records += 1;
    }
    assert!(records <= record_count);
}

fn seeds() -> impl Iterator<Item = (String, Vec<u8>)> {
    let single = batches::of_each_kind();
    let all = single.iter().flat_map(|(_, batch)| batch.clone()).collect::<Vec<u8>>();
    let single = single.into_iter().map(|(name, batch)| (name, batch.to_vec()));
    single.chain([("all".to_owned(), all)]).map(|(name, batches)| (name, [&[0], &batches[..]].concat()))
}
