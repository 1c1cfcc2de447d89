//! Frames by kind, and the file that they are kept in.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use protocol::ApiKey;

/// Larger frames say no more about the codec than small ones.
const MAX_KEPT_BYTES: usize = 1_200;
/// So many frames are kept of a kind: the first and, where it is longer, another.
const KEPT_OF_A_KIND: usize = 2;

/// Who sends a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Request,
    Response,
}

/// API key, version, and who sends it.
type Kind = (i16, i16, Direction);

/// The frames of one client, without their lengths: the shortest and the longest of each kind that is not too long.
#[derive(Debug, Default)]
pub(super) struct Kinds(BTreeMap<Kind, Vec<Bytes>>);

/// The frames of all clients, as lines of tab-separated fields: API, version, `request` or `response`, the client, and
/// the frame in hexadecimal digits.
#[derive(Debug, Default)]
pub(super) struct Frames(BTreeMap<Kind, Vec<(&'static str, Bytes)>>);

impl Kinds {
    pub(super) fn add(&mut self, direction: Direction, api: i16, version: i16, frame: Bytes) {
        if frame.len() > MAX_KEPT_BYTES {
            return;
        }
        let kept = self.0.entry((api, version, direction)).or_default();
        kept.push(frame);
        kept.sort_by_key(Bytes::len);
        if kept.len() > KEPT_OF_A_KIND {
            // The shortest and the longest stay.
            kept.remove(1);
        }
    }
}

impl Frames {
    pub(super) fn add(&mut self, client: &'static str, kinds: Kinds) {
        for (kind, frames) in kinds.0 {
            self.0.entry(kind).or_default().extend(frames.into_iter().map(|frame| (client, frame)));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((api, version, direction), frames) in &self.0 {
            let api = ApiKey::from_key(*api).map_or_else(|| api.to_string(), |api| api.to_string());
            let direction = match direction {
                Direction::Request => "request",
                Direction::Response => "response",
            };
            for (client, frame) in frames {
                write!(f, "{api}\t{version}\t{direction}\t{client}\t")?;
                for byte in frame {
                    write!(f, "{byte:02x}")?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
