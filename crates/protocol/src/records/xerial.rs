//! Snappy as Java writes it: blocks of the raw format, each behind its length, behind one 16-byte header.
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 8 | `82 53 4e 41 50 50 59 00` ("SNAPPY" in a frame that is no raw block) |
//! | 8 | 4 | version, 1 |
//! | 12 | 4 | lowest version that can read it, 1 |
//! | 16 | 4 | length of the first block, compressed; then the block; and so on |
//!
//! Source: the library snappy-java (org.xerial.snappy), SnappyOutputStream.

use super::{Compression, RecordsError};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_BYTES: usize = 16;
const VERSION: u32 = 1;

/// Uncompressed bytes in a block: what snappy-java writes by default.
const BLOCK_BYTES: usize = 32 * 1024;

/// Inflates framed blocks, or one bare block as other clients write, to at most `limit_bytes`.
pub(super) fn decompress(body: &[u8], limit_bytes: usize) -> Result<Vec<u8>, RecordsError> {
    let mut inflated = Vec::new();
    if !body.starts_with(&MAGIC) {
        append_block(body, limit_bytes, &mut inflated)?;
        return Ok(inflated);
    }
    let cut = || Compression::Snappy.refused(&"the framing is cut short");
    let mut rest = body.get(HEADER_BYTES..).ok_or_else(cut)?;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        // Streams can be concatenated: the header then stands again where a length would.
        if rest.starts_with(&MAGIC) {
            rest = rest.get(HEADER_BYTES..).ok_or_else(cut)?;
            continue;
        }
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| cut())?;
        let (block, after) = after.split_at_checked(length).ok_or_else(cut)?;
        append_block(block, limit_bytes, &mut inflated)?;
        rest = after;
    }
    if rest.is_empty() { Ok(inflated) } else { Err(cut()) }
}

/// Compresses `body` onto the end of `out`.
pub(super) fn compress_into(body: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&VERSION.to_be_bytes());
    let mut encoder = snap::raw::Encoder::new();
    for block in body.chunks(BLOCK_BYTES) {
        let length_at = out.len();
        let block_at = length_at + 4;
        out.resize(block_at + snap::raw::max_compress_len(block.len()), 0);
        let written = encoder.compress(block, &mut out[block_at..])?;
        out.truncate(block_at + written);
        // A compressed block of at most 32 KiB has a length of far fewer than 32 bits.
        out[length_at..block_at].copy_from_slice(&(written as u32).to_be_bytes());
    }
    Ok(())
}

fn append_block(block: &[u8], limit_bytes: usize, inflated: &mut Vec<u8>) -> Result<(), RecordsError> {
    let refused = |e: snap::Error| Compression::Snappy.refused(&e);
    // The block says how far it inflates; the library holds it to its word.
    let start = inflated.len();
    let end = start.saturating_add(snap::raw::decompress_len(block).map_err(refused)?);
    if end > limit_bytes {
        return Err(RecordsError::Inflates { compression: Compression::Snappy, limit_bytes });
    }
    // A byte of snappy stands for at most 64 bytes and a little: an empty promise must not cost memory.
    if end - start > block.len().saturating_mul(MAX_EXPANSION) {
        return Err(Compression::Snappy.refused(&"the block promises more than it can hold"));
    }
    inflated.resize(end, 0);
    snap::raw::Decoder::new().decompress(block, &mut inflated[start..]).map_err(refused)?;
    Ok(())
}

/// The densest element of the raw format is a copy of 64 bytes in 3; 64 per byte is beyond any real block.
const MAX_EXPANSION: usize = 64;
