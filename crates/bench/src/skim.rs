//! Reads Fetch answers as they arrive and keeps nothing of the records but each batch's header.
//!
//! The protocol crate decodes whole frames, which a thousand connections with a megabyte under way each would have to
//! hold in memory. A generator needs the few fields around the records, so it reads those and passes over the rest in
//! a buffer that stays in the CPU's cache.

use protocol::ErrorCode;
use protocol::records::{BatchHeader, HEADER_BYTES};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::BenchError;

/// The version of Fetch that is spoken: the last one with topic names and fixed-size fields, which can be read one by
/// one from a stream.
pub(crate) const FETCH_VERSION: i16 = 11;

/// Bytes received at once; together with the kernel's side of the copy they fit in a second-level cache.
pub(crate) const BUFFER_BYTES: usize = 128 << 10;

/// Producer id and first offset.
const ABORTED_TRANSACTION_BYTES: u64 = 16;

/// The parts of a Fetch answer that decide what to ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The error of the whole answer, if any.
    pub(crate) error: Option<i16>,
    /// The session to go on with; 0 if the broker keeps none.
    pub(crate) session_id: i32,
}

/// Reads one answer; `on_batch` gets the partition and the header of each whole batch, in order.
///
/// # Errors
/// [`BenchError::Refused`] if a partition has an error; the stream is then in the middle of the answer.
pub(crate) async fn read_answer<R: AsyncRead + Unpin>(
    reader: &mut BufReader<R>,
    mut on_batch: impl FnMut(i32, &BatchHeader),
) -> Result<Answer, BenchError> {
    let size = length(reader.read_i32().await?)?;
    let mut frame = FrameReader { reader, left: size };
    let _correlation_id = frame.i32().await?;
    let _throttle_time_ms = frame.i32().await?;
    let error = frame.i16().await?;
    let session_id = frame.i32().await?;
    for _topic in 0..length(frame.i32().await?)? {
        let name = frame.i16().await?;
        frame.skip(length(i32::from(name))?).await?;
        for _partition in 0..length(frame.i32().await?)? {
            let partition = frame.i32().await?;
            let error = frame.i16().await?;
            if error != 0 {
                return Err(refused("Fetch", format!("partition {partition}"), error));
            }
            let _high_watermark = frame.i64().await?;
            let _last_stable_offset = frame.i64().await?;
            let _log_start_offset = frame.i64().await?;
            let aborted_transactions = length(frame.i32().await?.max(0))?;
            frame.skip(aborted_transactions * ABORTED_TRANSACTION_BYTES).await?;
            let _preferred_read_replica = frame.i32().await?;
            let records = length(frame.i32().await?.max(0))?;
            frame.batches(records, |header| on_batch(partition, header)).await?;
        }
    }
    if frame.left != 0 {
        return Err(BenchError::Malformed("a Fetch answer is longer than its fields"));
    }
    Ok(Answer { error: (error != 0).then_some(error), session_id })
}

/// An error in an answer.
pub(crate) fn refused(api: &'static str, what: String, code: i16) -> BenchError {
    let code = ErrorCode::from_code(code).map_or_else(|| code.to_string(), |code| code.name().to_owned());
    BenchError::Refused { api, what, code }
}

/// Never reads beyond the frame's end.
struct FrameReader<'a, R> {
    reader: &'a mut BufReader<R>,
    left: u64,
}

