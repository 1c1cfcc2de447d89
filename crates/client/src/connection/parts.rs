//! Frames as one buffer for vectored writes, so that records are not copied next to their request.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};
use protocol::codec::{Frame, Part};

/// The pieces of some frames in the order of the wire; none is empty.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pieces: VecDeque<Bytes>,
    remaining: usize,
}

impl Parts {
    /// Puts a frame behind what is there.
    pub(super) fn push(&mut self, frame: Frame) {
        self.remaining += frame.len();
        self.pieces.extend(frame.into_parts().map(|part| match part {
            Part::Bytes(bytes) | Part::Records(bytes) => bytes,
        }));
    }
}

impl Buf for Parts {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |piece| piece)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
            filled += 1;
        }
        filled
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "advanced beyond the end");
        self.remaining -= count;
        while count > 0
            && let Some(front) = self.pieces.front_mut()
        {
            if count < front.len() {
                front.advance(count);
                return;
            }
            count -= front.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::codec::Encoder;

    use super::*;

    fn frame(bytes: &[u8]) -> Frame {
        let mut encoder = Encoder::default();
        encoder.slice(bytes);
        encoder.finish()
    }

    #[test]
    fn what_is_taken_in_any_steps_is_what_was_put_in() {
        for step in 1..=9 {
            let mut parts = Parts::default();
            for bytes in [&b"ab"[..], b"cdefg", b"h"] {
                parts.push(frame(bytes));
            }
            let mut taken = Vec::new();
            while parts.has_remaining() {
                let mut slices = [IoSlice::new(&[]); 2];
                let filled = parts.chunks_vectored(&mut slices);
                let seen: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
                let count = step.min(seen.len());
                taken.extend_from_slice(&seen[..count]);
                parts.advance(count);
            }
            assert_eq!(taken, b"abcdefgh", "in steps of {step}");
        }
    }
}
