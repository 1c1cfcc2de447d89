//! Memory for request frames: pooled, and bounded for all connections together.
//!
//! A produce request of a megabyte is read into one buffer and written to the log from there. Fresh memory of that size
//! costs a page fault for every 4 KiB, which is dearer than the copy out of the socket; so buffers are used again. The
//! budget makes peers wait that together would send more than the broker is willing to hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Frames up to this size live in the connection's own read buffer and take nothing from the budget.
pub(crate) const SMALL_FRAME_BYTES: usize = 8 * 1024;

/// The largest buffer that is kept for the next frame. Larger frames are rare and their memory goes back to the system.
const LARGEST_POOLED_BYTES: usize = 2 * 1024 * 1024;

/// What idle buffers may hold together: enough for a few busy producers, small beside the broker's resident memory.
const POOL_BYTES: usize = 8 * 1024 * 1024;

/// The unit in which the budget is counted, so that a semaphore's 32-bit permits reach beyond 4 GiB.
const BUDGET_UNIT_BYTES: usize = 1024;

/// The pool and the budget of one broker.
#[derive(Debug)]
pub(crate) struct RequestBuffers {
    budget: Arc<Semaphore>,
    budget_units: usize,
    /// Connections that wait for the budget at this moment.
    waiting: AtomicUsize,
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    buffers: Vec<BytesMut>,
    bytes: usize,
}

/// One frame's bytes, counted against the budget until dropped.
#[derive(Debug)]
pub(crate) struct FrameBuffer {
    pub(crate) bytes: BytesMut,
    charge: Option<OwnedSemaphorePermit>,
}

/// A whole frame that handlers slice; `finish` gives its memory back.
#[derive(Debug)]
pub(crate) struct Frame {
    bytes: Bytes,
    charge: Option<OwnedSemaphorePermit>,
}

impl RequestBuffers {
    /// Buffers that together hold at most `budget_bytes`.
    pub(crate) fn new(budget_bytes: usize) -> Self {
        let budget_units = (budget_bytes / BUDGET_UNIT_BYTES).clamp(1, Semaphore::MAX_PERMITS);
        let budget = Arc::new(Semaphore::new(budget_units));
        Self { budget, budget_units, waiting: AtomicUsize::new(0), idle: Mutex::default() }
    }

    /// An empty buffer with room for `frame_bytes`, once the budget allows it.
    ///
    /// A frame larger than the whole budget waits until it is alone, so that no setting can make it wait for ever.
    pub(crate) async fn take(&self, frame_bytes: usize) -> FrameBuffer {
        let units = frame_bytes.div_ceil(BUDGET_UNIT_BYTES).min(self.budget_units);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let charge = match Arc::clone(&self.budget).try_acquire_many_owned(units) {
            Ok(charge) => Some(charge),
            Err(_) => {
                let _waiting = Waiting::of(&self.waiting);
                Arc::clone(&self.budget).acquire_many_owned(units).await.ok()
            }
        };
        FrameBuffer { bytes: self.idle_or_new(frame_bytes), charge }
    }

    /// Whether somebody waits for memory that unfinished frames hold.
    pub(crate) fn contended(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Takes a finished frame's memory back if nobody still holds a slice of it.
    pub(crate) fn give_back(&self, frame: Frame) {
        let Frame { bytes, charge } = frame;
        if charge.is_some()
            && let Ok(mut buffer) = bytes.try_into_mut()
        {
            buffer.clear();
            self.keep(buffer);
        }
    }

    fn keep(&self, buffer: BytesMut) {
        let capacity = buffer.capacity();
        if capacity > LARGEST_POOLED_BYTES {
            return;
        }
        let mut idle = self.idle.lock();
        if idle.bytes + capacity <= POOL_BYTES {
            idle.bytes += capacity;
            idle.buffers.push(buffer);
        }
    }

    fn idle_or_new(&self, frame_bytes: usize) -> BytesMut {
        // Sizes are rounded up to powers of two so that buffers of one producer fit the next.
        let wanted = frame_bytes.next_power_of_two();
        if wanted > LARGEST_POOLED_BYTES {
            return BytesMut::with_capacity(frame_bytes);
        }
        let mut idle = self.idle.lock();
        // The last one given back is the one whose memory is still in the CPU's cache.
        if let Some(at) = idle.buffers.iter().rposition(|buffer| buffer.capacity() >= frame_bytes) {
            let buffer = idle.buffers.swap_remove(at);
            idle.bytes -= buffer.capacity();
            return buffer;
        }
        drop(idle);
        BytesMut::with_capacity(wanted)
    }
}

/// Counts one waiting connection for as long as it waits, also when the wait is abandoned.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl FrameBuffer {
    /// The filled buffer as a frame.
    pub(crate) fn freeze(self) -> Frame {
        Frame { bytes: self.bytes.freeze(), charge: self.charge }
    }
}

impl Frame {
    /// A frame in a connection's own buffer, outside the budget.
    pub(crate) fn small(bytes: Bytes) -> Self {
        Self { bytes, charge: None }
    }

    /// The frame's bytes; slices of it share its memory.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_frame_waits_until_the_budget_has_room() {
        let buffers = Arc::new(RequestBuffers::new(64 * 1024));
        let first = buffers.take(48 * 1024).await;
        let mut second = tokio::spawn({
            let buffers = Arc::clone(&buffers);
            async move { buffers.take(32 * 1024).await.bytes.capacity() }
        });
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut second).await.is_err());
        buffers.give_back(first.freeze());
        assert!(second.await.unwrap() >= 32 * 1024);
    }

    #[tokio::test]
    async fn a_frame_larger_than_the_budget_is_still_served_alone() {
        let buffers = RequestBuffers::new(1024);
        assert!(buffers.take(100 * 1024).await.bytes.capacity() >= 100 * 1024);
    }

    #[tokio::test]
    async fn memory_is_used_again_only_when_no_slice_is_left() {
        let buffers = RequestBuffers::new(1 << 20);
        let mut buffer = buffers.take(100_000).await;
        buffer.bytes.extend_from_slice(&[7; 100_000]);
        let frame = buffer.freeze();
        let slice = frame.bytes().slice(10..20);
        buffers.give_back(frame);
        let mut other = buffers.take(100_000).await;
        other.bytes.extend_from_slice(&[9; 100_000]);
        assert_eq!(&slice[..], &[7; 10]);
        let address = other.bytes.as_ptr();
        buffers.give_back(other.freeze());
        assert_eq!(buffers.take(100_000).await.bytes.as_ptr(), address);
    }

    #[tokio::test]
    async fn idle_memory_is_bounded() {
        let buffers = RequestBuffers::new(64 << 20);
        let mut taken = Vec::new();
        for _ in 0..32 {
            taken.push(buffers.take(1 << 20).await);
        }
        for buffer in taken {
            buffers.give_back(buffer.freeze());
        }
        assert!(buffers.idle.lock().bytes <= POOL_BYTES);
    }
}