impl<R: AsyncRead + Unpin> FrameReader<'_, R> {
    async fn i16(&mut self) -> Result<i16, BenchError> {
        self.claim(2)?;
        Ok(self.reader.read_i16().await?)
    }

    async fn i32(&mut self) -> Result<i32, BenchError> {
        self.claim(4)?;
        Ok(self.reader.read_i32().await?)
    }

    async fn i64(&mut self) -> Result<i64, BenchError> {
        self.claim(8)?;
        Ok(self.reader.read_i64().await?)
    }

    async fn skip(&mut self, mut bytes: u64) -> Result<(), BenchError> {
        self.claim(bytes)?;
        while bytes > 0 {
            let received = self.reader.fill_buf().await?.len();
            if received == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            let skipped = received.min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.reader.consume(skipped);
            bytes -= skipped as u64;
        }
        Ok(())
    }

    /// Passes over `records` bytes of batches. The last one may be cut off: it is not a batch then.
    async fn batches(
        &mut self,
        mut records: u64,
        mut on_batch: impl FnMut(&BatchHeader),
    ) -> Result<(), BenchError> {
        while records >= HEADER_BYTES as u64 {
            self.claim(HEADER_BYTES as u64)?;
            let mut header = [0; HEADER_BYTES];
            self.reader.read_exact(&mut header).await?;
            records -= HEADER_BYTES as u64;
            let header = BatchHeader::parse(&header)?;
            let body = header.size_bytes().saturating_sub(HEADER_BYTES) as u64;
            if body > records {
                break;
            }
            self.skip(body).await?;
            records -= body;
            on_batch(&header);
        }
        self.skip(records).await
    }

    fn claim(&mut self, bytes: u64) -> Result<(), BenchError> {
        self.left = self
            .left
            .checked_sub(bytes)
            .ok_or(BenchError::Malformed("a field reaches beyond the answer's end"))?;
        Ok(())
    }
}

fn length(raw: i32) -> Result<u64, BenchError> {
    u64::try_from(raw).map_err(|_| BenchError::Malformed("a negative length"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use protocol::messages::fetch::FetchResponse;
    use protocol::messages::fetch::response::{FetchableTopicResponse, PartitionData};

    use super::*;
    use crate::batch::Batch;

    fn answer(partitions: Vec<PartitionData<Bytes>>) -> Bytes {
        let response = FetchResponse {
            session_id: 7,
            responses: vec![FetchableTopicResponse { topic: "t".into(), partitions, ..Default::default() }],
            ..Default::default()
        };
        protocol::api::encode_response(&response, FETCH_VERSION, 1).into_bytes()
    }

    fn partition(partition_index: i32, records: Bytes) -> PartitionData<Bytes> {
        PartitionData { partition_index, records: Some(records), ..Default::default() }
    }

    async fn skim(answer: &[u8]) -> Result<(Answer, Vec<(i32, i32)>), BenchError> {
        let mut seen = Vec::new();
        // A small buffer, so that headers and bodies straddle its ends.
        let mut reader = BufReader::with_capacity(50, answer);
        let answer =
            read_answer(&mut reader, |partition, header| seen.push((partition, header.record_count))).await?;
        Ok((answer, seen))
    }

    #[tokio::test]
    async fn every_whole_batch_is_seen_and_a_cut_off_one_is_not() {
        let batch = Batch::build(100, 1_000, 0).unwrap();
        let count = batch.records as i32;
        let two_and_a_half = [&batch.bytes[..], &batch.bytes, &batch.bytes[..500]].concat();
        let cut_in_its_header = [&batch.bytes[..], &batch.bytes[..60]].concat();
        let frame = answer(vec![
            partition(0, two_and_a_half.into()),
            partition(1, Bytes::new()),
            partition(5, cut_in_its_header.into()),
        ]);
        let (answer, seen) = skim(&frame).await.unwrap();
        assert_eq!(answer, Answer { error: None, session_id: 7 });
        assert_eq!(seen, [(0, count), (0, count), (5, count)]);
    }

    #[tokio::test]
    async fn a_partition_error_is_named() {
        let error = skim(&answer(vec![PartitionData { error_code: 1, ..partition(3, Bytes::new()) }])).await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "the broker answered Fetch of partition 3 with error OFFSET_OUT_OF_RANGE"
        );
    }

    #[tokio::test]
    async fn lengths_that_disagree_end_in_an_error() {
        let good = answer(vec![partition(0, Batch::build(100, 300, 0).unwrap().bytes)]);
        for at in 0..good.len() {
            let mut bad = good.to_vec();
            bad[at] ^= 0x81;
            bad.truncate(good.len());
            // Whatever it makes of them, it comes to an end and does not panic.
            let _ = skim(&bad).await;
        }
        assert!(skim(&good[..good.len() - 1]).await.is_err());
    }
}
