//! Where are bytes copied that are few: small regions that leave in one call, and what a relay passes on?
//!
//! In a buffer that stays with its thread: making one for each answer of a few KiB costs as much as reading the file does.

use std::cell::Cell;
use std::mem;
use std::ops::{Deref, DerefMut};

/// What a thread keeps is no larger.
pub(crate) const SCRATCH_BYTES: usize = 64 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer, empty at first. Whoever has nothing in it holds none.
pub(crate) struct Scratch(Vec<u8>);

impl Scratch {
    /// The thread's own, or a new one while that is in use.
    pub(crate) fn take() -> Self {
        Self(SPARE.take())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut buffer = mem::take(&mut self.0);
        if buffer.capacity() <= SCRATCH_BYTES {
            buffer.clear();
            SPARE.set(buffer);
        }
    }
}

impl Deref for Scratch {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_without_what_was_in_it_unless_it_has_grown_large() {
        let mut first = Scratch::take();
        first.extend_from_slice(&[7; 100]);
        let place = first.as_ptr();
        let other = Scratch::take();
        assert_eq!(other.capacity(), 0, "the thread's own is in use");
        drop((other, first));
        let mut again = Scratch::take();
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        again.reserve(SCRATCH_BYTES + 1);
        drop(again);
        assert_eq!(Scratch::take().capacity(), 0);
    }
}
