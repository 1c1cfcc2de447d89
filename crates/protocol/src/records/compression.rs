//! The four codecs of record batches, as Kafka's Java client writes and reads them, bounded in what they inflate.

use std::fmt;
use std::io::{Read, Write};

use super::{RecordsError, xerial};

/// How a batch's body is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy blocks in the framing of the Java library (Xerial); a bare block is read too.
    Snappy,
    /// An LZ4 frame of independent blocks, without content checksum.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// The largest zstd window that is read: 2²⁷ bytes, the most that `zstd -22` writes and Kafka's Java client reads.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

impl Compression {
    /// Every compression with its name in configurations.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::None, "none"),
        (Self::Gzip, "gzip"),
        (Self::Snappy, "snappy"),
        (Self::Lz4, "lz4"),
        (Self::Zstd, "zstd"),
    ];

    /// The compression that the attribute bits `code` stand for.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).map(|(compression, _)| *compression)
    }

    /// The attribute bits of this compression.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The compression of that name in configurations.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(compression, _)| *compression)
    }

    /// The name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Inflates `body` to at most `limit_bytes`.
    ///
    /// # Errors
    /// The codec refuses the bytes, or they inflate to more than the limit. Beyond the limit no memory is
    /// taken but the codec's own window, which for zstd is at most 128 MiB and for the others less than 8 MiB.
    pub fn decompress(self, body: &[u8], limit_bytes: usize) -> Result<Vec<u8>, RecordsError> {
        match self {
            Self::None if body.len() > limit_bytes => {
                Err(RecordsError::Inflates { compression: self, limit_bytes })
            }
            Self::None => Ok(body.to_vec()),
            Self::Gzip => self.read_bounded(flate2::read::MultiGzDecoder::new(body), limit_bytes),
            Self::Snappy => xerial::decompress(body, limit_bytes),
            Self::Lz4 => self.read_bounded(lz4_flex::frame::FrameDecoder::new(body), limit_bytes),
            Self::Zstd => {
                let mut decoder =
                    zstd::stream::read::Decoder::with_buffer(body).map_err(|e| self.refused(&e))?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|e| self.refused(&e))?;
                self.read_bounded(decoder, limit_bytes)
            }
        }
    }

    fn read_bounded(self, decoder: impl Read, limit_bytes: usize) -> Result<Vec<u8>, RecordsError> {
        let mut inflated = Vec::new();
        let bound = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
        decoder.take(bound).read_to_end(&mut inflated).map_err(|e| self.refused(&e))?;
        if inflated.len() > limit_bytes {
            return Err(RecordsError::Inflates { compression: self, limit_bytes });
        }
        Ok(inflated)
    }

    pub(super) fn refused(self, reason: &dyn fmt::Display) -> RecordsError {
        RecordsError::Decompress { compression: self, reason: reason.to_string() }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A compression and how hard it tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codec {
    /// Which compression.
    pub compression: Compression,
    /// gzip: 1 to 9, default 6. zstd: −131072 to 22, default 3. The others have one level here.
    pub level: Option<i32>,
}

impl Codec {
    /// A compression at its default level.
    #[must_use]
    pub fn new(compression: Compression) -> Self {
        Self { compression, level: None }
    }

    /// Compresses `body` onto the end of `out`. Levels outside the codec's range are taken to its nearest.
    ///
    /// # Errors
    /// [`RecordsError::TooLarge`] where the codec cannot take that many bytes.
    pub fn compress_into(self, body: &[u8], out: &mut Vec<u8>) -> Result<(), RecordsError> {
        self.try_compress(body, out).map_err(|_| RecordsError::TooLarge(body.len()))
    }

    /// Writing to memory does not fail; what is left are the codecs' own bounds.
    fn try_compress(self, body: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        match self.compression {
            Compression::None => out.extend_from_slice(body),
            Compression::Gzip => {
                let level = self.level.filter(|level| *level != -1).unwrap_or(6).clamp(1, 9);
                let mut encoder =
                    flate2::write::GzEncoder::new(out, flate2::Compression::new(level.cast_unsigned()));
                encoder.write_all(body)?;
                encoder.finish()?;
            }
            Compression::Snappy => xerial::compress_into(body, out)?,
            Compression::Lz4 => {
                let frame = lz4_flex::frame::FrameInfo::new()
                    .block_mode(lz4_flex::frame::BlockMode::Independent)
                    .block_size(lz4_flex::frame::BlockSize::Max64KB);
                let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, out);
                encoder.write_all(body)?;
                encoder.finish()?;
            }
            Compression::Zstd => {
                let level = self.level.unwrap_or(3).clamp(-131_072, 22);
                zstd::stream::copy_encode(body, out, level)?;
            }
        }
        Ok(())
    }
}
